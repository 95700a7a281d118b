# SPDX-License-Identifier: LGPL-2.1-or-later
"""libmodseal as it is installed, and programs that are built with it by pkg-config."""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli

STANDARDS = {
    "c99": ["cc", "-std=c99", "-x", "c"],
    "c++17": ["c++", "-std=c++17", "-x", "c++"],
}


def need(*commands):
    for command in commands:
        if not shutil.which(command):
            pytest.skip(f"no {command} on this machine")


class Installed:
    """The library that was built, installed below a directory."""

    def __init__(self, root):
        subprocess.run(
            ["meson", "install", "-C", cli.BUILD, "--no-rebuild", "--destdir", root],
            check=True, stdout=subprocess.DEVNULL,
        )
        self.root = root
        (pc,) = root.rglob("libmodseal.pc")
        (self.library,) = root.rglob("libmodseal.so.0")
        self.headers = next(root.rglob("include/modseal/tree.h")).parent.parent
        self.pkg_config = {
            "PKG_CONFIG_PATH": str(pc.parent),
            "PKG_CONFIG_SYSROOT_DIR": str(root),
            "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1",
            "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
        }

    def flags(self, *what):
        need("pkg-config")
        return subprocess.run(
            ["pkg-config", *what, "libmodseal"], check=True, capture_output=True, text=True,
            env={**os.environ, **self.pkg_config},
        ).stdout.split()

    def build(self, source, program, standard="c99"):
        """Compiles a program, with every warning of -pedantic an error."""
        need(STANDARDS[standard][0], "pkg-config")
        subprocess.run(
            [*STANDARDS[standard], "-Wall", "-pedantic", "-Werror", source, "-x", "none",
             "-o", program, *self.flags("--cflags", "--libs")],
            check=True,
        )
        return program

    def environment(self):
        return cli.environment(LD_LIBRARY_PATH=self.library.parent, LIBMODSEAL=self.library)

    def run(self, *arguments):
        return subprocess.run(
            list(map(os.fspath, arguments)), env=self.environment(), capture_output=True,
            encoding="utf-8", errors="surrogateescape", check=False,
        )


def install(directory):
    """Installs what is built; a build that is only a program in disguise has no library."""
    if not pathlib.Path(cli.BUILD, "build.ninja").exists():
        pytest.skip("this build cannot be installed")
    need("meson")
    return Installed(directory)
