# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a message says of itself that does not fit: versions, identifiers, who signed
with what, and the trailer's fields. Nothing here breaks the grammar on purpose."""

from support.files import asn1, forge
from support.files.asn1 import Node, context, integer, octets, oid, seq, set_of
from support.keys import keys
from . import messages
from .bends import bend
from .messages import DATA, OIDS, attribute, message, name, signer, sound_attributes


def odd_identifier(random, who):
    return random.choice(
        [
            Node(0x80, who.skid),
            Node(0x80),
            Node(0x80, integer(who.serial).body + who.issuer.subject.content()),
            seq(name("x"), integer(1)),
            seq(seq(), integer(1)),
            seq(who.issuer.subject.copy(), Node(2)),
        ]
    )


def odd_parts(random, who):
    """Some parts of a SignerInfo, to replace the right ones."""
    parts = {}
    if random.random() < 0.15:
        parts["version"] = random.choice(
            [integer(number) for number in (0, 1, 2, 3, 4, 257)]
            + [Node(2), Node(2, b"\0\1"), Node(2, b"\0\3")]
        )
    if random.random() < 0.1:
        parts["value"] = octets(random.choice([b"", b"x", bytes(70)]))
    if random.random() < 0.1:
        parts["digest"] = seq(oid(random.choice(OIDS)))
    if random.random() < 0.1:
        parts["algorithm"] = seq(oid(random.choice(OIDS)), asn1.null())
    if random.random() < 0.1:
        parts["sid"] = odd_identifier(random, who)
    if random.random() < 0.05:
        parts["unsigned"] = random.choice([context(1), context(3), context(2)])
    return parts


def some_attributes(random, hash):
    attributes = sound_attributes(hash)
    if random.random() < 0.5:
        bend(random, context(0, *attributes))
    random.shuffle(attributes)
    if random.random() < 0.3:
        attributes.append(attribute(random.choice(OIDS), octets(b"x")))
    return attributes


def some_signer(random, who, with_attributes):
    hash = random.choice(["sha256"] * 6 + list(keys.HASHES))
    attributes = None
    if random.random() < with_attributes:
        hash = random.choice([hash, "sha256", "sha512"])
        attributes = some_attributes(random, random.choice([hash] * 3 + ["sha256"]))
    by_skid = random.random() < 0.3
    return signer(who, hash, by_skid, attributes, **odd_parts(random, who))


def odd_message_parts(random):
    """Some parts of SignedData, to replace the right ones."""
    parts = {}
    if random.random() < 0.1:
        parts["content"] = random.choice(
            [
                seq(oid(random.choice(OIDS))),
                seq(oid(DATA), context(0, octets(b""))),
                seq(oid(DATA), context(0)),
                seq(oid(DATA), asn1.null()),
                seq(),
            ]
        )
    if random.random() < 0.1:
        parts["digests"] = random.choice(
            [
                set_of(),
                seq(seq(oid(random.choice(OIDS)))),
                set_of(seq(oid(random.choice(OIDS)), asn1.null())),
                set_of(asn1.null()),
            ]
        )
    return parts


def bent(world):
    """A message of up to three signers and any certificates."""
    random = world.random
    people = [world.root] * 4 + [world.leaf, world.stranger, world.deep, world.rsa_leaf]
    people += [world.deep_stranger, world.rsa_stranger]
    signers = [
        some_signer(random, random.choice(people), world.attributes)
        for _ in range(random.choice([0, 1, 1, 1, 2, 2, 3]))
    ]
    certs = crls = None
    if random.random() < 0.5:
        certs = [random.choice(people).certificate() for _ in range(random.randrange(4))]
    if random.random() < 0.1:
        crls = [random.choice([seq(), seq(world.leaf.certificate()), asn1.null()])]
    parts = odd_message_parts(random)
    if certs is not None and random.random() < 0.1:
        parts["certificates"] = context(2, *certs)
    version = random.choice([1] * 8 + [3, 3, 0, 2, 4])
    if any(each.body[0].body == b"\3" for each in signers) and random.random() < 0.7:
        version = 3
    return message(*signers, version=version, certs=certs, crls=crls, **parts)


def bent_trailer(world):
    """A file with a good signature and another trailer than it should have."""
    random, payload = world.random, messages.payload
    data = message(signer(world.root)).encode()
    fields = {}
    for field in ("algo", "hash", "id_type", "signer_len", "key_id_len"):
        if random.random() < 0.2:
            fields[field] = random.choice([0, 1, 2, 3, 255])
    if random.random() < 0.2:
        fields["pad"] = random.choice([b"\0\0\1", b"\1\0\0", b"\0\0\0"])
    if random.random() < 0.4:
        whole = len(payload) + len(data)
        fields["sig_len"] = random.choice(
            [0, 1, len(data) - 1, len(data) + 1, whole - 1, whole, whole + 1, 2**32 - 1]
        )
    file = forge.append(payload, data, **fields)
    return random.choice([file] * 4 + [file + b"\n", file[:-1], file + forge.MARKER])
