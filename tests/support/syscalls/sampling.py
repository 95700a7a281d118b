# SPDX-License-Identifier: LGPL-2.1-or-later
"""A seeded part of a scenario's cases, on all cores."""

import multiprocessing
import os
import random
import traceback

from . import faults, scenarios, world


def draw(seed, *about):
    """A number below 1 that hangs on nothing but the seed and what it is for: two workers
    need not have seen quite the same calls."""
    return random.Random(f"{seed} {' '.join(map(str, about))}").random()


def choose(cases, share, seed, name):
    """A share of the [(case, worth)] that are worth something, more of what is worth more;
    for 1 all there are."""
    if share >= 1:
        return [case for case, _ in cases]
    worth = [(case, weight) for case, weight in cases if weight > 0]
    ranked = sorted(worth, reverse=True,
                    key=lambda pair: draw(seed, name, pair[0]) ** (1 / pair[1]))
    chosen = {case for case, _ in ranked[: max(1, round(share * len(worth)))]}
    return [case for case, _ in cases if case in chosen]


def pick(ground, share, seed):
    """What ld.so does before the program begins is only asked about where all is. Other
    programs that it starts have their own tests."""
    wanted = ("program", "loader") if share >= 1 else ("program",)
    calls = [call for call in ground.calls if call.by in wanted]
    return choose(list(faults.cases(calls)), share, seed, ground.scenario.name)


def work(name, pki, share, seed, part=0, parts=1):
    """[(case, what is wrong)] of every part-th case, and how many there were."""
    place = world.World(pki)
    try:
        ground = faults.Ground(scenarios.BY_NAME[name], place)
        chosen = pick(ground, share, seed)[part::parts]
        found = [(str(case), wrong) for case in chosen
                 if (wrong := faults.judge(ground, case, share >= 1)[0])]
        return found, len(chosen)
    finally:
        place.close()


def safely(function, *arguments):
    try:
        return function(*arguments)
    except Exception:  # not all of them can be pickled
        return [("the harness itself", [traceback.format_exc()])], 0


class Workers:
    """Processes, one a core, each of which does one thing and ends."""

    def __init__(self):
        self.count = os.cpu_count() or 1
        scenarios.module()  # which all of them need
        self.pool = multiprocessing.get_context("fork").Pool(self.count, maxtasksperchild=1)

    def begin(self, function, *arguments):
        return self.pool.apply_async(safely, (function, *arguments))

    def spread(self, function, *arguments):
        """What all parts have found together, and how many cases there were."""
        begun = [self.begin(function, *arguments, part, self.count) for part in range(self.count)]
        results = [one.get() for one in begun]
        return [fault for found, _ in results for fault in found], sum(n for _, n in results)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.pool.terminate()


def report(name, found, count, limit=20):
    """What a test says that fails."""
    lines = [f"{len(found)} of {count} cases went wrong; one of them again:"]
    for case, wrong in found[:limit]:
        lines.append(f"  tests/syscalls/run '{name}' {case}")
        lines += [f"      {text}" for text in wrong]
    return "\n".join(lines)
