# SPDX-License-Identifier: LGPL-2.1-or-later
"""Messages as Python writes them: names, certificates, signers, all of them sound.

`payload` is what the messages are over, until `use_payload` says otherwise.
"""

import hashlib

from support.files import asn1, forge
from support.files.asn1 import Node, context, integer, octets, oid, seq, set_of, utf8
from support.keys import keys

payload = forge.TINY
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



def use_payload(data):
    global payload
    payload = data


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
    """A SignerInfo over the payload; `more` replaces its parts."""
    issuer = who.issuer.subject
    identifier = seq(issuer.copy(), integer(who.serial))
    if by_skid:
        identifier = Node(0x80, who.skid)
    data = payload
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
    digest = hashlib.new(hash, payload).digest()
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
    return forge.append(payload, tree if isinstance(tree, bytes) else tree.encode())
