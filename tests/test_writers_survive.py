# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writers of files and key stores, when a system call fails or the power goes at one: is all
old or all new, never a mixture, and is nothing left that the next run does not find?

strace fails or kills at the N-th call of a kind: at every 13th, with FULL=true in the
environment at each. What the files hold is compared by their bytes, keys by the openssl
program.
"""

import os
import subprocess

import pytest
from support.keys import stores
from support.runs.survival import (CONFIG, NAMES, World, judge, snapshot, under_strace, worlds)

from support import cli
from support.runs import atwork, extent, strace
from support.syscalls import tracer

pytestmark = pytest.mark.anywhere

STEP = 1 if extent.FULL else 13


@pytest.fixture(scope="module", autouse=True)
def needs_strace():
    strace.need()


@pytest.mark.parametrize("fault", ["error=EIO", "error=ENOSPC", "signal=KILL"])
@pytest.mark.parametrize("name", NAMES)
def test_after_a_fault_at_any_call_all_is_old_or_all_new(tmp_path, pki, name, fault):
    make, arguments, recover, check = worlds(pki)[name]
    world = World(tmp_path, make, arguments, recover)
    calls = world.calls()
    # each fault begins elsewhere, so that together they come to more of the calls
    for call, number in calls[(NAMES.index(name) + len(fault)) % STEP::STEP]:
        before = world.anew()
        done = under_strace(world.log, [f"{call}:{fault}:when={number}"], *world.args())
        judge(world, before, check, done, f"{fault} at {call} {number}")


def behind_the_renames(world):
    """The number of each fsync that comes after the first rename of a good run."""
    calls = world.calls()
    first = next(i for i, (name, _) in enumerate(calls) if name.startswith("rename"))
    return [number for name, number in calls[first:] if name == "fsync"]


@pytest.mark.parametrize("name", NAMES)
def test_a_disk_that_fails_from_some_sync_on_leaves_all_old_or_all_new(tmp_path, pki, name):
    """Not one sync fails but all from then on, those of taking back among them."""
    make, arguments, recover, check = worlds(pki)[name]
    world = World(tmp_path, make, arguments, recover)
    for number in behind_the_renames(world):
        before = world.anew()
        done = under_strace(world.log, [f"fsync:error=EIO:when={number}+"], *world.args())
        assert done.returncode == 2, cli.said(done)
        judge(world, before, check, done, f"EIO from fsync {number} on")


def test_a_failing_sync_behind_current_never_deletes_what_it_names(tmp_path, pki):
    make, arguments, recover, _ = worlds(pki)["rotate"]
    world = World(tmp_path, make, arguments, recover)
    for number in behind_the_renames(world):
        world.anew()
        done = under_strace(world.log, [f"fsync:error=EIO:when={number}"], *world.args())
        store = world.work / "store"
        assert done.returncode == 2 and "sync" in done.stderr, cli.said(done)
        # as it stands, with no recovery
        assert cli.run("key", "status", "--store", store).returncode == 0
        named = [line.split('"')[1] for place in ("one", "two")
                 for line in (world.work / place / ".config").read_text().splitlines()
                 if "TRUSTED_KEYS" in line]
        assert all(not path or os.path.exists(path) for path in named), named


def test_what_could_neither_go_on_nor_back_is_ended_by_the_next_run(tmp_path, pki):
    """The second rename of a set fails, and so does every one from then on."""
    make, arguments, recover, check = worlds(pki)["config-set"]
    world = World(tmp_path, make, arguments, recover)
    before = world.anew()
    done = under_strace(world.log, ["renameat2:error=EROFS:when=2+"], *world.args())
    assert done.returncode == 2 and "hint: modseal recover" in done.stderr, cli.said(done)
    assert snapshot(world.work) != before
    cli.ok(*world.args())
    check(world.work, before)
    assert not [name for name in snapshot(world.work) if ".modseal" in name]


def test_a_run_at_work_keeps_what_it_has(tmp_path):
    """A second run in the same directory, while the first one stands between its calls."""
    config = tmp_path / ".config"
    config.write_text(CONFIG)
    other = tmp_path / "other.config"
    other.write_text(CONFIG)

    def start():
        config.write_text(CONFIG)
        return atwork.Run("config", "set", "X=y2", config)

    def waiting():
        # written into, and so locked: before that it is anybody's to clear away
        return [path for path in tmp_path.glob(".modseal-*.new") if path.stat().st_size]

    with atwork.caught(start, waiting) as run:
        (new,) = waiting()
        cli.ok("config", "set", "Y=y3", other)
        assert cli.run("recover", tmp_path).returncode == 1
        assert new.exists()
        assert run.end() == 0, run.err
    assert "CONFIG_X" in config.read_text() and "CONFIG_Y" in other.read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".config", "other.config"]


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
def test_what_another_user_left_is_neither_believed_nor_removed(tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    work.chmod(0o777)
    configs = [work / ".config", work / "other.config"]
    for config in configs:
        config.write_text(CONFIG)
    under_strace(tmp_path / "log", ["renameat2:signal=KILL:when=1"], "config", "set", "X=y",
                 *configs)
    left = list(work.glob(".modseal-*"))
    assert len(left) == 3, left  # the journal, and what waits
    for path in left:
        os.chown(path, 12345, 12345)
    assert cli.run("recover", work).returncode == 1
    assert [config.read_text() for config in configs] == [CONFIG] * 2
    assert sorted(work.glob(".modseal-*")) == sorted(left)
    for path in left:
        os.chown(path, 0, 0)
    assert cli.run("recover", work).returncode == 0
    assert all("CONFIG_X=y" in config.read_text() for config in configs)
    assert not list(work.glob(".modseal-*"))


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")
@pytest.mark.parametrize("mode", [0o755, 0o777])
def test_nobody_else_holds_the_lock_of_a_store_that_others_can_open(tmp_path, pki, mode):
    """The other user holds what can be held: the directory, and every file that opens."""
    tmp_path.chmod(0o755)
    parent = tmp_path
    while parent != parent.parent:  # pytest's own directories are 0700
        if parent.stat().st_mode & 0o001 == 0:
            parent.chmod(parent.stat().st_mode | 0o011)
        parent = parent.parent
    store = stores.certs_local(tmp_path / "store", pki, {"20200101-1200": "p256"})
    store.chmod(mode)
    holder = subprocess.Popen(
        ["python3", "-c", "import fcntl, os, sys\n"
         "os.setgid(12345); os.setuid(12345)\n"
         "lock = os.open(sys.argv[1], os.O_RDONLY)\n"
         "fcntl.flock(lock, fcntl.LOCK_EX)\n"
         "print(flush=True); sys.stdin.read()", store],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert holder.stdout.readline() == b"\n"
    done = cli.run("key", "rotate", "--refresh=always", "--no-wait", "--store", store)
    holder.communicate()
    assert done.returncode == 0, cli.said(done)
    result = cli.document("key", "status", "--store", store)
    assert len(result["warnings"]) == 1 and f"{mode:04o}" in result["warnings"][0]
    assert (result["status"] == 0) == (mode == 0o755)


def test_leftovers_of_earlier_versions_go(tmp_path, pki):
    make, arguments, _, check = worlds(pki)["dkms"]
    world = World(tmp_path, make, arguments, [])
    world.anew()
    conf = world.work / "etc/dkms/framework.conf.d"
    left = conf / "modseal.conf.aB3xY9"
    left.write_text("# Written by `modseal dkms setup` for DKMS 3.0.10; see")
    empty = conf / "modseal.conf.Ab0000"
    empty.touch()
    kept = [conf / "modseal.conf.backup", conf / "modseal.conf.aB3xY8"]
    for path in kept:
        path.write_text("# somebody's\n")
    cli.ok(*world.args())
    check(world.work, None)
    assert not left.exists() and not empty.exists() and all(path.exists() for path in kept)
    (tmp_path / ".modseal-0123456789abcdef.new").write_text("half")
    (tmp_path / ".modseal-fedcba9876543210.old").write_text("old")
    cli.ok("recover", tmp_path)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".modseal")]


@pytest.mark.parametrize("change", ["none", "a line more", "a line less"])
def test_copies_that_an_administrator_made_of_dkms_s_files_stay(tmp_path, pki, change):
    make, arguments, _, _ = worlds(pki)["dkms"]
    world = World(tmp_path, make, arguments, [])
    world.anew()
    cli.ok(*world.args())
    conf = world.work / "etc/dkms/framework.conf.d" / "modseal.conf"
    text = {"none": conf.read_text(), "a line more": conf.read_text() + "x=y\n",
            "a line less": conf.read_text().rpartition("\n")[0]}[change]
    copies = [conf.with_name(f"modseal.conf.{end}")
              for end in ("251129", "Backup", "backup", "aB3xY9")]
    for path in copies:
        path.write_text(text)
    cli.ok(*world.args())
    assert all(path.read_text() == text for path in copies)


@pytest.mark.plain
def test_recover_takes_nothing_from_a_dkms_setup_at_work(tmp_path, pki):
    """Every file of it that has a name is one that recover knows to be in use."""
    if not tracer.PROGRAM.exists():
        pytest.skip("no tracer for this machine")
    make, arguments, _, check = worlds(pki)["dkms"]
    world = World(tmp_path, make, arguments, [])

    def anew():
        world.anew()
        (world.work / "etc/dkms/framework.conf.d/modseal.conf").write_text("# mine\n")

    anew()
    env = cli.environment(**cli.without_leak_check())
    calls, _ = tracer.calls([cli.PROGRAM, *world.args()], cwd=tmp_path, env=env,
                            scratch=tmp_path)
    places = [world.work / place for place in ("etc/dkms/framework.conf.d", "etc/dkms")]
    meanwhile = ";".join([*(f"'{cli.PROGRAM}' recover '{place}'" for place in places), "true"])
    changes = [call for call in calls if call.by == "program" and call.changes
               and any("/etc/dkms" in path for path in (*call.paths, *call.files))]
    assert any(call.name.startswith("linkat") for call in changes)
    for call in changes:
        anew()
        run = tracer.run([cli.PROGRAM, *world.args()], call, ("--run", meanwhile),
                         cwd=tmp_path, env=env, scratch=tmp_path)
        assert run.hit and run.status == 0 and "undone" not in run.out, (call, run)
        check(world.work, None)


def test_what_somebody_put_in_place_meanwhile_is_not_taken_back(tmp_path, pki):
    """The second rename fails, and what the first one has put there is no longer there."""
    if not tracer.PROGRAM.exists():
        pytest.skip("no tracer for this machine")
    make, arguments, recover, _ = worlds(pki)["config-set"]
    world = World(tmp_path, make, arguments, recover)
    world.anew()
    one, two = (world.work / place / ".config" for place in ("one", "two"))
    (tmp_path / "theirs").write_text("theirs\n")
    run = tracer.run([cli.PROGRAM, *world.args()], tracer.Call("renameat2", 2),
                     ("--run", f"mv '{tmp_path}/theirs' '{one}'; rm '{two}'"), cwd=tmp_path,
                     env=cli.environment(**cli.without_leak_check()), scratch=tmp_path)
    assert run.hit and run.status == 2 and "hint: modseal recover" in run.err, run
    assert one.read_text() == "theirs\n"
    world.clear_up()
    assert one.read_text() == "theirs\n"
