# SPDX-License-Identifier: LGPL-2.1-or-later
"""Modules under stacked trailers, and what a kernel with module hashes says of them.

The rule once more, over hashlib and nothing of modseal: what the trailers' fields say is
worked out here from the bytes; whether a PKCS#7 message is good is known because it was
made here, by openssl, for a key, over certain bytes. A message that nobody has made here
has no answer (Unknown), unless it does not even begin as one does.

    world = World(known=[...], strangers=[...], form="list", trusted=[(key, cert)],
                  foreign=[(key, cert)])
    for name, data in cases(seed, 500, world):
        verdict, errno, vouched = judge(data, world)

The seed fixes what is made, but for the nonces of ECDSA.
"""

import dataclasses
import hashlib
import random
import typing

from support.files import forge, merkle

MAX_TRAILERS = 8  # MODULE_TRAILERS_MAX
MAX_MESSAGE = 65535  # lib/asn1_decoder.c
END = forge.FIELDS.size + len(forge.MARKER)
PKCS7, PROOF = 2, 3
TOLERABLE = {"ENODATA": "unsigned", "ENOPKG": "unsupported", "ENOKEY": "unknown-key"}
VERDICTS = {**TOLERABLE, "EBADMSG": "malformed", "EMSGSIZE": "malformed",
            "EKEYREJECTED": "rejected", None: "trusted"}
SHA256_OID = bytes.fromhex("608648016503040201")
UNKNOWN_OID = bytes.fromhex("60864801650304027f")


class Unknown(Exception):
    """Only a parser of PKCS#7 could tell."""


class Answer(typing.NamedTuple):
    verdict: str
    errno: str  # None where trusted
    vouched: str  # "signature", "hash-list", "merkle-root"; None where nobody did


@dataclasses.dataclass
class Message:
    """A PKCS#7 message that was made here."""

    trusted: bool  # the kernel has its key
    over: bytes  # SHA-256 of what it was made over; None: its value was spoiled
    supported: bool = True  # the kernel knows its digest


@dataclasses.dataclass
class World:
    """What a kernel knows, and what there is to make modules of."""

    known: list  # the modules that were built with it, bytes, in the order of modules.order
    strangers: list  # modules that were not
    form: str  # of its hashes: "list" or "merkle"
    trusted: list  # (key, certificate) that it trusts, as paths
    foreign: list  # (key, certificate) that it does not
    module_sig: bool = True  # CONFIG_MODULE_SIG
    filled: bool = True  # False: .module_hashes is as the linker left it

    def __post_init__(self):
        self.messages = {}
        self.signed = {}
        modules = self.known if self.filled else []
        self.digests = {sha256(module) for module in modules}
        leaves = merkle.leaves_of(modules)
        self.nodes = merkle.levels_of(leaves) if leaves else []
        self.root = (len(self.nodes) - 1, self.nodes[-1][0]) if leaves else merkle.NO_MODULE

    def digest_list(self):
        """The list as it stands in the section, without its count."""
        return sorted(self.digests)

    def proof_of(self, module):
        """The module's proof; for one that is not known, the first module's."""
        at = self.known.index(module) if module in self.known else 0
        parts = [at.to_bytes(4, "big")]
        for level in self.nodes[:-1]:
            parts.append(level[at ^ 1] if at ^ 1 < len(level) else level[at])
            at //= 2
        return b"".join(parts)

    def sign(self, front, pair):
        """A message over these bytes. The same question gets the same message."""
        key = (sha256(front), str(pair[1]))
        if key not in self.signed:
            self.signed[key] = self.note(forge.cms(front, pair), pair in self.trusted, key[0])
        return self.signed[key]

    def note(self, message, trusted, over, supported=True):
        self.messages[message] = Message(trusted, over, supported)
        return message


def sha256(data):
    return hashlib.sha256(data).digest()


# --- the rule ---

def message_errno(message, front, world):
    """verify_pkcs7_signature(), of messages whose story is known."""
    if len(message) > MAX_MESSAGE:
        return "EMSGSIZE"
    made = world.messages.get(message)
    if not made:
        if message[:1] in (b"\x30", b"\x10"):
            raise Unknown("a message that was not made here")
        return "EBADMSG"
    if not made.supported:
        return "ENOPKG"
    if not made.trusted:
        return "ENOKEY"
    return None if made.over == sha256(front) else "EKEYREJECTED"


def proof_errno(proof, front, world):
    levels, root = world.root
    if len(proof) != 4 + 32 * levels:
        return "ENOPKG"
    position = int.from_bytes(proof[:4], "big")
    running = merkle.leaf(position, front)
    for i in range(levels):
        sibling = proof[4 + 32 * i : 36 + 32 * i]
        pair = sibling + running if position >> i & 1 else running + sibling
        running = hashlib.sha256(b"\x02" + pair).digest()
    return None if levels and running == root else "ENOKEY"


def take_off(data, world):
    """(errno, what lies in front, who vouches) of the trailer at the end of the bytes."""
    end = len(data) - END
    if end <= 0:
        return "EBADMSG", data, None
    *fields, length = forge.FIELDS.unpack_from(data, end)
    if length >= end:
        return "EBADMSG", data, None
    front, body = data[: end - length], data[end - length : end]
    id_type = fields.pop(2)
    if not (id_type == PKCS7 and world.module_sig or id_type == PROOF and world.form == "merkle"):
        return "ENOPKG", front, None
    if any(fields[:-1]) or any(fields[-1]):
        return "EBADMSG", front, None
    if id_type == PKCS7:
        return message_errno(body, front, world), front, "signature"
    return proof_errno(body, front, world), front, "merkle-root"


def judge(data, world):
    """The kernel's answer to a module file, unpacked."""
    stands = "ENODATA"
    count = 0
    while len(data) > len(forge.MARKER) and data.endswith(forge.MARKER):
        if count == MAX_TRAILERS:
            return Answer("malformed", "EBADMSG", None)
        errno, data, who = take_off(data, world)
        if errno is None:
            return Answer("trusted", None, who)
        if errno not in TOLERABLE:
            return Answer(VERDICTS[errno], errno, None)
        stands = stands if count else errno
        count += 1
    if world.form == "list" and sha256(data) in world.digests:
        return Answer("trusted", None, "hash-list")
    return Answer(VERDICTS[stands], stands, None)


# --- trailers ---

def trailer(body, id_type=PKCS7, **fields):
    return body + forge.trailer(fields.pop("sig_len", len(body)), id_type=id_type, **fields)


def some_field(rng):
    """One field that must be zero, and is not."""
    name = rng.choice(["algo", "hash", "signer_len", "key_id_len", "pad"])
    value = rng.randrange(1, 256)
    return {name: rng.choice([b"\1\0\0", b"\0\x80\0", b"\0\0\xff"]) if name == "pad" else value}


def good_signature(front, world, rng):
    return trailer(world.sign(front, rng.choice(world.trusted)))


def junk_behind_signature(front, world, rng):
    pair = rng.choice(world.trusted + world.foreign)
    message = world.sign(front, pair) + rng.randbytes(rng.randrange(1, 9))
    return trailer(world.note(message, pair in world.trusted, sha256(front)))


def foreign_signature(front, world, rng):
    return trailer(world.sign(front, rng.choice(world.foreign)))


def unknown_digest(front, world, rng):
    pair = rng.choice(world.trusted + world.foreign)
    message = world.sign(front, pair).replace(SHA256_OID, UNKNOWN_OID)
    return trailer(world.note(message, pair in world.trusted, None, supported=False))


def other_bytes_signed(front, world, rng):
    return trailer(world.sign(b"other bytes", rng.choice(world.trusted)))


def spoiled_signature(front, world, rng):
    pair = rng.choice(world.trusted + world.foreign)
    message = forge.flip(world.sign(front, pair), -1)
    return trailer(world.note(message, pair in world.trusted, None))


def no_message(front, world, rng):
    return trailer(rng.choice([b"", b"\x31", b"\x04\x02\0\0", b"\xa0" + rng.randbytes(40)]))


def reserved_in_signature(front, world, rng):
    return trailer(world.sign(front, rng.choice(world.trusted)), **some_field(rng))


def huge_message(front, world, rng):
    return trailer(bytes(MAX_MESSAGE + rng.randrange(3)))


def good_proof(front, world, rng):
    return trailer(world.proof_of(front), PROOF)


def wrong_sibling(front, world, rng):
    proof = world.proof_of(front)
    at = rng.randrange(4, len(proof)) if len(proof) > 4 else 0
    return trailer(forge.flip(proof, at, 1 << rng.randrange(8)), PROOF)


def wrong_position(front, world, rng):
    return trailer(forge.flip(world.proof_of(front), rng.randrange(4), 1 << rng.randrange(8)), PROOF)


def cut_proof(front, world, rng):
    proof = world.proof_of(front)
    return trailer(proof[: rng.choice([0, 1, 4, len(proof) - 32, len(proof) - 1])], PROOF)


def long_proof(front, world, rng):
    return trailer(world.proof_of(front) + rng.randbytes(rng.choice([1, 32, 64])), PROOF)


def other_modules_proof(front, world, rng):
    return trailer(world.proof_of(rng.choice(world.known)), PROOF)


def reserved_in_proof(front, world, rng):
    return trailer(world.proof_of(front), PROOF, **some_field(rng))


def other_type(front, world, rng):
    """A type that no kernel knows, with fields that only 0 and 1 ever had."""
    body = rng.choice([b"", rng.randbytes(20), world.proof_of(front)])
    fields = some_field(rng) if rng.random() < 0.5 else {}
    return trailer(body, rng.choice([0, 0, 1, 1, 4, 7, 255]), **fields)


def signature_of_other_type(front, world, rng):
    return trailer(world.sign(front, rng.choice(world.trusted)), rng.choice([0, 1, 3, 4]))


def proof_as_signature(front, world, rng):
    proof = world.proof_of(front)
    return trailer(proof if proof[0] not in (0x30, 0x10) else b"", PKCS7)


def length_beyond(front, world, rng):
    left = len(front)
    length = rng.choice([left, left, left + 1, left + 40, 1 << 31, (1 << 32) - 12, (1 << 32) - 1])
    return trailer(b"", rng.choice([PKCS7, PROOF, 0, 9]), sig_len=length)


def length_takes_all_but_one(front, world, rng):
    return trailer(b"", rng.choice([PROOF, PROOF, 0, 9]), sig_len=len(front) - 1)


def marker_alone(front, world, rng):
    return forge.MARKER


GOOD = [good_signature, good_proof]
TOLERATED = [foreign_signature, unknown_digest, wrong_sibling, wrong_position, cut_proof,
             long_proof, other_modules_proof, other_type, signature_of_other_type,
             junk_behind_signature]
FATAL = [other_bytes_signed, spoiled_signature, no_message, reserved_in_signature, huge_message,
         reserved_in_proof, proof_as_signature, length_beyond, length_takes_all_but_one,
         marker_alone]
DEPTHS = [0, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 7, 8, 9, 10]


# --- what becomes of a whole file ---

def struct_changed(pieces, world, rng):
    data = b"".join(pieces)
    return forge.flip(data, -rng.randrange(29, 41), rng.randrange(1, 256)) if len(data) > 40 else data


def cut(pieces, world, rng):
    data = b"".join(pieces)
    return data[: len(data) - rng.choice([1, 2, 27, 28, 29, 40])]


def something_behind(pieces, world, rng):
    return b"".join(pieces) + rng.choice([b"\0", b"\n", b"~", forge.MARKER, forge.MARKER[:-1]])


def payload_changed(pieces, world, rng):
    return b"".join([forge.flip(pieces[0], rng.randrange(len(pieces[0]))), *pieces[1:]])


def swapped(pieces, world, rng):
    if len(pieces) < 3:
        return b"".join(pieces)
    at = rng.randrange(1, len(pieces) - 1)
    pieces[at], pieces[at + 1] = pieces[at + 1], pieces[at]
    return b"".join(pieces)


def doubled(pieces, world, rng):
    at = rng.randrange(1, len(pieces)) if len(pieces) > 1 else 0
    return b"".join(pieces[: at + 1] + pieces[at:])


def left_out(pieces, world, rng):
    if len(pieces) > 1:
        del pieces[rng.randrange(1, len(pieces))]
    return b"".join(pieces)


def on_another_module(pieces, world, rng):
    return b"".join([rng.choice(world.known + world.strangers), *pieces[1:]])


CHANGES = [struct_changed, struct_changed, cut, something_behind, payload_changed, swapped,
           doubled, left_out, on_another_module]


def pick(rng, deep):
    kind = rng.random()
    if deep:
        return rng.choice(TOLERATED if kind < 0.97 else GOOD)
    return rng.choice(TOLERATED if kind < 0.5 else GOOD if kind < 0.8 else FATAL)


def one(world, rng):
    """(name, bytes) of one case."""
    stranger = not world.known or (world.strangers and rng.random() < 0.3)
    pieces = [rng.choice(world.strangers if stranger else world.known)]
    names = ["stranger" if stranger else "known"]
    depth = rng.choice(DEPTHS)
    for i in range(depth):
        make = pick(rng, depth > 4)
        if i == 0 and world.form == "merkle" and rng.random() < 0.4:
            make = good_proof  # what modules_install does
        pieces.append(make(b"".join(pieces), world, rng))
        names.append(make.__name__)
    if rng.random() < 0.25:
        change = rng.choice(CHANGES)
        names.append(change.__name__)
        return names, change(pieces, world, rng)
    return names, b"".join(pieces)


def cases(seed, n, world):
    """n distinct files, each with a name that tells how it was made."""
    rng = random.Random(seed)
    seen = set()
    while len(seen) < n:
        names, data = one(world, rng)
        if data and data not in seen:
            seen.add(data)
            yield f"{len(seen):05}-" + "+".join(names).replace("_", "-"), data
