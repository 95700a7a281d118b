# SPDX-License-Identifier: LGPL-2.1-or-later
"""Embedded certificates that are odd and yet rightly signed."""

from support.files import asn1
from support.files.asn1 import Node, context, integer, octets, oid, seq, utf8
from support.keys import keys, mldsa
from .bends import bend
from .messages import (
    AKID,
    BASIC,
    SKID,
    USAGE,
    Identity,
    extension,
    message,
    name,
    signer,
)

RAW_EXTENSIONS = [
    (USAGE, b"\3\2\7\x80"),
    (USAGE, b"\3\2\1\6"),
    (USAGE, b"\3\1\0"),
    (USAGE, b"\3\2\x08\x80"),
    (USAGE, b"\4\2\7\x80"),
    (USAGE, b"\3\3\7\x80\x80"),
    (USAGE, b""),
    (BASIC, b"\x30\0"),
    (BASIC, b"\x30\3\1\1\xff"),
    (BASIC, b"\x30\3\1\1\0"),
    (BASIC, b"\x30\3\1\1\1"),
    (BASIC, b"\x30\3\2\1\0"),
    (BASIC, b"\x30\6\1\1\xff\2\1\0"),
    (BASIC, b"\x30\4\1\1\xff"),
    (BASIC, b"\x31\0"),
    (BASIC, b"\x30"),
    (SKID, b"\4\1x"),
    (SKID, b"\4\0"),
    (SKID, b"\4\x81\1x"),
    (SKID, b"\5\1x"),
    (SKID, b"\4\2x"),
    (AKID, b"\x30\0"),
    (AKID, b""),
    (AKID, b"\x30\2\x80\0"),
    (AKID, b"\x30\3\x80\1x"),
    (AKID, b"\x30\5\x80\1x\5\0"),
    (AKID, b"\x31\0"),
    (AKID, b"\x30\3\x82\1\1"),
    ("1.2.3.4", b"anything"),
    ("2.5.29.17", b"\x30\0"),
]


def bent(world):
    """A message by a leaf whose certificate is odd."""
    random = world.random
    kind = random.randrange(8)
    if kind == 0:
        return odd_key(world)
    who = random.choice([world.leaf, world.deep, world.rsa_leaf])
    extras = [odd_extension(world) for _ in range(random.choice([0, 1, 1, 2]))]
    odd = Identity(
        who.key,
        random.choice([who.subject, who.issuer.subject, seq(), name(), name("x", "y")]),
        random.choice([who.serial, 0, 2**100]),
        random.choice([who.issuer, None]),
        akid=random.choice(["key", "issuer", "both", None]),
        skid=random.choice([True, True, False]),
        extensions=extras,
        hash=random.choice(["sha256", "sha256", *keys.HASHES]),
    )
    if odd.issuer is odd and isinstance(odd.key, keys.EcKey) and kind == 1:
        odd.subject = who.issuer.subject
    tbs = odd.tbs.copy()
    if kind in (2, 3, 4):
        bend(random, tbs)
    if kind == 5:
        tbs.body[4] = random.choice([odd_validity(world), tbs.body[4]])
    if kind == 6 and random.random() < 0.5:
        tbs.body.pop(0)
    signer_key = odd.issuer.key if random.random() < 0.9 else world.stranger.key
    hash = odd.hash if random.random() < 0.9 else "sha1"
    certificate = odd.certificate(tbs, signer_key, hash)
    if kind == 7:
        bend(random, certificate)
    certs = [certificate]
    if who is world.deep:
        certs.append(world.middle.certificate())
    if random.random() < 0.2:
        certs.append(world.root.certificate())
    random.shuffle(certs)
    return message(signer(odd), certs=certs)


def odd_validity(world):
    times = ["200101000000Z", "491231235959Z", "500101000000Z", "701231235959Z"]
    times += ["200230000000Z", "200229240060Z", "20500101000000Z", "20400101000000Z"]
    times += ["2001010000Z", "200101000000+", "20010100000aZ", "201301000000Z"]
    picked = []
    for _ in range(world.random.choice([0, 1, 2, 2, 2, 2, 3])):
        text = world.random.choice(times)
        tag = 0x18 if len(text) == 15 else 0x17
        picked.append(Node(world.random.choice([tag] * 8 + [0x18, 0x17, 4]), text.encode()))
    return seq(*picked)


def odd_extension(world):
    random = world.random
    if random.random() < 0.3:
        return odd_akid(world)
    kind, value = random.choice(RAW_EXTENSIONS)
    return seq(oid(kind), octets(value))


def odd_akid(world):
    random = world.random
    names = [
        context(0, oid("1.2.3.4"), context(0, utf8("x"))),
        context(0, utf8("x")),
        Node(0x81, b"a@b"),
        context(1, Node(0x16, b"a@b")),
        Node(0x82, b"a.b"),
        context(3, asn1.null()),
        context(4, world.root.subject.copy()),
        context(4, seq()),
        context(4, name("x", "y")),
        context(5, context(1, utf8("x"))),
        context(5, context(0, utf8("x")), context(1, utf8("x"))),
        context(5, utf8("x")),
        Node(0x86, b"http://"),
        context(6, Node(0x16, b"http://")),
        Node(0x87, b"\x7f\0\0\1"),
        Node(0x88, oid("1.2.3.4").body),
        Node(0x89, b"x"),
        asn1.null(),
    ]
    picked = random.sample(names, random.choice([0, 1, 1, 2, 3]))
    parts = [Node(0x80, random.choice([world.root.skid, b"x", b""]))]
    parts.append(context(1, *picked))
    parts.append(Node(0x82, random.choice([integer(world.root.serial).body, b"", b"\1"])))
    if random.random() < 0.3:
        parts.pop(random.randrange(3))
    tree = seq(*parts)
    if random.random() < 0.4:
        bend(random, tree)
    return extension(AKID, tree, random.random() < 0.2)


def odd_key(world):
    """A message by a leaf whose key is encoded in other ways."""
    random = world.random
    curve = random.choice(["p192", "p256", "p384", "p521"])
    kind = random.choice(["ec", "ec", "rsa"])
    if isinstance(world.leaf.key, mldsa.Key) and random.random() < 0.7:
        key, how = world.leaf.key, odd_raw
    elif kind == "rsa":
        size = random.choice([512, 1024, 1016, 1020, 768, 1536, 960])
        exponent = random.choice([3, 17, 65537, 65537, 2**70 + 9 | 1])
        key, how = keys.RsaKey(random, size, exponent), odd_numbers
    else:
        key, how = keys.EcKey(random, curve), odd_point
    odd = Identity(key, name("odd"), 9, world.root)
    info = odd.tbs.body[6]
    public = how(random, key)
    info.body[1] = asn1.bits(public)
    if random.random() < 0.15:
        info.body[1].body = random.choice([b"", b"\0", b"\1" + public])
    if random.random() < 0.15:
        bend(random, info)
    hash = random.choice(["sha256", "sha512", "sha1", "sha224"])
    return message(signer(odd, hash), certs=[odd.certificate()])


def odd_point(random, key):
    public = key.public()
    x, y = public[1 : 1 + key.size], public[1 + key.size :]
    return random.choice(
        [
            *[public] * 6,
            b"\x02" + x,
            b"\x06" + x + y,
            b"\x04" + b"\0" + x + b"\0" + y,
            b"\x04" + x[1:] + y[1:],
            public + b"\0",
            public + b"\0\0",
            public[:-1],
            b"\x04" + x + x,
            b"\x04" + bytes(2 * key.size),
            b"\x04" + b"\xff" * (2 * key.size),
            b"\x04",
            b"",
            b"\x04" + x.rjust(72, b"\0") + y.rjust(72, b"\0"),
            b"\x04" + b"\1" + x + b"\1" + y,
        ]
    )


def odd_numbers(random, key):
    tree = asn1.read(key.public())[0]
    what = random.randrange(10)
    if what == 0:
        bend(random, tree)
    elif what == 1:
        tree.body[1] = integer(random.choice([0, 1, 2, 2**1100 + 1]))
    elif what == 2:
        tree.body[0] = integer(random.choice([0, 1, key.n * 2, key.n + 1]))
    elif what == 3:
        tree.body[0].body = b"\0\0\0" + tree.body[0].body
    return tree.encode()


def odd_raw(random, key):
    """The key of another length; or of other bytes, any of which are some ML-DSA key."""
    public = key.public()
    changed = bytearray(public)
    changed[random.randrange(len(public))] ^= random.randrange(1, 256)
    others = [public, public + b"\0", public[:-1], public[1:], bytes(len(public))]
    return random.choice([*others, bytes(changed), bytes(changed), b"\xff" * len(public)])
