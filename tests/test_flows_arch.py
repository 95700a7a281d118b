# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does abk's cycle give packages whose modules are signed, and no private key with them?

By the real makepkg and pacman, with the example's PKGBUILD. What stands in for a kernel is
a build directory with the real makefiles and real modules of one (support/kernel/kerneltree);
its `make all` compiles nothing.
"""

import pathlib
import re
import subprocess

import pytest

from support import cli
from support.kernel import kerneltree
from support.tools import flows
from support.tools.kernel_hook import OwnKernel, store_of
from support.tools.arch import ARCH, SOMEBODY, done_well
from support.tools.arch import built, machine  # noqa: F401  (fixtures)

pytestmark = pytest.mark.flows


def test_three_commands_install_a_kernel_with_signed_modules(built, pki):
    done_well(built.install())
    modules = built.modules()
    assert [path.suffix for path in modules] == [".zst"] * len(kerneltree.MODULES)
    cli.ok("verify", "--trust", pki / "rsa2048.pem", *modules)
    for path in modules:
        plain = subprocess.run(["zstd", "-dc", path], capture_output=True, check=True).stdout
        assert b"to be stripped" not in plain


def test_the_packages_have_the_certificate_and_no_private_key(built):
    certificate = (built.store / "current" / "signing_crt.crt").read_bytes()
    found = []
    for package in built.kernel.glob("*.pkg.tar"):
        unpacked = built.top / package.name.replace(".pkg", "")
        unpacked.mkdir()
        flows.ok("bsdtar", "-xf", package, "-C", unpacked)
        for path in unpacked.rglob("*"):
            if path.is_file():
                assert b"PRIVATE KEY" not in path.read_bytes(), path
                found += [path] * (path.read_bytes() == certificate)
    assert found, "the headers have no certificate"


def test_update_makes_the_configuration_trust_the_dated_key(machine):
    done_well(machine.update())
    keys = machine.trusted_keys()
    assert keys and keys.startswith(str(machine.store.resolve()) + "/20")
    current = (machine.store / "current" / "signing_crt.crt").read_bytes()
    assert current in [cert for cert in certificates(keys)]


def test_update_keeps_the_certificates_that_were_trusted_before(machine, pki):
    config = machine.kernel / "config"
    config.write_text(config.read_text().replace(
        'CONFIG_SYSTEM_TRUSTED_KEYS=""', f'CONFIG_SYSTEM_TRUSTED_KEYS="{pki}/p256.pem"'))
    done_well(machine.update())
    trusted = certificates(machine.trusted_keys())
    assert (pki / "p256.der").read_bytes() in trusted
    assert (machine.store / "current" / "signing_crt.crt").read_bytes() in trusted


def certificates(path):
    """Every certificate of a PEM file in DER, by openssl."""
    text = open(path, encoding="ascii").read()
    blocks = re.findall(r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", text, re.S)
    return [subprocess.run(["openssl", "x509", "-outform", "DER"], input=block.encode(),
                           capture_output=True, check=True).stdout for block in blocks]


def test_update_keeps_a_young_key_and_replaces_it_when_asked_to(machine):
    done_well(machine.update())
    first = (machine.store / "current").resolve()
    done_well(machine.update())
    assert (machine.store / "current").resolve() == first
    done_well(machine.update(ABK_REFRESH="always"))
    second = (machine.store / "current").resolve()
    assert second != first and first.is_dir()
    assert str(second) in machine.trusted_keys()


def test_a_kernel_that_does_not_trust_the_current_key_is_not_built(machine):
    config = (machine.kernel / "config").read_text()
    done_well(machine.update())
    (machine.kernel / "config").write_text(config)
    done = machine.build()
    assert done.returncode != 0
    assert "abk -u" in done.stderr or "CONFIG_SYSTEM_TRUSTED_KEYS" in done.stderr
    assert not list(machine.kernel.glob("*.pkg.tar"))


def test_a_pkgbuild_that_lets_makepkg_strip_gives_no_package(machine):
    done_well(machine.update())
    pkgbuild = machine.kernel / "PKGBUILD"
    pkgbuild.write_text(pkgbuild.read_text().replace("options=(!strip)", ""))
    done = machine.build()
    assert done.returncode != 0
    assert "would strip the signatures" in done.stderr
    assert not list(machine.kernel.glob("*.pkg.tar"))


@pytest.mark.parametrize("command, words", [
    (["-u", "no-such-kernel"], "no PKGBUILD"), (["-i", "linux-example"], "not built yet"),
    (["-x", "linux-example"], "usage"), (["-u"], "usage")])
def test_what_cannot_be_done_ends_in_an_error(machine, command, words):
    done = flows.run(*SOMEBODY, "bash", ARCH / "abk", *command, cwd=machine.top,
                     path=machine.path, env={"MODSEAL_SH": ARCH / "modseal.sh",
                                             "MAKEPKG_CONF": machine.top / "makepkg.conf"})
    assert done.returncode != 0
    assert words in done.stderr


def test_an_update_that_fails_says_so(machine):
    (machine.kernel / "config").unlink()
    assert machine.update().returncode != 0
    (machine.kernel / "config").write_bytes(b"\0\1\2")
    assert machine.update().returncode != 0
    assert machine.update(ABK_REFRESH="soon").returncode != 0


def test_a_module_from_elsewhere_is_signed_with_the_key_that_its_kernel_trusts(tmp_path):
    machine = OwnKernel(tmp_path)
    keys = pathlib.Path(machine.own.keys)
    store = store_of(tmp_path / "keys", keys, ("20260101-0000", "p384"),
                     ("20260201-0000", "stranger"))

    def sign(options):
        script = f"options=({options}); source \"$1\"; modseal_sign \"$2\" \"$3\""
        return machine.run("bash", "-ec", script, "bash", ARCH / "modseal.sh",
                           machine.own.release, machine.module, MODSEAL_STORE=store)

    assert sign("strip").returncode != 0
    done_well(sign("!strip"))
    cli.ok("verify", "--trust", keys / "p384.pem", machine.module)
