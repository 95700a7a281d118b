#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""lab.py - asks a real kernel about module files and prints its answers as JSON lines."""

import argparse
import json
import os
import sys
import time

if __name__ == "__main__":  # the package lies one directory up
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

from lab import CALLS, MODES, LabError, end_on_signals, run


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition(" - ")[2])
    parser.add_argument("--kernel", required=True, metavar="VMLINUZ")
    parser.add_argument("--mode", choices=MODES, default="permissive")
    parser.add_argument("--calls", default="finit", metavar=",".join(CALLS))
    parser.add_argument("--preload", action="append", default=[], metavar="MODULE")
    parser.add_argument("--trust", action="append", default=[], metavar="CERTIFICATE")
    parser.add_argument("--list", metavar="FILE", help="file with one path a line")
    parser.add_argument("--cases", metavar="DIR", help="every file in DIR")
    parser.add_argument("--jobs", type=int, default=1, help="machines side by side")
    parser.add_argument("--stall", type=float, default=60, metavar="SECONDS")
    parser.add_argument("files", nargs="*", metavar="FILE")
    return parser.parse_args()


def files_of(args):
    files = list(args.files)
    if args.list:
        with open(args.list, encoding="utf-8", errors="surrogateescape") as lines:
            files += [line.rstrip("\n") for line in lines]
    if args.cases:
        files += sorted(entry.path for entry in os.scandir(args.cases) if entry.is_file())
    return files


def main():
    end_on_signals()
    args = arguments()
    files = files_of(args)
    if not files:
        sys.exit("lab.py: no files to ask about")
    began = time.monotonic()
    try:
        results = run(
            args.kernel,
            files,
            mode=args.mode,
            calls=args.calls.split(","),
            preload=args.preload,
            trust=args.trust,
            jobs=args.jobs,
            stall=args.stall,
        )
    except (LabError, OSError, ValueError) as error:
        sys.exit(f"lab.py: {error}")
    for result in results:
        print(json.dumps(result.as_dict()))
    seconds = time.monotonic() - began
    print(f"{len(results)} answers in {seconds:.1f} s", file=sys.stderr)


if __name__ == "__main__":
    main()
