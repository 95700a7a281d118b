# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does ./check ask what it was told to, and does it count what came out?

Its jobs are replaced by small ones here; they run as the real ones do.
"""

import shutil
import subprocess
import textwrap

import pytest

from support import cli

pytestmark = pytest.mark.scripts

SHARED = ["check", "tests/support/check/common.sh", "tests/support/check/packages",
          "tests/support/runs/watch.py"]


@pytest.fixture
def check(tmp_path):
    """A function that runs ./check with options, in a tree whose jobs are those given, and
    returns how it ended and what the jobs logged."""

    def run(*options, **jobs):
        for name in SHARED:
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(cli.TOP / name, tmp_path / name)
        real = (cli.TOP / "tests/support/check/jobs.sh").read_text()
        asked = "".join(f"job_{name}()\n{{\n{textwrap.dedent(body)}\n}}\n"
                        for name, body in jobs.items())
        (tmp_path / "tests/support/check/jobs.sh").write_text(f"{real}\n{asked}")
        ended = subprocess.run(
            [tmp_path / "check", "--no-install", *options, *jobs],
            stdin=subprocess.DEVNULL, capture_output=True, text=True)
        logs = {name: (tmp_path / f"build/check/logs/{name}.log").read_text() for name in jobs}
        return ended, logs

    return run


def last_line(ended):
    return ended.stdout.splitlines()[-1]


@pytest.mark.parametrize("options, full", [((), "false"), (("--full",), "true")])
def test_a_job_is_told_whether_everything_is_asked(check, options, full):
    asks = 'tally 1 0 0; echo "$FULL $SANITIZED"; sh -c \'echo "inside: $FULL"\''
    ended, logs = check(*options, gcc=asks, unit=asks)
    assert ended.returncode == 0 and last_line(ended) == "2 passed, 0 failed, 0 skipped"
    for log in logs.values():
        assert log.startswith(f"{full} ") and f"inside: {full}\n" in log
        assert ("not plain" in log) == (full == "false")


def test_what_fails_without_counting_a_test_counts_as_one(check):
    ended, _ = check(gcc="tally 3 0 0; return 7", unit="tally 2 0 4", layers="kill -9 $$")
    assert ended.returncode == 1 and last_line(ended) == "5 passed, 2 failed, 4 skipped"


def test_a_job_that_counts_nothing_is_one_test_and_one_that_cannot_run_is_skipped(check):
    ended, _ = check(gcc="true", unit="need_command no-such-command-anywhere; return 1")
    assert ended.returncode == 0 and last_line(ended) == "1 passed, 0 failed, 1 skipped"
    assert "skipped 1: no no-such-command-anywhere on this machine" in ended.stdout


def test_jobs_that_nobody_has_are_no_success(check):
    ended = subprocess.run([cli.TOP / "check", "--no-install", "no-such-job"],
                           capture_output=True, text=True)
    assert ended.returncode == 2 and "no job 'no-such-job'" in ended.stderr
