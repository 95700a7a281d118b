# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do the kernels trust every module that their distribution made for them, and what do
they do with copies of these that are not as they were made?

Each is loaded for real, or fails for a reason behind the signature check. Every tenth
of them, since all take two minutes; with FULL=true in the environment all of them. The
copies are of modules that load without hardware, and modseal verify is asked as well.
"""

import functools
import lzma
import os
import pathlib

import pytest

from support import campaign, cli, forge, kernels, operators

pytestmark = pytest.mark.lab

FULL = os.environ.get("FULL") == "true"
CHANGED = 60 if FULL else 12  # modules of which there are copies
# what becomes of a copy in each of the lab's modes: permissive, enforcing, lockdown
CLEAN = ["clean"] * 3
TOLERATED = ["tainted", "EKEYREJECTED", "EPERM"]
REFUSED = ["EKEYREJECTED"] * 3
EXPECTED = {
    "signed": CLEAN,
    "stripped": TOLERATED,
    "resigned": TOLERATED,
    "flipped-start": REFUSED,
    "flipped-middle": REFUSED,
    "flipped-end": REFUSED,
}


def unpacked(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


@functools.cache
def as_shipped(name):
    """(path, what the enforcing kernel says of it) of every module, or every tenth."""
    paths = kernels.module_paths(name)
    assert len(paths) > 900
    if not FULL:
        paths = paths[::10]
    call = "finit" if name == "6.1" else "compressed"
    return list(zip(paths, kernels.ask(name, paths, mode="enforcing", calls=[call])))


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_every_module_of_a_kernel_is_trusted_by_it(name):
    results = [result for _, result in as_shipped(name)]
    others = [result for result in results if result.verdict != "trusted"]
    assert not others
    assert sum(result.outcome == "clean" for result in results) > len(results) // 5


@pytest.fixture(scope="module")
def stranger(tmp_path_factory):
    from lab import keys

    return keys.make(tmp_path_factory.mktemp("stranger"), "p384")


def copies(data, stranger):
    payload, signature = forge.split(data)
    yield "signed", data
    yield "stripped", payload
    yield "resigned", forge.append(payload, forge.cms(payload, stranger, "sha512"))
    for where, at in ("start", 64), ("middle", len(payload) // 2), ("end", -1):
        flipped = forge.flip(payload, at % len(payload))
        yield f"flipped-{where}", forge.append(flipped, signature)


def files_of(name, directory, stranger):
    """For each copy: a file as it is, and one packed as the kernel unpacks it."""
    shipped = [path for path, result in as_shipped(name) if result.outcome == "clean"]
    shipped.sort(key=lambda path: path.stat().st_size)
    pack = operators.xz(lzma.CHECK_CRC32, 0)
    for number, path in enumerate(shipped[:CHANGED]):
        for kind, data in copies(unpacked(path), stranger):
            (directory / f"{kind}-{number:02}.ko").write_bytes(data)
            (directory / f"{kind}-{number:02}.ko.xz").write_bytes(pack(data))
    assert len(list(directory.iterdir())) == min(CHANGED, len(shipped)) * len(EXPECTED) * 2
    assert len(shipped) >= 10


def what_became(result):
    return result.errno or result.outcome


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_a_module_that_is_not_as_it_was_made_is_told_apart_by_kernel_and_modseal(
    name, tmp_path, stranger
):
    kernels.need_lab()
    files_of(name, tmp_path, stranger)
    found = kernels.kernel(name)
    document = cli.document(
        *["verify", "--kernel", found.vmlinuz, "--kernel-config", found.config, tmp_path],
    )
    foreseen = {pathlib.Path(each["path"]).name: each for each in document["modules"]}
    wrong = []
    for suffix, call in (".ko", "finit"), (".ko.xz", "compressed"):
        case = operators.Case("", "", b"", call)
        paths = sorted(path for path in tmp_path.iterdir() if path.name.endswith(suffix))
        answers = kernels.ask_in_all_modes(found.vmlinuz, paths, call)
        for at, (mode, results) in enumerate(answers.items()):
            for path, result in zip(paths, results):
                kernel = campaign.kernel_says(result, mode)
                modseal = campaign.program_says(foreseen[path.name], mode, case)
                expected = EXPECTED[path.name.rpartition("-")[0]][at]
                if call == "compressed" and name == "6.1":  # which unpacks nothing
                    expected = "EOPNOTSUPP"
                if what_became(result) != expected or kernel != modseal:
                    wrong.append((path.name, mode, what_became(result), kernel, modseal))
    assert not wrong
