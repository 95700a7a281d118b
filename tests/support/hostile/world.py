# SPDX-License-Identifier: LGPL-2.1-or-later
"""Who there is, whom the kernel trusts of them, and sound messages of every shape."""

from support.files import asn1, forge
from support.files.asn1 import context, octets, oid, seq
from support.keys import keys
from . import bends, certificates, claims, numbers
from .messages import (
    DATA,
    Identity,
    attribute,
    message,
    name,
    signed,
    signer,
    sound_attributes,
)


class World:
    """root, which the kernel trusts; leaf and middle below it, deep below middle; a
    stranger and deep_stranger below that; and an RSA leaf and stranger."""

    def __init__(self, random, kind="p256", root=None, revoked=None, withdrawn=None,
                 below=None):
        """kind: of the root key; root, revoked, withdrawn: identities that the kernel
        trusts already, that it trusts and has revoked, and that it has revoked and trusts
        not; below: keys for leaf, deep and stranger (default: P-256)."""
        self.random, self.kind = random, kind
        self.revoked, self.withdrawn = revoked, withdrawn
        # how many messages have signed attributes: ML-DSA is the only one to bear them
        self.attributes = 0.5 if below else 0.1
        # an RSA key's certificate has room for less, and an EC key signs it shorter
        is_rsa = kind.startswith("rsa") and not root
        issuer = Identity(self.ec(), name("h"), 1) if is_rsa else None
        akid = "issuer" if is_rsa else "key"
        self.root = root or Identity(
            self.key(kind), name("R"), 0x1234567, issuer, skid=not is_rsa, akid=None
        )
        leaf, deep, stranger = below or [self.ec() for _ in range(3)]
        self.leaf = Identity(leaf, name("leaf"), 2, self.root, akid=akid)
        self.middle = Identity(self.ec(), name("middle"), 3, self.root, akid=akid)
        self.deep = Identity(deep, name("below"), 4, self.middle)
        self.stranger = Identity(stranger, name("stranger"), 5)
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

    def sound(self):
        """(name, message) of every shape, signed anew."""
        yield from self.by_one()
        yield from self.with_certificates()
        yield from self.with_attributes()
        yield from self.by_two()

    def by_one(self):
        root, leaf, stranger = self.root, self.leaf, self.stranger
        yield "plain", message(signer(root))
        for hash in keys.HASHES:
            yield f"plain-{hash}", message(signer(root, hash), hashes=[hash])
            yield f"leaf-{hash}", message(signer(leaf, hash), certs=[leaf.certificate()])
        yield "skid", message(signer(root, by_skid=True), version=3)
        yield "stranger", message(signer(stranger))
        yield "stranger-skid", message(signer(stranger, by_skid=True), version=3)
        yield "leaf-alone", message(signer(leaf))
        yield "inside", message(signer(root), content=seq(oid(DATA), context(0, octets(b"x"))))

    def with_certificates(self):
        root, leaf, middle, deep = self.root, self.leaf, self.middle, self.deep
        stranger, unknown = self.stranger, self.deep_stranger
        rsa, rsa_stranger = self.rsa_leaf, self.rsa_stranger
        chain = [middle.certificate(), deep.certificate()]
        both = [unknown.certificate(), stranger.certificate()]
        for label, who, certs in (
            ("root-inside", root, [root.certificate()]),
            ("leaf", leaf, [leaf.certificate()]),
            ("leaf-and-root", leaf, [leaf.certificate(), root.certificate()]),
            ("rsa-leaf", rsa, [rsa.certificate()]),
            ("rsa-stranger", rsa_stranger, [rsa_stranger.certificate()]),
            ("chain", deep, chain),
            ("chain-backwards", deep, chain[::-1]),
            ("chain-broken", deep, chain[1:]),
            ("chain-and-root", deep, [root.certificate(), *chain]),
            ("stranger-inside", stranger, [stranger.certificate()]),
            ("stranger-chain", unknown, both),
            ("certs-unused", root, chain),
            ("certs-none", root, []),
        ):
            yield label, message(signer(who), certs=certs)
        yield "crls", message(signer(root), crls=[seq(leaf.certificate())])
        yield "crls-none", message(signer(root), crls=[])

    def with_attributes(self):
        root, leaf = self.root, self.leaf
        certs = [leaf.certificate()]
        for hash in "sha256", "sha512":
            attributes = sound_attributes(hash)
            by_root = signer(root, hash, attributes=attributes)
            by_leaf = signer(leaf, hash, attributes=attributes)
            yield f"attributes-{hash}", message(by_root, hashes=[hash])
            yield f"attributes-{hash}-leaf", message(by_leaf, hashes=[hash], certs=certs)
        yield "unsigned-attributes", message(
            signer(root, unsigned=context(1, attribute("1.2.3.4", asn1.null())))
        )

    def by_two(self):
        root, leaf, deep = self.root, self.leaf, self.deep
        certs = [self.middle.certificate(), deep.certificate(), leaf.certificate()]
        bad = signer(root, signature=b"x" * 70)
        yield "two", message(signer(root), signer(self.stranger))
        yield "two-backwards", message(signer(self.stranger), signer(root))
        yield "two-leaves", message(signer(leaf), signer(deep), certs=certs)
        yield "bad-and-good", message(bad, signer(root))
        yield "good-and-bad", message(signer(root), bad)
        if self.attributes > 0.1:
            one, other = (
                signer(who, "sha512", attributes=sound_attributes("sha512"))
                for who in (root, self.stranger)
            )
            yield "two-attributes", message(one, other, hashes=["sha512"])
            yield "attributes-by-one", message(one, signer(root), hashes=["sha512"])

    def systematic(self):
        """Every byte of two messages changed, and each cut short everywhere."""
        shapes = {
            "plain": message(signer(self.root)),
            "leaf": message(signer(self.leaf), certs=[self.leaf.certificate()]),
        }
        for label, tree in shapes.items():
            data = tree.encode()
            for at in range(len(data)):
                how = self.random.choice([1, 2, 4, 8, 16, 32, 64, 128, 255])
                yield f"flip-{label}-{at}-{how}", signed(forge.flip(data, at, how))
                yield f"cut-{label}-{at}", signed(data[:at])

    def any_bent(self, shapes):
        """(what was done, file)."""
        random = self.random
        label, tree = random.choice(shapes)
        kind = random.choice(["bytes", "tree", "tree", "tree", "numbers"])
        kind = random.choice([kind, kind, "certificate", "claims", "trailer"])
        if kind == "trailer" and random.random() < 0.8:
            kind = "claims-tree"
        if kind == "bytes":
            return kind, signed(bends.raw(random, tree.encode()))
        if kind == "tree":
            how, bent = bends.tree_bent(random, tree)
            return f"tree-{label}-{how}", signed(bent)
        if kind == "claims-tree":
            return kind, signed(bends.tree_bent(random, claims.bent(self))[1])
        if kind == "trailer":
            return kind, claims.bent_trailer(self)
        subject = {"numbers": numbers, "certificate": certificates, "claims": claims}[kind]
        return kind, signed(subject.bent(self))

    def cases(self, count):
        """All sound messages, up to half of the rest systematic, then bent ones."""
        shapes = list(self.sound())
        for label, tree in shapes:
            yield f"sound-{label}", signed(tree)
        whole = shapes[0][1].encode()
        yield "longest", signed(whole.ljust(65535, b"\0"))
        yield "too-long", signed(whole.ljust(65536, b"\0"))
        made = len(shapes) + 2
        systematic = list(self.systematic())
        share = min(len(systematic), max(0, count - made) // 2)
        yield from self.random.sample(systematic, share)
        for number in range(made + share, count):
            kind, data = self.any_bent(shapes)
            yield f"{kind}-{number}", data


def bent_module(random, module, count):
    """Variants of a module that somebody else has signed."""
    payload, signature = forge.split(module)
    tree = asn1.read(signature)[0]
    for number in range(count):
        if random.random() < 0.4:
            label, bent = "bytes", bends.raw(random, signature)
        else:
            label, bent = bends.tree_bent(random, tree)
            bent = bent.encode()
        yield f"real-{label}-{number}", forge.append(payload, bent)
