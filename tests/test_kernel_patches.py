# SPDX-License-Identifier: LGPL-2.1-or-later
"""Can kernel/patches be applied with `git am` to Debian's source of their series?

A repository of only those files that a patch of the series concerns is as good as one of
all of them, and takes seconds.
"""

import pathlib
import re
import shutil
import subprocess

import pytest

from support import patched
from support.cli import TOP

pytestmark = [pytest.mark.lab, pytest.mark.hashed]
TOUCHED = re.compile(r"^(?:---|\+\+\+) [ab]/(\S+)$", re.MULTILINE)
SUITES = {"7.3": "trixie-backports", "6.12": "trixie"}


def patches(series):
    found = sorted((TOP / "kernel" / "patches" / series).glob("*.patch"))
    assert found
    return found


def source(series):
    command = [TOP / "tools" / "debian-archive", "unpack", SUITES[series],
               f"linux-source-{series}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no linux-source-{series}: {done.stderr.strip()[-300:]}")
    [path] = pathlib.Path(done.stdout.strip(), "usr/src").glob("linux-source-*.tar.xz")
    return path


def git(directory, *arguments):
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost",
               "-c", "commit.gpgsign=false", "-C", directory, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("series", patched.SERIES)
def test_the_patches_of_a_series_apply_with_git_am(series, tmp_path):
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    texts = [path.read_text() for path in patches(series)]
    touched = {name for text in texts for name in TOUCHED.findall(text)}
    (tmp_path / "names").write_text("".join(f"linux-source-{series}/{name}\n"
                                          for name in sorted(touched)))
    tree = tmp_path / "linux"
    tree.mkdir()
    # those that the patches create are not in it, which tar complains about
    unpack = ["tar", "-xJf", source(series), "-C", tree, "--strip-components=1",
              "-T", tmp_path / "names"]
    subprocess.run(unpack, capture_output=True, check=False)
    git(tree, "init", "-q")
    git(tree, "add", "-A", "-f")  # Debian's .gitignore is for its packaging
    git(tree, "commit", "-qm", "as Debian has it")
    assert git(tree, "am", *patches(series)).count("Applying: ") == len(texts)
    assert git(tree, "status", "--porcelain") == ""
