# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a kernel that trusts our keys load what modseal signs with them? And does modseal
verify foresee each of its answers from the image alone?

The kernel is the lab's own (lab/build-kernel). The modules are real: they load, and are
unloaded. One question to the kernel in each mode is about all of them.
"""

import json
import pathlib
import random
import shutil
import types

import pytest

from support import cli
from support.files import forge
from support.hostile import mixed
from support.kernel import campaign, debian13, kernels, operators
from support.kernel.kernels import lab
from support.keys import known, mldsa
from support.runs import extent

pytestmark = pytest.mark.lab

SMALL = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"]
ML_DSA = ["mldsa44", "mldsa65", "mldsa87"]
HASHES = ["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"]


@pytest.fixture(scope="module")
def kernel():
    kernels.need_lab()
    return kernels.built()


@pytest.fixture(scope="module")
def module(kernel):
    return pathlib.Path(kernel.tree, "fs/nls/nls_ascii.ko")


def sign_all(directory, kernel, module):
    """NAME.ko for each kind and hash, signed by modseal."""
    keys = pathlib.Path(kernel.keys)
    for kind in [*SMALL, "own", "revoked", "stranger"]:
        for digest in HASHES if kind in SMALL else ["sha512"]:
            path = directory / f"{kind}-{digest}.ko"
            shutil.copyfile(module, path)
            cli.ok("sign", "--no-sync", "-k", keys / f"{kind}.key", "-c",
                   keys / f"{kind}.pem", "-H", digest, path)
    shutil.copyfile(module, directory / "unsigned.ko")
    good = (directory / "p384-sha512.ko").read_bytes()
    spoilt = bytearray(good)
    spoilt[len(spoilt) // 4] ^= 1
    (directory / "spoilt.ko").write_bytes(spoilt)
    (directory / "type-1.ko").write_bytes(good[:-38] + b"\1" + good[-37:])


@pytest.fixture(scope="module")
def files(kernel, module, tmp_path_factory):
    directory = tmp_path_factory.mktemp("signed")
    sign_all(directory, kernel, module)
    return directory


class Answers:
    """What both sides say of the files in a directory, by name without suffix."""

    def __init__(self, kernel, directory, call="finit", document=None):
        """document: what modseal verify said of the directory, if it was asked already."""
        paths = sorted(path for path in directory.iterdir() if ".ko" in path.name)
        self.call = call
        self.kernel = {}
        answers = kernels.ask_in_all_modes(kernel.vmlinuz, paths, call)
        for mode, results in answers.items():
            for path, result in zip(paths, results):
                self.kernel[path.name.partition(".")[0], mode] = result
        document = document or cli.document(
            "verify", "--kernel", kernel.vmlinuz, "--kernel-config", kernel.config, directory)
        self.modseal = {
            pathlib.Path(entry["path"]).name.partition(".")[0]: entry
            for entry in document["modules"]
        }
        assert len(self.modseal) == len(paths)

    def outcomes(self, name):
        return {self.kernel[name, mode].outcome for mode in lab.MODES}

    def differences(self):
        """(name, mode, the kernel's answer, modseal's) where these are not the same."""
        case = operators.Case("", "", b"", self.call)
        for (name, mode), result in self.kernel.items():
            kernel = campaign.kernel_says(result, mode)
            modseal = campaign.program_says(self.modseal[name], mode, case)
            if kernel != modseal:
                yield name, mode, kernel, modseal


@pytest.fixture(scope="module")
def answers(kernel, files):
    return Answers(kernel, files)


@pytest.mark.parametrize("kind", SMALL)
def test_a_module_signed_by_modseal_loads_clean_with_every_hash(answers, kind):
    for digest in HASHES:
        assert answers.outcomes(f"{kind}-{digest}") == {"clean"}, digest
        assert answers.modseal[f"{kind}-{digest}"]["verdict"] == "trusted"


def test_the_kernels_own_key_is_trusted(answers):
    assert answers.outcomes("own-sha512") == {"clean"}


def test_a_revoked_keys_module_is_refused_in_every_mode(answers):
    assert answers.outcomes("revoked-sha512") == {"refused"}
    for mode in lab.MODES:
        assert answers.kernel["revoked-sha512", mode].errno == "EKEYREJECTED"
    assert answers.modseal["revoked-sha512"]["verdict"] == "rejected"


def test_modseal_foresees_every_answer_from_the_image(answers):
    verdicts = {entry["verdict"] for entry in answers.modseal.values()}
    assert {"trusted", "unsigned", "unsupported", "unknown-key", "rejected"} <= verdicts
    assert list(answers.differences()) == []


def test_the_image_tells_trusted_from_revoked(kernel):
    listed = cli.document("certs", kernel.vmlinuz)["certificates"]
    places = {}
    for entry in listed:
        name = entry["subject"].partition(",")[0].removeprefix("CN=")
        places.setdefault(name, set()).add(entry["place"])
    assert places["own"] == {"own-key"}
    assert places["revoked"] == {"trusted", "revoked"}
    for kind in SMALL + ML_DSA:
        assert places[kind] == {"trusted"}


def write_lists(kernel, module, directory):
    """A file for each list of signers, NUMBER.ko; every tenth is a module that loads."""
    source = random.Random("lists")
    signatures = mldsa.Signatures()
    world = types.SimpleNamespace(**{
        name: known.Known(source, kernel.keys, kind, signatures)
        for name, kind in {"root": "p256", "revoked": "revoked", "withdrawn": "withdrawn",
                           "stranger": "stranger"}.items()})
    for number, names in enumerate(mixed.lists()):
        payload = module.read_bytes() if number % 10 == 0 else forge.TINY
        message = mixed.over(payload, lambda w, n=names: list(mixed.signers_of(w, n)), world)
        path = directory / f"{number:03}.ko"
        path.write_bytes(forge.append(payload, message.encode()))


def test_no_list_of_signers_is_judged_in_another_way_and_no_revoked_one_is_hidden(
    kernel, module, tmp_path
):
    """The kernel's errors, of all lists of up to three trusted, revoked, withdrawn and
    unknown signers; what mixed.py says of them is what other tests go by."""
    write_lists(kernel, module, tmp_path)
    answers = Answers(kernel, tmp_path)
    assert list(answers.differences()) == []
    for number, names in enumerate(mixed.lists()):
        result = answers.kernel[f"{number:03}", "enforcing"]
        assert campaign.kernel_says(result, "enforcing")[0] == mixed.kernel(names), names
        warnings = answers.modseal[f"{number:03}"]["warnings"]
        assert bool(warnings) == mixed.is_revoked(names), names


@pytest.fixture(scope="module")
def packed(files, tmp_path_factory):
    """The zstd ones signed after they were packed, as modseal does it."""
    directory = tmp_path_factory.mktemp("packed")
    for name in "p384-sha512", "revoked-sha512", "stranger-sha512", "unsigned":
        data = (files / f"{name}.ko").read_bytes()
        (directory / f"{name}.ko.zst").write_bytes(operators.zstd(data))
    for name, pack in (("crc32", operators.xz(operators.lzma.CHECK_CRC32)),
                       ("gzip", operators.gzip.compress)):
        data = (files / "p384-sha512.ko").read_bytes()
        suffix = ".gz" if name == "gzip" else ".xz"
        (directory / f"{name}.ko{suffix}").write_bytes(pack(data))
    return directory


def test_what_modseal_signs_inside_zstd_is_unpacked_and_loaded_by_the_kernel(
    kernel, module, packed
):
    path = packed / "inside.ko.zst"
    path.write_bytes(operators.zstd(module.read_bytes()))
    keys = pathlib.Path(kernel.keys)
    cli.ok("sign", "-k", keys / "p384.key", "-c", keys / "p384.pem", path)
    answers = Answers(kernel, packed, "compressed")
    assert answers.outcomes("inside") == answers.outcomes("p384-sha512") == {"clean"}
    assert answers.outcomes("revoked-sha512") == {"refused"}
    assert answers.outcomes("crc32") == answers.outcomes("gzip") == {"undecided"}
    assert list(answers.differences()) == []


@pytest.mark.parametrize("name", ["6.12", "7.3"])
def test_a_kernel_that_unpacks_xz_takes_no_other_check_than_crc32(name, tmp_path):
    found = kernels.kernel(name)
    data = kernels.module(name, campaign.MODULE[name])
    checks = operators.lzma
    for label, check in ("crc32", checks.CHECK_CRC32), ("crc64", checks.CHECK_CRC64), (
        "sha256", checks.CHECK_SHA256), ("none", checks.CHECK_NONE):
        (tmp_path / f"{label}.ko.xz").write_bytes(operators.xz(check, 0)(data))
    (tmp_path / "zstd.ko.zst").write_bytes(operators.zstd(data))
    kernels.need_lab()
    answers = Answers(found, tmp_path, "compressed")
    assert answers.outcomes("crc32") == {"clean"}
    assert answers.outcomes("crc64") == answers.outcomes("zstd") == {"undecided"}
    assert list(answers.differences()) == []


def test_what_modseal_signs_with_ml_dsa_loads_clean(kernel, module, tmp_path):
    if not extent.FULL and not debian13.machine_has_ml_dsa():
        pytest.skip("ML-DSA takes an OpenSSL of Debian 13: ./check --full lab")
    debian13.need()
    (tmp_path / "files").mkdir()
    for name in "vmlinuz", "config":
        shutil.copy(getattr(kernel, name), tmp_path / name)
    lines = []
    for kind in ML_DSA:
        for suffix in ".key", ".pem":
            shutil.copy(pathlib.Path(kernel.keys, kind + suffix), tmp_path)
        shutil.copyfile(module, tmp_path / "files" / f"{kind}.ko")
        lines.append(f"$MODSEAL sign --no-sync -k {kind}.key -c {kind}.pem files/{kind}.ko")
        lines.append(f"head -c 100 files/{kind}.ko >files/spoilt-{kind}.ko")
        lines.append(f"printf x >>files/spoilt-{kind}.ko")
        lines.append(f"tail -c +102 files/{kind}.ko >>files/spoilt-{kind}.ko")
    lines.append("{ $MODSEAL verify --json --kernel vmlinuz --kernel-config config files"
                 " >verdicts.json; [ $? = 1 ]; }")
    debian13.run(tmp_path, *lines)
    document = json.loads((tmp_path / "verdicts.json").read_text())
    answers = Answers(kernel, tmp_path / "files", document=document)
    for kind in ML_DSA:
        assert answers.outcomes(kind) == {"clean"}
        assert answers.outcomes(f"spoilt-{kind}") == {"refused"}
    assert list(answers.differences()) == []
