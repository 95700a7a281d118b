# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does tests/support/runs/watch.py end what hangs, all of it, and nothing else?

Nothing here hangs on how fast this machine is. Where a Watch is asked, its clock is the
test's: time goes by only between looks, and in between the test waits until the processes
have got to where they should be. Where the program is asked, it is to end something, which
it does sooner or later; or its limits are so wide that only a fault comes near them.
"""

import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import sys
import time

import pytest
from support import cli
from support.runs import watch

pytestmark = pytest.mark.scripts

PROGRAM = cli.TOP / "tests/support/runs/watch.py"
SPIN = "while :; do :; done"
STILL, WORK = 60, 100000  # seconds of the test's own clock; of processors' time


@pytest.fixture(autouse=True)
def few_looks(monkeypatch):
    """Each waits for something to happen."""
    monkeypatch.setattr(watch, "LOOKS", 6)


def is_asleep(pid):
    return watch.fields_of(watch.PROC / str(pid) / "stat")[:1] == ["S"]


def until(state):
    while not state():
        time.sleep(0.01)


class Clock:
    def __init__(self):
        self.now = 0

    def __call__(self):
        return self.now


class Watched:
    """A shell that is watched by a clock of the test's."""

    def __init__(self, script, **options):
        self.process = subprocess.Popen(["bash", "-c", script], start_new_session=True,
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.pid = self.process.pid
        self.clock = Clock()
        options = {"still": STILL, "work": WORK, "doze": 10 * STILL, **options}
        self.watch = watch.Watch(self.pid, clock=self.clock, **options)

    def says(self, line):
        assert self.process.stdout.readline() == line.encode() + b"\n"

    def looks(self, seconds, between=lambda: None):
        """What the looks say while so many seconds go by, and something between them."""
        said = []
        for _ in range(int(seconds / self.watch.interval)):
            between()
            self.clock.now += self.watch.interval
            said.append(self.watch.look())
        return said

    def ticks(self):
        table = watch.processes()
        return self.watch.ticks(table, self.watch.members(table))

    def works(self):
        """Waits until it has had some of a processor's time."""
        before = self.ticks()
        until(lambda: self.ticks() != before)


@contextlib.contextmanager
def watched(script, **options):
    run = Watched(script, **options)
    try:
        yield run
    finally:
        watch.end(run.watch, patience=0)
        run.process.stdout.close()
        run.process.wait()


def settled(run):
    """Waits until all of it sleeps, and has done so at a look."""
    until(lambda: all(is_asleep(pid) for pid in run.watch.members(watch.processes())))
    run.clock.now += run.watch.interval
    run.watch.look()


def test_what_sleeps_for_ever_stands_still():
    with watched("echo up; sleep 100000") as run:
        run.says("up")
        settled(run)
        # it may have slept at the look before, too
        assert not any(run.looks(STILL - 2 * run.watch.interval))
        assert run.looks(STILL)[-1] == f"nothing in it has moved for {STILL} s"


def test_what_works_slowly_does_not_stand_still():
    """It is stopped at each look, and between two looks it has a hundredth of a second."""
    with watched(SPIN) as run:
        def goes_on_for_a_moment():
            os.killpg(run.pid, signal.SIGCONT)
            run.works()
            os.killpg(run.pid, signal.SIGSTOP)
            until(lambda: watch.processes()[run.pid].state == "T")

        assert not any(run.looks(2 * STILL, goes_on_for_a_moment))
        *_, last = run.looks(STILL + run.watch.interval)
        assert last and "moved" in last, "stopped for good, and not found out"


def test_what_waits_for_a_processor_does_not_stand_still():
    """Beside others at a low priority it may have none for as long as one looks."""
    with watched(SPIN) as run:
        run.works()
        run.watch.changed = lambda *_: False  # as though nothing grew
        assert not any(run.looks(2 * STILL))


def test_what_has_children_that_work_does_not_stand_still():
    with watched(f"({SPIN}) & echo up; wait") as run:
        run.says("up")
        assert not any(run.looks(2 * STILL, run.works))


def test_what_children_did_counts_when_they_are_gone():
    """As with a compiler's: at a look there is hardly ever one of them."""
    child = "(for ((i = 0; i < 200000; i++)); do :; done)"
    with watched(f"{child}; {child}; echo done; sleep 100000", work=0.1) as run:
        run.says("done")
        assert run.looks(run.watch.interval) == ["it has used 0.1 s of processors' time"]


def test_what_spins_is_ended_by_its_own_time_and_not_by_the_clock():
    with watched(SPIN, work=0.5) as run:
        run.clock.now += 1000000
        until(lambda: run.ticks() >= 0.5 * watch.TICKS)
        assert run.watch.look() == "it has used 0.5 s of processors' time"
    with watched(SPIN) as run:
        run.works()
        run.clock.now += 1000000
        assert run.watch.look() is None


def test_what_only_looks_up_now_and_then_dozes():
    """A loop that waits for what does not come takes some time, too. It is looked at where
    it sleeps, which is nearly always."""
    script = "echo up; while read -r -t 0.01; [ $? -gt 128 ]; do :; done 0<> <(:)"
    with watched(script, doze=2 * STILL) as run:
        run.says("up")

        def between():
            run.works()
            until(lambda: is_asleep(run.pid))

        said = run.looks(3 * STILL, between)
        assert said[-1] == f"it has said nothing for {2 * STILL} s and slept"


def test_output_is_motion(tmp_path):
    log = tmp_path / "log"
    with watched("echo up; sleep 100000", output=[log]) as run:
        run.says("up")

        def write():
            with open(log, "a", encoding="ascii") as file:
                file.write(".")

        assert not any(run.looks(2 * STILL, write))
        assert "moved" in run.looks(STILL + run.watch.interval)[-1]


def test_who_waits_for_a_lock_moves_while_the_holder_does(tmp_path):
    """The holder is no part of what is watched: it may be another run's build."""
    path = tmp_path / "lock"
    path.touch()
    holding = f"exec 9<{path}; flock 9; echo up; {SPIN}"
    with contextlib.ExitStack() as stack:
        holder = stack.enter_context(watched(holding))
        holder.says("up")
        run = stack.enter_context(watched(f"exec flock {path} true"))
        until(lambda: watch.holders({run.pid}))
        settled(run)
        assert not any(run.looks(2 * STILL))
        os.killpg(holder.pid, signal.SIGSTOP)
        until(lambda: watch.processes()[holder.pid].state == "T")
        assert "moved" in run.looks(STILL + 2 * run.watch.interval)[-1]


def test_time_in_which_nobody_could_look_does_not_count():
    """This machine, or who looks, was stopped for an hour."""
    with watched("echo up; sleep 100000") as run:
        run.says("up")
        settled(run)
        run.clock.now += 3600
        assert run.watch.look() is None


# The program, and what it leaves


DAEMON = """
{setsid} bash -c '
	{trap}
	echo $$ >{file}.new
	mv {file}.new {file}
	while :; do sleep 1000; done' &
while [ ! -e {file} ]; do sleep 0.01; done
"""


def daemon(path, setsid="", trap=":"):
    """Starts a process that sleeps for ever, and waits until its number is in the file."""
    return DAEMON.format(file=path, setsid=setsid, trap=trap)


def is_alive(pid):
    return watch.fields_of(watch.PROC / str(pid) / "stat")[:1] not in ([], ["Z"], ["X"])


def watching(script, *options):
    return subprocess.run([sys.executable, PROGRAM, *options, "bash", "-c", script],
                          capture_output=True, text=True, check=False)


def test_a_status_is_handed_on():
    assert watching("exit 7").returncode == 7
    assert watching("kill -KILL $$").returncode == 128 + 9
    assert watching("echo said; echo err >&2").stdout == "said\n"


def test_what_a_shell_ignores_in_the_background_is_heard():
    """And what watches has blocked is not."""
    script = f"{sys.executable} {PROGRAM} grep -E '^Sig(Blk|Ign)' /proc/self/status & wait"
    said = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    values = dict(line.split() for line in said.stdout.splitlines())
    wanted = {signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM, signal.SIGCHLD}
    assert not int(values["SigBlk:"], 16)
    assert not [number for number in wanted if int(values["SigIgn:"], 16) >> (number - 1) & 1]


@pytest.mark.parametrize("how", ["ended", "stood still", "spun"])
def test_nothing_outlives_what_was_watched(tmp_path, how):
    """Neither what left its session, nor what does not hear, nor what was stopped."""
    deaf = 'trap "" TERM' if how == "ended" else ":"  # waited for in vain: once is enough
    parts = [
        daemon(tmp_path / "plain"),
        daemon(tmp_path / "gone", setsid="setsid"),
        daemon(tmp_path / "deaf", setsid="setsid", trap=deaf),
        daemon(tmp_path / "stopped") + f"kill -STOP $(cat {tmp_path}/stopped)\n",
        f"({daemon(tmp_path / 'orphan', setsid='setsid')})\n",
        {"ended": "exit 3", "stood still": "sleep 100000", "spun": SPIN}[how],
    ]
    limits = {"ended": [], "stood still": ["--still", "1"],
              "spun": ["--still", "60", "--work", "1"]}[how]
    done = watching("\n".join(parts), *limits)
    assert done.returncode == (3 if how == "ended" else watch.HUNG), done.stderr
    names = ["plain", "gone", "deaf", "stopped", "orphan"]
    for name in names:
        pid = int((tmp_path / name).read_text())
        assert not is_alive(pid), name
    if how != "ended":
        *listed, last = done.stderr.splitlines()
        words = {"stood still": "ended: nothing in it has moved for 1 s",
                 "spun": "ended: it has used 1 s of processors' time"}
        assert last == words[how]
        assert len(listed) >= len(names)  # and what it was at


@pytest.mark.parametrize("how", ["SIGTERM", "its parent's end"])
def test_it_ends_what_it_watches_when_it_is_ended(tmp_path, how):
    script = daemon(tmp_path / "gone", setsid="setsid") + "sleep 100000"
    command = [sys.executable, str(PROGRAM), "bash", "-c", script]
    parent = subprocess.Popen(["bash", "-c", '"$@" & echo $!; wait', "bash", *command],
                              stdout=subprocess.PIPE, text=True)
    watcher = int(parent.stdout.readline())
    until((tmp_path / "gone").exists)
    pid = int((tmp_path / "gone").read_text())
    if how == "SIGTERM":
        os.kill(watcher, signal.SIGTERM)
    else:
        parent.kill()
    parent.wait()
    until(lambda: not is_alive(pid))
    until(lambda: not is_alive(watcher))
    parent.stdout.close()


# What tests start


def test_a_test_is_told_what_it_waited_for():
    with pytest.raises(watch.Hung, match="nothing in it has moved for 1 s(.|\n)*sleep 100000"):
        watch.run(["bash", "-c", "sleep 100000 & wait"], still=1, stdout=subprocess.PIPE)


def test_a_run_says_what_subprocess_says():
    done = watch.run(["cat"], input=b"given", capture_output=True, check=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"given", b"")
    with pytest.raises(subprocess.CalledProcessError):
        watch.run(["false"], check=True)
