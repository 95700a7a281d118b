# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do the kernels trust every module that their distribution made for them?

Each is loaded for real, or fails for a reason behind the signature check. Every tenth
of them, since all take two minutes; with FULL=true in the environment all of them.
"""

import os

import pytest

from support import kernels

pytestmark = pytest.mark.lab


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_every_module_of_a_kernel_is_trusted_by_it(name):
    paths = kernels.module_paths(name)
    assert len(paths) > 900
    if os.environ.get("FULL") != "true":
        paths = paths[::10]
    call = "finit" if name == "6.1" else "compressed"
    results = kernels.ask(name, paths, mode="enforcing", calls=[call])
    others = [result for result in results if result.verdict != "trusted"]
    assert len(results) == len(paths)
    assert not others
    assert sum(result.outcome == "clean" for result in results) > len(paths) // 5
