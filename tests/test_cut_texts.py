# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does what is shown of a file stay short, however long the file says it is?"""

import os
import resource

import pytest

from support import cli
from support.files import der, worst

pytestmark = pytest.mark.anywhere

LONG = 64 << 20
TEXT, SIGNATURE = 4096, 16384
OUTPUT = 200_000  # bytes of output for one module or certificate
ROOM = 96 << 20  # bytes of memory besides the file


def bounded():
    """A process that gets no more memory for its data than the file, and some."""
    resource.setrlimit(resource.RLIMIT_DATA, (LONG + ROOM, LONG + ROOM))


def is_plain():
    """False: under a sanitizer or valgrind, which take memory of their own."""
    with open(cli.PROGRAM, "rb") as program:
        data = program.read()
    return data.startswith(b"\x7fELF") and b"__asan_init" not in data


@pytest.fixture
def long_signature(tmp_path, tiny_module):
    path = tmp_path / "long.ko"
    path.write_bytes(tiny_module.read_bytes() + worst.trailer(bytes(range(256)) * (LONG // 256), 9))
    return path


@pytest.mark.plain
@pytest.mark.parametrize("arguments", [[], ["--json"]])
def test_a_signature_of_64_megabytes_takes_its_size_and_little_output(arguments, long_signature):
    limit = bounded if is_plain() else None
    done = cli.run("show", "-j1", *arguments, long_signature, preexec_fn=limit)
    assert done.returncode == 0, cli.said(done)
    assert len(done.stdout) + len(done.stderr) < OUTPUT


def test_of_a_signature_that_is_cut_the_length_is_told(long_signature):
    signature = cli.document("show", long_signature)["modules"][0]["signatures"][0]
    assert signature["sig_len"] == LONG
    assert signature["cut"] == {"signature": LONG}
    beginning = (bytes(range(256)) * (SIGNATURE // 256)).hex(":").upper()
    assert signature["signature"] == beginning
    text = cli.ok("show", long_signature)
    assert f"(the first {SIGNATURE} of {LONG} bytes)" in text


@pytest.mark.parametrize("size", [4627, SIGNATURE])
def test_a_signature_as_long_as_ml_dsa_has_them_is_shown_whole(size, tmp_path, tiny_module):
    value = os.urandom(size)
    path = tmp_path / "m.ko"
    path.write_bytes(tiny_module.read_bytes() + worst.trailer(value, 9))
    signature = cli.document("show", path)["modules"][0]["signatures"][0]
    assert signature["signature"] == value.hex(":").upper() and "cut" not in signature
    assert "the first" not in cli.ok("show", path)


def with_modinfo(path, **values):
    info = b"".join(name.encode() + b"=" + value + b"\0" for name, value in values.items())
    names = b"\0.modinfo\0"
    path.write_bytes(worst.elf(
        [(0, 3, 64, len(names)), (1, 1, 64 + len(names), len(info))], names + info))
    return path


def test_modinfo_is_cut_between_two_characters(tmp_path):
    euro = "€".encode()
    path = with_modinfo(tmp_path / "m.ko", name=b"m", version=euro * 5000, vermagic=b"v" * TEXT)
    modinfo = cli.document("show", path)["modules"][0]["modinfo"]
    assert modinfo["version"] == "€" * (TEXT // 3)
    assert modinfo["cut"] == {"version": 15000}
    assert modinfo["name"] == "m" and modinfo["vermagic"] == "v" * TEXT
    shown = len(euro) * (TEXT // 3)
    assert f"€ (the first {shown} of 15000 bytes)\n" in cli.ok("show", path)


def test_a_signer_with_a_long_name_is_cut_in_verify_too(tmp_path, tiny_module, pki):
    issuer = worst.name(("2.5.4.3", b"x" * 20000))
    info = der.tlv(
        der.SEQUENCE, der.tlv(der.INTEGER, b"\1"),
        der.tlv(der.SEQUENCE, issuer, der.tlv(der.INTEGER, b"\1" * 9000)),
        der.algorithm("2.16.840.1.101.3.4.2.1"), der.algorithm("1.2.840.113549.1.1.1"),
        der.tlv(der.OCTETS, b"x"))
    path = tmp_path / "m.ko"
    path.write_bytes(tiny_module.read_bytes() + worst.trailer(worst.message(signers=[info])))
    module = cli.document("verify", "--trust", pki / "ca.pem", path)["modules"][0]
    assert (module["signer"], len(module["sig_key"])) == ("x" * TEXT, TEXT)
    assert module["cut"] == {"signer": 20000, "sig_key": 3 * 9000 - 1}
    shown = cli.document("show", path)["modules"][0]["signatures"][0]
    assert shown["cut"] == module["cut"]


def test_a_certificate_of_a_megabyte_is_listed_in_few_lines(tmp_path, pki):
    data = (pki / "leaf.der").read_bytes()
    path = tmp_path / "cert.der"
    path.write_bytes(worst.certificate(
        data, serial=der.tlv(der.INTEGER, b"\1" * 300_000),
        subject=worst.name(*[("2.5.4.3", b"y" * 1000)] * 700)))
    listed = cli.document("certs", path)["certificates"][0]
    assert set(listed["cut"]) == {"serial", "subject"}
    assert listed["cut"]["serial"] == 3 * 300_000 - 1
    assert listed["serial"] == ("01:" * TEXT)[:TEXT]
    assert len(cli.ok("certs", path)) < OUTPUT


def test_what_a_finding_quotes_is_cut(tmp_path):
    config = tmp_path / "root/etc/dkms/framework.conf"
    config.parent.mkdir(parents=True)
    config.write_text("mok_signing_key=" + "x y" * 300_000 + "\n")
    done = cli.run("doctor", "--root", tmp_path / "root")
    assert "what 'mok_signing_key=x yx y" in done.stdout + done.stderr
    assert len(done.stdout) + len(done.stderr) < OUTPUT
