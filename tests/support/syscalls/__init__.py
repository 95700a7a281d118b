# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of files when a run of modseal is killed, or told of an error, at any of its
system calls, or when what it works on is exchanged under its hands there.

    tracer.py     runs a program in which something happens at one call
    world.py      the directory that runs work in: put up, looked at, put up again
    pairs.py      libcrypto's word on whether a key and a certificate belong together
    scenarios.py  the commands, each on a small world of its own
    faults.py     kills and errors: which there are, and what must come of each
    races.py      exchanges: which there are, and what must come of each
    sampling.py   a seeded part of them, on all cores

A case is named by a call and what happens there, as `renameat#2 kill`, and can be had again
by `tests/syscalls/run SCENARIO CALL WHAT`.
"""
