# SPDX-License-Identifier: LGPL-2.1-or-later
"""The initramfs of a lab machine: our init, and the cases as plain files.

The cases travel in the initramfs because nothing else works on every stock kernel:
cloud flavours have virtio and every file system as modules. The kernel reads any
number of cpio archives one behind the other, uncompressed, so this writes one stream
and holds one case in memory at a time.
"""

import hashlib
import os
import pathlib
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).with_name("init.c")
COMPILE = ["-static", "-Os", "-s", "-Wall", "-Wextra", "-o"]


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    path = pathlib.Path(base, "modseal", "lab")
    path.mkdir(parents=True, exist_ok=True)
    return path


def built_init():
    """The path of the compiled init.c, in the cache under the digest of its source."""
    compiler = os.environ.get("LAB_CC", "gcc")
    key = SOURCE.read_bytes() + " ".join([compiler, *COMPILE]).encode()
    path = cache_dir() / ("init-" + hashlib.sha256(key).hexdigest()[:16])
    if not path.exists():
        with tempfile.TemporaryDirectory(dir=cache_dir()) as tmp:
            built = pathlib.Path(tmp, "init")
            subprocess.run([compiler, *COMPILE, built, SOURCE], check=True)
            built.rename(path)
    return path


def content_of(case):
    """A case is a path, or a pair (name, bytes), perhaps with its own call behind it."""
    return case[1] if isinstance(case, tuple) else pathlib.Path(case).read_bytes()


def name_of(case):
    return case[0] if isinstance(case, tuple) else os.fspath(case)


class Archive:
    """A cpio archive in the newc format, which is all that the kernel reads."""

    def __init__(self, stream):
        self.stream = stream
        self.count = 0

    def add(self, name, data=b"", mode=0o100644):
        self.count += 1
        name = name.encode() + b"\0"
        fields = [self.count, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name), 0]
        header = b"070701" + b"".join(b"%08x" % field for field in fields) + name
        for part in header, data:
            self.stream.write(part + bytes(-len(part) % 4))

    def close(self):
        self.add("TRAILER!!!", mode=0)


def write(path, cases, calls, preload=()):
    """Writes the archive; returns its size in bytes. calls: for each case the letters of
    the calls that it goes through."""
    with open(path, "wb") as stream:
        archive = Archive(stream)
        archive.add("init", built_init().read_bytes(), 0o100755)
        archive.add("calls", "".join(f"{letters}\n" for letters in calls).encode())
        for folder, files in ("preload", preload), ("cases", cases):
            archive.add(folder, mode=0o40755)
            for index, case in enumerate(files):
                archive.add(f"{folder}/{index}", content_of(case))
        archive.close()
        return stream.tell()
