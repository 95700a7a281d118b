# SPDX-License-Identifier: LGPL-2.1-or-later
"""Carries a series over to another source, by git's three-way merge.

A repository of only those files that the series touches is made, and in it:

    base ---- 0001 ---- 0002 ---- ...      the series on the source it was made for
      `------ source -- 0001' -- 0002' --  each patch picked onto the other source

The merge knows both what the patch changed and what the source has changed since, so it
places a hunk where the line went, and not where a context happens to look alike. A patch
that git cannot merge but whose context stands unchanged in the source is applied by that;
one that can be placed in both ways, and not alike, is for a person to look at.

A file that the source has under another name is found by git's own detection of renames,
among files of the same name elsewhere and all those of its directory.

Every patch is looked at, also behind one that conflicts: that one is then taken with its
conflict's marks in it.
"""

import os
import pathlib
import shutil
import subprocess

from . import Trouble, hunks

MARK = "<<<<<<< "
# states of a patch; from `conflict` on there is no result
AS_IS, MOVED, MERGED, DOUBTFUL, CONTAINED, CONFLICT = range(6)
MOST_CANDIDATES = 400
CONFIGURATION = f"""
[user]
	name = modseal developers
	email = modseal@packages.debian.org
[core]
	autocrlf = false
	fsync = none
	fileMode = true
	excludesFile = {os.devnull}
	attributesFile = {os.devnull}
[merge]
	conflictStyle = diff3
[commit]
	gpgSign = false
[gc]
	auto = 0
"""


class Repository:
    """Git in a directory of its own, which no configuration of the user's reaches."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_")
        } | {
            "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C",
            "GIT_CEILING_DIRECTORIES": str(self.directory.resolve().parent),
            "GIT_ATTR_NOSYSTEM": "1", "GIT_EDITOR": "true", "TZ": "UTC",
        }
        if not (self.directory / ".git").is_dir():
            self.git("init", "-q", "-b", "base")
            with open(self.directory / ".git" / "config", "a", encoding="ascii") as config:
                config.write(CONFIGURATION)

    def run(self, *arguments, **options):
        """A finished process."""
        return subprocess.run(["git", *arguments], cwd=self.directory, env=self.environment,
                              capture_output=True, check=False, **options)

    def git(self, *arguments):
        """What git prints; it has to succeed."""
        done = self.run(*arguments)
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()
            raise Trouble(f"git {arguments[0]} fails: {said[-1000:]}")
        return done.stdout.decode("utf-8", "surrogateescape")

    def put(self, files):
        """Writes them."""
        for name, file in files.items():
            path = self.directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(file.data)
            path.chmod(0o755 if file.executable else 0o644)

    def commit(self, message):
        """All that is there. Its own .gitignore is no reason to leave a file out."""
        self.git("add", "-A", "-f", ".")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD").strip()

    def lines(self, name):
        """Of a file as it is now; None if it is not there."""
        path = self.directory / name
        if path.is_symlink() or not path.is_file():
            return None
        return path.read_bytes().decode("utf-8", "surrogateescape").split("\n")

    def tree(self, index=None):
        """The digest of what is in the index, or in another one."""
        environment = self.environment | ({"GIT_INDEX_FILE": str(index)} if index else {})
        done = subprocess.run(["git", "write-tree"], cwd=self.directory, env=environment,
                              capture_output=True, check=True, text=True)
        return done.stdout.strip()

    def apply_by_context(self, patch):
        """The tree that the patch makes of what is there by its context alone, or None."""
        index = self.directory / ".git" / "by-context"
        shutil.copyfile(self.directory / ".git" / "index", index)
        environment = self.environment | {"GIT_INDEX_FILE": str(index)}
        command = ["git", "apply", "--cached", "--whitespace=nowarn", str(patch)]
        done = subprocess.run(command, cwd=self.directory, env=environment,
                              capture_output=True, check=False)
        return self.tree(index) if done.returncode == 0 else None


class Carried:
    """One patch on the other source: state, hunks, and what else there is to say."""

    def __init__(self, patch):
        self.patch, self.state, self.hunks, self.notes = patch, AS_IS, [], []


class Result:
    """A series on another source.

    patches    a Carried for each
    renamed    {name in the series: name in the source}
    """

    def __init__(self, repository, base, source):
        self.repository, self.base, self.source = repository, base, source
        self.patches, self.renamed = [], {}

    @property
    def conflicts(self):
        """The patches that a person has to carry over."""
        return [carried for carried in self.patches if carried.state == CONFLICT]

    def changed(self):
        """({name: mode} of what the series makes of the source, [removed names])"""
        text = self.repository.git("diff-tree", "-r", "-z", "--no-renames", self.source, "HEAD")
        fields = text.split("\0")
        changed, removed = {}, []
        for about, name in zip(fields[::2], fields[1::2]):
            mode, kind = about.split()[1], about.split()[4]
            if kind == "D":
                removed.append(name)
            else:
                changed[name] = int(mode[-3:], 8)
        return changed, removed


def candidates(source, missing):
    """Names of files that may be those that the source lacks."""
    bases = {os.path.basename(name) for name in missing}
    places = {os.path.dirname(name) for name in missing}
    found = [name for name in source.names()
             if os.path.basename(name) in bases or os.path.dirname(name) in places]
    found.sort(key=lambda name: os.path.basename(name) not in bases)
    return found[:MOST_CANDIDATES]


def commit_source(repository, series, source, base):
    """The source's files on a branch of their own; {old name: new name}."""
    files = source.read(series.touched)
    missing = [name for name in base if name not in files]
    if missing:
        files |= source.read(set(candidates(source, missing)) - set(files))
    repository.git("checkout", "-q", "-b", "source", "base")
    repository.git("rm", "-rqf", "--ignore-unmatch", ".")
    repository.put(files)
    revision = repository.commit(f"Linux {source.version}")
    text = repository.git("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status",
                          "base", revision)
    fields = text.split("\0")
    return revision, dict(zip(fields[1::3], fields[2::3]))


def commit_series(repository, series, base):
    """The series on its own source; its commits."""
    repository.put(base)
    revision = repository.commit(f"Linux {series.versions.made_for}")
    repository.git("checkout", "-q", "-b", "series")
    done = repository.run("am", "--keep-non-patch", "--whitespace=nowarn",
                          *(str(patch.path.resolve()) for patch in series.patches))
    if done.returncode:
        said = (done.stderr + done.stdout).decode(errors="replace").strip()
        raise Trouble(f"'{series.directory}' does not apply to its own base.tar.xz: {said[-500:]}")
    return repository.git("rev-list", "--reverse", f"{revision}..HEAD").split()


def judge_hunks(result, carried):
    """Finds each hunk's place in what is there before the patch."""
    known = {}
    for hunk in hunks.parse(carried.patch.text):
        if hunk.path not in known:
            known[hunk.path] = result.repository.lines(result.renamed.get(hunk.path, hunk.path))
        hunks.locate(hunk, known[hunk.path])
        carried.hunks.append(hunk)


def settle(carried, conflicting):
    """The patch's state, and that of hunks that are not where they were."""
    for path in conflicting:
        here = [hunk for hunk in carried.hunks if hunk.path == path]
        for suspects in "lost", "fuzzy", "moved", "exact":  # the first that there are
            if found := [hunk for hunk in here if hunk.state == suspects]:
                for hunk in found:
                    hunk.state = "conflict"
                break
    for hunk in carried.hunks:
        if hunk.state == "lost":
            hunk.state = "merged"
    if carried.state in (CONFLICT, CONTAINED, DOUBTFUL):
        return
    states = {hunk.state for hunk in carried.hunks}
    if states - {"exact", "moved"}:
        carried.state = MERGED
    elif "moved" in states:
        carried.state = MOVED


def merge(repository, commit):
    """Picks it into the index; the names of what conflicts."""
    done = repository.run("cherry-pick", "--no-commit", commit)
    if done.returncode == 0:
        return set()
    names = repository.git("diff", "--name-only", "--diff-filter=U", "-z").split("\0")
    if not any(names):
        said = done.stderr.decode(errors="replace")
        raise Trouble(f"git cherry-pick fails: {said[-1000:]}")
    return set(filter(None, names))


def pick(result, patch, commit):
    """One patch onto what is there by now."""
    repository, carried = result.repository, Carried(patch)
    before = repository.tree()
    judge_hunks(result, carried)
    applied = repository.apply_by_context(patch.path.resolve())
    conflicting = merge(repository, commit)
    if conflicting and applied:
        repository.git("read-tree", "--reset", "-u", applied)
        carried.state, conflicting = DOUBTFUL, set()
        carried.notes.append("git cannot merge it, its context stands there unchanged")
    elif conflicting:
        carried.state = CONFLICT
        repository.git("add", "-A", "-f", ".")
    after = repository.tree()
    if carried.state == AS_IS and applied not in (None, after):
        carried.state = DOUBTFUL
        carried.notes.append("its context alone would place it elsewhere than the merge does")
    if after == before:
        carried.state = CONTAINED
    else:
        repository.git("commit", "-q", "--no-verify", "-C", commit)
    settle(carried, conflicting | {old for old, new in result.renamed.items()
                                   if new in conflicting})
    for name in sorted(set(patch.touched) & set(result.renamed)):
        carried.notes.append(f"{name} is now {result.renamed[name]}")
        if carried.state in (AS_IS, MOVED):
            carried.state = MERGED
    return carried


def carry(series, source, directory):
    """A Result; its repository is in the directory, which is empty."""
    repository = Repository(directory)
    base = series.base()
    commits = commit_series(repository, series, base)
    revision, renamed = commit_source(repository, series, source, base)
    result = Result(repository, base, revision)
    result.renamed = renamed
    repository.git("checkout", "-q", "-b", "refreshed", "source")
    for patch, commit in zip(series.patches, commits, strict=True):
        result.patches.append(pick(result, patch, commit))
    return result
