# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a run touch what it was asked for and nothing else, whatever stands there?"""

import hashlib
import os
import shutil
import subprocess
import tempfile

import pytest

from support import cli

DEPTH = 19000


def sign(pki, *arguments):
    return cli.run("sign", "-k", pki / "p256.key", "-c", pki / "p256.pem", "--no-sync",
                   *arguments)


def digests(directory):
    """SHA-256 of every file below a directory, and where every link leads."""
    return {
        str(path.relative_to(directory)):
            os.readlink(path) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in directory.rglob("*") if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def tree(tmp_path, tiny_module):
    """Two directories with a module each."""
    for name in ["a/one.ko", "b/two.ko"]:
        path = tmp_path / "tree" / name
        path.parent.mkdir(parents=True)
        shutil.copyfile(tiny_module, path)
    return tmp_path / "tree"


@pytest.fixture
def append_only(tree):
    """The second directory, from which nothing can be removed."""
    if subprocess.run(["chattr", "+a", tree / "b"], capture_output=True).returncode:
        pytest.skip("chattr +a is not to be had here")
    yield tree / "b"
    subprocess.run(["chattr", "-a", tree / "b"], check=True)


def test_an_append_only_directory_is_found_before_anything_is_made(append_only, tree, pki):
    before = digests(tree)
    done = sign(pki, tree)
    assert done.returncode == 2
    assert f"nothing can be replaced in directory '{append_only}'" in done.stderr
    assert f"hint: chattr -i -a" in done.stderr
    assert digests(tree) == before  # also: no journal, and nothing that waits


def test_an_append_only_tree_gets_no_journal_that_could_not_be_removed(append_only, pki):
    before = digests(append_only)
    assert sign(pki, append_only).returncode == 2
    assert digests(append_only) == before


def test_no_link_below_the_directory_of_o_is_followed(tree, tmp_path, pki):
    elsewhere, out = tmp_path / "elsewhere", tmp_path / "out"
    elsewhere.mkdir()
    out.mkdir()
    (out / "a").symlink_to(elsewhere)
    before = digests(tree)
    done = sign(pki, "-o", out, tree)
    assert done.returncode == 2
    assert "which is not followed" in done.stderr
    assert not list(elsewhere.iterdir())
    assert list(out.iterdir()) == [out / "a"]  # "b" is gone again
    assert digests(tree) == before


@pytest.fixture
def deep():
    """A directory with 19,000 in one another, a module in the last one."""
    top = tempfile.mkdtemp(prefix="modseal-deep-", dir="/tmp")
    at = os.open(top, os.O_RDONLY)
    for _ in range(DEPTH):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
    os.close(os.open("deep.ko", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)
    yield top
    subprocess.run(["rm", "-rf", top], check=True)


def peak(*arguments):
    """Kilobytes that a run took at its peak, and its status."""
    child = os.posix_spawn(cli.PROGRAM, [cli.PROGRAM, *arguments], cli.environment(),
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                         (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    return usage.ru_maxrss, os.waitstatus_to_exitcode(status)


@pytest.mark.kernels  # for what it measures: a sanitizer's memory is no measure
def test_a_tree_of_19000_nested_directories_costs_no_memory_to_speak_of(deep):
    usual, _ = peak("show", "/nonexistent")
    for command, status in [("show", 0), ("strip", 1), ("recover", 1)]:
        memory, got = peak(command, deep)
        assert got == status
        assert memory < usual + 32 * 1024, command
