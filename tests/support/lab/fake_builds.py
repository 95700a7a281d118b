# SPDX-License-Identifier: LGPL-2.1-or-later
"""lab/build-kernel with tar and make that only note what they do, or are killed at a step."""

import collections
import filecmp
import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli
from support.runs import extent, watch

STRIDE = 1 if extent.FULL else 10
OBJECTS = ["a", "b", "c"]
# kills all of the build at the step with that number; what is about to be done is not
STEP = """
step() {
	echo "$*" >>"$STEPS"
	[ "$(wc -l <"$STEPS")" != "${KILL_AT-0}" ] || kill -KILL 0
}
"""
# a tool that is as it was, but for the step before it
WRAPPED = """#!/bin/bash
. "$BIN/step"
step "${0##*/} $*"
exec @REAL@ "$@"
"""
# what is unpacked is there in two parts
TAR = """#!/bin/bash
. "$BIN/step"
case " $* " in
*' -x -C '*)
	cat >"$STEPS.tar"
	step "tar half"
	@REAL@ "$@" --exclude='*/Makefile' <"$STEPS.tar"
	step "tar whole"
	exec @REAL@ "$@" <"$STEPS.tar"
	;;
esac
exec @REAL@ "$@"
"""
MAKE = """#!/bin/bash
set -e
. "$BIN/step"
words=" $* "
directory=.
[[ $words != *' -C '* ]] || { directory=${words#* -C }; directory=${directory%% *}; }
cd "$directory"
[ ! -e broken ] || { echo "broken" >&2; exit 2; }
target() { # NAME, from NAME.c and the configuration
	[ ! -e "$1.o" ] || [ ! -e "${1%/*}/.${1##*/}.o.cmd" ] || return 0
	step "compile $1"
	! grep -qs "$1" warns || echo "a warning about $1"
	echo "half of" >"$1.o"
	step "half $1"
	cat "$1.c" >>"$1.o"
	step "note $1"
	printf 'savedcmd := cc %s\\n\\ndeps_%s := x\\n\\n$(deps_%s):\\n' "$1" "$1" "$1" \\
		>"${1%/*}/.${1##*/}.o.cmd"
}
case $words in
*' tinyconfig '*) step tinyconfig; echo CONFIG_TINY=y >.config; step "half a configuration" ;;
*' olddefconfig '*) step olddefconfig ;;
*' modules_install '*)
	place=${words#* INSTALL_MOD_PATH=}
	place=${place%% *}/lib/modules/1.0
	mkdir -p "$place"
	cp ./*.ko "$place"
	;;
*' bindeb-pkg '*)
	echo "$(grep MODULE_HASHES .config)" >vmlinux
	if grep -q MODULE_SIG_ALL=y .config; then
		{ echo "-----BEGIN PRIVATE KEY-----"; pwd; } >certs/signing_key.pem
		pwd >vmlinux
	fi
	package=debian/linux-image-1
	mkdir -p arch/x86/boot $package/DEBIAN $package/boot
	cp vmlinux arch/x86/boot/bzImage
	cp vmlinux $package/x.ko
	cp vmlinux $package/boot/vmlinuz-1
	printf '%s\n' "Package: x" "Version: 1" "Architecture: all" "Maintainer: x <x@y>" \
		"Description: x" >$package/DEBIAN/control
	step pack
	SOURCE_DATE_EPOCH=0 dpkg-deb --root-owner-group -b $package ../linux-image-1.deb >&2
	;;
*' clean '*) rm -f ./*.o .*.cmd ;;
*' M=lab-outside '*) cp lab-outside/outside.c lab-outside/outside.ko ;;
*)
	[ -e Makefile ]
	grep -q TINY .config
	for name in @OBJECTS@; do target "./$name"; done
	mkdir -p include/config arch/x86/boot
	echo 1.0 >include/config/kernel.release
	cat ./*.o .config >vmlinux
	cp vmlinux arch/x86/boot/bzImage
	cat ./a.o >a.ko
	echo a.o >modules.order
	;;
esac
"""
SERIES = """#!/bin/sh
case $1 in
source) [ "$3" = 0 ] && echo @DEB@ ;;
apply) mkdir -p "$5/files" && echo ./a >"$5/files/warns" && : >"$5/removed" ;;
esac
"""
PATCH = """--- /dev/null
+++ b/warns
@@ -0,0 +1 @@
+./a
"""
Bench = collections.namedtuple("Bench", "top bin deb")


def executable(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def source_package(directory):
    """A package as Debian's linux-source is one."""
    source = directory / "linux-source-1"
    for path in ["certs/Kconfig", "crypto/Kconfig", "fs/nls/nls_ascii.c", "Makefile",
                 *[f"{name}.c" for name in OBJECTS]]:
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text(f"the content of {path}\n")
    package = directory / "package"
    (package / "usr/src").mkdir(parents=True)
    (package / "DEBIAN").mkdir()
    (package / "DEBIAN/control").write_text(
        "Package: linux-source-1\nVersion: 1\nArchitecture: all\nMaintainer: x <x@y>\n"
        "Description: x\n")
    subprocess.run(["tar", "-C", directory, "-cJf",
                    package / "usr/src/linux-source-1.tar.xz", source.name], check=True)
    deb = directory / "source.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", package, deb], check=True,
                   stdout=subprocess.DEVNULL)
    return deb


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    place = tmp_path_factory.mktemp("bench")
    top, tools = place / "top", place / "bin"
    deb = source_package(place)
    shutil.copytree(cli.TOP / "lab", top / "lab", ignore=lambda *_: ["__pycache__"])
    (top / "tests/support/check").mkdir(parents=True)
    shutil.copy(cli.TOP / "tests/support/check/common.sh", top / "tests/support/check")
    executable(top / "tools/debian-archive", f"#!/bin/sh\necho {deb}\n")
    (top / "kernel/patches/7.3").mkdir(parents=True)
    (top / "kernel/patches/7.3/0001-warn.patch").write_text(PATCH)
    (top / "kernel/patches/7.3/versions").write_text("made-for 1\n")
    executable(top / "tools/series/none.py", "")
    executable(top / "tools/kernel-series", SERIES.replace("@DEB@", str(deb)))
    tools.mkdir()
    executable(top / "lab/lab.py", "#!/bin/sh\necho '{\"outcome\": \"clean\"}'\n")
    executable(tools / "size", "#!/bin/sh\nprintf 'x\n1 2 3 4\n'\n")
    (tools / "step").write_text(STEP)
    real = {name: shutil.which(name) for name in ("cp", "mv", "tar")}
    for name in "cp", "mv":
        executable(tools / name, WRAPPED.replace("@REAL@", real[name]))
    executable(tools / "tar", TAR.replace("@REAL@", real["tar"]))
    executable(tools / "make", MAKE.replace("@OBJECTS@", " ".join(OBJECTS)))
    return Bench(top, tools, deb)


class Cache:
    """A cache of the test's own, in which the keys are there already."""

    def __init__(self, bench, place):
        self.bench, self.place = bench, place
        self.kernels = place / "modseal/kernels"
        script = (bench.top / "lab/kernel-keys").read_bytes()
        keys = self.kernels / f"keys-{hashlib.sha256(script).hexdigest()[:32]}"
        keys.mkdir(parents=True)
        for name in "rsa2048", "p256", "revoked", "withdrawn", "own", "own-both", "trusted":
            (keys / f"{name}.pem").write_text(name)
        self.steps = place / "steps"

    def environment(self, kill_at=0):
        self.steps.write_text("")
        return {**os.environ, "XDG_CACHE_HOME": str(self.place), "KILL_AT": str(kill_at),
                "BIN": str(self.bench.bin), "STEPS": str(self.steps),
                "PATH": f"{self.bench.bin}:{os.environ['PATH']}"}

    def start(self):
        return subprocess.Popen([self.bench.top / "lab/build-kernel"], text=True,
                                env=self.environment(), start_new_session=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def build(self, kill_at=0, what=("build-kernel",)):
        return watch.run([self.bench.top / "lab" / what[0], *what[1:]], text=True,
                         env=self.environment(kill_at), capture_output=True)

    def done(self):
        return self.steps.read_text().splitlines()

    def compiled(self):
        return [step.split("/")[1] for step in self.done() if step.startswith("compile")]

    def parts(self):
        return sorted(self.kernels.glob("part-*"))


def kernel_of(done):
    assert done.returncode == 0, cli.said(done)
    [line] = [line for line in done.stdout.splitlines() if line.startswith("vmlinuz=")]
    return pathlib.Path(line.partition("=")[2]).parent


def same(one, two):
    """Every file in both, byte by byte."""
    names = sorted(path.relative_to(one) for path in one.rglob("*"))
    assert names == sorted(path.relative_to(two) for path in two.rglob("*"))
    files = [name for name in names if (one / name).is_file()]
    return len(files) > 5 and filecmp.cmpfiles(one, two, files, shallow=False)[0] == files


@pytest.fixture(scope="module")
def undisturbed(bench, tmp_path_factory):
    """(the kernel that was built without a kill, the steps to it)"""
    cache = Cache(bench, tmp_path_factory.mktemp("undisturbed"))
    kernel = kernel_of(cache.build())
    assert cache.compiled() == OBJECTS
    assert not cache.parts()
    return kernel, cache.done()
