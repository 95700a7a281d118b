# SPDX-License-Identifier: LGPL-2.1-or-later
"""A stock kernel that trusts another key.

Nobody outside the distribution has the key that a stock kernel trusts, so nothing that
we sign can be trusted by one as it is. This takes the kernel out of its bzImage and
puts other certificates where its own lie: nothing else in it changes, no code and no
configuration. QEMU boots the result, an ELF file, by its PVH entry.

    bzImage   setup | payload = compressed vmlinux, its size unpacked (4 bytes)
    vmlinux   ... 8-aligned certificates, one behind the other; 8-aligned size of all of
              them; 8-aligned size of the first ...  (certs/system_certificates.S)

The room is what the kernel's own certificate takes: about 480 bytes where that has a
P-384 key, 1.4 kB with RSA-4096. A certificate without extensions, signed by an elliptic
key, brings an RSA-2048 key into the smaller one: the kernel does not check who signed
what is built into it.
"""

import bz2
import gzip
import hashlib
import lzma
import pathlib
import re
import ssl
import struct
import subprocess
import tempfile

from .initramfs import cache_dir

CERTIFICATE = re.compile(rb"\x30\x82(..)\x30\x82..\xa0\x03\x02\x01\x02", re.DOTALL)


def unpack_with(*command):
    def unpack(data):
        return subprocess.run(
            command, input=data, capture_output=True, check=True
        ).stdout

    return unpack


UNPACKERS = {
    b"\x1f\x8b": gzip.decompress,
    b"BZh": bz2.decompress,
    b"\xfd7zXZ": lzma.decompress,
    b"\x5d\0\0": lzma.decompress,
    b"\x02\x21\x4c\x18": unpack_with("lz4", "-dc"),
    b"\x28\xb5\x2f\xfd": unpack_with("zstd", "-dc"),
}


def payload_of(image):
    """The compressed kernel in a bzImage, without the size behind it."""
    if image[0x202:0x206] != b"HdrS":
        raise ValueError("not a bzImage")
    start = (image[0x1F1] + 1) * 512 + struct.unpack_from("<I", image, 0x248)[0]
    length = struct.unpack_from("<I", image, 0x24C)[0]
    return image[start : start + length - 4]


def vmlinux_of(image):
    payload = payload_of(image)
    for magic, unpack in UNPACKERS.items():
        if payload.startswith(magic):
            return unpack(payload)
    raise ValueError("unknown compression: " + payload[:4].hex())


def certificate_lists(vmlinux):
    """(offset, size, offset of the first size word) of each list that holds one."""
    for match in CERTIFICATE.finditer(vmlinux):
        size = struct.unpack(">H", match.group(1))[0] + 4
        words = match.start() + size + 7 & ~7
        if struct.unpack_from("<QQ", vmlinux, words) == (size, size):
            yield match.start(), size, words


def der_of(certificate):
    data = pathlib.Path(certificate).read_bytes()
    if data.startswith(b"-----"):
        return ssl.PEM_cert_to_DER_cert(data.decode("ascii"))
    return data


def unpacked(vmlinuz):
    """The kernel in a bzImage, from the cache where it has been unpacked before."""
    image = pathlib.Path(vmlinuz).read_bytes()
    path = cache_dir() / f"vmlinux-{hashlib.sha256(image).hexdigest()[:32]}"
    if not path.exists():
        with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as temporary:
            temporary.write(vmlinux_of(image))
        pathlib.Path(temporary.name).rename(path)
    return bytearray(path.read_bytes())


def trusting(vmlinuz, certificates, path):
    """Writes to path a kernel like that in vmlinuz, which trusts just these certificates
    (paths of DER or PEM files). Raises ValueError."""
    certs = [der_of(certificate) for certificate in certificates]
    vmlinux = unpacked(vmlinuz)
    lists = list(certificate_lists(vmlinux))
    if len(lists) != 1:
        raise ValueError(f"{len(lists)} certificate lists in {vmlinuz}")
    [(start, room, words)] = lists
    new = b"".join(certs)
    if len(new) > room:
        raise ValueError(f"certificates of {len(new)} bytes, room for {room}")
    vmlinux[start : start + room] = new.ljust(room, b"\0")
    struct.pack_into("<QQ", vmlinux, words, len(new), len(certs[0]))
    pathlib.Path(path).write_bytes(vmlinux)
