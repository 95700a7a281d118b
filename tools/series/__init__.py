# SPDX-License-Identifier: LGPL-2.1-or-later
"""Series of patches for Linux, and how they are carried over to another source of it.

    store.py   a series on disk: patches, the versions it is for, the files it touches
    source.py  a Linux to patch: a directory, an archive, Debian's package
    hunks.py   where each hunk of a patch finds its place
    carry.py   all patches onto a source, by three-way merge
    report.py  what a person has to look at
"""


class Trouble(Exception):
    """What ends the program with status 2, in a sentence."""
