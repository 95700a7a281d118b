# SPDX-License-Identifier: LGPL-2.1-or-later
"""Module files for a kernel with kernel/patches, and what it has to answer by the rule.

The rule, as kernel/patches/README.md has it: each trailer covers all bytes before it. The
outermost that vouches ends it; one that is not understood, or whose key or root is another,
is passed over, and the first of those says why, should nobody vouch; any other error ends
it. In the list form what is left without any trailer is looked up at last.

`expected` is the answer in the words of lab/report.py. It is written down here, case by
case, for the Merkle form and for the list; nothing of modseal has a say in it.
"""

import dataclasses
import pathlib
import struct

from support.files import forge
from support.kernel import operators
from support.kernel.patched import with_proof

ALL = ("permissive", "enforcing", "lockdown")
STRICT = ("enforcing", "lockdown")
TOLERABLE = ("unsigned", "unsupported", "unknown-key")
REFUSALS = {"enforcing": "EKEYREJECTED", "lockdown": "EPERM"}
SIGNERS = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521", "own"]
MOST_TRAILERS = 8
OTHER_TYPE = 9


def other(data, count=1):
    """With so many trailers around it that nobody understands."""
    for _ in range(count):
        data = forge.append(data, b"?", id_type=OTHER_TYPE)
    return data


@dataclasses.dataclass
class Case:
    """modes: those in which it is asked; loads: it is a module that loads when let."""

    name: str
    data: bytes
    expected: str
    call: str = "finit"
    loads: bool = True
    modes: tuple = ALL

    def answer(self, mode):
        """(errno, outcome) by the rule."""
        if self.expected == "malformed":
            return "EBADMSG", "refused"
        if self.expected == "rejected":
            return "EKEYREJECTED", "refused"
        if self.expected in TOLERABLE and mode in REFUSALS:
            return REFUSALS[mode], "refused"
        if not self.loads:
            return "ENOEXEC", "passed"
        return None, "clean" if self.expected == "trusted" else "tainted"


def regions(module):
    """(name, offset) of a byte in each part of an ELF file: its header, each section that
    takes room, the table of sections, the end."""
    start = struct.unpack_from("<Q", module, 0x28)[0]
    size, count, _ = struct.unpack_from("<HHH", module, 0x3A)
    yield "header", 9
    for number in range(1, count):
        section = module[start + number * size :][:size]
        kind, _, _, offset, length = struct.unpack_from("<IQQQQ", section, 4)
        if kind != 8 and length:  # SHT_NOBITS
            yield f"section-{number}", offset + length // 2
    yield "table", start + size + 1
    yield "end", len(module) - 1


class Maker:
    """The cases of one patched.Build with the lab's keys, for a kernel of that form."""

    def __init__(self, build, keys, form):
        self.build, self.keys = build, pathlib.Path(keys)
        self.merkle = form == "merkle"
        self.index = build.index("nls_utf8")
        self.module, self.proof = build.payloads[self.index], build.proofs[self.index]
        self.outside = dict(build.outside)["outside"]
        self.rebuilt = dict(build.outside)["nls_ascii"]
        # what a proof is worth that is wrong, and the same in a kernel that knows of none
        self.elsewhere = "unknown-key" if self.merkle else "trusted"
        self.not_understood = "unsupported" if self.merkle else "trusted"

    def signed(self, data, kind="p384"):
        pair = self.keys / f"{kind}.key", self.keys / f"{kind}.pem"
        return forge.append(data, forge.cms(data, pair))

    def spoilt(self, data):
        """With a good signature of other bytes."""
        pair = self.keys / "p384.key", self.keys / "p384.pem"
        return forge.append(data, forge.cms(data + b"x", pair))

    def proved(self, data, **fields):
        return with_proof(data, self.proof, **fields)

    def good(self):
        """A module of the kernel as it vouches for it."""
        return self.proved(self.module) if self.merkle else self.module

    def cases(self):
        for group in (
            self.own,
            self.livepatches,
            self.signatures,
            self.tampered,
            self.other_builds,
            self.siblings,
            self.positions,
            self.lengths,
            self.swapped,
            self.fields,
            self.lies,
            self.orders,
            self.depths,
            self.forced,
            self.compressed,
        ):
            yield from group()

    def own(self):
        for name, path in sorted(self.build.installed.items()):
            data = self.build.unpacked(name)
            yield Case(f"own-{name}", data, "trusted")
            yield Case(f"own-init-{name}", data, "trusted", call="init")
            packed = path.read_bytes()
            yield Case(f"own-zstd-{name}", packed, "trusted", call="compressed")
        for name, data in zip(self.build.names, self.build.payloads):
            yield Case(f"stripped-{name}", data, "unsigned" if self.merkle else "trusted")

    def livepatches(self):
        """The kernel's own ones are among `own`; here, one of no kernel, and by force."""
        name = "livepatch-sample"
        own, index = self.build.unpacked(name), self.build.index(name)
        other = self.build.payloads[index] + b"\0"
        yield Case("livepatch-own", own, "trusted")
        yield Case("livepatch-unsigned", other, "unsigned")
        yield Case("livepatch-failing", self.spoilt(other), "rejected")
        yield Case("livepatch-signed", self.signed(other), "trusted")
        yield Case("livepatch-forced", own, "unsigned", call="vermagic")

    def signatures(self):
        for kind in SIGNERS:
            yield Case(f"signed-{kind}", self.signed(self.outside, kind), "trusted")
        yield Case("signed-rebuilt", self.signed(self.rebuilt), "trusted")
        yield Case("signed-no-elf", self.signed(forge.TINY), "trusted", loads=False)
        for name, data in ("outside", self.outside), ("own", self.good()):
            unknown = "unknown-key" if name == "outside" else "trusted"
            yield Case(f"stranger-{name}", self.signed(data, "stranger"), unknown)
            yield Case(f"revoked-{name}", self.signed(data, "revoked"), "rejected")
            yield Case(f"failing-{name}", self.spoilt(data), "rejected")
        yield Case("unsigned-outside", self.outside, "unsigned")
        yield Case("unsigned-no-elf", forge.TINY, "unsigned", loads=False)

    def tampered(self):
        """One bit; what might run is asked only where it must not load."""
        for name, offset in regions(self.module):
            changed = forge.flip(self.module, offset, 0x20)
            unknown = "unknown-key" if self.merkle else "unsupported"
            yield Case(f"tampered-{name}", changed, "unsigned", modes=STRICT)
            changed = self.proved(changed)
            yield Case(f"tampered-proof-{name}", changed, unknown, modes=STRICT)
        good = self.signed(self.outside)
        for name, offset in regions(self.outside):
            changed = forge.flip(good, offset, 0x20)
            yield Case(f"tampered-signed-{name}", changed, "rejected")
        longer = self.module + b"\0"
        yield Case("tampered-longer", longer, "unsigned")
        shorter = self.module[:-1]
        yield Case("tampered-shorter", shorter, "unsigned", loads=False)

    def other_builds(self):
        index = self.build.index("nls_ascii")
        own = self.build.proofs[index]
        unknown = "unknown-key" if self.merkle else "unsupported"
        yield Case("rebuilt", self.rebuilt, "unsigned")
        yield Case("rebuilt-with-own-proof", with_proof(self.rebuilt, own), unknown)
        yield Case("rebuilt-with-other-proof", self.proved(self.rebuilt), unknown)
        yield Case("outside-with-proof", self.proved(self.outside), unknown)

    def siblings(self):
        for level in range(self.build.levels):
            for byte in 0, 17, 31:
                proof = forge.flip(self.proof, 4 + 32 * level + byte, 0x80)
                name = f"sibling-{level}-{byte}"
                yield Case(name, with_proof(self.module, proof), self.elsewhere)

    def positions(self):
        count = len(self.build.payloads)
        others = {self.index ^ 1 << bit for bit in range(32)}
        others |= {*range(count), count, self.index + 16, 2**32 - 1} - {self.index}
        for position in sorted(others):
            proof = position.to_bytes(4, "big") + self.proof[4:]
            name = f"position-{position}"
            yield Case(name, with_proof(self.module, proof), self.elsewhere)

    def lengths(self):
        levels = self.build.levels
        others = {0, 1, levels - 1, levels + 1, 2 * levels, 31, 32, 33}
        for other in sorted(others - {levels}):
            proof = (self.proof + self.proof[4:] * 33)[: 4 + 32 * other]
            name = f"levels-{other}"
            yield Case(name, with_proof(self.module, proof), self.not_understood)
        for cut in 1, 4, 31, 33, len(self.proof) - 4, len(self.proof):
            for name, proof in (
                (f"truncated-end-{cut}", self.proof[: len(self.proof) - cut]),
                (f"truncated-front-{cut}", self.proof[cut:]),
            ):
                yield Case(name, with_proof(self.module, proof), self.not_understood)
        # the length stays as it was, and takes in as many bytes of the module
        eaten = with_proof(self.module, self.proof[8:], sig_len=len(self.proof))
        unknown = "unknown-key" if self.merkle else "unsupported"
        yield Case("truncated-and-not-said", eaten, unknown, loads=False)

    def swapped(self):
        for name, proof in zip(self.build.names, self.build.proofs):
            if proof != self.proof:
                name = f"swapped-with-{name}"
                yield Case(name, with_proof(self.module, proof), self.elsewhere)
        parts = [self.proof[at : at + 32] for at in range(4, len(self.proof), 32)]
        backwards = self.proof[:4] + b"".join(reversed(parts))
        yield Case("swapped-siblings", with_proof(self.module, backwards), self.elsewhere)

    def fields(self):
        """Other kernels than those of the Merkle form do not look at a proof's fields."""
        malformed = "malformed" if self.merkle else "trusted"
        for field in "algo", "hash", "signer_len", "key_id_len":
            data = self.proved(self.module, **{field: 1})
            yield Case(f"fields-{field}", data, malformed)
        for at in range(3):
            data = self.proved(self.module, pad=bytes(at == i for i in range(3)))
            yield Case(f"fields-pad-{at}", data, malformed)
        for kind in 0, 1, 4, 255:
            data = self.proved(self.module, id_type=kind)
            outside = self.proved(self.outside, id_type=kind)
            left = "unsupported" if self.merkle else "trusted"
            yield Case(f"type-{kind}", data, left)
            yield Case(f"type-{kind}-outside", outside, "unsupported")

    def lies(self):
        """sig_len: all bytes in front, and more, are too much."""
        whole = len(self.module) + len(self.proof)
        for length in whole, whole + 1, whole + 12, 2**31, 2**32 - 1:
            data = self.proved(self.module, sig_len=length)
            yield Case(f"sig-len-{length}", data, "malformed")
        unknown = "unsupported"
        data = self.proved(self.module, sig_len=whole - 1)
        yield Case("sig-len-all-but-one", data, unknown, loads=False)
        # the end of the table of sections is all zeros: type 0, no length
        yield Case("only-a-marker", self.module + forge.MARKER, unknown, loads=False)
        yield Case("marker-twice", self.proved(self.module) + forge.MARKER, "malformed")
        yield Case("marker-cut", self.proved(self.module)[:-1], "unsigned")
        spoilt = forge.flip(self.proved(self.module), -1, 0x20)
        yield Case("marker-spoilt", spoilt, "unsigned")

    def orders(self):
        """Which of two comes first."""
        own, module, outside = self.good(), self.module, self.outside
        unknown = "unknown-key" if self.merkle else "trusted"
        stranger = self.signed(module, "stranger")
        for name, data, expected in (
            ("signature-proof", self.signed(own), "trusted"),
            ("proof-signature", self.proved(self.signed(module)), "trusted"),
            ("stranger-proof", self.signed(own, "stranger"), "trusted"),
            # this proof is over the module alone
            ("proof-stranger", self.proved(stranger), unknown),
            ("other-own", other(own), "trusted"),
            ("signature-other-own", self.signed(other(own)), "trusted"),
            ("other-signature", other(self.signed(outside)), "trusted"),
            # the outermost says why
            ("stranger-other", self.signed(other(outside), "stranger"), "unknown-key"),
            ("other-stranger", other(self.signed(outside, "stranger")), "unsupported"),
            # an error that is not passed over: nothing inside it is looked at
            ("failing-signed", self.spoilt(self.signed(outside)), "rejected"),
            ("malformed-own", self.proved(module) + forge.MARKER, "malformed"),
            ("no-message-own", forge.append(own, b"no message"), "malformed"),
            # and what lies inside the one that vouches is not looked at either
            ("signed-failing", self.signed(self.spoilt(outside)), "trusted"),
            ("signed-malformed", self.signed(outside + 2 * forge.MARKER), "trusted"),
            ("signed-twice", self.signed(self.signed(outside)), "trusted"),
        ):
            yield Case(f"order-{name}", data, expected)

    def depths(self):
        """As many trailers as are looked at, and more; one that vouches is innermost."""
        for count in 2, MOST_TRAILERS - 1, MOST_TRAILERS, MOST_TRAILERS + 1, 20:
            for name, data, within, expected in (
                ("none", self.outside, 0, "unsupported"),
                ("signed", self.signed(self.outside), 1, "trusted"),
                ("own", self.good(), int(self.merkle), "trusted"),
            ):
                data = other(data, count - within)
                if count > MOST_TRAILERS:
                    expected = "malformed"
                yield Case(f"depth-{count}-{name}", data, expected)

    def forced(self):
        """Nobody looks at anything then, as for a signature."""
        for call in "modversions", "vermagic":
            for name, data in (
                ("own", self.good()),
                ("signed", self.signed(self.outside)),
                ("outside", self.outside),
                ("failing", self.spoilt(self.outside)),
            ):
                yield Case(f"forced-{call}-{name}", data, "unsigned", call=call)

    def compressed(self):
        """The kernel unpacks them, and looks at what comes out."""
        wrong = "unknown-key" if self.merkle else "trusted"
        flipped = forge.flip(self.proof, 4)
        for name, data, expected in (
            ("own", self.good(), "trusted"),
            ("stripped", self.module, "unsigned" if self.merkle else "trusted"),
            ("signed", self.signed(self.outside), "trusted"),
            ("unsigned", self.outside, "unsigned"),
            ("failing", self.spoilt(self.good()), "rejected"),
            ("stranger", self.signed(self.outside, "stranger"), "unknown-key"),
            ("wrong-proof", with_proof(self.module, flipped), wrong),
            ("both", self.signed(self.good()), "trusted"),
        ):
            packed = operators.zstd(data)
            yield Case(f"compressed-{name}", packed, expected, call="compressed")
