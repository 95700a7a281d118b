# SPDX-License-Identifier: LGPL-2.1-or-later
"""Kills and errors at system calls, and what must come of them.

After each, `recover` is given, and then everything is as it was before the run or as a run
leaves it to which nothing happens: over all PATHs, to the byte, mode and link, and nothing is
left behind. No file with a private key can be read by others at any time. The status is 0
only where all is new. Where files are written that are no tree's, what is left behind may
wait until the command is given again, which then ends as if nothing had happened before.
"""

import dataclasses

from . import scenarios, tracer

ERRORS = ("EIO", "ENOSPC", "EMFILE", "ENOMEM", "EROFS")
# what no kernel lets fail in these ways: there is no way to tell a program that it could not
# end, what umask answers is the mask that was, and a futex of one process has none of these
# errors: the C library ends the program by a signal then, or has it wait for ever
NEVER = {"exit", "exit_group", "rt_sigreturn", "restart_syscall", "umask", "futex"}
# where these fail the C library takes the machine for broken, and ends the program by a signal
FATAL = {"set_robust_list", "rseq", "arch_prctl", "set_tid_address", "rt_sigprocmask"}

# which of the errors each call can fail with, where it can
FILES = ("open", "read", "pread", "write", "pwrite", "fsync", "fdatasync", "syncfs", "ftruncate",
         "rename", "link", "unlink", "symlink", "mkdir", "rmdir", "getdents", "newfstatat", "stat",
         "lstat", "statx", "fchmod", "chmod", "fchown", "chown", "utimensat", "close",
         "fallocate", "fsetxattr", "flistxattr", "fgetxattr", "fremovexattr", "copy_file_range")
SPACE = ("write", "pwrite", "ftruncate", "fallocate", "rename", "link", "symlink", "mkdir",
         "fsync", "fdatasync", "syncfs", "fsetxattr", "open", "copy_file_range")
WRITING = ("rename", "link", "unlink", "symlink", "mkdir", "rmdir", "fchmod", "chmod", "fchown",
           "chown", "utimensat", "fsetxattr", "fremovexattr", "open")
DESCRIPTORS = ("open", "fcntl", "dup", "pipe2", "socket", "memfd_create", "inotify_init1")
KERNEL_MEMORY = ("mmap", "brk", "clone", "open", "rename", "mkdir", "link", "symlink", "newfstatat",
                 "statx", "getdents", "readlink", "read", "write", "fsync", "flock", "madvise",
                 "mprotect", "mremap", "poll", "getcwd")


def can_fail(call, error):
    kinds = {"EIO": FILES, "ENOSPC": SPACE, "EROFS": WRITING, "EMFILE": DESCRIPTORS,
             "ENOMEM": KERNEL_MEMORY}[error]
    if error in ("ENOSPC", "EROFS") and call.name.startswith("open") and not call.changes:
        return False
    return call.name.startswith(kinds)


@dataclasses.dataclass(frozen=True)
class Case:
    call: tracer.Call
    what: str  # "kill", "kill-after", an error, or an error and "stuck"

    def __str__(self):
        return f"{self.call} {self.what}"

    @property
    def options(self):
        word, *stuck = self.what.split()
        if word.startswith("kill"):
            return (f"--{word}",)
        return ("--stuck" if stuck else "--error", word)

    @property
    def kills(self):
        return self.what.startswith("kill")


def cases(calls):
    """All there are. A case's second part says how much it is worth to be among few."""
    for call in calls:
        yield Case(call, "kill"), 3 if call.changes else 0.3
        if call.changes:
            yield Case(call, "kill-after"), 0.3
        if call.name in NEVER:
            continue
        for error in ERRORS:
            worth = 0 if not can_fail(call, error) else 3 if call.changes else 1
            yield Case(call, error), worth
            if call.changes and error in ("EIO", "ENOSPC", "EROFS"):
                yield Case(call, f"{error} stuck"), worth / 3


class Ground:
    """A scenario put up in a worker's world, with what is old there and what is new."""

    def __init__(self, scenario, world):
        self.scenario, self.world = scenario, world
        self.env = scenario.environment(world)
        self.argv = scenario.argv(world)
        world.reset({})
        for name in scenario.mounts:
            world.mount(name)
        scenario.make(world.t, world)
        # once taken down and put up, so that times and the order in directories are
        world.reset(before := world.look())
        assert world.look() == before, "what was put up is not what was made"
        self.before = before
        self.old = self.face(before)
        self.calls = self.make_calls()
        self.new = self.face(world.look())
        self.check_reference()

    def face(self, nodes):
        return scenarios.faces(nodes, self.before) if self.scenario.makes_keys else nodes

    def look(self):
        return self.face(self.world.look())

    def make_calls(self):
        self.world.reset(self.before)
        calls, status = tracer.calls(self.argv, cwd=self.world.t, env=self.env,
                                     scratch=self.world.scratch)
        if status != self.scenario.status:
            raise RuntimeError(f"{self.scenario.name}: status {status}: "
                               f"{(self.world.scratch / 'err').read_text()}")
        return calls

    def check_reference(self):
        """A run that nothing happens to does the same twice, and does something."""
        self.world.reset(self.before)
        self.run()
        again = self.look()
        assert again == self.new, ("two runs differ", differences(again, self.new))
        assert self.new != self.old, "the command changes nothing"

    def run(self, at=None, what=None):
        return tracer.run(self.argv, at, what, cwd=self.world.t, env=self.env,
                          scratch=self.world.scratch)

    def recover(self):
        """What is wrong with how `recover` ends, for each of its trees."""
        for name in self.scenario.recover:
            if not (self.world.t / name).exists():
                continue
            run = tracer.run([self.world.bin / "modseal", "recover", name], cwd=self.world.t,
                             env=self.env, scratch=self.world.scratch)
            if run.status not in (0, 1):
                yield f"recover {name}: {run}: {run.err.strip()}"


def differences(nodes, other):
    return sorted(name for name in {*nodes, *other} if nodes.get(name) != other.get(name))


def wide_keys(nodes):
    """Private keys that others than their owner can do something with."""
    return [f"a private key of mode {node.mode:o}: {name}" for name, node in nodes.items()
            if node.is_private_key and node.mode & 0o177]


def without(nodes, names):
    """The nodes but for these names, which are no names of the others' files either."""
    left = {name: node for name, node in nodes.items() if name not in names}
    groups = {}
    for name, node in left.items():
        groups.setdefault(node.same, []).append(name)
    return {name: node if node.same is None else dataclasses.replace(
        node, same=groups[node.same][0] if len(groups[node.same]) > 1 else None)
            for name, node in left.items()}


def is_like(nodes, other, name):
    """The same but for what other names it has."""
    if name not in nodes or name not in other:
        return False
    return dataclasses.replace(nodes[name], same=None) == dataclasses.replace(
        other[name], same=None)


def judge_state(ground, nodes):
    """(what is wrong, what is left behind that belongs to no state, is the rest new?)."""
    old, new = ground.old, ground.new
    left = sorted(name for name in nodes if name not in old and name not in new)
    nodes = without(nodes, left)
    from_old, from_new = differences(nodes, old), differences(nodes, new)
    if not from_old or not from_new:
        return [], left, not from_new
    # directories that were made for what then was not there
    if all(name in nodes and nodes[name] == new.get(name) and new[name].kind == "directory"
           for name in from_old):
        return [], left + from_old, False
    neither = [name for name in from_old if name in from_new]
    torn = [name for name in neither if not is_like(nodes, old, name)
            and not is_like(nodes, new, name)]
    some_new = [name for name in from_old if name not in from_new]
    some_old = [name for name in from_new if name not in from_old]
    if torn:
        return [f"neither old nor new: {' '.join(torn)}"], left, False
    if neither:
        return [f"no longer one file: {' '.join(neither)}"], left, False
    return [f"mixed: old {' '.join(some_old)}; new {' '.join(some_new)}"], left, False


def judge_run(ground, case, run, nodes):
    """What is wrong right after the run."""
    wrong = wide_keys(nodes)
    if run.hung:
        wrong.append("it hangs")
    if run.crashed and not (case.call.by == "loader" or case.call.name in FATAL):
        wrong.append(f"it ends by signal {run.signal}")
    # what waits still may be another name of a file: that is no fault of the file's
    left = [name for name in nodes if name not in ground.old and name not in ground.new]
    not_new = [name for name in differences(without(nodes, left), ground.new)
               if "/.modseal-" not in name
               and (name in ground.old or name in ground.new)]
    if run.signal is None and run.status == 0 and not_new:
        wrong.append(f"status 0, but not all is new: {' '.join(not_new)}")
    if run.signal is None and not run.hit and run.status != ground.scenario.status:
        wrong.append(f"nothing happened to it, and {run}: {run.err.strip()}")
    return wrong


def is_named_and_empty(ground, nodes, name):
    """The directory that was named for -o, made by a run that was killed before it could make
    a journal in it. Nobody could know then whose it is; nobody's files are in it."""
    return (name in ground.scenario.recover and nodes[name].kind == "directory"
            and not any(other.startswith(f"{name}/") for other in nodes))


def judge(ground, case, thorough=False):
    """Runs the case; what is wrong."""
    scenario = ground.scenario
    ground.world.reset(ground.before)
    run = ground.run(case.call, case.options)
    nodes = ground.look()
    wrong = judge_run(ground, case, run, nodes)
    if nodes in (ground.old, ground.new) and not thorough:
        return wrong, run
    wrong += ground.recover()
    nodes = ground.look()
    mixed, left, is_new = judge_state(ground, nodes)
    left = [name for name in left if not is_named_and_empty(ground, nodes, name)]
    wrong += wide_keys(nodes)
    if not (mixed and mixed[0].startswith("mixed") and scenario.piecewise and not case.kills):
        wrong += mixed
    if left and not scenario.again:
        wrong.append(f"left behind: {' '.join(left)}")
    elif left:
        wrong += judge_again(ground, left, is_new)
    return list(dict.fromkeys(wrong)), run


def judge_again(ground, left, is_new):
    """The command, given again, clears away what was left behind, and ends as if nothing had
    happened before: unless all is done already, where it may say that it will not do it twice."""
    run = ground.run()
    nodes = ground.look()
    wrong = []
    if not is_new and run.status != ground.scenario.status:
        wrong.append(f"given again: {run}: {run.err.strip()}")
    if not is_new and nodes != ground.new:
        wrong.append(f"given again, it leaves: {' '.join(differences(nodes, ground.new))}")
    if is_new and (still := sorted(set(left) & set(nodes))):
        wrong.append(f"given again, it leaves: {' '.join(still)}")
    return wrong
