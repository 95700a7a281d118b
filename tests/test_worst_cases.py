# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does every reader of hostile files take work that grows as the files do, and end when told?

Work is counted in instructions by valgrind, which are the same on every machine. That takes
long, so it is done for a third of the cases, chosen by MODSEAL_SEED, and with FULL=true in the
environment for all.
"""

import lzma
import os
import random
import resource
import shutil
import signal
import subprocess

import pytest

from support import cli
from support.files import worst
from support.runs import atwork, extent

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]

COUNTED = list(worst.CASES)
if not extent.FULL:
    COUNTED = sorted(random.Random(extent.SEED).sample(COUNTED, len(COUNTED) // 3))
# what doubling the size a second time may cost, as a multiple of doubling it once: 2 is
# linear, 4 is quadratic
MOST_GROWTH = 2.5
# instructions that two runs may differ by for other reasons
NOISE = 500_000
# seconds of CPU time for the two files that took minutes, of a machine of any speed
CPU_LIMIT = 60


@pytest.fixture(scope="module")
def counted():
    """The program, where valgrind can count its instructions."""
    data = open(cli.PROGRAM, "rb").read()
    if not data.startswith(b"\x7fELF") or b"__asan_init" in data:
        pytest.skip("instructions are not counted under sanitizers or valgrind")
    try:
        subprocess.run(["valgrind", "--version"], check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        pytest.skip("there is no valgrind")
    return cli.PROGRAM


def cost(program, function, directory, n, module, pki):
    arguments = worst.prepare(function, directory, n, module, pki)
    return worst.instructions(program, arguments, cli.environment())[0]


@pytest.mark.parametrize("name", COUNTED)
def test_twice_as_large_a_file_takes_twice_the_work(name, counted, tmp_path, tiny_module, pki):
    function, start = worst.CASES[name]
    once, twice, four_times = (
        cost(counted, function, tmp_path / str(n), n, tiny_module, pki)
        for n in (start, 2 * start, 4 * start))
    assert four_times - twice < NOISE or (
        four_times - twice < MOST_GROWTH * (twice - once)), (extent.SEED, once, twice, four_times)


def test_many_signers_behind_one_chain_verify_it_once(counted, tmp_path, tiny_module, pki):
    one = worst.chain_of_signers(tmp_path / "one", tiny_module, 1)
    many = worst.chain_of_signers(tmp_path / "many", tiny_module, 16)
    costs = [worst.instructions(counted, arguments, cli.environment()) for arguments in
             (one, many)]
    assert all(done.returncode == 1 for _, done in costs), costs
    assert costs[1][0] < 2 * costs[0][0], costs


def test_trailers_that_no_kernel_looks_at_are_not_searched_for_revoked_signers(
        counted, tmp_path, tiny_module, pki):
    few, many = (cost(counted, worst.trailers_of_signers, tmp_path / str(n), n, tiny_module,
                      pki) for n in (10, 100))
    assert many < 1.5 * few, (few, many)


def test_self_signatures_of_certificates_are_not_verified_to_look_for_revoked_signers(
        counted, tmp_path, tiny_module, pki):
    few, many = (cost(counted, worst.certificates_signed_by_themselves, tmp_path / str(n), n,
                      tiny_module, pki) for n in (1, 16))
    assert many < 1.5 * few, (few, many)


def limited():
    """A process that has used up its CPU time is killed."""
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT, CPU_LIMIT))


def packed(path, plain):
    path.write_bytes(lzma.compress(plain, check=lzma.CHECK_CRC32, preset=0))
    return path


@pytest.fixture(scope="module")
def many_sections(tmp_path_factory):
    directory = tmp_path_factory.mktemp("sections")
    plain = worst.names_without_end(320_000, 1, b"A" * 20_000_000)
    return packed(directory / "m.ko.xz", plain)


@pytest.mark.parametrize("command", ["show", "verify", "strip"])
def test_a_module_of_320000_sections_without_names_is_answered(command, many_sections, tmp_path,
                                                              pki):
    path = shutil.copy(many_sections, tmp_path)
    extra = ["--trust", pki / "ca.pem"] if command == "verify" else []
    done = cli.run(command, *extra, path, preexec_fn=limited)
    assert done.returncode in (0, 1), cli.said(done)


def test_an_image_of_sections_without_names_is_answered(tmp_path):
    content = worst.RELEASE[:-1] + b"A" * 4_000_000
    path = packed(tmp_path / "image.xz", worst.names_without_end(120_000, 2, content))
    done = cli.run("certs", path, preexec_fn=limited)
    assert done.returncode == 2 and "no certificate in it" in done.stderr, cli.said(done)


ZEROS = 512 << 20


def zeros(tmp_path, name, command, size=ZEROS):
    """A file of zeros, packed by a command."""
    path = tmp_path / name
    with path.open("wb") as out, subprocess.Popen(
            ["head", "-c", str(size), "/dev/zero"], stdout=subprocess.PIPE) as plain:
        subprocess.run(command, stdin=plain.stdout, stdout=out, check=True)
    return path


def most_memory(*arguments):
    """What a run has had at once, kilobytes."""
    process = subprocess.Popen([cli.PROGRAM, *arguments], env=cli.environment(),
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss


@pytest.mark.parametrize("name, packer", [("m.ko.zst", ["zstd", "-q", "-1"]), ("m.ko", ["cat"])])
def test_several_bombs_take_the_memory_of_one(name, packer, tmp_path):
    path = zeros(tmp_path, name, packer, 200 << 20)
    one = most_memory("show", "-j4", path)
    for number in range(3):
        shutil.copy(path, tmp_path / f"{number}{name}")
    several = most_memory("show", "-j4", tmp_path)
    assert 200 << 10 < one and several < 1.7 * one, (one, several)


def is_at_work(run):
    """Has it used a tenth of a second of the processor? Starting takes less."""
    with open(f"/proc/{run.pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12]) >= 10


@pytest.mark.parametrize("command, packer, name", [
    ("show", ["gzip", "-1"], "m.ko.gz"),
    ("show", ["xz", "-0", "--check=crc32"], "m.ko.xz"),
    ("show", ["zstd", "-q", "-1"], "m.ko.zst"),
    ("certs", ["bzip2", "-1"], "image"),
    ("certs", ["lz4", "-l"], "image"),
    ("certs", ["lzop", "-1"], "image"),
    ("certs", ["xz", "--format=lzma", "-0"], "image"),
    ("verify", ["cat"], "m.ko"),
])
def test_a_reader_of_a_bomb_ends_when_it_is_told_to(command, packer, name, tmp_path, pki):
    if not shutil.which(packer[0]):
        pytest.skip(f"there is no {packer[0]}")
    path = zeros(tmp_path, name, packer)
    if command == "verify":
        path.open("ab").write((pki / "ca.der").read_bytes())
    extra = ["--trust", pki / "ca.pem", "--json"] if command == "verify" else []
    for _ in range(atwork.TRIES):
        with atwork.Run(command, *extra, path) as run:
            if not run.stops_where(lambda run=run: is_at_work(run)):
                continue
            run.send(signal.SIGTERM)
            assert run.end() == 2, (run.out, run.err)
            assert "modseal: interrupted\n" in run.err
            return
    raise AssertionError("no run was seen at work")
