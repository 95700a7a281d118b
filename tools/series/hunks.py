# SPDX-License-Identifier: LGPL-2.1-or-later
"""Where each hunk of a patch finds its place in a file.

The merge itself is git's; this only tells a person how much of what a hunk was made for is
still there: all of it at its line, all of it elsewhere, or all but the outermost lines of
its context (as `patch` calls it: with fuzz).
"""

import re

START = re.compile(r"^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
MOST_FUZZ = 2  # what patch(1) allows


class Hunk:
    """Of a file: the lines it takes away or keeps, and how many of these are context."""

    def __init__(self, path, line):
        self.path, self.line = path, line
        self.old, self.leading, self.trailing = [], 0, 0
        self.state, self.by = "exact", 0

    def __str__(self):
        by = {"moved": f" by {self.by:+d}", "fuzzy": f" (fuzz {self.by})"}
        return f"{self.path}:{self.line} {self.state}{by.get(self.state, '')}"


def parse(text):
    """The hunks of a patch, in their order."""
    hunks, path, old_path, lines = [], None, None, text.split("\n")
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if line.startswith("--- "):
            old_path = line[4:].split("\t")[0]
        elif line.startswith("+++ "):
            new_path = line[4:].split("\t")[0]
            path = (new_path if old_path == "/dev/null" else old_path)[2:]
        elif path and (found := START.match(line)):
            hunk = Hunk(path, int(found[1]))
            position = fill(hunk, lines, position, found)
            hunks.append(hunk)
        elif line.startswith("diff "):
            path = None
    return hunks


def fill(hunk, lines, position, found):
    """Takes the lines that the hunk's head counts; the position behind them."""
    old, new = (int(found[n]) if found[n] is not None else 1 for n in (2, 4))
    kinds = []
    while (old > 0 or new > 0) and position < len(lines):
        kind, text = lines[position][:1] or " ", lines[position][1:]
        position += 1
        if kind == "\\":
            continue
        old -= kind != "+"
        new -= kind != "-"
        kinds.append(kind)
        if kind != "+":
            hunk.old.append(text)
    changes = [n for n, kind in enumerate(kinds) if kind != " "]
    if changes:
        hunk.leading, hunk.trailing = changes[0], len(kinds) - 1 - changes[-1]
    return position


def places(block, lines):
    """Where the block stands among the lines, from 0 on."""
    if not block:
        return []
    first, length = block[0], len(block)
    return [
        at for at, line in enumerate(lines[: len(lines) - length + 1])
        if line == first and lines[at : at + length] == block
    ]


def locate(hunk, lines):
    """Sets the hunk's state: exact, moved, fuzzy, or lost; lines: None for no file."""
    if not hunk.old:
        hunk.state = "exact" if lines is None else "lost"
        return
    for fuzz in range(MOST_FUZZ + 1):
        front, back = min(fuzz, hunk.leading), min(fuzz, hunk.trailing)
        if fuzz and (front, back) == (min(fuzz - 1, hunk.leading),
                                      min(fuzz - 1, hunk.trailing)):
            break
        found = places(hunk.old[front : len(hunk.old) - back], lines or [])
        if found:
            by = min((at - front + 1 - hunk.line for at in found), key=abs)
            if fuzz:
                hunk.state, hunk.by = "fuzzy", fuzz
            else:
                hunk.state, hunk.by = ("moved", by) if by else ("exact", 0)
            return
    hunk.state = "lost"
