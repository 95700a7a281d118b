# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of a job that nobody can do without, each measured alone, as CPU time.

Key operations and hashing come from `openssl speed`, one process a core, since a core is
slower while its neighbours work, too; packing and
unpacking from xz itself, called on batches of files so that its start does not count,
with the settings that the kernel's build uses (and modseal). Nothing here runs modseal.

How fast a machine is changes by a tenth within minutes where others share it. What is
quick to measure is therefore measured again before each run of a job, and the median
taken as of the job; packing and unpacking, which take minutes, are measured once.
"""

import re
import statistics
import subprocess

import measure
import trees

SECONDS = 1
XZ = "xz --check=crc32 --lzma2=dict=1MiB -c"
SPEED = {"p384": "ecdsap384", "rsa4096": "rsa4096"}


def speed(*arguments):
    """What it says of all cores together."""
    return subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), "-multi", str(trees.cores()),
         *arguments],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ).stdout


def key_operations(kind):
    """CPU seconds of one signature and of one verification."""
    found = re.search(r"^ *(\S.* sign/s.*)\n(.*)$", speed(SPEED[kind]), re.MULTILINE)
    titles, numbers = found.group(1).split(), found.group(2).split()
    rates = dict(zip(titles, numbers[-len(titles) :], strict=True))
    return tuple(trees.cores() / float(rates[name]) for name in ("sign/s", "verify/s"))


def hash_rate(name):
    """Bytes a CPU second."""
    rate = speed("-evp", name, "-bytes", "65536").split()[-1]
    return float(rate.rstrip("k")) * 1000 / trees.cores()


def batched(tool, tree, pattern):
    """CPU seconds of @tool over a whole tree."""
    return measure.run(
        ["sh", "-c", f"find {tree} -name '{pattern}' -print0 | xargs -0 -n 200 {tool}"]
    ).cpu


class Floors:
    """The parts' CPU seconds for the whole tree, every time that they were measured."""

    def __init__(self, bench):
        self.bench = bench
        self.figures = {}

    def add(self, name, seconds):
        self.figures.setdefault(name, []).append(seconds)
        return seconds

    def codec(self, name):
        """xz or unxz, measured when it is first asked for."""
        if name not in self.figures:
            self.add(name, batched(XZ, self.bench.plain, "*.ko") if name == "xz"
                     else batched("xz -dc", self.bench.packed, "*.ko.xz"))
        return self.figures[name][0]

    def measure(self, key=None, sign=False, verify=False, digest=None, codecs=()):
        """The floor of a job in wall seconds: its parts, spread over all cores."""
        total = sum(map(self.codec, codecs))
        if key:
            for wanted, name, seconds in zip((sign, verify), ("sign", "verify"),
                                             key_operations(key), strict=True):
                if wanted:
                    total += self.add(f"{name} {key}", seconds * self.bench.count)
        if digest:
            total += self.add(f"hash {digest}", self.bench.size / hash_rate(digest))
        return total / trees.cores()

    def medians(self):
        return {name: statistics.median(all_) for name, all_ in self.figures.items()}

    def show(self):
        print("\nfloors, CPU seconds for the whole tree, medians:")
        for name, seconds in self.medians().items():
            print(f"  {name:<20}{seconds:>9.2f}")
