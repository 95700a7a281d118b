# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenSSL with ML-DSA, and modseal with it: this machine's, or those of Debian 13.

Where this machine's OpenSSL is too old, things are done in the root of Debian 13 that
./check keeps, and modseal is built there once more.
"""

import functools
import pathlib
import shutil
import subprocess
import tempfile

from support import cli

CHECK = pathlib.Path(__file__).parents[1] / "check"
# in the root: /srv is the tree, /mnt the directory that this test may write to; another
# test may want to build at the same time
BUILD_THERE = """
exec 9>lock
flock 9 || exit
[ -f build/build.ninja ] || meson setup build /srv -Dbuildtype=debug -Dwerror=true || exit
ninja -C build cli/modseal || exit
exec 9>&-
"""


class Missing(RuntimeError):
    """There is no OpenSSL with ML-DSA here, nor a way to get one."""


@functools.cache
def machine_has_ml_dsa():
    command = ["openssl", "list", "-key-managers"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "ML-DSA-87" in done.stdout


@functools.cache
def root():
    if not shutil.which("mmdebstrap"):
        raise Missing("no OpenSSL with ML-DSA: no mmdebstrap to make a Debian 13 with")
    command = [CHECK / "debian-root", "native", "trixie", "build", "test"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise Missing("no OpenSSL with ML-DSA: no root of Debian 13 could be made")
    return done.stdout.strip()


def need():
    """Skips the test that cannot have it."""
    import pytest  # which no program but a test needs

    try:
        if not machine_has_ml_dsa():
            root()
    except Missing as error:
        pytest.skip(str(error))


def run(directory, *lines, build=True, program=cli.PROGRAM):
    """Runs shell lines in the directory, in which $MODSEAL is the program (with build);
    each has to succeed. What they change there is there afterwards. Raises Missing, and
    RuntimeError with what they said."""
    lines = [f"{line} || exit" for line in lines]
    if machine_has_ml_dsa():
        script = "\n".join([f"MODSEAL={program}", *lines])
        done = subprocess.run(
            ["sh", "-c", script], cwd=directory, capture_output=True, text=True, check=False
        )
    else:
        done = run_there(directory, lines, build)
    if done.returncode != 0:
        raise RuntimeError(done.stdout[-3000:] + done.stderr[-3000:])


def run_there(directory, lines, build):
    place = cli.BUILD / "debian13"
    place.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="work-", dir=place) as work:
        work = pathlib.Path(work, "work")
        shutil.copytree(directory, work)
        there = f"cd {work.parent.name}/work; MODSEAL=/mnt/build/cli/modseal"
        script = "\n".join([BUILD_THERE if build else "", there, *lines])
        command = [CHECK / "in-root", root(), cli.TOP, place, "sh", "-c", script]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            shutil.copytree(work, directory, dirs_exist_ok=True)
    return done
