# SPDX-License-Identifier: LGPL-2.1-or-later
"""Signatures whose value is encoded in other ways, right and wrong."""

from support.files import asn1, forge
from support.files.asn1 import Node, integer, seq
from support.keys import keys, mldsa
from . import messages
from .bends import bend, some_node
from .messages import message, signer


def bent(world):
    """A message by the root key, with such a value."""
    key = world.root.key
    if isinstance(key, keys.RsaKey):
        value = rsa(world.random, key)
    elif isinstance(key, mldsa.Key):
        value = ml_dsa(world.random, key)
    else:
        value = ecdsa(world.random, key)
    return message(signer(world.root, signature=value))


def ecdsa(random, key):
    r, s = key.numbers("sha256", messages.payload)
    width = random.choice([key.size, key.size + 1, key.size + 2, key.size + 7, 72, 73])
    words = (key.size + 7) // 8 * 8
    forms = [
        lambda value: integer(value),
        lambda value: Node(2, value.to_bytes(width, "big")),
        lambda value: Node(2, b"\0" + integer(value).body),
        lambda value: Node(2, integer(value).body.lstrip(b"\0")),
        lambda value: integer(value + key.n),
        lambda value: integer(0),
        lambda value: Node(2),
        lambda value: integer(key.n - value),
        lambda value: integer(key.n),
        lambda value: integer(1),
        lambda value: Node(2, b"\xff" * (key.size + 1)),
        lambda value: Node(2, b"\1" + value.to_bytes(words, "big")),
        lambda value: Node(2, b"\0" + value.to_bytes(words, "big")),
    ]
    tree = seq(random.choice(forms)(r), random.choice(forms)(s))
    what = random.randrange(8)
    if what == 0:
        tree.body.append(some_node(random))
    elif what == 1:
        tree.form = random.choice([1, 2, 3, "indefinite"])
    elif what == 2:
        tree.tag = random.choice([0x10, 0x31, 0x30])
    elif what == 3:
        bend(random, tree)
    return tree.encode() + (random.choice([b"\0", b"junk"]) if what == 4 else b"")


def rsa(random, key):
    good = key.padded("sha256", messages.payload)
    info = good[good.index(b"\0", 2) + 1 :]
    size = key.size
    short = random.choice([0, 5, 7, 8, 9])
    padded = random.choice(
        [
            good,
            b"\0\2" + good[2:],
            b"\1" + good[1:],
            b"\0\1" + b"\xff" * short + b"\0" + info + b"\xff" * size,
            b"\0\1" + b"\xff" * (size - 2),
            b"\0\1" + b"\xff" * (size - 3 - 32) + b"\0" + info[-32:],
            good[:50] + b"\0" + good[51:],
            good[:-1] + b"\0",
            forge.flip(good, random.randrange(size), random.randrange(1, 256)),
            forge.flip(good, random.randrange(size), random.randrange(1, 256)),
            key.padded("sha512", messages.payload),
            b"\0\1" + b"\xff" * (size - 4 - len(info)) + b"\0" + info + b"\0",
        ]
    )[:size]
    signature = key.power(padded)
    return random.choice(
        [
            forge.flip(signature, random.randrange(size), random.randrange(1, 256)),
            b"\0" * random.randrange(8) + random.randbytes(size - 7),
            signature,
            signature,
            signature,
            b"\0" + signature,
            signature[1:],
            signature + b"\0",
            b"\0" * size,
            b"\0" * (size - 1) + b"\1",
            key.n.to_bytes(size, "big"),
            (key.n - 1).to_bytes(size, "big"),
            b"\xff" * size,
            b"",
        ]
    )


def ml_dsa(random, key):
    """c~, z and h, each spoilt by bits and by what its encoding forbids or just allows."""
    good = key.sign("sha512", messages.payload)
    bound = key.gamma1 - key.beta
    z = [0, 1, bound - 1, bound, bound + 1, 1 - bound, -bound, key.gamma1, 1 - key.gamma1]
    where = [0, key.challenge, len(good) - key.omega - key.k, len(good)]
    part = random.randrange(3)
    what = random.randrange(6)
    if what < 2:
        at = random.randrange(where[part], where[part + 1])
        return forge.flip(good, at, random.randrange(1, 256))
    if what == 2:
        return key.with_z(good, random.randrange(key.l * 256), random.choice(z))
    if what == 3:
        return key.with_h(good, hints(random, key, good[where[2] :]))
    if what == 4:
        filler = random.choice([b"\0", b"\xff", b"\x80"])
        start, end = where[part], where[part + 1]
        return good[:start] + filler * (end - start) + good[end:]
    longer = good + random.randbytes(random.randrange(1, 5))
    other = random.randbytes(random.choice([2420, 3309, 4627, 70, 256]))
    return random.choice([longer, good[:-1], good[1:], good[: len(good) // 2], other, b""])


def hints(random, key, good):
    """h, whose positions must ascend and whose running totals must not descend."""
    h = bytearray(good)
    used, row = h[-1], random.randrange(key.k)
    start = min(h[key.omega + row - 1], key.omega) if row else 0
    end = min(h[key.omega + row], key.omega)
    what = random.randrange(5)
    if what == 0 and end - start > 1:
        h[start : start + 2] = h[start : start + 2][::-1]
    elif what == 1 and end - start > 1:
        h[start + 1] = h[start]
    elif what == 2 and used < key.omega:
        h[random.randrange(used, key.omega)] = random.randrange(1, 256)
    elif what == 3:
        h[key.omega + row] = random.choice([0, key.omega, key.omega + 1, 255])
    elif end > start:
        h[random.randrange(start, end)] ^= random.randrange(1, 256)
    return bytes(h)
