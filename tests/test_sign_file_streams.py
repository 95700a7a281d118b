# SPDX-License-Identifier: LGPL-2.1-or-later
"""Called as sign-file with a pipe for <dest>, does it say whether all has gone there?

The pipe is standard output; strace makes the calls fail.
"""

import os
import re
import subprocess

import pytest

from support import cli
from support.runs import strace

pytestmark = pytest.mark.anywhere


@pytest.fixture
def command(tmp_path, module, pki):
    strace.need()
    link = tmp_path / "bin" / "sign-file"
    link.parent.mkdir()
    link.symlink_to(cli.PROGRAM)
    return [link, "sha256", pki / "p256.key", pki / "p256.pem", module, "/dev/stdout"]


def traced(command, log, calls, *more):
    return subprocess.run(
        ["strace", "-f", "-qq", "-y", "-o", log, "-e", f"trace={calls}", *more,
         *map(os.fspath, command)], stdin=subprocess.DEVNULL, capture_output=True,
        check=False, env=cli.environment(**cli.without_leak_check()))


def numbers(log, call, what):
    """Which of the first thread's calls of that name have to do with what."""
    lines = [line.split(maxsplit=1) for line in log.read_text(errors="replace").splitlines()]
    own = [text for thread, text in lines if thread == lines[0][0]
           and text.startswith(f"{call}(")]
    return [i + 1 for i, text in enumerate(own) if re.search(what, text)]


def test_each_read_and_write_that_fails_is_a_failure(command, tmp_path):
    log = tmp_path / "log"
    whole = traced(command, log, "read,write,close")
    assert whole.returncode == 0 and whole.stdout.endswith(b"~Module signature appended~\n")
    broken = 0
    for call, what in ("read", r"\.modseal-[^>]*>"), ("write", r"write\(\d+<pipe:"):
        for number in numbers(log, call, what):
            done = traced(command, tmp_path / "other", call, "-e",
                          f"inject={call}:error=EIO:when={number}")
            assert done.returncode == 1, (call, number, done)
            assert b"Input/output error" in done.stderr
            broken += 1
    assert broken >= 3  # the content, its end, and the writing
