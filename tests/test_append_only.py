# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where nothing can be renamed, is that said before anything is written?

A file in a directory with chattr +a can be made and neither renamed nor removed: what is
written there to take its name waits for ever, and a key is in it.
"""

import subprocess

import pytest

from support import cli

pytestmark = pytest.mark.anywhere


@pytest.fixture
def directory(tmp_path):
    """A configuration, a bundle's and keys' place."""
    place = tmp_path / "place"
    place.mkdir()
    (place / ".config").write_text("CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\n")
    return place


@pytest.fixture
def append_only(directory):
    if subprocess.run(["chattr", "+a", directory], capture_output=True, check=False).returncode:
        pytest.skip("chattr +a is not to be had here")
    yield directory
    subprocess.run(["chattr", "-a", directory], check=True)


COMMANDS = {
    "certs": lambda pki, place: ["certs", pki / "p256.pem", "-o", place / "new.pem"],
    "key new": lambda pki, place: ["key", "new", "-o", place / "key.pem"],
    "key new, store": lambda pki, place: ["key", "new", "--store", place],
    "config set": lambda pki, place: ["config", "set", "MODULE_SIG_FORCE=y", place / ".config"],
    "config trust": lambda pki, place: ["config", "trust", pki / "p256.pem", place / ".config"],
}


@pytest.mark.parametrize("command", COMMANDS)
def test_what_could_not_be_renamed_is_not_written(command, append_only, pki):
    before = {path.name: path.read_bytes() for path in append_only.iterdir()}
    done = cli.run(*COMMANDS[command](pki, append_only))
    assert done.returncode == 2, cli.said(done)
    assert f"hint: chattr -i -a '{append_only}'" in done.stderr
    assert {path.name: path.read_bytes() for path in append_only.iterdir()} == before


@pytest.mark.parametrize("command", COMMANDS)
def test_where_it_can_be_renamed_it_is_written(command, directory, pki):
    cli.ok(*COMMANDS[command](pki, directory))


def test_a_directory_for_copies_is_not_made_where_it_could_not_be_removed(
        append_only, module, tmp_path, pki):
    tree = tmp_path / "tree"
    deep = tree / append_only.name / "deep"
    deep.mkdir(parents=True)
    module.rename(deep / "m.ko")
    before = sorted(append_only.iterdir())
    done = cli.run("sign", "-k", pki / "p256.key", "-c", pki / "p256.pem", "-o",
                   append_only.parent, tree)
    assert done.returncode == 2, cli.said(done)
    assert f"hint: chattr -i -a '{append_only}'" in done.stderr
    assert sorted(append_only.iterdir()) == before
    assert not list(append_only.parent.glob(".modseal*"))
