# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults of kernel-sign's sign_module and genkeys that concern signing. Each test is named
after one, and fails where the program behaves like that.

What kernel-sign does instead was observed: see the tests' first lines.
"""

import os
import signal
import stat
import subprocess

import pytest
from support.keys import stores

from support import cli
from support.runs import atwork

PACKERS = {"": None, "gz": ["gzip"], "xz": ["xz", "--check=crc32"], "zst": ["zstd", "-q", "--rm"]}


def pack(module, suffix):
    if suffix:
        subprocess.run([*PACKERS[suffix], module], check=True)
        module = module.with_name(f"{module.name}.{suffix}")
    return module


@pytest.mark.parametrize("what", [
    "no such module", "no such directory", "no module in the directory", "no such key",
    "no such store", "a store without a key", "no such configuration", "a key of somebody else's",
    "a module that cannot be unpacked",
])
def test_fault_a_failure_exits_0(what, module, pki, tmp_path):
    # sign_module prints a line and goes on; its status is 0 whatever came of it
    empty = tmp_path / "empty"
    empty.mkdir()
    broken = tmp_path / "broken.ko.xz"
    broken.write_bytes(b"\xfd7zXZ\0broken")
    key = ["-k", pki / "p256-both.pem"]
    arguments = {
        "no such module": [*key, tmp_path / "absent.ko"],
        "no such directory": [*key, tmp_path / "absent"],
        "no module in the directory": [*key, empty],
        "no such key": ["-k", tmp_path / "absent", module],
        "no such store": ["--store", tmp_path / "absent", module],
        "a store without a key": ["--store", empty, module],
        "no such configuration": [*key, "--kernel-config", tmp_path / "absent", module],
        "a key of somebody else's": ["-k", pki / "p256.key", "-c", pki / "p384.pem", module],
        "a module that cannot be unpacked": [*key, broken, module],
    }[what]
    before = module.read_bytes()
    done = cli.run("sign", *arguments)
    assert done.returncode == 2 and done.stderr.startswith("modseal: "), cli.said(done)
    assert module.read_bytes() == before


def test_fault_help_is_taken_for_a_file_name(module, pki):
    # `sign_module --help` looks for a module of that name
    done = cli.run("sign", "-k", pki / "p256-both.pem", "--help", module)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("Usage: ")
    assert not module.read_bytes().endswith(cli.MARKER)


@pytest.mark.parametrize("junk", [b"junk", b"\x7fELF", b"\0" * 4096, b"~Module signature appended"])
@pytest.mark.parametrize("suffix", PACKERS)
def test_fault_a_junk_ko_is_signed(suffix, junk, tmp_path, pki):
    # sign_module signs whatever has the name; the kernel refuses it later, if ever
    junk_ko = tmp_path / "junk.ko"
    junk_ko.write_bytes(junk)
    junk_ko = pack(junk_ko, suffix)
    before = junk_ko.read_bytes()
    done = cli.run("sign", "-k", pki / "p256-both.pem", tmp_path)
    assert done.returncode == 2 and "it is no ELF module" in done.stderr, cli.said(done)
    assert junk_ko.read_bytes() == before


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444])
@pytest.mark.parametrize("suffix", PACKERS)
def test_fault_the_mode_becomes_0644(suffix, mode, module, pki):
    # sign_module writes a new file, with the mode that its umask gives
    module = pack(module, suffix)
    module.chmod(mode)
    cli.ok("sign", "-k", pki / "p256-both.pem", module)
    assert stat.S_IMODE(module.stat().st_mode) == mode


@pytest.mark.parametrize("check", ["crc32", "none"])
def test_fault_xz_is_written_again_with_crc64(check, module, pki):
    # sign_module packs with xz's default, which the kernel's decoder does not take
    subprocess.run(["xz", f"--check={check}", module], check=True)
    packed = module.with_name("tiny.ko.xz")
    cli.ok("sign", "-k", pki / "p256-both.pem", packed)
    listed = subprocess.run(["xz", "--robot", "--list", "-vv", packed], capture_output=True,
                            text=True, check=True).stdout
    (stream,) = [line.split("\t") for line in listed.splitlines() if line.startswith("stream\t")]
    assert stream[8] == "CRC32"


@pytest.fixture
def tree(tmp_path, tiny_module):
    """Packed modules that take a while to be packed again."""
    directory = tmp_path / "tree"
    directory.mkdir()
    for i in range(24):
        module = directory / f"m{i:02}.ko"
        module.write_bytes(tiny_module.read_bytes() + os.urandom(1 << 18))
        subprocess.run(["xz", "-0", "--check=crc32", module], check=True)
    return directory


def interrupted(tree, pki, number):
    """A run that got a signal while some of its new files were there; its status."""
    before = contents(tree)

    def start():
        for name, data in before.items():
            (tree / name).write_bytes(data)
        return atwork.Run("sign", "-j1", "-k", pki / "p256-both.pem", tree)

    with atwork.caught(start, atwork.is_undecided(tree, most=len(before) - 1)) as run:
        run.send(number)
        return run.end()


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_fault_an_interrupted_compression_leaves_temporary_files(number, tree, pki):
    # sign_module leaves m.ko beside m.ko.xz, which depmod then takes for another module
    before = contents(tree)
    status = interrupted(tree, pki, number)
    assert status == (-number if number == signal.SIGKILL else 2)
    if number == signal.SIGKILL:  # nobody can tidy up after this but the next run
        left = {name: data for name, data in contents(tree).items() if not name.startswith(".")}
        assert left == before
        cli.run("recover", tree)
    assert contents(tree) == before


def test_fault_a_missing_part_of_the_key_directory_is_a_traceback_or_success(tmp_path, module, pki):
    # sign_module starts sign-file with what is not there, and exits 0
    store = stores.certs_local(tmp_path / "certs-local", pki, {"20250101-1200": "p256"})
    before = module.read_bytes()
    for part in "signing_crt.crt", "signing_key.pem":
        (store / "current" / part).unlink()
        done = cli.run("sign", "--store", store, module)
        assert done.returncode == 2 and done.stderr.startswith("modseal: "), cli.said(done)
        assert "Traceback" not in done.stderr and module.read_bytes() == before
