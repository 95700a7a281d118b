# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are packages of other suites found, checked and kept without touching the system?

The mirror's name comes from the machine's own sources; those are made up here, in each
format that apt reads, for as long as no index has been fetched for them.
"""

import concurrent.futures
import fcntl
import os
import pathlib
import shutil
import subprocess

import pytest

from support.kernel import kernels

TOOL = kernels.TOP / "tools" / "debian-archive"

pytestmark = [pytest.mark.scripts, pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt-get")]

DEB822 = """\
Types: deb
URIs: http://mirror.example/debian-security
Suites: trixie-security
Components: main

Types: deb
URIs: http://mirror.example/pub/debian
Suites: trixie trixie-updates
Components: main
"""
ONE_LINE = """\
deb http://mirror.example/debian-security bookworm-security main
deb [arch=amd64] http://mirror.example/pub/debian bookworm main contrib
"""


def tool(*arguments, **environment):
    return subprocess.run(
        [TOOL, *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )


def machine_with(directory, name, sources):
    """The path of an apt configuration for a machine with these sources only."""
    for part in "etc/sources.list.d", "lists/partial":
        (directory / part).mkdir(parents=True)
    (directory / "etc" / name).write_text(sources)
    config = directory / "apt.conf"
    config.write_text(
        f'Dir::Etc::SourceList "{directory}/etc/sources.list";\n'
        f'Dir::Etc::SourceParts "{directory}/etc/sources.list.d";\n'
        f'Dir::State::Lists "{directory}/lists";\n'
    )
    return str(config)


@pytest.mark.parametrize(
    "name, sources",
    [("sources.list.d/debian.sources", DEB822), ("sources.list", ONE_LINE)],
    ids=["deb822", "one-line"],
)
def test_the_mirror_is_the_main_archive_and_never_security(tmp_path, name, sources):
    config = machine_with(tmp_path, name, sources)
    done = tool("mirror", APT_CONFIG=config)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip().rstrip("/") == "http://mirror.example/pub/debian"


def test_a_machine_without_the_main_archive_is_trouble(tmp_path):
    config = machine_with(tmp_path, "sources.list", ONE_LINE.splitlines()[0] + "\n")
    done = tool("mirror", APT_CONFIG=config)
    assert done.returncode == 2
    assert "no source of the main Debian archive" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["kernel", "9.9"], ["resolve", "nosuch", "x"], ["fetch", "sid"], ["resolve"]],
)
def test_wrong_usage_is_trouble(tmp_path, arguments):
    done = tool(*arguments, XDG_CACHE_HOME=str(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr


@pytest.fixture(scope="module")
def trixie():
    """Skips where the archive cannot be reached."""
    done = tool("resolve", "trixie", "hello")
    if done.returncode:
        pytest.skip(f"no Debian archive: {done.stderr.strip()[-200:]}")
    return done.stdout.strip()


def test_a_package_that_is_not_there_is_trouble(trixie):
    for arguments in ["resolve", "trixie", "no-such-.*"], ["fetch", "trixie", "no-such"]:
        done = tool(*arguments)
        assert (done.returncode, done.stdout) == (2, "")


def test_runs_at_once_give_one_whole_directory(trixie):
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: tool("unpack", "trixie", trixie), range(4)))
    assert [run.returncode for run in runs] == [0] * 4
    [directory] = {run.stdout.strip() for run in runs}
    assert pathlib.Path(directory, "usr/bin/hello").is_file()
    deb = pathlib.Path(tool("fetch", "trixie", trixie).stdout.strip())
    sums = subprocess.run(["sha256sum", deb], capture_output=True, text=True).stdout
    assert pathlib.Path(directory).name == sums.split()[0]


@pytest.fixture
def own_cache(trixie, tmp_path):
    """The environment of a cache with the suite's index and a package, which nobody else
    uses; and the package."""
    deb = pathlib.Path(tool("fetch", "trixie", trixie).stdout.strip())
    suite = deb.parents[1] / f"trixie-{os.environ.get('DEBIAN_ARCHIVE_ARCH', 'amd64')}"
    apt = tmp_path / "modseal" / "apt"
    with open(suite / "lock", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the index is not refreshed meanwhile
        own = shutil.copytree(suite, apt / suite.name)
    (own / "apt.conf").unlink()  # it names its directory, and is made again
    (apt / "debs").mkdir()
    return {"XDG_CACHE_HOME": str(tmp_path)}, pathlib.Path(shutil.copy(deb, apt / "debs"))


def test_a_damaged_package_in_the_cache_is_fetched_again(trixie, own_cache):
    environment, deb = own_cache
    whole = deb.read_bytes()
    deb.write_bytes(whole[:-1] + b"x")
    done = tool("fetch", "trixie", trixie, **environment)
    if done.returncode:
        deb.unlink()
        if tool("fetch", "trixie", trixie, **environment).returncode:
            pytest.skip("the archive cannot be reached any more")
    assert (done.returncode, done.stdout) == (0, f"{deb}\n"), done.stderr
    assert deb.read_bytes() == whole


def test_the_system_knows_nothing_of_the_other_suites(trixie):
    targets = subprocess.run(
        ["apt-get", "indextargets", "--format", "$(FILENAME)"],
        capture_output=True,
        text=True,
    )
    assert "modseal" not in targets.stdout


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_a_kernel_comes_whole(name):
    kernel = kernels.kernel(name)
    assert kernel.release.startswith(name)
    assert kernel.release in kernel.modules
    for path in kernel.vmlinuz, kernel.config:
        assert pathlib.Path(path).is_file()
    assert len(kernels.module_paths(name)) > 900
