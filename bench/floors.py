# SPDX-License-Identifier: LGPL-2.1-or-later
"""The parts of a job that nobody can do without, each measured alone, as CPU time.

Key operations and hashing come from `openssl speed`, which counts CPU time; packing and
unpacking from xz itself, called on batches of files so that its start does not count,
with the settings that the kernel's build uses (and modseal). Nothing here runs modseal.
"""

import re
import subprocess

import measure
import trees

SECONDS = 3
XZ = "xz --check=crc32 --lzma2=dict=1MiB -c"
SPEED = {"p384": "ecdsap384", "rsa4096": "rsa4096"}


def speed(*arguments):
    return subprocess.run(
        ["openssl", "speed", "-seconds", str(SECONDS), *arguments],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    ).stdout


def key_operations(kind):
    """CPU seconds of one signature and of one verification."""
    found = re.search(r"^ *(\S.* sign/s.*)\n(.*)$", speed(SPEED[kind]), re.MULTILINE)
    titles, numbers = found.group(1).split(), found.group(2).split()
    rates = dict(zip(titles, numbers[-len(titles) :], strict=True))
    return 1 / float(rates["sign/s"]), 1 / float(rates["verify/s"])


def hash_rate(name):
    """Bytes a CPU second."""
    rate = speed("-evp", name, "-bytes", "65536").split()[-1]
    return float(rate.rstrip("k")) * 1000


def batched(tool, tree, pattern):
    """CPU seconds of @tool over a whole tree."""
    return measure.run(
        ["sh", "-c", f"find {tree} -name '{pattern}' -print0 | xargs -0 -n 200 {tool}"]
    ).cpu


class Floors:
    def __init__(self, bench):
        self.figures = {
            f"hash {name}": bench.size / hash_rate(name)
            for name in ("sha512", trees.PACKAGED_HASH)
        }
        self.figures |= {
            "unxz": batched("xz -dc", bench.packed, "*.ko.xz"),
        }
        for kind in SPEED:
            sign, verify = key_operations(kind)
            self.figures[f"sign {kind}"] = sign * bench.count
            self.figures[f"verify {kind}"] = verify * bench.count
        if bench.wants("sign p384 as packaged (.ko.xz)"):
            self.figures["xz"] = batched(XZ, bench.plain, "*.ko")

    def show(self):
        print("floors, CPU seconds for the whole tree:")
        for name, seconds in self.figures.items():
            print(f"  {name:<20}{seconds:>9.2f}")
        print()

    def of(self, bench, **parts):
        """The floor of a job in wall seconds: its parts, spread over all cores.

        A part is named with the kind of it (sign="p384") or as True where it has none.
        """
        names = [name if kind is True else f"{name} {kind}" for name, kind in parts.items()]
        return sum(self.figures.get(name, 0) for name in names) / trees.cores()
