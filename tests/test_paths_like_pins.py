# SPDX-License-Identifier: LGPL-2.1-or-later
"""Can who names a file hide which one it is, by a name that looks like one with a PIN in it?

Paths of files that are there are told whole; from words that may be anything, PINs are
taken out (test_pins.py).
"""

import pytest

from support import cli

pytestmark = pytest.mark.anywhere

NAME = "pin-value="


@pytest.fixture
def tree(tmp_path, module):
    """A tree with two modules in a directory of such a name; one is no module at all."""
    place = tmp_path / "tree" / NAME
    place.mkdir(parents=True)
    data = module.read_bytes()
    (place / "evil.ko").write_bytes(data[:40])
    (place / "other.ko").write_bytes(data)
    (place / "link.ko").symlink_to("other.ko")
    return tmp_path / "tree"


def paths(entries):
    return sorted(entry["path"] for entry in entries)


def test_every_path_of_a_walk_is_the_path_in_json(tree, pki):
    wanted = sorted(str(tree / NAME / name) for name in ("evil.ko", "other.ko"))
    signing = ["sign", "-k", pki / "p256-both.pem", "--any-file", "--dry-run"]
    for command in ["verify", "--trust", pki / "p256.pem"], ["show"], ["strip", "--dry-run"], signing:
        document = cli.document(*command, tree)
        assert paths(document["modules"]) == wanted, command
        assert paths(document["skipped"]) == [str(tree / NAME / "link.ko")]


def test_every_line_about_a_module_names_it_whole(tree, pki):
    evil, other = tree / NAME / "evil.ko", tree / NAME / "other.ko"
    done = cli.run("verify", "--trust", pki / "p256.pem", tree)
    assert f"{evil}: unsigned" in done.stdout and f"{other}: unsigned" in done.stdout
    assert f"filename:       {other}\n" in cli.run("show", tree).stdout
    done = cli.run("sign", "-k", pki / "p256-both.pem", tree)
    assert done.returncode == 2 and f"modseal: '{evil}': " in done.stderr, cli.said(done)


def test_a_manifest_tells_of_paths_whole(tree, tmp_path):
    manifest = tmp_path / "MANIFEST"
    cli.ok("manifest", "create", "-o", manifest, tree)
    (tree / NAME / "other.ko").write_bytes(b"changed")
    (tree / NAME / "evil.ko").unlink()
    document = cli.document("manifest", "verify", "--ignore-links", manifest, tree)
    assert {(entry["path"], entry["result"]) for entry in document["modules"]} == {
        (f"{NAME}/evil.ko", "missing"), (f"{NAME}/other.ko", "changed")}
    done = cli.run("manifest", "verify", manifest, tree)
    assert f"{NAME}/evil.ko: missing" in done.stdout


@pytest.mark.parametrize("there", [True, False])
def test_a_certificate_that_is_there_is_named_whole_and_a_word_is_not(there, tmp_path):
    place = tmp_path / NAME
    place.mkdir()
    path = place / "x.pem"
    if there:
        path.write_text("nothing")
    document = cli.document("certs", path)
    shown = str(path) if there else f"{tmp_path}/{NAME}..."
    assert document["sources"][0]["path"] == shown


def test_a_configuration_s_path_is_whole_where_its_value_is_not_told(tmp_path):
    place = tmp_path / NAME
    place.mkdir()
    for name, value in ("a", "certs/x.pem"), ("b", "pkcs11:token=t?pin-value=S3cretPin"):
        (place / name).write_text(f'CONFIG_MODULE_SIG_KEY="{value}"\n')
    command = ["config", "get", "MODULE_SIG_KEY", place / "a", place / "b"]
    done, document = cli.run(*command), cli.document(*command)
    assert f"{place}/a: certs/x.pem\n" in done.stdout, cli.said(done)
    assert paths(document["configs"]) == [f"{place}/a", f"{place}/b"]
    assert "S3cretPin" not in done.stdout + done.stderr + str(document)
