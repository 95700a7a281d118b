# SPDX-License-Identifier: LGPL-2.1-or-later
"""A SoftHSM token without any object, for keys that modseal makes in it."""

import os
import subprocess

import pytest

from support import cli

SOFTHSM = next((path for path in ("/usr/lib/softhsm/libsofthsm2.so",
                                  "/usr/lib64/pkcs11/libsofthsm2.so")
                if os.path.exists(path)), None)
SHIM = cli.BUILD / "tests/token-shim.so"
LABEL = "modseal: new"
TOKEN = "pkcs11:token=modseal%3A%20new"
PIN = "12345678"


def output_of(*arguments, env):
    done = subprocess.run(arguments, capture_output=True, check=False,
                          env={**os.environ, **env})
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


class Token:
    """A SoftHSM token without any object, its PIN in a file, and a log of its logins."""

    def __init__(self, place):
        (place / "tokens").mkdir()
        config = place / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {place}/tokens\n"
                          "objectstore.backend = file\nlog.level = ERROR\n")
        self.place = place
        self.pin = place / "pin"
        self.pin.write_text(PIN + "\n")
        self.pin.chmod(0o600)
        self.log = place / "logins"
        self.env = {"SOFTHSM2_CONF": str(config), "PKCS11_MODULE_PATH": str(SHIM),
                    "TOKEN_SHIM_MODULE": SOFTHSM, "TOKEN_SHIM_LOG": str(self.log)}
        # libp11's engine leaks, and is unloaded before a sanitizer could tell its leaks by name
        self.env |= cli.without_leak_check()
        self.init(LABEL)

    def init(self, label):
        output_of("softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN,
                  "--so-pin", "87654321", env=self.env)

    def tool(self, *arguments):
        """What pkcs11-tool prints, logged in."""
        return output_of("pkcs11-tool", "--module", SOFTHSM, "--token-label", LABEL, "--login",
                         "--pin", PIN, *arguments, env=self.env)

    def objects(self):
        return self.tool("--list-objects").decode()

    def new(self, uri, *options, pin=None, **env):
        """Runs key new; the log of logins is of this run alone."""
        self.log.unlink(missing_ok=True)
        return cli.run("key", "new", "--token", uri, "--pin-file", pin or self.pin, *options,
                       env={**self.env, **env})

    def new_document(self, uri, *options, **env):
        return cli.document("key", "new", "--token", uri, "--pin-file", self.pin, *options,
                            env={**self.env, **env})

    @property
    def logins(self):
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.rpartition("-> ")[2] for line in lines]


@pytest.fixture
def token(tmp_path):
    if not SOFTHSM:
        pytest.skip("no SoftHSM (package softhsm2)")
    if not SHIM.exists():
        pytest.skip(f"{SHIM} is not built")
    made = Token(tmp_path)
    probe = made.new("pkcs11:token=absent", "--type", "p256")
    if "without the headers of p11-kit" in probe.stderr:
        pytest.skip("this modseal was built without p11-kit")
    return made
