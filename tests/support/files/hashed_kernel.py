# SPDX-License-Identifier: LGPL-2.1-or-later
"""A vmlinux with a section .module_hashes, and modules for it, for several machines.

The section is read by objcopy, not by modseal.
"""

import dataclasses
import struct

from support.files.make_image import MACHINES, run, tool

SOURCE = """
    .text
    .globl _start
    _start: .fill 64, 1, 0x90
    .section .rodata, "a"
    .ascii "Linux version 7.3.4-test (a@b) (cc 1) #1 SMP now\\n\\0"
    {section}
    .data
    .int 4
"""
SECTION = """
    .section {name}, "{flags}"{kind}
    .balign 4
    .globl {symbol}
    {symbol}:
    .fill {size}, 1, 0
"""
ROOT_SIZE = 36


@dataclasses.dataclass
class Section:
    """What is linked in."""

    size: int = ROOT_SIZE
    name: str = ".module_hashes"
    symbol: str = "module_hashes_root"
    flags: str = "a"
    kind: str = ""  # ", @nobits"


def list_section(capacity):
    return Section(4 + 32 * capacity, symbol="module_hashes_list")


def assemble(directory, name, source, machine):
    prefix, as_options, _, _ = MACHINES[machine]
    path = directory / f"{name}.o"
    run(tool(prefix + "as"), *as_options, "-o", path, "-", input=source.encode())
    return path


def vmlinux(directory, section=Section(), machine="x86_64"):
    """Links a vmlinux with its symbols; its path."""
    prefix, _, ld_options, _ = MACHINES[machine]
    text = SECTION.format(**vars(section)) if section else ""
    source = assemble(directory, "start", SOURCE.format(section=text), machine)
    image = directory / "vmlinux"
    run(tool(prefix + "ld"), *ld_options, "-z", "max-page-size=4096",
        "--no-warn-rwx-segments", "-e", "_start", "-o", image, source)
    return image


def section_of(image, machine="x86_64", name=".module_hashes"):
    """The section's bytes."""
    out = image.with_name("section")
    run(tool(MACHINES[machine][0] + "objcopy"), "-O", "binary", "--only-section", name,
        image, out)
    return out.read_bytes()


HEADER = {"name": 0, "type": 4, "flags": 8, "offset": 24, "size": 32}  # of Elf64_Shdr


def section_headers(data):
    """{name: offset of its header} in a 64-bit little-endian ELF file."""
    (start,) = struct.unpack_from("<Q", data, 40)
    count, names = struct.unpack_from("<HH", data, 60)
    (names,) = struct.unpack_from("<Q", data, start + 64 * names + HEADER["offset"])
    found = {}
    for at in range(start, start + 64 * count, 64):
        name = names + struct.unpack_from("<I", data, at)[0]
        found[data[name : data.index(b"\0", name)].decode()] = at
    return found


def set_header(image, section, **fields):
    """Writes fields into a section's header: numbers, or the name of another section's."""
    data = bytearray(image.read_bytes())
    headers = section_headers(data)
    for field, value in fields.items():
        at = headers[section] + HEADER[field]
        size = 8 if HEADER[field] >= 8 else 4
        if isinstance(value, str):
            value = int.from_bytes(data[headers[value] + HEADER[field] :][:size], "little")
        data[at : at + size] = value.to_bytes(size, "little")
    image.write_bytes(data)


def modules(directory, count, machine="x86_64"):
    """A tree of modules m000.ko ... that differ; their paths in order."""
    directory.mkdir(parents=True)
    source = '.section .modinfo, "a"\n.asciz "vermagic=7.3.4-test SMP "\n.data\n.int {}\n'
    paths = []
    for i in range(count):
        made = assemble(directory, f"m{i:03}", source.format(i), machine)
        paths.append(made.rename(made.with_suffix(".ko")))
    return paths


def section_bytes(world, capacity=16, little_endian=True):
    """What a build fills in: the hashes of a support.stacked.World."""
    if world.form == "merkle":
        levels, digest = world.root
        return levels.to_bytes(4, "little" if little_endian else "big") + digest
    digests = world.digest_list()
    data = len(digests).to_bytes(4, "big") + b"".join(digests)
    return data.ljust(4 + 32 * capacity, b"\0")


def with_section(image, data, name=".module_hashes"):
    """Gives the vmlinux the section, or another one's bytes to it."""
    content = image.with_name("hashes")
    content.write_bytes(data)
    run(tool("objcopy"), "--remove-section", name, "--add-section", f"{name}={content}",
        "--set-section-flags", f"{name}=alloc,readonly,data,contents", image)
    return image
