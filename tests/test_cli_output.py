# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is what comes from outside harmless on a terminal, and whole in JSON?"""

import json
import os
import pty
import re
import shutil
import subprocess
import time
import urllib.parse

import pytest

from support import cli
from support.runs import atwork

pytestmark = pytest.mark.anywhere

NASTY = "a\nb\x1b[31mred\x07\tc\u202e.ko"
NOT_UTF8 = b"\xff\xfe%41.ko"


@pytest.fixture
def nasty(tmp_path, tiny_module):
    """A directory with modules whose names are not fit for a terminal."""
    directory = tmp_path / "nasty"
    directory.mkdir()
    shutil.copyfile(tiny_module, directory / NASTY)
    shutil.copyfile(tiny_module, os.fsencode(directory) + b"/" + NOT_UTF8)
    return directory


def harmless(text):
    return all(char == "\n" or char >= " " and char != "\x7f" for char in text)


@pytest.mark.parametrize("command", [["show"], ["strip"], ["verify", "-v"]])
def test_control_characters_of_a_name_never_reach_the_terminal(command, nasty, pki):
    extra = ["--trust", pki / "p256.pem"] if command[0] == "verify" else []
    done = cli.run(*command, *extra, nasty)
    assert "\x1b" not in done.stdout + done.stderr
    assert harmless(done.stdout) and harmless(done.stderr)
    assert "red" in done.stdout


def test_control_characters_in_an_error_never_reach_the_terminal(tmp_path):
    done = cli.run("show", tmp_path / NASTY)
    assert done.returncode == 2 and "red" in done.stderr
    assert harmless(done.stderr) and done.stderr.count("\n") == 1


def test_control_characters_of_arguments_never_reach_the_terminal():
    done = cli.run("\x1b[31m")
    assert done.returncode == 2 and harmless(done.stderr)
    done = cli.run("show", "--\x1b[31m", "x")
    assert done.returncode == 2 and harmless(done.stderr)


def test_json_gives_back_every_byte_of_a_name(nasty):
    result = cli.document("show", nasty)
    names = {
        os.path.basename(urllib.parse.unquote_to_bytes(m["path"])) for m in result["modules"]
    }
    assert names == {os.fsencode(NASTY), NOT_UTF8}


def test_control_characters_of_a_certificate_never_reach_the_terminal(module, pki):
    cli.ok("sign", "-v", "-k", pki / "p384.key", "-c", pki / "subject.pem", module)
    for arguments in (
        ["show", module], ["verify", "-v", "--trust", pki / "subject.pem", module],
        ["certs", pki / "subject.pem"],
    ):
        assert harmless(cli.ok(*arguments))
        cli.document(*arguments)


@pytest.mark.parametrize("arguments", [["show"], ["strip"], ["recover"], ["certs"]])
def test_json_is_one_document_and_nothing_else(arguments, module):
    done = cli.run(*arguments, "--json", "-v", module)
    json.loads(done.stdout)
    assert done.stdout.endswith("}\n")


def on_terminal(*arguments, env=None):
    """What modseal writes to a terminal that is its standard output and error."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [cli.PROGRAM, *map(os.fspath, arguments)], stdin=subprocess.DEVNULL, stdout=theirs,
        stderr=theirs, env=cli.environment(**{"TERM": "xterm", **(env or {})}),
    ) as process:
        os.close(theirs)
        text = read_and_close(ours)
        process.wait()
    return text


def read_and_close(terminal):
    text = b""
    while True:
        try:
            part = os.read(terminal, 4096)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        text += part
    os.close(terminal)
    return text


def is_coloured(text):
    """A bar of progress, which a slow machine may show, has no colour."""
    return re.search(rb"\x1b\[[0-9;]*m", text)


def test_colours_are_for_terminals_unless_told(module):
    colour = b"\x1b[33munsigned"
    assert colour in on_terminal("strip", module)
    assert not is_coloured(on_terminal("strip", module, env={"NO_COLOR": "1"}))
    assert colour in on_terminal("strip", module, env={"NO_COLOR": ""})
    assert not is_coloured(on_terminal("strip", "--color=never", module))
    assert colour in on_terminal("strip", "--color=always", module, env={"NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal("strip", "--color=auto", module, env={"TERM": "dumb"})
    assert "\x1b" not in cli.run("strip", module).stdout
    assert "\x1b[33m" in cli.run("strip", "--color", "always", module).stdout


def test_json_is_never_coloured(module):
    assert "\x1b" not in cli.run("strip", "--json", "--color=always", module).stdout


def test_short_work_shows_no_progress(module):
    # the same work may take long where others are at work
    assert any(b"\r" not in on_terminal("show", module).replace(b"\r\n", b"\n")
               for _ in range(atwork.TRIES))


def signing_for_long(tree, pki, *options):
    """What signing writes to a terminal if it takes more than half a second, since it was
    stopped for that long."""
    before = {path: path.read_bytes() for path in tree.iterdir()}
    terminals = []

    def start():
        for path, data in before.items():
            path.write_bytes(data)
        ours, theirs = pty.openpty()
        terminals.append(ours)
        run = atwork.Run("sign", "-j1", "--no-sync", *options, "-k", pki / "rsa4096-both.pem",
                         tree, terminal=theirs, env={"TERM": "xterm"})
        os.close(theirs)
        return run

    with atwork.caught(start, atwork.is_undecided(tree, most=len(before) // 2)) as run:
        time.sleep(0.6)
        run.go_on()
        text = read_and_close(terminals.pop())
        assert run.end() == 0, text
    for terminal in terminals:
        os.close(terminal)
    return text


def test_long_work_shows_progress_and_erases_it(tmp_path, pki, tiny_module):
    for i in range(60):
        (tmp_path / f"m{i}.ko").write_bytes(tiny_module.read_bytes())
    text = signing_for_long(tmp_path, pki)
    assert b"\rmodseal sign: [" in text
    assert b"\r\x1b[K60 modules: 60 signed" in text
    cli.ok("strip", "--no-sync", tmp_path)
    assert signing_for_long(tmp_path, pki, "-q") == b""
