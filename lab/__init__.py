# SPDX-License-Identifier: LGPL-2.1-or-later
"""The lab: boots a real kernel in a virtual machine and asks it about module files.

    from lab import run
    for result in run(vmlinuz, ["a.ko", ("made up", b"...")], mode="enforcing"):
        print(result.path, result.errno, result.verdict)

The kernel is the reference of this project; README.md says what an answer means and
what the lab cannot tell.
"""

from .machine import CALLS, MODES, LabError, available, end_on_signals, run
from .report import Result

__all__ = ["CALLS", "MODES", "LabError", "Result", "available", "end_on_signals", "run"]
