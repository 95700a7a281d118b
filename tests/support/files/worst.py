# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files that cost their reader the most that he lets himself be made to pay, by their size.

A case is a function of a directory and a number n. It writes what is to be read, with n of
whatever the file has many of, and returns the arguments of the command that reads it. What
a reader does for n of them may grow as n does, or n log n; each case here is one in which a
simple reader does n * n.
"""

import base64
import hashlib
import os
import pathlib
import struct
import subprocess
import zlib

from support.files import der
from support.runs import journals

CASES = {}
MARKER = b"~Module signature appended~\n"
RELEASE = b"Linux version 6.12.0-worst (who@where)\0"


def case(start):
    """Registers a case; start: an n whose square would show."""

    def register(function):
        CASES[function.__name__] = (function, start)
        return function

    return register


class World:
    """Where the files of a case go, and what all of them can use."""

    def __init__(self, directory, module, pki):
        self.directory = pathlib.Path(directory)
        self.module = pathlib.Path(module).read_bytes()
        self.pki = pathlib.Path(pki)

    def write(self, name, data):
        path = self.directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def certificate(self, **fields):
        """A certificate that is signed by another, with parts of it replaced."""
        return certificate((self.pki / "leaf.der").read_bytes(), **fields)


def certificate(data, **fields):
    tbs, *rest = der.children(data)
    parts = der.children(tbs)
    for name, value in fields.items():
        parts[["version", "serial", "algorithm", "issuer", "validity", "subject", "key",
               "extensions"].index(name)] = value
    return der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, *parts), *rest)


def numbered(world, n):
    """n certificates, each with a serial number of its own."""
    return [world.certificate(serial=der.tlv(der.INTEGER, struct.pack(">BI", 1, i)))
            for i in range(n)]


# ELF


def elf(sections, content, kind=1, names=1):
    """kind 1: a relocatable file, 2: a linked one; sections: (name, type, offset, size)."""
    head = 64
    table = head + len(content)
    count = len(sections) + 1
    header = b"\x7fELF\x02\x01\x01" + bytes(9) + struct.pack(
        "<HHIQQQIHHHHHH", kind, 62, 1, 0, 0, table, 0, 64, 0, 0, 64,
        count if count < 0xFF00 else 0, names)
    first = struct.pack("<IIQQQQIIQQ", 0, 0, 0, 0, 0, count, 0, 0, 0, 0)
    rest = b"".join(struct.pack("<IIQQQQIIQQ", name, what, 0, 0, at, size, 0, 0, 1, 0)
                    for name, what, at, size in sections)
    return header + content + first + rest


def names_without_end(n, kind, content):
    return elf([(0, 3, 64, len(content))] + [(i % 64, 1, 64, 0) for i in range(n)],
               content, kind)


@case(1000)
def section_names_without_end_in_a_module(world, n):
    return ["show", world.write("m.ko", names_without_end(n, 1, b"A" * (64 * n)))]


@case(1000)
def section_names_without_end_in_an_image(world, n):
    content = RELEASE[:-1] + b"A" * (64 * n)
    return ["certs", world.write("vmlinux", names_without_end(n, 2, content))]


@case(500)
def sections_that_lie_over_each_other(world, n):
    content = b".x\0" + RELEASE + bytes(64 * n)
    whole = [(0, 1, 64, len(content))] * n
    return ["certs", world.write("vmlinux", elf([(0, 3, 64, 3), *whole], content, 2))]


@case(500)
def certificates_at_every_place_of_an_image(world, n):
    content = b".x\0" + RELEASE
    content += bytes(-(64 + len(content)) % 8)
    content += bytes.fromhex("3082007c3003a000") * (16 * n)
    return ["certs", world.write("vmlinux", elf([(0, 3, 64, 3), (0, 1, 64, len(content))],
                                                content, 2))]


@case(500)
def revoked_hashes_in_an_image(world, n):
    content = b".x\0" + RELEASE
    content += b"".join(b"tbs:%064x\0" % i for i in range(n))
    return ["certs", world.write("vmlinux", elf([(0, 3, 64, 3), (0, 1, 64, len(content))],
                                                content, 2))]


@case(2000)
def values_of_modinfo(world, n):
    info = b"version=" + b"\x1b" * (16 * n) + b"\0" + b"a=b\0" * n
    names = b"\0.modinfo\0"
    return ["show", world.write("m.ko", elf(
        [(0, 3, 64, len(names)), (1, 1, 64 + len(names), len(info))], names + info))]


# modules


def trailer(signature, kind=2):
    return signature + bytes([0, 0, kind, 0, 0, 0, 0, 0]) + struct.pack(
        ">I", len(signature)) + MARKER


@case(2000)
def trailers_behind_trailers(world, n):
    world.write("tree/m.ko", world.module + trailer(b"x") * n)
    return ["strip", "--all", "--dry-run", world.directory / "tree"]


@case(2000)
def trailers_that_are_proofs(world, n):
    path = world.write("m.ko", world.module + trailer(bytes(36), 3) * n)
    return ["merkle", "root", path]


@case(30000)
def a_signature_of_a_type_without_bounds(world, n):
    return ["show", "--json", world.write("m.ko", world.module + trailer(b"x" * 16 * n, 9))]


def message(*certificates, signers):
    sha256 = der.algorithm("2.16.840.1.101.3.4.2.1")
    content = der.tlv(der.SEQUENCE, der.oid("1.2.840.113549.1.7.1"))
    data = der.tlv(der.SEQUENCE, der.tlv(der.INTEGER, b"\1"), der.tlv(der.SET, sha256),
                   content, *([der.tlv(0xA0, *certificates)] if certificates else []),
                   der.tlv(der.SET, *signers))
    return der.tlv(der.SEQUENCE, der.oid("1.2.840.113549.1.7.2"), der.tlv(0xA0, data))


def signer(serial, *attributes, after=b""):
    return der.tlv(
        der.SEQUENCE, der.tlv(der.INTEGER, b"\1"),
        der.tlv(der.SEQUENCE, name(("2.5.4.3", b"x")), der.tlv(der.INTEGER, serial)),
        der.algorithm("2.16.840.1.101.3.4.2.1"), *attributes,
        der.algorithm("1.2.840.113549.1.1.1"), der.tlv(der.OCTETS, b"x"), after)


def verifying(world, signature):
    path = world.write("m.ko", world.module + trailer(signature))
    return ["verify", "--trust", world.pki / "ca.pem", path]


@case(100)
def signers_of_a_message(world, n):
    return verifying(world, message(
        signers=[signer(struct.pack(">I", i + 1)) for i in range(n)]))


@case(400)
def attributes_of_a_signer(world, n):
    attribute = der.tlv(der.SEQUENCE, der.oid("1.2.3.4"), der.tlv(der.SET, der.NULL))
    return verifying(world, message(
        signers=[signer(b"\1", der.tlv(0xA0, *[attribute] * n))]))


@case(1000)
def elements_without_length_in_a_message(world, n):
    deep = b"\x30\x80" * n + b"\0\0" * n
    attribute = der.tlv(der.SEQUENCE, der.oid("1.2.3.4"), der.tlv(der.SET, deep))
    unsigned = der.tlv(0xA1, attribute)
    return verifying(world, message(signers=[signer(b"\1", after=unsigned)]))


# as many certificates and signers as a message has room for: the kernel reads 65535 bytes
MOST_IN_A_MESSAGE = 128


def chained(world, number):
    """A certificate that says it is signed by the one with the next number."""

    def key(i):
        return struct.pack(">BI", 1, i)

    def extension(kind, data):
        return der.tlv(der.SEQUENCE, der.oid(kind), der.tlv(der.OCTETS, data))

    return world.certificate(
        serial=der.tlv(der.INTEGER, key(number)), issuer=name(("2.5.4.3", b"x")),
        subject=name(("2.5.4.3", b"y")), extensions=der.tlv(0xA3, der.tlv(
            der.SEQUENCE, extension("2.5.29.14", der.tlv(der.OCTETS, key(number))),
            extension("2.5.29.35", der.tlv(der.SEQUENCE, der.tlv(0x80, key(number + 1)))))))


def signed_by_chains(world, n):
    """A message of n certificates in a chain and of n signers, all of them at its end."""
    signature = message(*[chained(world, i) for i in range(n)],
                        signers=[signer(struct.pack(">BI", 1, 0))] * n)
    assert len(signature) < 65536
    return signature


def looking_for_revoked(world, signatures, trusted=None):
    dbx = world.write("dbx", efi_list(X509_SHA256, bytes(48)))
    path = world.write("m.ko", world.module + b"".join(map(trailer, signatures)))
    trust = world.write("certs.der", trusted) if trusted else world.pki / "ca.pem"
    return ["verify", "--trust", trust, "--revoked", dbx, path]


@case(32)
def signers_behind_a_chain_of_which_one_may_be_revoked(world, n):
    return looking_for_revoked(world, [
        signed_by_chains(world, min(n - i, MOST_IN_A_MESSAGE))
        for i in range(0, n, MOST_IN_A_MESSAGE)])


def trailers_of_signers(world, n):
    """The same message in each of n trailers."""
    return looking_for_revoked(world, [signed_by_chains(world, MOST_IN_A_MESSAGE)] * n)


def dear_certificate():
    """It says that it has signed itself, and to see whether it has takes milliseconds."""
    rsa, subject = der.algorithm("1.2.840.113549.1.1.11", der.NULL), name(("2.5.4.3", b"x"))
    key = der.tlv(der.SEQUENCE, der.tlv(der.INTEGER, b"\0" + b"\xff" * 511 + b"\xfd"),
                  der.tlv(der.INTEGER, b"\x7f" + b"\xff" * 511))
    tbs = der.tlv(
        der.SEQUENCE, der.tlv(der.INTEGER, b"\1"), rsa, subject,
        der.tlv(der.SEQUENCE, der.tlv(0x17, b"200101000000Z"), der.tlv(0x17, b"400101000000Z")),
        subject, der.tlv(der.SEQUENCE, der.algorithm("1.2.840.113549.1.1.1", der.NULL),
                         der.tlv(0x03, b"\0" + key)))
    return der.tlv(der.SEQUENCE, tbs, rsa, der.tlv(0x03, b"\0" + b"\x55" * 512))


def certificates_signed_by_themselves(world, n):
    """n of them in a message, of which the kernel looks at the first only: it is bad."""
    return looking_for_revoked(world, [
        message(*[dear_certificate()] * n, signers=[signer(b"\1")])])


@case(100)
def trusted_certificates_in_a_chain_and_signers_of_each(world, n):
    trusted = [chained(world, i) for i in range(n)]
    signature = message(signers=[signer(struct.pack(">BI", 1, i)) for i in range(n)])
    return looking_for_revoked(world, [signature], b"".join(trusted))


# sources of trust


@case(600)
def certificates_of_a_file(world, n):
    path = world.write("certs.der", b"".join(numbered(world, n)))
    module = world.write("m.ko", world.module)
    return ["verify", "--trust", path, module]


def efi_list(kind, *entries):
    size = 16 + len(entries[0])
    return bytes.fromhex(kind) + struct.pack("<III", 28 + size * len(entries), 0, size) + (
        b"".join(bytes(16) + entry for entry in entries))


X509_SHA256 = "92a4d23bc0967940b420fcf98ef103ed"
SHA1 = "12a56c8210cfc94ab187be01496631bd"


@case(100)
def revoked_hashes_and_trusted_certificates(world, n):
    trusted = world.write("certs.der", b"".join(numbered(world, n)))
    hashes = [hashlib.sha256(str(i).encode()).digest() + bytes(16) for i in range(4 * n)]
    revoked = world.write("dbx", efi_list(X509_SHA256, *hashes))
    module = world.write("m.ko", world.module)
    return ["verify", "--trust", trusted, "--revoked", revoked, module]


@case(1000)
def lists_of_no_interest(world, n):
    return ["certs", world.write("dbx", efi_list(SHA1, bytes(20)) * n)]


@case(500)
def blocks_of_a_pem_file(world, n):
    junk = "-----BEGIN JUNK-----\n" + "A" * 64 + "\n-----END JUNK-----\n"
    return ["certs", world.write("certs.pem", (junk * n).encode())]


def name(*parts):
    return der.tlv(der.SEQUENCE, *(
        der.tlv(der.SET, der.tlv(der.SEQUENCE, der.oid(kind), der.tlv(0x0C, text)))
        for kind, text in parts))


@case(500)
def parts_of_a_name(world, n):
    return ["certs", world.write("cert.der", world.certificate(
        subject=name(*[("2.5.4.3", b"x")] * n)))]


@case(4000)
def digits_of_a_serial_number(world, n):
    return ["certs", world.write("cert.der", world.certificate(
        serial=der.tlv(der.INTEGER, b"\1" + bytes(8 * n))))]


@case(4000)
def digits_of_an_object_identifier(world, n):
    kind = der.tlv(0x06, b"\x2a" + b"\xff" * n + b"\x7f")
    attribute = der.tlv(der.SEQUENCE, kind, der.tlv(0x0C, b"x"))
    return ["certs", world.write("cert.der", world.certificate(
        subject=der.tlv(der.SEQUENCE, der.tlv(der.SET, attribute))))]


@case(2000)
def digits_of_a_modulus(world, n):
    number = der.tlv(der.INTEGER, b"\1" + b"\xff" * n)
    key = der.tlv(der.SEQUENCE, number, der.tlv(der.INTEGER, b"\1\0\1"))
    return ["certs", world.write("cert.der", world.certificate(key=der.tlv(
        der.SEQUENCE, der.algorithm("1.2.840.113549.1.1.1", der.NULL),
        der.tlv(0x03, b"\0" + key))))]


@case(500)
def extensions_of_a_certificate(world, n):
    extensions = [der.tlv(der.SEQUENCE, der.oid(f"1.2.3.{i}"), der.tlv(der.OCTETS, b""))
                  for i in range(n)]
    return ["certs", world.write("cert.der", world.certificate(
        extensions=der.tlv(0xA3, der.tlv(der.SEQUENCE, *extensions))))]


def distribution_points(world, n):
    """Each is relative to the issuer's name, of which a decoder may make a copy for each."""
    part = der.tlv(der.SEQUENCE, der.oid("2.5.4.3"), der.tlv(0x0C, b"x"))
    point = der.tlv(der.SEQUENCE, der.tlv(0xA0, der.tlv(0xA1, part)))
    extensions = [der.tlv(der.SEQUENCE, der.oid(kind), der.tlv(der.OCTETS, value))
                  for kind, value in (("2.5.29.31", der.tlv(der.SEQUENCE, point * n)),
                                      ("2.5.29.14", der.tlv(der.OCTETS, b"skid")))]
    return world.write("cert.der", world.certificate(
        issuer=name(*[("2.5.4.3", b"x")] * n),
        extensions=der.tlv(0xA3, der.tlv(der.SEQUENCE, *extensions))))


@case(200)
def distribution_points_of_a_certificate(world, n):
    return ["certs", distribution_points(world, n)]


@case(200)
def distribution_points_of_a_signers_certificate(world, n):
    return ["sign", "--dry-run", "--skid", "-k", world.pki / "leaf.key", "-c",
            distribution_points(world, n), world.write("m.ko", world.module)]


@case(200)
def distribution_points_of_dkms_s_certificate(world, n):
    distribution_points(world, n).rename(world.write("root/cert.der", b""))
    world.write("root/etc/dkms/framework.conf", b"mok_certificate=/cert.der\n")
    world.write("root/lib/modules/6.12.0/modules.order", b"")
    return ["doctor", "--root", world.directory / "root", "--release", "6.12.0"]


# private keys


def signing(world, key):
    path = world.write("key.der", key)
    path.chmod(0o600)
    return ["sign", "--dry-run", "-k", path, "-c", world.pki / "leaf.pem",
            world.write("m.ko", world.module)]


def integer(size, fill=b"\x7f"):
    """A number of that many bytes, odd unless it is filled with zeros."""
    return der.tlv(der.INTEGER, fill * size)


def pkcs8(algorithm, key):
    return der.tlv(der.SEQUENCE, integer(1, b"\0"), algorithm, der.tlv(der.OCTETS, key))


@case(200)
def digits_of_a_dsa_key(world, n):
    group = der.tlv(der.SEQUENCE, integer(n), integer(n), integer(1))
    return signing(world, pkcs8(der.algorithm("1.2.840.10040.4.1", group), integer(n)))


@case(200)
def digits_of_a_dh_key(world, n):
    group = der.tlv(der.SEQUENCE, integer(n), integer(1))
    return signing(world, pkcs8(der.algorithm("1.2.840.113549.1.3.1", group), integer(n)))


def rsa(size, *others, version=b"\0", exponents=None):
    """RSAPrivateKey of such a modulus; OpenSSL decodes it though nothing in it fits."""
    modulus, exponent = der.tlv(der.INTEGER, b"\0" + b"\xff" * size), integer(exponents or size)
    return der.tlv(der.SEQUENCE, integer(1, version), modulus, exponent, exponent,
                   integer(size // 2), integer(size // 2), exponent, exponent, exponent,
                   *([der.tlv(der.SEQUENCE, *others)] if others else []))


@case(200)
def primes_of_an_rsa_key(world, n):
    other = der.tlv(der.SEQUENCE, integer(32), integer(1), integer(1))
    return signing(world, rsa(256, *[other] * n, version=b"\1"))


@case(200)
def primes_of_an_rsa_key_in_pkcs8(world, n):
    other = der.tlv(der.SEQUENCE, integer(32), integer(1), integer(1))
    return signing(world, pkcs8(der.algorithm("1.2.840.113549.1.1.1", der.NULL),
                                rsa(256, *[other] * n, version=b"\1")))


# what is packed


def number(value):
    """As xz writes numbers."""
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def checked(data):
    return data + struct.pack("<I", zlib.crc32(data))


def xz_of_empty_blocks(n):
    block = checked(bytes([2, 0, 0x21, 1, 0x16, 0, 0, 0])) + b"\0\0\0\0" + struct.pack(
        "<I", zlib.crc32(b""))
    index = b"\0" + number(n) + (number(17) + number(0)) * n
    index = checked(index + bytes(-len(index) % 4))
    footer = struct.pack("<I", len(index) // 4 - 1) + b"\0\1"
    return (b"\xfd7zXZ\0" + checked(b"\0\1") + block * n + index
            + struct.pack("<I", zlib.crc32(footer)) + footer + b"YZ")


@case(2000)
def empty_blocks_of_xz(world, n):
    return ["show", world.write("m.ko.xz", xz_of_empty_blocks(n))]


@case(20000)
def empty_blocks_of_zstd(world, n):
    frame = b"\x28\xb5\x2f\xfd\0\x58" + b"\0\0\0" * n + b"\1\0\0"
    return ["show", world.write("m.ko.zst", frame)]


@case(10000)
def empty_blocks_of_gzip(world, n):
    head = b"\x1f\x8b\x08\0\0\0\0\0\0\3"
    return ["show", world.write("m.ko.gz", head + b"\0\0\0\xff\xff" * n + b"\1\0\0\xff\xff"
                                + bytes(8))]


@case(10000)
def frames_of_lz4(world, n):
    return ["certs", world.write("image", b"\x02\x21\x4c\x18" * n)]


@case(2000)
def blocks_of_lzo(world, n):
    head = b"\x89LZO\0\r\n\x1a\n" + struct.pack(
        ">HHHBBIIIIB", 0x1030, 0x2080, 0x0940, 3, 9, 0, 0, 0, 0, 0) + bytes(4)
    block = struct.pack(">III", 1, 1, 0) + b"x"
    return ["certs", world.write("image", head + block * n + bytes(4))]


# texts


def copies(world, n):
    for i in range(n):
        world.write(f"tree/{i:05}.ko", world.module)
    return world.directory / "tree"


@case(50)
def one_digest_in_a_bundle_and_a_tree(world, n):
    digest = hashlib.sha256(world.module).hexdigest()
    lines = sorted(f"sha256:{digest} {base64.b64encode(b'%06d' % i).decode()} {i:06}x.ko\n"
                   for i in range(16 * n))
    bundle = world.write("bundle", ("modseal-signatures 1\n" + "".join(lines)).encode())
    return ["attach", "--dry-run", "-j1", bundle, copies(world, n)]


@case(500)
def modules_of_a_manifest(world, n):
    lines = "".join(f"# 1\n{'0' * 64}  {'d/' * 8}{i:06}.ko\n" for i in range(n))
    path = world.write("MANIFEST", (
        f"# modseal-manifest 1\n# kernel -\n# algorithm sha256\n# modules {n}\n"
        f"{lines}").encode())
    return ["manifest", "diff", path, path]


@case(500)
def lines_of_a_journal(world, n):
    tree = world.directory / "tree"
    tree.mkdir()
    text = "modseal-journal 3 0123456789abcdef\n"
    text += journals.root_line(tree, b"/t").decode()
    text += "".join(f"file {i} 1:{1:016x}:{1:016x} - gone/{i:06}.ko\n" for i in range(n))
    text += f"commit {hashlib.sha256(text.encode()).hexdigest()}\n"
    journal = world.write("tree/.modseal-journal", text.encode())
    journal.chmod(0o600)
    (world.directory / "tree/gone").mkdir()
    return ["recover", world.directory / "tree"]


@case(1000)
def lines_of_a_configuration(world, n):
    text = "".join(f"CONFIG_{'X' * 30}{i % 7}=m\n" for i in range(n))
    config = world.write("config", text.encode())
    module = world.write("m.ko", world.module)
    return ["verify", "--trust", world.pki / "ca.pem", "--kernel-config", config, module]


@case(200)
def certificates_that_a_configuration_names(world, n):
    world.write("certs.pem", b"".join(
        b"-----BEGIN CERTIFICATE-----\n" + base64.b64encode(data)
        + b"\n-----END CERTIFICATE-----\n" for data in (
            der.tlv(der.SEQUENCE, der.tlv(der.SEQUENCE, b"\xa0\0"), struct.pack(">I", i))
            for i in range(n))))
    config = world.write("config", b'CONFIG_SYSTEM_TRUSTED_KEYS="certs.pem"\n')
    return ["config", "trust", world.pki / "leaf.pem", config]


@case(500)
def lines_of_an_order(world, n):
    order = world.write("modules.order", b"".join(b"d/%06d.ko\n" % (n - i)
                                                  for i in range(n)))
    return ["merkle", "root", "--modules-order", order, copies(world, 1)]


@case(500)
def lines_of_a_dkms_configuration(world, n):
    world.write("root/etc/dkms/framework.conf", b"mok_signing_key='/a'/b\n" * n)
    return ["doctor", "--root", world.directory / "root"]


CHAIN = """[req]
distinguished_name = name
x509_extensions = extensions
prompt = no
[name]
CN = $ENV::NAME
[extensions]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
basicConstraints = critical, CA:TRUE
"""


def chain_of_signers(directory, module, signers, length=30):
    """Verifying a module whose signers, all the same, stand behind one chain."""
    os.makedirs(directory)

    def openssl(*arguments, **names):
        subprocess.run(["openssl", *map(os.fspath, arguments)], cwd=directory, check=True,
                       capture_output=True, env={**os.environ, **names})

    (directory / "config").write_text(CHAIN)
    for i in range(length):
        above = ["-CA", f"{i - 1}.pem", "-CAkey", f"{i - 1}.key"] if i else []
        openssl("req", "-x509", "-config", "config", "-newkey", "ec", "-pkeyopt",
                "ec_paramgen_curve:P-256", "-nodes", "-keyout", f"{i}.key", "-out",
                f"{i}.pem", "-sha256", *above, NAME=f"certificate {i}")
    (directory / "chain.pem").write_bytes(b"".join(
        (directory / f"{i}.pem").read_bytes() for i in range(length - 1)))
    openssl("cms", "-sign", "-binary", "-noattr", "-signer", f"{length - 1}.pem", "-inkey",
            f"{length - 1}.key", "-certfile", "chain.pem", "-md", "sha256", "-outform",
            "DER", "-in", module, "-out", "signature")
    signature = (directory / "signature").read_bytes()
    last = len(der.children(der.children(der.children(signature)[1])[0])) - 1
    signature = der.replaced(signature, (1, 0, last), lambda infos: der.tlv(
        der.SET, *der.children(infos) * signers))
    path = directory / "m.ko"
    path.write_bytes(pathlib.Path(module).read_bytes() + trailer(signature))
    openssl("req", "-x509", "-config", "config", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:P-256", "-nodes", "-keyout", "other.key", "-out",
            "other.pem", NAME="another")
    return ["verify", "--trust", directory / "other.pem", path]


def prepare(function, directory, n, module, pki):
    """The command line of a case, in a directory that is not there yet."""
    os.makedirs(directory)
    return function(World(directory, module, pki), n)


def instructions(program, arguments, env):
    """How many instructions the command takes, counted by valgrind; and what it said."""
    done = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--log-fd=2", program, *map(os.fspath, arguments)],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    counted = [line.split(b":")[1] for line in done.stderr.splitlines()
               if b"Collected : " in line]
    assert counted and done.returncode in (0, 1, 2), done.stderr.decode(errors="replace")
    return int(counted[-1]), done
