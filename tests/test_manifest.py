# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are manifests the same wherever the tree lies, and is a tree that differs noticed?"""

import hashlib
import json
import shutil
import subprocess

from support.files import hashed_kernel
import pytest

from support import cli

pytestmark = pytest.mark.anywhere

RELEASE = "7.3.4-test"


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A tree of three modules, not to be written to."""
    directory = tmp_path_factory.mktemp("built") / "tree"
    paths = hashed_kernel.modules(directory / "kernel/fs", 3)
    (directory / "kernel/a b%").mkdir()
    paths[2].rename(directory / "kernel/a b%/\u00e9.ko")
    for made in directory.rglob("*.o"):
        made.unlink()
    return directory


@pytest.fixture
def tree(built, tmp_path):
    return shutil.copytree(built, tmp_path / "tree")


@pytest.fixture
def manifest(tree, tmp_path):
    path = tmp_path / "manifest"
    cli.ok("manifest", "create", tree, "-o", path)
    return path


def modules_of(tree):
    return sorted(path for path in tree.rglob("*.ko") if path.is_file())


def pack_all(tree):
    subprocess.run(["xz", "--check=crc32", *modules_of(tree)], check=True)


def expected_text(tree):
    """The manifest by the description of the format."""

    def encoded(path):
        raw = str(path.relative_to(tree)).encode()
        return "".join(chr(c) if 0x21 <= c <= 0x7E and c != 0x25 else f"%{c:02X}" for c in raw)

    modules = sorted((encoded(path), path.read_bytes()) for path in modules_of(tree))
    head = f"# modseal-manifest 1\n# kernel {RELEASE}\n# algorithm sha256\n"
    return head + f"# modules {len(modules)}\n" + "".join(
        f"# {len(data)}\n{hashlib.sha256(data).hexdigest()}  {path}\n" for path, data in modules
    )


def test_a_manifest_is_what_its_description_says(tree, manifest):
    assert manifest.read_text() == expected_text(tree)
    assert cli.ok("manifest", "create", tree) == expected_text(tree)


def test_it_is_the_same_wherever_the_tree_lies_signed_packed_or_proved(
    tree, manifest, pki, tmp_path
):
    text = manifest.read_text()
    other = tmp_path / "elsewhere/deeper"
    other.parent.mkdir()
    tree.rename(other)
    assert cli.ok("manifest", "create", other) == text
    cli.ok("sign", "-k", pki / "p256-both.pem", other)
    assert cli.ok("manifest", "create", other) == text
    cli.ok("merkle", "prove", other)
    assert cli.ok("manifest", "create", "-j1", other) == text
    pack_all(other)
    assert cli.ok("manifest", "create", other) == text


def test_sha256sum_checks_a_plain_tree_by_it(tree):
    shutil.rmtree(tree / "kernel/a b%")
    text = cli.ok("manifest", "create", tree)
    check = ["sha256sum", "-c", "--strict", "-"]
    subprocess.run(check, cwd=tree, input=text, text=True, check=True, capture_output=True)
    modules_of(tree)[0].write_bytes(b"another")
    done = subprocess.run(check, cwd=tree, input=text, text=True, check=False, capture_output=True)
    assert done.returncode == 1 and "FAILED" in done.stdout


@pytest.mark.parametrize("name", ["sha384", "sha512", "sha3-256"])
def test_other_algorithms_are_those_of_hashlib(name, tree, tmp_path):
    text = cli.ok("manifest", "create", "-H", name, tree)
    assert f"# algorithm {name}\n" in text
    data = modules_of(tree)[-1].read_bytes()
    assert hashlib.new(name.replace("-", "_"), data).hexdigest() in text
    (tmp_path / "m").write_text(text)
    cli.ok("manifest", "verify", tmp_path / "m", tree)


def test_a_link_to_a_device_stays_one_and_what_it_does_not_take_is_trouble(tree, tmp_path):
    link = tmp_path / "link"
    link.symlink_to("/dev/full")
    done = cli.run("manifest", "create", tree, "-o", link)
    assert done.returncode == 2 and "No space left" in done.stderr, cli.said(done)
    assert link.is_symlink() and not link.is_file()
    assert cli.ok("manifest", "create", tree, "-o", "/dev/stdout") == expected_text(tree)


def test_a_tree_as_it_was_matches(tree, manifest):
    done = cli.run("manifest", "verify", manifest, tree)
    assert (done.returncode, done.stdout) == (0, "3 modules: 3 match\n"), cli.said(done)


def test_a_packed_tree_matches_the_manifest_of_the_build(tree, manifest, pki):
    cli.ok("sign", "-k", pki / "p256-both.pem", tree)
    pack_all(tree)
    cli.ok("manifest", "verify", manifest, tree)


def test_changed_missing_and_extra_modules_are_named(tree, manifest):
    paths = modules_of(tree)
    paths[0].write_bytes(paths[0].read_bytes() + b"\0")
    paths[1].rename(paths[1].with_name("zz.ko"))
    result = cli.document("manifest", "verify", manifest, tree)
    assert (result["status"], result["signature"]) == (1, "unchecked")
    assert result["summary"] == {"match": 1, "changed": 1, "missing": 1, "extra": 1}
    found = {entry["path"]: entry["result"] for entry in result["modules"]}
    assert found[str(paths[0].relative_to(tree))] == "changed"
    assert found["kernel/fs/zz.ko"] == "extra"
    assert found[str(paths[1].relative_to(tree))] == "missing"


def test_a_module_that_cannot_be_unpacked_is_trouble(tree, manifest):
    (tree / "kernel/fs/bad.ko.xz").write_bytes(b"\xfd7zXZ\0junk")
    done = cli.run("manifest", "verify", manifest, tree)
    assert done.returncode == 2 and "bad.ko.xz" in done.stderr, cli.said(done)
    output = manifest.with_name("new")
    assert cli.run("manifest", "create", tree, "-o", output).returncode == 2
    assert not output.exists()


def test_a_module_twice_packed_and_not_is_refused(tree, tmp_path):
    subprocess.run(["xz", "-k", modules_of(tree)[0]], check=True)
    done = cli.run("manifest", "create", tree, "-o", tmp_path / "new")
    assert done.returncode == 2 and "same module" in done.stderr, cli.said(done)
    assert not (tmp_path / "new").exists()


def test_modules_of_two_kernels_need_a_release(tree):
    path = modules_of(tree)[0]
    path.write_bytes(path.read_bytes().replace(b"=7.3.4-test", b"=7.3.5-test"))
    done = cli.run("manifest", "create", tree)
    assert done.returncode == 2 and "--kernel-release" in done.stderr, cli.said(done)
    assert "# kernel 7.3.4\n" in cli.ok("manifest", "create", "--kernel-release", "7.3.4", tree)


def test_a_release_that_is_none_is_refused(tree):
    done = cli.run("manifest", "create", "--kernel-release", "7.3\n# x", tree)
    assert done.returncode == 2 and "no kernel release" in done.stderr


def order_of(tree, paths=None):
    return "".join(f"{p.relative_to(tree)}\n" for p in (paths or modules_of(tree)))


def test_an_order_says_which_modules_there_must_be(tree, tmp_path):
    order = tmp_path / "order"
    order.write_text(order_of(tree))
    cli.ok("manifest", "create", "--modules-order", order, tree)
    for text, words in (
        (order_of(tree) + "kernel/no.ko\n", ":4: there is no module 'kernel/no.ko'"),
        (order_of(tree, modules_of(tree)[1:]), "is not in"),
        (order_of(tree) * 2, "is in line 1 already"),
        ("/" + order_of(tree), ":1: an absolute path"),
        ("kernel/../" + order_of(tree), ":1: an absolute path"),
    ):
        order.write_text(text)
        done = cli.run("manifest", "create", "--modules-order", order, tree, "-o", tmp_path / "m")
        assert done.returncode == 2 and words in done.stderr, cli.said(done)
        assert not (tmp_path / "m").exists()


def test_a_manifest_of_another_kernel_does_not_match(tree, manifest):
    manifest.write_text(manifest.read_text().replace(RELEASE, "9.9"))
    done = cli.run("manifest", "verify", manifest, tree)
    assert done.returncode == 1 and f"9.9 and {RELEASE}" in done.stdout, cli.said(done)
    result = cli.document("manifest", "verify", manifest, tree)
    assert (result["status"], result["kernel_release"]) == (1, ["9.9", RELEASE])
    cli.ok("manifest", "verify", "--kernel-release", "9.9", manifest, tree)


@pytest.mark.parametrize("release", [b"7.3.5-test", b"7.3.4\n# x\0"])
def test_modules_that_agree_on_no_release_are_compared_all_the_same(release, tree, manifest):
    path = modules_of(tree)[0]
    path.write_bytes(path.read_bytes().replace(RELEASE.encode(), release[:10].ljust(10)))
    result = cli.document("manifest", "verify", manifest, tree)
    assert (result["status"], result["kernel_release"]) == (1, [RELEASE, None])
    assert result["summary"] == {"match": 2, "changed": 1}
    cli.ok("manifest", "create", "--kernel-release", "9.9", tree, "-o", manifest)
    cli.ok("manifest", "verify", manifest, tree)


def test_two_manifests_of_no_module_are_not_the_same(manifest):
    lines = manifest.read_text().splitlines()
    manifest.write_text("\n".join([*lines[:3], "# modules 0"]) + "\n")
    done = cli.run("manifest", "diff", manifest, manifest)
    assert done.returncode == 2 and "no module" in done.stderr, cli.said(done)


# what is done to the lines of the good manifest -> what is said of which line
HOSTILE = {
    "unsorted": (lambda l: l[:4] + l[6:8] + l[4:6] + l[8:], ":8: not in ascending order"),
    "doubled": (lambda l: l[:6] + l[4:6] + l[8:], ":8: a module that was there already"),
    "truncated by a module": (lambda l: l[:-2], ":9: the manifest ends too early"),
    "truncated by a line": (lambda l: l[:-1], ":10: the manifest ends too early"),
    "a foreign line": (lambda l: l[:5] + ["x"] + l[5:], ":6: no digest"),
    "a line too many": (lambda l: l + ["# 1"], ":11: more lines"),
    "CR LF": (lambda l: [line + "\r" for line in l], ":1: a carriage return"),
    "100 MB of one line": (lambda l: l[:4] + ["a" * 100_000_000], ":5: the line is too long"),
    "a path upwards": (lambda l: l[:-1] + [l[-1].replace("kernel/", "../")], ":10: an absolute"),
    "an absolute path": (lambda l: l[:-1] + [l[-1].replace("kernel/", "/k/")], ":10: an absolute"),
    "a control character": (lambda l: l[:-1] + [l[-1] + "\x1b"], ":10: a byte"),
    "a digest of another length": (lambda l: l[:-1] + [l[-1][2:]], ":10: no digest"),
    "a bundle": (lambda l: ["modseal-signatures 1"], ":1: no manifest"),
    "nothing": (lambda l: [], ":1: "),
}


@pytest.mark.parametrize("fault", HOSTILE)
def test_a_manifest_of_another_form_is_refused(fault, tree, manifest, pki):
    change, words = HOSTILE[fault]
    lines = change(manifest.read_text().splitlines())
    manifest.write_text("".join(f"{line}\n" for line in lines), newline="")
    for arguments in (
        ["verify", manifest, tree],
        ["diff", manifest, tree],
        ["sign", "-k", pki / "p256-both.pem", manifest],
    ):
        done = cli.run("manifest", *arguments)
        assert done.returncode == 2 and words in done.stderr, cli.said(done)
    assert not manifest.with_name("manifest.p7s").exists()


def test_every_manifest_that_is_cut_off_is_refused(tree, manifest):
    text = manifest.read_bytes()
    for length in range(0, len(text), 13):
        manifest.write_bytes(text[:length])
        assert cli.run("manifest", "verify", manifest, tree).returncode == 2, length


def test_diff_tells_what_has_become_of_each_module(tree, manifest, tmp_path):
    assert cli.ok("manifest", "diff", manifest, manifest) == "3 modules: 3 same\n"
    assert cli.ok("manifest", "diff", tree, manifest) == "3 modules: 3 same\n"
    paths = modules_of(tree)
    paths[0].write_bytes(paths[0].read_bytes() + b"\0")
    paths[1].rename(paths[1].with_name("zz.ko"))
    cli.ok("manifest", "create", tree, "-o", tmp_path / "new")
    for new in (tmp_path / "new", tree):
        done = cli.run("manifest", "diff", manifest, new)
        assert done.returncode == 1
        assert f"{paths[0].relative_to(tree)}: changed\n" in done.stdout
        assert f"{paths[1].relative_to(tree)}: removed\n" in done.stdout
        assert "kernel/fs/zz.ko: added\n" in done.stdout
    result = cli.document("manifest", "diff", manifest, tmp_path / "new")
    assert result["summary"] == {"same": 1, "changed": 1, "removed": 1, "added": 1}


def test_diff_tells_of_another_kernel(tree, manifest, tmp_path):
    cli.ok("manifest", "create", tree, "--kernel-release", "8.0", "-o", tmp_path / "new")
    done = cli.run("manifest", "diff", manifest, tmp_path / "new")
    assert done.returncode == 1 and f"{RELEASE} and 8.0" in done.stdout


def test_digests_of_two_algorithms_do_not_compare(tree, manifest, tmp_path):
    cli.ok("manifest", "create", tree, "-H", "sha512", "-o", tmp_path / "new")
    done = cli.run("manifest", "diff", manifest, tmp_path / "new")
    assert done.returncode == 2 and "do not compare" in done.stderr


def test_the_documents_keep_to_their_schemas(tree, manifest, pki, tmp_path):
    for arguments in (
        ["create", tree, "-o", tmp_path / "new"],
        ["sign", "-k", pki / "p256-both.pem", manifest],
        ["verify", "--trust", pki / "p256.pem", manifest, tree],
        ["diff", manifest, tree],
    ):
        assert cli.document("manifest", *arguments)["status"] == 0, arguments
    (tree / "kernel/fs/bad.ko.xz").write_bytes(b"\xfd7zXZ\0junk")
    failing = ["create", tree, "-o", tmp_path / "bad"]
    assert "error" in cli.document("manifest", "create", tree)  # and where would it go
    for arguments in (failing, ["verify", manifest, tree], ["diff", manifest, tree]):
        result = cli.document("manifest", *arguments)
        assert result["status"] == 2 and result["summary"]["failed"] == 1, arguments


# --- signatures ----------------------------------------------------------------------


def test_openssl_takes_the_signature_of_a_manifest(manifest, pki):
    cli.ok("manifest", "sign", "-k", pki / "rsa4096-both.pem", manifest)
    subprocess.run(
        ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", f"{manifest}.p7s",
         "-content", manifest, "-certfile", pki / "rsa4096.pem", "-CAfile", pki / "rsa4096.pem",
         "-purpose", "any", "-out", "/dev/null"],
        check=True, capture_output=True,
    )


def test_a_signed_manifest_is_trusted_by_its_key_only(tree, manifest, pki):
    cli.ok("manifest", "sign", "-k", pki / "p256-both.pem", manifest)
    cli.ok("manifest", "verify", "--trust", pki / "p256.pem", manifest, tree)
    result = cli.document("manifest", "verify", "--trust", pki / "p256.pem", manifest, tree)
    assert (result["signature"], result["status"]) == ("trusted", 0)
    result = cli.document("manifest", "verify", "--trust", pki / "p384.pem", manifest, tree)
    assert (result["signature"], result["status"]) == ("unknown-key", 1)
    assert "modules" not in result


def test_a_manifest_that_was_changed_is_not_compared(tree, manifest, pki):
    cli.ok("manifest", "sign", "-k", pki / "p256-both.pem", manifest)
    text = manifest.read_text()
    manifest.write_text(text.replace(RELEASE, "7.3.5-test"))
    done = cli.run("manifest", "verify", "--trust", pki / "p256.pem", manifest, tree)
    assert done.returncode == 1 and "rejected" in done.stdout, cli.said(done)
    assert "match" not in done.stdout


def test_trust_without_a_signature_is_trouble(tree, manifest, pki):
    done = cli.run("manifest", "verify", "--trust", pki / "p256.pem", manifest, tree)
    assert done.returncode == 2 and "manifest.p7s" in done.stderr, cli.said(done)


@pytest.mark.parametrize("name", ["manifest", "./manifest", "link"])
def test_a_signature_never_takes_the_manifest_s_place(name, manifest, pki):
    text = manifest.read_text()
    manifest.with_name("link").symlink_to("manifest")
    where = f"{manifest.parent}/{name}"
    done = cli.run("manifest", "sign", "-k", pki / "p256-both.pem", "-o", where, manifest)
    assert done.returncode == 2 and "take the place" in done.stderr, cli.said(done)
    assert manifest.read_text() == text


def test_a_signature_may_lie_elsewhere(tree, manifest, pki, tmp_path):
    where = tmp_path / "elsewhere"
    cli.ok("manifest", "sign", "-k", pki / "p256-both.pem", "-o", where, manifest)
    trust = ["--trust", pki / "p256.pem"]
    cli.ok("manifest", "verify", *trust, "--signature", where, manifest, tree)
    done = cli.run("manifest", "verify", "--signature", where, manifest, tree)
    assert done.returncode == 2 and "--trust" in done.stderr


# --- in-toto -------------------------------------------------------------------------


def statement(*arguments):
    return json.loads(cli.ok("manifest", "create", "--format", "in-toto", *arguments))


def test_a_statement_names_every_module_and_invents_nothing(tree):
    found = statement(tree)
    assert found["_type"] == "https://in-toto.io/Statement/v1"
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    assert {entry["name"]: entry["digest"] for entry in found["subject"]} == {
        str(path.relative_to(tree)): {"sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
        for path in modules_of(tree)
    }
    assert found["predicate"] == {
        "buildDefinition": {"externalParameters": {"kernelRelease": RELEASE}}
    }


def test_a_statement_has_the_provenance_that_is_given(tree):
    told = ["--builder-id", "https://a.example/b", "--build-type", "https://a.example/t"]
    found = statement(*told, tree)["predicate"]
    assert found["buildDefinition"]["buildType"] == "https://a.example/t"
    assert found["runDetails"] == {"builder": {"id": "https://a.example/b"}}
    assert cli.run("manifest", "create", *told, tree).returncode == 2


def test_two_statements_have_the_same_bytes(tree, tmp_path):
    for name in ("a", "b"):
        cli.ok("manifest", "create", "--format=in-toto", tree, "-o", tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
