#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ends what hangs, and nothing that is only slow.

usage: watch.py [--still SECONDS] [--work SECONDS] [--doze SECONDS] [--output FILE]...
                [--signal NAME] COMMAND...

How long a run takes is nobody's to say, since others may want the processors as well. So it
is looked at now and then, with all that it started, and ended for one of three reasons:

- it stands still: for `still` seconds its output has not grown, none of its processes has
  had any time of a processor, and none has waited for a processor or a disk. Who waits for
  a lock stands still only where those who hold it do, too: that may be another run's;
- it spins: its processes have had `work` seconds of processors' time in all. That is the
  same on a busy machine, and is to be a multiple of what it should take;
- it dozes: for `doze` seconds it has said nothing and slept, but for looking up now and
  then for something that does not come.

Time in which who looks had no processor, or was stopped, does not count: between two looks
there are never more than two intervals.

As a program it runs COMMAND in a session of its own and gives its status; 124 where it had
to end it, with the reason as the last line on standard error. It is the one to whom orphans
come home, so nothing that COMMAND started outlives it, whether COMMAND ended or was ended,
or this program by a signal or by its parent's end.
"""

import argparse
import collections
import ctypes
import os
import pathlib
import select
import signal
import subprocess
import sys
import time

STILL = 600  # seconds
WORK = 3600
DOZE = 1200
BUSY = 10  # who works for a tenth of the time does not doze
LOOKS = 60  # in the time that it may stand still
STEP = 0.1  # seconds between two looks at what is being ended
PATIENCE = 100  # such looks between asking it to end and killing it
HUNG = 124  # as timeout(1) has it
TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PROC = pathlib.Path("/proc")
# flock and fcntl, by which who has a lock is waited for
LOCKING = {"x86_64": (73, 72), "aarch64": (32, 25)}

# ticks: what the process has had of processors; reaped: what those had that it waited for
Process = collections.namedtuple("Process", "parent session state ticks reaped")


class Hung(AssertionError):
    """A run that a test waited for was ended, and why."""


def read(path):
    """What may be gone by now, or is another user's: then nothing."""
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""


def entries(path):
    """Of a directory that may be gone, or is another user's."""
    try:
        return [path / name for name in os.listdir(path)]
    except OSError:
        return []


def fields_of(path):
    """A `stat` file's fields behind the name, which may have blanks and parentheses in it."""
    return read(path).rpartition(")")[2].split()


def processes():
    """All there are, by number."""
    found = {}
    for place in entries(PROC):
        if place.name.isdigit() and (fields := fields_of(place / "stat")):
            ticks, reaped = (sum(map(int, fields[at : at + 2])) for at in (11, 13))
            found[int(place.name)] = Process(
                int(fields[1]), int(fields[3]), fields[0], ticks, reaped)
    return found


def family(table, roots):
    """These processes, those that they started, and those of a session that one began."""
    children = collections.defaultdict(list)
    for pid, process in table.items():
        children[process.parent].append(pid)
        children[process.session].append(pid)
    found, new = set(), list(roots)
    while new:
        pid = new.pop()
        if pid not in found:
            found.add(pid)
            new += children[pid]
    return found & table.keys()


def are(states, pids):
    """Is a thread of these in one of these states? R: it has a processor or waits for one;
    D: it waits for a disk; T: it was stopped."""
    return any(
        (fields_of(task / "stat") or "?")[0] in states
        for pid in pids
        for task in entries(PROC / str(pid) / "task")
    )


def waited_file(task):
    """The number of the file (inode) whose lock this thread waits for, or None. By the system
    call that it is in: /proc/locks leaves out what was locked by a process that has ended,
    where process numbers are another namespace's."""
    words = read(task / "syscall").split()
    if len(words) < 2 or int(words[0]) not in LOCKING.get(os.uname().machine, ()):
        return None
    return file_of(read(task / "fdinfo" / str(int(words[1], 16))))


def file_of(info):
    """The inode's number in a descriptor's fdinfo."""
    return next((line.split()[1] for line in info.splitlines() if line.startswith("ino:")), None)


def holders(pids):
    """Processes that hold a lock for which one of these waits. Who took it may be gone, and
    have left it to others with the open file."""
    waited = {waited_file(task) for pid in pids for task in entries(PROC / str(pid) / "task")}
    waited.discard(None)
    found = set()
    for place in entries(PROC) if waited else ():
        if not place.name.isdigit():
            continue
        for path in entries(place / "fdinfo"):
            info = read(path)
            if "\nlock:" in info and file_of(info) in waited:
                found.add(int(place.name))
    return found


def size_of(path):
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


class Watch:
    """Looks at the process `root` and all that it started; with `itself` false only at
    those. `output`: files, or descriptors, that grow when it has something to say."""

    def __init__(self, root, still=STILL, work=WORK, doze=DOZE, output=(), itself=True,
                 clock=time.monotonic):
        self.root, self.itself, self.output, self.clock = root, itself, output, clock
        self.still, self.work, self.doze, self.interval = still, work, doze, still / LOOKS
        self.stood = self.dozed = self.worked = 0
        self.last, self.seen = clock(), {"ticks": 0}
        self.begin = 0
        if not itself:
            table = processes()
            self.begin = self.seen["ticks"] = self.ticks(table, self.members(table))

    def members(self, table):
        return family(table, [self.root]) - (set() if self.itself else {self.root})

    def ticks(self, table, members):
        """What they have had of processors, and those they waited for."""
        before = table[self.root].reaped if not self.itself and self.root in table else 0
        return before + sum(table[pid].ticks + table[pid].reaped for pid in members)

    def changed(self, what, now):
        """Is this another than at the look before?"""
        before, self.seen[what] = self.seen.get(what), now
        return before is not None and before != now

    def others_move(self, table, members):
        """Do those whose locks are waited for, and those whose locks these wait for?"""
        known, others = set(members), set()
        while new := family(table, holders(known)) - known:
            known |= new
            others |= new
        ticks = sum(table[pid].ticks + table[pid].reaped for pid in others)
        return self.changed("others", ticks) or are("RD", others)

    def look(self):
        """Why it has to be ended, or None."""
        now = self.clock()
        elapsed = min(now - self.last, 2 * self.interval)
        self.last = now
        table = processes()
        members = self.members(table)
        ticks = self.ticks(table, members)
        busy = (ticks - self.seen["ticks"]) / TICKS * BUSY > elapsed
        worked = self.changed("ticks", ticks)
        # who is waited for at this very moment may be counted twice, or not at all
        self.worked = max(self.worked, (ticks - self.begin) / TICKS)
        spoke = self.changed("output", [size_of(path) for path in self.output])
        wants = are("RD", members)
        waits = not (worked or spoke or wants) and self.others_move(table, members)
        self.stood = 0 if worked or spoke or wants or waits else self.stood + elapsed
        slept = not (busy or wants or waits or are("T", members))
        self.dozed = 0 if spoke else self.dozed + slept * elapsed
        return self.reason()

    def reason(self):
        if self.stood >= self.still:
            return f"nothing in it has moved for {self.still:g} s"
        if self.worked >= self.work:
            return f"it has used {self.work:g} s of processors' time"
        if self.dozed >= self.doze:
            return f"it has said nothing for {self.doze:g} s and slept"
        return None

    def due(self):
        """Is it time for another look?"""
        return self.clock() - self.last >= self.interval


def send(pids, number):
    """A signal to each of them, also to those that sudo has started for us."""
    refused = []
    for pid in pids:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            pass
        except PermissionError:
            refused.append(str(pid))
    if refused:
        subprocess.run(["sudo", "-n", "kill", f"-{int(number)}", *refused],
                       stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)


def alive(table, pids):
    return {pid for pid in pids if table[pid].state not in "ZX"}


def end(watch, pause=lambda: time.sleep(STEP), patience=PATIENCE, number=signal.SIGTERM):
    """Asks all that are watched to end, by a signal, and then kills them."""
    asked = set()
    for look in range(2 * PATIENCE):
        table = processes()
        members = alive(table, watch.members(table))
        if not members:
            return
        if look >= patience:
            send(members, signal.SIGKILL)
        else:
            send(members - asked, number)
            send(members - asked, signal.SIGCONT)  # who is stopped does not hear
            asked |= members
        pause()


def described(watch):
    """A line for each process that is watched: what it is, and what it is at."""
    table = processes()
    for pid in sorted(alive(table, watch.members(table))):
        words = read(PROC / str(pid) / "cmdline").replace("\0", " ")
        wait = read(PROC / str(pid) / "wchan")
        yield f"{pid} {table[pid].state} {wait} {words[:200]}"


# For tests: what they start is ended by the same reasons.


def wait_for_end(process, seconds):
    """Until it has ended or that time is over, and no longer: Popen.wait() looks only every
    now and then where it has a limit."""
    poll = select.poll()
    with open(os.pidfd_open(process.pid)) as end:
        poll.register(end, select.POLLIN)
        poll.poll(seconds * 1000)


def communicate(process, given=None, **limits):
    """What a process says to its end, as its own communicate() does; raises Hung."""
    watch = Watch(process.pid, **limits)
    while True:
        try:
            if process.poll() is None and not any(
                    (process.stdin, process.stdout, process.stderr)):
                wait_for_end(process, watch.interval)
            return process.communicate(given, timeout=watch.interval)
        except subprocess.TimeoutExpired:
            given = None
            if reason := watch.look():
                who = "\n".join(described(watch))
                end(watch, patience=0)
                raise Hung(f"{process.args}: {reason}\n{who}") from None


def run(command, *, still=STILL, work=WORK, check=False, capture_output=False, **options):
    """subprocess.run(), but that what hangs is ended, and all that it started."""
    given = options.pop("input", None)
    options.setdefault("start_new_session", True)
    if given is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with subprocess.Popen(command, **options) as process:
        try:
            out, err = communicate(process, given, still=still, work=work)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(process.args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


# The program


class Ended(Exception):
    """A signal came that ends this program."""


def reap(child):
    """Waits for all that have ended; the status of the child, if that was one of them."""
    status = None
    while True:
        try:
            pid, how = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return status
        if pid == child:
            code = os.waitstatus_to_exitcode(how)
            status = code if code >= 0 else 128 - code
        elif pid == 0:
            return status


def wait(child, watch, signals):
    """The child's status, or why it has to be ended."""
    while True:
        came = signal.sigtimedwait(signals, watch.interval)
        if came and came.si_signo != signal.SIGCHLD:
            raise Ended(came.si_signo)
        status = reap(child)
        if status is not None:
            return status, None
        if watch.due() and (reason := watch.look()):
            return HUNG, reason


def hear(mask):
    """For what is started: with the signals that we block, and those that a shell ignores
    for what it runs in the background."""
    for number in signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def become_the_orphans_parent():
    """And end with one's own."""
    libc = ctypes.CDLL(None, use_errno=True)
    parent = os.getppid()
    for option, value in (PR_SET_CHILD_SUBREAPER, 1), (PR_SET_PDEATHSIG, signal.SIGTERM):
        if libc.prctl(option, value, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "prctl")
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGTERM)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--still", type=float, default=STILL, metavar="SECONDS")
    parser.add_argument("--work", type=float, default=WORK, metavar="SECONDS")
    parser.add_argument("--doze", type=float, default=DOZE, metavar="SECONDS")
    parser.add_argument("--output", action="append", default=[], metavar="FILE")
    parser.add_argument("--signal", default="TERM", metavar="NAME", type=lambda name:
                        signal.Signals[f"SIG{name}"], help="by which it is asked to end")
    parser.add_argument("command", nargs=argparse.REMAINDER)
    return parser.parse_args()


def main():
    args = arguments()
    signals = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    become_the_orphans_parent()
    process = subprocess.Popen(  # which would wait for its end, were it forgotten
        args.command, start_new_session=True,
        preexec_fn=lambda: hear(before),
    )
    watch = Watch(os.getpid(), args.still, args.work, args.doze, [1, 2, *args.output],
                  itself=False)
    try:
        status, reason = wait(process.pid, watch, signals)
    except Ended as error:
        status, reason = 128 + error.args[0], None
    if reason:
        print("\n".join(described(watch)), file=sys.stderr)

    def pause():
        signal.sigtimedwait({signal.SIGCHLD}, STEP)
        reap(process.pid)

    end(watch, pause, number=args.signal)
    if reason:
        print(f"ended: {reason}", file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
