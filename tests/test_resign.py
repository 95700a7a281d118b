# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does resign change a tree from one key to another: everything due, and nothing else?

The oracles are OpenSSL's command line, which verifies, and kmod, which says who signed.
"""

import os
import shutil
import subprocess

import pytest

from support import cli

NEW, OLD, OTHER = "p384", "p256", "rsa2048"


def contents(directory):
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in sorted(directory.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def tree(tmp_path, tiny_module, pki):
    """Modules of two signers, one of them packed, and one that nobody signed."""
    top = tmp_path / "tree"
    (top / "kernel/fs").mkdir(parents=True)
    for name in "a.ko", "kernel/b.ko", "kernel/fs/c.ko", "kernel/fs/bare.ko":
        shutil.copyfile(tiny_module, top / name)
    cli.ok("sign", "-k", pki / f"{OLD}-both.pem", top / "a.ko", top / "kernel/fs/c.ko")
    cli.ok("sign", "-k", pki / f"{OTHER}-both.pem", top / "kernel/b.ko")
    subprocess.run(["xz", "--check=crc32", top / "kernel/fs/c.ko"], check=True)
    return top


def resign(pki, *arguments, **options):
    return cli.run("resign", "-k", pki / f"{NEW}-both.pem", *arguments, **options)


def openssl_takes(pki, kind, path, tmp_path):
    """True where OpenSSL verifies the module's signature with that certificate."""
    signature, payload = cli.signature_of(path)
    (tmp_path / "sig.der").write_bytes(signature)
    (tmp_path / "payload").write_bytes(payload)
    done = subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", tmp_path / "sig.der",
         "-content", tmp_path / "payload", "-certfile", pki / f"{kind}.pem", "-noverify",
         "-nointern", "-out", os.devnull],
        capture_output=True, check=False,
    )
    return done.returncode == 0


def results(document, top):
    return {
        os.path.relpath(module["path"], top): module["result"] for module in document["modules"]
    }


def test_every_signed_module_gets_the_new_signature_and_the_unsigned_one_is_reported(
    tree, pki, tmp_path
):
    bare = (tree / "kernel/fs/bare.ko").read_bytes()
    done = resign(pki, tree)
    assert done.returncode == 1, cli.said(done)
    assert done.stdout.endswith(
        "4 modules: 3 signed, 1 unsigned\n"
        + "".join(line for line in done.stdout.splitlines(True) if line.startswith("  "))
    )
    assert f"{tree}/kernel/fs/bare.ko: unsigned" in done.stdout
    for name in "a.ko", "kernel/b.ko":
        assert openssl_takes(pki, NEW, tree / name, tmp_path)
        assert cli.signature_of(tree / name)[1] == bare
    subprocess.run(["xz", "-dk", tree / "kernel/fs/c.ko.xz"], check=True)
    assert openssl_takes(pki, NEW, tree / "kernel/fs/c.ko", tmp_path)
    assert (tree / "kernel/fs/bare.ko").read_bytes() == bare


def test_unsigned_modules_are_signed_where_that_is_asked_for(tree, pki, tmp_path):
    done = resign(pki, "--unsigned=sign", tree)
    assert done.returncode == 0, cli.said(done)
    assert openssl_takes(pki, NEW, tree / "kernel/fs/bare.ko", tmp_path)


def test_a_second_run_changes_nothing(tree, pki):
    resign(pki, tree)
    before = contents(tree)
    inodes = {path: path.stat().st_ino for path in tree.rglob("*.ko*")}
    result = cli.document("resign", "-k", pki / f"{NEW}-both.pem", tree)
    assert result["summary"] == {"unchanged": 3, "unsigned": 1}
    assert contents(tree) == before
    assert {path: path.stat().st_ino for path in tree.rglob("*.ko*")} == inodes


def test_another_digest_algorithm_makes_a_new_signature_due(module, pki):
    cli.ok("sign", "-k", pki / f"{NEW}-both.pem", "-H", "sha256", module)
    assert resign(pki, "-H", "sha256", module).stdout.startswith("1 module: 1 unchanged\n")
    assert resign(pki, "-H", "sha384", module).stdout.startswith("1 module: 1 signed\n")
    assert "sig_hashalgo:   sha384\n" in cli.ok("show", module)


def test_a_signature_in_the_new_keys_name_over_other_bytes_is_replaced(module, pki, tmp_path):
    cli.ok("sign", "-k", pki / f"{NEW}-both.pem", module)
    data = bytearray(module.read_bytes())
    data[len(data) // 8] ^= 1  # no byte of the ELF header
    module.write_bytes(data)
    assert not openssl_takes(pki, NEW, module, tmp_path)
    done = resign(pki, module)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "1 module: 1 signed")
    assert openssl_takes(pki, NEW, module, tmp_path)


def test_of_stacked_signatures_one_is_left_even_where_the_outer_one_is_new(module, pki):
    payload = module.read_bytes()
    parts = []
    for kind in OLD, NEW:
        module.write_bytes(payload + b"".join(parts))
        subprocess.run(
            [cli.REFERENCE, "sha512", pki / f"{kind}.key", pki / f"{kind}.pem", module], check=True
        ) if cli.REFERENCE.exists() else pytest.skip("no reference sign-file")
        parts.append(module.read_bytes()[len(payload) + sum(map(len, parts)):])
    assert len(parts) == 2
    done = resign(pki, module)
    assert done.stdout.startswith("1 module: 1 signed\n"), cli.said(done)
    assert cli.signature_of(module)[1] == payload


def test_what_is_trusted_still_is_kept_and_the_rest_is_not(tree, pki, tmp_path):
    before = contents(tree)
    arguments = ["-k", pki / f"{NEW}-both.pem", "--keep-old", "--trust", pki / f"{OLD}.pem", tree]
    result = cli.document("resign", *arguments)
    assert results(result, tree) == {
        "a.ko": "kept", "kernel/b.ko": "signed", "kernel/fs/c.ko.xz": "kept",
        "kernel/fs/bare.ko": "unsigned",
    }
    after = contents(tree)
    assert {name for name in before if before[name] != after[name]} == {"kernel/b.ko"}
    assert openssl_takes(pki, NEW, tree / "kernel/b.ko", tmp_path)


def test_a_damaged_module_of_a_trusted_signer_is_not_kept(module, pki):
    cli.ok("sign", "-k", pki / f"{OLD}-both.pem", module)
    data = bytearray(module.read_bytes())
    data[len(data) // 8] ^= 1
    module.write_bytes(data)
    done = resign(pki, "--keep-old", "--trust", pki / f"{OLD}.pem", module)
    assert done.stdout.startswith("1 module: 1 signed\n"), cli.said(done)


def test_what_is_revoked_is_not_kept(tree, pki):
    arguments = ["--trust", pki / f"{OLD}.pem", "--trust", pki / f"{OTHER}.pem"]
    result = cli.document(
        "resign", "-k", pki / f"{NEW}-both.pem", "--keep-old", *arguments,
        "--revoked", pki / f"{OLD}.pem", tree,
    )
    assert result["summary"] == {"signed": 2, "kept": 1, "unsigned": 1}


def test_what_to_keep_must_be_known(tree, pki):
    before = contents(tree)
    done = resign(pki, "--keep-old", tree)
    assert done.returncode == 2 and "no trust source" in done.stderr
    done = resign(pki, "--trust", pki / f"{OLD}.pem", tree)
    assert done.returncode == 2 and "goes with --keep-old" in done.stderr
    assert contents(tree) == before


def test_check_changes_nothing_and_says_what_would_be_done(tree, pki):
    before = contents(tree)
    arguments = ["resign", "-k", pki / f"{NEW}-both.pem", "--check", tree]
    result = cli.document(*arguments)
    assert (result["status"], result["check"]) == (1, True)
    assert result["summary"] == {"would-sign": 3, "unsigned": 1}
    assert contents(tree) == before
    (tree / "kernel/fs/bare.ko").unlink()
    assert resign(pki, tree).returncode == 0
    result = cli.document(*arguments)
    assert (result["status"], result["summary"]) == (0, {"unchanged": 3})


def test_the_report_counts_modules_by_their_old_signer(tree, pki):
    kmod = {}
    for path in sorted(tree.rglob("*.ko*")):
        fields = subprocess.run(
            ["modinfo", path], capture_output=True, text=True, check=True
        ).stdout
        values = dict(line.split(":", 1) for line in fields.splitlines() if ":" in line)
        key = (values.get("signer", "").strip() or None, values.get("sig_key", "").strip() or None)
        kmod[key] = kmod.get(key, 0) + 1
    result = cli.document("resign", "-k", pki / f"{NEW}-both.pem", tree)
    told = {(each["signer"], each["sig_key"]): each["count"] for each in result["signers"]}
    assert told == kmod
    for module in result["modules"]:
        assert (module["old"] is None) == (module["result"] == "unsigned")


def test_hard_links_are_counted_with_their_signer(module, pki):
    cli.ok("sign", "-k", pki / f"{OLD}-both.pem", module)
    os.link(module, module.with_name("second.ko"))
    result = cli.document("resign", "-k", pki / f"{NEW}-both.pem", module.parent)
    assert [(each["result"], each["count"]) for each in result["signers"]] == [("signed", 2)]
    assert module.samefile(module.with_name("second.ko"))


@pytest.mark.parametrize("junk", [b"", b"not a module at all", b"\xfd7zXZ\0junk"])
def test_where_one_module_fails_none_is_changed(junk, tree, pki):
    name = "junk.ko.xz" if junk.startswith(b"\xfd") else "junk.ko"
    (tree / name).write_bytes(junk)
    if not junk.startswith(b"\xfd") and junk:
        cli.ok("sign", "--any-file", "-k", pki / f"{OLD}-both.pem", tree / name)
    before = contents(tree)
    result = cli.document("resign", "-k", pki / f"{NEW}-both.pem", tree)
    if junk:
        assert result["status"] == 2
        assert results(result, tree)[name] == "failed"
        assert contents(tree) == before
    else:  # nothing is in it, not even a signature to replace
        assert results(result, tree)[name] == "unsigned"


def test_copies_go_to_the_output_and_all_modules_are_there(tree, pki, tmp_path):
    before = contents(tree)
    done = resign(pki, "--keep-old", "--trust", pki / f"{OLD}.pem", "-o", tmp_path / "out", tree)
    assert done.returncode == 1
    assert contents(tree) == before
    after = contents(tmp_path / "out")
    assert set(after) == set(before)
    assert {name for name in before if before[name] != after[name]} == {"kernel/b.ko"}


def test_the_key_is_needed(tree):
    done = cli.run("resign", tree)
    assert done.returncode == 2 and "--key is missing" in done.stderr
