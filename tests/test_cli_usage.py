# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is every fault in a command line told, with status 2 and nothing done?"""

import json
import os
import subprocess

import pytest

from support import cli

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]

COMMANDS = json.loads(cli.ok("--dump-commands"))["commands"] if cli.PROGRAM.exists() else []
OPTIONS = [(command["name"], option) for command in COMMANDS for option in command["options"]]


def named(pair):
    return f"{pair[0]}-{pair[1]['name']}"


def fault(*arguments, **options):
    """A run that must be refused as a usage error; its messages.

    The first argument is a command's name, of one word or two.
    """
    done = cli.run(*arguments[0].split(), *arguments[1:], **options)
    assert done.returncode == 2, cli.said(done)
    assert done.stdout == ""
    assert done.stderr.startswith("modseal: ")
    return done.stderr


def test_no_command_shows_the_commands_as_an_error():
    done = cli.run()
    assert done.returncode == 2
    assert "Commands:" in done.stderr and done.stdout == ""


@pytest.mark.parametrize(
    "word, meant", [("sgin", "sign"), ("verfy", "verify"), ("detatch", "detach"), ("cert", "certs")]
)
def test_a_mistyped_command_is_answered_with_the_nearest(word, meant):
    assert f"hint: did you mean 'modseal {meant}'?" in fault(word)


def test_a_word_like_no_command_is_answered_with_help():
    assert "hint: 'modseal help' lists the commands" in fault("frobnicate")


def test_help_of_an_unknown_command_is_an_error():
    assert "unknown command 'sgin'" in fault("help", "sgin")


@pytest.mark.parametrize("command", [c["name"] for c in COMMANDS if c["min_operands"]])
def test_a_command_without_the_arguments_that_it_needs_is_an_error(command):
    assert f"hint: see 'modseal {command} --help'" in fault(command)


@pytest.mark.parametrize("command", [*cli.COMMANDS, "help"])
def test_an_unknown_option_is_an_error(command):
    assert "unknown option '--frobnicate'" in fault(command, "--frobnicate", "x")
    assert "unknown option '-Z'" in fault(command, "-Z", "x")


def test_a_mistyped_option_is_answered_with_the_nearest():
    assert "hint: did you mean '--kernel'?" in fault("verify", "--kernal", "x", "y")


def test_an_option_is_never_abbreviated():
    assert "unknown option '--verb'" in fault("verify", "--verb", "x")


@pytest.mark.parametrize("pair", [p for p in OPTIONS if not p[1]["arg"]], ids=named)
def test_an_option_without_argument_takes_none(pair):
    command, option = pair
    assert "takes no argument" in fault(command, f"--{option['name']}=x", "a", "b")


@pytest.mark.parametrize("pair", [p for p in OPTIONS if p[1]["arg"]], ids=named)
def test_an_option_with_argument_needs_it(pair):
    command, option = pair
    assert "needs an argument" in fault(command, "x", "y", f"--{option['name']}")
    assert fault(command, "x", "y", f"--{option['name']}=")


@pytest.mark.parametrize("pair", [p for p in OPTIONS if p[1]["values"]], ids=named)
def test_a_choice_takes_its_values_only(pair):
    command, option = pair
    message = fault(command, "x", "y", f"--{option['name']}", "none-such")
    assert option["values"] in message
    first = option["values"].split()[0]
    assert fault(command, "x", "y", f"--{option['name']}={first} ")


@pytest.mark.parametrize("number", ["0", "-1", "+1", "1x", "0x10", " 1", "", "99999999999999999999"])
@pytest.mark.parametrize("option", ["--jobs", "--level", "--max-size"])
def test_a_number_is_taken_strictly(option, number, pki, module):
    before = module.read_bytes()
    fault("sign", "-k", pki / "p256-both.pem", option, number, module)
    assert module.read_bytes() == before


@pytest.mark.parametrize("size", ["1T", "KK", "K", "1k", "1KB", "1.5G", "9999999999999G"])
def test_a_size_is_taken_strictly(size):
    assert "is no size" in fault("show", "--max-size", size, "x")


def test_sign_needs_a_key():
    assert "--key is missing" in fault("sign", "x.ko")


def test_detach_needs_a_bundle():
    assert "--output is missing" in fault("detach", "x.ko")


def test_recover_takes_one_tree():
    assert "one argument too many: 'b'" in fault("recover", "a", "b")


def test_bundle_and_output_exclude_each_other():
    assert "exclude each other" in fault("sign", "-k", "k", "--bundle", "b", "-o", "d", "x.ko")


def test_what_stands_behind_two_dashes_is_no_option(module):
    done = cli.run("show", "--", "--json", cwd=module.parent)
    assert done.returncode == 2
    assert "--json" in done.stderr and "unknown option" not in done.stderr


def test_options_stand_anywhere_and_short_ones_in_one_word(module):
    assert cli.ok("show", module, "-qv", "-j1") == ""
    assert cli.ok("show", "-qj", "1", module) == ""


@pytest.mark.parametrize(
    "arguments", [["verify"], ["sign", "x"], ["frobnicate"], ["certs", "--frobnicate"]]
)
def test_a_fault_is_one_json_document_too(arguments):
    result = cli.document(*arguments)
    assert result["status"] == 2 and result["error"] and result["hint"]
    assert "modules" not in result


def test_the_version_is_that_of_the_build():
    assert cli.ok("--version").startswith("modseal ")


def test_a_closed_standard_output_is_noticed(module):
    for arguments in ["--version"], ["--help"], ["show", module], ["show", "--json", module]:
        done = subprocess.run(
            ["sh", "-c", '"$@" >&-', "sh", cli.PROGRAM, *arguments],
            capture_output=True, text=True, check=False,
        )
        assert done.returncode == 2
        assert "cannot write to standard output" in done.stderr


def test_a_full_disk_under_standard_output_is_noticed(module):
    for arguments in ["--version"], ["help", "sign"], ["show", module], ["show", "--json", module]:
        with open("/dev/full", "w") as full:
            done = cli.run(*arguments, stdout=full)
        assert done.returncode == 2
        assert "No space left on device" in done.stderr


def test_a_reader_that_left_is_noticed(module):
    reading, writing = os.pipe()
    os.close(reading)
    done = cli.run("show", "--json", module, stdout=writing)
    os.close(writing)
    assert done.returncode == 2
    assert "Broken pipe" in done.stderr


def test_closed_standard_streams_are_never_written_by_accident(module, pki):
    before = module.read_bytes()
    done = subprocess.run(
        ["sh", "-c", '"$@" <&- >&- 2>&-', "sh", cli.PROGRAM, "sign", "-v", "-k",
         pki / "p256-both.pem", module],
        check=False,
    )
    assert done.returncode == 2  # its output went nowhere
    payload = cli.signature_of(module)[1]
    assert payload == before
