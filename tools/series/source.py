# SPDX-License-Identifier: LGPL-2.1-or-later
"""A Linux to patch: an unpacked directory, an archive of one (.tar, .tar.xz, ...), or
Debian's package linux-source (.deb), of which the archive inside is read.

Only files that are asked for are taken, and only plain ones: a link at the place of a file
counts as no file, since nothing may be read or written through it.
"""

import os
import pathlib
import re
import subprocess
import tarfile

from . import Trouble

# of an archive: the part of each name that is the directory that it unpacks to
INSIDE = """
set -o pipefail
dpkg-deb --fsys-tarfile "$1" | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' | xz -dc
"""


class File:
    """One file's bytes, and whether it may be executed."""

    def __init__(self, data, executable):
        self.data, self.executable = data, bool(executable)


def opened(path):
    """A process whose output is the archive, or a file; and the process, or None."""
    if path.suffix != ".deb":
        return open(path, "rb"), None
    process = subprocess.Popen(["bash", "-c", INSIDE, "-", path], stdout=subprocess.PIPE)
    return process.stdout, process


def members(path):
    """(name in the tree, member, archive) of each plain file."""
    stream, process = opened(path)
    try:
        with stream, tarfile.open(fileobj=stream, mode="r|*") as archive:
            for member in archive:
                name = re.sub(r"^(\./)*[^/]+/", "", member.name)
                if member.isfile():
                    yield name, member, archive
            while stream.read(1 << 20):  # an end too early is an error of the process
                pass
    except (tarfile.TarError, EOFError, OSError) as error:
        raise Trouble(f"cannot read '{path}': {error}") from error
    finally:
        if process and process.poll() is None:
            process.terminate()
        if process:
            process.wait()
    if process and process.returncode:
        raise Trouble(f"cannot read the source in '{path}'")


class Source:
    """A Linux at PATH."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        if not self.path.exists():
            raise Trouble(f"no source '{path}'")
        self.directory = self.path.is_dir()
        self._version = None

    def names(self):
        """Of all files."""
        if not self.directory:
            return [name for name, _, _ in members(self.path)]
        found = []
        for top, directories, files in os.walk(self.path):
            if ".git" in directories:
                directories.remove(".git")
            found += [os.path.relpath(os.path.join(top, name), self.path) for name in files]
        return found

    def read(self, names):
        """{name: File} of those that are there."""
        wanted = set(names)
        if self.directory:
            return {name: file for name in wanted if (file := self._plain(name))}
        found = {}
        for name, member, archive in members(self.path):
            if name in wanted:
                data = archive.extractfile(member).read()
                found[name] = File(data, member.mode & 0o100)
        return found

    def _plain(self, name):
        path = self.path / name
        parents = [self.path / parent for parent in list(pathlib.PurePath(name).parents)[:-1]]
        if any(part.is_symlink() for part in [path, *parents]) or not path.is_file():
            return None
        return File(path.read_bytes(), path.stat().st_mode & 0o100)

    @property
    def version(self):
        """The package's, else what the Makefile says."""
        if not self._version and self.path.suffix == ".deb":
            command = ["dpkg-deb", "-f", self.path, "Version"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            self._version = done.stdout.strip()
        if not self._version:
            self._version = makefile_version(self.read(["Makefile"]), self.path)
        return self._version


def makefile_version(found, path):
    """6.12.117, of the Makefile at a source's top."""
    if "Makefile" not in found:
        raise Trouble(f"'{path}' is no Linux: it has no Makefile")
    text = found["Makefile"].data.decode(errors="replace")
    fields = dict(re.findall(r"^(VERSION|PATCHLEVEL|SUBLEVEL|EXTRAVERSION) *= *(\S*)", text,
                             re.MULTILINE))
    numbers = [fields.get(name) for name in ("VERSION", "PATCHLEVEL", "SUBLEVEL")]
    if not all(numbers):
        raise Trouble(f"'{path}' is no Linux: its Makefile says no version")
    return ".".join(numbers) + fields.get("EXTRAVERSION", "")
