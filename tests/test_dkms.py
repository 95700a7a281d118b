# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the real DKMS sign with modseal, and go on with nothing that is not signed?

The DKMS is the one of this machine: 3.0 on Debian 12, 3.2 on 13, where the job
`otherdebian` runs this. modinfo and OpenSSL say who signed.
"""

import os
import random
import re
import shutil
import subprocess

from support.files import make_image
import pytest
from support.keys import stores

from support import cli
from support.runs import extent
from support.tools import dkms
from support.keys.filled_token import token  # noqa: F401  (a fixture)

pytestmark = pytest.mark.plain

PACKED = {"": "none", "xz": "xz", "zst": "zstd"}
# each takes half a minute
ASKED = [*PACKED] if extent.FULL else random.Random(extent.SEED).sample([*PACKED], 1)


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    return dkms.build(tmp_path_factory.mktemp("built"))


@pytest.fixture
def world(tmp_path, tiny_module, built):
    return dkms.World(tmp_path / "world", tiny_module, built)


def signer_of(path):
    """What kmod says: the signer's common name, or "" of an unsigned module."""
    command = ["modinfo", "-F", "signer", path]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def common_name(certificate):
    subject = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-subject", "-nameopt", "multiline"],
        capture_output=True, text=True, check=True,
    ).stdout
    return re.search(r"commonName\s*= (.*)", subject)[1]


@pytest.mark.parametrize("suffix", ASKED)
def test_dkms_builds_signs_installs_and_removes_a_module(suffix, tmp_path, tiny_module, pki):
    dkms.need()
    world = dkms.World(tmp_path / "world", tiny_module)
    if suffix:
        world.pack(suffix)
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    status, text = world.dkms("install", "hello/1.0")
    assert status == 0, text
    assert world.status().strip().endswith("installed")
    (module,) = world.installed()
    assert module.name == "hello.ko" + (f".{suffix}" if suffix else "")
    assert signer_of(module) == common_name(pki / "rsa2048.pem")
    result = cli.document("verify", "--trust", pki / "rsa2048.pem", module)
    assert (result["status"], result["modules"][0]["compression"]) == (0, PACKED[suffix])
    status, text = world.dkms("remove", "hello/1.0")
    assert status == 0, text
    assert world.installed() == world.built() == []


def test_a_hook_of_the_module_s_own_runs_first_and_can_fail_the_build(world, pki):
    own = world.source / "own.sh"
    own.write_text('#!/bin/sh\npwd >>"$1"; echo "$2" >>"$1"; exit "$(cat "$3")"\n')
    own.chmod(0o755)
    seen, wanted = world.top / "seen", world.top / "wanted"
    with open(world.source / "dkms.conf", "a", encoding="utf-8") as conf:
        conf.write(f'POST_BUILD="own.sh {seen} built {wanted}"\n'
                   f'PRE_INSTALL="own.sh {seen} before {wanted}"\n')
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    wanted.write_text("7")
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0, text
    assert "script" in text + world.log() and world.built() == world.installed() == []
    wanted.write_text("0")
    seen.unlink()
    status, text = world.dkms("install", "hello/1.0")
    assert status == 0, text
    build, word, source, other = seen.read_text().splitlines()
    assert (build, word, other) == ("/var/lib/dkms/hello/1.0/build", "built", "before")
    assert os.path.realpath(source) in (str(world.source), "/var/lib/dkms/hello/1.0/source")


def test_a_key_that_is_not_the_certificate_s_fails_the_build_until_that_is_mended(world, pki):
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    conf = world.top / "etc/framework.conf.d/modseal.conf"
    good = conf.read_text()
    conf.write_text(good.replace("rsa2048.key", "rsa4096.key"))
    status, text = world.dkms("build", "hello/1.0")
    assert status != 0, text
    assert "does not belong to the private key" in text + world.log()
    assert "unsigned" in text + world.log()
    assert world.built() == []
    assert world.status().strip() == "hello/1.0: added"
    conf.write_text(good)
    status, text = world.dkms("install", "hello/1.0")
    assert status == 0, text
    assert signer_of(world.installed()[0]) == common_name(pki / "rsa2048.pem")


def test_another_signer_in_modseal_s_place_is_found_out(world, pki):
    # somebody's later file, with another key: DKMS is content with it
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    (world.top / "etc/framework.conf.d/zz.conf").write_text(
        f'mok_signing_key="{pki}/rsa4096.key"\nmok_certificate="{pki}/rsa4096.der"\n'
    )
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0, text
    assert "unknown-key (ENOKEY)" in text + world.log()
    assert world.built() == world.installed() == []


def test_without_modseal_nothing_is_installed(world, pki):
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    shutil.rmtree(world.libexec)
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0, text
    assert world.installed() == []


def test_without_the_hooks_a_module_that_could_not_be_signed_is_not_installed_either(world, pki):
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    (world.top / "etc/hello.conf").unlink()
    conf = world.top / "etc/framework.conf.d/modseal.conf"
    good = conf.read_text()
    conf.write_text(good.replace("rsa2048.key", "rsa4096.key"))
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0 and "nobody would notice" in text and "does not belong to" in text
    assert world.built() == world.installed() == []
    conf.write_text(good)
    status, text = world.dkms("install", "hello/1.0")
    assert status == 0 and world.installed(), text


def test_a_key_that_dkms_makes_in_place_of_one_that_is_gone_signs_nothing(world, pki):
    for name in "rsa2048.key", "rsa2048.der":
        shutil.copy(pki / name, world.top)
    world.setup("--key", world.top / "rsa2048.key", "--cert", world.top / "rsa2048.der")
    (world.top / "rsa2048.key").rename(world.top / "away")
    status, text = world.dkms("install", "hello/1.0")
    assert (world.top / "rsa2048.key").exists()
    assert status != 0 and "is not the one that DKMS was set up with" in text + world.log()
    assert world.built() == world.installed() == []


def test_what_was_built_before_the_setup_is_not_installed_unsigned(world, pki):
    (world.top / "etc/framework.conf.d/none.conf").write_text('sign_file="/nowhere"\n')
    status, text = world.dkms("build", "hello/1.0")
    assert status == 0, text
    assert signer_of(world.built()[0]) == ""
    (world.top / "etc/framework.conf.d/none.conf").unlink()
    world.setup("--key", pki / "rsa2048.key", "--cert", pki / "rsa2048.der")
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0, text
    assert "unsigned (ENODATA)" in text and world.installed() == []


def test_a_token_signs_with_its_pin_from_a_file_and_fails_the_build_once_locked(
    world, pki, token, tmp_path
):
    pin = tmp_path / "pin"
    pin.write_text("12345678\n")
    uri = "pkcs11:token=modseal%20test;object=rsa2048"
    world.setup("--key", uri, "--cert", pki / "rsa2048.der", "--pin-file", pin,
                       **token.env)
    status, text = world.dkms("install", "hello/1.0", **token.env)
    assert status == 0, text
    assert signer_of(world.installed()[0]) == common_name(pki / "rsa2048.pem")
    world.dkms("remove", "hello/1.0")
    status, text = world.dkms("install", "hello/1.0", TOKEN_SHIM_RESULT="0xa4", **token.env)
    assert status != 0, text
    assert "locked" in text + world.log()
    assert world.built() == world.installed() == []


def trusts(world, pki, *kinds, release=None):
    """Installs the image of a kernel that trusts keys of these kinds."""
    ders = [(pki / f"{kind}.der").read_bytes() for kind in ("p521", *kinds)]
    release = release or world.kernel
    work = world.top / "image"
    work.mkdir(exist_ok=True)
    certs = make_image.Certs(own=ders[0], trusted=ders[1:])
    image = make_image.vmlinux(work, certs, symbols=True, release=release)
    (world.top / "modules" / release).mkdir(exist_ok=True)
    shutil.copy(image, world.top / "modules" / release / "vmlinuz")


def test_each_kernel_gets_the_generation_of_the_store_that_it_trusts(world, pki):
    store = stores.certs_local(
        world.top / "store", pki, {"20250101-1200": "rsa2048", "20260101-1200": "rsa4096"}
    )
    trusts(world, pki, "rsa2048")
    world.setup("--store", store)
    status, text = world.dkms("install", "hello/1.0")
    assert status == 0, text
    assert signer_of(world.installed()[0]) == common_name(pki / "rsa2048.pem")
    world.dkms("remove", "hello/1.0")

    trusts(world, pki)
    status, text = world.dkms("install", "hello/1.0")
    assert status != 0, text
    assert f"kernel {world.kernel}" in text + world.log() and "hint: " in text + world.log()
    assert world.built() == world.installed() == []


def test_a_generation_of_the_store_may_be_in_a_token(world, pki, token, module):
    store = stores.certs_local(world.top / "store", pki, {"20250101-1200": "rsa2048"})
    for part in "signing_key.pem", "signing_prv.pem":
        (store / "current" / part).unlink()
    uri = "pkcs11:token=modseal%20test;object=rsa2048"
    pin = world.top / "pin"
    pin.write_text("12345678")
    (store / "current/signing_key.uri").write_text(f"{uri}\n")
    shutil.copy(pki / "rsa2048.pem", store / "current/signing_crt.pem")
    trusts(world, pki, "rsa2048", release="6.12.0-test")
    world.setup("--store", store, "--pin-file", pin, **token.env)
    named = re.findall(
        r'(?:mok_signing_key|mok_certificate)="(.*)"',
        (world.top / "etc/framework.conf.d/modseal.conf").read_text(),
    )
    status, text = world.run(
        world.libexec / "modseal-dkms-sign", "sha256", *named, module, **token.env
    )
    assert status == 0, text
    assert signer_of(module) == common_name(pki / "rsa2048.pem")
