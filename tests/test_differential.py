# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the judge say of hostile files what real kernels say? A share of what
tests/differential.py can ask, on each kernel with a key of each family."""

import differential
import pytest
from support import kernels

pytestmark = pytest.mark.lab

# Debian's 6.1 has no ECDSA
ASKED = [
    ("6.1", "rsa2048", 400),
    ("6.1", "own", 100),
    ("6.12", "p256", 400),
    ("6.12", "own", 100),
    ("7.3", "p256", 1000),
    ("7.3", "rsa2048", 400),
    ("7.3", "own", 200),
]


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
