# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which source is a kernel of the lab built of, and what does ./check make of one that a
series of patches is not up to?

No kernel is built: the archive, the Linux in its packages and make are made up. What is
asked are lab/build-kernel, as it is, and the job `hashed` of tests/support/check/jobs.sh with a
lab and tests that say what they are told to.
"""

import pathlib
import shutil

import pytest
from support.lab.fake_archive import job, made_up  # noqa: F401  (fixtures)


pytestmark = [pytest.mark.scripts, pytest.mark.skipif(
    not all(map(shutil.which, ("git", "dpkg-deb", "flock"))), reason="no git or dpkg-deb here")]


def test_what_the_archive_serves_is_built_where_the_patches_apply(made_up):
    made_up.serve("9.1.0")
    made_up.serve("9.1.7", "one\ntwo\nthree\nfour\n")
    found = made_up.build()
    assert (found["version"], found["served"], found["why"]) == ("9.1.7", "9.1.7", "")
    assert pathlib.Path(found["vmlinux"]).read_text() == "one\nchanged\nthree\nfour\n"


def test_where_they_do_not_the_version_they_were_made_for_is_built_and_why_is_told(made_up):
    made_up.serve("9.1.0")
    made_up.serve("9.1.7", "one\nsomething else\nthree\n")
    found = made_up.build()
    assert (found["version"], found["served"]) == ("9.1.0", "9.1.7")
    assert found["why"] == "9.1.7: the patches do not apply: conflicts in 0001 (main.c)"
    assert made_up.build() == found  # also where it is remembered


def test_a_new_source_that_does_not_build_is_left_for_one_that_does(made_up):
    made_up.serve("9.1.0")
    made_up.serve("9.1.7", "one\ntwo\nthree\nbroken\n")
    found = made_up.build()
    assert (found["version"], found["why"]) == ("9.1.0", "9.1.7: no kernel can be built of it")
    assert pathlib.Path(found["vmlinux"]).read_text() == "one\nchanged\nthree\n"


def test_what_the_series_was_made_for_has_to_build(made_up):
    made_up.serve("9.1.0", "one\ntwo\nthree\nbroken\n")
    made_up.build(status=2)


def test_a_series_that_does_not_apply_to_its_own_base_is_trouble_and_no_skip(made_up):
    made_up.serve("9.1.7")
    (made_up.top / "kernel/patches/9.1/base.tar.xz").write_bytes(b"\0")
    assert made_up.build(status=2) == {}


def test_without_any_source_that_goes_the_status_is_4_and_why_is_told(made_up):
    made_up.serve("9.1.7", "one\nsomething else\nthree\n")
    found = made_up.build(status=4)
    assert found == {"why": "9.1.7: the patches do not apply: conflicts in 0001 (main.c)"}


def test_a_version_to_be_avoided_is_not_built(made_up):
    made_up.serve("9.1.0")
    made_up.serve("9.1.7", "one\ntwo\nthree\nfour\n")
    found = made_up.build(LAB_AVOID=" 8.0=9.1.0 9.1=9.1.7")
    assert (found["version"], found["why"]) == ("9.1.0", "9.1.7: its kernel does not pass the tests")


def test_a_kernel_that_is_there_does_until_the_newest_is_built(made_up):
    made_up.serve("9.1.0")
    assert made_up.build("--cached", status=3) == {}
    made_up.build()
    made_up.serve("9.1.7", "one\ntwo\nthree\nfour\n")
    for answer in (made_up.cache / "modseal/kernels").glob("answer-*"):
        answer.unlink()  # those of yesterday
    assert made_up.build("--cached")["version"] == "9.1.0"
    assert made_up.build()["version"] == "9.1.7"
    assert made_up.build("--cached")["version"] == "9.1.7"


def test_a_series_that_is_up_to_what_is_served_is_asked_and_nothing_skipped(job):
    assert job.run() == (0, 7, 0, 0, "", ["7.3"])


def test_a_series_that_is_not_is_a_skip_with_both_versions_and_with_full_a_failure(job):
    job.say("7.3", "7.3.1", why="7.3.9: the patches do not apply")
    status, passed, failed, skipped, reasons, asked = job.run()
    assert (status, passed, failed, skipped, asked) == (0, 7, 0, 1, ["7.3"])
    assert reasons == ("kernel/patches/7.3, made for 7.3.1, is not up to what Debian serves: "
                       "7.3.9: the patches do not apply; going on with 7.3.1\n")
    _, _, failed, skipped, again, _ = job.run(full=True)
    assert (failed, skipped) == (1, 0) and again.endswith(reasons)


def test_without_any_kernel_of_the_series_another_series_is_asked(job):
    job.say("7.3", why="7.3.9: the patches do not apply", status=4)
    status, passed, failed, skipped, reasons, asked = job.run()
    assert (status, passed, failed, skipped, asked) == (0, 7, 0, 1, ["6.12"])
    assert "7.3.9" in reasons and "7.3.1" in reasons


def test_without_any_kernel_at_all_nothing_fails(job):
    for series in "6.12", "7.3":
        job.say(series, why="there is no source for it", status=4)
    status, passed, failed, skipped, _, asked = job.run()
    assert (status, passed, failed, skipped, asked) == (0, 0, 0, 2, [])


def test_what_the_series_was_made_for_must_be_built(job):
    job.say("7.3", status=2)
    assert job.run()[0] == 2


def test_tests_that_fail_with_what_the_series_was_made_for_fail(job):
    (job.top / "fails").touch()
    assert job.run()[:4] == (1, 5, 2, 0)


def test_tests_that_fail_with_a_new_source_only_are_a_skip(job):
    job.say("7.3", "7.3.9")
    job.say("7.3-else", "7.3.1", why="7.3.9: its kernel does not pass the tests")
    (job.top / "fails").touch()
    status, passed, failed, skipped, reasons, asked = job.run()
    assert (status, passed, failed, skipped) == (0, 7, 0, 1)
    assert "7.3.9: its kernel does not pass the tests; going on with 7.3.1" in reasons
    assert asked == ["7.3", "7.3  7.3=7.3.9"]


def test_tests_that_fail_with_the_known_source_as_well_fail(job):
    job.say("7.3", "7.3.9")
    job.say("7.3-else", "7.3.1", why="7.3.9: its kernel does not pass the tests")
    (job.top / "fails").touch()
    (job.top / "fails-again").touch()
    assert job.run()[:3] == (1, 5, 2)
