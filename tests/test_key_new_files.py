# SPDX-License-Identifier: LGPL-2.1-or-later
"""Was a key that `modseal key new` makes ever anybody else's, for a moment or for want of a
passphrase, and is a file that was there before still there?
"""

import errno
import os
import pathlib
import re
import resource
import shutil
import signal
import subprocess

import pytest

from support import cli
from support.keys.newkey import new, openssl
from support.runs import atwork
from support.runs.terminal import Terminal

pytestmark = pytest.mark.plain


def pin_file(tmp_path, secret):
    path = tmp_path / "pin"
    path.write_text(secret)
    path.chmod(0o600)
    return path


def test_an_encrypted_key_is_opened_by_its_passphrase_only(tmp_path, module):
    pin = pin_file(tmp_path, "open sesame\n")
    key = new(tmp_path / "k", "--type", "p256", "--pin-file", pin)
    assert key.read_text().startswith("-----BEGIN ENCRYPTED PRIVATE KEY-----\n")
    openssl("pkey", "-in", key, "-passin", "pass:open sesame", "-noout")
    done = subprocess.run(["openssl", "pkey", "-in", key, "-passin", "pass:wrong", "-noout"],
                          capture_output=True, check=False)
    assert done.returncode != 0
    cli.ok("sign", "-k", key, "--pin-file", pin, module)
    assert cli.run("sign", "-k", key, module, env={"KBUILD_SIGN_PIN": "wrong"}).returncode == 2


def test_the_encryption_is_pbes2_with_aes_256_and_many_rounds(tmp_path):
    key = new(tmp_path / "k", "--type", "p256", "--encrypt", env={"KBUILD_SIGN_PIN": "x"})
    text = openssl("asn1parse", "-in", key)
    objects = re.findall(r"OBJECT\s+:(\S+)", text)
    assert objects == ["PBES2", "PBKDF2", "hmacWithSHA256", "aes-256-cbc"]
    assert int(re.search(r"INTEGER\s+:(\w+)", text)[1], 16) >= 600000
    assert len(re.search(r"OCTET STRING\s+\[HEX DUMP\]:(\w+)", text)[1]) == 32


def test_a_passphrase_that_was_not_given_on_purpose_encrypts_nothing(tmp_path):
    key = new(tmp_path / "k", "--type", "p256", env={"KBUILD_SIGN_PIN": "x"})
    openssl("pkey", "-in", key, "-noout")


@pytest.mark.parametrize("secret", ["", "\n"])
def test_an_empty_passphrase_is_refused(secret, tmp_path):
    done = cli.run("key", "new", "-o", tmp_path / "k", "--pin-file", pin_file(tmp_path, secret))
    assert done.returncode == 2 and "empty" in done.stderr
    assert not (tmp_path / "k").exists()


def test_without_a_passphrase_to_be_had_there_is_no_key(tmp_path):
    done = cli.run("key", "new", "-o", tmp_path / "k", "--encrypt")
    assert done.returncode == 2 and not list(tmp_path.iterdir())


@pytest.mark.parametrize("again", ["sesame", "sesane"])
def test_a_new_passphrase_is_typed_twice_and_never_shown(again, tmp_path):
    key = tmp_path / "k"
    terminal = Terminal("key", "new", "--type", "p256", "--encrypt", "-o", key)
    terminal.wait_for(b"Secret for the new private key: ")
    assert not terminal.echoes()
    os.write(terminal.fd, b"sesame\n")
    terminal.wait_for(b"Again, the secret for the new private key: ")
    assert not terminal.echoes()
    os.write(terminal.fd, again.encode() + b"\n")
    assert terminal.end() == (0 if again == "sesame" else 2)
    assert b"sesa" not in terminal.seen
    assert key.exists() == (again == "sesame")
    if key.exists():
        openssl("pkey", "-in", key, "-passin", "pass:sesame", "-noout")
    else:
        assert b"not the same" in terminal.seen


def listing(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("there", ["k", "k.crt"])
def test_an_existing_file_is_never_replaced_without_force(there, tmp_path):
    (tmp_path / there).write_text("precious")
    before = listing(tmp_path)
    done = cli.run("key", "new", "-o", tmp_path / "k", "--type", "p256")
    assert done.returncode == 2 and "File exists" in done.stderr and "--force" in done.stderr
    assert listing(tmp_path) == before


def test_a_dangling_link_is_never_followed(tmp_path):
    (tmp_path / "k").symlink_to(tmp_path / "elsewhere")
    done = cli.run("key", "new", "-o", tmp_path / "k", "--type", "p256")
    assert done.returncode == 2 and not (tmp_path / "elsewhere").exists()


def test_force_replaces_key_and_certificate_and_closes_the_mode(tmp_path):
    key = new(tmp_path / "k", "--type", "p256")
    before = listing(tmp_path)
    key.chmod(0o644)
    new(key, "--type", "p256", "--force")
    after = listing(tmp_path)
    assert set(after) == set(before) and not set(after.values()) & set(before.values())
    assert key.stat().st_mode & 0o7777 == 0o600


def test_where_nothing_can_be_written_nothing_is_left(tmp_path):
    for path in tmp_path / "no" / "k", f"{tmp_path}/k/", tmp_path, "":
        done = cli.run("key", "new", "--type", "p256", "-o", path)
        assert done.returncode == 2, path
    done = cli.run("key", "new", "--type", "p256", "-o", f"/proc/{os.getpid()}/k")
    assert done.returncode == 2 and done.stderr.startswith("modseal: cannot ")
    assert not list(tmp_path.iterdir())


def limit_file_size():
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))


def test_a_disk_that_fills_up_leaves_nothing(tmp_path):
    done = cli.run("key", "new", "--type", "p256", "-o", tmp_path / "k", preexec_fn=limit_file_size)
    assert done.returncode == 2 and "cannot write" in done.stderr, cli.said(done)
    assert not list(tmp_path.iterdir())


def opened_for_writing(fifo):
    """None while nobody reads from it."""
    try:
        return os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        assert error.errno == errno.ENXIO
        return None


def has_open(pid, path):
    """Also false where the process has just ended."""
    for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if os.readlink(link) == str(path):
                return True
        except FileNotFoundError:
            pass
    return False


def test_a_run_interrupted_while_it_makes_a_key_leaves_nothing(tmp_path):
    """What it does between reading the passphrase and writing the key is making it."""
    pin, work = tmp_path / "pin", tmp_path / "work"
    work.mkdir()
    os.mkfifo(pin, 0o600)

    def start():
        for path in work.iterdir():  # of a run that came through
            path.unlink()
        run = atwork.Run("key", "new", "--type", "rsa4096", "-o", work / "k", "--pin-file", pin)
        writing = atwork.until(lambda: opened_for_writing(pin) or run.ended(), "it reads the pin")
        assert not run.ended(), run.err
        os.write(writing, b"sesame")
        os.close(writing)
        run.is_making = lambda: not has_open(run.pid, pin) and not list(work.iterdir())
        return run

    for _ in range(atwork.TRIES):
        with start() as run:
            if not run.stops_where(run.is_making):
                continue
            run.send(signal.SIGINT)
            if run.end() == 0:  # the key had just been made
                continue
            assert (run.process.returncode, run.err) == (2, "modseal: interrupted\n")
            assert not list(work.iterdir())
            return
    pytest.fail("no run was interrupted")


def test_a_killed_run_leaves_a_whole_key_or_none(tmp_path):
    killed = 0
    for i in range(20):
        key = tmp_path / f"{i}" / "k"
        key.parent.mkdir()
        # as it begins, or with so many files there: new ones, and then key and certificate
        with atwork.Run("key", "new", "-q", "--type", "p256", "-o", key) as run:
            run.stops_where(lambda: len(list(key.parent.iterdir())) >= i % 3)
            run.process.kill()
            killed += run.process.wait() == -signal.SIGKILL
        if key.exists():
            openssl("pkey", "-in", key, "-noout")
            openssl("x509", "-in", key, "-noout")
        for path in key.parent.iterdir():
            if b"PRIVATE KEY" in path.read_bytes():
                assert path.stat().st_mode & 0o7777 == 0o600, path
    assert killed, "every run came through: nothing was proven"


@pytest.mark.parametrize("umask", [0o000, 0o077, 0o777])
@pytest.mark.parametrize("options", [[], ["--force"]])
def test_no_file_of_a_key_is_open_to_others_at_any_instant(tmp_path, umask, options):
    if not shutil.which("strace"):
        pytest.skip("no strace on this machine")
    key, log = tmp_path / "k", tmp_path / "log"
    done = cli.run("-f", "-qq", "-y", "-e", "trace=%file,fchmod,fchown,write,writev,pwrite64",
                   "-s", "64", "-o", log, cli.PROGRAM, "key", "new", "--type", "p256", "-o", key,
                   *options, program="strace", preexec_fn=lambda: os.umask(umask),
                   env=cli.without_leak_check())
    if "ptrace" in done.stderr:
        pytest.skip("strace may not trace here")
    assert done.returncode == 0, cli.said(done)
    assert [path.stat().st_mode & 0o7777 for path in (key, tmp_path / "k.crt")] == [0o600, 0o644]
    lines = log.read_text(errors="replace").splitlines()
    ours = [line for line in lines if str(tmp_path) in line or ".modseal-" in line]
    created = [line for line in ours if "O_CREAT" in line]
    secret = [line for line in ours if "PRIVATE KEY" in line]
    assert len(created) == 2 and len(secret) == 1
    assert all("O_EXCL" in line and ", 0600)" in line for line in created)
    name = re.search(r'"(\.modseal-\w+\.new)"', created[0])[1]
    assert f"{name}>" in secret[0]
    modes = re.findall(rf"chmod\([^)]*{re.escape(name)}>?\"?, (\d+)", "\n".join(ours))
    assert modes and set(modes) == {"0600"}


def test_the_private_key_is_in_no_output(tmp_path):
    done = cli.run("key", "new", "-v", "--json", "--type", "p256", "-o", tmp_path / "k")
    body = (tmp_path / "k").read_text().split("-----")[2].split()
    assert all(line not in done.stdout + done.stderr for line in body)
