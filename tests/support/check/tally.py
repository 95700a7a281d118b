#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the tests in a report: prints `PASSED FAILED SKIPPED` on one line.

usage: tally.py meson|junit|tap REPORT SKIPPED

`meson` is meson's testlog.json, whose programs speak TAP: their subtests count. `junit`
is what pytest writes; `tap` is plain TAP. The reason for each skipped test is appended to SKIPPED, a line
for each. A report that is missing or has no test in it counts as one failed test: tests
that did not run have not passed.
"""

import json
import re
import sys
import xml.etree.ElementTree as xml

TAP = re.compile(r"^(not )?ok\b[^#]*(#\s*SKIP\b.*)?", re.IGNORECASE)


def tap_of(program):
    """The subtests of one program: a list of (passed, reason for skipping or None)."""
    tests = []
    for line in program.get("stdout", "").splitlines():
        if match := TAP.match(line):
            reason = match.group(2)
            tests.append((not match.group(1), reason and f"{program['name']}: {line}"))
    return tests


def count_meson(path):
    passed, failed, reasons = 0, 0, []
    for line in open(path, encoding="utf-8", errors="replace"):
        program = json.loads(line)
        tests = tap_of(program)
        bad = sum(not ok for ok, reason in tests if reason is None)
        reasons += [reason for _, reason in tests if reason is not None]
        passed += sum(ok for ok, reason in tests if reason is None)
        if program["result"] == "SKIP" and not tests:
            reasons.append(f"{program['name']}: skipped")
        elif program["result"] not in ("OK", "SKIP") and not bad:
            bad = 1
        failed += bad
    return passed, failed, reasons


def count_tap(path):
    text = open(path, encoding="utf-8", errors="replace").read()
    tests = tap_of({"name": path, "stdout": text})
    reasons = [reason for _, reason in tests if reason is not None]
    passed = sum(ok for ok, reason in tests if reason is None)
    return passed, len(tests) - len(reasons) - passed, reasons


def count_junit(path):
    passed, failed, reasons = 0, 0, []
    for case in xml.parse(path).iter("testcase"):
        skipped = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skipped is not None:
            reasons.append(skipped.get("message", "").replace("\n", " "))
        else:
            passed += 1
    return passed, failed, reasons


KINDS = {"meson": count_meson, "junit": count_junit, "tap": count_tap}


def main():
    kind, path, skipped = sys.argv[1:]
    try:
        counts = KINDS[kind](path)
    except (OSError, ValueError, xml.ParseError) as error:
        print(f"cannot read the tests' report: {error}", file=sys.stderr)
        counts = (0, 1, [])
    passed, failed, reasons = counts
    if not passed and not failed and not reasons:
        print("the report has no test in it", file=sys.stderr)
        failed = 1
    if reasons:
        with open(skipped, "a", encoding="utf-8") as file:
            file.writelines(f"{reason}\n" for reason in reasons)
    print(passed, failed, len(reasons))


main()
