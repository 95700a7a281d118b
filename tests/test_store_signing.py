# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does sign --store take the right generation, and for each kernel the one that it trusts?

What the signature names is read from it by the openssl program; verify --kernel then says
whether that kernel takes it.
"""

import os
import re
import subprocess

import pytest
from support.keys import stores

from support import cli
from support.runs import atwork

THREE = {"20240101-1200": "rsa2048", "20250101-1200": "p256", "20260101-1200": "p384"}
CURRENT, OLDER, OLDEST = sorted(THREE, reverse=True)


@pytest.fixture
def store(tmp_path, pki):
    return stores.certs_local(tmp_path / "certs-local", pki, THREE)


@pytest.fixture
def kernel(tmp_path, pki):
    """Installs a kernel that trusts these kinds of keys; (root, its image)."""

    def install(release, trusted, revoked=None):
        def ders(kinds):
            return [(pki / f"{kind}.der").read_bytes() for kind in kinds]

        modules = stores.install_kernel(
            tmp_path / "root", release, tmp_path / release, own=ders(["p521"])[0],
            trusted=ders(trusted), revoked=ders(revoked) if revoked else None)
        return tmp_path / "root", modules / "vmlinuz"

    return install


def signer(module, pki):
    """The kind of key that the signature names, by its serial number."""
    message, _ = cli.signature_of(module)
    text = subprocess.run(["openssl", "cms", "-cmsout", "-print", "-inform", "DER"],
                          input=message, capture_output=True, check=True).stdout.decode()
    serial = re.search(r"serialNumber: (\S+)", text)[1]
    for kind in [*THREE.values(), "p521", "rsa2048-again"]:
        known = subprocess.run(
            ["openssl", "x509", "-in", pki / f"{kind}.pem", "-noout", "-serial"],
            capture_output=True, check=True, text=True).stdout.strip().split("=")[1]
        if serial.startswith("0x") and int(serial, 16) == int(known, 16):
            return kind
        if not serial.startswith("0x") and int(serial) == int(known, 16):
            return kind
    return None


def test_the_current_generation_signs(store, module, pki):
    result = cli.document("sign", "--store", store, module)
    assert (result["status"], result["generation"]) == (0, CURRENT)
    assert result["signer"]["hash"] == "sha512"
    assert signer(module, pki) == "p384"
    cli.ok("verify", "--trust", store / "current" / "signing_crt.crt", module)


def test_the_store_may_come_from_the_environment(store, module, pki, kernel):
    root, _ = kernel("6.1.0", ["p384"])
    cli.ok("sign", "--for-kernel", "6.1.0", "--root", root, module, env={"MODSEAL_STORE": store})
    assert signer(module, pki) == "p384"


def test_khash_says_the_digest_unless_another_is_asked_for(store, module, tmp_path):
    (store / "current" / "khash").write_text("sha3-384\n")
    config = tmp_path / "config"
    config.write_text('CONFIG_MODULE_SIG_HASH="sha256"\n')
    for more, expected in ([], "sha3-384"), (["-H", "sha384"], "sha384"), (
            ["--kernel-config", config], "sha256"):
        result = cli.document("sign", "--store", store, *more, module)
        assert (result["status"], result["signer"]["hash"]) == (0, expected)


@pytest.mark.parametrize("trusted", ["rsa2048", "p256", "p384"])
def test_each_kernel_gets_the_generation_that_it_trusts(store, module, pki, kernel, trusted):
    root, image = kernel("6.1.0", [trusted])
    result = cli.document("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, module)
    assert result["status"] == 0
    assert THREE[result["generation"]] == trusted == signer(module, pki)
    cli.ok("verify", "--kernel", image, module)


def test_of_several_trusted_ones_the_newest_is_taken(store, module, pki, kernel):
    root, _ = kernel("6.1.0", ["rsa2048", "p256"])
    cli.ok("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, module)
    assert signer(module, pki) == "p256"


def test_a_revoked_generation_is_never_taken(store, module, pki, kernel):
    root, image = kernel("6.1.0", ["rsa2048", "p256"], revoked=["p256"])
    cli.ok("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, module)
    assert signer(module, pki) == "rsa2048"
    cli.ok("verify", "--kernel", image, module)


def test_a_generation_whose_key_is_revoked_under_another_name_is_never_taken(
        store, module, pki, kernel):
    """The kernel would take it; verify would warn of it."""
    root, image = kernel("6.1.0", ["rsa2048", "p384"], revoked=["serial"])
    cli.ok("sign", "--store", store, module)
    assert "the signer is revoked" in cli.run("verify", "--kernel", image, module).stdout
    cli.ok("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, module)
    assert signer(module, pki) == "rsa2048"
    cli.ok("verify", "--kernel", image, module)


def test_a_generation_that_is_not_whole_is_passed_over(store, module, pki, kernel):
    root, _ = kernel("6.1.0", ["rsa2048", "p256"])
    (store / OLDER / "signing_key.pem").unlink()
    cli.ok("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, module)
    assert signer(module, pki) == "rsa2048"


def refused(module, *arguments):
    """What is said by a run that must fail and change nothing."""
    before = module.read_bytes()
    done = cli.run("sign", *arguments, module)
    assert done.returncode == 2, cli.said(done)
    assert module.read_bytes() == before
    return done.stderr


def test_a_kernel_that_trusts_none_is_told_with_what_would_mend_it(store, module, kernel):
    root, _ = kernel("6.1.0", ["rsa4096"])
    said = refused(module, "--store", store, "--for-kernel", "6.1.0", "--root", root)
    assert "kernel 6.1.0 trusts no key generation" in said
    assert "hint: " in said and "enroll --mok" in said and "rotate" in said


def test_a_certificate_that_a_signature_does_not_find_is_not_trusted(store, module, kernel, pki):
    """The kernel has p384's key under another serial number: it would say ENOKEY."""
    root, image = kernel("6.1.0", ["serial"])
    assert "trusts no key" in refused(module, "--store", store, "--for-kernel", "6.1.0", "--root", root)
    cli.ok("sign", "--store", store, module)
    assert "unknown-key" in cli.run("verify", "--kernel", image, module).stdout


def test_the_signature_is_found_by_either_name(store, module, kernel):
    root, image = kernel("6.1.0", ["p256"])
    for more in [], ["--skid"]:
        cli.ok("sign", "--store", store, "--for-kernel", "6.1.0", "--root", root, *more, module)
        cli.ok("verify", "--kernel", image, module)


def test_a_kernel_that_is_not_installed_is_told(store, module, tmp_path):
    said = refused(module, "--store", store, "--for-kernel", "9.9.9", "--root", tmp_path)
    assert "no image of kernel 9.9.9" in said
    for release in "../../etc", "a/b", ".":
        assert "is no kernel release" in refused(
            module, "--store", store, "--for-kernel", release, "--root", tmp_path)


def test_an_image_that_cannot_be_read_is_trouble(store, module, tmp_path):
    (tmp_path / "boot").mkdir()
    (tmp_path / "boot" / "vmlinuz-6.1.0").write_bytes(b"\x7fELF" + bytes(500))
    assert "vmlinuz-6.1.0" in refused(
        module, "--store", store, "--for-kernel", "6.1.0", "--root", tmp_path)


@pytest.mark.parametrize("more", [["-k", "key.pem"], ["-c", "cert.pem"], ["--root", "/"]])
def test_a_store_and_a_key_exclude_each_other(store, module, more):
    assert "hint: see 'modseal sign --help'" in refused(module, "--store", store, *more)


def test_an_encrypted_key_of_a_store_takes_its_passphrase(store, module, pki):
    from support.keys import pki as test_pki

    for source, name in ("p384-enc-both.pem", "signing_key.pem"), ("p384-enc.key", "signing_prv.pem"):
        (store / CURRENT / name).write_bytes((pki / source).read_bytes())
    assert cli.run("key", "status", "--store", store).returncode == 0
    assert refused(module, "--store", store)
    cli.ok("sign", "--store", store, module, env={"KBUILD_SIGN_PIN": test_pki.PASSPHRASE})
    assert signer(module, pki) == "p384"


def test_fault_failed_signing_exits_0(store, module, tmp_path):
    """sign_module printed and ended in 0: no key directory, no such file, a bad key."""
    missing = cli.run("sign", "--store", store, tmp_path / "none.ko")
    assert missing.returncode == 2 and "none.ko" in missing.stderr
    assert refused(module, "--store", tmp_path / "none")
    (store / CURRENT / "signing_key.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    assert refused(module, "--store", store)


def test_fault_a_junk_ko_is_signed(store, module):
    module.write_bytes(b"this is no module\n" * 10)
    assert "ELF" in refused(module, "--store", store)


@pytest.mark.parametrize("mode", [0o640, 0o600, 0o444])
@pytest.mark.parametrize("suffix", ["", ".xz"])
def test_fault_mode_0640_becomes_0644(store, module, mode, suffix):
    if suffix:
        subprocess.run(["xz", "--check=crc32", module], check=True)
    path = module.with_name(module.name + suffix)
    path.chmod(mode)
    cli.ok("sign", "--store", store, path)
    assert path.stat().st_mode & 0o7777 == mode


@pytest.mark.parametrize("check", ["crc32", "crc64"])
def test_fault_xz_is_rewritten_with_crc64(store, module, check):
    """The kernel's decoder knows CRC32 only."""
    subprocess.run(["xz", f"--check={check}", module], check=True)
    path = module.with_name(module.name + ".xz")
    cli.ok("sign", "--store", store, path)
    listed = subprocess.run(["xz", "--robot", "--list", path], check=True, capture_output=True,
                            text=True).stdout
    assert listed.split("\n")[1].split("\t")[6] == "CRC32"


@pytest.mark.anywhere
@pytest.mark.plain
def test_fault_an_interrupted_compression_leaves_temporary_files(store, module, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    data = module.read_bytes() + os.urandom(300000)
    names = [f"m{number}.ko.xz" for number in range(12)]
    packed = subprocess.run(["xz", "--check=crc32", "-0"], input=data, capture_output=True,
                            check=True).stdout

    def start():
        for name in names:
            (tree / name).write_bytes(packed)
        return atwork.Run("sign", "-q", "--store", store, tree)

    for least in range(1, 9):
        with atwork.caught(start, atwork.is_undecided(tree, least)) as run:
            run.process.kill()
            run.process.wait()
        for name in names:  # each is whole, the old or the new one
            subprocess.run(["xz", "--test", tree / name], check=True)
    cli.ok("sign", "--store", store, tree)
    assert sorted(path.name for path in tree.iterdir()) == sorted(names)
    cli.ok("verify", "--trust", store / CURRENT / "signing_crt.crt", tree)


def test_a_kernel_without_any_certificate_trusts_none(store, module, kernel, tmp_path):
    root, _ = kernel("6.1.0", ["p384"])
    stores.install_kernel(root, "6.1.1", tmp_path / "bare")
    assert "trusts no key" in refused(module, "--store", store, "--for-kernel", "6.1.1", "--root", root)
