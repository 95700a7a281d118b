# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a run touch what it was asked for and nothing else, whatever stands there?"""

import hashlib
import os
import shutil
import subprocess
import tempfile

import pytest

from support import cli
from support.runs import strace, watch
from support.syscalls import world

pytestmark = pytest.mark.anywhere

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
def injected(tmp_path):
    """A function that signs under strace, with faults injected; the second value it gives is
    what was called, in order."""
    strace.need()

    def run(pki, *arguments, inject):
        log = tmp_path / "calls"
        done = cli.run("-f", "-qq", "-o", log, "-e", "trace=syncfs,renameat,renameat2,ftruncate",
                       *(word for one in inject for word in ("-e", f"inject={one}")),
                       cli.PROGRAM, "sign", "-k", pki / "p256.key", "-c", pki / "p256.pem",
                       "-j1", *arguments, program="strace", env=cli.without_leak_check())
        return done, [line.split()[1].split("(")[0] for line in log.read_text().splitlines()]

    return run


@pytest.mark.parametrize("options", [["--keep-going"], []], ids=["keep-going", "all or nothing"])
def test_what_was_renamed_is_synced_though_another_rename_failed(injected, tree, pki, options):
    done, calls = injected(pki, *options, tree, inject=["renameat:error=EIO:when=2"])
    assert done.returncode == 2
    renames = [i for i, call in enumerate(calls) if call.startswith("rename")]
    assert "syncfs" in calls[renames[-1]:]
    # and before the journal is emptied, which a run without --keep-going does not do
    after = calls[renames[-1] + 1:]
    assert after[0] == "syncfs"


@pytest.mark.parametrize("options", [["--keep-going"], []], ids=["keep-going", "all or nothing"])
def test_the_journal_of_what_could_not_be_synced_stays(injected, tree, pki, options):
    done, _ = injected(pki, *options, tree, inject=["renameat:error=EIO:when=2",
                                                  "syncfs:error=EIO:when=2"])
    assert done.returncode == 2
    assert "could not be" in done.stderr and "may not be on disk" in done.stderr
    assert "hint: mend the cause, then: modseal recover " in done.stderr
    assert (tree / ".modseal-journal").stat().st_size
    assert cli.run("recover", tree).returncode == 0
    assert sorted(digests(tree)) == ["a/one.ko", "b/two.ko"]


def interrupted(injected, tree, pki):
    """The second module still waits for its name."""
    done, _ = injected(pki, tree, inject=["renameat:error=EIO:when=2"])
    assert done.returncode == 2
    return tree / "b"


@pytest.mark.parametrize("json", [[], ["--json"]], ids=["words", "json"])
def test_a_recovery_that_leaves_a_changed_module_does_not_say_all_is_well(
        injected, tree, pki, json):
    place = interrupted(injected, tree, pki)
    (place / "two.ko").write_bytes(b"somebody's newer module")
    done = cli.run("recover", *json, tree)
    assert done.returncode == 0, cli.said(done)
    assert "two.ko' changed since the interrupted run" in done.stderr
    assert "everything is as" not in done.stdout.replace("not everything", "")
    assert '"finished"' not in done.stdout
    assert (place / "two.ko").read_bytes() == b"somebody's newer module"


def test_a_recovery_without_the_file_that_waited_fails_and_says_what_to_do(
        injected, tree, pki):
    place = interrupted(injected, tree, pki)
    waiting, = place.glob(".modseal-*-*")
    waiting.rename(place / "elsewhere")
    for command in ["recover"], ["strip", "--no-sync"]:
        done = cli.run(*command, tree)
        assert done.returncode == 2, cli.said(done)
        assert "hint: mount or move back what is missing" in done.stderr
    (place / "elsewhere").rename(waiting)
    assert cli.run("recover", tree).returncode == 0
    assert sorted(digests(tree)) == ["a/one.ko", "b/two.ko"]


def test_the_journals_of_roots_without_a_failure_stay_where_the_sync_fails(injected, tree, pki):
    done, _ = injected(pki, tree / "a", tree / "b", inject=["renameat:error=EIO:when=2",
                                                          "syncfs:error=EIO:when=2"])
    assert done.returncode == 2
    assert all((tree / name / ".modseal-journal").stat().st_size for name in "ab")
    assert cli.run("recover", tree / "a").returncode == 0
    assert sorted(digests(tree)) == ["a/one.ko", "b/two.ko"]
    assert all(cli.run("strip", tree / name, "--no-sync").returncode == 0 for name in "ab")


def make_deep(each):
    """A directory with 19,000 in one another, a module in the last one or in each. In memory,
    where that can be had: a disk takes a minute to remove them."""
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else "/tmp"
    top = tempfile.mkdtemp(prefix="modseal-deep-", dir=place)
    at = os.open(top, os.O_RDONLY)
    for level in range(DEPTH):
        os.mkdir("d", dir_fd=at)
        inner = os.open("d", os.O_RDONLY, dir_fd=at)
        os.close(at)
        at = inner
        if each or level == DEPTH - 1:
            os.close(os.open("deep.ko", os.O_WRONLY | os.O_CREAT, dir_fd=at))
    os.close(at)
    return top


@pytest.fixture
def deep():
    top = make_deep(each=False)
    yield top
    subprocess.run(["rm", "-rf", top], check=True)


@pytest.fixture
def deep_and_full():
    top = make_deep(each=True)
    yield top
    subprocess.run(["rm", "-rf", top], check=True)


def peak(*arguments):
    """Kilobytes that a run took at its peak, and its status."""
    child = os.posix_spawn(cli.PROGRAM, [cli.PROGRAM, *arguments], cli.environment(),
                           file_actions=[(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0),
                                         (os.POSIX_SPAWN_OPEN, 2, "/dev/null", os.O_WRONLY, 0)])
    _, status, usage = os.wait4(child, 0)
    return usage.ru_maxrss, os.waitstatus_to_exitcode(status)


def within(kilobytes, tree, expected):
    """Do these commands end so, and take no more memory than one that does nothing?"""
    usual, _ = peak("show", "/nonexistent")
    for command, status in expected.items():
        memory, got = peak(command, tree)
        assert got == status
        assert memory < usual + kilobytes, command


@pytest.mark.kernels  # for what it measures: a sanitizer's memory is no measure
def test_a_tree_of_19000_nested_directories_costs_no_memory_to_speak_of(deep):
    within(32 * 1024, deep, {"show": 0, "strip": 1, "recover": 1})


@pytest.mark.kernels  # for what it measures
def test_a_module_in_each_of_19000_nested_directories_is_too_much_and_costs_little(deep_and_full):
    within(128 * 1024, deep_and_full, {"show": 2, "strip": 2, "recover": 1})
    assert os.listdir(deep_and_full) == ["d"]


@pytest.fixture
def twice(tree, tmp_path):
    """A function that runs modseal where a mount shows the tree's second directory at other
    places, too."""
    if reason := world.why_no_mounts():
        pytest.skip(reason)
    for place in "again", "out/b":
        (tmp_path / place).mkdir(parents=True)

    def run(*arguments):
        script = ('for place in again out/b; do mount --bind tree/b "$place" || exit 99; done; '
                  'exec "$@"')
        return watch.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh",
             cli.PROGRAM, *arguments], cwd=tmp_path, env=cli.environment(),
            capture_output=True, text=True)

    return run


@pytest.mark.parametrize("more", [(), ("--no-wait",)], ids=["wait", "no-wait"])
def test_a_directory_that_a_mount_shows_twice_is_refused_and_not_waited_for(
        twice, tree, pki, more):
    before = digests(tree)
    done = twice("sign", "-k", pki / "p256.key", "-c", pki / "p256.pem", *more,
                 tree / "b", "again")
    assert done.returncode == 2 and "a mount shows it twice" in done.stderr
    assert digests(tree) == before


@pytest.mark.parametrize("output, path", [("again", "tree/b"), ("out", "tree")])
def test_a_copy_is_never_written_over_what_it_is_made_of(twice, tree, pki, output, path):
    before = digests(tree)
    done = twice("sign", "-k", pki / "p256.key", "-c", pki / "p256.pem", "-o", output, path)
    assert done.returncode == 2, done.stdout + done.stderr
    assert "is where the modules are" in done.stderr or " itself" in done.stderr
    assert digests(tree) == before
    assert not [path for path in tree.parent.rglob(".modseal*")]
