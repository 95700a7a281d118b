# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every module of Debian's kernels: judged by its own kernel's image and by another's,
and given back bit for bit after its signature was taken off and put on again.

The oracle is the archive: what Debian signed its own kernel trusts, and the bytes that
it ships are the bytes to get back. Compressing thousands of modules again takes minutes,
so of a kernel with compressed ones a tenth is given back, with FULL=true in the environment
all of them."""

import filecmp
import json
import os
import pathlib
import shutil
import subprocess

import pytest

from support.kernel.kernels import CLOUD, kernel, module_paths
from support.runs import extent

pytestmark = pytest.mark.kernels


BUILD = pathlib.Path(os.environ.get("MODSEAL_BUILD", "build"))
PROGRAM = BUILD / "cli/modseal"


def modseal(*arguments, status=0):
    run = subprocess.run([PROGRAM, *arguments, "--json"], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, check=False)
    assert run.returncode == status, run.stderr + run.stdout[-2000:]
    return json.loads(run.stdout)


@pytest.mark.parametrize("name", CLOUD)
def test_every_module_is_trusted_by_its_own_kernel(name):
    own = kernel(name)
    result = modseal("verify", "--kernel", own.vmlinuz, own.modules)
    count = len(module_paths(name))
    assert count > 1000
    assert result["summary"] == {"trusted": count}
    assert all(m["elf"] and m["loads"] == {
        "permissive": "clean", "enforcing": "clean", "lockdown": "clean"}
        for m in result["modules"])


@pytest.mark.parametrize("name, other", [("6.1", "6.12"), ("6.12", "7.3"), ("7.3", "6.1")])
def test_another_kernel_knows_the_key_of_none(name, other):
    result = modseal("verify", "--kernel", kernel(other).vmlinuz, kernel(name).modules,
                     status=1)
    assert result["summary"] == {"unknown-key": len(module_paths(name))}
    assert {m["errno"] for m in result["modules"]} == {"ENOKEY"}
    assert {m["loads"]["permissive"] for m in result["modules"]} == {"tainted"}
    assert {m["loads"]["enforcing"] for m in result["modules"]} == {"refused"}


@pytest.mark.parametrize("name", CLOUD)
def test_detach_strip_attach_gives_every_file_back(name, tmp_path):
    own = kernel(name)
    tree, bundle = tmp_path / "tree", tmp_path / "signatures"
    shutil.copytree(own.modules, tree, symlinks=True)
    packed = [path for path in module_paths(name) if path.suffix != ".ko"]
    left_out = set(packed) - set(packed[::1 if extent.FULL else 10])
    for path in left_out:
        (tree / path.relative_to(own.modules)).unlink()
    originals = [path for path in module_paths(name) if path not in left_out]
    count = len(originals)
    assert count > 100

    modseal("detach", "-o", bundle, tree)
    assert len(bundle.read_text().splitlines()) == count + 1

    modseal("strip", "--no-sync", tree)
    verdicts = modseal("verify", "--kernel", own.vmlinuz, tree, status=1)["summary"]
    assert verdicts == {"unsigned": count}

    certificates = tmp_path / "own.pem"
    modseal("certs", own.vmlinuz, "-o", certificates)
    modseal("attach", "--no-sync", "--trust", certificates, bundle, tree)
    for original in originals:
        path = tree / original.relative_to(own.modules)
        assert filecmp.cmp(path, original, shallow=False), path


@pytest.mark.parametrize("name", CLOUD)
def test_show_agrees_with_modinfo(name, tmp_path):
    if not shutil.which("modinfo"):
        pytest.skip("no modinfo (package kmod)")
    own = kernel(name)
    for path in module_paths(name)[::97]:
        shown, = modseal("show", path)["modules"]
        for field in ("name", "vermagic", "version", "srcversion"):
            assert (shown["modinfo"].get(field) or "") == modinfo(path, field), (path, field)
        signature = shown["signatures"][0]
        for field in ("sig_id", "signer", "sig_key", "sig_hashalgo"):
            assert signature[field] == modinfo(path, field), (path, field)


def modinfo(path, field):
    return subprocess.run(["modinfo", "-F", field, path], stdout=subprocess.PIPE,
                          text=True, check=True).stdout.rstrip("\n")
