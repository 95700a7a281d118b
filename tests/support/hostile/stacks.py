# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules of a patched kernel with any trailers, one around the other: proofs of the
Merkle tree, signatures, and what is neither; each sound, or spoilt in some way.

A Stacks makes them for one build (patched.py) in a world whose root the kernel trusts
(world.py). An operator in OPERATORS makes one file; a layer, in LAYERS, is one trailer
around the bytes that it is given.

Payloads are modules, which a kernel loads where it is not made to refuse them. One that
is spoilt is so where that harms nobody: in what makes it an ELF file, or in a text.
"""

import re

from support.files import forge
from . import bends, messages, mixed
from .messages import message, signer

TEXT = re.compile(rb"description=([^\0]{4,})")
SMALL = 12000  # bytes; larger modules are not taken each time
OTHER_TYPES = [0, 1, 4, 5, 127, 255]
FIELDS = ("algo", "hash", "signer_len", "key_id_len")


def is_small(data):
    return len(data) < SMALL


class Stacks:
    """build: a patched.Build; world: one with a revoked identity."""

    def __init__(self, random, build, world, form):
        """form: of the kernel; one with a list vouches for its modules whatever is around
        them, so that other modules have more to tell."""
        self.random, self.build, self.world = random, build, world
        self.strange = 0.6 if form == "list" else 0.3
        count = range(len(build.payloads))
        self.small = [i for i in count if is_small(build.payloads[i])] or list(count)

    def module(self):
        """Index and bytes of a module of the kernel."""
        index = self.random.choice(self.small)
        if self.random.random() < 0.05:
            index = self.random.randrange(len(self.build.payloads))
        return index, self.build.payloads[index]

    def any_payload(self):
        """Index and bytes; sometimes of no module of the kernel."""
        index, data = self.module()
        if self.random.random() < self.strange:
            data = self.random.choice([*self.build.outside, ("tiny", forge.TINY)])[1]
        return index, data

    def proof(self, index):
        return self.build.proofs[index]

    def message(self, covered, who=None, hash="sha256", **more):
        """A PKCS#7 message over these bytes, as a tree."""
        before = messages.payload
        messages.use_payload(covered)
        try:
            made = signer(who or self.world.root, hash, **more)
        finally:
            messages.use_payload(before)
        return message(made, hashes=[hash])


def with_proof(covered, proof, **fields):
    return forge.append(covered, proof, **{"id_type": 3, **fields})


def flipped_sibling(s, index):
    """One to three bytes of one sibling are others."""
    proof = bytearray(s.proof(index))
    start = 4 + 32 * s.random.randrange(s.build.levels)
    for _ in range(s.random.choice([1, 1, 2, 3])):
        proof[start + s.random.randrange(32)] ^= s.random.randrange(1, 256)
    return bytes(proof)


def other_position(s, index):
    """Another pos: by a bit, a neighbour's, one beyond all modules, any."""
    random, count = s.random, len(s.build.payloads)
    levels = s.build.levels
    pos = random.choice(
        [
            index ^ 1 << random.randrange(levels),
            index | 1 << random.randrange(levels, 32),
            index + count,
            random.randrange(count),
            2**32 - 1 - random.randrange(4),
            random.getrandbits(32),
            int.from_bytes(index.to_bytes(4, "little"), "big"),
        ]
    )
    return (pos % 2**32).to_bytes(4, "big") + s.proof(index)[4:]


def other_length(s, index):
    """Too many siblings or too few, or bytes that make no whole one."""
    random, proof = s.random, s.proof(index)
    kind = random.randrange(6)
    if kind == 0:
        return proof[: 4 + 32 * random.randrange(s.build.levels)]
    if kind == 1:
        return proof + random.randbytes(32 * random.randrange(1, 30))
    if kind == 2:
        return proof + proof[4:]
    if kind == 3:
        return proof[: random.randrange(len(proof))]
    if kind == 4:
        return proof + random.randbytes(random.randrange(1, 32))
    return proof[random.randrange(1, len(proof)) :]


def other_order(s, index):
    """The right bytes of the wrong module, or in the wrong places."""
    random, proof = s.random, s.proof(index)
    siblings = [proof[at : at + 32] for at in range(4, len(proof), 32)]
    other = s.proof(random.randrange(len(s.build.proofs)))
    kind = random.randrange(4)
    if kind == 0:
        return other
    if kind == 1:
        random.shuffle(siblings)
    elif kind == 2:
        at = random.randrange(len(siblings))
        siblings[at] = other[4 + 32 * at : 36 + 32 * at]
    else:
        at = random.randrange(len(siblings))
        siblings[at] = siblings[at][::-1]
    return random.choice([proof[:4], proof[:4], other[:4]]) + b"".join(siblings)


def random_proof(s, index):
    return s.proof(index)[:4] + s.random.randbytes(32 * s.build.levels)


WRONG_PROOFS = [flipped_sibling, other_position, other_length, other_order, random_proof]


def good_proof(s, covered, index):
    return with_proof(covered, s.proof(index))


def wrong_proof(s, covered, index):
    return with_proof(covered, s.random.choice(WRONG_PROOFS)(s, index))


def signature(s, covered, index):
    hash = s.random.choice(["sha256", "sha256", "sha384", "sha512"])
    return forge.append(covered, s.message(covered, hash=hash).encode())


def strangers_signature(s, covered, index):
    return forge.append(covered, s.message(covered, s.world.stranger).encode())


def revoked_signature(s, covered, index):
    return forge.append(covered, s.message(covered, s.world.revoked).encode())


def signatures_of_several(s, covered, index):
    """One message, of signers of whom some are revoked, some pretend, some are unknown."""
    return forge.append(covered, mixed.over(covered, mixed.some, s.world).encode())


def others_signature(s, covered, index):
    """A good one, of other bytes."""
    return forge.append(covered, s.message(covered + b"x").encode())


def unknown_digest(s, covered, index):
    """A signature with an algorithm that no kernel has."""
    unknown = messages.seq(messages.oid("1.2.3.4"))
    return forge.append(covered, s.message(covered, digest=unknown).encode())


def bent_signature(s, covered, index):
    tree = s.message(covered)
    if s.random.random() < 0.4:
        return forge.append(covered, bends.raw(s.random, tree.encode()))
    bends.bend(s.random, tree)
    return forge.append(covered, tree.encode())


def other_type(s, covered, index):
    """Whatever it is, it is neither a signature nor a proof."""
    random = s.random
    bodies = [s.proof(index), b"", random.randbytes(random.randrange(200))]
    return forge.append(covered, random.choice(bodies), id_type=random.choice(OTHER_TYPES))


def other_body(s, covered, index):
    """A proof that is said to be a signature, or the other way round."""
    if s.random.random() < 0.5:
        return with_proof(covered, s.proof(index), id_type=2)
    return with_proof(covered, s.message(covered).encode())


def other_fields(s, covered, index):
    """A good trailer in which something else is not zero than id_type and sig_len."""
    random = s.random
    fields = {name: random.randrange(1, 256) for name in FIELDS if random.random() < 0.3}
    if not fields or random.random() < 0.2:
        fields["pad"] = random.choice([b"\0\0\1", b"\0\1\0", b"\1\0\0"])
    kind = random.choice([2, 3, 3, *OTHER_TYPES[:3]])
    body = s.message(covered).encode() if kind == 2 else s.proof(index)
    return forge.append(covered, body, id_type=kind, **fields)


def lying_length(s, covered, index):
    """sig_len says more or less than there is, up to more than the file has."""
    random = s.random
    kind = random.choice([2, 3, 3, 3, 0])
    body = s.message(covered).encode() if kind == 2 else s.proof(index)
    whole = len(covered) + len(body)
    length = random.choice(
        [
            *(0, 4, len(body) - 1, len(body) + 1, len(body) - 32, len(body) + 32),
            *(whole - 1, whole, whole + 1, whole + 12, 2**31, 2**32 - 1),
            *(2**32 - len(body), random.getrandbits(32), random.randrange(whole)),
        ]
    )
    return forge.append(covered, body, sig_len=length, id_type=kind)


def empty(s, covered, index):
    return forge.append(covered, b"", id_type=s.random.choice([0, 1, 2, 3, 255]))


# what vouches; what is passed over on the way inwards; and what ends it, or may
VOUCHERS = [good_proof, signature]
PASSED_OVER = [wrong_proof, strangers_signature, unknown_digest, other_type, good_proof]
ENDS = [
    *(revoked_signature, others_signature, bent_signature, other_fields),
    signatures_of_several,
    *(lying_length, empty, other_body),
]


def several(s, covered, index, count, kinds):
    for _ in range(count):
        covered = s.random.choice(kinds)(s, covered, index)
    return covered


def around(s, covered, index):
    """Sometimes more trailers around it, which are passed over."""
    if s.random.random() < 0.4:
        return several(s, covered, index, s.random.choice([1, 1, 2, 3]), PASSED_OVER)
    return covered


def with_wrong(wrong):
    """A proof that is wrong in that way; rarely not alone."""

    def apply(s):
        index, data = s.any_payload() if s.strange > 0.5 else s.module()
        if s.random.random() < 0.1:
            data = s.random.choice(VOUCHERS)(s, data, index)
        return around(s, with_proof(data, wrong(s, index)), index)

    return apply


def with_layer(*layers):
    """One of these trailers over anything, sometimes with others around it or inside."""

    def apply(s):
        index, data = s.any_payload()
        if s.random.random() < 0.4:
            data = s.random.choice(VOUCHERS + PASSED_OVER)(s, data, index)
        return around(s, s.random.choice(layers)(s, data, index), index)

    return apply


def stack(s):
    """A few trailers of any kind."""
    index, data = s.any_payload()
    kinds = VOUCHERS * 2 + PASSED_OVER * 4 + ENDS
    return several(s, data, index, s.random.choice([2, 2, 3, 3, 4, 5, 6]), kinds)


def deep(s):
    """About as many as are looked at, with one that vouches somewhere or nowhere."""
    index, data = s.any_payload()
    count = s.random.choice([7, 7, 8, 8, 8, 9, 9, 10, 12])
    cheap = [wrong_proof, wrong_proof, other_type, strangers_signature]
    at = s.random.randrange(count + 1)
    data = several(s, data, index, at, cheap)
    if s.random.random() < 0.7:
        data, at = s.random.choice(VOUCHERS)(s, data, index), at + 1
    return several(s, data, index, max(0, count - at), cheap)


def marker(s):
    """The marker is cut, spoilt, doubled, or not at the end."""
    random = s.random
    index, data = s.any_payload()
    file = random.choice(VOUCHERS)(s, data, index)
    if random.random() < 0.4:
        file = random.choice(PASSED_OVER)(s, file, index)
    kind = random.randrange(5)
    if kind == 0:
        return file[: -random.randrange(1, len(forge.MARKER))]
    if kind == 1:
        at = len(file) - random.randrange(1, len(forge.MARKER) + 1)
        return forge.flip(file, at, random.randrange(1, 256))
    if kind == 2:
        return file + random.randbytes(random.randrange(1, 40))
    if kind == 3:
        return file + forge.MARKER * random.choice([1, 1, 2, 9])
    return data + random.choice([forge.MARKER, forge.MARKER[1:], b"\0" + forge.MARKER])


def spoilt(random, data):
    """Another payload, which does no harm where it is loaded all the same."""
    text = TEXT.search(data)
    if text and random.random() < 0.5:
        start, end = text.span(1)
        return forge.flip(data, random.randrange(start, end), random.randrange(1, 32))
    if random.random() < 0.5:
        return forge.flip(data, random.randrange(4), random.randrange(1, 256))
    return data[random.randrange(1, 60) :]


def payload(s):
    """A good trailer, or several, around bytes that have changed since."""
    index, data = s.module()
    other = spoilt(s.random, data)
    if s.random.random() < 0.25:
        return around(s, other, index)
    if s.random.random() < 0.5:
        return around(s, with_proof(other, s.proof(index)), index)
    return around(s, forge.append(other, s.message(data).encode()), index)


def build_of_others(s):
    """A module that this kernel does not know, with what a module of its own has."""
    index, _ = s.module()
    _, data = s.random.choice(s.build.outside)
    data += s.random.choice([b"", s.random.randbytes(s.random.randrange(1, 9))])
    kinds = [good_proof, good_proof, wrong_proof, other_type, signature]
    return several(s, data, index, s.random.choice([0, 1, 1, 2, 3]), kinds)


OPERATORS = {
    "sibling": with_wrong(flipped_sibling),
    "position": with_wrong(other_position),
    "length": with_wrong(other_length),
    "order": with_wrong(other_order),
    "random-proof": with_wrong(random_proof),
    "good": with_layer(*VOUCHERS),
    "other-type": with_layer(other_type, other_body, empty),
    "fields": with_layer(other_fields),
    "sig-len": with_layer(lying_length),
    "bent-signature": with_layer(bent_signature),
    "failing-signature": with_layer(revoked_signature, others_signature),
    "several-signers": with_layer(signatures_of_several),
    "foreign-signature": with_layer(strangers_signature, unknown_digest),
    "stack": stack,
    "deep": deep,
    "marker": marker,
    "payload": payload,
    "other-build": build_of_others,
}
