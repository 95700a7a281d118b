# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does an interrupted run end in 2, and leave every module whole and nothing beside it?"""

import fcntl
import json
import os
import select
import signal
import subprocess

import pytest

from support import cli
from support.runs import atwork

pytestmark = [pytest.mark.plain, pytest.mark.anywhere]

COUNT = 150


@pytest.fixture
def tree(tmp_path, tiny_module):
    directory = tmp_path / "tree"
    directory.mkdir()
    for i in range(COUNT):
        # of different sizes, so that the work takes a while
        (directory / f"m{i:03}.ko").write_bytes(tiny_module.read_bytes() + bytes(i * 100))
    return directory


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def sign(pki, tree, *arguments, **options):
    return atwork.Run("sign", "-j1", "-k", pki / "rsa4096-both.pem", *arguments, tree, **options)


def stopped(pki, tree, *arguments, **options):
    """A run that stands still with some of the modules' new files made."""
    before = contents(tree)

    def start():
        for name, data in before.items():
            (tree / name).write_bytes(data)
        return sign(pki, tree, *arguments, **options)

    return atwork.caught(start, atwork.is_undecided(tree, most=COUNT - 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_ends_in_2_with_every_module_as_it_was(number, pki, tree):
    before = contents(tree)
    with stopped(pki, tree) as run:
        run.send(number)
        assert run.end() == 2, (run.out, run.err)
        assert "modseal: interrupted\n" in run.err
    assert contents(tree) == before


def test_an_interrupted_run_is_one_json_document(pki, tree):
    before = contents(tree)
    with stopped(pki, tree, "--json") as run:
        run.send(signal.SIGTERM)
        status, result = run.end(), json.loads(run.out)
    assert (status, result["status"], result["error"]) == (2, 2, "interrupted")
    assert contents(tree) == before


def test_a_signal_that_is_ignored_stays_so(pki, tree):
    def ignore():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    with stopped(pki, tree, preexec_fn=ignore) as run:
        run.send(signal.SIGHUP)
        assert (run.end(), run.out) == (0, f"{COUNT} modules: {COUNT} signed\n"), run.err


def test_a_run_on_a_tree_at_work_waits_or_fails_at_once(pki, tree):
    with stopped(pki, tree) as first:
        again = cli.run("strip", "--no-wait", tree)
        assert again.returncode == 2, cli.said(again)
        assert cli.run("recover", "--no-wait", tree).returncode == 2
        with atwork.Run("strip", tree) as second:
            second.says("waiting for another run on")
            assert first.end() == 0, first.err
            assert second.end() == 0, second.err
            # it came after the first: all signatures were there to be taken off
            assert second.out == f"{COUNT} modules: {COUNT} stripped\n", second.err


def test_an_interrupted_wait_for_a_tree_ends_in_2(pki, tree):
    with stopped(pki, tree) as first:
        with sign(pki, tree) as second:
            second.says("waiting for another run on")
            second.send(signal.SIGINT)
            assert second.end() == 2, (second.out, second.err)
            assert "interrupted" in second.err
        assert first.end() == 0, first.err


@pytest.fixture
def full_pipe():
    """A pipe that has no room for more, and whose reader does not read."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def ends_by(number, process, writing):
    """Its status, where a signal comes when it has filled the pipe and waits."""
    poll = select.poll()
    poll.register(writing, select.POLLOUT)
    atwork.until(lambda: not poll.poll(0) or process.poll() is not None, "a full pipe")
    assert process.poll() is None
    process.send_signal(number)
    atwork.until(lambda: process.poll() is not None, "its end")
    return process.returncode


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("stream, options", [("stdout", []), ("stdout", ["--json"]),
                                             ("stderr", [])])
def test_a_run_whose_output_nobody_reads_ends_by_a_signal(number, stream, options, tree, full_pipe):
    # what is not there is told on standard error
    absent = [tree / f"no-such-module-{i}.ko" for i in range(400)]
    command = [cli.PROGRAM, "show", *options, *([tree] if stream == "stdout" else absent)]
    streams = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: full_pipe[1]}
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True,
                          env=cli.environment(), **streams) as process:
        assert ends_by(number, process, full_pipe[1]) == 2


def test_a_run_that_writes_to_a_fifo_that_nobody_reads_ends_by_a_signal(pki, tree, tmp_path):
    cli.ok("sign", "-k", pki / "p256-both.pem", tree)
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    pipe = os.open(fifo, os.O_RDWR)
    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, 4096)
    with subprocess.Popen([cli.PROGRAM, "detach", "-o", fifo, tree], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, start_new_session=True,
                          env=cli.environment()) as process:
        assert ends_by(signal.SIGTERM, process, pipe) == 2
        assert process.stderr.read() == b"modseal: interrupted\n"
    os.close(pipe)
