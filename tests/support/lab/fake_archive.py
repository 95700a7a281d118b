# SPDX-License-Identifier: LGPL-2.1-or-later
"""A copy of the lab whose archive and compiler are scripts, and the job `hashed` over it."""

import hashlib
import os
import shutil
import subprocess
import tarfile

import pytest

from support.cli import TOP
from support.lab.fake_builds import executable
from support.tools import assignments

# packages in the directory MADE_UP; the names are as apt gives them
ARCHIVE = """#!/bin/sh
[ "$1" = fetch ] || exit 2
case $3 in
*=*) file=$MADE_UP/${3%=*}_${3#*=}_all.deb ;;
*) file=$(ls "$MADE_UP/$3"_*_all.deb 2>/dev/null | sort -V | tail -n 1) ;;
esac
[ -f "$file" ] && echo "$file"
"""
MAKE = """#!/bin/sh
for argument; do
	case $argument in
	tinyconfig) echo '# made up' >.config ;;
	bzImage)
		! grep -q broken main.c || exit 2
		mkdir -p arch/x86/boot include/config
		cp main.c vmlinux && cp main.c arch/x86/boot/bzImage
		echo 9.1-test >include/config/kernel.release
		: >modules.order
		;;
	M=lab-outside) : >lab-outside/outside.ko ;;
	INSTALL_MOD_PATH=*) mkdir -p "${argument#*=}/lib/modules/9.1-test" ;;
	esac
done
"""
LINUX = {"fs/nls/nls_ascii.c": "\\n", "crypto/Kconfig": "\\n", "certs/Kconfig": "\\n"}
PATCH = """From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: a <a@b>
Date: Sun, 22 Nov 2026 09:17:37 +0000
Subject: [PATCH] kernel: Change it

---
 main.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/main.c b/main.c
--- a/main.c
+++ b/main.c
@@ -1,3 +1,3 @@
 one
-two
+changed
 three
"""


class Lab:
    """A copy of the lab with one series, 9.1, which was made for 9.1.0."""

    def __init__(self, directory):
        self.top, self.served = directory / "top", directory / "served"
        self.bin, self.cache = directory / "bin", directory / "cache"
        for path in self.served, self.bin, self.cache / "modseal" / "kernels":
            path.mkdir(parents=True)
        shutil.copytree(TOP / "lab", self.top / "lab", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copytree(TOP / "tools", self.top / "tools", ignore=shutil.ignore_patterns("__pycache__"))
        (self.top / "tests/support/check").mkdir(parents=True)
        shutil.copy(TOP / "tests/support/check/common.sh", self.top / "tests/support/check")
        executable(self.top / "tools/debian-archive", ARCHIVE)
        executable(self.bin / "make", MAKE)
        series = self.top / "kernel/patches/9.1"
        series.mkdir(parents=True)
        (series / "0001-kernel-Change-it.patch").write_text(PATCH)
        (series / "versions").write_text("suites made-up\nmade-for 9.1.0\n")
        (directory / "main.c").write_text("one\ntwo\nthree\n")
        with tarfile.open(series / "base.tar.xz", "w:xz") as archive:
            archive.add(directory / "main.c", "main.c")
        self.keys()

    def keys(self):
        """Those that build-kernel takes for made already."""
        script = (self.top / "lab/kernel-keys").read_bytes()
        keys = self.cache / "modseal/kernels" / f"keys-{hashlib.sha256(script).hexdigest()[:32]}"
        keys.mkdir()
        for name in "trusted", "own", "own-both", "rsa1", "p1", "revoked", "withdrawn":
            (keys / f"{name}.pem").write_text(f"{name}\n")

    def serve(self, version, main="one\ntwo\nthree\n"):
        """A package of a Linux whose main.c is that."""
        tree = self.served / "tree"
        place = tree / "linux-source-9.1"
        numbers = version.split("-")[0].split(".")
        makefile = "".join(f"{name} = {number}\n" for name, number in
                           zip(("VERSION", "PATCHLEVEL", "SUBLEVEL"), numbers))
        for name, text in (LINUX | {"main.c": main, "Makefile": makefile}).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text)
        package = tree / "package"
        (package / "usr/src").mkdir(parents=True)
        with tarfile.open(package / "usr/src/linux-source-9.1.tar.xz", "w:xz") as archive:
            archive.add(place, "linux-source-9.1")
        (package / "DEBIAN").mkdir()
        (package / "DEBIAN/control").write_text(
            f"Package: linux-source-9.1\nVersion: {version}\nArchitecture: all\n"
            "Maintainer: a <a@b>\nDescription: made up\n")
        subprocess.run(["dpkg-deb", "-Znone", "--root-owner-group", "-b", package,
                        self.served / f"linux-source-9.1_{version}_all.deb"],
                       check=True, capture_output=True)
        shutil.rmtree(tree)

    def build(self, *arguments, status=0, **environment):
        """What build-kernel prints for a kernel of the series with a list."""
        command = [self.top / "lab/build-kernel", "--series", "9.1", "--hashes", "list"]
        done = subprocess.run([*command, *arguments], capture_output=True, text=True, env={
            **os.environ, "XDG_CACHE_HOME": str(self.cache), "MADE_UP": str(self.served),
            "PATH": f"{self.bin}:{os.environ['PATH']}", **environment})
        assert done.returncode == status, done.stdout + done.stderr
        return assignments.read(done.stdout)


@pytest.fixture
def made_up(tmp_path):
    return Lab(tmp_path)


# lab/build-kernel, and pytest, of the job: what they say is in files
BUILD_KERNEL = """#!/bin/bash
while [ $# -gt 0 ]; do [ "$1" = --series ] && series=$2; shift; done
name=$series; [[ " $LAB_AVOID " != *" $series="* ]] || name=$series-else
cat "said-$name"
exit "$(cat "status-$name" 2>/dev/null || echo 0)"
"""
JOB = r"""
set -euo pipefail
TOP=$1 JOB=hashed FULL=$2
. "$3/tests/support/check/common.sh"
. "$3/tests/support/check/jobs.sh"
cd "$TOP"
mkdir -p "$LOGS"
: >"$LOGS/$JOB.tally"
build_in() { :; }
need_roots() { :; }
pytest_in()
{
	echo "$HASHED_SERIES ${LAB_AVOID-}" >>asked
	if [ -e "fails${LAB_AVOID:+-again}" ]; then tally 5 2 0; return 1; else tally 7 0 0; fi
}
job_hashed
"""


class Job:
    """The job with a lab that says, of each series, what say() was told."""

    def __init__(self, top):
        self.top = top
        (top / "lab").mkdir()
        executable(top / "lab/build-kernel", BUILD_KERNEL)
        for name in "build-matrix", "reproduce-kernel":
            executable(top / "lab" / name, "#!/bin/sh\n")
        for series in "6.12", "7.3":
            (top / "kernel/patches" / series).mkdir(parents=True)
            (top / "kernel/patches" / series / "versions").write_text(
                f"made-for {series}.1\ntested {series}.1\n")
            self.say(series, f"{series}.1")

    def say(self, name, version=None, why="", status=0):
        lines = [f"version={version}"] if version else []
        (self.top / f"said-{name}").write_text("\n".join([*lines, f"why='{why}'"]) + "\n")
        (self.top / f"status-{name}").write_text(f"{status}\n")

    def run(self, full=False):
        """(status, passed, failed, skipped, reasons, what pytest was asked for)"""
        environment = {name: value for name, value in os.environ.items() if name != "LAB_AVOID"}
        done = subprocess.run(["bash", "-c", JOB, "-", self.top, str(full).lower(), TOP],
                              capture_output=True, text=True, env=environment)
        logs = self.top / "build/check/logs"
        rows = [line.split() for line in (logs / "hashed.tally").read_text().splitlines() if line]
        numbers = [sum(int(row[column]) for row in rows) for column in range(3)]
        skipped = logs / "hashed.skipped"
        reasons = skipped.read_text() if skipped.exists() else ""
        asked = self.top / "asked"
        lines = asked.read_text().splitlines() if asked.exists() else []
        return (done.returncode, *numbers, reasons, [line.strip() for line in lines])


@pytest.fixture
def job(tmp_path):
    return Job(tmp_path)
