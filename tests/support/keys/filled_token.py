# SPDX-License-Identifier: LGPL-2.1-or-later
"""A SoftHSM token with keys of the test PKI in it."""

import os
import subprocess

import pytest

from support import cli
from support.keys.signtool import BUILD, TOOL, sign

SOFTHSM = next((path for path in ("/usr/lib/softhsm/libsofthsm2.so",
                                  "/usr/lib64/pkcs11/libsofthsm2.so")
                if os.path.exists(path)), None)
SHIM = BUILD / "tests/token-shim.so"
KEYS = {"rsa2048": "01", "p384": "02", "p256": "03"}
LABEL = "modseal test"
TOKEN = "token=modseal%20test"
PIN = "12345678"
NO_WAY = "OpenSSL has no PKCS#11 provider or engine"


def run(*args, env):
    """Runs a program that must succeed."""
    done = subprocess.run(args, capture_output=True, text=True, check=False,
                          env={**os.environ, **env})
    assert done.returncode == 0, (args, done.stdout, done.stderr)
    return done.stdout


class Token:
    """A SoftHSM token with keys of the test PKI, and a log of its logins."""

    def __init__(self, place, pki):
        (place / "tokens").mkdir()
        config = place / "softhsm2.conf"
        config.write_text(f"directories.tokendir = {place}/tokens\n"
                          "objectstore.backend = file\nlog.level = ERROR\n")
        self.place = place
        self.log = place / "logins"
        self.env = {"SOFTHSM2_CONF": str(config), "PKCS11_MODULE_PATH": str(SHIM),
                    "TOKEN_SHIM_MODULE": SOFTHSM, "TOKEN_SHIM_LOG": str(self.log)}
        # libp11's engine leaks, and is unloaded before a sanitizer could tell its leaks by name
        self.env |= cli.without_leak_check()
        for name in "PKCS11_PROVIDER_MODULE", "TOKEN_SHIM_RESULT", "OPENSSL_CONF":
            os.environ.pop(name, None)
        run("softhsm2-util", "--init-token", "--free", "--label", LABEL, "--pin", PIN,
            "--so-pin", "87654321", env=self.env)
        for kind, number in KEYS.items():
            self.write(pki / f"{kind}.key.der", "privkey", kind, number)
            self.write(pki / f"{kind}.der", "cert", kind, number)
        self.write(pki / "p521.key.der", "privkey", "always", "04", "--always-auth")
        self.write(pki / "p521.der", "cert", "always", "04")
        self.write(pki / "leaf.key.der", "privkey", "bare", "05")
        self.write(pki / "ed25519.der", "cert", "bare-other", "06")

    def write(self, path, kind, label, number, *options):
        """Puts an object into the token."""
        usage = ["--usage-sign"] if kind == "privkey" else []
        run("pkcs11-tool", "--module", SOFTHSM, "--token-label", LABEL, "--login", "--pin", PIN,
            "--write-object", path, "--type", kind, "--label", label, "--id", number, *usage,
            *options, env=self.env)

    def sign(self, uri, payload, *options, secret=PIN, **env):
        """Signs with what the URI names; the log of logins is of this run alone."""
        self.log.unlink(missing_ok=True)
        return sign(uri, payload, *options, secret=secret, env={**self.env, **env})

    @property
    def logins(self):
        """What the logins of the last run came to."""
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [line.rpartition("-> ")[2] for line in lines]


@pytest.fixture(scope="module")
def token(tmp_path_factory, pki):
    """The token; the tests are skipped where there is no way to one."""
    if not SOFTHSM:
        pytest.skip("no SoftHSM (package softhsm2)")
    if not SHIM.exists():
        pytest.skip(f"{SHIM} is not built")
    made = Token(tmp_path_factory.mktemp("token"), pki)
    probe = subprocess.run([TOOL, "pkcs11:token=absent", "-", "-"], capture_output=True,
                           text=True, check=False, env={**os.environ, **made.env})
    if NO_WAY in probe.stdout:
        pytest.skip("neither pkcs11-provider nor libengine-pkcs11-openssl is installed")
    if "RTLD_DEEPBIND" in probe.stderr:
        pytest.skip("pkcs11-provider loads its module in a way that sanitizers do not allow")
    assert probe.stdout.startswith("ENXIO: "), (probe.stdout, probe.stderr)
    return made
