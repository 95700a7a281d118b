# SPDX-License-Identifier: LGPL-2.1-or-later
"""Throw-away keys with certificates small enough for a stock kernel's room.

A certificate is signed by a P-256 key of its own, which nobody checks, and carries a
SKID only where there is room for one: an RSA-2048 certificate for a kernel with room
for 477 bytes has none, so signatures have to name issuer and serial.
"""

import collections
import pathlib
import secrets
import subprocess

KINDS = {
    "rsa2048": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
    "rsa3072": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:3072"],
    "rsa4096": ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:4096"],
    "p256": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"],
    "p384": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"],
    "p521": ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"],
}

Key = collections.namedtuple("Key", "key certificate")


def openssl(*arguments, data=None):
    command = ["openssl", *map(str, arguments)]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def make(directory, kind, skid=None):
    """A new key of that kind as directory/KIND.pem, its certificate as KIND.crt.

    skid: with a subject key identifier (default: with all but RSA keys)."""
    directory = pathlib.Path(directory)
    key, cert = directory / f"{kind}.pem", directory / f"{kind}.crt"
    request, issuer = directory / f"{kind}.csr", directory / f"{kind}.issuer"
    if skid is None:
        skid = not kind.startswith("rsa")
    openssl("genpkey", *KINDS[kind], "-out", key)
    openssl("req", "-new", "-key", key, "-subj", f"/CN={kind}", "-out", request)
    openssl("genpkey", *KINDS["p256"], "-out", issuer)
    issuer_cert = directory / f"{kind}.issuer.crt"
    subject = ["-subj", "/CN=i", "-days", "36500"]
    openssl("req", "-new", "-x509", "-key", issuer, *subject, "-out", issuer_cert)
    extensions = []
    if skid:
        section = directory / f"{kind}.cnf"
        section.write_text("[skid]\nsubjectKeyIdentifier=hash\n")
        extensions = ["-extfile", section, "-extensions", "skid"]
    serial = secrets.randbits(39)  # five bytes; the kernel finds keys by it
    ca = ["-CA", issuer_cert, "-CAkey", issuer, "-set_serial", serial, "-days", "36500"]
    openssl("x509", "-req", "-in", request, *ca, *extensions, "-out", cert)
    return Key(key, cert)
