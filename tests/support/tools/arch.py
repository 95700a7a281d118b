# SPDX-License-Identifier: LGPL-2.1-or-later
"""Arch's makepkg over the build directory of a kernel, with our scripts in their places."""

import re

import pytest

from support import cli
from support.kernel import kernels, kerneltree
from support.tools import flows

ARCH = flows.CONTRIB / "arch"
# makepkg refuses to run as root, and so does this machine's root in a user namespace
# where it is somebody else
SOMEBODY = ["unshare", "--user", "--map-user=1000", "--map-group=1000"]
MAKEPKG_CONF = """
. /etc/makepkg.conf
OPTIONS=(strip !docs !libtool !staticlibs emptydirs !zipman !purge !debug)
PKGEXT=.pkg.tar
"""
PACMAN_CONF = """
[options]
Architecture = auto
SigLevel = Never
"""


class Machine:
    def __init__(self, directory, pki, name="7.3"):
        flows.need("makepkg", "pacman", "bsdtar", "fakeroot", "unshare", "strip")
        if flows.run(*SOMEBODY, "true").returncode:
            pytest.skip("no user namespaces on this machine, and makepkg will not run as root")
        self.top, self.pki, self.release = directory, pki, kernels.kernel(name).release
        self.kernel = directory / "linux-example"
        self.kernel.mkdir()
        tree = kerneltree.make(name, directory / "linux", pki, compression="zstd")
        makefile = tree / "Makefile"
        makefile.write_text("ifeq ($(MAKECMDGOALS),all)\nall:\n\ttest -s .config\nelse\n"
                            + makefile.read_text() + "endif\n")
        config = re.sub(r"^CONFIG_SYSTEM_TRUSTED_KEYS=.*", 'CONFIG_SYSTEM_TRUSTED_KEYS=""',
                        (tree / ".config").read_text(), flags=re.MULTILINE)
        # a kind of key that is made quickly
        config = config.replace("_SIG_KEY_TYPE_RSA=y", "_SIG_KEY_TYPE_ECDSA=y")
        (self.kernel / "config").write_text(config)
        (tree / ".config").unlink()
        flows.ok("tar", "-cf", self.kernel / "linux.tar", "linux", cwd=directory)
        (self.kernel / "PKGBUILD").write_text((ARCH / "PKGBUILD").read_text())
        (directory / "makepkg.conf").write_text(MAKEPKG_CONF)
        (directory / "pacman.conf").write_text(PACMAN_CONF)
        self.store = directory / "certs-local"
        self.path = flows.path_with_modseal(directory / "bin")

    def abk(self, flag, *arguments, who=(), **env):
        return flows.run(*who, "bash", ARCH / "abk", flag, "linux-example", *arguments,
                         cwd=self.top, path=self.path, env={
            "MAKEPKG_CONF": self.top / "makepkg.conf", "HOME": self.top,
            "MODSEAL_SH": ARCH / "modseal.sh",
            "MODSEAL_MAKEFILE": flows.CONTRIB / "kernel" / "modules_install.mk",
            "ABK_PACMAN": f"fakeroot pacman --config {self.top}/pacman.conf", **env})

    def update(self, **env):
        return self.abk("-u", **env)

    def build(self):
        return self.abk("-b", "--nodeps", who=SOMEBODY)

    def install(self):
        self.root = self.top / "root"
        (self.root / "var/lib/pacman").mkdir(parents=True)
        return self.abk("-i", "--noconfirm", "--root", self.root, "--dbpath",
                        self.root / "var/lib/pacman", "--cachedir", self.top / "cache",
                        "--logfile", self.top / "pacman.log", who=SOMEBODY)

    def trusted_keys(self):
        found = re.search(r'^CONFIG_SYSTEM_TRUSTED_KEYS="(.*)"$',
                          (self.kernel / "config").read_text(), re.MULTILINE)
        return found and found[1]

    def modules(self):
        return sorted(self.root.glob(f"usr/lib/modules/{self.release}/kernel/**/*.ko*"))


@pytest.fixture
def machine(tmp_path, pki):
    return Machine(tmp_path, pki)


def done_well(done):
    assert done.returncode == 0, cli.said(done)


@pytest.fixture(scope="module")
def built(tmp_path_factory, pki):
    """One that is updated and whose packages are built."""
    machine = Machine(tmp_path_factory.mktemp("built"), pki)
    done_well(machine.update())
    done_well(machine.build())
    return machine
