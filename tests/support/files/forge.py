# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signed files made without any code of this project: openssl's cms and plain bytes.

    payload | PKCS#7 | algo hash id_type signer_len key_id_len 0 0 0 sig_len | marker
"""

import pathlib
import struct
import subprocess
import tempfile

MARKER = b"~Module signature appended~\n"
FIELDS = struct.Struct(">BBBBB3sI")
TINY = b"a payload that is no ELF\n" * 4


def cms(payload, key, digest="sha256", *options):
    """A PKCS#7 as sign-file makes it, by openssl; key is a (key, certificate) pair."""
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "payload")
        path.write_bytes(payload)
        command = ["openssl", "cms", "-sign", "-binary", "-noattr", "-nosmimecap"]
        command += ["-in", path, "-signer", key[1], "-inkey", key[0], "-md", digest]
        command += ["-outform", "DER", *(options or ["-nocerts"])]
        return subprocess.run(command, capture_output=True, check=True).stdout


def trailer(
    sig_len, algo=0, hash=0, id_type=2, signer_len=0, key_id_len=0, pad=b"\0\0\0"
):
    """struct module_signature and the marker."""
    fields = FIELDS.pack(algo, hash, id_type, signer_len, key_id_len, pad, sig_len)
    return fields + MARKER


def append(payload, signature, sig_len=None, **fields):
    if sig_len is None:
        sig_len = len(signature)
    return payload + signature + trailer(sig_len, **fields)


def split(module):
    """(payload, signature) of a signed module."""
    end = len(module) - len(MARKER) - FIELDS.size
    assert module.endswith(MARKER)
    start = end - FIELDS.unpack_from(module, end)[-1]
    return module[:start], module[start:end]


def flip(data, offset, bits=1):
    """A copy with one byte changed."""
    changed = bytearray(data)
    changed[offset] ^= bits
    return bytes(changed)
