# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is no initramfs made whose modules have lost their signatures?

By the real mkinitramfs of initramfs-tools, with real modules; a second hook does what
people's hooks do to save space. mkinitramfs looks for modules under /lib/modules, so
in a mount namespace of its own others are put there.
"""

import shutil
import textwrap

import pytest

from support import cli
from support.kernel import kernels
from support.tools import flows

pytestmark = pytest.mark.flows

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


def test_modules_keep_their_signatures_in_the_initramfs(machine):
    done = machine.make()
    assert done.returncode == 0, cli.said(done)
    inside = machine.modules_inside()
    assert inside == {source.name: source.read_bytes() for source in machine.sources}


@pytest.mark.parametrize("name", ["aa-small", "zz-small", "zzz-small"])
def test_a_hook_that_strips_ends_mkinitramfs_whatever_its_name(machine, name):
    machine.hook(name, STRIP)
    done = machine.make()
    assert done.returncode != 0
    assert "lost its signature" in done.stderr
    assert not machine.top.joinpath("initrd").read_bytes()


def test_without_the_hook_stripped_modules_would_go_in_unsigned(machine):
    """The control: that hook does strip, and mkinitramfs has nothing against it."""
    machine.configure(INITRAMFS="off")
    machine.hook("aa-small", STRIP)
    assert machine.make().returncode == 0
    inside = machine.modules_inside()
    assert inside
    assert not any(data.endswith(cli.MARKER) for data in inside.values())


def test_a_hook_that_packs_modules_anew_takes_no_signature(machine):
    machine.hook("aa-pack", XZ)
    done = machine.make()
    assert done.returncode == 0, cli.said(done)


def test_a_module_that_never_had_a_signature_may_be_stripped(machine):
    for path in machine.tree.rglob("*.ko"):
        cli.ok("strip", "--all", path)
    machine.hook("aa-small", STRIP)
    done = machine.make()
    assert done.returncode == 0, cli.said(done)


def test_told_to_verify_it_refuses_modules_that_the_kernel_would_not_load(machine):
    machine.configure(INITRAMFS="verify")
    done = machine.make()
    assert done.returncode == 0, cli.said(done)
    cli.ok("strip", next(machine.tree.rglob("*.ko")))
    done = machine.make()
    assert done.returncode != 0
    assert "would not load" in done.stderr


@pytest.mark.parametrize("settings", [
    {"MODSEAL": "/no/such/modseal"}, {"INITRAMFS": "maybe"},
    {"INITRAMFS": "verify", "TRUST": "/no/such/file"}])
def test_a_wrong_configuration_makes_no_initramfs(machine, settings):
    machine.configure(**settings)
    assert machine.make().returncode != 0
