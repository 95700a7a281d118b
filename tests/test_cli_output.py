# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is what comes from outside harmless on a terminal, and whole in JSON?"""

import json
import os
import pty
import shutil
import subprocess
import urllib.parse

import pytest

from support import cli

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
        text = b""
        while True:
            try:
                part = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            if not part:
                break
            text += part
        process.wait()
    os.close(ours)
    return text


def test_colours_are_for_terminals_unless_told(module):
    colour = b"\x1b[33munsigned"
    assert colour in on_terminal("strip", module)
    assert b"\x1b" not in on_terminal("strip", module, env={"NO_COLOR": "1"})
    assert colour in on_terminal("strip", module, env={"NO_COLOR": ""})
    assert b"\x1b" not in on_terminal("strip", "--color=never", module)
    assert colour in on_terminal("strip", "--color=always", module, env={"NO_COLOR": "1"})
    assert b"\x1b" not in on_terminal("strip", "--color=auto", module, env={"TERM": "dumb"})
    assert "\x1b" not in cli.run("strip", module).stdout
    assert "\x1b[33m" in cli.run("strip", "--color", "always", module).stdout


def test_json_is_never_coloured(module):
    assert "\x1b" not in cli.run("strip", "--json", "--color=always", module).stdout


def test_short_work_shows_no_progress(module):
    assert b"\r" not in on_terminal("show", module).replace(b"\r\n", b"\n")


def test_long_work_shows_progress_and_erases_it(tmp_path, pki, tiny_module):
    # noise, which xz takes long for: well over half a second on any machine
    noise = os.urandom(1 << 20)
    for i in range(6):
        path = tmp_path / f"m{i}.ko"
        path.write_bytes(tiny_module.read_bytes() + noise)
    subprocess.run(["xz", "-0", "--check=crc32", *tmp_path.glob("*.ko")], check=True)
    text = on_terminal("sign", "-j1", "--no-sync", "-k", pki / "p256-both.pem", tmp_path)
    assert b"\rmodseal sign: [" in text
    assert b"\r\x1b[K6 modules: 6 signed" in text
    cli.ok("strip", "--no-sync", tmp_path)
    quiet = on_terminal("sign", "-q", "-j1", "--no-sync", "-k", pki / "p256-both.pem", tmp_path)
    assert quiet == b""
