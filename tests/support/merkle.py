# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Merkle tree of hash-based module integrity once more, over hashlib alone.

Written from the description of the format and from nothing of modseal, recursively where
modseal works level by level, so that the two can be held against each other.
"""

import hashlib

from support.cli import MARKER

NO_MODULE = (0, bytes(32))
INFO = 12


def leaf(position, data):
    return hashlib.sha256(b"\x01" + position.to_bytes(4, "big") + data).digest()


def above(level):
    """The level above one: pairs, the odd one out with itself."""
    if len(level) % 2:
        level = level + [level[-1]]
    return [
        hashlib.sha256(b"\x02" + left + right).digest()
        for left, right in zip(level[::2], level[1::2])
    ]


def levels_of(leaves):
    """All levels from the leaves to the root's."""
    levels = [leaves]
    while len(levels[-1]) > 1 or len(levels) == 1:
        levels.append(above(levels[-1]))
    return levels


def root(modules):
    """(levels, hash) over the modules' bytes in their order."""
    if not modules:
        return NO_MODULE
    levels = levels_of([leaf(i, data) for i, data in enumerate(modules)])
    return len(levels) - 1, levels[-1][0]


def text(levels, digest):
    return f"{levels}:{digest.hex()}"


def proof(modules, position):
    """The proof of one module, as it is appended."""
    parts, at = [position.to_bytes(4, "big")], position
    for level in levels_of([leaf(i, data) for i, data in enumerate(modules)])[:-1]:
        parts.append(level[at ^ 1] if at ^ 1 < len(level) else level[at])
        at //= 2
    return b"".join(parts)


def proofs(modules):
    """The proofs of all modules, from one tree."""
    levels = levels_of([leaf(i, data) for i, data in enumerate(modules)])[:-1]
    for position in range(len(modules)):
        siblings = [
            level[min(position >> depth ^ 1, len(level) - 1)] for depth, level in enumerate(levels)
        ]
        yield b"".join([position.to_bytes(4, "big"), *siblings])


def trailer(body, id_type=3):
    """What stands behind the payload: body, struct module_signature, marker."""
    return body + bytes([0, 0, id_type, 0, 0, 0, 0, 0]) + len(body).to_bytes(4, "big") + MARKER


def split(data):
    """(payload, proof) of a module that ends in a proof."""
    assert data.endswith(MARKER)
    end = len(data) - len(MARKER) - INFO
    info = data[end : end + INFO]
    assert info[:8] == bytes([0, 0, 3, 0, 0, 0, 0, 0])
    start = end - int.from_bytes(info[8:], "big")
    return data[:start], data[start:end]
