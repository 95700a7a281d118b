# SPDX-License-Identifier: LGPL-2.1-or-later
"""Called as sign-file, does -p change nothing of how the module itself is replaced?

Each question is asked with -p and without, and the answers are to be the same.
"""

import fcntl
import os
import pathlib
import shutil
import subprocess
import tempfile

import pytest

from support import cli

NOBODY = 65534
LONG_AGO = 1577836800  # 2020-01-01


@pytest.fixture
def sign_file(tmp_path_factory):
    link = tmp_path_factory.mktemp("bin") / "sign-file"
    link.symlink_to(cli.PROGRAM)
    return link


@pytest.fixture(params=[[], ["-p"]], ids=["without", "with"])
def options(request):
    return request.param


def start(sign_file, options, pki, module, key=None, **more):
    command = [sign_file, *options, "sha256", key or pki / "p256.key", pki / "p256.pem", module]
    return subprocess.Popen(list(map(os.fspath, command)), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env=cli.environment(), **more)


def end(process):
    out, err = process.communicate()
    return process.returncode, out + err


def names(module):
    return sorted(path.name for path in module.parent.iterdir())


def test_the_module_has_a_new_time(options, sign_file, pki, module):
    os.utime(module, (LONG_AGO, LONG_AGO))
    os.chmod(module, 0o640)
    assert end(start(sign_file, options, pki, module)) == (0, "")
    assert module.stat().st_mtime > LONG_AGO and module.stat().st_mode & 0o7777 == 0o640
    assert names(module) == [module.name, *([f"{module.name}.p7s"] if options else [])]


@pytest.fixture
def open_place():
    """A directory that everybody can come to; pytest's own are closed to others."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    with tempfile.TemporaryDirectory(prefix="modseal-test-") as name:
        os.chmod(name, 0o755)
        os.chown(name, NOBODY, NOBODY)
        if subprocess.run([cli.PROGRAM, "--version"], user=NOBODY, check=False,
                          capture_output=True).returncode:
            pytest.skip("the program is closed to others")
        yield pathlib.Path(name)


def test_a_module_whose_owner_cannot_be_kept_is_refused(options, pki, module, open_place):
    """root's, in a directory of somebody else, who could replace it by one of his own."""
    foreign = open_place / "m.ko"
    shutil.copyfile(module, foreign)
    foreign.chmod(0o666)
    for name in "p256.key", "p256.pem":
        shutil.copyfile(pki / name, open_place / name)
        os.chown(open_place / name, NOBODY, NOBODY)
        (open_place / name).chmod(0o600)
    link = open_place / "sign-file"
    link.symlink_to(cli.PROGRAM)
    before, there = foreign.read_bytes(), names(foreign)
    status, said = end(start(link, options, open_place, foreign, user=NOBODY, group=NOBODY,
                             extra_groups=[]))
    assert status == 1 and "cannot keep the owner" in said
    assert foreign.read_bytes() == before and foreign.stat().st_uid == 0
    assert names(foreign) == there


def test_a_module_that_another_run_has_locked_is_waited_for(options, sign_file, pki, module):
    before = module.read_bytes()
    journal = module.parent / ".modseal-journal"
    with open(os.open(journal, os.O_CREAT | os.O_RDWR, 0o600), "r+b") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        process = start(sign_file, options, pki, module)
        assert "waiting for another run" in process.stderr.readline()
        assert module.read_bytes() == before
        journal.unlink()
    assert end(process)[0] == 0 and module.read_bytes() != before
    assert ".modseal-journal" not in names(module)


def test_what_takes_the_module_s_place_meanwhile_stays(sign_file, pki, module, tmp_path):
    """Without -p it is read behind the key, and would be signed; here it was looked at before."""
    fifo, other = tmp_path / "fifo", tmp_path / "other"
    os.mkfifo(fifo, 0o600)
    other.write_bytes(module.read_bytes() + b"other")
    process = start(sign_file, ["-p"], pki, module, fifo)
    with open(fifo, "wb") as key:  # it has come to the key when this is open
        os.rename(other, module)
        key.write((pki / "p256.key").read_bytes())
    status, said = end(process)
    assert status == 1 and "has changed since it was read" in said
    assert module.read_bytes().endswith(b"other")
    assert not [name for name in names(module) if name.endswith(".p7s") or "modseal" in name]


def test_two_runs_on_one_module_come_through_both(options, sign_file, pki, module):
    both = [start(sign_file, options, pki, module) for _ in range(2)]
    assert [end(process)[0] for process in both] == [0, 0]
    assert module.read_bytes().count(b"~Module signature appended~\n") == 1
    assert not [name for name in names(module) if "modseal" in name]
