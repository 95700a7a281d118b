# SPDX-License-Identifier: LGPL-2.1-or-later
"""mokutil and keyctl that note what they were given and answer as they are told."""

import os

import pytest

from support import cli

# A mokutil whose firmware is a directory: "new" and "list" are sets of certificates
MOKUTIL = """#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>"$STATE/calls"
echo -- >>"$STATE/calls"
sum=$(sha256sum <"$2" | cut -d' ' -f1)
case $1 in
--test-key)
    [ -z "$SAYS" ] || { echo "$2 $SAYS"; exit 1; }
    [ ! -e "$STATE/list-$sum" ] || { echo "$2 is already enrolled"; exit 1; }
    [ ! -e "$STATE/new-$sum" ] || { echo "$2 is already in the enrollment request"; exit 1; }
    echo "$2 is not enrolled" ;;
--import)
    echo "on standard output"
    env >"$STATE/env"
    [ -z "$FAILS" ] || { echo "$FAILS" >&2; exit 255; }
    [ -n "$SKIPS" ] || cp "$2" "$STATE/new-$sum" ;;
esac
"""
KEYCTL = """#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>"$STATE/calls"
cat >"$STATE/input"
[ -z "$FAILS" ] || { echo "$FAILS" >&2; exit 1; }
echo 123456789
"""


@pytest.fixture
def state(tmp_path):
    """A directory where the stand-ins keep what they were told."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in ("mokutil", MOKUTIL), ("keyctl", KEYCTL):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    (tmp_path / "state").mkdir()
    return tmp_path / "state"


def environment(state, **more):
    path = f"{state.parent / 'bin'}:{os.environ['PATH']}"
    return {"PATH": path, "STATE": state, "SAYS": "", "FAILS": "", "SKIPS": "", **more}


def enroll(state, *arguments, **more):
    return cli.run("key", "enroll", *arguments, env=environment(state, **more))


def enroll_document(state, *arguments, **more):
    return cli.document("key", "enroll", *arguments, env=environment(state, **more))


def calls(state):
    """The arguments of each call."""
    path = state / "calls"
    text = path.read_text() if path.exists() else ""
    return [call.split("\n") for call in text.split("\n--\n") if call]
