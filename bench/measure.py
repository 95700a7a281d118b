# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command and says what it took: wall time, CPU time and peak memory."""

import dataclasses
import os
import statistics
import subprocess
import time


@dataclasses.dataclass
class Figure:
    wall: float  # seconds
    cpu: float  # seconds, user and system, of the process and those it waited for
    memory: float  # bytes, the largest resident set of any of them


class Failed(Exception):
    pass


def run(command, statuses=(0,)):
    """Runs @command, whose output is dropped; raises Failed on another status."""
    start = time.monotonic()
    process = subprocess.Popen(
        [os.fspath(part) for part in command],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    wall = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in statuses:
        raise Failed(f"{command} ended with {process.returncode}")
    return Figure(wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


def median(figures):
    """The median of each of the three; of memory, the worst."""
    return Figure(
        statistics.median(figure.wall for figure in figures),
        statistics.median(figure.cpu for figure in figures),
        max(figure.memory for figure in figures),
    )
