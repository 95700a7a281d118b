# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a person has to look at, of a series that was carried over."""

from . import carry

WORDS = {
    carry.AS_IS: "as it is",
    carry.MOVED: "moved",
    carry.MERGED: "MERGED",
    carry.DOUBTFUL: "DOUBTFUL",
    carry.CONTAINED: "IN IT ALREADY",
    carry.CONFLICT: "CONFLICT",
}
# what these ask of a person
ASKS = {
    carry.MERGED: "read what was merged",
    carry.DOUBTFUL: "see whether each hunk is at its place",
    carry.CONTAINED: "the source has it by now: it is dropped",
    carry.CONFLICT: "resolve it by hand",
}


def lines(series, source, result):
    """The report, a line each."""
    yield f"series {series.name}, made for {series.versions.made_for}, on {source.version}"
    for carried in result.patches:
        number, _, _ = carried.patch.name.partition("-")
        yield f"  {number} {WORDS[carried.state]:<13} {carried.patch.subject}"
        for hunk in carried.hunks:
            if hunk.state != "exact":
                yield f"       {hunk}"
        for note in carried.notes:
            yield f"       {note}"
    yield from asks(result)


def asks(result):
    """For each patch that is to be looked at, what to do about it."""
    found = [carried for carried in result.patches if carried.state in ASKS]
    if not found:
        yield "nothing to look at: every hunk is in its context"
    for carried in found:
        yield f"look at {carried.patch.name}: {ASKS[carried.state]}"


def conflict(result):
    """In a line: what keeps the series from this source."""
    said = []
    for carried in result.conflicts:
        at = sorted({hunk.path for hunk in carried.hunks if hunk.state == "conflict"})
        said.append(f"{carried.patch.name[:4]} ({', '.join(at) or 'its files'})")
    return "conflicts in " + ", ".join(said)
