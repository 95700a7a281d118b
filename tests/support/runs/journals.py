# SPDX-License-Identifier: LGPL-2.1-or-later
"""Journals of trees in copies of them. A journal names its directory and the files that
wait by their inode numbers and births, so that one in a copy says nothing. Here what it
notes is blanked, to compare it, and filled in again, as if the run had been on the copy.
"""

import ctypes
import hashlib
import os
import re
import struct
import urllib.parse

NAME = ".modseal-journal"
NONE = b"0" * 16
AT_FDCWD = -100
LIBC = ctypes.CDLL(None, use_errno=True)


def identity(path):
    """Inode number, and nanoseconds from 1970 to the birth, 0 where that is not told."""
    found = ctypes.create_string_buffer(256)
    if LIBC.statx(AT_FDCWD, os.fsencode(path), 0x100, 0x900, found) != 0:  # no links
        raise OSError(ctypes.get_errno(), os.fspath(path))
    mask, = struct.unpack_from("=I", found, 0)
    inode, = struct.unpack_from("=Q", found, 32)
    seconds, nanoseconds = struct.unpack_from("=qI", found, 80)
    return inode, seconds * 10**9 + nanoseconds if mask & 0x800 else 0


def root_line(directory, path):
    """What a journal says of its directory. Its file system is not asked for."""
    inode, birth = identity(directory)
    return b"root %d:%016x:%016x %s\n" % (inode, 1, birth, path)


def blank(text):
    text = re.sub(rb"(?m)^root \d+:\w{16}:\w{16} ", b"root 0:%s:%s " % (NONE, NONE), text)
    text = re.sub(rb"(?m)^(file \d+ \d+):\w{16}:\w{16} ", rb"\1:%s:%s " % (NONE, NONE),
                  text)
    return re.sub(rb"(?m)^commit \w{64}$", b"commit " + 4 * NONE, text)


def fill(directory, text):
    """The inverse of blank(), for the journal in a directory."""
    header = re.match(rb"modseal-journal 3 (\w{16})\nroot \S+ (\S+)\n", text)
    if not header:
        return text
    txid = header[1].decode()
    lines = text[header.end():].splitlines(keepends=True)
    said = [b"modseal-journal 3 %s\n" % header[1], root_line(directory, header[2])]
    for line in lines:
        words = line.split()
        if words[0] == b"file":
            target = directory / os.fsdecode(urllib.parse.unquote_to_bytes(words[4]))
            waiting = target.parent / f".modseal-{txid}-{int(words[1])}"
            inode, birth = identity(waiting if waiting.exists() else target)
            words[2] = b"%s:%016x:%016x" % (words[2].split(b":")[0], inode, birth)
            line = b" ".join(words) + b"\n"
        elif words[0] == b"commit":
            line = b"commit %s\n" % hashlib.sha256(b"".join(said)).hexdigest().encode()
        said.append(line)
    return b"".join(said)
