# SPDX-License-Identifier: LGPL-2.1-or-later
"""The directory that runs work in. What is in it is held in memory: put up for each run, and
compared with what the run has left of it, name by name and byte by byte.
"""

import ctypes
import dataclasses
import functools
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile

from support import cli
from support.runs import journals

TIME = 1_600_000_000  # when everything was changed last


@dataclasses.dataclass(frozen=True)
class Node:
    """What a name stands for. same: the first of the names of a file that has several."""

    kind: str  # "directory", "file", "link" or what else there is
    mode: int
    owner: tuple
    content: bytes | str | None = None
    same: str | None = None
    attributes: tuple = ()

    @property
    def is_private_key(self):
        return self.kind == "file" and (b"PRIVATE KEY-----" in self.content
                                        or self.content.startswith(b"\x30\x82")
                                        and b"\x02\x01\x00\x30" in self.content[:16])


def node_of(path, name, seen):
    st = path.lstat()
    owner = (st.st_uid, st.st_gid)
    if stat.S_ISDIR(st.st_mode):
        return Node("directory", stat.S_IMODE(st.st_mode), owner)
    if stat.S_ISLNK(st.st_mode):
        return Node("link", 0o777, owner, os.readlink(path))
    if not stat.S_ISREG(st.st_mode):
        return Node(f"{stat.S_IFMT(st.st_mode):o}", stat.S_IMODE(st.st_mode), owner)
    first = seen.setdefault((st.st_dev, st.st_ino), name) if st.st_nlink > 1 else name
    attributes = tuple((key, os.getxattr(path, key)) for key in sorted(os.listxattr(path)))
    content = path.read_bytes()
    if path.name == journals.NAME:
        content = journals.blank(content)
    return Node("file", stat.S_IMODE(st.st_mode), owner, content,
                first if st.st_nlink > 1 else None, attributes)


def snapshot(top):
    """{name: Node} of everything below the directory."""
    names, waiting, seen = [], [""], {}
    while waiting:
        directory = waiting.pop()
        with os.scandir(top / directory) as entries:
            for entry in entries:
                names.append(f"{directory}/{entry.name}".lstrip("/"))
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(names[-1])
    return {name: node_of(top / name, name, seen) for name in sorted(names)}


def clear(top):
    """Removes what is below the directory; a file system that is mounted there stays."""
    for path in top.iterdir():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif os.path.ismount(path):
            clear(path)
        else:
            clear(path)
            if not any(path.iterdir()):
                path.rmdir()


def put_up(top, nodes):
    """The inverse of snapshot()."""
    clear(top)
    for name, node in nodes.items():
        path = top / name
        if node.kind == "directory":
            path.mkdir(exist_ok=True)
        elif node.kind == "link":
            path.symlink_to(node.content)
            continue
        elif node.same not in (None, name):
            os.link(top / node.same, path)
            continue
        else:
            path.write_bytes(node.content)
        os.chown(path, *node.owner)
        path.chmod(node.mode)
        for key, value in node.attributes:
            os.setxattr(path, key, value)
    for name, node in nodes.items():
        if node.kind == "file" and (top / name).name == journals.NAME:
            (top / name).write_bytes(journals.fill((top / name).parent, node.content))
    for name, node in reversed(nodes.items()):
        os.utime(top / name, (TIME, TIME), follow_symlinks=False)


def private_mounts():
    """Gives this process a mount namespace of its own, which ends with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(0x00020000) != 0:  # CLONE_NEWNS
        raise OSError(ctypes.get_errno(), "unshare")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True, capture_output=True)


@functools.cache
def why_no_mounts():
    """Why a file system cannot be mounted here; None where it can."""
    if os.geteuid() != 0:
        return "mounting a second file system needs root"
    script = """set -e; truncate -s 1M "$1"; mkfs.ext4 -q -F "$1"; mkdir "$1.d"
        mount -o loop "$1" "$1.d" """
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
             f"{directory}/image"], capture_output=True, text=True, check=False)
    return f"no second file system here: {done.stderr.strip()}" if done.returncode else None


class World:
    """A worker's own place: `t`, where commands work; `bin`, what they are called by; and
    scratch files. In memory where the machine has a file system for that."""

    def __init__(self, pki):
        self.pki = pathlib.Path(pki)
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.top = pathlib.Path(tempfile.mkdtemp(prefix="modseal-syscalls-", dir=base))
        self.t = self.top / "t"
        self.scratch = self.top / "scratch"
        self.bin = self.top / "bin"
        for directory in self.t, self.scratch, self.bin:
            directory.mkdir()
        for name in "modseal", "sign-file", "kmodsign":
            (self.bin / name).symlink_to(cli.PROGRAM)
        self.state = None  # what is in t, where that is known

    def environment(self, **extra):
        """The same for every run; temporary files would lie in t, and be seen."""
        env = {"PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
               "LC_ALL": "C", "TZ": "UTC", "HOME": str(self.top), "TMPDIR": str(self.t)}
        kept = {key: value for key, value in os.environ.items() if key.endswith("SAN_OPTIONS")}
        return {**env, **kept, **cli.without_leak_check(),
                **{key: str(value) for key, value in extra.items()}}

    def reset(self, nodes):
        """Has t hold these nodes."""
        if self.state != nodes:
            put_up(self.t, nodes)
        self.state = None

    def look(self):
        self.state = snapshot(self.t)
        return self.state

    def mount(self, name):
        """A small ext4 at t/NAME, for this process and its children only."""
        private_mounts()
        image = self.top / f"{name}.img"
        with open(image, "wb") as file:
            file.truncate(16 << 20)
        (self.t / name).mkdir()
        for command in (["mkfs.ext4", "-q", "-F", "-m0", image],
                        ["mount", "-o", "loop", image, self.t / name]):
            subprocess.run(command, check=True, capture_output=True)
        (self.t / name / "lost+found").rmdir()

    def close(self):
        while True:
            mounted = [path for path in self.t.iterdir() if os.path.ismount(path)]
            if not mounted:
                break
            for path in mounted:
                subprocess.run(["umount", path], check=True, capture_output=True)
        shutil.rmtree(self.top)
