# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that modseal makes, and openssl's word on them."""

import subprocess

from support import cli


def openssl(*arguments, **options):
    """What openssl prints; it must succeed."""
    done = subprocess.run(["openssl", *map(str, arguments)], capture_output=True, text=True,
                          check=False, **options)
    assert done.returncode == 0, (arguments, done.stdout, done.stderr)
    return done.stdout


def new(path, *options, **keywords):
    """A key of modseal key new; its path."""
    cli.ok("key", "new", "-o", path, *options, **keywords)
    return path
