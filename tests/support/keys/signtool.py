# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs tests/sign-tool.c and openssl's verification of what it writes."""

import os
import pathlib
import re
import subprocess

from support.runs import watch

BUILD = pathlib.Path(os.environ.get("MODSEAL_BUILD") or
                     pathlib.Path(__file__).resolve().parents[3] / "build")
TOOL = BUILD / "tests/sign-tool"
JUDGE = BUILD / "tests/judge-tool"
HASHES = ["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"]


class Signed:
    """How a run of sign-tool ended."""

    def __init__(self, done, out):
        self.output = done.stdout
        self.stderr = done.stderr
        self.status = done.returncode
        self.der = out.read_bytes() if self.status == 0 else None
        self.info = dict(re.findall(r"(\w+)=(\S*)", self.line("info: type=") or ""))

    def line(self, start):
        """The first line that begins so, without that; None."""
        for line in self.output.splitlines():
            if line.startswith(start):
                return line[len(start):] if not start.endswith("=") else line
        return None

    @property
    def error(self):
        """The last line that is an error, "EINVAL: message"; None."""
        found = [line for line in self.output.splitlines() if re.match(r"E[A-Z]+: ", line)]
        return found[-1] if found else None

    @property
    def asked(self):
        """For what a secret was asked, in order."""
        return re.findall(r"^asked: (.*)$", self.output, re.MULTILINE)


def sign(key, payload, *options, secret=None, env=None):
    """Signs the payload's file with sign-tool, which writes beside it."""
    out = payload.with_suffix(".der")
    out.unlink(missing_ok=True)
    environment = {**os.environ, **(env or {})}
    environment.pop("SIGN_TOOL_SECRET", None)
    if secret is not None:
        environment["SIGN_TOOL_SECRET"] = secret
    done = watch.run([TOOL, *options, key, payload, out], capture_output=True, text=True,
                     stdin=subprocess.DEVNULL, env=environment, errors="surrogateescape")
    assert done.returncode in (0, 1), (done.returncode, done.stdout, done.stderr)
    return Signed(done, out)


def openssl_verifies(der, payload, cert):
    """What `openssl cms -verify` says: "" where it verifies, else its complaint."""
    done = subprocess.run(["openssl", "cms", "-verify", "-binary", "-content", payload,
                           "-inform", "DER", "-certfile", cert, "-noverify",
                           "-out", os.devnull],
                          input=der, capture_output=True, check=False)
    return "" if done.returncode == 0 else done.stderr.decode()


def judged(der, payload, cert_der):
    """The errno that the judge gives the payload with this signature, "0" is trusted."""
    trailer = bytes([0, 0, 2, 0, 0, 0, 0, 0]) + len(der).to_bytes(4, "big")
    module = payload.with_suffix(".ko")
    module.write_bytes(payload.read_bytes() + der + trailer + b"~Module signature appended~\n")
    done = subprocess.run([JUDGE, "7.3.0", "-", cert_der, module], capture_output=True,
                          text=True, check=False)
    return done.stdout.strip()


def asn1(der):
    """The structure by `openssl asn1parse`: lines of "depth type value"."""
    done = subprocess.run(["openssl", "asn1parse", "-inform", "DER"], input=der,
                          capture_output=True, check=True)
    lines = []
    for line in done.stdout.decode().splitlines():
        fields = re.match(r"\s*\d+:d=(\d+)\s+hl=\d+\s+l=\s*\d+\s+\w+:\s*(.*?)\s*$", line)
        lines.append(f"{fields[1]} {re.sub(r' +', ' ', fields[2])}")
    return lines
