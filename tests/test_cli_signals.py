# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does an interrupted run end in 2, and leave every module whole and nothing beside it?"""

import json
import signal
import subprocess
import time

import pytest

from support import cli

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


def start(pki, tree, *arguments, **options):
    return subprocess.Popen(
        [cli.PROGRAM, "sign", "-j1", "-k", pki / "rsa4096-both.pem", *arguments, tree],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=cli.environment(), **options,
    )


def interrupt(pki, tree, number, *arguments):
    """Interrupts a run a while after it began to work; None where it was done before."""
    process = start(pki, tree, *arguments)
    time.sleep(0.15)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_run_ends_in_2_with_every_module_as_it_was(number, pki, tree):
    before = contents(tree)
    status, out, err = interrupt(pki, tree, number)
    if status == 0:
        pytest.skip("the run was done before the signal came")
    assert status == 2, (status, out, err)
    assert "modseal: interrupted\n" in err
    assert contents(tree) == before


def test_an_interrupted_run_is_one_json_document(pki, tree):
    before = contents(tree)
    status, out, err = interrupt(pki, tree, signal.SIGTERM, "--json")
    if status == 0:
        pytest.skip("the run was done before the signal came")
    result = json.loads(out)
    assert (status, result["status"], result["error"]) == (2, 2, "interrupted")
    assert contents(tree) == before


def test_a_signal_that_is_ignored_stays_so(pki, tree):
    process = start(pki, tree, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    time.sleep(0.1)
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, f"{COUNT} modules: {COUNT} signed\n"), err


def test_a_run_on_a_tree_at_work_waits_or_fails_at_once(pki, tree):
    first = start(pki, tree)
    time.sleep(0.15)
    again = cli.run("strip", "--no-wait", tree)
    if first.poll() is not None:
        pytest.skip("the run was done before the other one came")
    assert again.returncode == 2, cli.said(again)
    assert cli.run("recover", "--no-wait", tree).returncode == 2
    waited = cli.run("strip", tree)
    first.communicate(timeout=60)
    assert first.returncode == 0
    # it came after the first: all signatures were there to be taken off
    assert waited.stdout == f"{COUNT} modules: {COUNT} stripped\n", cli.said(waited)


def test_an_interrupted_wait_for_a_tree_ends_in_2(pki, tree):
    first = start(pki, tree)
    time.sleep(0.1)
    second = start(pki, tree)
    time.sleep(0.1)
    second.send_signal(signal.SIGINT)
    out, err = second.communicate(timeout=60)
    done_before = first.poll() is not None
    first.communicate(timeout=60)
    if done_before or second.returncode == 0:
        pytest.skip("there was nothing to wait for any more")
    assert second.returncode == 2 and "interrupted" in err, (out, err)
