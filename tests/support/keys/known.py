# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys that openssl made, as the identities of hostile.py: so that hostile messages can
be signed for a kernel that trusts those keys."""

import pathlib
import subprocess

from support.files import asn1
from support.hostile import Identity
from support.keys import keys, mldsa


def der_of(kind, path):
    command = ["openssl", kind, "-in", path, "-outform", "DER"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def number(node):
    return int.from_bytes(node.body, "big")


def key_of(random, path):
    """PrivateKeyInfo: version, algorithm, and the key as an octet string."""
    der = subprocess.run(
        ["openssl", "pkcs8", "-topk8", "-nocrypt", "-in", path, "-outform", "DER"],
        capture_output=True,
        check=True,
    ).stdout
    _, algorithm, inner = asn1.read(der)[0].body
    parts = asn1.read(inner.body)[0].body
    if algorithm.body[0].body == asn1.oid(keys.RSA_OID).body:
        key = keys.RsaKey.__new__(keys.RsaKey)
        key.n, key.e, key.d = (number(part) for part in parts[1:4])
        key.size, key.powers = (key.n.bit_length() + 7) // 8, {}
        return key
    oids = {asn1.oid(curve[0]).body: name for name, curve in keys.CURVES.items()}
    key = keys.EcKey(random, oids[algorithm.body[1].body])
    key.secret = number(parts[1])
    key.point = keys.times(key.secret, key.generator, key.p)
    return key


class Known(Identity):
    """The key KIND.key in a directory and its own certificate KIND.pem."""

    def __init__(self, random, directory, kind, signatures):
        """signatures: where those of ML-DSA keys come from."""
        path = pathlib.Path(directory, f"{kind}.key")
        self.tree = asn1.read(der_of("x509", path.with_suffix(".pem")))[0]
        fields = self.tree.body[0].body
        if kind in mldsa.SETS:
            key = mldsa.Key(signatures, path, fields[6].body[1].body[1:])
        else:
            key = key_of(random, path)
        super().__init__(key, fields[5], number(fields[1]))

    def certificate(self, tbs=None, signer=None, hash=None):
        if tbs or signer or hash:
            return super().certificate(tbs, signer, hash)
        return self.tree.copy()
