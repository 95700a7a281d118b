# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures that the command tests share."""

import pathlib
import shutil
import subprocess
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS))

from support.keys import pki as test_pki  # noqa: E402  (its path is set just above)

MODULE = """
#define INFO(name, text) \\
	static const char name[] __attribute__((section(".modinfo"), used, aligned(1))) = text
INFO(info_name, "name=tiny");
INFO(info_version, "version=1.5");
INFO(info_srcversion, "srcversion=0123456789ABCDEF0123456");
INFO(info_vermagic, "vermagic=6.12.0-test SMP mod_unload ");
int init_module(void);
int init_module(void) { return 0; }
"""


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A directory with all test keys and certificates; tests/support/keys/pki.py names them."""
    return test_pki.build(tmp_path_factory.mktemp("pki") / "pki")


@pytest.fixture(scope="session")
def tiny_module(tmp_path_factory):
    """A relocatable ELF file with modinfo, not to be written to."""
    directory = tmp_path_factory.mktemp("module")
    (directory / "tiny.c").write_text(MODULE)
    subprocess.run(
        ["cc", "-c", "-ffreestanding", "-o", "tiny.ko", "tiny.c"], cwd=directory, check=True
    )
    return directory / "tiny.ko"


@pytest.fixture
def module(tiny_module, tmp_path):
    """An unsigned module of the test's own, mode 0640."""
    path = tmp_path / "tiny.ko"
    shutil.copyfile(tiny_module, path)
    path.chmod(0o640)
    return path
