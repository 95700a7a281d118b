# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real mkinitramfs, with a kernel's modules and hooks of a test's own."""

import shutil
import textwrap

import pytest

from support import cli
from support.kernel import kernels
from support.tools import flows

HOOK = flows.CONTRIB / "hooks" / "initramfs-hook"
STRIP = 'find "$DESTDIR/lib/modules" -name "*.ko" -exec strip --strip-debug {} +'
XZ = 'find "$DESTDIR/lib/modules" -name "*.ko" -exec xz --check=crc32 {} +'


class Machine:
    def __init__(self, directory, name):
        flows.need("mkinitramfs", "unmkinitramfs", "unshare", "cpio")
        self.top, self.kernel = directory, kernels.kernel(name)
        self.path = flows.path_with_modseal(directory / "bin")
        self.tree = directory / "modules" / self.kernel.release
        self.sources = flows.real_modules(name)
        for source in self.sources:
            target = self.tree / "kernel" / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        flows.ok("depmod", "-b", self.fake_root(), self.kernel.release)
        self.conf = directory / "initramfs-tools"
        (self.conf / "hooks").mkdir(parents=True)
        (self.conf / "scripts").mkdir()
        (self.conf / "conf.d").mkdir()
        names = [source.name.partition(".")[0] for source in self.sources]
        (self.conf / "modules").write_text("\n".join(names) + "\n")
        (self.conf / "initramfs.conf").write_text("MODULES=list\nCOMPRESS=gzip\nBUSYBOX=n\n")
        (self.conf / "hooks" / "zz-modseal").symlink_to(HOOK)
        self.configure()

    def fake_root(self):
        root = self.top / "root"
        (root / "lib").mkdir(parents=True)
        (root / "lib" / "modules").symlink_to(self.top / "modules")
        return root

    def configure(self, **settings):
        settings = {"MODSEAL": cli.PROGRAM, **settings}
        (self.top / "hooks.conf").write_text(
            "".join(f"{name}='{value}'\n" for name, value in settings.items()))

    def hook(self, name, line):
        path = self.conf / "hooks" / name
        path.write_text(f'#!/bin/sh\n[ "$1" != prereqs ] || exit 0\n{line}\n')
        path.chmod(0o755)

    def make(self):
        """mkinitramfs's result, with /lib/modules and /boot as this machine has them."""
        script = textwrap.dedent(f"""
            set -e
            mount --bind '{self.top}/modules' /lib/modules
            mount -t tmpfs none /boot
            cp '{self.kernel.config}' '/boot/config-{self.kernel.release}'
            cp '{self.kernel.vmlinuz}' '/boot/vmlinuz-{self.kernel.release}'
            exec mkinitramfs -d '{self.conf}' -o '{self.top}/initrd' '{self.kernel.release}'
        """)
        if flows.run("unshare", "--mount", "mount", "--bind", self.top, "/lib/modules").returncode:
            pytest.skip("no mount namespaces on this machine, or no /lib/modules to put one on")
        return flows.run("unshare", "--mount", "sh", "-c", script, env={
            "MODSEAL_HOOKS_CONF": self.top / "hooks.conf", "TMPDIR": self.top})

    def modules_inside(self):
        target = self.top / "unpacked"
        flows.ok("unmkinitramfs", self.top / "initrd", target)
        return {path.name: path.read_bytes() for path in target.rglob("*.ko")}


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path, "6.1")
