# SPDX-License-Identifier: LGPL-2.1-or-later
"""strace, by which a system call of a run fails, waits or is the last."""

import os
import shutil
import subprocess

import pytest


def need():
    """Skips where it is not there, or may not trace and inject."""
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine")
    done = subprocess.run(["strace", "-qq", "-e", "inject=fsync:error=EIO", "true"],
                          capture_output=True, check=False)
    if done.returncode:
        pytest.skip("strace may not trace or inject here")


def need_refused_memory():
    """Skips where a mapping that is refused never comes back to the program."""
    if "ASAN_OPTIONS" in os.environ:
        pytest.skip("AddressSanitizer tries for ever to map memory")
