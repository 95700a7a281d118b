# SPDX-License-Identifier: LGPL-2.1-or-later
"""Assignments quoted for a shell, as tools/debian-archive and lab/build-kernel print them.

A path is quoted where it needs it: a cache may lie below a directory with a space.
"""

import shlex


def read(text):
    """{name: value} of one NAME=VALUE a line; other lines are passed over."""
    pairs = (line.partition("=") for line in text.splitlines())
    return {name: "".join(shlex.split(value)) for name, equals, value in pairs if equals}
