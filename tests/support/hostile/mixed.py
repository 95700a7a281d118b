# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several signers in one message: trusted, revoked, withdrawn (revoked and trusted by
nobody), unknown; and some of them only pretended, with junk for a signature.

`KINDS` names them, `message_of` makes the message of a list of such names, and `kernel`
says what pkcs7_verify() and verify_pkcs7_signature() of Linux make of the list: nobody
needs to believe it, since real kernels are asked about all the same lists
(test_built_kernel.py).
"""

import itertools

from . import messages
from .messages import message, signer

# name: whose signature; does it trust him, is he revoked; is the signature good
KINDS = {
    "trusted": ("root", True, False, True),
    "revoked": ("revoked", True, True, True),
    "withdrawn": ("withdrawn", False, True, True),
    "unknown": ("stranger", False, False, True),
    "no-trusted": ("root", True, False, False),
    "no-revoked": ("revoked", True, True, False),
    "no-withdrawn": ("withdrawn", False, True, False),
}
MOST = 3


def lists():
    """All lists of one to three of them, in every order."""
    for count in range(1, MOST + 1):
        yield from itertools.product(KINDS, repeat=count)


def is_revoked(names):
    return any(KINDS[name][2] for name in names)


def look_for(names, column):
    """pkcs7_validate_trust() for the trusted keys, or for the revoked ones."""
    answer = "ENOKEY"
    for name in names:
        if not KINDS[name][column]:
            continue  # no such key
        if not KINDS[name][3]:
            return "EKEYREJECTED"  # and nobody else is asked
        answer = "0"
    return answer


def kernel(names):
    """The errno of a kernel that looks at its revocation list."""
    return "EKEYREJECTED" if look_for(names, 2) == "0" else look_for(names, 1)


def signers_of(world, names, by_skid=False):
    for name in names:
        who, *_, good = KINDS[name]
        more = {} if good else {"signature": b"no signature at all"}
        yield signer(getattr(world, who), by_skid=by_skid, **more)


def message_by(signers, by_skid=False, certs=None):
    return message(*signers, version=3 if by_skid else 1, certs=certs)


def message_of(world, names, by_skid=False):
    return message_by(signers_of(world, names, by_skid), by_skid)


def some(world, by_skid=False):
    """One to four signers, of whom one is revoked, or said to be."""
    random = world.random
    names = random.choices(list(KINDS), k=random.choice([0, 1, 1, 2, 2, 3]))
    bad = random.choice([name for name in KINDS if KINDS[name][2]])
    names.insert(random.randrange(len(names) + 1), bad)
    return signers_of(world, names, by_skid)


def over(payload, make, world):
    """A message of the signers that make(world) gives, over that payload."""
    before = messages.payload
    messages.use_payload(payload)
    try:
        return message_by(make(world))
    finally:
        messages.use_payload(before)
