# SPDX-License-Identifier: LGPL-2.1-or-later
"""ML-DSA keys for hostile messages, whose signatures an OpenSSL of 3.5 or later makes.

That OpenSSL may be in the root of Debian 13 only (debian13.py), and going there costs a
second. So a key gives any bytes for a signature that there is not yet, and remembers what
was asked of it; `Signatures.make` makes all of them at once, and the cases are generated
once more. The signatures are deterministic, and the cases take the same turns, since these
depend on a signature's length and hardly on its bytes.

The keys are made once for a cache (${XDG_CACHE_HOME:-~/.cache}/modseal/mldsa-keys).
"""

import hashlib
import os
import pathlib
import shutil
import tempfile

from support.files import asn1
from support.kernel import debian13

# name: OID, k, l, bits of gamma1, beta, omega, bytes of the challenge, of the signature
SETS = {
    "mldsa44": ("2.16.840.1.101.3.4.3.17", 4, 4, 17, 78, 80, 32, 2420),
    "mldsa65": ("2.16.840.1.101.3.4.3.18", 6, 5, 19, 196, 55, 48, 3309),
    "mldsa87": ("2.16.840.1.101.3.4.3.19", 8, 7, 19, 120, 75, 64, 4627),
}


class Signatures:
    """Those that were made, and those that are to be made."""

    def __init__(self):
        self.made, self.missing = {}, {}

    def of(self, key, data):
        digest = hashlib.sha256(key.public() + data).digest()
        if digest in self.made:
            return self.made[digest]
        self.missing[digest] = (key.path, data)
        return hashlib.shake_256(digest).digest(key.size)

    def make(self):
        with tempfile.TemporaryDirectory(prefix="mldsa-") as directory:
            directory = pathlib.Path(directory)
            for number, (path, data) in enumerate(self.missing.values()):
                shutil.copyfile(path, directory / f"{path.stem}.key")
                (directory / f"{number}.data").write_bytes(data)
                with open(directory / "list", "a", encoding="ascii") as file:
                    file.write(f"{path.stem}.key {number}\n")
            sign = "openssl pkeyutl -sign -rawin -pkeyopt deterministic:1"
            debian13.run(
                directory,
                f"while read -r key name; do {sign} -inkey $key -in $name.data"
                " -out $name.sig || exit; done <list",
                build=False,
            )
            for number, digest in enumerate(self.missing):
                self.made[digest] = (directory / f"{number}.sig").read_bytes()
        self.missing = {}


class Key:
    """path: of the private key, in PEM; the kind is its stem up to a hyphen."""

    def __init__(self, signatures, path, public):
        self.signatures, self.path, self.bytes = signatures, pathlib.Path(path), public
        parameters = SETS[self.path.stem.partition("-")[0]]
        self.oid, self.k, self.l, bits, self.beta, self.omega = parameters[:6]
        self.challenge, self.size = parameters[6:]
        self.gamma1 = 1 << bits

    def public(self):
        return self.bytes

    def algorithm(self):
        return asn1.seq(asn1.oid(self.oid))

    def cert_algorithm(self, hash_name):
        return self.algorithm()

    def cms_algorithm(self, hash_name):
        return self.algorithm()

    def sign(self, hash_name, data):
        """Of the data themselves, whatever the name of the hash."""
        return self.signatures.of(self, data)

    def with_z(self, signature, index, z):
        """The signature with another coefficient: a little-endian number, gamma1 - z."""
        start, end = self.challenge, self.size - self.omega - self.k
        bits = self.gamma1.bit_length()
        mask = (1 << bits) - 1
        number = int.from_bytes(signature[start:end], "little")
        number &= ~(mask << index * bits)
        number |= ((self.gamma1 - z) & mask) << index * bits
        return signature[:start] + number.to_bytes(end - start, "little") + signature[end:]

    def with_h(self, signature, h):
        return signature[: self.size - len(h)] + h


def cached_keys():
    """The directory in which for each kind are KIND-lab.key and KIND-lab.pub (DER)."""
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    place = pathlib.Path(base, "modseal", "mldsa-keys")
    if not place.is_dir():
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="mldsa-", dir=place.parent) as fresh:
            fresh = pathlib.Path(fresh, "keys")
            fresh.mkdir(mode=0o700)
            lines = []
            for kind in SETS:
                make = f"openssl genpkey -algorithm ML-DSA-{kind[5:]} -out {kind}-lab.key"
                show = f"openssl pkey -in {kind}-lab.key -pubout -outform DER"
                lines += [make, f"{show} -out {kind}-lab.pub"]
            debian13.run(fresh, *lines, build=False)
            try:
                fresh.rename(place)
            except OSError:  # another run was first
                if not place.is_dir():
                    raise
    return place


def strangers(signatures):
    """A key of each kind, which no kernel knows."""
    place = cached_keys()
    made = []
    for kind in SETS:
        info = asn1.read((place / f"{kind}-lab.pub").read_bytes())[0]
        made.append(Key(signatures, place / f"{kind}-lab.key", info.body[1].body[1:]))
    return made
