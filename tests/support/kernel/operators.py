# SPDX-License-Identifier: LGPL-2.1-or-later
"""The mutation operators by name, and cases in which each has its share.

An operator makes one hostile file in a world (hostile/). `cases` goes round them all
until there are as many distinct files as were asked for: no two have the same content,
and each operator has the same number, but for those that run out of different files.
"""

import dataclasses
import gzip
import hashlib
import itertools
import lzma
import subprocess

from support.files import asn1, forge
from support.hostile import bends, certificates, claims, messages, mixed, numbers
from support.hostile import stacks as hostile_stacks
from support.hostile.messages import message, signed, signer

# what each world is asked for in vain before an operator counts as exhausted
ATTEMPTS = 200
# so often, in cases, the sound messages are signed anew, so that what is deterministic
# does not run out of different files
REFRESH = 150


@dataclasses.dataclass
class Case:
    operator: str
    name: str
    data: bytes
    call: str = "finit"


def shape(world):
    """Some sound message."""
    return world.random.choice(list(world.shapes))[1]


def sound(world):
    """Each of the sound shapes in turn; they are made again when all were used."""
    if not world.fresh:
        world.fresh = list(world.sound())
    return signed(world.fresh.pop(0)[1])


def flip(world):
    """One to three bits, in any byte of the message."""
    data = bytearray(shape(world).encode())
    for _ in range(world.random.choice([1, 1, 2, 3])):
        data[world.random.randrange(len(data))] ^= 1 << world.random.randrange(8)
    return signed(bytes(data))


def cut(world):
    data = shape(world).encode()
    return signed(data[: world.random.randrange(len(data))])


def raw(world):
    return signed(bends.raw(world.random, shape(world).encode()))


def bend(kind):
    def apply(world):
        tree = shape(world).copy()
        bends.bend(world.random, tree, kind)
        return signed(tree)

    return apply


def several_bends(world):
    tree = shape(world).copy()
    for _ in range(world.random.choice([2, 2, 3, 4])):
        bends.bend(world.random, tree)
    return signed(tree)


def by(subject):
    return lambda world: signed(subject.bent(world))


def claims_bent(world):
    return signed(bends.tree_bent(world.random, claims.bent(world))[1])


def payload(world):
    """A good signature, and another payload under it: one that is no ELF, since a spoilt
    module that is only unsupported is loaded, and then nobody knows what it does."""
    file = bytearray(signed(shape(world)))
    elf = messages.payload.startswith(b"\x7fELF")
    if world.random.random() < 0.5:
        at = world.random.randrange(4 if elf else len(messages.payload))
        file[at] ^= world.random.randrange(1, 256)
        return bytes(file)
    return bytes(file[world.random.randrange(1, 20) :])


def unsigned(world):
    """The marker is missing, spoilt, or not at the end."""
    random = world.random
    file = signed(shape(world))
    kind = random.randrange(4)
    if kind == 0:
        return file[: -random.randrange(1, len(forge.MARKER))]
    if kind == 1:
        at = len(file) - random.randrange(1, len(forge.MARKER) + 1)
        return forge.flip(file, at, random.randrange(1, 256))
    if kind == 2:
        return file + random.randbytes(random.randrange(1, 40))
    return messages.payload + random.randbytes(random.randrange(64))


def oversize(world):
    """A message of 65535 bytes is the longest that is looked at."""
    data = shape(world).encode()
    return signed(data.ljust(65535 + world.random.choice([0, 1, 1, 2, 3]), b"\0"))


def revoked(world):
    """With a signer that is revoked, whose certificate is trusted as well or not, alone or
    among others, in any order, of whom some only pretend; or a flip of that."""
    random, bad, root = world.random, world.revoked, world.root
    by_skid = random.random() < 0.3
    tree = mixed.message_by(mixed.some(world, by_skid), by_skid)
    if random.random() < 0.4:
        inside = random.choice([[bad], [world.withdrawn], [root], [bad, world.withdrawn]])
        tree = mixed.message_by(
            mixed.some(world, by_skid), by_skid, [who.certificate() for who in inside]
        )
    if random.random() < 0.4:
        bends.bend(random, tree)
    return signed(tree)


OPERATORS = {
    "sound": sound,
    "flip": flip,
    "cut": cut,
    "bytes": raw,
    **{f"tree-{kind}": bend(kind) for kind in sorted(bends.KINDS)},
    "tree-several": several_bends,
    "numbers": by(numbers),
    "certificate": by(certificates),
    "claims": by(claims),
    "claims-bent": claims_bent,
    "trailer": claims.bent_trailer,
    "payload": payload,
    "unsigned": unsigned,
    "oversize": oversize,
}


def zstd(data, *options):
    command = ["zstd", "-q", "-c", *options]
    return subprocess.run(command, input=data, capture_output=True, check=True).stdout


def xz(check, preset=6):
    return lambda data: lzma.compress(data, check=check, preset=preset)


# the kernel's own xz decoder knows no check but CRC32, and that there may be none
PACKERS = [
    xz(lzma.CHECK_CRC32, 0),
    xz(lzma.CHECK_CRC32, 0),
    xz(lzma.CHECK_NONE, 1),
    xz(lzma.CHECK_CRC64, 0),
    xz(lzma.CHECK_CRC32, 6),
    lambda data: gzip.compress(data, mtime=0),
    zstd,
    lambda data: zstd(data, "--no-check", "-1"),
]


def compressed(world):
    """Anything of the others, as one stream of some compression."""
    file = world.random.choice([sound, flip, by(claims), payload, unsigned])(world)
    return world.random.choice(PACKERS)(file)


def one(world, operator, apply, seen, number):
    for _ in range(ATTEMPTS):
        data = apply(world)
        digest = hashlib.sha256(data).digest()
        if digest not in seen:
            seen.add(digest)
            call = "compressed" if operator == "compressed" else "finit"
            return Case(operator, f"{operator}-{number}", data, call)
    return None


def rounds(world, operators, count, seen):
    """That many distinct cases, round and round the operators."""
    operators, made = dict(operators), 0
    for operator in itertools.cycle(list(operators)):
        if made == count or not operators:
            return
        if operator not in operators:
            continue
        case = one(world, operator, operators[operator], seen, made)
        if case is None:
            del operators[operator]
            continue
        made += 1
        yield case


def cases(world, count, seen, more=()):
    """That many distinct cases; `more`: names of operators that this world has besides.
    seen: digests of the files that there are already, to which these are added."""
    extra = {"revoked": revoked, "compressed": compressed}
    operators = {**OPERATORS, **{name: extra[name] for name in more}}
    world.fresh, world.shapes = [], list(world.sound())
    for made, case in enumerate(rounds(world, operators, count, seen), 1):
        if made % REFRESH == 0:
            world.shapes = list(world.sound())
        yield case


def packed_stack(stacks):
    """Any file of hostile.stacks, compressed."""
    apply = stacks.random.choice(list(hostile_stacks.OPERATORS.values()))
    return stacks.random.choice(PACKERS)(apply(stacks))


def stack_cases(stacks, count, seen):
    """That many distinct cases of hostile.stacks, alone and compressed."""
    operators = {**hostile_stacks.OPERATORS, "compressed": packed_stack}
    return rounds(stacks, operators, count, seen)


def real_cases(random, module, count, seen):
    """Of a module that somebody else has signed: its message bent, and the good file."""
    payload, signature = forge.split(module)
    tree = asn1.read(signature)[0]
    kinds = sorted(bends.KINDS)
    made = 0
    while made < count:
        operator = random.choice(["bytes", *kinds])
        if operator == "bytes":
            bent = bends.raw(random, signature)
        else:
            copy = tree.copy()
            bends.bend(random, copy, operator)
            bent, operator = copy.encode(), f"tree-{operator}"
        data = forge.append(payload, bent)
        digest = hashlib.sha256(data).digest()
        if digest in seen:
            continue
        seen.add(digest)
        yield Case(operator, f"real-{operator}-{made}", data)
        made += 1
