# SPDX-License-Identifier: LGPL-2.1-or-later
"""modseal with an OpenSSL that has ML-DSA: this machine's, or that of Debian 13.

Where this machine's OpenSSL is too old, modseal is built once more, in the root of
Debian 13 that ./check keeps, and run there.
"""

import pathlib
import shutil
import subprocess

import pytest

from . import cli

SUPPORT = pathlib.Path(__file__).parent
# in the root: /srv is the tree, /mnt the directory that this test may write to
BUILD_THERE = """
[ -f build/build.ninja ] || meson setup build /srv -Dbuildtype=debug -Dwerror=true || exit
ninja -C build cli/modseal || exit
"""


def machine_has_ml_dsa():
    command = ["openssl", "list", "-key-managers"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "ML-DSA-87" in done.stdout


def root():
    if not shutil.which("mmdebstrap"):
        pytest.skip("no OpenSSL with ML-DSA: no mmdebstrap to make a Debian 13 with")
    command = [SUPPORT / "debian-root", "native", "trixie", "build", "test"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        pytest.skip("no OpenSSL with ML-DSA: no root of Debian 13 could be made")
    return done.stdout.strip()


def run(directory, *lines):
    """Runs shell lines in the directory, in which $MODSEAL is the program; each has to
    succeed. What they change there is there afterwards."""
    lines = [f"{line} || exit" for line in lines]
    if machine_has_ml_dsa():
        script = "\n".join([f"MODSEAL={cli.PROGRAM}", *lines])
        subprocess.run(["sh", "-c", script], cwd=directory, check=True)
        return
    place = cli.BUILD / "debian13"
    work = place / "work"
    shutil.rmtree(work, ignore_errors=True)
    place.mkdir(exist_ok=True)
    shutil.copytree(directory, work)
    script = "\n".join([BUILD_THERE, "cd work; MODSEAL=../build/cli/modseal", *lines])
    command = [SUPPORT / "in-root", root(), cli.TOP, place, "sh", "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    shutil.copytree(work, directory, dirs_exist_ok=True)
    shutil.rmtree(work)
