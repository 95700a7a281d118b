# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a killed run left in a key store, and somebody else comes by: is anything lost that its
journal still needs, and does anybody get or lose what is not his?

What the files hold is compared by their bytes; who is killed, and when, is strace's and the
tracer's doing.
"""

import os
import re
import shutil
import subprocess

import pytest
from support import cli
from support.keys import stores
from support.runs import strace
from support.syscalls import tracer

pytestmark = pytest.mark.anywhere

CONFIG = stores.CONFIG
OTHER = 12345  # a user and a group
TAG = "0123456789ab"

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be somebody else")


@pytest.fixture(autouse=True)
def needs_strace():
    strace.need()


def open_way(path):
    """Others come to it: pytest's own directories are 0700."""
    while path != path.parent:
        if path.stat().st_mode & 0o001 == 0:
            path.chmod(path.stat().st_mode | 0o011)
        path = path.parent


def as_other(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, user=OTHER, group=OTHER, extra_groups=[],
                          env=cli.environment(**cli.without_leak_check()))


def killed_at(number, *arguments, run=as_other):
    """Killed at that renameat2."""
    done = run("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=renameat2", "-e",
               f"inject=renameat2:signal=KILL:when={number}", cli.PROGRAM, *arguments)
    assert done.returncode in (-9, 137), cli.said(done)


def as_self(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True,
                          check=False, env=cli.environment(**cli.without_leak_check()))


@pytest.fixture
def work(tmp_path, pki):
    """A store and a configuration, which are another user's where there is one."""
    directory = tmp_path / "work"
    directory.mkdir()
    stores.with_configuration(directory, pki)
    return directory


@pytest.fixture
def theirs(work):
    open_way(work)
    for root, names, files in os.walk(work):
        for name in [".", *names, *files]:
            os.lchown(os.path.join(root, name), OTHER, OTHER)
    return work


def rotation(work):
    return ["key", "rotate", "-q", "--refresh=always", "--store", work / "store", "--config",
            work / "conf" / ".config"]


def waiting(work):
    return sorted(name for name in os.listdir(work / "store")
                  if name.startswith(".modseal-") and name != ".modseal-key-lock")


def check_new(work):
    """All of it is new, and agrees."""
    name = os.readlink(work / "store" / "current")
    key = work / "store" / name / "signing_key.pem"
    assert name != "20200101-1200"
    assert f'CONFIG_SYSTEM_TRUSTED_KEYS="{key}"' in (work / "conf" / ".config").read_text()
    assert key.stat().st_uid == (work / "store").stat().st_uid
    assert not [path for path in work.rglob(".modseal-*")]


@needs_root
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("command", ["recover", "rotate", "prune"])
def test_root_removes_nothing_that_another_user_s_journal_needs(theirs, number, command):
    killed_at(number, *rotation(theirs))
    before = waiting(theirs)
    assert before
    done = cli.run(*{"recover": ["recover", theirs / "store"],
                     "rotate": ["key", "rotate", "-q", "--refresh=always", "--store",
                                theirs / "store"],
                     "prune": ["key", "prune", "-q", "--keep=1", "--force", "--store",
                               theirs / "store"]}[command])
    assert done.returncode == 2 and "journal" in done.stderr, cli.said(done)
    assert "let the user it belongs to run: modseal recover" in done.stderr
    assert waiting(theirs) == before
    done = as_other(cli.PROGRAM, "recover", theirs / "store")
    assert done.returncode == 0 and "finished" in done.stdout, cli.said(done)
    check_new(theirs)


@needs_root
def test_root_tells_of_another_user_s_note_and_leaves_it(theirs):
    killed_at(2, *rotation(theirs))
    before = sorted(os.listdir(theirs / "conf"))
    done = cli.run("recover", theirs / "conf")
    assert done.returncode == 2 and ".at'" in done.stderr, cli.said(done)
    assert sorted(os.listdir(theirs / "conf")) == before
    for place in "conf", "store":  # the second has the lock of the killed run
        assert as_other(cli.PROGRAM, "recover", theirs / place).returncode in (0, 1)
    check_new(theirs)


@pytest.mark.skipif(not tracer.PROGRAM.exists(), reason="no tracer for this machine")
@pytest.mark.parametrize("command", [["prune", "--keep=1", "--force"],
                                     ["rotate", "--refresh=always"]])
def test_a_store_whose_set_is_being_ended_from_elsewhere_is_waited_for(work, tmp_path, command):
    """recover of the configuration stands before its first rename in the store."""
    killed_at(1, *rotation(work), run=as_self)
    said = tmp_path / "said"
    meanwhile = (f"'{cli.PROGRAM}' key {' '.join(command)} -q --no-wait --store "
                 f"'{work}/store' 2> '{said}'; echo $? >> '{said}'")
    env = cli.environment(**cli.without_leak_check())
    run = tracer.run([cli.PROGRAM, "recover", work / "conf"], tracer.Call("renameat2", 1),
                     ("--run", meanwhile), cwd=tmp_path, env=env, scratch=tmp_path)
    assert run.hit and run.status == 0 and "finished" in run.out, run
    assert "another run is at work on the store" in said.read_text()
    assert said.read_text().endswith("\n2\n")
    cli.run("recover", work / "store")
    check_new(work)


def test_what_has_gone_is_not_taken_for_what_has_its_name(work):
    killed_at(2, *rotation(work), run=as_self)
    link = [name for name in waiting(work) if name.startswith(".modseal-key-")]
    assert len(link) == 1
    (work / "store" / link[0]).unlink()
    done = cli.run("recover", work / "store")
    assert done.returncode == 2 and "has gone" in done.stderr, cli.said(done)
    assert "remove the journal and run the interrupted command again: rm " in done.stderr
    assert (work / "conf" / ".config").read_text() == CONFIG
    assert os.readlink(work / "store" / "current") == "20200101-1200"


def test_a_set_whose_store_is_elsewhere_is_neither_undone_nor_forgotten(work):
    """An empty directory has the store's path, and then the store again."""
    killed_at(2, *rotation(work), run=as_self)
    (work / "store").rename(work / "away")
    (work / "store").mkdir(mode=0o700)
    before = sorted(os.listdir(work / "conf"))
    done = cli.run("recover", work / "conf")
    assert done.returncode == 2 and "another directory is there" in done.stderr, cli.said(done)
    assert sorted(os.listdir(work / "conf")) == before
    (work / "store").rmdir()
    done = cli.run("recover", work / "conf")
    assert done.returncode == 2, cli.said(done)
    (work / "away").rename(work / "store")
    done = cli.run("recover", work / "conf")
    assert done.returncode == 0 and "finished" in done.stdout, cli.said(done)
    cli.run("recover", work / "store")
    check_new(work)


def test_a_configuration_that_is_elsewhere_stops_the_whole_set(work):
    killed_at(2, *rotation(work), run=as_self)
    before = waiting(work)
    (work / "conf").rename(work / "away")
    (work / "conf").mkdir()
    (work / "conf" / ".config").write_text(CONFIG)
    done = cli.run("recover", work / "store")
    assert done.returncode == 2 and "another directory is there" in done.stderr, cli.said(done)
    assert waiting(work) == before and (work / "conf" / ".config").read_text() == CONFIG
    shutil.rmtree(work / "conf")
    (work / "away").rename(work / "conf")
    assert cli.run("recover", work / "store").returncode == 0
    check_new(work)


@needs_root
@pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare on this machine")
def test_another_file_system_in_the_store_s_place_undoes_nothing(work):
    """The roots of two of a kind have the same inode number."""
    (work / "stick").mkdir()
    script = """
    mount -t tmpfs none "$2" || exit 77
    cp -a "$3"/. "$2"
    strace -f -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:signal=KILL:when=3 \\
        "$1" key rotate -q --refresh=always --store "$2" --config "$4"
    [ -e "$2"/.modseal-*.journal ] || exit 78
    mount -t tmpfs none "$2"
    chmod 700 "$2"
    "$1" recover "$5"; echo "covered: $?"
    umount "$2"
    "$1" recover "$2"; echo "back: $?"
    grep -l "$(readlink "$2/current")/signing_key.pem" "$4"
    """
    done = cli.run("--mount", "--propagation", "private", "sh", "-c", script, "sh", cli.PROGRAM,
                   work / "stick", work / "store", work / "conf" / ".config", work / "conf",
                   program="unshare")
    if done.returncode in (1, 77) and "ermi" in done.stderr:
        pytest.skip("no mounts here")
    assert "covered: 2\n" in done.stdout and "another directory is there" in done.stderr
    assert "back: 0\n" in done.stdout and done.returncode == 0, cli.said(done)
    assert done.stdout.endswith(f"{work}/conf/.config\n"), cli.said(done)


@pytest.mark.skipif(not shutil.which("tar"), reason="no tar on this machine")
def test_a_journal_out_of_an_archive_is_not_followed(work, tmp_path):
    """Anybody could have written it, in the name of the one who unpacks it."""
    killed_at(2, *rotation(work), run=as_self)
    (journal,) = (work / "store").glob("*.journal")
    subprocess.run(["tar", "-C", work / "store", "-cpf", tmp_path / "tar", journal.name], check=True)
    journal.unlink()
    subprocess.run(["tar", "-C", work / "store", "-xpf", tmp_path / "tar"], check=True)
    before = waiting(work)
    for place in "store", "conf":
        done = cli.run("recover", work / place)
        assert done.returncode == 2 and "is a copy of a journal" in done.stderr, cli.said(done)
        assert "hint: look at it, and remove it if it is not needed: rm " in done.stderr
    assert waiting(work) == before and (work / "conf" / ".config").read_text() == CONFIG
    # what the hint says of a set that cannot be ended: the same command makes it whole
    journal.unlink()
    assert cli.run(*rotation(work)).returncode == 0
    for place in "store", "conf":
        cli.run("recover", work / place)
    check_new(work)


@needs_root
@pytest.mark.parametrize("command", [["recover"], ["key", "rotate", "--refresh=always", "--store"],
                                     ["key", "prune", "--keep=1", "--store"]])
@pytest.mark.parametrize("content", ["root's own\n", ""])
def test_a_file_of_root_s_that_was_named_like_the_lock_stays_root_s(theirs, command, content):
    secret = theirs / "store" / "secret"
    secret.write_text(content)
    secret.chmod(0o600)
    lock = theirs / "store" / ".modseal-key-lock"
    watched = os.open(secret, os.O_RDONLY)
    secret.rename(lock)
    done = cli.run(*command, theirs / "store")
    assert os.fstat(watched).st_uid == 0 and os.pread(watched, 100, 0) == content.encode()
    os.close(watched)
    if content:
        assert done.returncode == 2 and "is no lock of this store's" in done.stderr
        assert lock.read_text() == content and lock.stat().st_uid == 0


@needs_root
def test_root_gives_a_lock_that_it_makes_to_the_store_s_owner(theirs):
    """Killed with it, root must not keep the owner out."""
    done = as_self("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=mkdirat", "-e",
                   "inject=mkdirat:signal=KILL:when=1", cli.PROGRAM, "key", "rotate",
                   "--refresh=always", "--store", theirs / "store")
    assert done.returncode in (-9, 137), cli.said(done)
    lock = theirs / "store" / ".modseal-key-lock"
    assert lock.stat().st_uid == OTHER and lock.stat().st_mode & 0o777 == 0o600
    done = as_other(cli.PROGRAM, *rotation(theirs))
    assert done.returncode == 0, cli.said(done)


@needs_root
@pytest.mark.skipif(not tracer.PROGRAM.exists(), reason="no tracer for this machine")
@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv on this machine")
def test_an_owner_waits_for_the_lock_that_root_is_just_making(theirs, tmp_path):
    """Root has made it, and gives it away when the owner has met it."""
    lock = theirs / "store" / ".modseal-key-lock"
    lock.touch(mode=0o600)
    run = tracer.run(["setpriv", f"--reuid={OTHER}", f"--regid={OTHER}", "--clear-groups",
                      cli.PROGRAM, *rotation(theirs)], tracer.Call("clock_nanosleep", 1),
                     ("--run", f"chown {OTHER}:{OTHER} '{lock}'"), cwd=tmp_path,
                     env=cli.environment(**cli.without_leak_check()), scratch=tmp_path)
    assert run.hit and run.status == 0, run
    check_new(theirs)


def attack(directory, name):
    """Root's own directory in somebody else's, which that one gives another name."""
    directory.chmod(0o755)
    precious = directory / "precious"
    precious.mkdir(mode=0o700)
    (precious / "signing_key.pem").write_text("root's own\n")
    (precious / "deep").mkdir()
    (precious / "deep" / "file").write_text("root's own\n")
    precious.rename(directory / name)
    return directory / name


@needs_root
@pytest.mark.parametrize("where", ["plain", "store", "locked"])
@pytest.mark.parametrize("name", [f".modseal-{TAG}0000.work", ".modseal-key-1",
                                  ".modseal-key-0123456789abcdef"])
def test_root_empties_no_directory_of_its_own_that_somebody_moved(theirs, where, name):
    directory = theirs / ("conf" if where == "plain" else "store")
    moved = attack(directory, name)
    if where == "locked":
        (directory / ".modseal-key-lock").touch(mode=0o600)
        os.chown(directory / ".modseal-key-lock", OTHER, OTHER)
    done = cli.run("recover", directory)
    assert done.returncode == 1, cli.said(done)
    assert "is left" in done.stderr or where == "plain", cli.said(done)
    assert (moved / "signing_key.pem").read_text() == "root's own\n"
    assert (moved / "deep" / "file").read_text() == "root's own\n"
    if where != "plain":
        cli.run("key", "rotate", "-q", "--refresh=always", "--store", directory)
        assert (moved / "signing_key.pem").read_text() == "root's own\n"


def test_what_is_no_store_keeps_names_like_a_store_s(tmp_path):
    left = tmp_path / ".modseal-key-1"
    left.mkdir()
    (left / "file").write_text("somebody's\n")
    assert cli.run("recover", tmp_path).returncode == 1
    assert (left / "file").read_text() == "somebody's\n"
    assert not (tmp_path / ".modseal-key-lock").exists()


def test_a_journal_is_read_from_the_descriptor_that_was_asked(work, tmp_path):
    """strace sees how often it is opened by its name."""
    killed_at(2, *rotation(work), run=as_self)
    log = tmp_path / "log"
    done = as_self("strace", "-f", "-qq", "-o", log, "-e", "trace=openat,open,openat2",
                   cli.PROGRAM, "recover", work / "conf")
    assert done.returncode == 0, cli.said(done)
    for kind in "journal", "at":
        found = re.findall(rf'open\w*\([^\n]*"\.modseal-[0-9a-f]{{16}}\.{kind}"',
                           log.read_text())
        assert len(found) == 1, found


def test_more_leftovers_than_descriptors_all_go(tmp_path):
    for number in range(41):
        (tmp_path / f".modseal-{number:012x}0001.new").write_text("half")
    done = cli.run("-c", 'ulimit -n 20; exec "$@"', "sh", cli.PROGRAM, "recover", tmp_path,
                   program="sh")
    assert done.returncode == 0, cli.said(done)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.plain
def test_a_list_that_breaks_off_is_not_taken_for_all_there_is(tmp_path):
    """The journal may stand behind where it breaks off, and what that needs before it."""
    configs = [tmp_path / "a", tmp_path / "b"]
    for i in range(300):  # so that the directory is read in several pieces
        (tmp_path / f"{i:0200}").touch()
    broken = 0
    # names are random, and so is which of them come first
    for number in [*range(1, 12)] * 4:
        for config in configs:
            config.write_text("CONFIG_MODULES=y\n")
        killed_at(1, "config", "set", "X=y", *configs, run=as_self)
        done = as_self("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=getdents64", "-e",
                       f"inject=getdents64:error=EIO:when={number}", cli.PROGRAM, "recover",
                       tmp_path)
        broken += done.returncode == 2
        cli.run("recover", tmp_path)
        assert ["CONFIG_X=y" in config.read_text() for config in configs] == [True, True], number
        assert not list(tmp_path.glob(".modseal-*"))
    assert broken > 8
