# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does modseal say of any stack of trailers what a kernel with kernel/patches says? A share
of `tests/differential.py --campaign --kernel 7.3-merkle`: 1,500 cases in two modes; with
FULL=true in the environment 7,000 with a fresh seed to each of them in all modes."""

import os
import secrets

import differential
import lab
import pytest
from support import cli
from support.hostile import stacks
from support.kernel import campaign, kernels, patched
from support.runs import extent

pytestmark = [pytest.mark.lab, pytest.mark.hashed]
LIST, MERKLE = f"{patched.ASKED[0]}-list", f"{patched.ASKED[0]}-merkle"


def campaign_against(name, count, seed, modes, **options):
    """The campaign's report; the numbers go into the log of ./check."""
    kernels.need_lab()
    found = vars(kernels.hashed(name))
    options.setdefault("program", cli.PROGRAM)
    options.setdefault("keep", differential.BUILD / "mismatches")
    return campaign.run(
        name, found, count, seed, modes, jobs=os.cpu_count() or 1, **options)


@pytest.mark.skipif(extent.FULL, reason="all of these kernels are asked more")
@pytest.mark.parametrize("name, count", [(MERKLE, 1000), (LIST, 500)])
def test_a_patched_kernel_and_modseal_agree_on_a_share_of_the_cases(capsys, name, count):
    plans = [plan for plan in campaign.PLANS[name] if plan.stacks]
    report = campaign_against(name, count, "1", ["enforcing", "permissive"], plans=plans)
    with capsys.disabled():
        report.print()
    assert report.mismatches == []
    assert report.operators.keys() == {*stacks.OPERATORS, "compressed"}
    assert min(report.operators.values()) >= count // 20
    for verdict in campaign.VERDICTS:
        assert report.verdicts[verdict] >= 10, verdict


@pytest.mark.skipif(not extent.FULL, reason="the whole campaign: ./check --full hashed")
@pytest.mark.parametrize("name", patched.ASKED_NAMES)
def test_a_patched_kernel_and_modseal_agree_on_7000_cases(capsys, name):
    seed = secrets.token_hex(4)
    report = campaign_against(name, campaign.HASHED_CASES, seed, list(lab.MODES))
    with capsys.disabled():
        report.print()
    assert report.shortfalls(*campaign.promised(name)) == [], seed
    assert report.mismatches == [], seed


def test_a_program_that_goes_by_another_kernels_hashes_is_found_out(tmp_path):
    """The comparison has to be able to fail."""
    other = kernels.hashed(LIST)
    wrong = tmp_path / "modseal"
    wrong.write_text(f'#!/bin/sh\ncp {other.vmlinuz} vmlinuz\nexec {cli.PROGRAM} "$@"\n')
    wrong.chmod(0o755)
    plans = [campaign.Plan("p256", 1, stacks=True)]
    report = campaign_against(MERKLE, 60, "1", ["enforcing"], program=wrong,
                              plans=plans, keep=tmp_path / "kept")
    assert report.mismatches
