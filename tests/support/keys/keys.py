# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys and signatures in plain Python, from a seeded source of numbers: so that a hostile
case can be made again, and can be wrong in any way. Slow, and fit for tests only.
"""

import functools
import hashlib
import math

from support.files import asn1

CURVES = {
    # name: OID, p, b, n, generator (a = -3)
    "p192": (
        "1.2.840.10045.3.1.1",
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFFFFFFFFFF,
        0x64210519E59C80E70FA7E9AB72243049FEB8DEECC146B9B1,
        0xFFFFFFFFFFFFFFFFFFFFFFFF99DEF836146BC9B1B4D22831,
        (
            0x188DA80EB03090F67CBF20EB43A18800F4FF0AFD82FF1012,
            0x07192B95FFC8DA78631011ED6B24CDD573F977A11E794811,
        ),
    ),
    "p256": (
        "1.2.840.10045.3.1.7",
        2**256 - 2**224 + 2**192 + 2**96 - 1,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
        (
            0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
            0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
        ),
    ),
    "p384": (
        "1.3.132.0.34",
        2**384 - 2**128 - 2**96 + 2**32 - 1,
        int(
            "B3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875A"
            "C656398D8A2ED19D2A85C8EDD3EC2AEF",
            16,
        ),
        int(
            "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFC7634D81F4372DDF"
            "581A0DB248B0A77AECEC196ACCC52973",
            16,
        ),
        (
            int(
                "AA87CA22BE8B05378EB1C71EF320AD746E1D3B628BA79B9859F741E082542A38"
                "5502F25DBF55296C3A545E3872760AB7",
                16,
            ),
            int(
                "3617DE4A96262C6F5D9E98BF9292DC29F8F41DBD289A147CE9DA3113B5F0B8C0"
                "0A60B1CE1D7E819D7A431D7C90EA0E5F",
                16,
            ),
        ),
    ),
    "p521": (
        "1.3.132.0.35",
        2**521 - 1,
        int(
            "0051953EB9618E1C9A1F929A21A0B68540EEA2DA725B99B315F3B8B489918EF109E156193951EC7E"
            "937B1652C0BD3BB1BF073573DF883D2C34F1EF451FD46B503F00",
            16,
        ),
        int(
            "01FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF"
            "FA51868783BF2F966B7FCC0148F709A5D03BB5C9B8899C47AEBB6FB71E91386409",
            16,
        ),
        (
            int(
                "00C6858E06B70404E9CD9E3ECB662395B4429C648139053FB521F828AF606B4D3DBAA14B5E77"
                "EFE75928FE1DC127A2FFA8DE3348B3C1856A429BF97E7E31C2E5BD66",
                16,
            ),
            int(
                "011839296A789A3BC0045C8A5FB42C7D1BD998F54449579B446817AFBD17273E662C97EE7299"
                "5EF42640C550B9013FAD0761353C7086A272C24088BE94769FD16650",
                16,
            ),
        ),
    ),
}

RSA_OID = "1.2.840.113549.1.1.1"
EC_OID = "1.2.840.10045.2.1"
# name: digest OID, OID of ECDSA with it, OID of RSA with it
HASHES = {
    "sha1": ("1.3.14.3.2.26", "1.2.840.10045.4.1", "1.2.840.113549.1.1.5"),
    "sha224": (
        "2.16.840.1.101.3.4.2.4",
        "1.2.840.10045.4.3.1",
        "1.2.840.113549.1.1.14",
    ),
    "sha256": (
        "2.16.840.1.101.3.4.2.1",
        "1.2.840.10045.4.3.2",
        "1.2.840.113549.1.1.11",
    ),
    "sha384": (
        "2.16.840.1.101.3.4.2.2",
        "1.2.840.10045.4.3.3",
        "1.2.840.113549.1.1.12",
    ),
    "sha512": (
        "2.16.840.1.101.3.4.2.3",
        "1.2.840.10045.4.3.4",
        "1.2.840.113549.1.1.13",
    ),
    "sha3_256": (
        "2.16.840.1.101.3.4.2.8",
        "2.16.840.1.101.3.4.3.10",
        "2.16.840.1.101.3.4.3.14",
    ),
    "sha3_512": (
        "2.16.840.1.101.3.4.2.10",
        "2.16.840.1.101.3.4.3.12",
        "2.16.840.1.101.3.4.3.16",
    ),
    "md5": ("1.2.840.113549.2.5", "1.2.840.10045.4.3.2", "1.2.840.113549.1.1.4"),
}


def double(point, p):
    x, y, z = point
    if not z or not y:
        return (0, 1, 0)
    a = 3 * (x - z * z) * (x + z * z) % p
    b = 4 * x * y * y % p
    x3 = (a * a - 2 * b) % p
    return x3, (a * (b - x3) - 8 * y**4) % p, 2 * y * z % p


def add(one, other, p):
    if not one[2] or not other[2]:
        return other if not one[2] else one
    z1, z2 = one[2] ** 2 % p, other[2] ** 2 % p
    u1, u2 = one[0] * z2 % p, other[0] * z1 % p
    s1, s2 = one[1] * z2 * other[2] % p, other[1] * z1 * one[2] % p
    if u1 == u2:
        return double(one, p) if s1 == s2 else (0, 1, 0)
    h, r = (u2 - u1) % p, (s2 - s1) % p
    h2 = h * h % p
    h3 = h2 * h % p
    x = (r * r - h3 - 2 * u1 * h2) % p
    return x, (r * (u1 * h2 - x) - s1 * h3) % p, h * one[2] * other[2] % p


def times(number, point, p):
    result, power = (0, 1, 0), (*point, 1)
    while number:
        if number & 1:
            result = add(result, power, p)
        power = double(power, p)
        number >>= 1
    inverse = pow(result[2], -1, p)
    return result[0] * inverse**2 % p, result[1] * inverse**3 % p


@functools.cache
def powers(curve):
    """The generator, doubled again and again: a signature needs only some of them added."""
    _, p, _, n, generator = CURVES[curve]
    points = [(*generator, 1)]
    for _ in range(n.bit_length()):
        points.append(double(points[-1], p))
    return points


def times_generator(number, curve):
    p, result = CURVES[curve][1], (0, 1, 0)
    for point in powers(curve):
        if number & 1:
            result = add(result, point, p)
        number >>= 1
    inverse = pow(result[2], -1, p)
    return result[0] * inverse**2 % p, result[1] * inverse**3 % p


class EcKey:
    def __init__(self, random, curve="p256"):
        self.curve = curve
        self.curve_oid, self.p, _, self.n, self.generator = CURVES[curve]
        self.size = (self.p.bit_length() + 7) // 8
        self.secret = random.randrange(1, self.n)
        self.point = times(self.secret, self.generator, self.p)
        self.random = random

    def public(self):
        x, y = (number.to_bytes(self.size, "big") for number in self.point)
        return b"\x04" + x + y

    def algorithm(self):
        return asn1.seq(asn1.oid(EC_OID), asn1.oid(self.curve_oid))

    def numbers(self, hash_name, data):
        """r and s."""
        digest = hashlib.new(hash_name, data).digest()
        z = int.from_bytes(digest, "big")
        z >>= max(0, 8 * len(digest) - self.n.bit_length())
        k = self.random.randrange(1, self.n)
        r = times_generator(k, self.curve)[0] % self.n
        return r, pow(k, -1, self.n) * (z + r * self.secret) % self.n

    def sign(self, hash_name, data):
        r, s = self.numbers(hash_name, data)
        return asn1.seq(asn1.integer(r), asn1.integer(s)).encode()

    def cert_algorithm(self, hash_name):
        return asn1.seq(asn1.oid(HASHES[hash_name][1]))

    def cms_algorithm(self, hash_name):
        return self.cert_algorithm(hash_name)


def is_prime(number, random):
    if any(number % small == 0 for small in (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)):
        return False
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for _ in range(8):
        x = pow(random.randrange(2, number - 1), odd, number)
        if x in (1, number - 1):
            continue
        for _ in range(twos - 1):
            x = x * x % number
            if x == number - 1:
                break
        else:
            return False
    return True


def prime(size, random):
    while True:
        number = random.getrandbits(size) | 3 << size - 2 | 1
        if is_prime(number, random):
            return number


class RsaKey:
    def __init__(self, random, size=2048, exponent=65537):
        phi = 0
        while math.gcd(exponent, phi) != 1:
            one, other = prime(size // 2, random), prime(size - size // 2, random)
            phi = (one - 1) * (other - 1)
        self.n, self.e, self.d = one * other, exponent, pow(exponent, -1, phi)
        self.size, self.powers = (size + 7) // 8, {}

    def public(self):
        return asn1.seq(asn1.integer(self.n), asn1.integer(self.e)).encode()

    def algorithm(self):
        return asn1.seq(asn1.oid(RSA_OID), asn1.null())

    def padded(self, hash_name, data):
        digest = hashlib.new(hash_name, data).digest()
        name = asn1.seq(asn1.oid(HASHES[hash_name][0]), asn1.null())
        info = asn1.seq(name, asn1.octets(digest)).encode()
        return b"\0\1" + b"\xff" * (self.size - 3 - len(info)) + b"\0" + info

    def power(self, padded):
        """Remembered, since it is slow and the same every time."""
        if padded not in self.powers:
            number = pow(int.from_bytes(padded, "big") % self.n, self.d, self.n)
            self.powers[padded] = number.to_bytes(self.size, "big")
        return self.powers[padded]

    def sign(self, hash_name, data):
        return self.power(self.padded(hash_name, data))

    def cert_algorithm(self, hash_name):
        return asn1.seq(asn1.oid(HASHES[hash_name][2]), asn1.null())

    def cms_algorithm(self, hash_name):
        return asn1.seq(asn1.oid(RSA_OID), asn1.null())
