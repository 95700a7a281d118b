# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kernel images with made-up certificates, for the tests of what is found in them.

A vmlinux is assembled and linked from a source of our own that has the labels, the order
and the alignments of certs/system_certificates.S and certs/revocation_certificates.S of
Linux, for several machines; around it lie other things, as in a kernel. It is then wrapped
as bzImage, Image, EFI zboot and UKI. Kernels are packed by the command-line tools, with the
options and the appended size of scripts/Makefile.lib.
"""

import dataclasses
import pathlib
import shutil
import struct
import subprocess

import pytest

RELEASE = "6.99.7-test+1_a~b"

# name: assembler, linker and objcopy prefix, their options, bits, .align is a power of two
MACHINES = {
    "x86_64": ("", ["--64"], ["-melf_x86_64"], 64),
    "i386": ("", ["--32"], ["-melf_i386"], 32),
    "aarch64": ("aarch64-linux-gnu-", [], [], 64),
    "s390x": ("s390x-linux-gnu-", [], [], 64),
}

LINKER_SCRIPT = """
SECTIONS {
    . = 0x1000000;
    .head.text : { *(.head.text) }
    .text : { *(.text) }
    .rodata : ALIGN(4096) { *(.rodata) }
    .init.data : ALIGN(4096) { *(.init.data) *(.init.rodata) }
    .data : ALIGN(4096) { *(.data) }
    .bss : { *(.bss) }
    /DISCARD/ : { *(.note.*) *(.comment) }
}
"""


@dataclasses.dataclass
class Certs:
    """What is linked into a kernel: DER certificates."""

    own: bytes = b""
    trusted: list = dataclasses.field(default_factory=list)
    extra_area: int = 0  # CONFIG_SYSTEM_EXTRA_CERTIFICATE_SIZE; 0: not configured
    extra: bytes = b""  # what insert-sys-cert has put there
    revoked: list = None  # None: no CONFIG_SYSTEM_REVOCATION_LIST
    revoked_first: bool = False  # the order in which the objects are linked
    behind: bytes = bytes(64)  # what comes next in the section
    strings: list = dataclasses.field(default_factory=list)  # further strings in .rodata
    notices: bool = False  # the messages with which a kernel loads its lists, in .rodata
    unnamed: bytes = b""  # certificates that belong to nothing, in .rodata


def tool(name):
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def run(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, **options).stdout


def blob(directory, name, data):
    path = directory / name
    path.write_bytes(data)
    return f'.incbin "{path}"'


def trusted_source(directory, certs, word):
    """system_certificates.o: the list, the room for another one, the two sizes."""
    area = ""
    if certs.extra_area:
        area = f"""
            .globl system_extra_cert
            .size system_extra_cert, {certs.extra_area}
            system_extra_cert:
            {blob(directory, "extra", certs.extra)}
            .fill {certs.extra_area - len(certs.extra)}, 1, 0
            .align 4
            .globl system_extra_cert_used
            system_extra_cert_used: .int {len(certs.extra)}
        """
    return f"""
        .section .init.rodata, "a"
        .align 8
        .globl system_certificate_list
        system_certificate_list:
        {blob(directory, "own", certs.own)}
        own_end:
        {blob(directory, "trusted", b"".join(certs.trusted))}
        list_end:
        {area}
        .align 8
        .globl system_certificate_list_size
        system_certificate_list_size:
            {word} list_end - system_certificate_list + {len(certs.extra)}
        .align 8
        .globl module_cert_size
        module_cert_size: {word} own_end - system_certificate_list
    """


def revoked_source(directory, certs, word):
    """revocation_certificates.o."""
    return f"""
        .section .init.rodata, "a"
        .align 8
        .globl revocation_certificate_list
        revocation_certificate_list:
        {blob(directory, "revoked", b"".join(certs.revoked))}
        revoked_end:
        .align 8
        .globl revocation_certificate_list_size
        revocation_certificate_list_size: {word} revoked_end - revocation_certificate_list
    """


def notices(certs):
    """certs/system_keyring.c and, with CONFIG_SYSTEM_REVOCATION_LIST, certs/blacklist.c."""
    lists = ["", "module "] + ([] if certs.revoked is None else ["revocation "])
    return [f"\\0015Loading compiled-in {kind}X.509 certificates\\n" for kind in lists]


def surroundings_source(directory, certs, release):
    """A header as arm64's Image has it, code, the banner, and what else there is."""
    told = certs.strings + (notices(certs) if certs.notices else [])
    strings = "".join(f'.asciz "{string}"\n' for string in told)
    return f"""
        .section .head.text, "ax"
        .globl _start
        _start: .int 0x14000010, 0
        .quad 0, 0x200000, 0xa, 0, 0, 0
        .ascii "ARM\\x64"
        .int 0
        .text
        .fill 64, 1, 0x90
        .section .rodata, "a"
        .asciz "Linux version %s"
        .globl linux_banner
        linux_banner: .asciz "Linux version {release} (a@b) (cc 1) #1 SMP now\\n"
        {strings}
        .balign 256
        {blob(directory, "unnamed", certs.unnamed)}
        .section .init.data, "aw"
        .quad 1, 2, 3
        .data
        .quad 4
        .bss
        .fill 4096
    """


def behind_source(directory, certs):
    return f"""
        .section .init.rodata, "a"
        {blob(directory, "behind", certs.behind)}
    """


def vmlinux(directory, certs, machine="x86_64", symbols=False, release=RELEASE, small=False):
    """Links a vmlinux in `directory`, which must exist, and returns its path.

    A small one lies at no page boundaries.
    """
    prefix, as_options, ld_options, bits = MACHINES[machine]
    word = ".quad" if bits == 64 else ".long"
    sources = {
        "surroundings": surroundings_source(directory, certs, release),
        "trusted": trusted_source(directory, certs, word),
    }
    if certs.revoked is not None:
        sources["revoked"] = revoked_source(directory, certs, word)
        if certs.revoked_first:
            sources["trusted"] = sources.pop("trusted")
    sources["behind"] = behind_source(directory, certs)
    objects = []
    for name, source in sources.items():
        objects.append(directory / f"{name}.o")
        run(tool(prefix + "as"), *as_options, "-o", objects[-1], "-", input=source.encode())
    script = directory / "vmlinux.lds"
    script.write_text(LINKER_SCRIPT.replace("4096", "256") if small else LINKER_SCRIPT)
    image = directory / ("vmlinux" if symbols else "vmlinux.bin")
    run(tool(prefix + "ld"), *ld_options, "-T", script, "-z", "max-page-size=4096",
        *(["--nmagic"] if small else []), "--no-warn-rwx-segments", "-e", "_start", "-o", image, *objects)
    if not symbols:
        run(tool(prefix + "objcopy"), "-R", ".comment", "-S", image)
    return image


def image_of(vmlinux_path, machine="aarch64"):
    """arm64's Image: the bytes that lie in memory."""
    path = vmlinux_path.with_name("Image")
    run(tool(MACHINES[machine][0] + "objcopy"), "-O", "binary", vmlinux_path, path)
    return path


PACKERS = {
    "gzip": ["gzip", "-n", "-9"],
    "bzip2": ["bzip2", "-9"],
    "lzma": ["xz", "--format=lzma", "-9"],
    "xz": ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB"],
    "lzo": ["lzop", "-9"],
    "lz4": ["lz4", "-l", "-9", "-", "-"],
    # the window of -22, as the kernel's build has it; that takes a gigabyte to pack with
    "zstd": ["zstd", "-q", "-9", "--long=27"],
}


def pack(compression, data):
    """The data as the kernel's build packs it, without the size behind it."""
    if compression == "none":
        return data
    name, *options = PACKERS[compression]
    return run(tool(name), *options, input=data)


def with_size(compression, packed, size):
    """gzip has the size in it; behind the others the build puts it."""
    return packed + (b"" if compression in ("gzip", "none") else struct.pack("<I", size))


def bzimage(payload, release=RELEASE, sectors=3, before=b"code of the boot wrapper"):
    """A bzImage around a payload (Documentation/arch/x86/boot.rst)."""
    setup = bytearray((sectors + 1) * 512)
    setup[0x1F1] = sectors
    struct.pack_into("<H", setup, 0x1FE, 0xAA55)
    setup[0x202:0x206] = b"HdrS"
    struct.pack_into("<H", setup, 0x206, 0x020F)
    if release:
        struct.pack_into("<H", setup, 0x20E, 0x400)
        text = f"{release} (a@b) #1 SMP now\0".encode()
        setup[0x600 : 0x600 + len(text)] = text
    struct.pack_into("<II", setup, 0x248, len(before), len(payload))
    return bytes(setup) + before + payload + b"code behind it".ljust(512, b"\0")


def zboot(payload, compression, size_len, size=None):
    """EFI zboot (drivers/firmware/efi/libstub/zboot-header.S)."""
    header = bytearray(4096)
    header[0:2] = b"MZ"
    header[4:8] = b"zimg"
    size = len(payload) - size_len if size is None else size
    struct.pack_into("<II", header, 8, len(header), size)
    header[24 : 24 + len(compression)] = compression.encode()
    header[0x38:0x3C] = b"\xcd\x23\x82\x81"
    struct.pack_into("<I", header, 0x3C, 64)
    header[64:68] = b"PE\0\0"
    struct.pack_into("<HHIIIHH", header, 68, 0xAA64, 0, 0, 0, 0, 0, 0x206)
    return bytes(header) + payload + b"code of the stub".ljust(512, b"\0")


def pe(sections):
    """A PE file with these sections, [(name, content)...], and no more sense than that."""
    table = bytearray()
    content = bytearray()
    start = 64 + 24 + 240 + 40 * len(sections)
    start += -start % 512
    for name, data in sections:
        raw = len(data) + -len(data) % 512
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), 0x1000, raw,
                             start + len(content), 0, 0, 0, 0, 0x40000040)
        content += data.ljust(raw, b"\0")
    header = bytearray(64)
    header[0:2] = b"MZ"
    struct.pack_into("<I", header, 0x3C, 64)
    header += b"PE\0\0" + struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, 240, 0x206)
    header += bytes(240) + table
    return bytes(header).ljust(start, b"\0") + bytes(content)


def uki_by_objcopy(directory, kernel):
    """A UKI as tools make it: systemd's stub with the kernel as a section of its own."""
    stub = pathlib.Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
    if not stub.exists():
        pytest.skip("systemd-boot-efi is not installed")
    (directory / "osrel").write_text("ID=test\n")
    (directory / "linux").write_bytes(kernel)
    run(tool("objcopy"),
        "--add-section", f".osrel={directory / 'osrel'}", "--change-section-vma", ".osrel=0x20000",
        "--add-section", f".linux={directory / 'linux'}", "--change-section-vma",
        ".linux=0x2000000", stub, directory / "uki.efi")
    return directory / "uki.efi"
