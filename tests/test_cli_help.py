# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do help, man pages and completions say what the program's own table says?"""

import json
import pathlib
import re
import shutil
import subprocess

import pytest

from support import cli

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]

MAN = cli.TOP / "man"
COMPLETION = cli.BUILD / "completion"
COMMANDS = json.loads(cli.ok("--dump-commands"))["commands"] if cli.PROGRAM.exists() else []
PAGES = sorted(MAN.glob("modseal*.[0-9]"))

for_each_command = pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c["name"])
for_each_page = pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)


def need(program):
    if not shutil.which(program):
        pytest.skip(f"no {program} on this machine")


def test_the_table_has_the_commands_of_the_contract():
    names = [command["name"] for command in COMMANDS]
    assert sorted(names) == sorted([*cli.COMMANDS, "help"])
    section = (MAN / "modseal.1").read_text(encoding="utf-8").split(".Sh COMMANDS")[1]
    told = re.findall(r"(?m)^\.It Cm (\w+)", section.split(".Sh ")[0])
    assert told == list(dict.fromkeys(name.split()[0] for name in names))


@for_each_command
def test_a_command_is_run_by_a_test(command):
    words = r'",\s+"'.join(command["name"].split())
    tests = (path.read_text(encoding="utf-8") for path in sorted((cli.TOP / "tests").glob("test_*.py")))
    assert any(re.search(rf'"{words}"', text) for text in tests)


@for_each_command
def test_help_fits_80_columns_and_names_every_option(command):
    words = command["name"].split()
    text = cli.ok("help", *words)
    assert text == cli.ok(*words, "--help")
    assert max(map(len, text.splitlines())) <= 80
    for option in command["options"]:
        assert re.search(rf"^ .*--{option['name']}\b", text, re.MULTILINE)
    for status, meaning in enumerate(command["exit"]):
        assert (f"\n  {status}  " in text) == (meaning is not None)


def test_the_list_of_commands_fits_80_columns_and_is_whole():
    text = cli.ok("help")
    assert text == cli.ok("--help") == cli.ok("-h")
    assert max(map(len, text.splitlines())) <= 80
    for command in COMMANDS:
        assert f"\n  {command['name']} " in text


def options_in(page):
    """{(long name, letter, argument)} of the page's option lists."""
    found = set()
    for line in page.read_text(encoding="utf-8").splitlines():
        match = re.fullmatch(
            r"\.It Fl (?:(\w) , Fl )?-([\w-]+)(?: Ns = Ns Ar (\S+))?", line
        )
        if match:
            found.add((match[2], match[1], match[3]))
    return found


def commands_of(page):
    """The commands that the page is about: one, or a group."""
    return [c for c in COMMANDS if page == f"modseal-{c['name'].split()[0]}.1"]


@pytest.mark.parametrize("page", cli.PAGES)
def test_a_command_page_has_the_options_of_the_table(page):
    options = [option for command in commands_of(page) for option in command["options"]]
    text = (MAN / page).read_text(encoding="utf-8")
    assert options_in(MAN / page) == {(o["name"], o["letter"], o["arg"]) for o in options}
    for option in options:
        for value in (option["values"] or "").split():
            assert re.search(rf"(?m)^\.Cm .*(?<![\w-]){re.escape(value)}(?![\w-])", text), value
    exits = text.split(".Sh EXIT STATUS")[1]
    for status in range(3):
        occurs = any(command["exit"][status] for command in commands_of(page))
        assert (f".It {status}\n" in exits) == occurs


@pytest.mark.parametrize("page", cli.PAGES)
def test_a_group_s_page_tells_of_each_of_its_commands(page):
    text = (MAN / page).read_text(encoding="utf-8")
    for command in commands_of(page):
        assert re.search(rf"(?m)^\.(Nm|Ss) .*\b{command['name'].split()[-1]}\b", text)


def test_every_command_has_a_page_and_every_page_a_command():
    names = {p.name for p in PAGES}
    assert names == {"modseal.1", "modseal-bundle.5", *cli.PAGES}
    installed = (MAN / "meson.build").read_text(encoding="utf-8")
    for name in names:
        assert f"'{name}'" in installed


@pytest.mark.parametrize("page", cli.PAGES)
def test_a_command_page_is_complete(page):
    text = (MAN / page).read_text(encoding="utf-8")
    sections = re.findall(r"(?m)^\.Sh (.*)", text)
    for section in "NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXIT STATUS", "EXAMPLES", "SEE ALSO":
        assert section in sections


@for_each_page
def test_mandoc_finds_nothing_wrong_with_a_page(page):
    need("mandoc")
    done = subprocess.run(
        ["mandoc", "-T", "lint", "-W", "style", page], capture_output=True, text=True, check=False
    )
    # whether the other pages are installed is not this page's fault
    complaints = [
        line
        for line in (done.stdout + done.stderr).splitlines()
        if "referenced manual not found" not in line and "outdated mandoc.db" not in line
    ]
    assert complaints == []


@for_each_page
def test_man_formats_a_page_without_a_warning(page):
    need("man")
    done = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page],
        capture_output=True, text=True, check=False,
        env=cli.environment(MANWIDTH=80, MANROFFSEQ="", LC_ALL="C.UTF-8"),
    )
    assert (done.returncode, done.stderr) == (0, "")


@for_each_page
def test_a_page_refers_to_pages_that_exist(page):
    for name, section in re.findall(r"(?m)^\.Xr (\S+) (\d)", page.read_text(encoding="utf-8")):
        if name.startswith("modseal"):
            assert (MAN / f"{name}.{section}").exists(), name


BASH = r"""
source "$1"; shift
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
_modseal
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words, cwd=None):
    """What bash offers for the last word."""
    done = subprocess.run(
        ["bash", "-c", BASH, "bash", COMPLETION / "modseal", *words],
        capture_output=True, text=True, check=True, cwd=cwd,
    )
    assert done.stderr == ""
    return set(done.stdout.split("\n")) - {""}


def test_bash_completes_commands():
    need("bash")
    assert complete("modseal", "s") == {"sign", "show", "strip"}
    words = {c["name"].split()[0] for c in COMMANDS}
    assert complete("modseal", "") == words | {"--help", "--version"}
    for group in words - {c["name"] for c in COMMANDS}:
        second = {c["name"].split()[1] for c in COMMANDS if c["name"].startswith(f"{group} ")}
        assert complete("modseal", group, "") == second | {"--help"}
    assert complete("modseal", "help", "ver") == {"verify"}


@for_each_command
def test_bash_completes_the_options_of_the_table(command):
    need("bash")
    offered = complete("modseal", *command["name"].split(), "-")
    assert offered == {f"--{option['name']}" for option in command["options"]}


def test_bash_completes_values():
    need("bash")
    expected = {"sha3-256", "sha3-384", "sha3-512"}
    assert complete("modseal", "sign", "--hash", "sha3-") == expected
    assert complete("modseal", "sign", "-H", "sha3-") == expected
    assert complete("modseal", "sign", "--hash", "=", "sha3-") == expected
    assert len(complete("modseal", "sign", "--hash", "=")) == 6
    assert complete("modseal", "verify", "-j", "") == set()


def test_bash_completes_files_and_directories(tmp_path):
    need("bash")
    (tmp_path / "a dir").mkdir()
    (tmp_path / "a file.ko").touch()
    assert complete("modseal", "sign", "a", cwd=tmp_path) == {"a dir", "a file.ko"}
    assert complete("modseal", "sign", "-o", "a", cwd=tmp_path) == {"a dir"}
    assert complete("modseal", "sign", "--key", "a", cwd=tmp_path) == {"a dir", "a file.ko"}


@pytest.mark.parametrize("shell, name", [("zsh", "_modseal"), ("fish", "modseal.fish")])
def test_the_completion_is_valid_in_its_shell(shell, name):
    need(shell)
    done = subprocess.run(
        [shell, "-n", COMPLETION / name], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_fish_completes_options_and_values():
    need("fish")

    def offered(line):
        script = f"source '{COMPLETION / 'modseal.fish'}'; complete -C '{line}'"
        done = subprocess.run(
            ["fish", "--no-config", "-c", script], capture_output=True, text=True, check=True
        )
        return {entry.split("\t")[0] for entry in done.stdout.splitlines()}

    assert {"sign", "show", "strip"} == offered("modseal s")
    assert {"deterministic"} == offered("modseal sign --nonce d")
    for command in COMMANDS:
        assert {f"--{o['name']}" for o in command["options"]} <= offered(
            f"modseal {command['name']} --"
        )


def test_installing_puts_everything_in_its_place(tmp_path):
    done = subprocess.run(
        ["meson", "install", "-C", cli.BUILD, "--no-rebuild", "--destdir", tmp_path],
        capture_output=True, text=True, check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    files = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    for part in (
        "bin/modseal", "libmodseal.so.0", "pkgconfig/libmodseal.pc", "include/modseal/tree.h",
        "share/man/man1/modseal-sign.1", "share/man/man5/modseal-bundle.5",
        "share/bash-completion/completions/modseal", "share/zsh/site-functions/_modseal",
        "share/fish/vendor_completions.d/modseal.fish", "libexec/modseal/modseal-dkms-sign",
        "libexec/modseal/modseal-dkms-check",
    ):
        assert any(name.endswith(part) for name in files), part
    assert not any(pathlib.Path(name).name.startswith("gen-") for name in files)
    (library,) = tmp_path.rglob("libmodseal.so.0")
    (program,) = tmp_path.rglob("bin/modseal")
    where = library.parent.relative_to(tmp_path)
    if where.parts[:2] != ("usr", "lib"):  # the loader does not look there by itself
        said = subprocess.run(["readelf", "-d", program], capture_output=True, text=True,
                              check=True).stdout
        assert f"[/{where}]" in said
