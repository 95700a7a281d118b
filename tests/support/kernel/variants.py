# SPDX-License-Identifier: LGPL-2.1-or-later
"""Hostile and odd PKCS#7 messages by a trusted key, and what stock kernels answer.

Each row is a name, a message, and the kernels' answer: the errno of the signature check,
or OK. The answers were measured with the lab on Debian's 6.1 (an RSA-4096 key), 6.12 and
7.3 (P-384); test_kernel_facts.py asks again. Three answers in a row stand for the three
kernels where these disagree.

    ContentInfo: contentType, [0] SignedData: version, digestAlgorithms, contentInfo,
    signerInfos: SignerInfo: version, sid, digestAlgorithm, signatureAlgorithm, signature
"""

from support.files import der, forge
from support.files.der import NULL, OCTETS, SEQUENCE, SET, algorithm, children, tlv, value

# whose key signed the messages for each kernel
KEY = {"6.1": "rsa4096", "6.12": "p384", "7.3": "p384"}

OK, NOKEY, NOPKG = "OK", "ENOKEY", "ENOPKG"
BAD, INVALID, REJECTED = "EBADMSG", "EINVAL", "EKEYREJECTED"

SIGNED_DATA, SIGNER = (1, 0), (1, 0, 3, 0)
CONTENT, SID = (1, 0, 2), (1, 0, 3, 0, 1)  # paths of child indices
UNKNOWN = "1.2.3.4"
MD5 = "1.2.840.113549.2.5"
SHA512 = "2.16.840.1.101.3.4.2.3"
SHA3_512 = "2.16.840.1.101.3.4.2.10"
SM3 = "1.2.156.10197.1.401"
STREEBOG = "1.2.643.7.1.1.2.2"
RSA = "1.2.840.113549.1.1.1"
ECDSA_SHA256 = "1.2.840.10045.4.3.2"
ECDSA_SHA1 = "1.2.840.10045.4.1"
ED25519 = "1.3.101.112"
ML_DSA_44 = "2.16.840.1.101.3.4.3.17"
GOST = "1.2.643.7.1.1.1.1"


class Message:
    """A good message, and ways to spoil copies of it."""

    def __init__(self, data):
        self.data = data

    def put(self, path, *parts, tag=None):
        """With other contents in the element at path."""
        return der.replaced(self.data, path, lambda old: tlv(tag or old[0], *parts))

    def swap(self, path, new):
        return der.replaced(self.data, path, lambda old: new)

    def add(self, path, *more):
        return der.replaced(self.data, path, lambda old: tlv(old[0], value(old), *more))

    def at(self, path):
        data = self.data
        for index in path:
            data = children(data)[index]
        return data

    def signers(self, *infos):
        return self.put((1, 0, 3), *infos)

    def signer_with(self, index, new):
        """Its SignerInfo with one field replaced."""
        parts = children(self.at(SIGNER))
        parts[index] = new
        return tlv(SEQUENCE, *parts)


def versions(good):
    def number(n):
        return tlv(der.INTEGER, bytes([n]))

    first, second = (1, 0, 0), (*SIGNER, 0)
    for n, answer in (0, INVALID), (2, INVALID), (3, BAD), (4, INVALID):
        yield f"signed-data-version-{n}", good.swap(first, number(n)), answer
    for n, answer in (0, INVALID), (2, INVALID), (3, BAD), (4, INVALID):
        yield f"signer-info-version-{n}", good.swap(second, number(n)), answer
    both = Message(good.swap(first, number(3))).swap(second, number(3))
    yield "versions-3-with-issuer-and-serial", both, INVALID
    yield "version-in-two-bytes", good.swap(first, b"\2\2\0\1"), INVALID


def lengths(good):
    body = value(good.data)
    size = len(body).to_bytes(2, "big")
    first = (1, 0, 0)
    yield "length-of-3-bytes", b"\x30\x83\0" + size + body, BAD
    yield "length-of-4-bytes", b"\x30\x84\0\0" + size + body, BAD
    yield "inner-length-of-3-bytes", good.swap(first, b"\2\x83\0\0\1\1"), BAD
    yield "inner-length-of-2-bytes", good.swap(first, b"\2\x82\0\1\1"), OK
    yield "inner-length-of-1-byte", good.swap(first, b"\2\x81\1\1"), OK
    longer = (len(body) + 1).to_bytes(2, "big")
    yield "length-1-too-long", b"\x30\x82" + longer + body, BAD
    yield "indefinite-without-end", b"\x30\x80" + body, BAD
    yield "high-tag-number", tlv(SEQUENCE, b"\x1f\1\0" + body), BAD
    yield "bytes-behind", good.data + bytes(10), OK
    yield "message-behind", good.data + good.data, OK
    yield "element-inside-the-end", good.add((), NULL), BAD
    yield "element-behind-signed-data", good.add((1,), NULL), BAD
    yield "element-in-signed-data", good.add(SIGNED_DATA, NULL), BAD
    yield "element-in-signer-info", good.add(SIGNER, NULL), BAD


def indefinite_answer(good, path):
    """An end mark behind an algorithm without parameters is taken for parameters; in
    the issuer it is part of the name's bytes."""
    if path[:5] == SID and len(path) > 6:
        return NOKEY
    tags = [part[0] for part in children(good.at(path))]
    return BAD if tags == [6] and path != CONTENT else OK


def indefinite_lengths(good):
    """One constructed element at a time."""
    for path in der.positions(good.data):
        name = "indefinite-at-" + (".".join(map(str, path)) or "top")
        answer = indefinite_answer(good, path)
        yield name, der.replaced(good.data, path, der.indefinite), answer


def sets(good):
    digests = (1, 0, 1)
    [identifier] = children(good.at(digests))
    yield "no-signer", good.signers(), BAD
    yield "signers-as-sequence", good.put((1, 0, 3), good.at(SIGNER), tag=SEQUENCE), OK
    yield "no-digest-algorithm", good.put(digests), BAD
    yield "digests-as-sequence", good.put(digests, identifier, tag=SEQUENCE), OK
    yield "other-digest-in-the-list", good.put(digests, algorithm(MD5)), OK
    yield "unknown-digest-in-the-list", good.put(digests, algorithm(UNKNOWN)), OK
    with_null = tlv(SEQUENCE, value(identifier), NULL)
    yield "null-in-the-list", good.put(digests, with_null), OK


def optional_parts(good):
    parts = children(good.at(SIGNED_DATA))

    def with_part(*part):
        return good.put(SIGNED_DATA, *parts[:3], *part, parts[3])

    attribute = tlv(SEQUENCE, der.oid(UNKNOWN), tlv(SET, tlv(OCTETS, b"x")))
    yield "no-certificates-in-the-set", with_part(b"\xa0\0"), OK
    yield "integer-for-a-certificate", with_part(tlv(0xA0, b"\2\1\1")), BAD
    yield "empty-certificate", with_part(tlv(0xA0, b"\x30\0")), BAD
    yield "empty-crls", with_part(b"\xa1\0"), BAD
    yield "empty-content", good.add(CONTENT, b"\xa0\0"), BAD
    yield "embedded-empty-content", good.add(CONTENT, tlv(0xA0, b"\4\0")), BAD
    yield "content-type-twice", good.put(CONTENT, value(good.at(CONTENT)) * 2), BAD
    yield "unsigned-attribute", good.add(SIGNER, tlv(0xA1, attribute)), OK
    yield "only-content-type", good.put((), children(good.data)[0]), INVALID
    yield "content-type-data", good.swap((0,), der.oid("1.2.840.113549.1.7.1")), INVALID
    signed_data = der.oid("1.2.840.113549.1.7.2")
    yield "inner-type-signed-data", good.put(CONTENT, signed_data), INVALID
    yield "inner-type-unknown", good.put(CONTENT, der.oid(UNKNOWN)), INVALID


def algorithms(good):
    digest, sign = (*SIGNER, 2), (*SIGNER, 3)
    signing = children(good.at(sign))[0]
    wrong = ECDSA_SHA256 if signing == der.oid(RSA) else RSA
    yield "digest-null", good.add(digest, NULL), OK
    yield "digest-octets", good.add(digest, tlv(OCTETS, b"x")), OK
    yield "digest-two-parameters", good.add(digest, NULL, NULL), BAD
    yield "digest-unknown", good.swap(digest, algorithm(UNKNOWN)), NOPKG
    yield "digest-sm3", good.swap(digest, algorithm(SM3)), NOPKG
    three = [NOPKG, REJECTED, REJECTED]
    yield "digest-of-another-size", good.swap(digest, algorithm(SHA512)), three
    yield "signing-no-parameter", good.put(sign, signing), OK
    yield "signing-octets", good.put(sign, signing, tlv(OCTETS, b"x")), OK
    yield "signing-of-another-kind", good.swap(sign, algorithm(wrong)), REJECTED
    yield "signing-ed25519", good.swap(sign, algorithm(ED25519)), NOPKG
    yield "signing-gost", good.swap(sign, algorithm(GOST)), REJECTED
    three = [NOPKG, NOPKG, REJECTED]
    yield "signing-ml-dsa", good.swap(sign, algorithm(ML_DSA_44)), three
    three = [REJECTED, OK, OK]
    yield "signing-ecdsa-sha1", good.swap(sign, algorithm(ECDSA_SHA1)), three


def names_and_values(good):
    issuer, serial = children(good.at(SID))
    signature = value(good.at((*SIGNER, 4)))
    at = (*SIGNER, 4)
    longer = tlv(der.INTEGER, b"\0", value(serial))
    yield "serial-with-a-zero", good.put(SID, issuer, longer), NOKEY
    yield "serial-empty", good.put(SID, issuer, b"\2\0"), NOKEY
    yield "serial-as-octets", good.put(SID, issuer, tlv(OCTETS, value(serial))), BAD
    yield "issuer-empty", good.put(SID, b"\x30\0", serial), BAD
    yield "value-empty", good.swap(at, b"\4\0"), REJECTED
    yield "value-with-a-zero", good.put(at, b"\0", signature), REJECTED
    yield "value-constructed", good.put(at, good.at(at), tag=0x24), BAD
    # behind the DER of r and s nothing is looked at; an RSA value has one length only
    yield "value-with-a-tail", good.put(at, signature, b"\0"), [REJECTED, OK, OK]


def several_signers(good, stranger, bad):
    ours, theirs = good.at(SIGNER), stranger.at(SIGNER)
    spoilt = bad.at(SIGNER)

    def theirs_with(index, new):
        return good.signers(ours, stranger.signer_with(index, new))

    yield "trusted-and-stranger", good.signers(ours, theirs), OK
    yield "stranger-and-trusted", good.signers(theirs, ours), OK
    yield "trusted-twice", good.signers(ours, ours), OK
    yield "trusted-and-spoilt", good.signers(ours, spoilt), REJECTED
    yield "spoilt-and-trusted", good.signers(spoilt, ours), REJECTED
    yield "stranger-of-unknown-digest", theirs_with(2, algorithm(UNKNOWN)), NOPKG
    yield "stranger-of-unknown-signing", theirs_with(3, algorithm(ED25519)), NOPKG
    yield "stranger-of-missing-digest", theirs_with(2, algorithm(STREEBOG)), OK
    yield "stranger-of-sha3", theirs_with(2, algorithm(SHA3_512)), [NOPKG, OK, OK]


def messages(payload, key, stranger):
    """(name, message, answer) of every variant, the good one first."""
    good = Message(forge.cms(payload, key))
    yield "good", good.data, OK
    for family in (
        versions,
        lengths,
        indefinite_lengths,
        sets,
        optional_parts,
        algorithms,
        names_and_values,
    ):
        yield from family(good)
    other = Message(forge.cms(payload, stranger))
    bad = Message(forge.cms(payload + b"x", key))
    yield from several_signers(good, other, bad)
