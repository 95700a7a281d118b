# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys, certificates and the messages that are made with them (lib/key).

The oracles are the reference sign-file, whose bytes RSA messages must be, and the openssl
program. sign-tool gives the library's errors by name.
"""

import os
import pathlib
import re
import subprocess

from support.keys import pki as test_pki
import pytest
from support.keys.signtool import HASHES, asn1, judged, openssl_verifies, sign

SIGN_FILE = pathlib.Path(os.environ.get("MODSEAL_SIGN_FILE") or
                         "/usr/lib/linux-kbuild-6.1/scripts/sign-file")
RSA = ["rsa2048", "rsa3072", "rsa4096"]
ECDSA = ["p256", "p384", "p521"]
ML_DSA = {"mldsa44": 17, "mldsa65": 18, "mldsa87": 19}
FORMS = ["-enc.key", "-enc.key.der", "-trad.key", "-trad.key.der", "-trad-enc.key", ".key.der"]
PASSPHRASE = test_pki.PASSPHRASE


def openssl_version():
    """The version of the OpenSSL under test, as a tuple."""
    text = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True)
    return tuple(int(part) for part in re.findall(r"\d+", text.stdout)[:2])


VERSION = openssl_version()


@pytest.fixture
def payload(tmp_path):
    """A file to sign, larger than a block of any hash."""
    path = tmp_path / "payload"
    path.write_bytes(bytes(range(256)) * 20 + b"end")
    return path


def reference(payload, *args):
    """What the reference sign-file writes for the payload."""
    if not os.access(SIGN_FILE, os.X_OK):
        pytest.skip(f"no reference sign-file: {SIGN_FILE} (Debian 12: linux-kbuild-6.1)")
    done = subprocess.run([SIGN_FILE, *args, payload], capture_output=True, text=True,
                          check=False)
    if done.returncode == 127:
        pytest.skip(f"the reference sign-file does not run here: {done.stderr}")
    assert done.returncode == 0, done.stderr
    return pathlib.Path(f"{payload}.p7s").read_bytes()


@pytest.mark.parametrize("skid", [[], ["-k"]], ids=["issuer", "skid"])
@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("kind", RSA)
def test_rsa_messages_are_those_of_sign_file(pki, payload, kind, hash_name, skid):
    key, cert = pki / f"{kind}.key", pki / f"{kind}.pem"
    ours = sign(key, payload, "-H", hash_name, "-c", cert, *skid)
    assert ours.error is None
    assert ours.der == reference(payload, "-d", *skid, hash_name, key, cert)


@pytest.mark.parametrize("skid", [[], ["-k"]], ids=["issuer", "skid"])
@pytest.mark.parametrize("hash_name", HASHES[:3])
@pytest.mark.parametrize("kind", ECDSA)
def test_ecdsa_messages_differ_from_sign_files_in_the_signature_alone(pki, payload, kind,
                                                                      hash_name, skid):
    key, cert = pki / f"{kind}.key", pki / f"{kind}.pem"
    ours = sign(key, payload, "-H", hash_name, "-c", cert, *skid)
    theirs = reference(payload, "-d", *skid, hash_name, key, cert)
    assert asn1(ours.der)[:-1] == asn1(theirs)[:-1]


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("kind", RSA + ECDSA)
def test_every_message_verifies(pki, payload, kind, hash_name):
    for skid in [], ["-k"]:
        ours = sign(pki / f"{kind}.key", payload, "-H", hash_name, "-c", pki / f"{kind}.der",
                    *skid)
        assert openssl_verifies(ours.der, payload, pki / f"{kind}.pem") == ""
        assert judged(ours.der, payload, pki / f"{kind}.der").startswith("0")
        assert ours.info["type"] == kind and ours.info["hash"] == hash_name


def test_a_message_does_not_verify_over_other_bytes(pki, payload):
    ours = sign(pki / "p384.key", payload, "-c", pki / "p384.pem")
    payload.write_bytes(payload.read_bytes() + b"x")
    assert "verification failure" in openssl_verifies(ours.der, payload, pki / "p384.pem")
    assert judged(ours.der, payload, pki / "p384.der").startswith("EKEYREJECTED")


@pytest.mark.skipif(VERSION < (3, 5), reason="ML-DSA needs OpenSSL 3.5")
@pytest.mark.parametrize("kind", ML_DSA)
def test_ml_dsa_signs_the_data_and_names_sha512(pki, payload, tmp_path, kind):
    ours = sign(pki / f"{kind}.key", payload, "-H", "sha256", "-c", pki / f"{kind}.pem")
    assert "sha256 is not used" in ours.output
    lines = asn1(ours.der)
    assert lines.count("5 OBJECT :sha512") == 1 and lines.count("6 OBJECT :sha512") == 1
    assert lines[-2].startswith("6 OBJECT :") and lines[-1].startswith("5 OCTET STRING")
    assert not any("[ 0 ]" in line for line in lines[3:])  # no signed attributes
    signature = tmp_path / "signature"
    signature.write_bytes(bytes.fromhex(lines[-1].rpartition(":")[2]))
    subprocess.run(["openssl", "pkeyutl", "-verify", "-certin", "-inkey", pki / f"{kind}.pem",
                    "-rawin", "-in", payload, "-sigfile", signature], check=True)
    assert judged(ours.der, payload, pki / f"{kind}.der").startswith("0")
    again = sign(pki / f"{kind}.key", payload, "-c", pki / f"{kind}.pem")
    assert again.der == ours.der and again.info["deterministic"] == "1"


def ml_dsa_shell(kind):
    """A PKCS#8 of this kind around 32 bytes: as much of one as an old OpenSSL looks at."""
    oid = bytes.fromhex("0609608648016503040300")[:-1] + bytes([ML_DSA[kind]])
    algorithm = bytes([0x30, len(oid)]) + oid
    inner = b"\x02\x01\x00" + algorithm + b"\x04\x22\x80\x20" + bytes(32)
    return bytes([0x30, len(inner)]) + inner


@pytest.mark.skipif(VERSION >= (3, 5), reason="this OpenSSL has ML-DSA")
@pytest.mark.parametrize("kind", ML_DSA)
def test_ml_dsa_is_refused_with_the_version_that_has_it(pki, payload, tmp_path, kind):
    key = tmp_path / "key.der"
    key.write_bytes(ml_dsa_shell(kind))
    key.chmod(0o600)
    refused = sign(key, payload, "-c", pki / "p384.pem")
    assert re.match(f"EOPNOTSUPP: .*ML-DSA-{kind[-2:]}, which needs OpenSSL 3.5 or newer; this "
                    r"is OpenSSL 3\.\d", refused.error)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", test_pki.VARIANTS)
def test_a_key_is_the_same_in_every_form(pki, payload, kind, form):
    cert = pki / f"{kind}.pem"
    ours = sign(pki / f"{kind}{form}", payload, "-c", cert, secret=PASSPHRASE)
    assert openssl_verifies(ours.der, payload, cert) == ""
    encrypted = "enc" in form
    assert ours.asked == ([f"private key '{pki}/{kind}{form}'"] if encrypted else [])


@pytest.mark.parametrize("command", [
    "genrsa", "genrsa -traditional", "ecparam -name secp384r1 -genkey",
    "ecparam -name prime256v1 -genkey -noout", "ecparam -name secp521r1 -genkey -outform DER",
    "genpkey -algorithm RSA -outform DER", "genpkey -algorithm EC -pkeyopt group:P-256",
])
def test_a_key_is_taken_as_openssl_makes_it(pki, payload, tmp_path, command):
    key, cert = tmp_path / "key", tmp_path / "cert"
    subprocess.run(["openssl", *command.split(), "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "req", "-new", "-x509", "-key", key, "-subj", "/CN=x", "-out",
                    cert], check=True)
    assert openssl_verifies(sign(key, payload, "-c", cert).der, payload, cert) == ""


@pytest.mark.parametrize("name", ["p384-both.pem", "rsa2048-enc-both.pem"])
def test_the_certificate_may_stand_in_the_keys_file(pki, payload, name):
    ours = sign(pki / name, payload, secret=PASSPHRASE)
    assert openssl_verifies(ours.der, payload, pki / name) == ""


def test_of_several_certificates_the_keys_own_is_taken(pki, payload, tmp_path):
    both = tmp_path / "both.pem"
    both.write_bytes(b"".join((pki / name).read_bytes() for name in
                              ("ca.pem", "p384.pem", "leaf.key", "leaf.pem")))
    both.chmod(0o600)
    assert sign(both, payload).info["serial"] == "12:34"
    assert sign(pki / "leaf.key", payload, "-c", pki / "chain.pem").info["serial"] == "12:34"


@pytest.mark.parametrize("form", ["-enc.key", "-enc.key.der", "-trad-enc.key"])
@pytest.mark.parametrize("kind", test_pki.VARIANTS)
def test_a_wrong_passphrase_is_asked_for_once_and_not_told(pki, payload, kind, form):
    key = pki / f"{kind}{form}"
    for wrong in "wrong guess", "", PASSPHRASE + "x":
        refused = sign(key, payload, "-c", pki / f"{kind}.pem", secret=wrong)
        assert refused.error == f"EKEYREJECTED: wrong passphrase for private key '{key}'"
        assert len(refused.asked) == 1
        assert not wrong or wrong not in refused.output + refused.stderr


def test_no_passphrase_is_enokey(pki, payload):
    for form in "-enc.key", "-enc.key.der", "-trad-enc.key":
        key = pki / f"p384{form}"
        refused = sign(key, payload, "-c", pki / "p384.pem")
        assert refused.error == (f"ENOKEY: private key '{key}' needs a passphrase, and none is "
                                 "to be had")


@pytest.mark.parametrize("name", ["p384-pub.pem", "p384-pub.der", "p384.pem", "p384.der",
                                  "rsa2048-pub.der", "rsa2048.der"])
def test_what_is_no_key_is_refused_by_name(pki, payload, name):
    refused = sign(pki / name, payload, "-c", pki / "p384.pem")
    assert refused.error == f"EBADMSG: no private key in '{pki / name}'"


def test_no_part_of_a_key_is_a_key(pki, payload, tmp_path):
    part = tmp_path / "part"
    for name in "p384.key", "p384.key.der", "p384-trad.key", "p384-trad.key.der":
        whole = (pki / name).read_bytes()
        for length in range(0, len(whole) - 40, 17):
            part.write_bytes(whole[:length])
            refused = sign(part, payload, "-c", pki / "p384.pem")
            assert refused.error == f"EBADMSG: no private key in '{part}'", (name, length)


@pytest.mark.parametrize("content", [b"", b"\n", b"\x30", b"\x30\x80\x00\x00", b"junk" * 99,
                                     b"-----BEGIN PRIVATE KEY-----\n!!\n",
                                     b"\x30\x84\xff\xff\xff\xff" + bytes(99)])
def test_junk_is_neither_key_nor_certificate(pki, payload, tmp_path, content):
    junk = tmp_path / "junk"
    junk.write_bytes(content)
    refused = sign(junk, payload, "-c", pki / "p384.pem")
    assert refused.error == f"EBADMSG: no private key in '{junk}'"
    refused = sign(pki / "p384.key", payload, "-c", junk)
    assert re.match(f"EBADMSG: (no|cannot read a) certificate in '{junk}'", refused.error)


def test_files_that_cannot_be_read_say_why(pki, payload, tmp_path):
    absent = tmp_path / "absent"
    for options in (absent, []), (pki / "p384.key", ["-c", absent]):
        refused = sign(options[0], payload, *options[1])
        assert refused.error == f"ENOENT: cannot open '{absent}': No such file or directory"
    assert sign(tmp_path, payload).error == f"EISDIR: cannot read '{tmp_path}': Is a directory"
    big = tmp_path / "big"
    big.write_bytes(bytes(1 << 20) + b"x")
    assert sign(big, payload).error.startswith("EFBIG: ")


def test_a_key_without_any_certificate_says_what_to_do(pki, payload):
    refused = sign(pki / "p384.key", payload)
    assert refused.error == f"EBADMSG: no certificate in '{pki}/p384.key'"
    assert "hint: name the key's certificate with -c" in refused.output


@pytest.mark.parametrize("key, cert", [("p384", "leaf"), ("p384", "rsa2048"),
                                       ("rsa2048", "rsa3072"), ("rsa2048", "p256")])
def test_a_certificate_of_another_key_is_refused(pki, payload, key, cert):
    for suffix in "pem", "der":
        refused = sign(pki / f"{key}.key", payload, "-c", pki / f"{cert}.{suffix}")
        assert refused.error == (f"EINVAL: the certificate '{pki}/{cert}.{suffix}' does not "
                                 f"belong to the private key '{pki}/{key}.key'")


@pytest.mark.parametrize("kind", test_pki.BAD)
def test_keys_that_no_kernel_takes_are_refused(pki, payload, kind):
    refused = sign(pki / f"{kind}.key", payload, "-c", pki / f"{kind}.pem")
    assert refused.error.startswith("EINVAL: the ")
    assert ("hint: modules are signed with RSA" in refused.output or
            "which no kernel reads" in refused.error)


def test_a_certificate_without_skid_cannot_be_named_by_it(pki, payload):
    refused = sign(pki / "p384.key", payload, "-k", "-c", pki / "noskid.pem")
    assert refused.error == ("EINVAL: the certificate has no subject key identifier to name it "
                             "by")
    assert sign(pki / "p384.key", payload, "-c", pki / "noskid.pem").info["skid"] == ""


def test_a_key_that_others_can_read_is_warned_of(pki, payload, tmp_path):
    key = tmp_path / "key"
    key.write_bytes((pki / "p384.key").read_bytes())
    for mode, warned in (0o600, False), (0o640, True), (0o604, True), (0o400, False):
        key.chmod(mode)
        ours = sign(key, payload, "-c", pki / "p384.pem")
        warning = f"the private key '{key}' can be read by others (mode {mode:04o})"
        assert ours.line("warning: ") == (warning if warned else None)


def test_a_key_may_come_through_a_pipe(pki, payload, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with subprocess.Popen(["cp", pki / "p384.key", pipe]):
        ours = sign(pipe, payload, "-c", pki / "p384.pem")
    assert openssl_verifies(ours.der, payload, pki / "p384.pem") == ""


@pytest.mark.parametrize("name", ["serial", "subject", "expired", "notyet"])
def test_odd_certificates_sign_and_verify(pki, payload, name):
    ours = sign(pki / "p384.key", payload, "-c", pki / f"{name}.pem")
    assert openssl_verifies(ours.der, payload, pki / f"{name}.pem") == ""
    assert judged(ours.der, payload, pki / f"{name}.der").startswith("0")
    said = {"expired": "has expired", "notyet": "is not valid yet"}.get(name)
    assert said is None or f"{said}; the kernel does not look at that" in ours.output
    if name == "serial":
        assert ours.info["serial"] == "80:FF:00:11:22:33:44:55:66"


def test_control_characters_of_a_subject_are_escaped(pki, payload):
    ours = sign(pki / "p384.key", payload, "-c", pki / "subject.pem")
    assert "subject=CN=a\\0Ab\\+c\\,d,O=Zoë\\1B[31m serial=" in ours.output


@pytest.mark.skipif(VERSION >= (3, 2), reason="this OpenSSL has deterministic nonces")
def test_deterministic_ecdsa_is_refused_with_the_version_that_has_it(pki, payload):
    refused = sign(pki / "p384.key", payload, "-n", "deterministic", "-c", pki / "p384.pem")
    assert re.match(r"EOPNOTSUPP: deterministic nonces need OpenSSL 3.2 or newer for p384 keys; "
                    r"this is OpenSSL 3\.\d", refused.error)
    assert sign(pki / "p384.key", payload, "-c",
                pki / "p384.pem").info["deterministic"] == "0"


@pytest.mark.skipif(VERSION < (3, 2), reason="needs OpenSSL 3.2")
@pytest.mark.parametrize("kind", [kind for kind in test_pki.good_kinds() if kind[0] != "r"])
def test_signatures_are_deterministic_unless_random_is_asked_for(pki, payload, kind):
    args = (pki / f"{kind}.key", payload, "-t", "2", "-r", "20", "-c", pki / f"{kind}.pem")
    auto, fixed = sign(*args), sign(*args, "-n", "deterministic")
    random = sign(*args, "-n", "random")
    assert auto.der == fixed.der != random.der
    assert [s.info["deterministic"] for s in (auto, fixed, random)] == ["1", "1", "0"]
    assert [s.line("same: ") for s in (auto, fixed, random)] == ["1", "1", "0"]


@pytest.mark.skipif(VERSION < (3, 2), reason="needs OpenSSL 3.2")
def test_deterministic_ecdsa_is_rfc_6979(payload, tmp_path, pki):
    """The key and the signature of "sample" of RFC 6979, A.2.6 (P-384, SHA-256)."""
    scalar = ("6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d8"
              "96d5724e4c70a825f872c9ea60d2edf5")
    der, key, cert = tmp_path / "der", tmp_path / "key", tmp_path / "cert"
    der.write_bytes(bytes.fromhex("303e0201010430" + scalar + "a00706052b81040022"))
    subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", der, "-out", key], check=True)
    subprocess.run(["openssl", "req", "-new", "-x509", "-key", key, "-subj", "/CN=rfc6979",
                    "-out", cert], check=True)
    payload.write_bytes(b"sample")
    ours = sign(key, payload, "-H", "sha256", "-c", cert)
    assert ("21b13d1e013c7fa1392d03c5f99af8b30c570c6f98d4ea8e354b63a21d3daa33"
            "bde1e888e63355d92fa2b3c36d8fb2cd") in ours.der.hex()


@pytest.mark.parametrize("kind", ["rsa2048"])
def test_threads_share_a_key(pki, payload, kind):
    ours = sign(pki / f"{kind}.key", payload, "-t", "4", "-r", "25", "-c", pki / f"{kind}.pem")
    assert ours.line("same: ") == "1"
    assert openssl_verifies(ours.der, payload, pki / f"{kind}.pem") == ""
