# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile module files, by the thousand: what a kernel is asked and modseal with it.

A world (world.py) has a root key that the kernel trusts, keys that it does not, and
certificates in between. From a seeded source of numbers it makes sound messages of every
shape. The other files bend them: bends.py as bytes and as trees, numbers.py in the value
of the signature, certificates.py in an embedded certificate that is then signed anew,
claims.py in what a message says of itself; mixed.py has several signers, of whom some are
revoked. messages.py writes what is sound. stacks.py
puts trailers around each other, for kernels that know the hashes of their modules.
"""

from . import bends, certificates, claims, messages, mixed, numbers, stacks
from .messages import Identity, message, signed, signer
from .world import World, bent_module

__all__ = [
    *["bends", "certificates", "claims", "messages", "mixed", "numbers", "stacks"],
    *["Identity", "World", "bent_module", "message", "signed", "signer"],
]
