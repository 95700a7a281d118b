# SPDX-License-Identifier: LGPL-2.1-or-later
"""Can what a hint says be pasted, whatever the names in it are?

Each hint is given to a shell as it was shown, with stubs in the place of the programs that
hints name. A name is harmless where nothing of it was run, and right where a stub was given
it as one argument.
"""

import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess

import pytest
from support.keys import stores

from support import cli
from support.runs import watch

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]

NAMES = [
    "plain", "two words", "x'; touch PWNED; '", "$(touch PWNED)", "`touch PWNED`",
    '"; touch PWNED; "', "; touch PWNED;", "&& touch PWNED", "new\nline; touch PWNED",
    "new\n'; touch PWNED; '", "\x1b[31mred", "tab\there", "back\\slash'", "caf\u00e9",
    os.fsdecode(b"\xff\xfe"), "\u202ereversed", "-rf", "*", "~", "#no",
]
PROGRAMS = ["modseal", "rm", "chmod", "ln", "chattr", "mount", "look", "restore", "enrol",
            "use", "give", "run", "let", "add", "then"]


def shells():
    return [shell for shell in ("bash", "zsh") if shutil.which(shell)]


@pytest.fixture
def paste(tmp_path):
    """Runs a command as if pasted; the arguments that the programs were given."""
    stubs, seen, where = tmp_path / "stubs", tmp_path / "seen", tmp_path / "where"
    stubs.mkdir()
    where.mkdir()
    for name in PROGRAMS:
        path = stubs / name
        path.write_text(f'#!/bin/bash\nprintf "%s\\0" "$@" >> {seen}\n')
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(hint):
        given = []
        for shell in shells():
            seen.write_bytes(b"")
            watch.run([shutil.which(shell), "-c", hint], cwd=where, still=60,
                      env={"PATH": f"{stubs}:/usr/bin:/bin", "HOME": os.fspath(where)},
                      stdin=subprocess.DEVNULL, capture_output=True)
            assert not list(where.iterdir()), (shell, hint)
            given.append([os.fsdecode(word) for word in seen.read_bytes().split(b"\0")])
        return given

    return run


def hint_of(done):
    found = [line[6:] for line in done.stderr.split("\n") if line.startswith("hint: ")]
    assert found, cli.said(done)
    return found[0]


def place_in(tmp_path, name):
    place = tmp_path / "in" / name
    place.mkdir(parents=True)
    return place


@pytest.mark.parametrize("name", NAMES)
def test_the_store_that_is_to_be_made(name, paste, module, tmp_path):
    store = tmp_path / "in" / name
    hint = hint_of(cli.run("sign", "--store", store, module))
    assert all(os.fspath(store) in given for given in paste(hint)), hint


@pytest.mark.parametrize("name", NAMES)
def test_the_modes_and_links_of_a_store(name, paste, pki, tmp_path):
    place = place_in(tmp_path, name)
    store = stores.certs_local(place / "s", pki, {"20250101-1200": "p256",
                                                  "20260101-1200": "p384"}, "20250101-1200")
    store.chmod(0o777)
    key = store / "20260101-1200/signing_key.pem"
    key.chmod(0o644)
    (store / "20250101-1200").chmod(0o777)
    done = cli.run("key", "status", "--store", store, "--json")
    faults = cli.json.loads(done.stdout)["faults"]
    hints = [line[6:] for line in done.stderr.split("\n") if line.startswith("hint: ")]
    assert [fault["hint"] for fault in faults if fault["hint"]] == hints
    given = [word for hint in hints for words in paste(hint) for word in words]
    for path in store, key, store / "20250101-1200", store / "current":
        assert os.fspath(path) in given, (path, hints)


@pytest.mark.parametrize("name", NAMES)
def test_the_link_that_dangles(name, paste, pki, tmp_path):
    store = stores.certs_local(place_in(tmp_path, name) / "s", pki, {"20250101-1200": "p256"})
    shutil.rmtree(store / "20250101-1200")
    hint = hint_of(cli.run("key", "rotate", "--store", store))
    for given in paste(hint):
        assert os.fspath(store) in given and f"{store}/current" in given, hint


@pytest.mark.parametrize("name", NAMES)
def test_the_journal_that_is_none(name, paste, module, tmp_path):
    place = place_in(tmp_path, name)
    (place / ".modseal-journal").write_text("what is this?\n")
    (place / ".modseal-journal").chmod(0o600)
    hint = hint_of(cli.run("recover", place))
    assert "rm " in hint
    for given in paste(hint[hint.index("rm "):]):
        assert f"{place}/.modseal-journal" in given, hint
    paste(hint)


@pytest.mark.parametrize("name", NAMES)
def test_the_configuration_that_names_what_is_gone(name, paste, pki, tmp_path):
    config = place_in(tmp_path, name) / ".config"
    config.write_text('CONFIG_SYSTEM_TRUSTED_KEYS="gone.pem"\n')
    hint = hint_of(cli.run("config", "trust", pki / "p384.der", config))
    assert all(os.fspath(config) in given for given in paste(hint)), hint


@pytest.mark.parametrize("name", NAMES)
def test_a_path_that_looks_like_an_option_is_none(name, paste, pki, tmp_path):
    """A relative path, as it may stand at a command's beginning."""
    place = tmp_path / "in"
    place.mkdir()
    (place / name).write_text('CONFIG_SYSTEM_TRUSTED_KEYS="gone.pem"\n')
    hint = hint_of(cli.run("config", "trust", "--", pki / "p384.der", name, cwd=place))
    expected = f"./{name}" if name.startswith("-") else name
    assert all(expected in given for given in paste(hint)), hint


@pytest.mark.parametrize("name", NAMES)
def test_what_a_check_of_a_configuration_would_mend(name, paste, pki, tmp_path):
    place = place_in(tmp_path, name)
    key = place / "k.pem"
    shutil.copyfile(pki / "p384-both.pem", key)
    key.chmod(0o644)
    config = place / ".config"
    config.write_text(f'CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY="k.pem"\n'
                      'CONFIG_MODULE_SIG_SHA1=y\nCONFIG_MODULE_SIG_HASH="sha1"\n')
    found = cli.json.loads(cli.run("config", "check", config, "--json").stdout)
    mends = [one["mend"] for one in found["findings"] if one.get("mend")]
    assert mends
    for mend in mends:
        for given in paste(mend):
            assert {os.fspath(config), os.fspath(key)} & set(given), mend


# What the tests above cannot bring about is held to the same rule by its text.

CALL = re.compile(r"\bms_hint\(((?:[^;]|;(?=[^\n]))*?)\);", re.DOTALL)


def calls():
    top = pathlib.Path(__file__).resolve().parent.parent / "lib"
    for path in sorted(top.rglob("*.c")):
        if path.name.startswith("test-") or path.name == "context.c":
            continue
        for call in CALL.findall(path.read_text(encoding="utf-8")):
            yield path.relative_to(top), call


def test_no_hint_has_a_name_that_is_not_quoted():
    allowed = {
        '"%s"',  # hands on a hint that is there
        'choose another %s= in the URI',  # a constant
    }
    seen = 0
    for path, call in calls():
        seen += 1
        if "%s" in call:
            assert any(text in call for text in allowed), f"{path}: {call}: ms_hint_command()"
    assert seen > 20


def test_nothing_in_the_library_quotes_by_itself():
    """'%s' in a command is no quoting."""
    top = pathlib.Path(__file__).resolve().parent.parent / "lib"
    command = re.compile(r'"[^"]*\b(?:rm|chmod|chattr|ln -\w+|modseal \w+)\b[^"]*\'%s')
    for path in sorted(top.rglob("*.c")):
        for line in path.read_text(encoding="utf-8").splitlines():
            assert path.name.startswith("test-") or not command.search(line), f"{path}: {line}"


def test_quoting_is_undone_by_python_s_reading_of_a_shell_s_words():
    """For who reads hints by a program: what needs no $'...' is read by shlex."""
    assert shlex.split("rm 'x'\\''; touch PWNED; '\\'''") == ["rm", "x'; touch PWNED; '"]
