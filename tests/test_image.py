# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which certificates are in a kernel image, and where?

The oracle is what was linked into the image. Every answer is given by source-tool, which
prints all that lib/image has found.
"""

import dataclasses
import gzip
import os
import pathlib
import struct
import subprocess

import pytest

from support import cli
from support.files import make_image
from support.files.make_image import Certs
from support.kernel import kernels
from support.files.source_tool import ask, ask_bytes, refused


def expected(certs):
    listed = [("own-key", certs.own)] if certs.own else []
    listed += [("trusted", der) for der in certs.trusted]
    listed += [("extra", certs.extra)] if certs.extra else []
    return listed + [("revoked", der) for der in certs.revoked or []]


def found(answer):
    assert answer.status == 0, answer.error
    order = ["own-key", "trusted", "extra", "revoked"]
    return sorted(answer.certs(), key=lambda item: order.index(item[0]))


@pytest.fixture(scope="session")
def ders(pki):
    names = ["rsa4096", "p384", "rsa2048", "p521", "rsa3072", "p256"]
    return {name: (pki / f"{name}.der").read_bytes() for name in names}


@pytest.fixture
def plain(ders):
    return Certs(own=ders["p384"])


# What a kernel can have linked in, and whether that can be told without symbols.
LAYOUTS = {
    "its own key": (lambda d: Certs(own=d["p384"]), True),
    "its own key of another size": (lambda d: Certs(own=d["rsa4096"]), True),
    "a short certificate": (lambda d: Certs(own=d["p256"]), True),
    "its own and trusted keys": (
        lambda d: Certs(own=d["p384"], trusted=[d["rsa2048"], d["p256"], d["p521"]]), True),
    "a revocation list": (
        lambda d: Certs(own=d["p384"], trusted=[d["rsa2048"]],
                        revoked=[d["rsa3072"], d["p256"]]), True),
    "an empty revocation list": (lambda d: Certs(own=d["p384"], revoked=[]), True),
    "a revocation list linked first": (
        lambda d: Certs(own=d["p384"], trusted=[d["rsa2048"]], revoked=[d["rsa3072"]],
                        revoked_first=True), True),
    "a revocation list that ends the section": (
        lambda d: Certs(own=d["p384"], revoked=[d["rsa3072"]], behind=b""), True),
    "a revocation list with a number behind it": (
        lambda d: Certs(own=d["p384"], revoked=[d["rsa3072"]],
                        behind=struct.pack("<QQ", 1, 2)), True),
    "the same key trusted and revoked": (
        lambda d: Certs(own=d["p384"], trusted=[d["rsa2048"]], revoked=[d["rsa2048"]]), True),
    "room for an extra certificate": (
        lambda d: Certs(own=d["p384"], extra_area=4096), True),
    "room for an extra certificate behind several": (
        lambda d: Certs(own=d["p384"], trusted=[d["p256"], d["rsa2048"]], extra_area=4001,
                        revoked=[d["rsa3072"]]), True),
    "an extra certificate": (
        lambda d: Certs(own=d["p384"], trusted=[d["p521"]], extra_area=4096,
                        extra=d["rsa2048"]), True),
    "an extra certificate beside one trusted key": (
        lambda d: Certs(own=d["p384"], extra_area=2000, extra=d["rsa4096"],
                        revoked=[d["rsa3072"]]), True),
    "an extra certificate that fills its room": (
        lambda d: Certs(own=d["p384"], trusted=[d["p521"]], extra_area=len(d["rsa2048"]),
                        extra=d["rsa2048"]), True),
    "no key of its own": (lambda d: Certs(trusted=[d["rsa2048"], d["p256"]]), False),
    "no key of its own, and a revocation list": (
        lambda d: Certs(trusted=[d["rsa2048"]], revoked=[d["rsa3072"]]), False),
    "only a revocation list": (lambda d: Certs(revoked=[d["rsa3072"]]), False),
    "only a revocation list at the end": (
        lambda d: Certs(revoked=[d["rsa3072"]], behind=b""), False),
    "only a revocation list with a number behind it": (
        lambda d: Certs(revoked=[d["rsa3072"], d["p256"]],
                        behind=struct.pack("<Q", 7)), False),
    # reads like a single key with room behind it, its own or not: trusted in either case
    "only an extra certificate": (
        lambda d: Certs(extra_area=4096, extra=d["rsa2048"]), None),
    "room for an extra certificate and no key": (
        lambda d: Certs(trusted=[d["rsa2048"]], extra_area=4096), False),
    "nothing": (lambda d: Certs(), True),
    "nothing, with room and an empty revocation list": (
        lambda d: Certs(extra_area=4096, revoked=[]), True),
}
UNTELLABLE = "its trusted and its revoked certificates cannot be told apart"


def refused_or_trusted(answer, certs, tellable):
    if tellable is None and answer.status == 0:
        (place, der), = answer.certs()
        return der == certs.extra and place != "revoked"
    return refused(answer, UNTELLABLE)


@pytest.mark.anywhere
@pytest.mark.parametrize("machine", make_image.MACHINES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_is_read_by_its_symbols(tmp_path, ders, machine, layout):
    certs = LAYOUTS[layout][0](ders)
    answer = ask(make_image.vmlinux(tmp_path, certs, machine, symbols=True))
    assert found(answer) == expected(certs)
    assert answer.get("release") == [make_image.RELEASE]
    assert answer.items.count(("symbols",)) == 1


@pytest.mark.anywhere
@pytest.mark.parametrize("machine", make_image.MACHINES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_without_symbols_a_layout_is_read_or_refused_and_never_mistaken(
        tmp_path, ders, machine, layout):
    make, tellable = LAYOUTS[layout]
    certs = make(ders)
    answer = ask(make_image.vmlinux(tmp_path, certs, machine, symbols=False))
    if tellable:
        assert found(answer) == expected(certs)
        assert not answer.items.count(("symbols",))
    else:
        assert refused_or_trusted(answer, certs, tellable)


@pytest.mark.anywhere
@pytest.mark.parametrize("machine", make_image.MACHINES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_kernel_that_tells_of_no_revocations_needs_no_key_of_its_own(
        tmp_path, ders, machine, layout):
    make, tellable = LAYOUTS[layout]
    certs = dataclasses.replace(make(ders), notices=True)
    answer = ask(make_image.vmlinux(tmp_path, certs, machine, symbols=False))
    if tellable or (certs.revoked is None and not certs.extra):
        assert found(answer) == expected(certs)
    else:
        assert refused_or_trusted(answer, certs, tellable)


def test_a_list_that_lies_elsewhere_than_the_kernels_lists_is_not_trusted(tmp_path, ders):
    """Such as the certificates of the wireless regulatory database, with their size."""
    stray = ders["p256"] + bytes(-len(ders["p256"]) % 8) + struct.pack("<QQ", len(ders["p256"]), 0)
    certs = Certs(unnamed=stray, notices=True)
    assert refused(ask(make_image.vmlinux(tmp_path, certs, symbols=False)), UNTELLABLE)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_an_arm64_image_is_read_or_refused_and_never_mistaken(tmp_path, ders, layout):
    make, tellable = LAYOUTS[layout]
    certs = make(ders)
    linked = make_image.vmlinux(tmp_path, certs, "aarch64", symbols=True)
    answer = ask_bytes(tmp_path, gzip.compress(make_image.image_of(linked).read_bytes()))
    if tellable:
        assert found(answer) == expected(certs)
        assert answer.get("release") == [make_image.RELEASE]
    else:
        assert refused_or_trusted(answer, certs, tellable)


def test_a_revocation_list_with_a_fitting_number_behind_it_is_refused(tmp_path, ders):
    """The worst of chances: behind it stands what makes the other list a trusted one."""
    certs = Certs(own=ders["p384"], revoked=[ders["rsa3072"], ders["p256"]],
                  behind=struct.pack("<Q", len(ders["rsa3072"])))
    assert refused(ask(make_image.vmlinux(tmp_path, certs)), UNTELLABLE)
    certs.behind = struct.pack("<Q", len(ders["rsa3072"]) + 1)
    assert found(ask(make_image.vmlinux(tmp_path, certs))) == expected(certs)


@pytest.mark.parametrize("symbols", [True, False])
def test_certificates_that_are_in_no_list_are_not_taken(tmp_path, ders, symbols):
    certs = Certs(own=ders["p384"], unnamed=ders["rsa2048"] + bytes(16) + ders["p256"])
    answer = ask(make_image.vmlinux(tmp_path, certs, symbols=symbols))
    assert found(answer) == expected(certs)


def test_a_list_that_the_symbols_do_not_name_is_refused(tmp_path, ders):
    certs = Certs(own=ders["p384"], revoked=[ders["rsa3072"]])
    linked = make_image.vmlinux(tmp_path, certs, symbols=True)
    make_image.run("objcopy", "--strip-symbol=revocation_certificate_list",
                   "--strip-symbol=revocation_certificate_list_size",
                   "--strip-symbol=revoked_end", linked)
    assert refused(ask(linked), "certificates that its symbols do not name")
    make_image.run("objcopy", "--strip-symbol=system_certificate_list_size", linked)
    assert refused(ask(linked), "leads to no list")


def test_hashes_that_are_revoked_from_the_start_are_found(tmp_path, ders):
    tbs, data = "0123456789abcdef" * 4, "fe" * 32
    strings = [f"tbs:{tbs}", f"bin:{data}", "tbs:%*phN", "tbs:12", f"tbs:{tbs}x",
               "tbs:" + tbs.upper(), "tbs:" + "0" * 130, f"tbs:{'ab' * 64}"]
    certs = Certs(own=ders["p384"], strings=strings)
    answer = ask(make_image.vmlinux(tmp_path, certs))
    assert answer.get("tbs") == [tbs, "ab" * 64]
    assert answer.get("bin") == [data]


def test_a_certificate_too_short_for_the_loader_ends_the_list(tmp_path, ders):
    """x509_load_certificate_list() wants 30 82; what comes behind is not loaded."""
    short = bytes([0x30, 0x81, 0xC8]) + ders["p256"][4:204]
    certs = Certs(own=ders["p384"], trusted=[short, ders["rsa2048"]], revoked=[ders["p521"]])
    for symbols in True, False:
        answer = ask(make_image.vmlinux(tmp_path, certs, symbols=symbols))
        assert found(answer) == [("own-key", ders["p384"]), ("revoked", ders["p521"])]
        assert "the kernel stops reading" in answer.error
    certs.revoked = [ders["p521"], short, ders["rsa2048"]]
    answer = ask(make_image.vmlinux(tmp_path, certs))
    assert found(answer) == [("own-key", ders["p384"]), ("revoked", ders["p521"])]


# The wrappings

def payload_of(tmp_path, certs, compression):
    data = make_image.vmlinux(tmp_path, certs).read_bytes()
    data += b"relocations, which x86 puts behind the vmlinux"
    return make_image.with_size(compression, make_image.pack(compression, data), len(data))


@pytest.mark.parametrize("compression", [*make_image.PACKERS, "none"])
def test_a_bzimage_is_read_in_every_compression(tmp_path, plain, compression):
    payload = payload_of(tmp_path, plain, compression)
    answer = ask_bytes(tmp_path, make_image.bzimage(payload))
    assert found(answer) == expected(plain)
    assert answer.get("release") == [make_image.RELEASE]


@pytest.mark.parametrize("compression", make_image.PACKERS)
def test_a_bzimage_whose_size_word_is_wrong_or_missing_is_refused(
        tmp_path, plain, compression):
    payload = payload_of(tmp_path, plain, compression)
    wrong = payload[:-4] + struct.pack("<I", struct.unpack("<I", payload[-4:])[0] + 1)
    for broken in payload[:-4], wrong, payload + bytes(4), payload[:-1], payload[4:]:
        answer = ask_bytes(tmp_path, make_image.bzimage(broken))
        assert refused(answer, "'") and answer.error.startswith("EBADMSG: ")


@pytest.mark.parametrize("compression", make_image.PACKERS)
def test_a_payload_cut_short_is_refused_wherever_it_is_cut(tmp_path, plain, compression):
    payload = payload_of(tmp_path, plain, compression)
    for part in range(1, 20):
        answer = ask_bytes(tmp_path, make_image.bzimage(payload[: len(payload) * part // 20]))
        assert refused(answer, str(tmp_path))


def test_the_release_comes_from_the_banner_where_the_header_has_none(tmp_path, plain):
    payload = payload_of(tmp_path, plain, "gzip")
    answer = ask_bytes(tmp_path, make_image.bzimage(payload, release=None))
    assert answer.get("release") == [make_image.RELEASE]
    answer = ask_bytes(tmp_path, make_image.bzimage(payload, release="5.4.0-other"))
    assert answer.get("release") == ["5.4.0-other"]


@pytest.mark.parametrize("compression", make_image.PACKERS)
def test_an_arm64_image_is_read_packed_as_a_file(tmp_path, plain, compression):
    linked = make_image.vmlinux(tmp_path, plain, "aarch64", symbols=True)
    image = make_image.image_of(linked).read_bytes()
    assert found(ask_bytes(tmp_path, image)) == expected(plain)
    packed = make_image.pack(compression, image)
    assert found(ask_bytes(tmp_path, packed)) == expected(plain)
    assert refused(ask_bytes(tmp_path, packed + b"x"), "cannot unpack the kernel in it")


@pytest.mark.parametrize("compression, name", [
    ("gzip", "gzip"), ("zstd", "zstd"), ("zstd", "zstd22"), ("xz", "xzkern"), ("lzma", "lzma"),
    ("lz4", "lz4"), ("lzo", "lzo"),
])
def test_an_efi_zboot_image_is_read(tmp_path, plain, compression, name):
    linked = make_image.vmlinux(tmp_path, plain, "aarch64", symbols=True)
    image = make_image.image_of(linked).read_bytes()
    payload = make_image.with_size(compression, make_image.pack(compression, image), len(image))
    size_len = 0 if compression == "gzip" else 4
    answer = ask_bytes(tmp_path, make_image.zboot(payload, name, size_len))
    assert found(answer) == expected(plain)
    assert answer.get("release") == [make_image.RELEASE]
    other = "gzip" if compression != "gzip" else "zstd"
    for broken in (make_image.zboot(payload, other, size_len),
                   make_image.zboot(payload, name + "x", size_len)):
        assert refused(ask_bytes(tmp_path, broken), "is not packed as it says")
    assert refused(ask_bytes(tmp_path, make_image.zboot(payload, name, 0, 1 << 31)),
                   "ends before its payload does")


def test_a_uki_is_read_with_the_kernel_that_is_in_it(tmp_path, plain):
    kernel = make_image.bzimage(payload_of(tmp_path, plain, "zstd"))
    sections = [(".osrel", b"ID=x\n"), (".linux", kernel), (".initrd", b"x" * 100)]
    answer = ask_bytes(tmp_path, make_image.pe(sections))
    assert found(answer) == expected(plain)
    assert answer.get("release") == [make_image.RELEASE]
    assert found(ask(make_image.uki_by_objcopy(tmp_path, kernel))) == expected(plain)


def test_a_uki_without_a_kernel_or_with_two_is_refused(tmp_path, plain):
    kernel = make_image.bzimage(payload_of(tmp_path, plain, "gzip"))
    pe = make_image.pe
    assert refused(ask_bytes(tmp_path, pe([(".text", kernel)])), "no section .linux")
    assert refused(ask_bytes(tmp_path, pe([(".linux", kernel)] * 2)), "several kernels")
    assert refused(ask_bytes(tmp_path, pe([(".linux", b"")])), "no kernel in the image")
    whole = pe([(".linux", kernel)])
    assert refused(ask_bytes(tmp_path, whole[:-512]), "cut off")


def test_images_in_images_have_an_end(tmp_path, plain):
    image = make_image.bzimage(payload_of(tmp_path, plain, "gzip"))
    for depth in range(1, 8):
        image = make_image.pe([(".linux", image)])
        answer = ask_bytes(tmp_path, image)
        if depth <= 3:
            assert found(answer) == expected(plain)
        else:
            assert refused(answer, "kernel images in kernel images")


@pytest.mark.plain
def test_a_decompression_bomb_ends_at_the_bound(tmp_path):
    zeros = f"head -c {(1 << 30) + 1} /dev/zero | {make_image.tool('zstd')} -q -1"
    answer = ask_bytes(tmp_path, make_image.run("sh", "-c", zeros))
    assert refused(answer, "unpacks to more than 1073741824 bytes")
    assert answer.error.startswith("EFBIG: ")


# What is no kernel

def test_what_is_no_source_of_certificates_is_refused_with_a_reason(tmp_path, plain, ders):
    linked = make_image.vmlinux(tmp_path, plain, symbols=True)
    cases = {
        b"": "the file is empty",
        b"junk\n": "no kernel image, certificate or EFI signature list",
        bytes(5000): "no kernel image, certificate or EFI signature list",
        (tmp_path / "trusted.o").read_bytes(): "an object file, module",
        pathlib.Path("/bin/true").read_bytes(): "names no Linux version",
        linked.read_bytes()[:60]: "no ELF file",
        linked.read_bytes()[:5000]: "the ELF section table is not in the file",
        b"\x30\x82\x01": "no certificate at offset 0",
        ders["p384"] + b"\0": f"no certificate at offset {len(ders['p384'])}",
        ders["p384"] + ders["p256"][:-1]: f"no certificate at offset {len(ders['p384'])}",
    }
    for data, words in cases.items():
        assert refused(ask_bytes(tmp_path, data), words)


@pytest.mark.parametrize("machine", ["x86_64", "i386", "aarch64", "s390x"])
def test_a_damaged_vmlinux_never_gives_a_trusted_certificate_that_was_not_linked_in(
        tmp_path, ders, machine):
    certs = Certs(own=ders["p384"], trusted=[ders["p256"]], revoked=[ders["rsa3072"]])
    image = make_image.vmlinux(tmp_path, certs, machine).read_bytes()
    header = 64 if machine != "i386" else 52
    places = [*range(header), *range(len(image) - 600, len(image))]
    for place in places[::7]:
        broken = bytearray(image)
        broken[place] ^= 0xFF
        answer = ask_bytes(tmp_path, bytes(broken))
        if answer.status == 0:
            assert set(answer.certs()) <= set(expected(certs))


# Real kernels

def unpacked(vmlinuz):
    """What is packed in a bzImage, by the command-line tools."""
    data = vmlinuz.read_bytes()
    offset, length = struct.unpack_from("<II", data, 0x248)
    start = (data[0x1F1] + 1) * 512 + offset
    packed = data[start : start + length]
    for magic, command in ((b"\x02\x21\x4c\x18", ["lz4", "-dc"]),
                           (b"\x28\xb5\x2f\xfd", ["zstd", "-dc"]),
                           (b"\xfd7zXZ", ["xz", "-dc"])):
        if packed.startswith(magic):
            return make_image.run(make_image.tool(command[0]), *command[1:],
                                  input=packed[:-4])
    pytest.fail("packed in another way")


def signing_key_of(module):
    """The serial number of the certificate that kmod says a module is signed with."""
    serial = make_image.run(make_image.tool("modinfo"), "-F", "sig_key", module)
    return serial.decode().strip().replace(":", "").lstrip("0")


def whole(der):
    """The certificate that openssl reads there, and nothing behind it."""
    return make_image.run("openssl", "x509", "-inform", "DER", "-outform", "DER", input=der)


def serial_of(der):
    line = make_image.run("openssl", "x509", "-inform", "DER", "-noout", "-serial", input=der)
    return line.decode().strip().partition("=")[2].lstrip("0")


@pytest.mark.kernels
@pytest.mark.parametrize("name", kernels.CLOUD)
def test_a_real_kernel_has_the_one_certificate_that_its_modules_are_signed_with(name):
    kernel = kernels.kernel(name)
    answer = ask(kernel.vmlinuz)
    assert answer.get("kind") == ["kernel"]
    assert answer.get("release") == [kernel.release]
    [(place, der)] = found(answer)
    assert place == "own-key" and whole(der) == der
    assert serial_of(der) == signing_key_of(kernels.module_paths(name)[0])
    assert unpacked(pathlib.Path(kernel.vmlinuz)).count(der) == 1


@pytest.mark.kernels
@pytest.mark.parametrize("suite, pattern", [
    ("bookworm", r"linux-image-6\.1\.0-[0-9]+-cloud-arm64"),
    ("trixie", r"linux-image-6\.12\.[0-9.]+\+[a-z0-9.]+-cloud-arm64"),
])
def test_a_real_arm64_image_has_the_certificate_that_its_modules_are_signed_with(
        suite, pattern):
    def archive(*arguments):
        environment = {**os.environ, "DEBIAN_ARCHIVE_ARCH": "arm64"}
        done = subprocess.run([cli.TOP / "tools/debian-archive", *arguments], env=environment,
                              capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no arm64 kernel: {done.stderr.strip()[-300:]}")
        return done.stdout.strip()

    root = pathlib.Path(archive("unpack", suite, archive("resolve", suite, pattern)))
    [image] = root.glob("boot/vmlinuz-*")
    answer = ask(image)
    [(place, der)] = found(answer)
    assert place == "own-key"
    assert answer.get("release") == [image.name.partition("-")[2]]
    assert serial_of(der) == signing_key_of(next(root.rglob("*.ko*")))
