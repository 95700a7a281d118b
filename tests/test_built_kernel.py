# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a kernel that trusts our keys load what modseal signs with them? And does modseal
verify foresee each of its answers from the image alone?

The kernel is the lab's own (lab/build-kernel). The modules are real: they load, and are
unloaded. One question to the kernel in each mode is about all of them.
"""

import json
import pathlib
import shutil

import pytest

from support import cli
from support.hostile import mixed
from support.kernel import campaign, debian13, kernels, operators
from support.kernel.kernels import lab
from support.runs import extent
from support.kernel.built_answers import Answers, HASHES, ML_DSA, SMALL, write_lists
from support.kernel.built_answers import (  # noqa: F401  (fixtures)
    answers, files, kernel, module, packed)

pytestmark = pytest.mark.lab


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
