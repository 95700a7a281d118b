# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where does the passphrase come from, in which order, and where does it never appear?"""

import os
import signal

import pytest

from support import cli
from support.keys import pki as test_pki
from support.runs import atwork
from support.runs.terminal import Terminal

RIGHT = test_pki.PASSPHRASE
WRONG = "wrong horse"


@pytest.fixture
def key(pki):
    return pki / "p384-enc-both.pem"


def sign(key, module, *arguments, **env):
    return cli.run("sign", "-k", key, *arguments, module, env=env)


def signed(module):
    return module.read_bytes().endswith(cli.MARKER)


def pin_file(tmp_path, content, mode=0o600):
    path = tmp_path / "pin"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def credentials(tmp_path, content):
    directory = tmp_path / "credentials"
    directory.mkdir()
    (directory / "modseal.pin").write_text(content)
    (directory / "modseal.pin").chmod(0o400)
    return directory


@pytest.mark.parametrize("ending", [b"", b"\n"])
def test_a_pin_file_unlocks_the_key_with_or_without_a_newline(ending, key, module, tmp_path):
    done = sign(key, module, "--pin-file", pin_file(tmp_path, RIGHT.encode() + ending))
    assert (done.returncode, done.stderr) == (0, ""), cli.said(done)
    assert signed(module)


@pytest.mark.parametrize("content", [RIGHT.encode() + b"\n\n", b"\n", b"", b"x" * 100000])
def test_another_pin_file_does_not(content, key, module, tmp_path):
    done = sign(key, module, "--pin-file", pin_file(tmp_path, content))
    assert done.returncode == 2 and done.stderr.startswith("modseal: ")
    assert not signed(module)


def test_a_pin_file_open_to_all_is_warned_about(key, module, tmp_path):
    done = sign(key, module, "--pin-file", pin_file(tmp_path, RIGHT.encode(), 0o644))
    assert done.returncode == 0
    assert "warning: the pin file" in done.stderr and "0644" in done.stderr


def test_a_pin_file_may_be_a_pipe(key, module):
    reading, writing = os.pipe()
    os.write(writing, RIGHT.encode())
    os.close(writing)
    done = cli.run("sign", "-k", key, "--pin-file", f"/dev/fd/{reading}", module, pass_fds=[reading])
    os.close(reading)
    assert done.returncode == 0, cli.said(done)


def test_the_environment_unlocks_the_key(key, module):
    assert sign(key, module, KBUILD_SIGN_PIN=RIGHT).returncode == 0
    assert signed(module)


def test_a_credential_unlocks_the_key(key, module, tmp_path):
    done = sign(key, module, CREDENTIALS_DIRECTORY=credentials(tmp_path, RIGHT + "\n"))
    assert done.returncode == 0, cli.said(done)


def test_the_pin_file_comes_before_the_environment(key, module, tmp_path):
    pin = pin_file(tmp_path, RIGHT.encode())
    assert sign(key, module, "--pin-file", pin, KBUILD_SIGN_PIN=WRONG).returncode == 0
    pin = pin_file(tmp_path, WRONG.encode())
    assert sign(key, module, "--pin-file", pin, KBUILD_SIGN_PIN=RIGHT).returncode == 2


def test_the_environment_comes_before_the_credential(key, module, tmp_path):
    directory = credentials(tmp_path, WRONG)
    done = sign(key, module, KBUILD_SIGN_PIN=RIGHT, CREDENTIALS_DIRECTORY=directory)
    assert done.returncode == 0, cli.said(done)


def test_a_missing_pin_file_is_never_passed_over(key, module, tmp_path):
    done = sign(key, module, "--pin-file", tmp_path / "nowhere", KBUILD_SIGN_PIN=RIGHT)
    assert done.returncode == 2
    assert f"cannot open '{tmp_path / 'nowhere'}'" in done.stderr
    assert not signed(module)


def test_without_any_source_signing_fails_at_once(key, module):
    done = sign(key, module)
    assert done.returncode == 2 and done.stderr.startswith("modseal: ")
    assert not signed(module)


def test_a_wrong_passphrase_is_told_and_never_shown(key, module):
    done = sign(key, module, "-v", KBUILD_SIGN_PIN=WRONG)
    assert done.returncode == 2
    assert WRONG not in done.stdout + done.stderr
    assert cli.document("sign", "-k", key, module, env={"KBUILD_SIGN_PIN": WRONG})["error"]


def test_an_unencrypted_key_needs_no_secret(pki, module, tmp_path):
    done = sign(pki / "p384-both.pem", module, "--pin-file", tmp_path / "nowhere")
    assert done.returncode == 0


def test_the_terminal_is_asked_without_echo(key, module):
    terminal = Terminal("sign", "-k", key, module)
    terminal.wait_for(b"Secret for ")
    assert not terminal.echoes()
    os.write(terminal.fd, RIGHT.encode() + b"\n")
    assert terminal.end() == 0
    assert RIGHT.encode() not in terminal.seen
    assert signed(module)


def test_an_interrupted_prompt_gives_the_echo_back(key, module):
    for number in signal.SIGINT, signal.SIGTERM:
        terminal = Terminal("sign", "-k", key, module)
        terminal.wait_for(b"Secret for ")
        # the attributes are looked at while our end still holds the terminal
        os.kill(terminal.pid, number)
        terminal.wait_for(b"interrupted")
        assert terminal.echoes()
        assert terminal.end() == 2
        assert not signed(module)


def test_the_secret_is_not_in_the_environment_while_signing(key, pki, tmp_path, tiny_module):
    tree, count = tmp_path / "tree", 400
    tree.mkdir()

    def start():
        for i in range(count):
            (tree / f"m{i}.ko").write_bytes(tiny_module.read_bytes())
        return atwork.Run("sign", "-j1", "-k", pki / "rsa2048-enc-both.pem", tree,
                          env={"KBUILD_SIGN_PIN": RIGHT, "MARK": "is seen"})

    with atwork.caught(start, atwork.is_undecided(tree, most=count - 1)) as run:
        with open(f"/proc/{run.pid}/environ", "rb") as file:
            content = file.read()
        assert b"MARK=is seen" in content
        assert RIGHT.encode() not in content
        assert run.end() == 0, run.err
