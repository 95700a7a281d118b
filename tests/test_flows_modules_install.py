# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does modules_install with modseal give what the kernel's own makefiles and sign-file give?

The oracle is the kernel itself: the same tree, installed by `make modules_install` of the
same makefiles with the reference sign-file, has to be the same byte for byte (signatures
with RSA have nothing random in them).
"""

import pytest

from support import cli
from support.kernel import kerneltree
from support.tools import flows

pytestmark = pytest.mark.flows

MAKEFILE = flows.CONTRIB / "kernel" / "modules_install.mk"
KERNELS = ["6.1", "7.3"]


def modules_install(build, dest, path, *arguments, **options):
    return flows.run("make", "-s", "-j2", "-f", MAKEFILE, "modules_install",
                     f"INSTALL_MOD_PATH={dest}", *arguments, cwd=build, path=path, **options)


def by_the_kernel(build, dest, *arguments):
    if not cli.REFERENCE.exists():
        pytest.skip(f"no reference sign-file: {cli.REFERENCE}")
    flows.ok("make", "-s", "-j2", "modules_install", f"INSTALL_MOD_PATH={dest}", *arguments,
             cwd=build)
    return kerneltree.installed(dest)


@pytest.fixture
def path(tmp_path):
    return flows.path_with_modseal(tmp_path / "bin")


@pytest.mark.parametrize("compression", kerneltree.COMPRESSIONS)
@pytest.mark.parametrize("name", KERNELS)
def test_the_tree_is_the_kernels_own_byte_for_byte(name, compression, tmp_path, path, pki):
    build = kerneltree.make(name, tmp_path / "build", pki, compression=compression)
    expected = by_the_kernel(build, tmp_path / "kernel", "INSTALL_MOD_STRIP=1")
    done = modules_install(build, tmp_path / "modseal", path, "INSTALL_MOD_STRIP=1")
    assert done.returncode == 0, cli.said(done)
    found = kerneltree.installed(tmp_path / "modseal")
    modules = [file for file in found if ".ko" in file]
    assert len(modules) == len(kerneltree.MODULES)
    assert {file.partition(".ko")[2] for file in modules} == {
        kerneltree.COMPRESSIONS[compression]}
    assert found.keys() == expected.keys()
    assert [file for file in found if found[file] != expected[file]] == []


def test_without_strip_the_debug_sections_stay_and_are_signed(tmp_path, path, pki):
    build = kerneltree.make("7.3", tmp_path / "build", pki)
    expected = by_the_kernel(build, tmp_path / "kernel")
    done = modules_install(build, tmp_path / "modseal", path)
    assert done.returncode == 0, cli.said(done)
    found = kerneltree.installed(tmp_path / "modseal")
    assert found == expected
    assert all(b"to be stripped" in data for file, data in found.items() if ".ko" in file)


def test_one_process_signs_the_whole_tree_and_sign_file_is_not_called(tmp_path, path, pki):
    build = kerneltree.make("6.1", tmp_path / "build", pki, compression="xz")
    (build / "scripts" / "sign-file").unlink(missing_ok=True)
    counting = tmp_path / "counting"
    counting.write_text(
        f'#!/bin/sh\necho "$1" >>{tmp_path}/calls\nexec {cli.PROGRAM} "$@"\n')
    counting.chmod(0o755)
    done = modules_install(build, tmp_path / "to", path, f"MODSEAL={counting}")
    assert done.returncode == 0, cli.said(done)
    assert (tmp_path / "calls").read_text().split() == ["sign", "verify"]


def test_it_signs_also_where_the_kernel_would_not(tmp_path, path, pki):
    build = kerneltree.make("7.3", tmp_path / "build", pki, sign_all=False)
    done = modules_install(build, tmp_path / "to", path, "INSTALL_MOD_STRIP=1")
    assert done.returncode == 0, cli.said(done)
    cli.ok("verify", "--trust", build / "certs/signing_key.x509", tmp_path / "to")


def test_a_key_that_cannot_sign_fails_make_and_leaves_no_module_signed(tmp_path, path, pki):
    build = kerneltree.make("6.1", tmp_path / "build", pki)
    (build / "certs/signing_key.pem").write_bytes((pki / "p384-both.pem").read_bytes())
    done = modules_install(build, tmp_path / "to", path)
    assert done.returncode != 0, cli.said(done)
    for file, data in kerneltree.installed(tmp_path / "to").items():
        assert not data.endswith(cli.MARKER), file


def test_a_module_that_stays_unsigned_fails_make(tmp_path, path, pki):
    """As with a kernel whose makefiles would come to sign or compress in another way."""
    build = kerneltree.make("6.1", tmp_path / "build", pki)
    lazy = tmp_path / "lazy"
    lazy.write_text(f'#!/bin/sh\n[ "$1" = sign ] || exec {cli.PROGRAM} "$@"\n')
    lazy.chmod(0o755)
    done = modules_install(build, tmp_path / "to", path, f"MODSEAL={lazy}")
    assert done.returncode != 0, cli.said(done)
    assert "unsigned" in done.stdout


def test_a_kernel_without_signatures_is_refused(tmp_path, path, pki):
    build = kerneltree.make("6.1", tmp_path / "build", pki)
    conf = build / "include/config/auto.conf"
    conf.write_text(conf.read_text().replace("CONFIG_MODULE_SIG=y\n", ""))
    done = modules_install(build, tmp_path / "to", path)
    assert done.returncode != 0
    assert "CONFIG_MODULE_SIG is not set" in done.stderr
    assert not (tmp_path / "to").exists()


@pytest.mark.parametrize("compression", ["none", "xz"])
@pytest.mark.parametrize("name", KERNELS)
def test_the_readmes_two_commands_sign_every_module(name, compression, tmp_path, path, pki):
    build = kerneltree.make(name, tmp_path / "build", pki, compression=compression)
    flows.ok("make", "-s", "modules_install", "INSTALL_MOD_STRIP=1", "CONFIG_MODULE_SIG_ALL=",
             f"INSTALL_MOD_PATH={tmp_path}/to", cwd=build, path=path)
    flows.ok("modseal", "sign", "-k", "certs/signing_key.pem", "-c", "certs/signing_key.x509",
             "--kernel-config", ".config", tmp_path / "to", cwd=build, path=path)
    found = kerneltree.installed(tmp_path / "to")
    by_kernel = by_the_kernel(build, tmp_path / "kernel", "INSTALL_MOD_STRIP=1")
    assert found.keys() == by_kernel.keys()
    if compression == "none":
        assert found == by_kernel
    cli.ok("verify", "--trust", build / "certs/signing_key.x509", tmp_path / "to")
