# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which sources a series may be applied to: Debian's packages, the best first.

What the archive serves today comes first. Where that does not do, there are the version
that the series was made for and those that it was tested with, be they in the cache or
still in some suite, and last whatever the cache has of that Linux.
"""

import os
import pathlib
import re
import subprocess

TOOL = pathlib.Path(__file__).resolve().parents[1] / "debian-archive"


def cache():
    """Where tools/debian-archive keeps its packages."""
    top = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(top) / "modseal" / "apt" / "debs"


def ask(*arguments):
    """What tools/debian-archive says, or None."""
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else None


def version_of(path):
    """As it stands in the name of a package's file, which apt gives it."""
    return path.name.split("_")[1].replace("%3a", ":")


def newest(series):
    """What the first suite serves; without it what another does; else the next Linux."""
    package = f"linux-source-{series.name}"
    for suite in series.versions.suites:
        if found := ask("fetch", suite, package):
            return pathlib.Path(found)
    for suite in series.versions.suites[:1]:
        package = ask("resolve", suite, r"linux-source-[0-9.]+")
        if package and (found := ask("fetch", suite, package)):
            return pathlib.Path(found)
    return None


def kept(version, package=r"linux-source-[0-9.]+"):
    """Packages in the cache of that version (None: of any), newest first."""
    found = [path for path in cache().glob("linux-source-*_*_all.deb")
             if re.fullmatch(package, path.name.split("_")[0])
             and version in (None, version_of(path))]
    return sorted(found, key=lambda path: natural(version_of(path)), reverse=True)


def natural(version):
    """A key by which 6.12.95 comes before 6.12.117."""
    return [int(part) if part.isdigit() else 0 for part in re.split(r"[^0-9]+", version)]


def known(series, version):
    """The package of a version that the series names."""
    if found := kept(version):
        return found[0]
    for suite in series.versions.suites:
        if found := ask("fetch", suite, f"linux-source-{series.name}={version}"):
            return pathlib.Path(found)
    return None


def candidates(series):
    """Paths of packages, none twice; each is fetched only once it is asked for."""
    seen = set()

    def fresh(path):
        is_new = path is not None and version_of(path) not in seen
        if is_new:
            seen.add(version_of(path))
        return is_new

    if fresh(path := newest(series)):
        yield path
    for version in [series.versions.made_for, *reversed(series.versions.tested)]:
        if version not in seen and fresh(path := known(series, version)):
            yield path
    for path in kept(None, re.escape(f"linux-source-{series.name}")):
        if fresh(path):
            yield path
