# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Merkle tree of hash-based module integrity once more, over hashlib alone.

Written from the description of the format and from nothing of modseal: from the root down,
where modseal works level by level from the leaves up, so that the two can be held against
each other.
"""

import hashlib

from support.cli import MARKER

NO_MODULE = (0, bytes(32))
INFO = 12


def leaf(position, data):
    return hashlib.sha256(b"\x01" + position.to_bytes(4, "big") + data).digest()


def levels_over(count):
    """How many levels of nodes there are above that many leaves."""
    return max(1, (count - 1).bit_length())


def node(leaves, level):
    """The node over at most 2**level leaves; a half that is missing is like the other."""
    if level == 0:
        return leaves[0]
    half = 1 << (level - 1)
    left = node(leaves[:half], level - 1)
    right = node(leaves[half:], level - 1) if len(leaves) > half else left
    return hashlib.sha256(b"\x02" + left + right).digest()


def levels_of(leaves):
    """All levels from the leaves to the root's."""
    return [
        [node(leaves[at : at + (1 << level)], level) for at in range(0, len(leaves), 1 << level)]
        for level in range(levels_over(len(leaves)) + 1)
    ]


def leaves_of(modules):
    return [leaf(i, data) for i, data in enumerate(modules)]


def root(modules):
    """(levels, hash) over the modules' bytes in their order."""
    if not modules:
        return NO_MODULE
    levels = levels_over(len(modules))
    return levels, node(leaves_of(modules), levels)


def text(levels, digest):
    return f"{levels}:{digest.hex()}"


def proof(modules, position):
    """The proof of one module, as it is appended."""
    leaves = leaves_of(modules)
    parts = [position.to_bytes(4, "big")]
    for level in range(levels_over(len(leaves))):
        start = (position >> level ^ 1) << level
        if start >= len(leaves):
            start = position >> level << level
        parts.append(node(leaves[start : start + (1 << level)], level))
    return b"".join(parts)


def proofs(modules):
    """The proofs of all modules, from one tree."""
    levels = levels_of(leaves_of(modules))[:-1]
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
