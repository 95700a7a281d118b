# SPDX-License-Identifier: LGPL-2.1-or-later
"""Can kernel/patches be applied with `git am`: to the source that each series was made for,
and to what Debian serves today? Is what stands beside them true?

The oracle is git alone, in a repository of those files that a series concerns; the files
are those of base.tar.xz, and of Debian's package.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tarfile

import pytest

from support.cli import TOP
from support.kernel import patched

pytestmark = [
    pytest.mark.lab, pytest.mark.hashed,
    pytest.mark.skipif(not shutil.which("git"), reason="git is not installed"),
]
TOUCHED = re.compile(r"^(?:---|\+\+\+) [ab]/(\S+)$", re.MULTILINE)
PATCHES = TOP / "kernel" / "patches"
TOOL = TOP / "tools" / "kernel-series"


def patches(series):
    found = sorted((PATCHES / series).glob("*.patch"))
    assert found
    return found


def touched(series):
    return {name for path in patches(series) for name in TOUCHED.findall(path.read_text())}


def versions(series):
    """{word: [version, ...]} of the file beside the patches."""
    found = {}
    for line in (PATCHES / series / "versions").read_text().splitlines():
        if not line.startswith("#"):
            word, *values = line.split()
            found.setdefault(word, []).extend(values)
    return found


def git(directory, *arguments):
    command = ["git", "-c", "user.name=test", "-c", "user.email=test@localhost",
               "-c", "commit.gpgsign=false", "-C", directory, *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def repository(tree):
    git(tree, "init", "-q")
    git(tree, "add", "-A", "-f")  # Debian's .gitignore is for its packaging
    git(tree, "commit", "-qm", "as Debian has it")


def base(series, tree):
    """The files that the series was made for."""
    with tarfile.open(PATCHES / series / "base.tar.xz") as archive:
        for member in archive:
            assert member.isfile() and ".." not in member.name.split("/")
            archive.extract(member, tree)
    return tree


def package(series, number):
    """Debian's package, or skips; and its version."""
    done = subprocess.run([TOOL, "source", series, str(number)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no linux-source for the series {series}: {done.stderr.strip()[-300:]}")
    deb = pathlib.Path(done.stdout.strip())
    return deb, subprocess.run(["dpkg-deb", "-f", deb, "Version"], capture_output=True,
                               text=True, check=True).stdout.strip()


def unpack(deb, names, tree):
    """Those files of a package; what is not in it is left out."""
    listed = tree.with_name("names")
    listed.write_text("".join(f"{name}\n" for name in sorted(names)))
    script = ('dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards "*/linux-source-*.tar.xz"'
              ' | xz -dc | tar -x -C "$2" --transform="s,^[^/]*/,," --show-transformed-names'
              ' --wildcards $(sed "s,^,linux-source-*/," "$3")')
    tree.mkdir()
    subprocess.run(["bash", "-c", script, "-", deb, tree, listed], capture_output=True,
                   check=False)
    assert (tree / "Makefile").is_file()
    return tree


@pytest.mark.parametrize("series", patched.SERIES)
def test_the_patches_of_a_series_apply_to_the_source_that_it_was_made_for(series, tmp_path):
    tree = base(series, tmp_path / "linux")
    repository(tree)
    assert git(tree, "am", *patches(series)).count("Applying: ") == len(patches(series))
    assert git(tree, "status", "--porcelain") == ""


@pytest.mark.parametrize("series", patched.SERIES)
def test_the_base_of_a_series_is_what_its_patches_touch_of_that_source(series, tmp_path):
    """The patches themselves name their files' content, by git's digests."""
    tree = base(series, tmp_path / "linux")
    there = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    assert there <= touched(series)
    git(tmp_path, "init", "-q")
    first = {}
    for path in patches(series):
        found = re.findall(r"^diff --git a/(\S+) .*\n(?:new file.*\n)?index (\w+)\.\.",
                           path.read_text(), re.MULTILINE)
        for name, blob in found:
            first.setdefault(name, blob)
    for name, blob in first.items():
        if name in there:
            assert git(tmp_path, "hash-object", "--no-filters", tree / name).strip() == blob
        else:
            assert set(blob) == {"0"}, name


@pytest.mark.parametrize("series", patched.ASKED)
def test_the_patches_of_a_series_apply_to_what_debian_serves(series, tmp_path):
    """Where they do not, that is told with both versions: somebody has to refresh them."""
    made_for = versions(series)["made-for"][0]
    deb, version = package(series, 0)
    tree = unpack(deb, touched(series), tmp_path / "linux")
    repository(tree)
    try:
        git(tree, "am", *patches(series))
    except AssertionError as error:
        if version in versions(series).get("tested", []) + [made_for]:
            raise
        done = subprocess.run([TOOL, "check", series, deb], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"kernel/patches/{series}, made for {made_for}, does not apply to "
                        f"{version}: {str(error)[-200:]}")


@pytest.mark.parametrize("series", patched.SERIES)
def test_a_series_says_what_it_was_made_for_and_tested_with(series):
    said = versions(series)
    assert len(said["made-for"]) == 1 and said["made-for"][0].startswith(f"{series}.")
    done = subprocess.run([TOOL, "status", series], capture_output=True, text=True)
    assert done.returncode == 0
    for version in said["made-for"] + said.get("tested", []):
        assert version in done.stdout
