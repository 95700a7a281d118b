# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is no initramfs made whose modules have lost their signatures?

By the real mkinitramfs of initramfs-tools, with real modules; a second hook does what
people's hooks do to save space. mkinitramfs looks for modules under /lib/modules, so
in a mount namespace of its own others are put there.
"""


import pytest

from support import cli
from support.tools.initramfs import STRIP, XZ
from support.tools.initramfs import machine  # noqa: F401  (a fixture)

pytestmark = pytest.mark.flows


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
