# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a key or a passphrase in the core dump of a process that is signing with it?

Each test that finds nothing stands beside one that finds it where nobody has taken care.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli
from support.keys import pki as test_pki, signtool
from support.runs import atwork, cores

PASSPHRASE = test_pki.PASSPHRASE
KINDS = ["rsa2048", "p384"]
SHIM = cli.BUILD / "tests/dump-shim.so"

# AddressSanitizer attaches to the process to look for leaks, so its builds leave that out
guarded = pytest.mark.skipif("ASAN_OPTIONS" in os.environ,
                             reason="this build may dump core (option core_dumps)")


def secrets_of(pki, kind):
    numbers = cores.private_numbers(pki / f"{kind}-enc-both.pem", PASSPHRASE)
    return {**numbers, "passphrase": PASSPHRASE.encode()}


@pytest.fixture
def tree(tmp_path, tiny_module):
    """Begins a run that is at work on many modules."""
    place = tmp_path / "tree"
    place.mkdir()

    def start(*arguments, **options):
        for i in range(400):
            shutil.copyfile(tiny_module, place / f"m{i}.ko")
        return atwork.Run("sign", "-j1", *arguments, place, **options)

    start.undecided = atwork.is_undecided(place, most=399)
    return start


@pytest.fixture
def pin(tmp_path):
    path = tmp_path / "pin"
    path.write_text(PASSPHRASE)
    path.chmod(0o600)
    return path


@guarded
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("source", ["pin-file", "environment"])
def test_a_core_of_a_run_that_signs_has_neither_key_nor_passphrase(
        kind, source, pki, tree, pin, tmp_path):
    cores.need_gcore()
    options, env = (["--pin-file", pin], {}) if source == "pin-file" else \
        ([], {"KBUILD_SIGN_PIN": PASSPHRASE})
    secrets = secrets_of(pki, kind)
    key = pki / f"{kind}-enc-both.pem"
    with atwork.caught(lambda: tree("-k", key, *options, env=env), tree.undecided) as run:
        core, whole = cores.gcore(run.pid, tmp_path), cores.memory(run.pid)
        assert cores.secrets_in(core, secrets) == []
        # the key is there indeed, where a core does not reach
        assert set(cores.secrets_in(whole, secrets)) & set(secrets)
        assert run.end() == 0, run.err


@guarded
@pytest.mark.parametrize("kind", KINDS)
def test_a_core_of_a_program_that_takes_no_care_has_the_key(kind, pki, module, pin, tmp_path):
    """What the others do not find would be found."""
    cores.need_gcore()
    with tool(pki, kind, module, pin, "-S") as run:
        found = cores.secrets_in(cores.gcore(run.pid, tmp_path), secrets_of(pki, kind))
        assert found and "passphrase" not in found


class tool:
    """sign-tool, which uses the library and does not forbid core dumps, stopped by itself."""

    def __init__(self, pki, kind, module, pin, *options, **how):
        self.how = how
        self.command = [signtool.TOOL, "-f", pin, *options, pki / f"{kind}-enc-both.pem", module,
                        module.with_suffix(".der")]

    def __enter__(self):
        self.process = subprocess.Popen([os.fspath(word) for word in self.command],
                                        stdout=subprocess.DEVNULL, start_new_session=True,
                                        **self.how)
        self.pid = self.process.pid
        how = os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
        assert how.si_code == os.CLD_STOPPED
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()


@guarded
def test_what_the_library_itself_holds_is_in_no_core(pki, module, pin, tmp_path):
    """Passphrase and key file, while the key is being decrypted, in any program."""
    cores.need_gcore()
    key = (pki / "p384-enc-both.pem").read_bytes()
    lines = key.split(b"\n")
    secrets = {"passphrase": PASSPHRASE.encode(), "key file": lines[1], "its end": lines[3]}
    with tool(pki, "p384", module, pin, "-s") as run:
        assert set(cores.secrets_in(cores.memory(run.pid), secrets)) == set(secrets)
        assert cores.secrets_in(cores.gcore(run.pid, tmp_path), secrets) == []


def need_kernel_cores(pki, module, pin, place):
    """Is there a core where nobody forbids it, and are we told of the key in it?"""
    with tool(pki, "p384", module, pin, "-S", cwd=place, preexec_fn=cores.allow) as run:
        dumped, core = cores.aborted(run.process, place)
    if not dumped or not core:
        pattern = pathlib.Path("/proc/sys/kernel/core_pattern").read_text(encoding="ascii")
        pytest.skip(f"the kernel writes no core file here (core_pattern {pattern.strip()})")
    assert "priv" in cores.secrets_in(core, secrets_of(pki, "p384"))


@guarded
@pytest.mark.parametrize("shim", [False, True])
def test_a_run_that_is_aborted_leaves_no_key(shim, pki, tree, module, pin, tmp_path):
    """Not even where the two calls that forbid the core have no effect."""
    place = tmp_path / "place"
    place.mkdir()
    need_kernel_cores(pki, module, pin, place)
    with atwork.caught(lambda: tree("-k", pki / "p384-enc-both.pem", "--pin-file", pin,
                                    env={"LD_PRELOAD": SHIM} if shim else {},
                                    cwd=place, preexec_fn=cores.allow), tree.undecided) as run:
        dumped, core = cores.aborted(run.process, place)
    assert dumped == shim
    assert cores.secrets_in(core, secrets_of(pki, "p384")) == []


@guarded
def test_the_process_cannot_be_dumped_before_it_reads_anything(module, tmp_path):
    """By what the kernel says of it, while it waits for its passphrase."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writing = os.open(pipe, os.O_RDWR)
    with atwork.Run("sign", "-k", pipe, module) as run:
        atwork.until(lambda: holds_open(run.pid, pipe) or run.ended(), "it reads the key")
        limits = pathlib.Path(f"/proc/{run.pid}/limits").read_text(encoding="ascii")
        assert "Max core file size        0" in limits
        dumpable = pathlib.Path(f"/proc/{run.pid}/coredump_filter").read_text(encoding="ascii")
        assert int(dumpable, 16) == 0
        assert os.stat(f"/proc/{run.pid}/environ").st_uid == 0
    os.close(writing)


def holds_open(pid, path):
    for link in pathlib.Path(f"/proc/{pid}/fd").glob("*"):
        try:
            if os.readlink(link) == str(path):
                return True
        except FileNotFoundError:
            pass
    return False
