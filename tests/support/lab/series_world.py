# SPDX-License-Identifier: LGPL-2.1-or-later
"""A made-up Linux with a series of patches, for tools/kernel-series."""

import copy
import os
import shutil
import subprocess
import tarfile

import pytest

from support.cli import TOP

TOOL = TOP / "tools" / "kernel-series"
MAKEFILE = "VERSION = 9\nPATCHLEVEL = 1\nSUBLEVEL = {}\nEXTRAVERSION =\nNAME = none\n"
MAIN, OTHER = "kernel/main.c", "scripts/tool"


def numbered(count, word="line"):
    return [f"{word} {number}" for number in range(1, count + 1)]


def text(lines):
    return "".join(f"{line}\n" for line in lines)


def git(directory, *arguments):
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-c",
               "core.fsync=none", "-C", directory, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def put(tree, files):
    for name, content in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)


def tool(*arguments, **environment):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True,
                          env={**os.environ, **environment})


class World:
    """A made-up Linux 9.1.0, and a series of three patches that was made for it: one
    changes line 50 of a file, one adds a file, one changes line 20 of an executable one."""

    def __init__(self, directory):
        self.linux = directory / "linux"
        self.files = {"Makefile": MAKEFILE.format(0), MAIN: text(numbered(100)),
                      OTHER: text(numbered(40, "tool"))}
        put(self.linux, self.files)
        (self.linux / OTHER).chmod(0o755)
        git(self.linux, "init", "-q")
        git(self.linux, "add", "-A")
        git(self.linux, "commit", "-qm", "base")
        git(self.linux, "tag", "base")
        self.step("Change the middle", {MAIN: self.main(50, "changed")})
        self.step("Add a file", {"kernel/new.c": "a new file\n"})
        self.step("Change the tool", {OTHER: self.changed(OTHER, 20, "changed")})
        self.series = directory / "series"
        self.series.mkdir()
        git(self.linux, "format-patch", "-q", "--full-index", "-o", self.series, "base..HEAD")
        (self.series / "versions").write_text("suites none\nmade-for 9.1.0\ntested 9.1.0\n")
        git(self.linux, "checkout", "-q", "base")
        with tarfile.open(self.series / "base.tar.xz", "w:xz") as archive:
            for name in MAIN, OTHER:
                archive.add(self.linux / name, name)
        shutil.rmtree(self.linux / ".git")

    def changed(self, name, number, word):
        lines = self.files[name].splitlines()
        lines[number - 1] = word
        return text(lines)

    def main(self, number, word):
        return self.changed(MAIN, number, word)

    def step(self, subject, files):
        put(self.linux, files)
        git(self.linux, "add", "-A")
        git(self.linux, "commit", "-qm", f"kernel: {subject}")

    def move_on(self, **files):
        """The source as 9.1.1, with these files instead."""
        put(self.linux, {"Makefile": MAKEFILE.format(1)} | files.get("files", {}))

    def check(self, *more):
        return tool("check", self.series, self.linux, *more)

    def applied(self, tmp_path):
        out = tmp_path / "out"
        done = tool("apply", self.series, self.linux, "-o", out)
        assert done.returncode == 0, done.stdout + done.stderr
        return out / "files"


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    return World(tmp_path_factory.mktemp("world"))


@pytest.fixture
def world(made, tmp_path):
    """One of its own, which the test may change."""
    world = copy.copy(made)
    world.linux = shutil.copytree(made.linux, tmp_path / "linux")
    world.series = shutil.copytree(made.series, tmp_path / "series")
    return world
