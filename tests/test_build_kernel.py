# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a kernel's build that was stopped taken up again, and what it left half-done found?

lab/build-kernel, build-matrix and reproduce-kernel as they are, on a source of four files, with a `make` that does what the
kernel's does: it notes a target's command behind the target, and makes again what has no
note. Every tool of the build counts, and at one of the counts all of the build is killed.
"""

import signal
import subprocess

import pytest
from support import cli
from support.runs import extent, watch
from support.lab.fake_builds import Cache, OBJECTS, STRIDE, executable, kernel_of, same
from support.lab.fake_builds import bench, undisturbed  # noqa: F401  (fixtures)

pytestmark = pytest.mark.scripts


def test_a_build_that_was_killed_at_any_step_comes_to_the_same_kernel(bench, undisturbed,
                                                                      tmp_path):
    kernel, steps = undisturbed
    assert len(steps) > 20
    for at in range(1, len(steps), STRIDE):  # the last is when the kernel is there
        cache = Cache(bench, tmp_path / str(at))
        killed = cache.build(kill_at=at)
        assert killed.returncode == -signal.SIGKILL, (at, cli.said(killed))
        assert not list(cache.kernels.glob("*/*/vmlinuz")), "what is unfinished has the name"
        before = cache.compiled()
        assert same(kernel, kernel_of(cache.build())), (at, steps[at - 1])
        # the one that it was at is made once more, and no other
        assert set(before[:-1]).isdisjoint(cache.compiled()), (at, before, cache.compiled())
        assert not cache.parts()


def test_a_build_that_is_killed_again_and_again_comes_to_its_end(bench, undisturbed, tmp_path):
    cache = Cache(bench, tmp_path / "cache")
    number = 24  # enough to get further: keeping a kernel, and what is before that
    for _ in range(len(undisturbed[1])):
        done = cache.build(kill_at=number)
        if done.returncode == 0:
            break
        assert done.returncode == -signal.SIGKILL
    assert same(undisturbed[0], kernel_of(done))


def test_a_half_written_object_of_a_form_before_is_made_again(bench, undisturbed, tmp_path):
    """The note is of the object before, with the same command."""
    cache = Cache(bench, tmp_path / "cache")
    at = undisturbed[1].index("compile ./c") + 1
    cache.build(kill_at=at)
    [part] = cache.parts()
    (part / "source/a.o").write_text("half of")
    assert same(undisturbed[0], kernel_of(cache.build()))
    assert cache.compiled() == ["a", "c"]


def test_a_half_written_note_is_none(bench, undisturbed, tmp_path):
    cache = Cache(bench, tmp_path / "cache")
    cache.build(kill_at=undisturbed[1].index("compile ./c") + 1)
    [part] = cache.parts()
    note = part / "source/.a.o.cmd"
    note.write_text(note.read_text().partition("$(deps")[0])
    assert same(undisturbed[0], kernel_of(cache.build()))
    assert cache.compiled() == ["a", "c"]


def test_what_cannot_be_resumed_is_made_from_the_beginning(bench, undisturbed, tmp_path):
    cache = Cache(bench, tmp_path / "cache")
    cache.build(kill_at=undisturbed[1].index("compile ./c") + 1)
    [part] = cache.parts()
    (part / "source/broken").touch()
    done = cache.build()
    assert "from the beginning" in done.stderr
    assert same(undisturbed[0], kernel_of(done))
    assert cache.compiled() == OBJECTS


def test_what_fails_from_the_beginning_fails_once_and_leaves_nothing(bench, tmp_path):
    cache = Cache(bench, tmp_path / "cache")
    configuration = bench.bin / "grep"
    executable(configuration, "#!/bin/sh\nexit 1\n")
    try:
        done = cache.build()
    finally:
        configuration.unlink()
    assert done.returncode != 0
    assert "from the beginning" not in done.stderr
    assert not cache.parts() and not list(cache.kernels.glob("*/*/vmlinuz"))


def test_two_that_want_the_same_kernel_build_it_once(bench, undisturbed, tmp_path):
    cache = Cache(bench, tmp_path / "cache")
    runs = [cache.start() for _ in range(2)]
    for run in runs:
        out, err = watch.communicate(run)
        done = subprocess.CompletedProcess([], run.returncode, out, err)
        assert same(undisturbed[0], kernel_of(done))
    assert cache.compiled() == OBJECTS


def test_work_on_another_kernel_is_not_taken_up(bench, undisturbed, tmp_path):
    """The keys are others, so the kernel is another, and its work is elsewhere."""
    cache = Cache(bench, tmp_path / "cache")
    cache.build(kill_at=undisturbed[1].index("compile ./c") + 1)
    [part] = cache.parts()
    [trusted] = cache.kernels.glob("keys-*/trusted.pem")
    trusted.write_text("others")
    kernel_of(cache.build())
    assert cache.compiled() == OBJECTS
    assert cache.parts() == [part]


MATRIX = ("build-matrix", "7.3", "plain-sig", "list-sig")


def test_a_matrix_that_was_killed_tells_of_the_warnings_before(bench, tmp_path):
    """Every configuration warns, since the patch makes it so; what is built before a kill is
    not built after it, so a run that went on would hear of nothing."""
    cache = Cache(bench, tmp_path / "cache")
    whole = cache.build(what=MATRIX)
    assert whole.returncode == 1
    assert whole.stdout.count("# a warning about ./a") == 1, cli.said(whole)
    steps = cache.done()
    assert not cache.parts()
    halts = ("compile ./b", "note ./c", "tar whole") if extent.FULL else ("note ./c",)
    for at in [steps.index(step) + 1 for step in halts]:
        assert cache.build(kill_at=at, what=MATRIX).returncode == -signal.SIGKILL
        assert len(cache.parts()) == 1
        again = cache.build(what=MATRIX)
        assert again.stdout == whole.stdout, (at, cli.said(again))
        assert not cache.parts()


REPRODUCE = ("reproduce-kernel",)


def test_two_builds_that_were_killed_at_any_step_are_reported_as_without(bench, tmp_path):
    cache = Cache(bench, tmp_path / "cache")

    def report(done):
        """Without the times at which builds began."""
        return [line.partition(", from")[0] for line in done.stdout.splitlines()]

    whole = cache.build(what=REPRODUCE)
    assert whole.returncode == 0, cli.said(whole)
    steps = cache.done()
    assert not cache.parts()
    packed = [at for at, step in enumerate(steps, 1) if step == "pack"]
    assert len(packed) == 4
    for at in [steps.index("tar whole") + 1, *packed, len(steps)] if extent.FULL else packed[2:3]:
        assert cache.build(kill_at=at, what=REPRODUCE).returncode == -signal.SIGKILL
        assert len(cache.parts()) == 1
        again = cache.build(what=REPRODUCE)
        assert (again.returncode, report(again)) == (0, report(whole)), (at, cli.said(again))
        assert cache.done().count("pack") == sum(step >= at for step in packed)
        assert not cache.parts()
