# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that something happens to while they are at work, on a machine of any speed.

How long a run takes to come somewhere is nobody's to say: a busy machine may stand still for
seconds, and at any place. So a test waits for a state, by what a run leaves in the file
system or says, and never for some time. Where the run would not stay in that state, it is
stopped there (SIGSTOP) until the test has done what it wants: what is sent to it meanwhile
comes when it goes on. LIMIT only ends a test that would never end.
"""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

from . import cli

LIMIT = 600  # seconds
TRIES = 50  # runs that may pass the moment unseen, since who looks stood still


def until(state, what):
    """Waits until state() is true, and returns what it said."""
    end = time.monotonic() + LIMIT
    while not (said := state()):
        assert time.monotonic() < end, f"{LIMIT} s and not yet: {what}"
        time.sleep(0.002)
    return said


class Run:
    """modseal at work. What it says goes to files, so that it never waits for somebody to
    read; or to a terminal."""

    def __init__(self, *arguments, env=None, terminal=None, **options):
        self.files = [tempfile.TemporaryFile() for _ in range(2)]
        out, err = self.files if terminal is None else (terminal, terminal)
        self.process = subprocess.Popen(
            [cli.PROGRAM, *map(os.fspath, arguments)],
            stdin=subprocess.DEVNULL, stdout=out, stderr=err,
            start_new_session=True, env=cli.environment(**(env or {})), **options,
        )
        self.pid = self.process.pid

    def read(self, number):
        size = os.fstat(self.files[number].fileno()).st_size
        return os.pread(self.files[number].fileno(), size, 0).decode(errors="surrogateescape")

    @property
    def out(self):
        return self.read(0)

    @property
    def err(self):
        return self.read(1)

    def ended(self):
        return self.process.poll() is not None

    def send(self, number):
        self.process.send_signal(number)

    def says(self, text):
        """Waits until it has said so on standard error."""
        until(lambda: text in self.err or self.ended(), text)
        assert text in self.err, f"status {self.process.returncode}: {self.out}{self.err}"

    def stop(self):
        """Stops it; false where it had ended before."""
        self.send(signal.SIGSTOP)
        how = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        return how.si_code == os.CLD_STOPPED

    def go_on(self):
        self.send(signal.SIGCONT)

    def stops_where(self, state):
        """Stops it where state() is true, and stays so; false where it ended before."""
        end = time.monotonic() + LIMIT
        while not self.ended():
            if state():
                if not self.stop():
                    return False
                if state():
                    return True
                self.go_on()
            assert time.monotonic() < end, "it neither gets there nor ends"
            time.sleep(0.001)
        return False

    def end(self):
        """Lets it go on to its end; its status."""
        self.go_on()
        return self.process.wait(timeout=LIMIT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for file in self.files:
            file.close()


def caught(start, state):
    """A run of start() that stands still where state() is true. start() makes what the run
    works on anew: a run that came through before anybody saw it there is no answer, and
    another is begun."""
    for _ in range(TRIES):
        run = start()
        try:
            if run.stops_where(state):
                return run
        except BaseException:
            run.__exit__()
            raise
        run.__exit__()
    raise AssertionError(f"none of {TRIES} runs was seen there")


def staged(directory):
    """The files that a run has made in a directory and not yet put in their places."""
    return [name for name in os.listdir(directory)
            if name.startswith(".modseal-") and "journal" not in name]


def is_undecided(directory, least=1, most=None):
    """Is a run there at work that has made so many new files, and could still turn back?
    Its journal has one line until it is decided that all of them are put in place."""

    def state():
        try:
            journal = pathlib.Path(directory, ".modseal-journal").read_bytes()
        except FileNotFoundError:
            return False
        count = len(staged(directory))
        return journal.count(b"\n") == 1 and least <= count and (not most or count <= most)

    return state
