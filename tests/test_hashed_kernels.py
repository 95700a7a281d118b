# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a kernel with kernel/patches load what it should, and nothing else? And does
modseal verify foresee each answer from the image alone?

The kernels are built by lab/build-kernel, in both forms; with FULL=true in the environment
those of all series. What they have to answer is in support/kernel/hashed_cases.py. One question to
a kernel in each mode is about all of it.
"""

import pathlib
import re
import shutil
import subprocess

import pytest

from support import cli
from support.files import merkle
from support.kernel import campaign, operators
from support.kernel.kernels import lab
from support.runs import watch
from lab import machine
from support.kernel.hashed_answers import TAINT_UNSIGNED
from support.kernel.hashed_answers import answers  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.lab, pytest.mark.hashed]


def test_every_module_of_the_build_loads_clean_without_a_signature(answers):
    assert set(answers.build.installed) == set(answers.build.names)
    for _, _, result in answers.of("own-"):
        assert (result.errno, result.outcome) == (None, "clean"), result


def test_a_module_of_no_kernel_loads_clean_once_it_is_signed(answers):
    prefixes = "signed-", "unsigned-", "stranger-", "revoked-", "failing-"
    assert list(answers.wrong(*prefixes)) == []


def test_a_module_is_known_without_its_proof_only_by_a_list(answers):
    expected = "trusted" if answers.form == "list" else "unsigned"
    assert {case.expected for _, case, _ in answers.of("stripped-")} == {expected}
    assert list(answers.wrong("stripped-")) == []


def test_a_change_anywhere_in_a_module_is_noticed(answers):
    assert len(answers.of("tampered-section-")) > 20
    assert list(answers.wrong("tampered-")) == []


def test_a_module_of_another_build_is_not_known(answers):
    assert list(answers.wrong("rebuilt", "outside-with-proof")) == []


WRONG_PROOFS = ["sibling-", "position-", "levels-", "truncated-", "swapped-", "fields-",
                "type-"]


@pytest.mark.parametrize("prefix", WRONG_PROOFS)
def test_a_wrong_proof_vouches_for_nothing(answers, prefix):
    assert list(answers.wrong(prefix)) == []


def test_a_length_beyond_the_file_is_malformed(answers):
    assert list(answers.wrong("sig-len-", "only-a-marker", "marker-")) == []


def test_the_outermost_trailer_that_vouches_or_fails_ends_it(answers):
    assert list(answers.wrong("order-")) == []


def test_eight_trailers_are_looked_at_and_nine_are_malformed(answers):
    assert list(answers.wrong("depth-")) == []


def test_a_module_loaded_by_force_is_one_that_nobody_vouches_for(answers):
    assert list(answers.wrong("forced-")) == []


def test_a_live_patch_is_judged_as_any_other_module(answers):
    assert list(answers.wrong("livepatch-")) == []
    loaded = [result for _, _, result in answers.of("livepatch-") if result.errno is None]
    assert len(loaded) == 2 * len(lab.MODES) + 2
    assert all("K" in result.taint for result in loaded)


def test_a_compressed_module_is_judged_by_what_is_inside(answers):
    assert list(answers.wrong("compressed-")) == []


def test_the_kernel_is_tainted_only_by_what_nobody_vouched_for(answers):
    tainted = [
        (case.expected, bool(result.kernel_taint[1] & TAINT_UNSIGNED))
        for case, result in answers.results["permissive"]
    ]
    assert ("trusted", True) not in tainted
    assert ("unsigned", True) in tainted


def test_modseal_foresees_every_answer_from_the_image(answers, tmp_path):
    cases = [case for case in answers.cases if case.call in ("finit", "compressed")]
    directory = tmp_path / "files"
    directory.mkdir()
    for number, case in enumerate(cases):
        (directory / f"{number:04}.ko").write_bytes(case.data)
    found = answers.found
    document = cli.document("verify", "--kernel", found.vmlinuz, "--kernel-config",
                            found.config, directory)
    said = dict(zip((case.name for case in cases), document["modules"]))
    assert len(document["modules"]) == len(cases)
    assert {name: said[name]["verdict"] for name in said} == {
        case.name: case.expected for case in cases}
    for mode, results in answers.results.items():
        for case, result in results:
            if case.name in said:
                asked = operators.Case("", case.name, b"", case.call)
                program = campaign.program_says(said[case.name], mode, asked)
                assert campaign.kernel_says(result, mode) == program, (mode, case.name)


def section(path, directory, name=".module_hashes"):
    out = directory / "section"
    command = ["objcopy", "-O", "binary", "--only-section", name, path, out]
    subprocess.run(command, check=True)
    return out.read_bytes()


def test_what_is_embedded_is_what_hashlib_says(answers, tmp_path):
    data = section(answers.found.vmlinux, tmp_path)
    if answers.form == "merkle":
        levels, digest = answers.build.root
        assert data == levels.to_bytes(4, "little") + digest
    else:
        digests = answers.build.digests()
        count = len(digests).to_bytes(4, "big")
        assert data == (count + b"".join(digests)).ljust(len(data), b"\0")


def test_a_list_leaves_modules_as_they_were_built_and_a_tree_appends_a_proof(answers):
    build = answers.build
    for name, payload, proof in zip(build.names, build.payloads, build.proofs):
        if answers.form == "merkle":
            payload += merkle.trailer(proof)
        assert build.unpacked(name) == payload


def test_modseal_finds_that_the_installed_modules_are_those_of_the_kernel(answers):
    for image in answers.found.vmlinux, answers.found.vmlinuz:
        cli.ok("merkle", "check", image, answers.found.modules)


def test_modseal_embeds_what_the_kernels_own_tool_does(answers, tmp_path):
    image, zeros = tmp_path / "vmlinux", tmp_path / "zeros"
    zeros.write_bytes(bytes(len(section(answers.found.vmlinux, tmp_path))))
    shutil.copy(answers.found.vmlinux, image)
    command = ["objcopy", "--update-section", f".module_hashes={zeros}", image]
    subprocess.run(command, check=True)
    assert section(image, tmp_path) == zeros.read_bytes()
    order = pathlib.Path(answers.found.tree, "modules.order")
    cli.ok("embed", image, "--modules", answers.found.tree, "--modules-order", order)
    assert section(image, tmp_path) == section(answers.found.vmlinux, tmp_path)


def test_the_kernels_own_tool_knows_the_same_modules(answers, tmp_path):
    tool = pathlib.Path(answers.found.tree, "scripts", "module-hashes")
    own, others = tmp_path / "own", tmp_path / "others"
    for directory in own, others:
        directory.mkdir()
    for name in answers.build.names:
        (own / f"{name}.ko").write_bytes(answers.build.unpacked(name))
    for name, data in answers.build.outside:
        (others / f"{name}.ko").write_bytes(data)

    def check(files):
        command = [tool, "check", answers.found.vmlinux, *files]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert check(sorted(own.iterdir())) == 0
    for path in others.iterdir():
        assert check([path]) == 1
    for case in answers.cases:
        if case.name.startswith((*WRONG_PROOFS, "sig-len-", "marker-")):
            path = tmp_path / "case.ko"
            path.write_bytes(case.data)
            assert check([path]) == int(case.expected != "trusted"), case.name


def console(vmlinuz, arguments):
    """What a kernel says that has nothing to start, and so ends in a panic."""
    command = [machine.QEMU, *machine.base_arguments(machine.accelerator()), "-m", "256",
               "-kernel", vmlinuz, "-serial", "stdio", "-append", arguments]
    done = watch.run(command, stdin=subprocess.DEVNULL, capture_output=True)
    return done.stdout.decode(errors="replace")


def test_the_patches_own_tests_pass_at_boot(answers):
    said = console(answers.found.vmlinuz,
                   "console=ttyS0 kunit.enable=1 panic=-1 no_timer_check")
    results = re.findall(r"\b(ok|not ok) \d+ (\S*hashes\S*)", said)
    assert results and all(word == "ok" for word, _ in results), said[-3000:]
