# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real dkms, with everything that it reads and writes in a directory of the test's own.

DKMS takes its tree and its sources from options, but /etc/dkms and, in some versions,
/lib/modules from nowhere else. So it runs in a mount namespace in which these are
directories of the test. The kernel headers are those that are installed.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli
from support.runs import watch

SOURCE = """
#include <linux/module.h>
static int __init hello_init(void) { return 0; }
static void __exit hello_exit(void) { }
module_init(hello_init);
module_exit(hello_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("does nothing");
"""
CONF = """
PACKAGE_NAME="hello"
PACKAGE_VERSION="1.0"
BUILT_MODULE_NAME[0]="hello"
DEST_MODULE_LOCATION[0]="/updates/dkms"
MAKE[0]="%s"
CLEAN="true"
AUTOINSTALL="yes"
"""
MAKE = "make -C ${kernel_source_dir} M=${dkms_tree}/hello/1.0/build modules"
PACKERS = {"xz": ["xz", "--check=crc32"], "zst": ["zstd", "-q", "--rm"], "gz": ["gzip"]}
BINDS = {"etc": "/etc/dkms", "tree": "/var/lib/dkms", "modules": "/lib/modules"}


def kernel():
    """The newest kernel release whose headers are installed."""
    found = [
        path.parent.parent.name
        for path in pathlib.Path("/lib/modules").glob("*/build/.config")
        if (path.parent / "include").exists()
    ]
    return max(found, default=None)


def need():
    """Skips where there is no DKMS to be had, or no way to keep it to itself."""
    for program in "dkms", "unshare", "make":
        if not shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            pytest.skip(f"no {program} on this machine")
    if not kernel():
        pytest.skip("no kernel headers (linux-headers-amd64)")
    if os.geteuid() != 0:
        pytest.skip("DKMS is kept off this machine's own by mounts, which need root")
    command = ["unshare", "--mount", "true"]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("no mount namespaces here")


def links(directory):
    """modseal under the names by which DKMS calls it."""
    directory.mkdir(parents=True)
    for name in "modseal-dkms-sign", "modseal-dkms-check":
        (directory / name).symlink_to(cli.PROGRAM)
    return directory


def write_source(directory, make):
    directory.mkdir(parents=True)
    (directory / "hello.c").write_text(SOURCE)
    (directory / "Kbuild").write_text("obj-m := hello.o\n")
    (directory / "dkms.conf").write_text(CONF % make)
    return directory


def build(directory):
    """The module, built as DKMS would."""
    need()
    source = write_source(directory / "hello", "true")
    headers = f"/lib/modules/{kernel()}/build"
    subprocess.run(["make", "-C", headers, f"M={source}", "modules"], check=True,
                   stdin=subprocess.DEVNULL, capture_output=True)
    return source / "hello.ko"


class World:
    """A DKMS with a small module to build; where it is @built already, `make` copies it."""

    def __init__(self, top, module, built=None):
        self.top = top
        self.kernel = kernel()
        self.libexec = links(top / "libexec")
        for name in BINDS:
            (top / name).mkdir()
        (top / "etc/framework.conf.d").mkdir()
        shutil.copy("/etc/dkms/framework.conf", top / "etc")
        self.source = write_source(top / "src/hello-1.0", f"cp {built} ." if built else MAKE)
        self.modules = top / "modules" / self.kernel
        (self.modules / "kernel").mkdir(parents=True)
        for name in "build", "source":
            real = pathlib.Path("/lib/modules", self.kernel, name)
            if real.is_symlink():
                (self.modules / name).symlink_to(os.readlink(real))
        shutil.copy(module, self.modules / "kernel/other.ko")

    def pack(self, suffix):
        """Has this kernel's modules packed, as DKMS then does with its own."""
        other = self.modules / "kernel/other.ko"
        subprocess.run([*PACKERS[suffix], other], check=True)
        (self.modules / "modules.dep").write_text(f"kernel/other.ko.{suffix}:\n")

    def run(self, *command, **env):
        binds = "; ".join(f"mount --bind {self.top / name} {to}" for name, to in BINDS.items())
        script = f'set -e; {binds}; exec "$@"'
        done = watch.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
             *map(str, command)],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            stdin=subprocess.DEVNULL,
            env=cli.environment(PATH=os.environ["PATH"] + ":/usr/sbin:/sbin", LC_ALL="C", **env),
        )
        return done.returncode, done.stdout

    def dkms(self, action, *arguments, **env):
        return self.run("dkms", action, *arguments, "-k", self.kernel, "--sourcetree",
                        self.top / "src", **env)

    def setup(self, *arguments, **env):
        status, text = self.run(cli.PROGRAM, "dkms", "setup", "--libexec", self.libexec,
                                "--module", "hello", *arguments, **env)
        assert status == 0, text
        return text

    def status(self):
        return self.run("dkms", "status")[1]

    def built(self):
        """What DKMS would install."""
        return sorted(path for path in (self.top / "tree/hello/1.0").glob("*/*/module/*.ko*"))

    def installed(self):
        return sorted((self.modules / "updates").rglob("*.ko*"))

    def log(self):
        """What the build's log says, wherever it is by now."""
        return "".join(path.read_text() for path in (self.top / "tree").rglob("make.log"))
