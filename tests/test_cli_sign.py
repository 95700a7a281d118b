# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does each flag of sign, strip, detach, attach and recover do what its page says?

The oracles are OpenSSL's command line and the reference sign-file.
"""

import os
import shutil
import subprocess

import pytest

from support import cli


@pytest.fixture
def tree(tmp_path, tiny_module):
    """A tree of three modules, one of them packed."""
    top = tmp_path / "tree"
    (top / "kernel/fs").mkdir(parents=True)
    for name in "a.ko", "kernel/b.ko", "kernel/fs/c.ko":
        shutil.copyfile(tiny_module, top / name)
    subprocess.run(["xz", "--check=crc32", top / "kernel/fs/c.ko"], check=True)
    return top


def contents(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


def modules(directory):
    return sorted(name for name in contents(directory) if ".ko" in name)


def sign(pki, *arguments, kind="p256", **options):
    return cli.ok("sign", "-k", pki / f"{kind}-both.pem", *arguments, **options)


def openssl_takes(pki, kind, path, tmp_path, *options):
    """True where OpenSSL verifies the module's signature with that certificate."""
    signature, payload = cli.signature_of(path)
    (tmp_path / "sig.der").write_bytes(signature)
    (tmp_path / "payload").write_bytes(payload)
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "sig.der",
         "-content", tmp_path / "payload", "-certfile", pki / f"{kind}.pem", "-noverify",
         "-nointern", "-out", os.devnull, *options],
        capture_output=True, text=True, check=False,
    )
    return done.returncode == 0


def test_a_signed_module_keeps_mode_and_payload_and_openssl_verifies_it(module, pki, tmp_path):
    before = module.read_bytes()
    assert sign(pki, module) == "1 module: 1 signed\n"
    assert cli.signature_of(module)[1] == before
    assert module.stat().st_mode & 0o7777 == 0o640
    assert openssl_takes(pki, "p256", module, tmp_path)
    assert not openssl_takes(pki, "p384", module, tmp_path)


def test_verbose_says_every_module_and_the_signer(module, pki):
    text = sign(pki, "-v", module)
    assert f"{module}: signed\n" in text
    assert "p256 with sha512" in text


def test_quiet_says_nothing(module, pki):
    assert sign(pki, "-q", module) == ""


@pytest.mark.parametrize("name", ["sha256", "sha384", "sha512"])
def test_the_hash_asked_for_is_used(name, module, pki):
    sign(pki, "-H", name, module)
    assert f"sig_hashalgo:   {name}\n" in cli.ok("show", module)


def test_the_kernel_configuration_chooses_the_hash(module, pki, tmp_path):
    config = tmp_path / "config"
    config.write_text('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_HASH="sha384"\n')
    sign(pki, "--kernel-config", config, module)
    assert "sig_hashalgo:   sha384\n" in cli.ok("show", module)
    sign(pki, "--kernel-config", config, "-H", "sha256", module)
    assert "sig_hashalgo:   sha256\n" in cli.ok("show", module)


def test_the_default_hash_is_sha512(module, pki):
    sign(pki, module)
    assert "sig_hashalgo:   sha512\n" in cli.ok("show", module)


def test_a_certificate_of_its_own_file_is_used_in_both_forms(module, pki, tmp_path):
    for cert in "rsa2048.pem", "rsa2048.der":
        cli.ok("sign", "-k", pki / "rsa2048.key.der", "-c", pki / cert, module)
        assert openssl_takes(pki, "rsa2048", module, tmp_path)


def test_key_and_certificate_that_do_not_belong_together_are_refused(module, pki):
    before = module.read_bytes()
    done = cli.run("sign", "-k", pki / "p256.key", "-c", pki / "p384.pem", module)
    assert done.returncode == 2 and done.stderr.startswith("modseal: ")
    assert module.read_bytes() == before


def test_signed_modules_are_replaced_skipped_or_refused(module, pki, tmp_path):
    payload = module.read_bytes()
    sign(pki, module)
    once = module.read_bytes()

    done = cli.run("sign", "-k", pki / "p384-both.pem", "--signed", "refuse", module)
    assert done.returncode == 2
    assert module.read_bytes() == once

    done = cli.run("sign", "-k", pki / "p384-both.pem", "--signed=skip", module)
    assert done.returncode == 1, cli.said(done)
    assert "nothing was signed" in done.stderr
    assert done.stdout == "1 module: 1 skipped\n"
    assert module.read_bytes() == once

    sign(pki, module, kind="p384")
    assert cli.signature_of(module)[1] == payload
    assert openssl_takes(pki, "p384", module, tmp_path)


def test_skipping_some_and_signing_others_is_a_success(tree, pki):
    sign(pki, tree / "a.ko")
    assert sign(pki, "--signed", "skip", tree) == "3 modules: 2 signed, 1 skipped\n"


def test_skid_names_the_key_by_its_identifier(module, pki):
    sign(pki, "--skid", module)
    skid = subprocess.run(
        ["openssl", "x509", "-in", pki / "p256.pem", "-noout", "-ext", "subjectKeyIdentifier"],
        capture_output=True, text=True, check=True,
    ).stdout.split()[-1]
    assert f"sig_key:        {skid}\n" in cli.ok("show", module)


def test_the_signer_is_described(module, pki):
    result = cli.document("sign", "-k", pki / "rsa2048-both.pem", module)
    signer = result["signer"]
    assert (signer["key_type"], signer["hash"], signer["nonce"], signer["deterministic"]) == (
        "rsa2048", "sha512", "not-applicable", True
    )
    result = cli.document("sign", "-k", pki / "p256-both.pem", "--nonce", "random", module)
    assert (result["signer"]["nonce"], result["signer"]["deterministic"]) == ("random", False)


def test_a_dry_run_changes_nothing(tree, pki):
    before = contents(tree)
    text = sign(pki, "--dry-run", tree)
    assert text == "3 modules: 3 would-sign\n"
    assert contents(tree) == before
    sign(pki, tree)
    before = contents(tree)
    cli.ok("strip", "--dry-run", tree)
    assert contents(tree) == before
    assert cli.document("strip", "--dry-run", tree)["dry_run"] is True


def test_output_takes_the_copies_and_the_tree_stays(tree, pki, tmp_path):
    before = contents(tree)
    sign(pki, "-o", tmp_path / "out", tree)
    assert contents(tree) == before
    assert modules(tmp_path / "out") == modules(tree)
    assert cli.signature_of(tmp_path / "out/a.ko")[1] == before["a.ko"]


def test_a_bundle_takes_the_signatures_and_the_tree_stays(tree, pki, tmp_path):
    before = contents(tree)
    bundle = tmp_path / "bundle"
    sign(pki, "--bundle", bundle, tree, kind="rsa2048")
    assert contents(tree) == before
    lines = bundle.read_text().splitlines()
    # three modules with the same payload: RSA gives the same signature, paths differ
    assert lines[0] == "modseal-signatures 1" and len(lines) == 4
    cli.ok("attach", "--trust", pki / "rsa2048.pem", bundle, tree)
    attached = contents(tree)
    cli.ok("strip", tree)
    sign(pki, tree, kind="rsa2048")
    assert contents(tree) == attached


def test_what_is_no_module_is_signed_when_asked_only(pki, tmp_path):
    text = tmp_path / "text.txt"
    text.write_bytes(b"some text\n")
    done = cli.run("sign", "-k", pki / "p256-both.pem", text)
    assert done.returncode == 2
    assert text.read_bytes() == b"some text\n"
    sign(pki, "--any-file", text)
    assert cli.signature_of(text)[1] == b"some text\n"


def test_one_failure_rolls_all_back_unless_to_keep_going(tree, pki):
    (tree / "kernel/bad.ko").write_bytes(b"no module")
    before = contents(tree)
    done = cli.run("sign", "-k", pki / "p256-both.pem", tree)
    assert done.returncode == 2
    assert "bad.ko" in done.stderr
    assert contents(tree) == before
    result = cli.document("sign", "-k", pki / "p256-both.pem", tree)
    assert result["summary"] == {"failed": 1, "rolled-back": 3}

    result = cli.document("sign", "-k", pki / "p256-both.pem", "--keep-going", tree)
    assert (result["status"], result["summary"]) == (2, {"failed": 1, "signed": 3})
    assert cli.signature_of(tree / "a.ko")[1] == before["a.ko"]


def test_a_hard_link_to_the_outside_is_broken_when_asked_only(module, pki, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / "name.ko"
    os.link(module, other)
    before = module.read_bytes()
    done = cli.run("sign", "-k", pki / "p256-both.pem", module)
    assert done.returncode == 2
    assert module.read_bytes() == before
    sign(pki, "--break-links", module)
    assert other.read_bytes() == before
    assert cli.signature_of(module)[1] == before


def test_max_size_bounds_what_is_unpacked(tmp_path, tiny_module):
    packed = tmp_path / "tiny.ko"
    shutil.copyfile(tiny_module, packed)
    size = packed.stat().st_size
    subprocess.run(["xz", "--check=crc32", packed], check=True)
    packed = tmp_path / "tiny.ko.xz"
    assert cli.run("show", "--max-size", str(size - 1), packed).returncode == 2
    cli.ok("show", "--max-size", str(size), packed)
    cli.ok("show", "--max-size", "1M", packed)


def test_the_compression_level_is_taken(tmp_path, tiny_module, pki):
    module = tmp_path / "m.ko"
    module.write_bytes(tiny_module.read_bytes() + bytes(range(256)) * 400)
    subprocess.run(["zstd", "-q", "--rm", module], check=True)
    packed = tmp_path / "m.ko.zst"
    sizes = set()
    for level in "1", "19":
        sign(pki, "--level", level, packed, kind="rsa2048")
        subprocess.run(["zstd", "-q", "-t", packed], check=True)
        sizes.add(packed.read_bytes())
        cli.ok("strip", packed)
    assert len(sizes) == 2


def test_strip_takes_the_outermost_trailer_and_with_all_every_one(module, pki):
    payload = module.read_bytes()
    sign(pki, module)
    once = module.read_bytes()
    # a second trailer of the same signature: what sign-file makes of a signed module
    module.write_bytes(once + once[len(payload):])
    twice = module.read_bytes()
    assert cli.ok("strip", module) == "1 module: 1 stripped\n"
    assert module.read_bytes() == once
    module.write_bytes(twice)
    cli.ok("strip", "--all", module)
    assert module.read_bytes() == payload
    done = cli.run("strip", module)
    assert (done.returncode, done.stdout) == (1, f"{module}: unsigned\n1 module: 1 unsigned\n")


def test_detach_and_attach_give_back_the_same_bytes(tree, pki, tmp_path):
    sign(pki, tree)
    signed = contents(tree)
    bundle = tmp_path / "bundle"
    assert cli.ok("detach", "-o", bundle, tree) == "3 modules: 3 detached\n"
    assert contents(tree) == signed
    cli.ok("strip", tree)
    assert contents(tree) != signed
    assert cli.ok("attach", bundle, tree) == "3 modules: 3 unchecked\n"
    assert contents(tree) == signed
    cli.ok("strip", tree)
    text = cli.ok("attach", "--trust", pki / "p256.pem", bundle, tree)
    assert text == "3 modules: 3 attached\n"
    assert contents(tree) == signed


def test_detach_reports_modules_with_no_signature_or_several(tree, pki, tmp_path):
    sign(pki, tree / "a.ko", tree / "kernel/b.ko")
    once = (tree / "a.ko").read_bytes()
    payload = cli.signature_of(tree / "a.ko")[1]
    (tree / "a.ko").write_bytes(once + once[len(payload):])
    bundle = tmp_path / "bundle"
    result = cli.document("detach", "-o", bundle, tree)
    assert (result["status"], result["summary"]) == (1, {"detached": 1, "unsigned": 1, "several": 1})
    assert len(bundle.read_text().splitlines()) == 2


def test_detach_writes_no_bundle_without_a_signature(module, tmp_path):
    bundle = tmp_path / "bundle"
    done = cli.run("detach", "-o", bundle, module)
    assert done.returncode == 1 and "is not written" in done.stderr
    assert not bundle.exists()


def test_detach_writes_no_half_bundle_unless_to_keep_going(tree, pki, tmp_path):
    sign(pki, tree)
    (tree / "bad.ko.xz").write_bytes(b"\xfd7zXZ\0junk")
    bundle = tmp_path / "bundle"
    assert cli.run("detach", "-o", bundle, tree).returncode == 2
    assert not bundle.exists()
    assert cli.run("detach", "--keep-going", "-o", bundle, tree).returncode == 2
    assert len(bundle.read_text().splitlines()) == 4


def test_attach_refuses_a_signature_that_is_not_trusted(module, pki, tmp_path):
    payload = module.read_bytes()
    bundle = tmp_path / "bundle"
    sign(pki, "--bundle", bundle, module)
    done = cli.run("attach", "--trust", pki / "p384.pem", bundle, module)
    assert done.returncode == 1, cli.said(done)
    assert f"{module}: not-trusted" in done.stdout
    assert module.read_bytes() == payload


def test_attach_changes_nothing_where_one_signature_is_missing(tree, pki, tmp_path):
    with open(tree / "kernel/b.ko", "ab") as other:
        other.write(b"\0" * 16)
    bundle = tmp_path / "bundle"
    sign(pki, "--bundle", bundle, tree / "a.ko")
    before = contents(tree)
    result = cli.document("attach", bundle, tree)
    assert result["status"] == 1 and result["summary"]["missing"] == 1
    assert contents(tree) == before
    result = cli.document("attach", "--keep-going", bundle, tree)
    assert (result["status"], result["summary"]) == (1, {"missing": 1, "unchecked": 2})
    assert cli.signature_of(tree / "a.ko")[1] == before["a.ko"]


def test_a_directory_of_raw_signatures_needs_trust(tree, pki, tmp_path):
    sign(pki, tree)
    signed = contents(tree)
    raw = tmp_path / "raw"
    (raw / "kernel/fs").mkdir(parents=True)
    der, payload = cli.signature_of(tree / "a.ko")
    (raw / "a.ko.sig").write_bytes(der)
    (raw / "kernel/b.ko.p7s").write_bytes(cli.signature_of(tree / "kernel/b.ko")[0])
    (raw / "kernel/fs/c.ko.sig").write_bytes(der)  # the same payload, once unpacked
    cli.ok("strip", tree)
    before = contents(tree)
    done = cli.run("attach", raw, tree)
    assert done.returncode == 2 and "hint: say whom to trust: --trust SRC" in done.stderr
    assert contents(tree) == before
    cli.ok("attach", "--trust", pki / "p256.pem", raw, tree)
    assert (tree / "a.ko").read_bytes() == signed["a.ko"]
    assert (tree / "kernel/b.ko").read_bytes() == signed["kernel/b.ko"]


def test_a_bundle_is_read_from_standard_input(module, pki, tmp_path):
    bundle = tmp_path / "bundle"
    sign(pki, "--bundle", bundle, module)
    with open(bundle, "rb") as stream:
        cli.ok("attach", "-", module, stdin=stream)
    cli.signature_of(module)


def test_a_broken_bundle_is_named_with_its_line(module, tmp_path):
    bundle = tmp_path / "bundle"
    bundle.write_text("modseal-signatures 1\nnonsense\n")
    done = cli.run("attach", bundle, module)
    assert done.returncode == 2 and f"{bundle}:2:" in done.stderr


def test_nothing_to_recover_is_status_1(tree):
    done = cli.run("recover", tree)
    assert (done.returncode, done.stdout) == (1, f"{tree}: nothing to recover\n")
    result = cli.document("recover", tree)
    assert result["summary"] == {"nothing": 1}
    assert cli.run("recover", tree / "nowhere").returncode == 2


def test_a_directory_without_a_module_is_trouble(tmp_path, pki):
    (tmp_path / "empty").mkdir()
    for arguments in (
        ["sign", "-k", pki / "p256-both.pem"], ["strip"], ["show"],
        ["detach", "-o", tmp_path / "bundle"], ["verify", "--trust", pki / "p256.pem"],
    ):
        done = cli.run(*arguments, tmp_path / "empty")
        assert done.returncode == 2, cli.said(done)
        assert done.stderr.startswith("modseal: ")
    assert not (tmp_path / "bundle").exists()


def test_a_missing_path_is_said_as_cannot_open(pki):
    done = cli.run("sign", "-k", pki / "p256-both.pem", "nowhere.ko")
    assert done.returncode == 2
    assert "No such file or directory" in done.stderr and "nowhere.ko" in done.stderr


@pytest.mark.parametrize("option", ["--no-sync", "--no-wait", "-j1", "--jobs=3"])
def test_options_that_change_only_how_it_is_done(option, tree, pki):
    assert sign(pki, option, tree) == "3 modules: 3 signed\n"
    assert cli.ok("strip", option, tree) == "3 modules: 3 stripped\n"
