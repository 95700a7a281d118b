# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs that something happens to while they are at work, on a machine of any speed.

How long a run takes to come somewhere is nobody's to say: a busy machine may stand still for
seconds, and at any place. So a test waits for a state, by what a run leaves in the file
system or says, and never for some time. Where the run would not stay in that state, it is
stopped there (SIGSTOP) until the test has done what it wants: what is sent to it meanwhile
comes when it goes on. A test that would never end is ended as everything else is that hangs:
where nothing moves that was started for it (watch.py).
"""

import os
import pathlib
import signal
import subprocess
import tempfile
import time

from support import cli
from support.runs import watch

TRIES = 50  # runs that may pass the moment unseen, since who looks stood still


def until(state, what):
    """Waits until state() is true, and returns what it said. It has to become so by what this
    process has started: where that hangs, it never will."""
    others = None
    while not (said := state()):
        time.sleep(0.002)
        others = others or watch.Watch(os.getpid(), itself=False)
        reason = others.look() if others.due() else None
        assert not reason, f"not yet: {what}; and {reason}"
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

        def there():
            if self.ended():
                return "ended"
            if state():
                if not self.stop():
                    return "ended"
                if state():
                    return "stopped"
                self.go_on()
            return None

        return until(there, "its stop there, or its end") == "stopped"

    def end(self):
        """Lets it go on to its end; its status."""
        self.go_on()
        until(self.ended, "its end")
        return self.process.returncode

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
    Its journal names files, and ends in a commit line, once it is decided that all of
    them are put in place."""

    def state():
        try:
            journal = pathlib.Path(directory, ".modseal-journal").read_bytes()
        except FileNotFoundError:
            return False
        count = len(staged(directory))
        begun = journal.endswith(b"\n") and b"\ncommit " not in journal
        return begun and least <= count and (not most or count <= most)

    return state
