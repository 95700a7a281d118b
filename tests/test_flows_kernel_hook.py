# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a kernel kept from being installed when it would not load its modules?

The hook is called by the real kernel-install and the real run-parts, for a real kernel
with some of its real modules. A plugin behind it stands for the boot loader's.
"""

import pathlib

import pytest

from support import cli
from support.tools import flows
from support.tools.kernel_hook import HOOK, Machine, OwnKernel, store_of

pytestmark = pytest.mark.flows


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
