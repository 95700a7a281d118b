# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a kernel kept from being installed when it would not load its modules?

The hook is called by the real kernel-install and the real run-parts, for a real kernel
with some of its real modules. A plugin behind it stands for the boot loader's.
"""

import pathlib
import shutil

import pytest

from support import cli
from support.kernel import kernels
from support.tools import flows

pytestmark = pytest.mark.flows

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


@pytest.fixture
def machine(tmp_path):
    flows.need("kernel-install", "run-parts")
    return Machine(tmp_path, "6.1")


WAYS = pytest.mark.parametrize("way", [Machine.kernel_install, Machine.kernel_package],
                               ids=["kernel-install", "run-parts"])


def installed(machine, way):
    done = way(machine)
    assert (done.returncode == 0) == machine.late.exists(), cli.said(done)
    return done.returncode == 0, done.stderr


@WAYS
def test_a_kernel_whose_modules_it_trusts_is_installed(machine, way):
    assert installed(machine, way)[0]


@WAYS
def test_one_spoilt_module_keeps_the_kernel_out(machine, way):
    path = next(machine.tree.rglob("*.ko"))
    data = bytearray(path.read_bytes())
    data[len(data) // 3] ^= 1
    path.write_bytes(data)
    there, said = installed(machine, way)
    assert not there
    assert "would not load" in said and f"{path}: rejected (EKEYREJECTED)" in said


@WAYS
def test_a_module_without_signature_is_signed_with_the_owners_key(machine, way, pki):
    foreign = machine.dkms_module()
    before = {path: path.read_bytes() for path in machine.tree.rglob("*.ko")}
    assert not installed(machine, way)[0]
    machine.configure(ACTION="sign", KEY=pki / "rsa2048.key", CERT=pki / "rsa2048.pem",
                      TRUST=pki / "rsa2048.pem")
    there, said = installed(machine, way)
    assert there, said
    # with the digest that this kernel's configuration names
    assert foreign.read_bytes() == flows.as_sign_file(
        machine.top, before.pop(foreign), pki / "rsa2048.key", pki / "rsa2048.pem", "sha256")
    for path, data in before.items():
        assert path.read_bytes() == data, "the maker's signature was replaced"
    assert installed(machine, way)[0], "a second time"


def test_a_key_that_the_kernel_does_not_trust_keeps_it_out(machine, pki):
    machine.dkms_module()
    machine.configure(ACTION="sign", KEY=pki / "rsa2048-both.pem")
    assert not installed(machine, Machine.kernel_install)[0]


@pytest.mark.parametrize("settings, words", [
    ({"ACTION": "sign"}, "neither STORE nor KEY"),
    ({"ACTION": "sign", "KEY": "/no/such/key"}, "cannot sign"),
    ({"ACTION": "sign", "KEY": "x", "STORE": "y"}, "both STORE and KEY"),
    ({"ACTION": "verfy"}, "none of verify, sign and off"),
    ({"MODSEAL": "/no/such/modseal"}, "cannot find '/no/such/modseal'"),
    ({"MODULES": "/no/such/directory"}, "has no modules"),
    ({"TRUST": "/no/such/certificate"}, "would not load"),
])
def test_a_wrong_configuration_keeps_the_kernel_out(machine, settings, words):
    machine.dkms_module()
    machine.configure(**settings)
    there, said = installed(machine, Machine.kernel_install)
    assert not there
    assert words in said


def test_switched_off_it_stands_in_nobodys_way(machine):
    machine.dkms_module()
    machine.configure(ACTION="off")
    assert installed(machine, Machine.kernel_install)[0]


def test_a_kernel_is_removed_whatever_its_modules_are(machine):
    machine.dkms_module()
    done = machine.kernel_install("remove")
    assert done.returncode == 0, cli.said(done)


def test_a_kernel_without_image_is_not_installed(machine):
    done = machine.run(HOOK, machine.kernel.release, "/no/such/image")
    assert done.returncode == 1
    assert "has no image" in done.stderr
    assert machine.run(HOOK).returncode == 1
    assert machine.run(HOOK, "add", machine.kernel.release).returncode == 1
    assert pathlib.Path(HOOK).stat().st_mode & 0o111


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


def test_of_a_store_the_generation_is_taken_that_the_new_kernel_trusts(tmp_path):
    machine = OwnKernel(tmp_path)
    keys = pathlib.Path(machine.own.keys)
    store = store_of(tmp_path / "keys", keys, ("20260101-0000", "p384"),
                     ("20260201-0000", "stranger"))
    machine.configure(ACTION="sign", STORE=store)
    there, said = installed(machine, Machine.kernel_package)
    assert there, said
    cli.ok("verify", "--trust", keys / "p384.pem", machine.module)


def test_a_store_that_the_new_kernel_does_not_trust_signs_nothing(tmp_path):
    machine = OwnKernel(tmp_path)
    store = store_of(tmp_path / "keys", pathlib.Path(machine.own.keys),
                     ("20260201-0000", "stranger"))
    machine.configure(ACTION="sign", STORE=store)
    before = machine.module.read_bytes()
    there, said = installed(machine, Machine.kernel_package)
    assert not there
    assert "trusts no key generation" in said
    assert machine.module.read_bytes() == before
