# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real kernels and their modules, for the tests; and the lab, which boots them.

A kernel is fetched once and kept (tools/debian-archive). A test that needs what is not
there is skipped, and says what was missing: no network, no QEMU.
"""

import concurrent.futures
import functools
import lzma
import os
import pathlib
import shutil
import subprocess
import sys
import types
import warnings

import pytest

TOP = pathlib.Path(__file__).parents[3]
if str(TOP) not in sys.path:
    sys.path.insert(0, str(TOP))

import lab  # noqa: E402 (its path is set just above)
from support.kernel import patched  # noqa: E402
from support.runs import extent  # noqa: E402
from support.tools import assignments  # noqa: E402

CLOUD = ("6.1", "6.12", "7.3")


@functools.cache
def kernel(name):
    """release, vmlinuz, config and modules of a kernel, as attributes."""
    for tool in "apt-get", "dpkg":
        if not shutil.which(tool):
            pytest.skip(f"no kernel {name}: {tool} is not installed")
    command = [TOP / "tools" / "debian-archive", "kernel", name]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no kernel {name}: {done.stderr.strip()[-300:]}")
    return types.SimpleNamespace(**assignments.read(done.stdout))


def build(job, *arguments):
    """What lab/build-kernel prints. Building takes minutes, so only with FULL=true in the
    environment, and once. job: that of ./check which builds it."""
    command = [TOP / "lab" / "build-kernel", *arguments]
    if not extent.FULL:
        command.append("--cached")
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 3:
        pytest.skip(f"a kernel of the lab's own is not built yet: ./check {job}")
    if done.returncode:
        pytest.skip(f"no kernel of the lab's own: {done.stderr.strip()[-300:]}")
    found = assignments.read(done.stdout)
    if found["why"]:  # ./check hashed counts that; it is told whoever asks
        warnings.warn(f"a kernel of {found['version']}, since {found['why']}", stacklevel=2)
    return types.SimpleNamespace(**found)


@functools.cache
def built():
    """The lab's own kernel, and keys: the directory of the keys that it trusts."""
    return build("--full lab")


@functools.cache
def hashed(name):
    """One with kernel/patches, of patched.NAMES."""
    job = "hashed" if name.startswith("7.3") else "--full hashed"
    return build(job, *patched.arguments(name))


def need_lab():
    if reason := lab.available():
        pytest.skip(f"no lab: {reason}")


def module_paths(name):
    """Every module file of a kernel, in the order of their paths."""
    root = pathlib.Path(kernel(name).modules)
    return sorted(path for path in root.rglob("*.ko*") if path.is_file())


@functools.cache
def module(name, stem):
    """The content of a module, unpacked: module("7.3", "dummy")."""
    for path in module_paths(name):
        if path.name.partition(".")[0] == stem:
            data = path.read_bytes()
            return lzma.decompress(data) if path.suffix == ".xz" else data
    pytest.fail(f"kernel {name} has no module {stem}")


def ask(name, cases, **options):
    """lab.run for a kernel by name; the machines share the processors."""
    need_lab()
    options.setdefault("jobs", min(os.cpu_count() or 1, max(1, len(cases) // 200)))
    return lab.run(kernel(name).vmlinuz, cases, **options)


def ask_in_all_modes(vmlinuz, cases, call):
    """{mode: results}: most of such a question is booting, so the modes share the
    processors."""
    need_lab()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        asked = {
            mode: pool.submit(lab.run, vmlinuz, cases, mode=mode, calls=[call])
            for mode in lab.MODES
        }
        return {mode: answer.result() for mode, answer in asked.items()}
