# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile module files, by the thousand: what a kernel is asked and the judge with it.

A world has a root key that the kernel trusts, keys that it does not, and certificates in
between. From a seed it makes cases: sound messages of every shape, and the same bent as
bytes, as trees, as numbers and as claims. Each is a name and the file's content.
"""

import hashlib

from . import asn1, forge, keys
from .asn1 import Node, context, integer, octets, oid, seq, set_of, utf8

PAYLOAD = forge.TINY
SIGNED_DATA, DATA = "1.2.840.113549.1.7.2", "1.2.840.113549.1.7.1"
CONTENT_TYPE, MESSAGE_DIGEST = "1.2.840.113549.1.9.3", "1.2.840.113549.1.9.4"
SIGNING_TIME, SMIME = "1.2.840.113549.1.9.5", "1.2.840.113549.1.9.15"
AUTHENTICODE = "1.3.6.1.4.1.311.2.1.4"
CN, O, EMAIL = "2.5.4.3", "2.5.4.10", "1.2.840.113549.1.9.1"
SKID, USAGE, BASIC, AKID = "2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.35"
# identifiers that the kernel knows, and some that it does not
OIDS = [
    *(name for names in keys.HASHES.values() for name in names),
    *(curve[0] for curve in keys.CURVES.values()),
    keys.RSA_OID,
    keys.EC_OID,
    SIGNED_DATA,
    DATA,
    AUTHENTICODE,
    *("1.3.6.1.4.1.311.2.1.11", "1.3.6.1.4.1.311.2.1.12"),
    *(CONTENT_TYPE, MESSAGE_DIGEST, SIGNING_TIME, SMIME),
    *(CN, O, EMAIL, SKID, USAGE, BASIC, AKID),
    "1.2.840.113549.1.1.10",  # RSASSA-PSS
    "1.2.840.113549.1.1.4",  # MD5 with RSA, which the kernel calls MD4
    "1.2.840.113549.2.4",  # MD4
    "1.2.156.10197.1.401",  # SM3
    "1.2.156.10197.1.301",  # SM2
    "1.2.156.10197.1.501",
    "1.2.643.7.1.1.2.2",  # Streebog
    "1.2.643.7.1.1.2.3",
    "1.2.643.7.1.1.1.1",  # EC-RDSA
    "1.2.643.7.1.1.1.2",
    "1.2.643.7.1.1.3.2",
    "1.3.101.112",  # Ed25519
    "2.16.840.1.101.3.4.3.17",  # ML-DSA-44
    "2.16.840.1.101.3.4.3.18",
    "2.16.840.1.101.3.4.3.19",
    "1.2.3.4",
]


# the ways to bend a tree, the likelier ones twice
BENDS = ["form", "form", "indefinite", "indefinite", "lie", "tag", "class", "delete"]
BENDS += ["double", "swap", "insert", "append", "oid", "oid", "value", "replace"]
BENDS += ["empty", "unwrap", "wrap", "all-indefinite", "long-tag", "steal"]


def name(common=None, organization=None):
    parts = []
    for kind, text in ((O, organization), (CN, common)):
        if text is not None:
            parts.append(set_of(seq(oid(kind), utf8(text))))
    return seq(*parts)


def utc(text):
    return Node(0x17, text.encode())


def extension(kind, value, critical=False):
    flag = [Node(0x01, b"\xff")] if critical else []
    return seq(oid(kind), *flag, octets(value.encode()))


class Identity:
    """A key with a certificate of it."""

    def __init__(self, key, subject, serial, issuer=None, **options):
        self.key, self.subject, self.serial = key, subject, serial
        self.issuer = issuer or self
        self.skid = hashlib.sha1(key.public()).digest()
        self.hash = options.get("hash", "sha256")
        self.tbs, self.usual = self.make_tbs(**options), None

    def make_tbs(self, skid=True, akid="key", extensions=(), **_):
        issuer = self.issuer
        extras = list(extensions)
        if skid:
            extras.append(extension(SKID, octets(self.skid)))
        parts = []
        if akid in ("key", "both"):
            parts.append(Node(0x80, issuer.skid))
        if akid in ("issuer", "both"):
            directory = context(4, issuer.issuer.subject.copy())
            parts.append(context(1, directory))
            parts.append(Node(0x82, integer(issuer.serial).body))
        if parts:
            extras.append(extension(AKID, seq(*parts)))
        more = [context(3, seq(*extras))] if extras else []
        return seq(
            context(0, integer(2)),
            integer(self.serial),
            issuer.key.cert_algorithm(self.hash),
            issuer.subject.copy(),
            seq(utc("200101000000Z"), utc("491231235959Z")),
            self.subject.copy(),
            seq(self.key.algorithm(), asn1.bits(self.key.public())),
            *more,
        )

    def certificate(self, tbs=None, signer=None, hash=None):
        if not (tbs or signer or hash):  # signing is slow: once will do
            self.usual = self.usual or self.certificate(self.tbs)
            return self.usual.copy()
        tbs = tbs or self.tbs.copy()
        key, hash = signer or self.issuer.key, hash or self.hash
        signature = key.sign(hash, tbs.encode())
        return seq(tbs, key.cert_algorithm(hash), asn1.bits(signature))


def attribute(kind, *values):
    return seq(oid(kind), set_of(*values))


def signer(who, hash="sha256", by_skid=False, attributes=None, signature=None, **more):
    """A SignerInfo over PAYLOAD; `more` replaces its parts."""
    issuer = who.issuer.subject
    identifier = seq(issuer.copy(), integer(who.serial))
    if by_skid:
        identifier = Node(0x80, who.skid)
    data = PAYLOAD
    if attributes is not None:
        data = set_of(*attributes).encode()
    if signature is None:
        signature = who.key.sign(hash, data)
    parts = {
        "version": integer(3 if by_skid else 1),
        "sid": identifier,
        "digest": seq(oid(keys.HASHES[hash][0])),
        "attributes": context(0, *attributes) if attributes is not None else None,
        "algorithm": who.key.cms_algorithm(hash),
        "value": octets(signature),
        "unsigned": None,
    }
    parts.update(more)
    return seq(*(part for part in parts.values() if part is not None))


def sound_attributes(hash="sha256", time="250101000000Z"):
    digest = hashlib.new(hash, PAYLOAD).digest()
    return [
        attribute(CONTENT_TYPE, oid(DATA)),
        attribute(SIGNING_TIME, utc(time)),
        attribute(MESSAGE_DIGEST, octets(digest)),
    ]


def message(*signers, version=1, certs=None, crls=None, hashes=("sha256",), **more):
    parts = {
        "version": integer(version),
        "digests": set_of(*(seq(oid(keys.HASHES[hash][0])) for hash in hashes)),
        "content": seq(oid(DATA)),
        "certificates": context(0, *certs) if certs is not None else None,
        "lists": context(1, *crls) if crls is not None else None,
        "signers": set_of(*signers),
    }
    parts.update(more)
    data = seq(*(part for part in parts.values() if part is not None))
    return seq(oid(SIGNED_DATA), context(0, data))


def signed(tree):
    return forge.append(PAYLOAD, tree if isinstance(tree, bytes) else tree.encode())


class World:
    """kind: of the root key; others: of the keys below it."""

    def __init__(self, random, kind="p256", root=None, revoked=None):
        """root, revoked: identities that the kernel trusts already, and has revoked."""
        self.random, self.kind, self.revoked = random, kind, revoked
        # an RSA key's certificate has room for less, and an EC key signs it shorter
        is_rsa = kind.startswith("rsa") and not root
        issuer = Identity(self.ec(), name("h"), 1) if is_rsa else None
        akid = "issuer" if is_rsa else "key"
        self.root = root or Identity(
            self.key(kind), name("R"), 0x1234567, issuer, skid=not is_rsa, akid=None
        )
        self.leaf = Identity(self.ec(), name("leaf"), 2, self.root, akid=akid)
        self.middle = Identity(self.ec(), name("middle"), 3, self.root, akid=akid)
        self.deep = Identity(self.ec(), name("below"), 4, self.middle)
        self.stranger = Identity(self.ec(), name("stranger"), 5)
        self.deep_stranger = Identity(self.ec(), name("unknown"), 6, self.stranger)
        self.rsa_leaf = Identity(
            keys.RsaKey(random), name("rsa leaf"), 7, self.root, akid=akid
        )
        self.rsa_stranger = Identity(keys.RsaKey(random), name("rsa stranger"), 8)

    def key(self, kind):
        if kind.startswith("rsa"):
            return keys.RsaKey(self.random, int(kind[3:]))
        return keys.EcKey(self.random, kind)

    def ec(self):
        return keys.EcKey(self.random, "p256")

    def trusted_certificate(self):
        return self.root.certificate().encode()

    # sound messages of every shape

    def sound(self):
        root, leaf, middle, deep = self.root, self.leaf, self.middle, self.deep
        stranger, unknown = self.stranger, self.deep_stranger
        chain = [middle.certificate(), deep.certificate()]
        yield "plain", message(signer(root))
        for hash in keys.HASHES:
            yield f"plain-{hash}", message(signer(root, hash), hashes=[hash])
            yield f"leaf-{hash}", message(signer(leaf, hash), certs=[leaf.certificate()])
        yield "skid", message(signer(root, by_skid=True), version=3)
        yield "stranger", message(signer(stranger))
        yield "stranger-skid", message(signer(stranger, by_skid=True), version=3)
        yield "root-inside", message(signer(root), certs=[root.certificate()])
        yield "leaf", message(signer(leaf), certs=[leaf.certificate()])
        yield "leaf-alone", message(signer(leaf))
        yield "leaf-and-root", message(
            signer(leaf), certs=[leaf.certificate(), root.certificate()]
        )
        yield "rsa-leaf", message(
            signer(self.rsa_leaf), certs=[self.rsa_leaf.certificate()]
        )
        yield "rsa-stranger", message(
            signer(self.rsa_stranger), certs=[self.rsa_stranger.certificate()]
        )
        yield "chain", message(signer(deep), certs=chain)
        yield "chain-backwards", message(signer(deep), certs=chain[::-1])
        yield "chain-broken", message(signer(deep), certs=chain[1:])
        yield "chain-and-root", message(signer(deep), certs=[root.certificate(), *chain])
        yield "stranger-inside", message(
            signer(stranger), certs=[stranger.certificate()]
        )
        yield "stranger-chain", message(
            signer(unknown), certs=[unknown.certificate(), stranger.certificate()]
        )
        yield "certs-unused", message(signer(root), certs=chain)
        yield "certs-none", message(signer(root), certs=[])
        yield "crls", message(signer(root), crls=[seq(leaf.certificate())])
        yield "crls-none", message(signer(root), crls=[])
        yield "attributes", message(
            signer(root, attributes=sound_attributes()), certs=None
        )
        yield "attributes-inside", message(
            signer(leaf, attributes=sound_attributes()), certs=[leaf.certificate()]
        )
        yield "unsigned-attributes", message(
            signer(root, unsigned=context(1, attribute("1.2.3.4", asn1.null())))
        )
        yield "two", message(signer(root), signer(stranger))
        yield "two-backwards", message(signer(stranger), signer(root))
        yield "two-leaves", message(
            signer(leaf), signer(deep), certs=[*chain, leaf.certificate()]
        )
        yield "bad-and-good", message(signer(root, signature=b"x" * 70), signer(root))
        yield "good-and-bad", message(signer(root), signer(root, signature=b"x" * 70))
        yield "inside", message(signer(root), content=seq(oid(DATA), context(0, octets(b"x"))))

    # bent as bytes

    def flipped(self):
        for label, tree in (
            ("plain", message(signer(self.root))),
            ("leaf", message(signer(self.leaf), certs=[self.leaf.certificate()])),
        ):
            data = tree.encode()
            for at in range(len(data)):
                how = self.random.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])
                yield f"flip-{label}-{at}-{how}", signed(forge.flip(data, at, how))

    def cut(self):
        for label, tree in (
            ("plain", message(signer(self.root))),
            ("leaf", message(signer(self.leaf), certs=[self.leaf.certificate()])),
        ):
            data = tree.encode()
            for at in range(len(data)):
                yield f"cut-{label}-{at}", signed(data[:at])

    def bytes_bent(self, data):
        random = self.random
        data = bytearray(data)
        for _ in range(random.choice([1, 1, 1, 2, 3])):
            at = random.randrange(len(data))
            kind = random.randrange(5)
            if kind == 0:
                data[at] = random.choice([0, 1, 2, 3, 0x30, 0x31, 0x80, 0xA0, 0xFF])
            elif kind == 1:
                del data[at : at + random.choice([1, 1, 2, 3])]
            elif kind == 2:
                data[at:at] = random.choice([b"\0", b"\0\0", b"\5\0", b"\x30\0", b"\x80"])
            elif kind == 3:
                end = at + random.randrange(1, 20)
                data[at:at] = data[at:end]
            else:
                data[at] ^= 1 << random.randrange(8)
        return bytes(data)

    # bent as trees

    def some_node(self):
        return self.random.choice(
            [
                asn1.null(),
                integer(1),
                integer(0),
                Node(2),
                oid(self.random.choice(OIDS)),
                octets(b"x"),
                octets(b""),
                Node(0),
                Node(0x30),
                Node(0x31),
                Node(0xA0),
                Node(0xA1),
                Node(0xA2),
                Node(0xA3),
                Node(0x80),
                seq(asn1.null()),
                Node(0x1F),
                Node(b"\x1f\x81\x01", b""),
                Node(b"\x3f\x81\x01", b"\5\0"),
            ]
        )

    def bend(self, tree, kind=None):
        """One change at some place of the tree, in place; kind: one of BENDS."""
        random = self.random
        kind = kind or random.choice(BENDS)
        node = random.choice(list(tree.nodes()))
        parent = random.choice(tree.parents())
        if kind == "form":
            node.form = random.choice([1, 2, 2, 3, 4])
        elif kind == "indefinite":
            parent.form = "indefinite"
        elif kind == "all-indefinite":
            for each in tree.parents():
                each.form = "indefinite"
        elif kind == "lie":
            node.lie = random.choice([-2, -1, 1, 2, 100])
        elif kind == "tag" and isinstance(node.tag, int):
            node.tag = random.choice([node.tag ^ 0x20, random.randrange(256)])
        elif kind == "class" and isinstance(node.tag, int):
            node.tag ^= random.choice([0x40, 0x80, 0xC0])
        elif kind == "delete" and parent.body:
            parent.body.pop(random.randrange(len(parent.body)))
        elif kind == "double" and parent.body:
            at = random.randrange(len(parent.body))
            parent.body.insert(at, parent.body[at].copy())
        elif kind == "swap" and len(parent.body) > 1:
            at = random.randrange(len(parent.body) - 1)
            parent.body[at : at + 2] = parent.body[at : at + 2][::-1]
        elif kind == "insert":
            at = random.randrange(len(parent.body) + 1)
            parent.body.insert(at, self.some_node())
        elif kind == "append":
            parent.body.append(self.some_node())
        elif kind == "oid":
            oids = [each for each in tree.nodes() if each.tag == 6]
            if oids:
                random.choice(oids).body = oid(random.choice(OIDS)).body
        elif kind == "value" and isinstance(node.body, bytes):
            node.body = random.choice(
                [b"", b"\0", b"\1", b"\2", b"\3", b"\0" + node.body, node.body + b"\0"]
            )
        elif kind == "replace" and parent.body:
            parent.body[random.randrange(len(parent.body))] = self.some_node()
        elif kind == "empty":
            parent.body = []
        elif kind == "unwrap" and parent.body:
            at = random.randrange(len(parent.body))
            child = parent.body[at]
            if not isinstance(child.body, bytes):
                parent.body[at : at + 1] = child.body
        elif kind == "wrap" and parent.body:
            at = random.randrange(len(parent.body))
            tag = random.choice([0x30, 0x31, 0xA0, 0x24])
            parent.body[at] = Node(tag, [parent.body[at]])
        elif kind == "long-tag":
            node.tag = bytes([0x1F | (0x20 if node in tree.parents() else 0), 0x10])
        elif kind == "steal":
            other = random.choice(list(tree.nodes()))
            if node not in list(other.nodes()) and other not in list(node.nodes()):
                node.tag, node.body = other.tag, other.copy().body
        return kind

    def tree_bent(self, tree):
        tree = tree.copy()
        kinds = [self.bend(tree) for _ in range(self.random.choice([1, 1, 1, 2, 2, 3]))]
        return "-".join(kinds), tree

    # bent as numbers

    def numbers_bent(self):
        """Signatures that are encoded in other ways, right and wrong."""
        random, key = self.random, self.root.key
        if isinstance(key, keys.RsaKey):
            return self.rsa_bent(key)
        r, s = key.numbers("sha256", PAYLOAD)
        width = random.choice([key.size, key.size + 1, key.size + 2, key.size + 7, 72, 73])
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
            lambda value: Node(2, b"\1" + value.to_bytes((key.size + 7) // 8 * 8, "big")),
            lambda value: Node(2, b"\0" + value.to_bytes((key.size + 7) // 8 * 8, "big")),
        ]
        tree = seq(random.choice(forms)(r), random.choice(forms)(s))
        what = random.randrange(8)
        if what == 0:
            tree.body.append(self.some_node())
        elif what == 1:
            tree.form = random.choice([1, 2, 3, "indefinite"])
        elif what == 2:
            tree.tag = random.choice([0x10, 0x31, 0x30])
        elif what == 3:
            self.bend(tree)
        signature = tree.encode()
        if what == 4:
            signature += random.choice([b"\0", b"junk"])
        return message(signer(self.root, signature=signature))

    def rsa_bent(self, key):
        random = self.random
        good = key.padded("sha256", PAYLOAD)
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
                key.padded("sha512", PAYLOAD),
                b"\0\1" + b"\xff" * (size - 4 - len(info)) + b"\0" + info + b"\0",
            ]
        )[:size]
        signature = key.power(padded)
        signature = random.choice(
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
        return message(signer(self.root, signature=signature))

    # bent as certificates, which are then signed anew

    def certificate_bent(self):
        """A message by a leaf whose certificate is odd and yet rightly signed."""
        random = self.random
        kind = random.randrange(8)
        if kind == 0:
            return self.odd_key()
        who = random.choice([self.leaf, self.deep, self.rsa_leaf])
        extras = [self.odd_extension() for _ in range(random.choice([0, 1, 1, 2]))]
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
            self.bend(tbs)
        if kind == 5:
            tbs.body[4] = random.choice([self.odd_validity(), tbs.body[4]])
        if kind == 6 and random.random() < 0.5:
            tbs.body.pop(0)
        signer_key = odd.issuer.key if random.random() < 0.9 else self.stranger.key
        hash = odd.hash if random.random() < 0.9 else "sha1"
        certificate = odd.certificate(tbs, signer_key, hash)
        if kind == 7:
            self.bend(certificate)
        certs = [certificate]
        if who is self.deep:
            certs.append(self.middle.certificate())
        if random.random() < 0.2:
            certs.append(self.root.certificate())
        random.shuffle(certs)
        return message(signer(odd), certs=certs)

    def odd_validity(self):
        times = ["200101000000Z", "491231235959Z", "500101000000Z", "701231235959Z"]
        times += ["200230000000Z", "200229240060Z", "20500101000000Z", "20400101000000Z"]
        times += ["2001010000Z", "200101000000+", "20010100000aZ", "201301000000Z"]
        picked = []
        for _ in range(self.random.choice([0, 1, 2, 2, 2, 2, 3])):
            text = self.random.choice(times)
            tag = 0x18 if len(text) == 15 else 0x17
            picked.append(Node(self.random.choice([tag] * 8 + [0x18, 0x17, 4]), text.encode()))
        return seq(*picked)

    def odd_extension(self):
        random = self.random
        raw = random.choice(
            [
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
        )
        if random.random() < 0.3:
            return self.odd_akid()
        kind, value = raw
        return seq(oid(kind), octets(value))

    def odd_akid(self):
        random = self.random
        names = [
            context(0, oid("1.2.3.4"), context(0, utf8("x"))),
            context(0, utf8("x")),
            Node(0x81, b"a@b"),
            context(1, Node(0x16, b"a@b")),
            Node(0x82, b"a.b"),
            context(3, asn1.null()),
            context(4, self.root.subject.copy()),
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
        parts = [Node(0x80, random.choice([self.root.skid, b"x", b""]))]
        parts.append(context(1, *picked))
        parts.append(Node(0x82, random.choice([integer(self.root.serial).body, b"", b"\1"])))
        if random.random() < 0.3:
            parts.pop(random.randrange(3))
        tree = seq(*parts)
        if random.random() < 0.4:
            self.bend(tree)
        return extension(AKID, tree, random.random() < 0.2)

    def odd_key(self):
        """A leaf whose key is encoded in other ways."""
        random = self.random
        curve = random.choice(["p192", "p256", "p384", "p521"])
        kind = random.choice(["ec", "ec", "rsa"])
        if kind == "rsa":
            key = keys.RsaKey(
                random,
                random.choice([512, 1024, 1016, 1020, 768, 1536, 960]),
                random.choice([3, 17, 65537, 65537, 2**70 + 9 | 1]),
            )
        else:
            key = keys.EcKey(random, curve)
        odd = Identity(key, name("odd"), 9, self.root)
        info = odd.tbs.body[6]
        public = key.public()
        if kind == "ec":
            x, y = public[1 : 1 + key.size], public[1 + key.size :]
            public = random.choice(
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
        else:
            tree = asn1.read(public)[0]
            what = random.randrange(10)
            if what == 0:
                self.bend(tree)
            elif what == 1:
                tree.body[1] = integer(random.choice([0, 1, 2, 2**1100 + 1]))
            elif what == 2:
                tree.body[0] = integer(random.choice([0, 1, key.n * 2, key.n + 1]))
            elif what == 3:
                tree.body[0].body = b"\0\0\0" + tree.body[0].body
            public = tree.encode()
        info.body[1] = asn1.bits(public)
        if random.random() < 0.15:
            info.body[1].body = random.choice([b"", b"\0", b"\1" + public])
        if random.random() < 0.15:
            self.bend(info)
        hash = random.choice(["sha256", "sha512", "sha1", "sha224"])
        return message(signer(odd, hash), certs=[odd.certificate()])

    # bent as claims

    def claims_bent(self):
        random = self.random
        people = [self.root] * 4 + [self.leaf, self.stranger, self.deep, self.rsa_leaf]
        people += [self.deep_stranger, self.rsa_stranger]
        signers = []
        for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3])):
            who = random.choice(people)
            more = {}
            by_skid = random.random() < 0.3
            if random.random() < 0.15:
                more["version"] = random.choice(
                    [integer(number) for number in (0, 1, 2, 3, 4, 257)]
                    + [Node(2), Node(2, b"\0\1"), Node(2, b"\0\3")]
                )
            if random.random() < 0.1:
                more["value"] = octets(random.choice([b"", b"x", bytes(70)]))
            if random.random() < 0.1:
                more["digest"] = seq(oid(random.choice(OIDS)))
            if random.random() < 0.1:
                more["algorithm"] = seq(oid(random.choice(OIDS)), asn1.null())
            if random.random() < 0.1:
                more["sid"] = random.choice(
                    [
                        Node(0x80, who.skid),
                        Node(0x80),
                        Node(0x80, integer(who.serial).body + who.issuer.subject.content()),
                        seq(name("x"), integer(1)),
                        seq(seq(), integer(1)),
                        seq(who.issuer.subject.copy(), Node(2)),
                    ]
                )
            if random.random() < 0.05:
                more["unsigned"] = random.choice([context(1), context(3), context(2)])
            attributes = None
            if random.random() < 0.1:
                attributes = sound_attributes()
                if random.random() < 0.5:
                    self.bend(context(0, *attributes))
                random.shuffle(attributes)
                if random.random() < 0.3:
                    attributes.append(attribute(random.choice(OIDS), octets(b"x")))
            hash = random.choice(["sha256"] * 6 + list(keys.HASHES))
            signers.append(signer(who, hash, by_skid, attributes, **more))
        certs = None
        if random.random() < 0.5:
            certs = [
                random.choice(people).certificate() for _ in range(random.randrange(4))
            ]
        crls = None
        if random.random() < 0.1:
            crls = [random.choice([seq(), seq(self.leaf.certificate()), asn1.null()])]
        more = {}
        if random.random() < 0.1:
            more["content"] = random.choice(
                [
                    seq(oid(random.choice(OIDS))),
                    seq(oid(DATA), context(0, octets(b""))),
                    seq(oid(DATA), context(0)),
                    seq(oid(DATA), asn1.null()),
                    seq(),
                ]
            )
        if random.random() < 0.1:
            more["digests"] = random.choice(
                [
                    set_of(),
                    seq(seq(oid(random.choice(OIDS)))),
                    set_of(seq(oid(random.choice(OIDS)), asn1.null())),
                    set_of(asn1.null()),
                ]
            )
        if certs is not None and random.random() < 0.1:
            more["certificates"] = context(2, *certs)
        version = random.choice([1] * 8 + [3, 3, 0, 2, 4])
        if any(each.body[0].body == b"\3" for each in signers) and random.random() < 0.7:
            version = 3
        return message(*signers, version=version, certs=certs, crls=crls, **more)

    def trailer_bent(self):
        random = self.random
        data = message(signer(self.root)).encode()
        fields = {}
        for field in ("algo", "hash", "id_type", "signer_len", "key_id_len"):
            if random.random() < 0.2:
                fields[field] = random.choice([0, 1, 2, 3, 255])
        if random.random() < 0.2:
            fields["pad"] = random.choice([b"\0\0\1", b"\1\0\0", b"\0\0\0"])
        if random.random() < 0.4:
            whole = len(PAYLOAD) + len(data)
            fields["sig_len"] = random.choice(
                [0, 1, len(data) - 1, len(data) + 1, whole - 1, whole, whole + 1, 2**32 - 1]
            )
        file = forge.append(PAYLOAD, data, **fields)
        return random.choice([file] * 4 + [file + b"\n", file[:-1], file + forge.MARKER])

    def cases(self, count):
        """All sound messages, up to half of the rest systematic, then bent ones."""
        shapes = list(self.sound())
        for label, tree in shapes:
            yield f"sound-{label}", signed(tree)
        whole = shapes[0][1].encode()
        yield "longest", signed(whole.ljust(65535, b"\0"))
        yield "too-long", signed(whole.ljust(65536, b"\0"))
        made = len(shapes) + 2
        systematic = [*self.flipped(), *self.cut()]
        share = min(len(systematic), max(0, count - made) // 2)
        yield from self.random.sample(systematic, share)
        made += share
        while made < count:
            label, tree = self.random.choice(shapes)
            kind = self.random.choice(["bytes", "tree", "tree", "tree", "numbers"])
            kind = self.random.choice([kind, kind, "certificate", "claims", "trailer"])
            if kind == "trailer" and self.random.random() < 0.8:
                kind = "claims-tree"
            if kind == "bytes":
                data = signed(self.bytes_bent(tree.encode()))
            elif kind == "tree":
                how, bent = self.tree_bent(tree)
                kind, data = f"tree-{label}-{how}", signed(bent)
            elif kind == "numbers":
                data = signed(self.numbers_bent())
            elif kind == "certificate":
                data = signed(self.certificate_bent())
            elif kind == "claims":
                data = signed(self.claims_bent())
            elif kind == "claims-tree":
                how, bent = self.tree_bent(self.claims_bent())
                data = signed(bent)
            else:
                data = self.trailer_bent()
            yield f"{kind}-{made}", data
            made += 1


def bent_module(random, module, count):
    """Variants of a module that somebody else has signed."""
    payload, signature = forge.split(module)
    tree = asn1.read(signature)[0]
    world = World.__new__(World)
    world.random = random
    for number in range(count):
        if random.random() < 0.4:
            bent = world.bytes_bent(signature)
            label = "bytes"
        else:
            label, bent = world.tree_bent(tree)
            bent = bent.encode()
        yield f"real-{label}-{number}", forge.append(payload, bent)
