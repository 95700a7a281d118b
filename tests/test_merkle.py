# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are roots and proofs those of the format, and is whatever else refused?

The oracle is tests/support/files/merkle.py, a few lines over hashlib.
"""

import os
import shutil
import struct
import subprocess

from support.files import hashed_kernel
from support.files import make_image
import pytest

from support import cli
from support.files import forge, merkle

pytestmark = pytest.mark.anywhere

COUNTS = (0, 1, 2, 3, 4, 5, 31, 32, 33, 1019, 4225)


def make_tree(directory, count):
    """Modules that are no ELF files, since there are thousands of them; their bytes."""
    contents = []
    directory.mkdir(parents=True, exist_ok=True)
    for i in range(count):
        path = directory / f"kernel/d{i % 7}" / f"m{i:05}.ko"
        path.parent.mkdir(parents=True, exist_ok=True)
        contents.append((path, b"module %d" % i * (1 + i % 5)))
        path.write_bytes(contents[-1][1])
    order = "".join(f"{path.relative_to(directory)}\n" for path, _ in contents)
    (directory / "modules.order").write_text(order)
    return contents


def root_text(contents):
    return merkle.text(*merkle.root([data for _, data in contents]))


@pytest.fixture
def tree(tmp_path):
    """(directory, [(path, bytes)...]) of five modules."""
    return tmp_path / "tree", make_tree(tmp_path / "tree", 5)


def refused(done, *words):
    """Ended in 2, and said why."""
    assert done.returncode == 2, cli.said(done)
    for word in words:
        assert word in done.stderr, cli.said(done)


@pytest.mark.parametrize("count", COUNTS)
def test_root_and_proofs_are_those_of_another_implementation(count, tmp_path):
    contents = make_tree(tmp_path / "tree", count)
    modules = [data for _, data in contents]
    expected = root_text(contents)
    assert cli.ok("merkle", "root", tmp_path / "tree") == f"{expected}\n"
    if not count:  # and so there is nothing to prove
        refused(cli.run("merkle", "prove", tmp_path / "tree"), "no module")
        return
    said = cli.ok("merkle", "prove", "--no-sync", "--root", expected, tmp_path / "tree")
    assert said.endswith(f"root: {expected}\n")
    for (path, data), proof in zip(contents, merkle.proofs(modules), strict=True):
        assert path.read_bytes() == data + merkle.trailer(proof)
    cli.ok("merkle", "verify", "--root", expected, tmp_path / "tree")


def test_a_tree_that_merely_has_no_module_has_no_root(tmp_path):
    make_tree(tmp_path / "tree", 0)
    (tmp_path / "tree/modules.order").unlink()
    refused(cli.run("merkle", "root", tmp_path / "tree"), "no module in directory")
    make_tree(tmp_path / "other", 1)
    (tmp_path / "other/modules.order").write_text("")
    refused(cli.run("merkle", "root", tmp_path / "other"), "is not in")


def test_no_module_is_under_the_root_of_no_module(tree):
    directory, contents = tree
    path, data = contents[0]
    for body in (b"", bytes(4), bytes(36)):
        path.write_bytes(data + merkle.trailer(body))
        root = merkle.text(*merkle.root([]))
        result = cli.document("merkle", "verify", "--root", root, path)
        assert result["status"] == 1 and "trusted" not in result["summary"], body
        assert cli.run("merkle", "check", root, directory).returncode == 1


def test_without_an_order_the_modules_are_taken_by_path(tree):
    directory, contents = tree
    (directory / "modules.order").unlink()
    by_path = sorted(contents, key=lambda entry: os.fsencode(entry[0]))
    assert cli.ok("merkle", "root", directory) == f"{root_text(by_path)}\n"


@pytest.mark.parametrize("suffix, prefix", [(".o", ""), (".ko", ""), (".ko", "kernel/")])
def test_build_and_installation_have_one_order(suffix, prefix, tree):
    directory, contents = tree
    order = directory.parent / "order"
    names = [path.relative_to(directory / "kernel") for path, _ in contents]
    order.write_text("".join(f"{prefix}{name.with_suffix(suffix)}\n" for name in names))
    for start in (directory, directory / "kernel"):
        said = cli.ok("merkle", "root", "--modules-order", order, start)
        assert said == f"{root_text(contents)}\n"


@pytest.mark.parametrize("packer", [["xz", "--check=crc32"], ["zstd", "-q", "--rm"], ["gzip"]])
def test_packed_modules_have_the_same_root_and_stay_packed(packer, tree):
    directory, contents = tree
    if not shutil.which(packer[0]):
        pytest.skip(f"no {packer[0]} on this machine")
    subprocess.run([*packer, *(path for path, _ in contents)], check=True)
    expected = root_text(contents)
    assert cli.ok("merkle", "root", directory) == f"{expected}\n"
    cli.ok("merkle", "prove", directory)
    cli.ok("merkle", "verify", "--root", expected, directory)
    packed = next(directory.glob("kernel/d3/*"))
    plain = subprocess.run(
        [packer[0], "-dc", packed], check=True, capture_output=True
    ).stdout
    assert merkle.split(plain)[0] == contents[3][1]


def test_strip_gives_back_the_bytes_from_before(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", directory)
    cli.ok("strip", directory)
    assert all(path.read_bytes() == data for path, data in contents)


def test_proving_twice_changes_nothing(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", directory)
    before = [(path.stat().st_ino, path.stat().st_mtime_ns) for path, _ in contents]
    result = cli.document("merkle", "prove", directory)
    assert result["summary"] == {"unchanged": 5}
    after = [(path.stat().st_ino, path.stat().st_mtime_ns) for path, _ in contents]
    assert after == before


def test_a_module_that_is_rebuilt_gets_every_proof_anew(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", directory)
    path, data = contents[2]
    path.write_bytes(data + b"rebuilt")
    contents[2] = path, data + b"rebuilt"
    cli.ok("merkle", "prove", "--root", root_text(contents), directory)
    modules = [data for _, data in contents]
    for i, (path, data) in enumerate(contents):
        assert merkle.split(path.read_bytes()) == (data, merkle.proof(modules, i))


def test_a_signature_below_the_proof_is_part_of_what_is_proved(tree, pki):
    directory, contents = tree
    cli.ok("sign", "--any-file", "-k", pki / "p256-both.pem", directory)
    signed = [path.read_bytes() for path, _ in contents]
    expected = merkle.text(*merkle.root(signed))
    cli.ok("merkle", "prove", "--root", expected, directory)
    cli.ok("merkle", "verify", "--root", expected, directory)
    assert [merkle.split(path.read_bytes())[0] for path, _ in contents] == signed
    cli.ok("strip", directory)
    cli.ok("verify", "--trust", pki / "p256.pem", directory)


def test_copies_leave_the_modules_as_they_are(tree, tmp_path):
    directory, contents = tree
    cli.ok("merkle", "prove", "-o", tmp_path / "out", directory)
    assert all(path.read_bytes() == data for path, data in contents)
    cli.ok("merkle", "verify", "--root", root_text(contents), tmp_path / "out")


def test_with_another_root_nothing_is_changed(tree):
    directory, contents = tree
    other = merkle.text(3, bytes(range(32)))
    done = cli.run("merkle", "prove", "--root", other, directory)
    assert done.returncode == 1 and "other-root" in done.stdout, cli.said(done)
    assert all(path.read_bytes() == data for path, data in contents)


def test_one_broken_module_leaves_all_as_they_were(tree):
    directory, contents = tree
    contents[1][0].with_suffix(".ko").write_bytes(b"x" + cli.MARKER)
    refused(cli.run("merkle", "prove", directory), "m00001.ko")
    result = cli.document("merkle", "prove", directory)
    assert result["summary"] == {"failed": 1, "rolled-back": 4}
    assert contents[0][0].read_bytes() == contents[0][1]


def test_two_names_of_one_file_cannot_both_be_proved(tree):
    directory, contents = tree
    contents[1][0].unlink()
    contents[1][0].hardlink_to(contents[0][0])
    refused(cli.run("merkle", "prove", directory), "same file", "proof of its own")
    assert contents[0][0].read_bytes() == contents[0][1]


# what is done to the proof of module 1 of 5 -> verdict and errno
HOSTILE = {
    "no trailer": (lambda data, proof: data, "unsigned", "ENODATA"),
    "depth 0": (lambda data, proof: data + merkle.trailer(proof[:4]), "unsupported", "ENOPKG"),
    "depth 33": (
        lambda data, proof: data + merkle.trailer(proof[:4] + bytes(33 * 32)),
        "unsupported", "ENOPKG",
    ),
    "one level more": (
        lambda data, proof: data + merkle.trailer(proof + bytes(32)), "unsupported", "ENOPKG"
    ),
    "truncated by a byte": (
        lambda data, proof: data + merkle.trailer(proof[:-1]), "unsupported", "ENOPKG"
    ),
    "truncated by a level": (
        lambda data, proof: data + merkle.trailer(proof[:-32]), "unsupported", "ENOPKG"
    ),
    "empty": (lambda data, proof: data + merkle.trailer(b""), "unsupported", "ENOPKG"),
    "another pos": (
        lambda data, proof: data + merkle.trailer(bytes([0, 0, 0, 0]) + proof[4:]),
        "unknown-key", "ENOKEY",
    ),
    "a pos out of the tree": (
        lambda data, proof: data + merkle.trailer(bytes([0, 0, 0, 9]) + proof[4:]),
        "unknown-key", "ENOKEY",
    ),
    "sibling 0": (
        lambda data, proof: data + merkle.trailer(proof[:4] + bytes(32) + proof[36:]),
        "unknown-key", "ENOKEY",
    ),
    "sibling 1": (
        lambda data, proof: data + merkle.trailer(proof[:36] + bytes(32) + proof[68:]),
        "unknown-key", "ENOKEY",
    ),
    "sibling 2": (
        lambda data, proof: data + merkle.trailer(proof[:68] + bytes(32)),
        "unknown-key", "ENOKEY",
    ),
    "swapped siblings": (
        lambda data, proof: data + merkle.trailer(proof[:4] + proof[36:68] + proof[4:36] + proof[68:]),
        "unknown-key", "ENOKEY",
    ),
    "another module's proof": (
        lambda data, proof: b"other" + merkle.trailer(proof), "unknown-key", "ENOKEY"
    ),
    "another tree's proof": (
        lambda data, proof: data + merkle.trailer(merkle.proof([data, data, b"x", data, data], 1)),
        "unknown-key", "ENOKEY",
    ),
    "a changed module": (
        lambda data, proof: data[:-1] + b"?" + merkle.trailer(proof), "unknown-key", "ENOKEY"
    ),
    "for a signature": (
        lambda data, proof: data + merkle.trailer(proof, id_type=2), "unsupported", "ENOPKG"
    ),
    "of no known type": (
        lambda data, proof: data + merkle.trailer(proof, id_type=4), "unsupported", "ENOPKG"
    ),
    "longer than the file": (
        lambda data, proof: b"x" + merkle.trailer(proof)[len(proof) :], "malformed", "EBADMSG"
    ),
    "a reserved field": (
        lambda data, proof: data + reserved(merkle.trailer(proof)), "malformed", "EBADMSG"
    ),
}


FAULTS = {
    "no room": (lambda data: data[:12] + cli.MARKER, "no room for a trailer"),
    "reaches the start": (
        lambda data: data + forge.trailer(len(data)), "sig_len reaches the start"
    ),
    "past the start": (
        lambda data: data + forge.trailer(len(data) + 1), "sig_len reaches the start"
    ),
    "names at the start": (
        lambda data: (
            data[:10] + forge.trailer(1, id_type=1, signer_len=4, key_id_len=5)
        ), "signer and key id reach the start"
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_whoever_finds_a_fault_has_the_same_words_for_it(fault, tree, pki):
    directory, contents = tree
    change, words = FAULTS[fault]
    path, data = contents[1]
    path.write_bytes(change(data))
    (found,) = (
        found
        for found in cli.document("verify", "--trust", pki / "p256.pem", directory)["modules"]
        if found["path"] == str(path)
    )
    assert words in found["reason"]
    for command in (["strip"], ["strip", "--all"], ["merkle", "prove"], ["manifest", "create"]):
        refused(cli.run(*command, directory), path.name, found["reason"])


def reserved(trailer):
    changed = bytearray(trailer)
    changed[-len(cli.MARKER) - 12 + 6] = 1
    return bytes(changed)


@pytest.mark.parametrize("fault", HOSTILE)
def test_a_wrong_proof_is_not_trusted(fault, tree):
    directory, contents = tree
    change, verdict, errno = HOSTILE[fault]
    modules = [data for _, data in contents]
    path, data = contents[1]
    path.write_bytes(change(data, merkle.proof(modules, 1)))
    result = cli.document("merkle", "verify", "--root", root_text(contents), path)
    (found,) = result["modules"]
    assert (result["status"], found["verdict"], found["errno"]) == (1, verdict, errno)
    assert found["vouched_by"] is None


def test_the_right_proof_is_trusted_and_says_by_which_root(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", directory)
    result = cli.document("merkle", "verify", "--root", root_text(contents), directory)
    assert {found["vouched_by"] for found in result["modules"]} == {
        f"Merkle root {root_text(contents)}"
    }


def test_proofs_of_swapped_modules_are_not_trusted(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", directory)
    (a, one), (b, two) = contents[0], contents[1]
    tails = [path.read_bytes()[len(data) :] for path, data in contents[:2]]
    a.write_bytes(one + tails[1])
    b.write_bytes(two + tails[0])
    result = cli.document("merkle", "verify", "--root", root_text(contents), directory)
    assert result["summary"] == {"trusted": 3, "unknown-key": 2}


@pytest.mark.parametrize(
    "text",
    ["", "x", "3:00", "33:" + "11" * 32, "0:" + "11" * 32, "3:" + "00" * 32, "3:" + "AB" * 32,
     "3:" + "11" * 32 + "\n\n", "3:" + "11" * 32 + "\r\n", "3:" + "11" * 33],
)
def test_a_file_that_holds_no_root_is_refused(text, tree, tmp_path):
    (tmp_path / "root").write_text(text, newline="")
    refused(cli.run("merkle", "verify", "--root", tmp_path / "root", tree[0]), "root")


@pytest.mark.parametrize(
    "text, words",
    [("33:" + "11" * 32, "a root of 33 levels"), ("0:" + "11" * 32, "a root of 0 levels"),
     ("11" * 32, "LEVELS:HEX"), ("3:" + "AB" * 32, "lower case"), ("3:" + "11" * 31, "64"),
     ("3:" + "11" * 31 + "1", "64"), ("3:0x" + "11" * 32, "64"), ("03:" + "11" * 32, "64")],
)
def test_a_text_that_is_almost_a_root_is_told_what_it_lacks(text, words, tree):
    for command in (["verify", "--root", text], ["prove", "--root", text], ["check", text]):
        refused(cli.run("merkle", *command, tree[0]), f"'{text}': ", words)


def test_a_root_is_read_of_a_file(tree, tmp_path):
    directory, contents = tree
    cli.ok("merkle", "root", "-o", tmp_path / "root", directory)
    assert (tmp_path / "root").read_text() == root_text(contents) + "\n"
    cli.ok("merkle", "prove", "--root", tmp_path / "root", directory)
    cli.ok("merkle", "verify", "--root", tmp_path / "root", directory)


BAD_ORDERS = {
    "a missing module": (lambda lines: lines + ["kernel/no.ko"], ":6: there is no module"),
    "an extra module": (lambda lines: lines[1:], "is not in"),
    "a duplicate": (lambda lines: lines + lines[:1], ":6: "),
    "an absolute path": (lambda lines: ["/" + lines[0]] + lines[1:], ":1: an absolute path"),
    "a path upwards": (lambda lines: ["../" + lines[0]] + lines[1:], ":1: an absolute path"),
    "a path upwards within": (
        lambda lines: ["kernel/../" + lines[0]] + lines[1:], ":1: an absolute path"
    ),
    "an empty line": (lambda lines: lines[:2] + [""] + lines[2:], ":3: an empty line"),
    "a carriage return": (lambda lines: [lines[0] + "\r"] + lines[1:], ":1: a carriage return"),
    "no module": (lambda lines: ["kernel/a.txt"] + lines, ":1: no path of a module"),
    "100 MB in one line": (lambda lines: ["a" * 100_000_000], ":1: the line is too long"),
}


@pytest.mark.parametrize("fault", BAD_ORDERS)
def test_an_order_that_is_not_the_tree_s_is_refused(fault, tree):
    directory, contents = tree
    change, words = BAD_ORDERS[fault]
    order = directory / "modules.order"
    lines = change(order.read_text().splitlines())
    order.write_text("\n".join(lines) + "\n", newline="")
    for command in ("root", "prove"):
        refused(cli.run("merkle", command, directory), words)
    assert all(path.read_bytes() == data for path, data in contents)


def test_an_order_that_is_cut_off_is_refused(tree):
    order = tree[0] / "modules.order"
    order.write_text(order.read_text()[:-1])
    refused(cli.run("merkle", "root", tree[0]), ":5: no newline")


def test_an_order_that_cannot_be_read_does_not_pass_for_none(tree):
    order = tree[0] / "modules.order"
    order.unlink()
    order.symlink_to("/no/build/modules.order")
    refused(cli.run("merkle", "root", tree[0]), "modules.order", "No such file")
    order.unlink()
    order.symlink_to("modules.order")
    refused(cli.run("merkle", "prove", tree[0]), "modules.order", "symbolic links")


# --- the kernel's side ---------------------------------------------------------------


@pytest.fixture
def kernel(tmp_path):
    """Makes (vmlinux, tree, the modules' bytes in order)."""

    def make(section=hashed_kernel.Section(), machine="x86_64", count=5):
        (tmp_path / "k").mkdir()
        paths = hashed_kernel.modules(tmp_path / "modules", count, machine)
        image = hashed_kernel.vmlinux(tmp_path / "k", section, machine)
        return image, tmp_path / "modules", [path.read_bytes() for path in paths]

    return make


MACHINES = {"x86_64": "<", "i386": "<", "aarch64": "<", "s390x": ">"}


@pytest.mark.parametrize("machine", MACHINES)
def test_embed_writes_the_root_and_no_other_byte(machine, kernel):
    image, tree, modules = kernel(machine=machine)
    before = image.read_bytes()
    image.chmod(0o751)
    cli.ok("embed", image, "--modules", tree)
    levels, digest = merkle.root(modules)
    expected = struct.pack(MACHINES[machine] + "I", levels) + digest
    after = image.read_bytes()
    assert hashed_kernel.section_of(image, machine) == expected
    assert image.stat().st_mode & 0o777 == 0o751
    at = after.index(expected)
    assert after == before[:at] + expected + before[at + len(expected) :]
    assert cli.ok("merkle", "root", tree).strip() == merkle.text(levels, digest)
    cli.ok("merkle", "prove", "--root", image, tree)
    cli.ok("merkle", "verify", "--root", image, tree)
    cli.ok("merkle", "check", image, tree)


@pytest.mark.parametrize("capacity", [5, 9])
@pytest.mark.parametrize("machine", ["x86_64", "s390x"])
def test_embed_writes_a_sorted_list(machine, capacity, kernel, pki):
    image, tree, modules = kernel(hashed_kernel.list_section(capacity), machine)
    digests = sorted(subprocess.run(
        ["openssl", "dgst", "-sha256", "-binary"], input=data, check=True, capture_output=True
    ).stdout for data in modules)
    cli.ok("sign", "-k", pki / "p256-both.pem", tree)  # signatures do not count
    cli.ok("embed", image, "--modules", tree)
    expected = struct.pack(">I", 5) + b"".join(digests)
    assert hashed_kernel.section_of(image, machine) == expected.ljust(4 + 32 * capacity, b"\0")
    cli.ok("merkle", "check", image, tree)
    cli.ok("strip", tree)
    result = cli.document("merkle", "check", image, tree)
    assert (result["form"], result["digests"], result["status"]) == ("list", 5, 0)
    (tree / "m001.ko").write_bytes((tree / "m001.ko").read_bytes() + b"\0")
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"trusted": 4, "unknown-key": 1})


@pytest.mark.parametrize("section", [hashed_kernel.Section(), hashed_kernel.list_section(9)])
def test_embed_takes_no_module_that_the_tree_s_order_does_not_name(section, kernel):
    image, tree, _ = kernel(section)
    before = image.read_bytes()
    (tree / "modules.order").write_text("".join(f"m{i:03}.o\n" for i in range(4)))
    refused(cli.run("embed", image, "--modules", tree), "m004.ko' is not in")
    assert image.read_bytes() == before


@pytest.mark.parametrize("section", [hashed_kernel.Section(), hashed_kernel.list_section(9)])
def test_a_kernel_with_all_built_in_is_given_no_hash(section, kernel, tmp_path):
    image, tree, _ = kernel(section)
    cli.ok("embed", image, "--modules", tree)
    (tmp_path / "none").mkdir()
    refused(cli.run("embed", image, "--modules", tmp_path / "none"), "no module in directory")
    (tmp_path / "none/modules.order").write_text("")
    cli.ok("embed", image, "--modules", tmp_path / "none")
    assert hashed_kernel.section_of(image) == bytes(section.size)


def test_embed_can_leave_the_kernel_as_it_is(kernel, tmp_path):
    image, tree, _ = kernel()
    before = image.read_bytes()
    cli.ok("embed", image, "--modules", tree, "-o", tmp_path / "new")
    assert image.read_bytes() == before
    cli.ok("merkle", "check", tmp_path / "new", tree)


def test_the_documents_keep_to_their_schemas(kernel):
    image, tree, modules = kernel()
    expected = merkle.text(*merkle.root(modules))
    for arguments in (
        ["embed", image, "--modules", tree],
        ["merkle", "root", tree],
        ["merkle", "prove", "--dry-run", tree],
        ["merkle", "prove", tree],
        ["merkle", "verify", "--root", image, tree],
        ["merkle", "check", image, tree],
    ):
        result = cli.document(*arguments)
        assert (result["status"], result["root"]) == (0, expected), arguments
        bad = cli.document(*[tree.parent / "no" if part == tree else part for part in arguments])
        assert bad["status"] == 2 and "error" in bad


def test_a_dry_run_changes_nothing(tree):
    directory, contents = tree
    cli.ok("merkle", "prove", "--dry-run", directory)
    assert all(path.read_bytes() == data for path, data in contents)


def test_embedding_twice_is_embedding_once(kernel):
    image, tree, _ = kernel()
    cli.ok("embed", image, "--modules", tree)
    once = image.read_bytes()
    cli.ok("embed", image, "--modules", tree)
    assert image.read_bytes() == once


def stripped(image):
    subprocess.run(["strip", "-s", image], check=True)


def cut(image):
    image.write_bytes(image.read_bytes()[:-200])


def moved(symbol):
    """Makes the symbol point into the section's midst."""

    def change(image):
        subprocess.run(["objcopy", "-N", symbol, image], check=True)
        subprocess.run(
            ["objcopy", "--add-symbol", f"{symbol}=.module_hashes:4,global", image], check=True
        )

    return change


def no_elf(image):
    image.write_bytes(b"no kernel\n" * 100)


def header(**fields):
    return lambda image: hashed_kernel.set_header(image, ".module_hashes", **fields)


def over_the_section_table(image):
    start = int.from_bytes(image.read_bytes()[40:48], "little")
    hashed_kernel.set_header(image, ".module_hashes", offset=start)


def at(offset, *new):
    def change(image):
        data = bytearray(image.read_bytes())
        data[offset : offset + len(new)] = new
        image.write_bytes(data)

    return change


BAD_KERNELS = {
    "no section": (None, lambda image: None, "no section .module_hashes"),
    "a section without bytes": (
        hashed_kernel.Section(flags="aw", kind=", @nobits"), lambda image: None, "has no bytes"
    ),
    "a section of strings": (hashed_kernel.Section(), header(type=3), "type 3"),
    "a section of relocations": (hashed_kernel.Section(), header(type=9), "type 9"),
    "a compressed section": (hashed_kernel.Section(), header(flags=0x802), "compressed"),
    "a section past the end": (hashed_kernel.Section(), header(offset=2**63), "outside"),
    "a section that wraps around": (hashed_kernel.Section(), header(offset=2**64 - 36), "outside"),
    "a section over the ELF header": (hashed_kernel.Section(), header(offset=16), "headers"),
    "a section over the headers": (hashed_kernel.Section(), over_the_section_table, "headers"),
    "two sections": (
        hashed_kernel.Section(),
        lambda image: hashed_kernel.set_header(image, ".data", name=".module_hashes"),
        "two sections",
    ),
    "two sections, one without bytes": (
        hashed_kernel.Section(),
        lambda image: hashed_kernel.set_header(image, ".data", name=".module_hashes", type=8),
        "two sections",
    ),
    "section headers of 63 bytes": (hashed_kernel.Section(), at(58, 63), "headers of 63 bytes"),
    "no class": (hashed_kernel.Section(), at(4, 0), "no ELF file\n"),
    "a core": (hashed_kernel.Section(), at(16, 4), "core"),
    "a section of 35 bytes": (hashed_kernel.Section(35), lambda image: None, "35 bytes"),
    "a section of 37 bytes": (hashed_kernel.Section(37), lambda image: None, "37 bytes"),
    "a section of 4 bytes": (hashed_kernel.Section(4), lambda image: None, "4 bytes"),
    "a list that is too short": (
        hashed_kernel.list_section(4), lambda image: None, "has room for 4"
    ),
    "no symbols": (hashed_kernel.Section(), stripped, "stripped"),
    "a root's symbol elsewhere": (
        hashed_kernel.Section(), moved("module_hashes_root"), "module_hashes_root is not where"
    ),
    "a list's symbol elsewhere": (
        hashed_kernel.list_section(5), moved("module_hashes_list"), "module_hashes_list is not where"
    ),
    "cut off": (hashed_kernel.Section(), cut, "ELF"),
    "empty": (hashed_kernel.Section(), lambda image: image.write_bytes(b""), "no ELF file"),
    "no ELF": (hashed_kernel.Section(), no_elf, "no ELF file"),
    "another class": (
        hashed_kernel.Section(),
        lambda image: hashed_kernel.vmlinux(image.parent, machine="i386"),
        "for another machine",
    ),
    "another byte order": (
        hashed_kernel.Section(),
        lambda image: hashed_kernel.vmlinux(image.parent, machine="s390x"),
        "for another machine",
    ),
    "another machine": (
        hashed_kernel.Section(),
        lambda image: hashed_kernel.vmlinux(image.parent, machine="aarch64"),
        "for another machine",
    ),
}


@pytest.mark.parametrize("fault", BAD_KERNELS)
def test_a_kernel_that_hashes_do_not_belong_into_is_refused_and_left(fault, kernel):
    section, change, words = BAD_KERNELS[fault]
    image, tree, _ = kernel(section)
    change(image)
    before = image.read_bytes()
    refused(cli.run("embed", image, "--modules", tree), words)
    assert image.read_bytes() == before
    assert {path.name for path in image.parent.iterdir()} <= {"start.o", "vmlinux"}


@pytest.mark.plain
def test_a_kernel_that_is_cut_off_anywhere_is_refused_and_left(kernel):
    image, tree, _ = kernel()
    data = image.read_bytes()
    for length in [*range(0, len(data), 101), len(data) - 64, len(data) - 1]:
        image.write_bytes(data[:length])
        for command in (["embed", image, "--modules", tree], ["merkle", "check", image, tree]):
            assert cli.run(*command).returncode == 2, (length, command)
        assert image.read_bytes() == data[:length]


def test_an_object_file_is_no_vmlinux(kernel):
    image, tree, _ = kernel()
    refused(cli.run("embed", image.with_name("start.o"), "--modules", tree), "object file")


def test_a_module_that_cannot_be_read_leaves_the_kernel(kernel):
    image, tree, _ = kernel()
    before = image.read_bytes()
    (tree / "m002.ko").write_bytes(b"no module")
    refused(cli.run("embed", image, "--modules", tree), "m002.ko", "no ELF module")
    assert image.read_bytes() == before


def test_check_says_that_a_tree_is_another_build_s(kernel):
    image, tree, modules = kernel()
    cli.ok("embed", image, "--modules", tree)
    (tree / "m001.ko").write_bytes(modules[1] + b"\0")
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"unknown-key": 5})


def test_check_names_the_module_whose_proof_is_wrong(kernel):
    image, tree, modules = kernel()
    cli.ok("embed", image, "--modules", tree)
    cli.ok("merkle", "prove", tree)
    payload, proof = merkle.split((tree / "m001.ko").read_bytes())
    (tree / "m001.ko").write_bytes(payload + b"\0" + merkle.trailer(proof))
    done = cli.run("merkle", "check", image, tree)
    assert done.returncode == 1
    assert "m001.ko: unknown-key" in done.stdout and "m002" not in done.stdout, cli.said(done)


def proved(image, tree):
    """Embeds the root, gives every module its proof, and writes the order beside them."""
    order = "".join(f"{path.name}\n" for path in sorted(tree.glob("*.ko")))
    (tree / "modules.order").write_text(order)
    cli.ok("embed", image, "--modules", tree)
    cli.ok("merkle", "prove", tree)


def test_a_module_beside_the_build_s_takes_no_verdict_from_those(kernel):
    image, tree, modules = kernel()
    proved(image, tree)
    (tree / "updates").mkdir()
    (tree / "updates/dkms.ko").write_bytes(modules[0] + b"\0")
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"trusted": 5, "unknown-key": 1})
    (found,) = (one for one in result["modules"] if one["verdict"] != "trusted")
    assert found["path"].endswith("dkms.ko") and "is not in" in found["reason"]


def test_a_line_of_the_order_without_a_module_takes_no_verdict_from_the_proved(kernel):
    image, tree, modules = kernel()
    proved(image, tree)
    (tree / "m004.ko").unlink()
    (tree / "m003.ko").write_bytes(modules[3])
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"trusted": 3, "unknown-key": 1})
    (found,) = (one for one in result["modules"] if one["verdict"] != "trusted")
    assert "there is no module 'm004.ko'" in found["reason"]


def broken_trailer(path):
    path.write_bytes(path.read_bytes() + bytes(8) + b"\xff" * 4 + cli.MARKER)


def bytes_behind(path):
    subprocess.run(["xz", "--check=crc32", path], check=True)
    with open(f"{path}.xz", "ab") as file:
        file.write(b"more")


@pytest.mark.parametrize("change", [broken_trailer, bytes_behind])
def test_a_malformed_module_takes_no_verdict_from_the_others(change, kernel):
    image, tree, _ = kernel()
    cli.ok("embed", image, "--modules", tree)
    change(tree / "m001.ko")
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"malformed": 1, "unknown-key": 4})
    for found in result["modules"]:
        assert found["error"] is None
        assert found["verdict"] == "malformed" or "m001.ko" in found["reason"]


def test_a_module_for_another_machine_is_unknown(kernel, tmp_path):
    image, tree, _ = kernel()
    proved(image, tree)
    (foreign,) = hashed_kernel.modules(tmp_path / "other", 1, "aarch64")
    foreign.rename(tree / "m001.ko")
    result = cli.document("merkle", "check", image, tree)
    assert (result["status"], result["summary"]) == (1, {"trusted": 4, "unknown-key": 1})
    (found,) = (one for one in result["modules"] if one["verdict"] != "trusted")
    assert "for another machine" in found["reason"]


def test_a_kernel_that_no_build_has_filled_knows_no_module(kernel):
    image, tree, _ = kernel()
    assert cli.document("merkle", "check", image, tree)["summary"] == {"unknown-key": 5}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_bzimage_tells_the_root_of_the_vmlinux_in_it(compression, kernel, tmp_path):
    image, tree, modules = kernel()
    cli.ok("embed", image, "--modules", tree)
    subprocess.run(["objcopy", "-R", ".comment", "-S", image], check=True)
    data = image.read_bytes()
    packed = make_image.with_size(compression, make_image.pack(compression, data), len(data))
    (tmp_path / "bzImage").write_bytes(make_image.bzimage(packed))
    cli.ok("merkle", "check", tmp_path / "bzImage", tree)
    cli.ok("merkle", "prove", "--root", tmp_path / "bzImage", tree)
    result = cli.document("merkle", "verify", "--root", tmp_path / "bzImage", tree)
    assert result["root"] == merkle.text(*merkle.root(modules))


def test_an_image_without_hashes_is_refused(kernel):
    image, tree, _ = kernel(None)
    for arguments in (["check", image, tree], ["verify", "--root", image, tree]):
        refused(cli.run("merkle", *arguments), "no section .module_hashes")


BAD_SECTIONS = {
    "33 levels": (hashed_kernel.Section(), struct.pack("<I", 33) + bytes([1] * 32)),
    "no level and a hash": (hashed_kernel.Section(), bytes(4) + bytes([1] * 32)),
    "levels and no hash": (hashed_kernel.Section(), struct.pack("<I", 3) + bytes(32)),
    "more digests than room": (hashed_kernel.list_section(3), struct.pack(">I", 4)),
    "digests that descend": (
        hashed_kernel.list_section(3), struct.pack(">I", 2) + bytes([2] * 32) + bytes([1] * 32)
    ),
    "a digest twice": (hashed_kernel.list_section(3), struct.pack(">I", 2) + bytes([2] * 64)),
}


@pytest.mark.parametrize("fault", BAD_SECTIONS)
def test_a_section_that_no_kernel_could_use_is_refused(fault, kernel):
    section, content = BAD_SECTIONS[fault]
    image, tree, _ = kernel(section)
    new = image.with_name("content")
    new.write_bytes(content.ljust(section.size, b"\0"))
    subprocess.run(
        ["objcopy", "--update-section", f".module_hashes={new}", image], check=True
    )
    refused(cli.run("merkle", "check", image, tree), ".module_hashes")
