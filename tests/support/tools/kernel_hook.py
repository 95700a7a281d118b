# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel with modules and with modseal's hooks in their places, as an installation finds them."""

import pathlib
import shutil

import pytest

from support.kernel import kernels
from support.tools import flows

HOOK = flows.CONTRIB / "hooks" / "kernel-hook"


class Machine:
    """A directory with a kernel's modules, the hooks in their places, and hooks.conf."""

    def __init__(self, directory, name):
        self.top = directory
        self.kernel = kernels.kernel(name)
        self.tree = directory / "modules" / self.kernel.release
        for source in flows.real_modules(name):
            target = self.tree / "kernel" / source.name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        self.path = flows.path_with_modseal(directory / "bin")
        self.late = directory / "too-late"
        self.kernel_install_plugins = directory / "install.d"
        self.hooks = directory / "postinst.d"
        for place, name_of_hook, name_of_next in (
            (self.kernel_install_plugins, "40-modseal.install", "90-loader.install"),
            (self.hooks, "dkms-modseal", "zz-update-grub"),
        ):
            place.mkdir()
            (place / name_of_hook).symlink_to(HOOK)
            (place / name_of_next).write_text(f"#!/bin/sh\ntouch {self.late}\n")
            (place / name_of_next).chmod(0o755)
        self.configure()

    def configure(self, **settings):
        lines = {"MODULES": self.tree.parent, **settings}
        (self.top / "hooks.conf").write_text(
            "".join(f"{name}='{value}'\n" for name, value in lines.items()))

    def dkms_module(self):
        path = self.tree / "updates" / "dkms" / "foreign.ko"
        path.parent.mkdir(parents=True)
        return flows.unsigned_module("6.1", path)

    def run(self, *command, **env):
        self.late.unlink(missing_ok=True)
        return flows.run(*command, path=self.path, env={
            "MODSEAL_HOOKS_CONF": self.top / "hooks.conf", **env})

    def kernel_install(self, verb="add"):
        plugins = sorted(self.kernel_install_plugins.iterdir())
        boot = self.top / "boot"
        boot.mkdir(exist_ok=True)
        image = [self.kernel.vmlinuz] if verb == "add" else []
        return self.run("kernel-install", verb, self.kernel.release, *image,
                        MACHINE_ID="0" * 32, BOOT_ROOT=boot, KERNEL_INSTALL_CONF_ROOT=self.top,
                        KERNEL_INSTALL_PLUGINS=" ".join(map(str, plugins)))

    def kernel_package(self, *arguments):
        """As Debian's kernel packages call what is in /etc/kernel/postinst.d."""
        return self.run("run-parts", "--report", "--exit-on-error",
                        f"--arg={self.kernel.release}", f"--arg={self.kernel.vmlinuz}",
                        self.hooks)


def store_of(directory, keys, *generations):
    """A key store in kernel-sign's layout: (name, key of the lab's kernel)... oldest first."""
    for name, kind in generations:
        place = directory / name
        place.mkdir(parents=True, mode=0o700)
        (place / "signing_key.pem").write_bytes(
            (keys / f"{kind}.key").read_bytes() + (keys / f"{kind}.pem").read_bytes())
        (place / "signing_prv.pem").write_bytes((keys / f"{kind}.key").read_bytes())
        for private in "signing_key.pem", "signing_prv.pem":
            (place / private).chmod(0o600)
        flows.ok("openssl", "x509", "-in", keys / f"{kind}.pem", "-outform", "DER", "-out",
                 place / "signing_crt.crt")
        (place / "khash").write_text("sha512\n")
        (place / "ktype").write_text("ec\n")
        (directory / "current").unlink(missing_ok=True)
        (directory / "current").symlink_to(name)
    directory.chmod(0o700)
    return directory


class OwnKernel(Machine):
    """The lab's kernel, which trusts some of our keys, where a kernel is looked for."""

    def __init__(self, directory):
        self.own = kernels.built()
        super().__init__(directory, "6.1")
        shutil.rmtree(self.tree)
        self.kernel = self.own
        self.tree = directory / "modules" / self.own.release
        (self.tree / "extra").mkdir(parents=True)
        self.module = self.tree / "extra" / "nls_ascii.ko"
        shutil.copyfile(pathlib.Path(self.own.tree, "fs/nls/nls_ascii.ko"), self.module)
        for name in "vmlinuz", "config":
            shutil.copyfile(getattr(self.own, name), self.tree / name)

    def run(self, *command, **env):
        bind = ["unshare", "--mount", "sh", "-c",
                'mount --bind "$1" /lib/modules; shift; exec "$@"', "sh", self.tree.parent]
        if flows.run(*bind, "true").returncode:
            pytest.skip("no mount namespaces on this machine, or no /lib/modules")
        return super().run(*bind, *command, **env)
