# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which certificates and digests are in certificate files and EFI signature lists?"""

import hashlib
import os
import struct
import uuid

import pytest

from support.files.source_tool import ask, ask_bytes, refused
from support.files.efi import (
    ATTRIBUTES, OWNER, RSA2048, SHA256, TIME, UNKNOWN, X509, X509_SHA256, X509_SHA384,
    X509_SHA512, efi_list)
from support.keys.openssl import openssl


@pytest.fixture(scope="session")
def ders(pki):
    return [(pki / f"{name}.der").read_bytes() for name in ("p384", "rsa2048", "p256")]


def files(*ders):
    return [("file", der) for der in ders]


def found(answer, kind):
    assert answer.status == 0, answer.error
    assert answer.get("kind") == [kind]
    return answer.certs()


# DER and PEM

def test_der_certificates_are_read_one_behind_the_other(tmp_path, ders):
    for n in 1, 2, 3:
        answer = ask_bytes(tmp_path, b"".join(ders[:n]))
        assert found(answer, "certificates") == files(*ders[:n])


def test_pem_is_read_as_openssl_writes_it(tmp_path, ders):
    pem = openssl("x509", "-inform", "DER", "-outform", "PEM", data=ders[0])
    text = openssl("x509", "-inform", "DER", "-text", data=ders[1])
    assert found(ask_bytes(tmp_path, pem), "certificates") == files(ders[0])
    assert found(ask_bytes(tmp_path, text), "certificates") == files(ders[1])
    for both in (pem + text, b"\xef\xbb\xbfsome words\n" + pem + b"\n\n" + text,
                 (pem + text).replace(b"\n", b"\r\n"), pem + text.rstrip(b"\n")):
        assert found(ask_bytes(tmp_path, both), "certificates") == files(*ders[:2])


def test_other_pem_blocks_are_passed_over(tmp_path, pki, ders):
    assert found(ask(pki / "p384-both.pem"), "certificates") == files(ders[0])
    assert found(ask(pki / "p384.key"), "certificates") == []
    old = openssl("x509", "-inform", "DER", data=ders[0])
    old = old.replace(b" CERTIFICATE", b" X509 CERTIFICATE")
    assert found(ask_bytes(tmp_path, old), "certificates") == files(ders[0])


def test_a_certificate_with_trust_settings_is_refused(tmp_path, ders):
    pem = openssl("x509", "-inform", "DER", "-trustout", "-addtrust", "emailProtection",
                  data=ders[0])
    assert b"TRUSTED CERTIFICATE" in pem
    assert refused(ask_bytes(tmp_path, b"\n\n" + pem), "line 3: a TRUSTED CERTIFICATE block")


def test_broken_pem_is_refused_with_its_line(tmp_path, pki, ders):
    pem = openssl("x509", "-inform", "DER", data=ders[0]).decode()
    lines = pem.splitlines()
    request = (pki / "p384.key").read_text().replace("PRIVATE KEY", "CERTIFICATE")
    two = openssl("base64", data=ders[0] + ders[1]).decode()
    cases = {
        "\n".join(lines[:-1]): "the PEM block in line 1 has no end",
        "\n".join(lines[:3]) + "\n" + pem: "the PEM block in line 1 has no end",
        pem.replace("END CERT", "END X509 CERT"): "the PEM block in line 1 has no end",
        "x\n" + pem.replace(lines[2], lines[2][:-1]): "the PEM block in line 2 is no base64",
        pem.replace(lines[2], lines[2][:-1] + "*"): "the PEM block in line 1 is no base64",
        "\n".join(lines[:3] + lines[4:]): "the PEM block in line 1 holds no certificate",
        f"{lines[0]}\n{lines[-1]}\n": "the PEM block in line 1 holds no certificate",
        f"{lines[0]}\n{two}{lines[-1]}\n": "the PEM block in line 1 holds no certificate",
        pem + request: f"the PEM block in line {len(lines) + 1} holds no certificate",
    }
    for text, words in cases.items():
        assert refused(ask_bytes(tmp_path, text.encode()), words)


def test_der_of_something_else_is_refused(tmp_path, pki, ders):
    key = openssl("pkey", "-in", str(pki / "p384.key"), "-outform", "DER")
    pkcs7 = openssl("crl2pkcs7", "-nocrl", "-certfile", str(pki / "p384.pem"),
                    "-outform", "DER")
    for data in key, pkcs7, bytes([0x30, 0]), bytes([0x30, 0x80, 0, 0]), b"0\x84" + ders[0]:
        assert refused(ask_bytes(tmp_path, data), "no certificate at offset 0")


def test_a_certificate_cut_anywhere_is_refused(tmp_path, ders):
    path = tmp_path / "cut.der"
    for length in [*range(1, 40), *range(40, len(ders[0]), 37)]:
        path.write_bytes(ders[0][:length])
        assert refused(ask(path), "no certificate at offset 0")


# EFI signature lists

@pytest.mark.parametrize("attributes", [b"", ATTRIBUTES], ids=["bare", "efivarfs"])
def test_an_efi_list_gives_certificates_and_digests(tmp_path, ders, attributes):
    digests = [hashlib.sha256(bytes([i])).digest() for i in range(3)]
    long = [hashlib.sha384(b"").digest(), hashlib.sha512(b"").digest()]
    data = attributes + efi_list(X509, ders[0]) + efi_list(SHA256, *digests[:2])
    data += efi_list(X509, ders[1]) + efi_list(X509_SHA256, digests[2] + TIME)
    data += efi_list(X509_SHA384, long[0] + TIME) + efi_list(X509_SHA512, long[1] + TIME)
    data += efi_list(X509_SHA256, digests[0]) + efi_list(X509, ders[2], header=b"12345")
    answer = ask_bytes(tmp_path, data)
    assert found(answer, "efi-list") == files(*ders)
    assert answer.get("bin") == [digest.hex() for digest in digests[:2]]
    assert answer.get("tbs") == [x.hex() for x in (digests[2], *long, digests[0])]


def test_types_that_kernels_pass_over_are_passed_over(tmp_path, ders):
    data = efi_list(RSA2048, bytes(256)) + efi_list(X509, ders[0])
    data += efi_list(UNKNOWN, b"anything")
    answer = ask_bytes(tmp_path, data)
    assert found(answer, "efi-list") == files(ders[0])
    assert answer.error.count("of a type that kernels pass over") == 2


def test_a_broken_efi_list_is_refused_with_its_offset(tmp_path, ders):
    good = efi_list(X509, ders[0])
    at = len(good)
    digest = bytes(32)
    huge = uuid.UUID(SHA256).bytes_le + struct.pack("<III", 0xFFFFFFFF, 0, 48)
    header = uuid.UUID(SHA256).bytes_le + struct.pack("<III", 28 + 48, 0xFFFFFFF0, 48)
    cases = {
        good + good[:27]: f"a broken EFI list at offset {at}",
        good + huge: f"a broken EFI list at offset {at}",
        good + header + OWNER + digest: f"a broken EFI list at offset {at}",
        good + efi_list(SHA256, digest, size=0): f"a broken EFI list at offset {at}",
        good + efi_list(SHA256, digest, size=16): f"a broken EFI list at offset {at}",
        good + efi_list(SHA256, digest, size=49): f"a broken EFI list at offset {at}",
        efi_list(SHA256, digest, digest, size=17): "an entry SHA256 of 1 bytes at offset 44",
        efi_list(SHA256, digest, digest, size=36): "an entry SHA256 of 20 bytes",
        efi_list(SHA256, digest + b"x"): "an entry SHA256 of 33 bytes at offset 44",
        efi_list(SHA256, digest, digest, b"", size=48): "part of an entry",
        efi_list(X509, ders[0][:-1]): "no certificate at offset 44",
        efi_list(X509, ders[0] + b"\0"): "no certificate at offset 44",
        ATTRIBUTES + efi_list(X509, b"junk"): "no certificate at offset 48",
        good[:27]: "no kernel image, certificate or EFI signature list",
        efi_list(UNKNOWN, b"x"): "no kernel image, certificate or EFI signature list",
    }
    for data, words in cases.items():
        assert refused(ask_bytes(tmp_path, data), words)


@pytest.mark.plain
def test_an_efi_list_cut_anywhere_is_refused(tmp_path, ders):
    data = ATTRIBUTES + efi_list(X509, ders[2]) + efi_list(SHA256, bytes(32))
    path = tmp_path / "list"
    for length in range(1, len(data)):
        if length == len(data) - 76:
            continue  # the first list alone
        path.write_bytes(data[:length])
        assert refused(ask(path), "'")


# Files

def test_what_cannot_be_opened_is_refused_and_does_not_block(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    for name, words in {"absent": "No such file", "pipe": "is no regular file",
                        ".": "is no regular file", "loop": "Too many levels"}.items():
        assert refused(ask(tmp_path / name), words)
