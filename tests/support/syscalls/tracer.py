# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs under tests/syscalls/tracer.c, which says how calls are named and what it can do."""

import dataclasses
import os
import pathlib
import re
import signal
import subprocess
import urllib.parse

from support import cli
from support.runs import watch

PROGRAM = pathlib.Path(
    os.environ.get("MODSEAL_TRACER", cli.BUILD / "tests" / "syscalls" / "syscall-tracer"))
STILL, WORK = 120, 120  # seconds without a move, and of processors' time: then it hangs

# what changes files, and opening them for that
CHANGES = re.compile(
    r"(rename|link|symlink|unlink|rmdir|mkdir|mknod|chmod|chown|utimens|truncate|fchmod|fchown|"
    r"ftruncate|fallocate|write|pwrite|copy_file_range|sendfile|f?setxattr|fremovexattr|fsync|"
    r"fdatasync|syncfs|creat)")


@dataclasses.dataclass(frozen=True)
class Call:
    """One system call of a run: its name, the how manieth of that name, who made it."""

    name: str
    number: int
    thread: int = 1
    by: str = "program"  # or "loader", or "child"
    about: tuple = ()

    def __str__(self):
        return f"{self.name}#{self.number}"

    @property
    def paths(self):
        """The paths it looks up."""
        return [value for key, value in self.about if key == "path"]

    @property
    def files(self):
        """The open files that it is about."""
        return [value for key, value in self.about if key == "file"]

    @property
    def flags(self):
        return next((int(value, 8) for key, value in self.about if key == "flags"), 0)

    @property
    def changes(self):
        """Could something in the file system be other than before?"""
        if self.name.startswith("open"):
            return bool(self.flags & (os.O_CREAT | os.O_TRUNC))
        return bool(CHANGES.match(self.name))


@dataclasses.dataclass
class Run:
    """How a run ended."""

    hit: bool
    status: int | None  # None: a signal ended it
    signal: int | None
    out: str
    err: str
    hung: bool = False

    @property
    def crashed(self):
        return self.signal not in (None, signal.SIGKILL)

    def __str__(self):
        how = f"status {self.status}" if self.signal is None else f"signal {self.signal}"
        return "it hung" if self.hung else how


def call_from(text):
    name, number = text.split("#")
    return Call(name, int(number))


def watched(command, cwd, env, out, err):
    """Its exit status, negative: the signal that ended it; raises watch.Hung."""
    return watch.run(command, still=STILL, work=WORK, cwd=cwd, env=env, stdout=out, stderr=err,
                     stdin=subprocess.DEVNULL, close_fds=False).returncode


def run(command, at=None, what=None, *, cwd, env, scratch):
    """The command with something happening at a call: what is the tracer's option and its
    value, ("--error", "EIO")."""
    report = scratch / "report"
    report.unlink(missing_ok=True)
    traced = [PROGRAM, "--at", str(at), *what, "--report", report, "--"] if at else []
    with open(scratch / "out", "w+b") as out, open(scratch / "err", "w+b") as err:
        try:
            code = watched([*traced, *command], cwd, env, out, err)
        except watch.Hung:
            code = None
        said = []
        for file in out, err:
            file.seek(0)
            said.append(file.read().decode(errors="surrogateescape"))
    if code is None:
        return Run(True, None, signal.SIGKILL, *said, hung=True)
    if not traced:
        return Run(False, code if code >= 0 else None, -code if code < 0 else None, *said)
    if not report.exists():
        raise RuntimeError(f"the tracer: {said[1]}")
    hit, end = (line.split() for line in report.read_text().splitlines())
    number = int(end[1])
    return Run(hit[1] == "1", *((number, None) if end[0] == "exit" else (None, number)), *said)


def calls(command, *, cwd, env, scratch):
    """Every call of a run to which nothing happens, and how that ended."""
    listing = scratch / "calls"
    with open(scratch / "out", "w+b") as out, open(scratch / "err", "w+b") as err:
        code = watched([PROGRAM, "--list", listing, "--", *command], cwd, env, out, err)
    return [parse(line) for line in listing.read_text().splitlines()], code


def parse(line):
    call, thread, who, *about = line.split(" ")
    name, number = call.split("#")
    pairs = (word.split("=", 1) for word in about)
    return Call(name, int(number), int(thread), who,
                tuple((key, urllib.parse.unquote(value)) for key, value in pairs))
