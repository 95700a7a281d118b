# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the machines: one boot answers thousands of cases.

A machine has one processor; `jobs` machines share the cases among them. One that dies
or stands still is started again at the case that it was asked about. A case that does
it twice is reported as "crashed" or "hung", and the next machine begins behind it: a
hostile module never costs the answers about the others, and an emulator's fault is not
taken for a module's. No machine outlives the run that started it: an exception in
one of them, or in the caller's thread, stops all, and setpriv has the kernel kill them
should this process die.
"""

import concurrent.futures
import contextlib
import fcntl
import os
import pathlib
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading

from . import initramfs, kernel as kernels, report

QEMU = "qemu-system-x86_64"
# the signal comes when the thread that started the machine is gone
WITH_US = ["setpriv", "--pdeathsig", "KILL"]
MODES = {
    "permissive": "",
    "enforcing": "module.sig_enforce=1",
    "lockdown": "lockdown=integrity",
}
CALLS = {
    "finit": "f",
    "init": "i",
    "compressed": "c",
    # by force: MODULE_INIT_IGNORE_MODVERSIONS, MODULE_INIT_IGNORE_VERMAGIC
    "modversions": "m",
    "vermagic": "v",
    # finit and modversions for the time they take: Result.nanoseconds
    "timed": "t",
    "timed-modversions": "u",
}
# The console is for a dying kernel only; cryptomgr's self tests cost a second a boot.
# initcall_debug makes the kernel log each module's init function: the proof that one
# that then failed had passed the signature check. A busy host makes the emulated timer
# miss the moment at which the kernel looks whether it works, and a panic follows.
COMMAND_LINE = (
    "console=ttyS0 loglevel=1 panic=-1 oops=panic rootfstype=ramfs log_buf_len=1M"
    " cryptomgr.notests=1 initcall_debug no_timer_check"
)
BASE_MEMORY_MB = 512
MAX_DEATHS = 20
MAX_FAILED_BOOTS = 3
BOOT_SECONDS = 180
PROBE_SECONDS = 60
# A limit in seconds counts those in which the machine had a processor: a busy host is no
# standing machine. One that wants none has so many times as long; when it waits for one,
# that does not count.
IDLE = 10
TICKS = os.sysconf("SC_CLK_TCK")


class LabError(RuntimeError):
    """The lab itself failed: no machine, no answer, or a damaged report."""


def available():
    """None, or why no machine can run here."""
    for tool in QEMU, WITH_US[0], os.environ.get("LAB_CC", "gcc"):
        if not shutil.which(tool):
            return f"{tool} is not installed"
    return None


def accelerator():
    """KVM where it works: /dev/kvm alone is no proof, so a machine without a kernel
    is created and stopped, and the answer is kept until the next reboot of this host."""
    if choice := os.environ.get("LAB_ACCEL"):
        return choice
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "tcg"
    boot = pathlib.Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    memory = initramfs.cache_dir() / f"accel-{boot}"
    with contextlib.suppress(FileNotFoundError):
        return memory.read_text()
    probe = [QEMU, *base_arguments("kvm"), "-S", "-monitor", "stdio"]
    options = {"input": b"quit\n", "capture_output": True, "timeout": PROBE_SECONDS}
    try:
        answer = "tcg" if subprocess.run(probe, **options).returncode else "kvm"
    except subprocess.TimeoutExpired:
        return "tcg"  # this time: the host may only have been busy, and it is the slower one
    with tempfile.NamedTemporaryFile("w", dir=memory.parent, delete=False) as file:
        file.write(answer)
    os.replace(file.name, memory)  # others ask at the same time, and find it whole
    return answer


def base_arguments(accel):
    # TCG of QEMU 7.2 leaves wrong flags behind cmpxchg16b: one boot in four died of it
    cpu = "max" if accel == "kvm" else "max,-cx16"
    arguments = ["-accel", accel, "-cpu", cpu, "-nodefaults", "-no-user-config"]
    return [*arguments, "-display", "none", "-no-reboot", "-smp", "1"]


def calls_of(case, calls):
    """What this case goes through, where the others go through `calls`."""
    return (case[2],) if isinstance(case, tuple) and len(case) > 2 else calls


class Running:
    """The machines of one run, so that all of them can be stopped. The lock can be taken
    twice, since a signal may come while it is held."""

    runs, halted = set(), False  # of this process

    def __init__(self):
        self.lock, self.processes = threading.RLock(), set()
        Running.runs.add(self)
        self.stopped = Running.halted

    @contextlib.contextmanager
    def machine(self, command, **options):
        with self.lock:
            if self.stopped:
                raise LabError("stopped")
            process = subprocess.Popen([*WITH_US, *command], **options)
            self.processes.add(process)
        try:
            with process:
                try:
                    yield process
                finally:
                    process.kill()
        finally:
            with self.lock:
                self.processes.discard(process)

    def stop(self):
        with self.lock:
            self.stopped = True
            for process in self.processes:
                process.kill()

    def end(self):
        self.stop()
        Running.runs.discard(self)


def stop_all():
    Running.halted = True
    for running in list(Running.runs):
        running.stop()


def end_on_signals():
    """For programs: SIGTERM and SIGINT end them, and all machines first. Otherwise the
    threads that wait for these would keep the program from ending. A signal that comes
    just as the main thread begins to wait does not wake it: so a thread of its own hears
    of each, too, and with the machines ends what is waited for."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing)

    def listen():
        os.read(reading, 1)
        stop_all()

    def end(number, _):
        stop_all()
        sys.exit(128 + number)

    threading.Thread(target=listen, daemon=True).start()
    for number in signal.SIGTERM, signal.SIGINT:
        signal.signal(number, end)


class Machine:
    """One boot: yields the report's lines as lists of fields."""

    def __init__(self, running, kernel, mode, calls, directory, stall):
        self.running = running
        self.kernel = os.fspath(kernel)
        self.mode = mode
        self.calls = calls
        self.directory = pathlib.Path(directory)
        self.stall = stall
        self.hung = False

    def calls_of(self, case):
        return calls_of(case, self.calls)

    def command(self, archive, size, cases, preload):
        options = [
            COMMAND_LINE,
            MODES[self.mode],
            f"lab.cases={cases}",
            f"lab.preload={preload}",
        ]
        memory = BASE_MEMORY_MB + size * 5 // 2 // 2**20
        console = f"file,id=console,path={self.directory / 'console'}"
        return [
            *[QEMU, *base_arguments(accelerator()), "-m", str(memory)],
            *["-kernel", self.kernel, "-initrd", str(archive)],
            *["-append", " ".join(options)],
            *["-chardev", console, "-serial", "chardev:console"],
            *["-chardev", "stdio,id=report,signal=off", "-serial", "chardev:report"],
        ]

    def console_tail(self):
        path = self.directory / "console"
        text = path.read_text(errors="replace") if path.exists() else ""
        return [line for line in text.splitlines() if line.strip()][-30:]

    def stderr_tail(self):
        return (self.directory / "stderr").read_text(errors="replace").splitlines()[-5:]

    def lines(self, cases, preload):
        archive = self.directory / "initramfs"
        letters = ["".join(map(CALLS.get, self.calls_of(case))) for case in cases]
        size = initramfs.write(archive, cases, letters, preload)
        command = self.command(archive, size, len(cases), len(preload))
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE}
        with (
            open(self.directory / "stderr", "wb") as errors,
            self.running.machine(command, stderr=errors, **pipes) as process,
        ):
            yield from self.read(process)

    def comes(self, process, limit):
        """Whether it says something, or ends, within the limit."""
        busy = seconds_worked(process.pid) + limit
        step, idle = min(1, limit), 0
        while not select.select([process.stdout], [], [], step)[0]:
            idle += 0 if wants_a_processor(process.pid) else step
            if seconds_worked(process.pid) >= busy or idle >= limit * IDLE:
                return False
        return True

    def read(self, process):
        fd = process.stdout.fileno()
        fcntl.fcntl(fd, fcntl.F_SETFL, os.O_NONBLOCK)
        pending, limit = b"", BOOT_SECONDS
        while True:
            if not self.comes(process, limit):
                self.hung = True
                return
            chunk = os.read(fd, 65536)
            if not chunk:
                return
            *whole, pending = (pending + chunk).split(b"\n")
            for line in whole:
                yield report.fields_of(line)
            limit = self.stall


def seconds_worked(pid):
    """All threads' time on a processor, of a process that we have not waited for yet."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def wants_a_processor(pid):
    """Has one of its threads one, or does it wait for one?"""
    for stat in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):  # that thread is gone
            if stat.read_text().rpartition(")")[2].split()[0] == "R":
                return True
    return False


def died(machine, case, call):
    outcome = "hung" if machine.hung else "crashed"
    result = report.Result(initramfs.name_of(case), call, outcome=outcome)
    result.log = machine.console_tail()
    return result


def one_boot(machine, cases, preload):
    """Results for the cases in order; fewer than all of them if the machine died, None
    if it never came up."""
    results, began, ended = [], False, False
    asked = [
        (str(index), case, call)
        for index, case in enumerate(cases)
        for call in machine.calls_of(case)
    ]
    for fields in machine.lines(cases, preload):
        began = began or fields[0] == "B"
        ended = ended or fields[0] == "E"
        if fields[0] == "P" and fields[2] != "0":
            name = initramfs.name_of(preload[int(fields[1])])
            raise LabError(f"cannot preload {name}: {os.strerror(int(fields[2]))}")
        if ended:
            break  # no need to wait until it is off, and not every kernel gets there
        if fields[0] != "R":
            continue
        index, case, call = asked[len(results)]
        if fields[1] != index:
            raise LabError("the report skips a case")
        content = initramfs.content_of(case) if fields[3] != "0" else b""
        name = initramfs.name_of(case)
        results.append(report.result_of(fields, name, call, content, machine.mode))
    if ended and len(results) != len(asked):
        raise LabError("the report ends too early")
    return results if began else None


class Share:
    """What one machine after the other does for a share of the cases."""

    def __init__(self, running, kernel, cases, mode, calls, preload, stall):
        self.arguments = running, kernel, mode, calls
        self.cases, self.calls, self.preload, self.stall = cases, calls, preload, stall
        self.results = []
        self.deaths = self.failed_boots = 0
        self.suspect = None  # the case that the last machine died of

    def calls_of(self, index):
        return calls_of(self.cases[index], self.calls)

    def answer(self):
        while self.cases:
            with tempfile.TemporaryDirectory(prefix="lab-") as directory:
                machine = Machine(*self.arguments, directory, self.stall)
                try:
                    got = one_boot(machine, self.cases, self.preload)
                except ValueError as error:
                    raise LabError(str(error)) from error
                if got is None:
                    self.boot_failed(machine)
                else:
                    self.take(machine, got)
        return self.results

    def boot_failed(self, machine):
        self.failed_boots += 1
        if self.failed_boots == MAX_FAILED_BOOTS:
            why = machine.stderr_tail() + machine.console_tail()
            raise LabError("the machine does not come up: " + "\n".join(why))

    def take(self, machine, got):
        done, part = 0, len(got)
        while done < len(self.cases) and part >= len(self.calls_of(done)):
            part -= len(self.calls_of(done))
            done += 1
        self.results += got[: len(got) - part]
        if done == len(self.cases):
            self.cases = []
            return
        self.deaths += 1
        if self.deaths > MAX_DEATHS:
            raise LabError(f"{self.deaths} machines died, giving up")
        self.cases = self.cases[done:]
        culprit, calls = self.cases[0], self.calls_of(0)
        if culprit is self.suspect:
            self.results += got[len(got) - part :]
            self.results.append(died(machine, culprit, calls[part]))
            name = initramfs.name_of(culprit)
            self.results += [report.Result(name, call) for call in calls[part + 1 :]]
            self.cases = self.cases[1:]
        self.suspect = culprit


def run(
    kernel,
    files,
    mode="permissive",
    calls=("finit",),
    preload=(),
    trust=(),
    jobs=1,
    stall=60,
):
    """Asks a kernel about module files.

    kernel   path of a bzImage
    files    paths, or pairs (name, bytes), or (name, bytes, call) for another call than
             `calls` says
    mode     permissive, enforcing or lockdown
    calls    any of CALLS; each file goes through all of them
    preload  modules to load first (signed by this kernel's key, in the order of their
             dependencies), e.g. a digest that the kernel has as a module
    trust    certificates that the kernel is to trust instead of its own: kernel.py
    jobs     machines side by side
    stall    seconds of work without an answer after which a machine counts as hung

    Returns one report.Result for each file and call, in order. Raises LabError, and
    ValueError for a kernel that cannot be made to trust what it should.
    """
    if reason := available():
        raise LabError(reason)
    if mode not in MODES:
        raise LabError(f"unknown mode {mode!r}")
    calls = tuple(calls)
    if not calls or set(calls) - set(CALLS):
        raise LabError(f"unknown calls {calls!r}")
    initramfs.built_init()
    files, preload = list(files), list(preload)
    each = -(-len(files) // max(1, jobs)) or 1
    shares = [files[at : at + each] for at in range(0, len(files), each)]
    with contextlib.ExitStack() as stack:
        if trust:
            directory = stack.enter_context(tempfile.TemporaryDirectory(prefix="lab-"))
            patched = os.path.join(directory, "vmlinux")
            kernels.trusting(kernel, trust, patched)
            kernel = patched
        running = Running()
        pool = stack.enter_context(concurrent.futures.ThreadPoolExecutor(max(1, jobs)))
        stack.callback(running.end)  # before the pool waits for its threads
        answers = pool.map(
            lambda part: Share(
                running, kernel, part, mode, calls, preload, stall
            ).answer(),
            shares,
        )
        return [result for answer in answers for result in answer]
