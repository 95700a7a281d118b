# SPDX-License-Identifier: LGPL-2.1-or-later
"""tools/kernel-series: does it carry a series over to a source that has moved on, and tell
a person all that is to be looked at?

The Linux here is made up: a Makefile and some files of numbered lines. Each test moves
something in it, and holds the outcome against what it wrote itself, or against git am.
"""

import os
import pathlib
import shutil
import subprocess
import tarfile

import pytest
from support.lab.series_world import MAIN, MAKEFILE, OTHER, git, numbered, put, text, tool
from support.lab.series_world import made, world  # noqa: F401  (fixtures)


pytestmark = [pytest.mark.scripts, pytest.mark.skipif(not shutil.which("git"), reason="git is not installed")]


def test_a_series_applies_as_it_is_to_the_source_it_was_made_for(world, tmp_path):
    done = world.check()
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("as it is") == 3 and "nothing to look at" in done.stdout
    files = world.applied(tmp_path)
    assert (files / MAIN).read_text() == world.main(50, "changed")
    assert (files / "kernel/new.c").read_text() == "a new file\n"
    assert {str(path.relative_to(files)) for path in files.rglob("*") if path.is_file()} == {
        MAIN, "kernel/new.c", OTHER}


def test_a_file_that_may_be_executed_stays_so(world, tmp_path):
    assert os.access(world.applied(tmp_path) / OTHER, os.X_OK)


def test_lines_that_moved_are_found_and_told(world, tmp_path):
    moved = text([f"more {n}" for n in range(7)] + numbered(100))
    world.move_on(files={MAIN: moved})
    done = world.check()
    assert done.returncode == 0
    assert f"{MAIN}:47 moved by +7" in done.stdout and "nothing to look at" in done.stdout
    assert (world.applied(tmp_path) / MAIN).read_text() == moved.replace("line 50\n", "changed\n")


def test_a_changed_context_is_merged_and_to_be_looked_at(world, tmp_path):
    """git am without a merge refuses this, as the old series was refused."""
    world.move_on(files={MAIN: world.main(48, "another")})
    done = world.check()
    assert done.returncode == 0
    assert "0001 MERGED" in done.stdout and "fuzz" in done.stdout
    assert "look at 0001-kernel-Change-the-middle.patch" in done.stdout
    expected = world.main(48, "another").replace("line 50\n", "changed\n")
    assert (world.applied(tmp_path) / MAIN).read_text() == expected
    patch = world.series / "0001-kernel-Change-the-middle.patch"
    plain = subprocess.run(["git", "apply", "--check", patch], cwd=world.linux,
                           capture_output=True)
    assert plain.returncode != 0


def test_a_hunk_goes_where_its_line_went_and_not_where_a_context_looks_alike(tmp_path):
    """A second block of the same lines came in front, where the first one had been: by the
    context alone the hunk would change that."""
    block = ["begin", "  one", "  two", "  three", "end", ""]
    linux = tmp_path / "linux"
    put(linux, {"Makefile": MAKEFILE.format(0), MAIN: text(numbered(20) + block)})
    git(linux, "init", "-q")
    git(linux, "add", "-A")
    git(linux, "commit", "-qm", "base")
    changed = text(numbered(20) + ["begin", "  one", "  2", "  three", "end", ""])
    put(linux, {MAIN: changed})
    git(linux, "commit", "-qam", "kernel: Change it")
    series = tmp_path / "series"
    git(linux, "format-patch", "-q", "-1", "-U1", "-o", series)
    (series / "versions").write_text("suites none\nmade-for 9.1.0\n")
    git(linux, "checkout", "-q", "HEAD~")
    with tarfile.open(series / "base.tar.xz", "w:xz") as archive:
        archive.add(linux / MAIN, MAIN)
    put(linux, {MAIN: text(numbered(16) + block + numbered(20)[16:] + ["x"] * 6 + block)})
    done = tool("check", series, linux)
    assert "DOUBTFUL" in done.stdout, done.stdout
    out = tmp_path / "out"
    assert tool("apply", series, linux, "-o", out).returncode == 0
    lines = (out / "files" / MAIN).read_text().splitlines()
    assert lines.index("  2") > lines.index("  two")


def test_a_conflict_is_told_with_patch_file_and_line_and_status_1(world, tmp_path):
    world.move_on(files={MAIN: world.main(50, "something else")})
    done = world.check()
    assert done.returncode == 1
    assert "0001 CONFLICT" in done.stdout and f"{MAIN}:47 conflict" in done.stdout
    assert "0003 as it is" in done.stdout  # those behind it are looked at as well
    done = tool("apply", world.series, world.linux, "-o", tmp_path / "out")
    assert done.returncode == 1 and f"conflicts in 0001 ({MAIN})" in done.stdout
    assert not (tmp_path / "out" / "files").exists()


def test_a_renamed_file_is_followed_and_told(world, tmp_path):
    (world.linux / MAIN).rename(world.linux / "kernel" / "core.c")
    world.move_on()
    done = world.check()
    assert done.returncode == 0, done.stdout
    assert f"{MAIN} is now kernel/core.c" in done.stdout
    assert "look at 0001" in done.stdout
    assert (world.applied(tmp_path) / "kernel/core.c").read_text() == world.main(50, "changed")


def test_a_file_that_moved_to_another_directory_is_followed(world, tmp_path):
    (world.linux / "lib").mkdir()
    (world.linux / MAIN).rename(world.linux / "lib" / "main.c")
    world.move_on()
    assert (world.applied(tmp_path) / "lib/main.c").read_text() == world.main(50, "changed")


def test_a_file_that_is_gone_is_a_conflict(world):
    (world.linux / MAIN).unlink()
    world.move_on()
    done = world.check()
    assert done.returncode == 1 and "0001 CONFLICT" in done.stdout


def test_a_new_file_that_the_source_has_by_now_is_a_conflict(world):
    world.move_on(files={"kernel/new.c": "not what the series adds\n"})
    done = world.check()
    assert done.returncode == 1 and "0002 CONFLICT" in done.stdout


def test_a_patch_that_the_source_has_by_now_is_told_and_dropped(world):
    world.move_on(files={MAIN: world.main(50, "changed")})
    done = tool("refresh", world.series, world.linux)
    assert done.returncode == 0 and "0001 IN IT ALREADY" in done.stdout
    assert [path.name for path in sorted(world.series.glob("*.patch"))] == [
        "0001-kernel-Add-a-file.patch", "0002-kernel-Change-the-tool.patch"]


def test_a_link_in_the_source_is_not_followed(world, tmp_path):
    secret = tmp_path / "elsewhere.c"
    secret.write_text((world.linux / MAIN).read_text())
    (world.linux / MAIN).unlink()
    (world.linux / MAIN).symlink_to(secret)
    assert world.check().returncode == 1


def test_a_refreshed_series_applies_with_git_am_and_says_what_it_is_for(world, tmp_path):
    world.move_on(files={MAIN: text(["more"] + world.main(48, "another").splitlines())})
    done = tool("refresh", world.series, world.linux)
    assert done.returncode == 0, done.stderr
    said = (world.series / "versions").read_text().splitlines()
    assert [line for line in said if line[0] != "#"] == ["suites none", "made-for 9.1.1"]
    git(world.linux, "init", "-q")
    git(world.linux, "add", "-A")
    git(world.linux, "commit", "-qm", "newer")
    git(world.linux, "am", *sorted(world.series.glob("*.patch")))
    assert (world.linux / MAIN).read_text().count("changed\n") == 1
    git(world.linux, "checkout", "-q", "HEAD~3")
    done = world.check()
    assert done.stdout.count("as it is") == 3 and "made for 9.1.1, on 9.1.1" in done.stdout
    assert tool("tested", world.series, "9.1.1").returncode == 0
    assert "tested with 9.1.1" in tool("status", world.series).stdout


def test_a_refresh_with_nothing_to_do_changes_no_byte_of_the_patches(world):
    tool("refresh", world.series, world.linux)
    before = {path.name: path.read_bytes() for path in world.series.iterdir()}
    assert tool("refresh", world.series, world.linux).returncode == 0
    assert {path.name: path.read_bytes() for path in world.series.iterdir()} == before


def test_a_refresh_that_conflicts_writes_nothing_until_a_person_has_resolved_it(world, tmp_path):
    world.move_on(files={MAIN: world.main(50, "something else")})
    before = {path.name: path.read_bytes() for path in world.series.iterdir()}
    place = tmp_path / "resolve"
    done = tool("refresh", world.series, world.linux, "--work", place)
    assert done.returncode == 1 and str(place) in done.stdout
    assert {path.name: path.read_bytes() for path in world.series.iterdir()} == before
    done = tool("refresh", world.series, world.linux, "--resolved", place)
    assert done.returncode == 2 and "is not done yet" in done.stderr
    put(place, {MAIN: world.main(50, "both")})
    git(place, "add", MAIN)
    git(place, "-c", "core.editor=true", "cherry-pick", "--continue")
    done = tool("refresh", world.series, world.linux, "--resolved", place)
    assert done.returncode == 0, done.stderr
    assert (world.applied(tmp_path) / MAIN).read_text() == world.main(50, "both")
    assert len(list(world.series.glob("*.patch"))) == 3


def test_an_archive_and_a_debian_package_are_as_good_as_a_directory(world, tmp_path):
    world.move_on(files={MAIN: text(["more"] + numbered(100))})
    place = tmp_path / "package" / "usr" / "src"
    place.mkdir(parents=True)
    archive = place / "linux-source-9.1.tar.xz"
    with tarfile.open(archive, "w:xz") as writer:
        writer.add(world.linux, "linux-source-9.1")
    reports = [world.check().stdout, tool("check", world.series, archive).stdout]
    assert "on 9.1.1\n" in reports[0] and reports[0] == reports[1]
    if not shutil.which("dpkg-deb"):
        pytest.skip("no dpkg-deb to make a package with")
    deb = package(tmp_path / "package", "9.1.1-2", tmp_path)
    done = tool("check", world.series, deb)
    assert done.stdout == reports[0].replace("on 9.1.1\n", "on 9.1.1-2\n")
    cut = tmp_path / "cut.deb"
    cut.write_bytes(deb.read_bytes()[:-300])
    assert tool("check", world.series, cut).returncode == 2


def package(tree, version, directory):
    """A package linux-source-9.1 of a directory."""
    (tree / "DEBIAN").mkdir(exist_ok=True)
    (tree / "DEBIAN" / "control").write_text(
        f"Package: linux-source-9.1\nVersion: {version}\nArchitecture: all\n"
        "Maintainer: a <a@b>\nDescription: made up\n")
    deb = directory / f"linux-source-9.1_{version}_all.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", tree, deb], check=True,
                   capture_output=True)
    return deb


@pytest.mark.parametrize("what", ["versions", "base.tar.xz", "source", "makefile", "suite"])
def test_what_cannot_be_read_is_trouble(world, what):
    if what == "source":
        shutil.rmtree(world.linux)
    elif what == "makefile":
        (world.linux / "Makefile").write_text("all:\n")
    elif what == "suite":
        (world.series / "versions").write_text("suites none\n")
    else:
        (world.series / what).write_bytes(b"\0\1\2")
    done = world.check()
    assert (done.returncode, done.stdout) == (2, "") and done.stderr.startswith("kernel-series: ")


def test_the_users_own_git_configuration_changes_nothing(world, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (home / ".gitconfig").write_text(
        "[commit]\n gpgsign = true\n[core]\n autocrlf = true\n hooksPath = /nonexistent\n"
        "[am]\n threeWay = true\n[format]\n pretty = oneline\n signature = x\n numbered = false\n")
    before = world.check().stdout
    done = tool("check", world.series, world.linux, HOME=str(home), GIT_DIR="/nonexistent",
                GIT_AUTHOR_DATE="nonsense")
    assert (done.returncode, done.stdout) == (0, before)


def served(world, tmp_path, *versions):
    """The environment of a machine whose cache has these packages, and which reaches no
    archive; the file's name of each that the series may be built of, in their order."""
    debs = tmp_path / "cache" / "modseal" / "apt" / "debs"
    debs.mkdir(parents=True)
    for version in versions:
        (debs / f"linux-source-9.1_{version}_all.deb").write_bytes(b"")
    series = world.series.rename(world.series.with_name("9.1"))
    machine = tmp_path / "machine"
    (machine / "lists/partial").mkdir(parents=True)
    (machine / "apt.conf").write_text(
        f'Dir::Etc::SourceList "{machine}/none";\nDir::Etc::SourceParts "{machine}/none";\n'
        f'Dir::State::Lists "{machine}/lists";\n')
    environment = {"XDG_CACHE_HOME": str(tmp_path / "cache"),
                   "APT_CONFIG": str(machine / "apt.conf")}
    found = []
    while (done := tool("source", series, str(len(found)), **environment)).returncode == 0:
        found.append(pathlib.Path(done.stdout.strip()).name.split("_")[1])
    assert done.returncode == 1
    return found


@pytest.mark.skipif(not shutil.which("apt-get"), reason="no apt-get")
def test_without_an_archive_the_version_it_was_made_for_comes_first(world, tmp_path):
    found = served(world, tmp_path, "9.1.20", "9.1.3", "9.1.0", "9.1.100")
    assert found == ["9.1.0", "9.1.100", "9.1.20", "9.1.3"]
