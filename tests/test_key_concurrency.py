# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many rotations at once, and killed ones: is `current` always a whole key, and no key ever open
to others?

Whoever looks does so from outside, by the files' names and the openssl program, while the
rotations are at work; the modes at creation are those that strace saw in the system calls.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import time

import pytest
from support.keys import stores

from support import cli
from support.runs import atwork, watch
from support.keys.store_watch import Watch, check_whole, fault_of, generations, start
from support.keys.store_watch import config  # noqa: F401  (a fixture)

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]


def test_of_100_rotations_at_once_one_makes_the_key(tmp_path, config):
    store = tmp_path / "store"
    with Watch(store) as seen:
        runs = [start(store, config, "7d") for _ in range(100)]
        ends = [(watch.communicate(run), run.returncode) for run in runs]
    assert {status for _, status in ends} == {0}, ends
    assert seen.faults == []
    assert len(generations(store)) == 1
    check_whole(store)
    assert f'"{store}/{generations(store)[0]}/signing_key.pem"' in config.read_text()


def test_of_rotations_that_were_due_at_once_no_key_is_torn(tmp_path, config, pki):
    """With always, whoever waited while another made a key is content with that."""
    store = stores.certs_local(tmp_path / "store", pki, {"20200101-1200": "p384"})
    with Watch(store) as seen:
        runs = [start(store, config, "always") for _ in range(60)]
        ends = [(watch.communicate(run), run.returncode) for run in runs]
    assert {status for _, status in ends} == {0}, ends
    assert seen.faults == []
    assert 2 <= len(generations(store)) <= 61
    check_whole(store)
    assert f'"{store}/{os.readlink(store / "current")}/signing_key.pem"' in config.read_text()


def has_begun(*_):
    return True


def makes_a_key(store, *_):
    return [path for path in store.iterdir() if path.name.startswith(".modseal-key")]


def has_made_a_key(store, _, count):
    return len(generations(store)) > count


def has_taken_it(store, current, _):
    return os.readlink(store / "current") != current


MOMENTS = [has_begun, makes_a_key, has_made_a_key, has_taken_it]


def all_ended(runs):
    return all(run.poll() is not None for run in runs)


def test_kills_at_random_moments_leave_a_whole_current_key(tmp_path, config, pki):
    """A moment comes some time after a state that shows from outside: how long a run takes
    to come to one changes with what else the machine does."""
    store = stores.certs_local(tmp_path / "store", pki, {"20200101-1200": "p384"})
    dice = random.Random(4)
    killed = came_through = 0
    with Watch(store) as seen:
        for number in range(60):
            before = os.readlink(store / "current"), len(generations(store))
            runs = [start(store, config, "always") for _ in range(dice.choice([1, 2, 3]))]
            moment = MOMENTS[number % len(MOMENTS)]
            atwork.until(lambda: moment(store, *before) or all_ended(runs), moment.__name__)
            time.sleep(dice.uniform(0, 0.02))
            for run in runs:
                run.send_signal(signal.SIGKILL)
            for run in runs:
                run.communicate()
            assert fault_of(store) is None
            killed += any(run.returncode == -signal.SIGKILL for run in runs)
            came_through += os.readlink(store / "current") != before[0]
    assert seen.faults == []
    assert killed and came_through, f"nothing was proven: {killed}, {came_through}"
    done = cli.run("key", "rotate", "--refresh=always", "--store", store, "--config", config)
    assert done.returncode == 0, cli.said(done)
    check_whole(store)
    assert not [path for path in store.iterdir() if path.name.startswith(".modseal")]
    # a run that is killed before it replaces the configuration leaves what it had written
    for left in config.parent.iterdir():
        if left.name not in (".config", "store"):
            assert re.fullmatch(r"\.modseal-[0-9a-f]{16}\.new", left.name)
            assert b"PRIVATE KEY" not in left.read_bytes()


CREATED = re.compile(r'openat\([^,]+, "([^"]+)", (\S*O_CREAT\S*), (0\d+)')
OTHER = re.compile(r'\b(creat|open|mknodat?|linkat?|f?chmod|fchmodat2?)\((.*)')


def test_strace_saw_no_key_file_that_was_ever_open_to_others(tmp_path, config):
    if not shutil.which("strace"):
        pytest.skip("no strace")
    store, log = tmp_path / "store", tmp_path / "log"
    done = subprocess.run(
        ["sh", "-c", 'umask 0; exec "$@"', "sh", "strace", "-f", "-o", log, "-e",
         "trace=%file,fchmod,fchmodat", cli.PROGRAM, "key", "rotate", "--store", store,
         "--config", config], capture_output=True, text=True, check=False,
        env=cli.environment(**cli.without_leak_check()))
    if "ptrace" in done.stderr and "not permitted" in done.stderr:
        pytest.skip("no ptrace here")
    assert done.returncode == 0, done.stderr
    text = log.read_text()
    created = {name: (flags, int(mode, 8)) for name, flags, mode in CREATED.findall(text)}
    for name in "signing_key.pem", "signing_prv.pem":
        flags, mode = created[name]
        assert "O_EXCL" in flags and mode == 0o600
    modes = [int(mode, 8) for mode in re.findall(r"mkdir(?:at)?\([^)]*, (0\d+)\)", text)]
    assert modes and set(modes) <= {0o700, 0o755}
    assert re.search(rf'mkdirat\(\d+, "\.modseal-key-[0-9a-f]+", 0700\)', text)
    assert re.search(rf'mkdirat\(\d+, "{store.name}", 0700\)', text)
    # nothing is made otherwise, and nothing opened further afterwards
    assert not re.search(r"\b(creat|mknod|mknodat|linkat|link)\(", text)
    for line in text.splitlines():
        match = re.search(r"\bchmod\(|fchmod\(\d+, (0\d+)\)|fchmodat\(", line)
        assert not match or match[1] in ("0600", "0644", "0700"), line
    chmods = re.findall(r"openat\([^\n]*\"(signing_\w+\.pem)\"[^\n]*= (\d+)\n(?:[^\n]*\n)*?"
                        r"[^\n]*fchmod\(\2, (0\d+)\)", text)
    assert {mode for name, _, mode in chmods if "crt" not in name} == {"0600"}


def test_a_second_run_waits_or_says_that_it_would(tmp_path, config):
    import fcntl

    store = tmp_path / "store"
    cli.ok("key", "rotate", "--store", store, "--config", config)
    lock = os.open(store, os.O_RDONLY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    for command in (["rotate", "--refresh=always"], ["prune", "--keep=1"]):
        done = cli.run("key", *command, "--no-wait", "--store", store)
        assert done.returncode == 2 and "another run is at work" in done.stderr
    with atwork.Run("key", "rotate", "--refresh=always", "--store", store,
                    "--config", config) as run:
        run.says("waiting for another run on the store")
        assert cli.run("key", "status", "--store", store).returncode == 0  # readers do not wait
        assert len(generations(store)) == 1 and not run.ended()
        fcntl.flock(lock, fcntl.LOCK_UN)
        assert run.end() == 0, run.err
    assert len(generations(store)) == 2
    os.close(lock)
