# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does an interrupted run end in 2, and leave every module whole and nothing beside it?"""

import json
import signal

import pytest

from support import atwork, cli

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
