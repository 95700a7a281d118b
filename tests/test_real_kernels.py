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

from support import cli
from support.files import forge
from support.kernel import campaign, kernels, operators
from support.runs import extent

pytestmark = pytest.mark.lab

CHANGED = 60 if extent.FULL else 12  # modules of which there are copies
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
    if not extent.FULL:
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
    yield "resigned", forge.append(payload, forge.cms(payload, stranger))
    for where, at in ("start", 64), ("middle", len(payload) // 2), ("end", -1):
        flipped = forge.flip(payload, at % len(payload))
        yield f"flipped-{where}", forge.append(flipped, signature)


def changed(name, stranger):
    """(name of a file, content, call) for each copy: as it is, and packed as the kernel
    unpacks it."""
    shipped = [path for path, result in as_shipped(name) if result.outcome == "clean"]
    shipped.sort(key=lambda path: path.stat().st_size)
    assert len(shipped) >= 10
    pack = operators.xz(lzma.CHECK_CRC32, 0)
    for number, path in enumerate(shipped[:CHANGED]):
        for kind, data in copies(unpacked(path), stranger):
            yield f"{kind}-{number:02}.ko", data, "finit"
            yield f"{kind}-{number:02}.ko.xz", pack(data), "compressed"


def expected_of(name, case, at):
    """What becomes of it in the mode of that number."""
    if case.call == "compressed" and name == "6.1":  # which unpacks nothing
        return "EOPNOTSUPP"
    return EXPECTED[case.name.rpartition("-")[0]][at]


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_a_module_that_is_not_as_it_was_made_is_told_apart_by_kernel_and_modseal(
    name, tmp_path, stranger
):
    kernels.need_lab()
    files = list(changed(name, stranger))
    for label, data, _ in files:
        (tmp_path / label).write_bytes(data)
    found = kernels.kernel(name)
    document = cli.document(
        *["verify", "--kernel", found.vmlinuz, "--kernel-config", found.config],
        *["--no-crypto-modules", tmp_path],
    )
    foreseen = {pathlib.Path(each["path"]).name: each for each in document["modules"]}
    answers = kernels.ask_in_all_modes(found.vmlinuz, files, "finit")
    wrong = []
    for at, (mode, results) in enumerate(answers.items()):
        for (label, _, call), result in zip(files, results):
            case = operators.Case("", label, b"", call)
            kernel = campaign.kernel_says(result, mode)
            modseal = campaign.program_says(foreseen[label], mode, case)
            became = result.errno or result.outcome
            if became != expected_of(name, case, at) or kernel != modseal:
                wrong.append((label, mode, became, kernel, modseal))
    assert not wrong
    assert len(foreseen) == len(files) == len(set(files))
