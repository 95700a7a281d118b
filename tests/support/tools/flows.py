# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of other people's tools share: contrib/, tools, modules to sign.

The flows call modseal by its name, as they would where it is installed: so a directory
with nothing else in it stands first in their PATH.
"""

import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli
from support.kernel import kernels
from support.runs import watch

CONTRIB = cli.TOP / "contrib"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


def need(*tools):
    for tool in tools:
        if not shutil.which(tool, path=PATH):
            pytest.skip(f"no {tool} on this machine")


def path_with_modseal(directory):
    """A PATH by which modseal is the one that was built, and all else the system's."""
    directory.mkdir(exist_ok=True)
    for name in "modseal", "sign-file":
        if not (directory / name).is_symlink():
            (directory / name).symlink_to(cli.PROGRAM)
    return f"{directory}:{PATH}"


def run(*command, path=PATH, env=None, **options):
    """Runs a tool without a terminal, without this process's settings for modseal."""
    options.setdefault("stdin", subprocess.DEVNULL)
    return watch.run(
        [os.fspath(part) for part in command],
        env={**cli.environment(**(env or {})), "PATH": path, "LC_ALL": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        **options,
    )


def ok(*command, **options):
    done = run(*command, **options)
    assert done.returncode == 0, cli.said(done)
    return done


def real_modules(name, count=3):
    """Some small modules of a kernel, as the kernel's maker signed them."""
    paths = [path for path in kernels.module_paths(name) if path.stat().st_size < 60000]
    assert len(paths) > count
    return paths[:: len(paths) // count][:count]


def unsigned_module(name, path):
    """A real module without its signature, with its symbols, uncompressed, at path."""
    data = kernels.module(name, "dummy")
    pathlib.Path(path).write_bytes(data)
    cli.run("strip", "--all", "--no-sync", path)
    return pathlib.Path(path)


def payload_of(path):
    return cli.signature_of(path)[1]


def as_sign_file(directory, payload, key, cert, digest="sha512"):
    """What the reference sign-file makes of the payload."""
    if not cli.REFERENCE.exists():
        pytest.skip(f"no reference sign-file: {cli.REFERENCE}")
    path = pathlib.Path(directory, "reference.ko")
    path.write_bytes(payload)
    subprocess.run([cli.REFERENCE, digest, key, cert, path], check=True)
    return path.read_bytes()
