#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The whole test PKI, made by the openssl program: keys and certificates of every kind.

As a program: pki.py DIRECTORY. For tests: the fixture `pki` (tests/conftest.py) gives a
directory with all of it, fresh for the session; the keys in it come from a cache, because
making RSA-4096 keys takes seconds. The cache is ${XDG_CACHE_HOME:-~/.cache}/modseal/pki, by
the digest of this file and OpenSSL's version.

Files, for each KIND of GOOD and BAD:
    KIND.key        private key, PKCS#8 PEM            KIND.key.der    the same in DER
    KIND.pem        certificate, PEM                   KIND.der        the same in DER
    KIND-both.pem   key and certificate in one file, as the kernel's signing_key.pem
Certificates are made as the kernel makes its own (certs/default_x509.genkey): self-signed,
no CA, digitalSignature, SKID and AKID. For rsa2048 and p384 there are also, all with the
passphrase PASSPHRASE:
    KIND-enc.key    encrypted PKCS#8 PEM               KIND-enc.key.der    the same in DER
    KIND-trad.key   the traditional PEM form           KIND-trad.key.der   the same in DER
    KIND-trad-enc.key   traditional PEM, encrypted as in RFC 1421
    KIND-enc-both.pem   encrypted PKCS#8 and certificate in one file
    KIND-pub.pem    the public key alone
and, with p384's key: expired.pem, notyet.pem (validity), noskid.pem (no SKID), serial.pem
(a serial number whose first bit is set), subject.pem (a subject with control characters and UTF-8).
ca.pem (ca.key) signed leaf.pem (leaf.key); chain.pem is leaf.pem and ca.pem in one file.
rsa2048-again.pem is another certificate of rsa2048's key with the same subject and another serial.
mldsa44, 65 and 87 are there where the openssl program knows them (3.5).
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

PASSPHRASE = "correct horse"

# what kernels take and modseal signs with
GOOD = {
    "rsa2048": ["RSA", "rsa_keygen_bits:2048"],
    "rsa3072": ["RSA", "rsa_keygen_bits:3072"],
    "rsa4096": ["RSA", "rsa_keygen_bits:4096"],
    "p256": ["EC", "ec_paramgen_curve:prime256v1"],
    "p384": ["EC", "ec_paramgen_curve:secp384r1"],
    "p521": ["EC", "ec_paramgen_curve:secp521r1"],
}
ML_DSA = {
    "mldsa44": ["ML-DSA-44"],
    "mldsa65": ["ML-DSA-65"],
    "mldsa87": ["ML-DSA-87"],
}
# what modseal refuses to sign with
BAD = {
    "rsa1024": ["RSA", "rsa_keygen_bits:1024"],
    "rsa2432": ["RSA", "rsa_keygen_bits:2432"],
    "rsapss": ["RSA-PSS", "rsa_keygen_bits:2048"],
    "ed25519": ["ED25519"],
    "p192": ["EC", "ec_paramgen_curve:prime192v1"],
    "p224": ["EC", "ec_paramgen_curve:secp224r1"],
    "secp256k1": ["EC", "ec_paramgen_curve:secp256k1"],
    "sm2": ["SM2"],
    "p384-explicit": ["EC", "ec_paramgen_curve:secp384r1", "ec_param_enc:explicit"],
}
VARIANTS = ["rsa2048", "p384"]

CONFIG = """
[req]
distinguished_name = dn
prompt = no
string_mask = utf8only
x509_extensions = kernel
[dn]
O = modseal test
CN = %(name)s
emailAddress = test@modseal.invalid
[kernel]
basicConstraints = critical,CA:FALSE
keyUsage = digitalSignature
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[noskid]
basicConstraints = critical,CA:FALSE
keyUsage = digitalSignature
subjectKeyIdentifier = none
authorityKeyIdentifier = none
[authority]
basicConstraints = critical,CA:TRUE
keyUsage = keyCertSign,digitalSignature
subjectKeyIdentifier = hash
[ca]
default_ca = ca_section
[ca_section]
new_certs_dir = .
database = index.txt
serial = serial.txt
default_md = sha256
policy = policy
unique_subject = no
x509_extensions = kernel
[policy]
O = optional
CN = supplied
emailAddress = optional
"""


def openssl(directory, *args):
    """Runs the openssl program in the directory; its complaint is the exception's."""
    done = subprocess.run(["openssl", *args], cwd=directory, capture_output=True,
                          stdin=subprocess.DEVNULL, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {' '.join(args)}: {done.stderr}")
    return done.stdout


def knows_ml_dsa():
    """True where this openssl makes ML-DSA keys."""
    listed = openssl(".", "list", "-public-key-algorithms")
    return "ML-DSA-44" in listed or "MLDSA44" in listed


def good_kinds():
    """The kinds of keys, of those that modseal signs with, that this openssl can make."""
    return [*GOOD, *(ML_DSA if knows_ml_dsa() else [])]


def write_config(directory, name):
    """The configuration for a certificate whose CN is the name."""
    (directory / "openssl.cnf").write_text(CONFIG % {"name": name}, encoding="utf-8")


def make_key(directory, kind, spec):
    """A private key in PEM and DER."""
    options = [arg for value in spec[1:] for arg in ("-pkeyopt", value)]
    openssl(directory, "genpkey", "-algorithm", spec[0], *options, "-out", f"{kind}.key")
    os.chmod(directory / f"{kind}.key", 0o600)
    openssl(directory, "pkcs8", "-topk8", "-nocrypt", "-in", f"{kind}.key",
            "-outform", "DER", "-out", f"{kind}.key.der")


def make_cert(directory, name, key, *options, extensions="kernel"):
    """A self-signed certificate in PEM and DER, as the kernel's build makes its own."""
    write_config(directory, name)
    digest = "-sm3" if key == "sm2.key" else "-sha256"
    openssl(directory, "req", "-new", "-x509", "-utf8", digest, "-days", "36500", "-batch",
            "-config", "openssl.cnf", "-extensions", extensions,
            "-key", key, "-out", f"{name}.pem", *options)
    openssl(directory, "x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")


def join(directory, target, *sources):
    """Several files in one, private."""
    content = b"".join((directory / source).read_bytes() for source in sources)
    (directory / target).write_bytes(content)
    os.chmod(directory / target, 0o600)


def make_variants(directory, kind):
    """The forms in which one key can stand in a file."""
    key = f"{kind}.key"
    aes = ["-aes256", "-passout", f"pass:{PASSPHRASE}"]
    pkcs8 = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-passout", f"pass:{PASSPHRASE}",
             "-in", key]
    openssl(directory, *pkcs8, "-out", f"{kind}-enc.key")
    openssl(directory, *pkcs8, "-outform", "DER", "-out", f"{kind}-enc.key.der")
    openssl(directory, "pkey", "-traditional", "-in", key, "-out", f"{kind}-trad.key")
    form = "rsa" if kind.startswith("rsa") else "ec"
    traditional = ["-traditional"] if form == "rsa" else []
    openssl(directory, form, *traditional, "-in", f"{kind}-trad.key", "-outform", "DER",
            "-out", f"{kind}-trad.key.der")
    openssl(directory, form, *traditional, *aes, "-in", f"{kind}-trad.key",
            "-out", f"{kind}-trad-enc.key")
    openssl(directory, "pkey", "-pubout", "-in", key, "-out", f"{kind}-pub.pem")
    openssl(directory, "pkey", "-pubout", "-in", key, "-outform", "DER",
            "-out", f"{kind}-pub.der")
    join(directory, f"{kind}-enc-both.pem", f"{kind}-enc.key", f"{kind}.pem")


def make_dated(directory, name, start, end):
    """A certificate of p384's key with this validity."""
    write_config(directory, name)
    (directory / "index.txt").write_text("")
    (directory / "serial.txt").write_text("7001\n")
    openssl(directory, "req", "-new", "-utf8", "-batch", "-config", "openssl.cnf",
            "-key", "p384.key", "-out", "request.pem")
    openssl(directory, "ca", "-batch", "-selfsign", "-notext", "-config", "openssl.cnf",
            "-keyfile", "p384.key", "-in", "request.pem", "-out", f"{name}.pem",
            "-startdate", start, "-enddate", end)
    openssl(directory, "x509", "-in", f"{name}.pem", "-outform", "DER", "-out", f"{name}.der")
    for rest in directory.glob("7001.pem"):
        rest.unlink()


def make_chain(directory):
    """A certificate that another one vouches for."""
    for name in ("ca", "leaf"):
        make_key(directory, name, GOOD["p384"])
    make_cert(directory, "ca", "ca.key", extensions="authority")
    write_config(directory, "leaf")
    openssl(directory, "req", "-new", "-utf8", "-batch", "-config", "openssl.cnf",
            "-key", "leaf.key", "-out", "request.pem")
    openssl(directory, "x509", "-req", "-in", "request.pem", "-CA", "ca.pem",
            "-CAkey", "ca.key", "-set_serial", "0x1234", "-days", "36500", "-sha256",
            "-extfile", "openssl.cnf", "-extensions", "kernel", "-out", "leaf.pem")
    openssl(directory, "x509", "-in", "leaf.pem", "-outform", "DER", "-out", "leaf.der")
    join(directory, "chain.pem", "leaf.pem", "ca.pem")


def make_all(directory):
    """Fills the empty directory."""
    kinds = {**GOOD, **(ML_DSA if knows_ml_dsa() else {}), **BAD}
    for kind, spec in kinds.items():
        make_key(directory, kind, spec)
        make_cert(directory, kind, f"{kind}.key")
        join(directory, f"{kind}-both.pem", f"{kind}.key", f"{kind}.pem")
    for kind in VARIANTS:
        make_variants(directory, kind)
    make_dated(directory, "expired", "20000101000000Z", "20010101000000Z")
    make_dated(directory, "notyet", "21000101000000Z", "21010101000000Z")
    make_cert(directory, "noskid", "p384.key", extensions="noskid")
    make_cert(directory, "serial", "p384.key", "-set_serial", "0x80ff00112233445566")
    make_cert(directory, "subject", "p384.key", "-subj", "/O=Zoë\x1b[31m/CN=a\nb\\+c,d")
    make_cert(directory, "rsa2048-again", "rsa2048.key", "-subj",
              "/O=modseal test/CN=rsa2048/emailAddress=test@modseal.invalid")
    make_chain(directory)
    for rest in ("request.pem", "openssl.cnf", *map(str, directory.glob("*.txt*"))):
        (directory / rest).unlink()


def cache_place():
    """Where the PKI is kept between runs: another place for another script or OpenSSL."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    version = openssl(".", "version", "-v").encode()
    digest = hashlib.sha256(pathlib.Path(__file__).read_bytes() + version).hexdigest()[:16]
    return pathlib.Path(base) / "modseal" / "pki" / digest


def cached():
    """The directory in the cache, made where it is missing; not to be written to."""
    place = cache_place()
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = pathlib.Path(tempfile.mkdtemp(prefix="new-", dir=place.parent))
        try:
            make_all(fresh)
            os.rename(fresh, place)
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            if not place.is_dir():  # another run may have been first
                raise
    return place


def build(directory):
    """Puts the PKI into the directory, which must not exist yet, and returns its path."""
    return pathlib.Path(shutil.copytree(cached(), directory))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: pki.py DIRECTORY")
    print(build(sys.argv[1]))
