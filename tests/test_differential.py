# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does modseal say of hostile files what real kernels say? A share of what
tests/differential.py can ask: 4,000 cases to one kernel in two modes; with FULL=true in
the environment 21,000 with a fresh seed to each kernel in all modes, as its --campaign."""

import os
import pathlib
import secrets

import differential
import lab
import pytest
from support import cli
from support.kernel import campaign, debian13, kernels
from support.runs import extent

pytestmark = pytest.mark.lab

# Debian's 6.1 has no ECDSA
ASKED = [
    ("6.1", "rsa2048", 300),
    ("6.12", "p256", 300),
]


def campaign_against(name, count, seed, modes, plans=None):
    """The campaign's report; the numbers go into the log of ./check."""
    kernels.need_lab()
    found = kernels.built() if name == "built" else kernels.kernel(name)
    keep = differential.BUILD / "mismatches"
    jobs = os.cpu_count() or 1
    return campaign.run(name, vars(found), count, seed, modes, cli.PROGRAM, jobs, keep,
                        plans)


@pytest.mark.skipif(extent.FULL, reason="all kernels are asked more")
def test_the_newest_kernel_and_modseal_agree_on_4000_cases(capsys):
    plans = [plan for plan in campaign.PLANS["7.3"] if not plan.ml_dsa]  # no Debian 13
    report = campaign_against("7.3", 4000, "1", ["enforcing", "permissive"], plans)
    with capsys.disabled():
        report.print()
    assert report.shortfalls(4000, 80, 20) == []
    assert report.mismatches == []


@pytest.mark.skipif(not extent.FULL, reason="the whole campaign: ./check --full lab")
@pytest.mark.parametrize("name", campaign.UNPATCHED_PLANS)
def test_a_kernel_and_modseal_agree_on_21000_cases(capsys, name):
    if any(plan.ml_dsa for plan in campaign.PLANS[name]):
        debian13.need()
    seed = secrets.token_hex(4)
    report = campaign_against(name, 21000, seed, list(lab.MODES))
    with capsys.disabled():
        report.print()
    assert report.shortfalls(20000, 500, 100) == [], seed
    assert report.mismatches == [], seed


def test_a_program_that_goes_by_another_kernels_rules_is_found_out(tmp_path, capsys):
    """The comparison has to be able to fail."""
    kernels.need_lab()
    wrong = tmp_path / "modseal"
    wrong.write_text(f'#!/bin/sh\nexec {cli.PROGRAM} "$@" --kernel-release 6.1.0\n')
    wrong.chmod(0o755)
    found = vars(kernels.kernel("7.3"))
    plans, keep = [campaign.Plan("p256", 1)], tmp_path / "kept"
    report = campaign.run("7.3", found, 120, "1", ["enforcing"], wrong, 1, keep, plans)
    assert report.mismatches
    printed = [line for line in capsys.readouterr().out.splitlines() if "MISMATCH" in line]
    assert len(printed) == len(report.mismatches)
    for line, one in zip(printed, report.mismatches):
        assert f"kernel {one.kernel}, modseal {one.program}" in line
        path = pathlib.Path(line.rpartition("(")[2].rstrip(")"))
        assert path.read_bytes() == one.case.data


def test_a_seed_makes_the_same_cases_again_and_another_makes_others():
    found = vars(kernels.kernel("7.3"))

    def files(seed, plan):
        share = campaign.Share("7.3", found, seed, plan)
        share.make(80, set())
        return [case.data for case in share.cases]

    for plan in campaign.Plan("p256", 1), campaign.Plan("own", 1):
        made = files("1", plan)
        assert made == files("1", plan)
        assert len(set(made)) == len(made)
        # there are not that many ways to bend one message of a kernel's
        assert len(set(made) & set(files("2", plan))) < len(made) // 2


@pytest.mark.parametrize("kernel, root, count", ASKED)
def test_the_judge_agrees_with_the_kernel(kernel, root, count):
    kernels.need_lab()
    kernels.kernel(kernel)
    if not differential.JUDGE.exists():
        pytest.skip(f"no {differential.JUDGE}: build it with ninja -C build")
    compared = differential.compare(kernel, root, count)
    answers = {case[2] for case in compared}
    # the comparison must have been about something
    assert {"0", "EBADMSG", "EKEYREJECTED", "EINVAL", "ENOKEY"} <= answers
    assert [(name, *rest) for name, _, *rest in compared if rest[0] != rest[1]] == []


def test_a_judge_by_another_kernels_rules_is_found_out(tmp_path):
    kernels.need_lab()
    kernels.kernel("7.3")
    wrong = tmp_path / "judge"
    wrong.write_text(f'#!/bin/sh\nshift; exec {differential.JUDGE} 6.1.0 "$@"\n')
    wrong.chmod(0o755)
    compared = differential.compare("7.3", "p256", 100, judge=wrong)
    assert any(case[2] != case[3] for case in compared)
