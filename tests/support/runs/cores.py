# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is in the core dump of a process, and the numbers of a key to look for in it.

Cores are made by gdb's gcore, which reads the same rules as the kernel (coredump_filter,
and the flag of mappings that are left out), and by the kernel itself. Of either the memory
counts. The registers are in a core, too, and a key at work may have words in them: whoever
gets a core of a process that cannot be dumped is root, and can have all of it.
"""

import os
import pathlib
import re
import resource
import shutil
import signal
import struct
import subprocess

import pytest

from support.runs import watch

WHOLE = 64 << 20  # more than that of one mapping is no heap of ours


def need_gcore():
    if not shutil.which("gcore"):
        pytest.skip("no gcore (package gdb)")
    if os.geteuid() != 0:
        pytest.skip("only root may look into a process that cannot be dumped")


def memory_in(core):
    """The memory that is in a core file (ELF of 64 bits: segments of the kind PT_LOAD)."""
    assert core[:5] == b"\x7fELF\x02"
    order = "<" if core[5] == 1 else ">"
    start, = struct.unpack_from(order + "Q", core, 32)
    size, count = struct.unpack_from(order + "HH", core, 54)
    parts = []
    for at in range(start, start + size * count, size):
        kind, _, offset, _, _, length = struct.unpack_from(order + "IIQQQQ", core, at)
        if kind == 1:
            parts.append(core[offset:offset + length])
    return b"".join(parts)


def gcore(pid, place):
    """What of the memory of a process that goes on is in its core."""
    done = watch.run(["gcore", "-o", place / "core", str(pid)], capture_output=True,
                     text=True, errors="replace")
    path = place / f"core.{pid}"
    assert path.exists(), done.stdout + done.stderr
    content = path.read_bytes()
    path.unlink()
    return memory_in(content)


def memory(pid):
    """All that the process has in memory, whether a core would have it or not."""
    parts = []
    with open(f"/proc/{pid}/maps", encoding="utf-8", errors="replace") as maps, \
            open(f"/proc/{pid}/mem", "rb", buffering=0) as mem:
        for line in maps:
            start, end = (int(number, 16) for number in line.split()[0].split("-"))
            if "rw" not in line.split()[1] or end - start > WHOLE:
                continue
            mem.seek(start)
            try:
                parts.append(mem.read(end - start))
            except OSError:
                pass  # a mapping that nobody can read, such as [vvar]
    return b"".join(parts)


def private_numbers(key, passphrase=None):
    """What is secret of a key, by openssl: {name: bytes}."""
    options = ["-passin", f"pass:{passphrase}"] if passphrase else []
    text = subprocess.run(["openssl", "pkey", "-in", key, *options, "-noout", "-text"],
                          capture_output=True, text=True, check=True).stdout
    found = {}
    for name, digits in re.findall(r"^(\w+):\s*\n((?:    [0-9a-f:]+\n)+)", text, re.MULTILINE):
        if name in ("priv", "privateExponent", "prime1", "prime2", "exponent1", "exponent2",
                    "coefficient"):
            found[name] = bytes.fromhex(re.sub(r"[\s:]", "", digits)).lstrip(b"\0")
    assert found, text
    return found


def secrets_in(content, secrets):
    """The names of those that are there: as they are, or as OpenSSL computes with them, in
    words of the machine. A quarter of a number is enough to give it away."""
    found = []
    for name, secret in secrets.items():
        spellings = [secret, secret[::-1]]
        if len(secret) >= 64:
            spellings = [s[i:i + len(s) // 4] for s in spellings
                         for i in range(0, len(s), len(s) // 4) if i + len(s) // 4 <= len(s)]
        if any(spelling in content for spelling in spellings):
            found.append(name)
    return found


def allow():
    """For a process that is to begin: the machine's limit, and no smaller one, is on its core."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def aborted(process, place):
    """Has it, which stands still and works in place, end by SIGABRT. Was there a core (by the
    kernel's word), and what of its memory is in it."""
    process.send_signal(signal.SIGABRT)
    process.send_signal(signal.SIGCONT)
    how = os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    process.wait()
    cores = [memory_in(path.read_bytes()) for path in pathlib.Path(place).glob("core*")]
    for path in pathlib.Path(place).glob("core*"):
        path.unlink()
    return how.si_code == os.CLD_DUMPED, b"".join(cores)
