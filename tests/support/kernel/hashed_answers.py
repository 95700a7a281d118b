# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a kernel that knows its modules answered to all cases, asked once."""

import concurrent.futures
import os

import pytest

from support.kernel import hashed_cases, kernels, patched
from support.kernel.kernels import lab

TAINT_UNSIGNED = 1 << 13


class Answers:
    """What a kernel said of the cases, by case and mode."""

    def __init__(self, name):
        self.found = kernels.hashed(name)
        self.form = patched.split_name(name)[1]
        self.build = patched.Build(vars(self.found))
        maker = hashed_cases.Maker(self.build, self.found.keys, self.form)
        # the kernel's own taint stays: what must leave none is asked first
        self.cases = sorted(maker.cases(), key=lambda case: case.expected != "trusted")
        assert len({case.name for case in self.cases}) == len(self.cases)
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            asked = {mode: pool.submit(self.ask, mode) for mode in lab.MODES}
            self.results = {mode: answer.result() for mode, answer in asked.items()}

    def ask(self, mode):
        cases = [case for case in self.cases if mode in case.modes]
        files = [(case.name, case.data, case.call) for case in cases]
        results = lab.run(self.found.vmlinuz, files, mode=mode)
        return list(zip(cases, results))

    def of(self, prefix):
        """(mode, case, result) of the cases whose names begin so."""
        found = [
            (mode, case, result)
            for mode, results in self.results.items()
            for case, result in results
            if case.name.startswith(prefix)
        ]
        assert found, prefix
        return found

    def wrong(self, *prefixes):
        """What is not as the rule has it."""
        for prefix in prefixes:
            for mode, case, result in self.of(prefix):
                expected = case.answer(mode)
                if (result.errno, result.outcome) != expected:
                    yield mode, case.name, expected, result
                elif mode == "enforcing" and result.verdict != case.expected:
                    yield mode, case.name, case.expected, result


@pytest.fixture(scope="module", params=patched.ASKED_NAMES)
def answers(request):
    kernels.need_lab()
    return Answers(request.param)
