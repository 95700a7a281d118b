# SPDX-License-Identifier: LGPL-2.1-or-later
"""A series on disk, a directory of kernel/patches:

    NNNN-*.patch   as `git format-patch` writes them
    versions       for which source it was made, with which it was tested, which suites of
                   Debian have it
    base.tar.xz    the files of the source it was made for that the patches touch

The last one is what makes a three-way merge possible on a machine that has never seen
that source: Debian's archive does not keep old versions. It is made alike everywhere.
"""

import io
import lzma
import pathlib
import re
import tarfile

from . import Trouble
from .source import File

HEAD = """\
# SPDX-License-Identifier: LGPL-2.1-or-later
# Debian's suites that have a linux-source for this series, that of ./check first; for which
# it was made (base.tar.xz has what the patches touch of it), and with which it was built,
# booted and tested. Written by tools/kernel-series.
"""
TOUCHED = re.compile(r"^(?:--- a|\+\+\+ b)/([^\t\n]+)", re.MULTILINE)
SUBJECT = re.compile(r"^Subject: (?:\[[^]]*\] )?(.*(?:\n .*)*)", re.MULTILINE)


class Patch:
    """One file of a series."""

    def __init__(self, path):
        self.path = path
        self.name = path.name
        self.text = path.read_bytes().decode("utf-8", "surrogateescape")
        found = SUBJECT.search(self.text)
        self.subject = found[1].replace("\n", "") if found else path.stem
        self.touched = sorted(set(TOUCHED.findall(self.text)))
        for name in self.touched:
            if ".." in name.split("/"):
                raise Trouble(f"'{path}' touches '{name}'")


class Series:
    """The series in a directory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.name = self.directory.name
        self.patches = [Patch(path) for path in sorted(self.directory.glob("*.patch"))]
        if not self.patches:
            raise Trouble(f"no patches in '{directory}'")
        self.versions = Versions.read(self.directory / "versions")

    @property
    def touched(self):
        """Names of all files that a patch changes, makes or removes."""
        return sorted({name for patch in self.patches for name in patch.touched})

    def base(self):
        """{name: File} as the source had them that this series was made for."""
        path = self.directory / "base.tar.xz"
        try:
            with tarfile.open(path, "r:xz") as archive:
                return {
                    member.name: File(archive.extractfile(member).read(), member.mode & 0o100)
                    for member in archive if member.isfile()
                }
        except (OSError, tarfile.TarError, lzma.LZMAError) as error:
            raise Trouble(f"cannot read '{path}': {error}") from error


class Versions:
    """The file `versions`."""

    def __init__(self, suites, made_for, tested):
        self.suites, self.made_for, self.tested = suites, made_for, tested

    def is_known(self, version):
        """Whether what fails with that version is the fault of the series."""
        return version == self.made_for or version in self.tested

    def write(self, path):
        lines = [f"suites {' '.join(self.suites)}", f"made-for {self.made_for}"]
        lines += [f"tested {version}" for version in self.tested]
        path.write_text(HEAD + "\n".join(lines) + "\n")

    @classmethod
    def read(cls, path):
        found = {"suites": [], "made-for": [], "tested": []}
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise Trouble(f"cannot read '{path}': {error.strerror}") from error
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words or words[0].startswith("#"):
                continue
            if words[0] not in found or len(words) == 1:
                raise Trouble(f"'{path}', line {number}: none of {', '.join(found)}")
            found[words[0]] += words[1:]
        if len(found["made-for"]) != 1:
            raise Trouble(f"'{path}' does not name the one version it was made for")
        return cls(found["suites"], found["made-for"][0], found["tested"])


def write_base(path, files):
    """The file base.tar.xz: the same bytes for the same files, whoever writes it."""
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in sorted(files):
            member = tarfile.TarInfo(name)
            member.size = len(files[name].data)
            member.mode = 0o755 if files[name].executable else 0o644
            archive.addfile(member, io.BytesIO(files[name].data))
    path.write_bytes(lzma.compress(plain.getvalue(), preset=9 | lzma.PRESET_EXTREME))
