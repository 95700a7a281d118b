# SPDX-License-Identifier: LGPL-2.1-or-later
"""EFI signature lists, made by the byte (UEFI specification, 32.4.1)."""

import struct
import uuid

# UEFI specification, 32.4.1
X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072"
SHA256 = "c1c41626-504c-4092-aca9-41f936934328"
X509_SHA256 = "3bd2a492-96c0-4079-b420-fcf98ef103ed"
X509_SHA384 = "7076876e-80c2-4ee6-aad2-28b349a6865b"
X509_SHA512 = "446dbf63-2502-4cda-bcfa-2465d2b0fe9d"
RSA2048 = "3c5766e8-269c-4e34-aa14-ed776e85b3b6"
UNKNOWN = "00112233-4455-6677-8899-aabbccddeeff"
OWNER = uuid.UUID("77fa9abd-0359-4d32-bd60-28f4e78f784b").bytes_le
ATTRIBUTES = struct.pack("<I", 6)
TIME = bytes(16)


def efi_list(kind, *entries, header=b"", size=None):
    size = 16 + len(entries[0]) if size is None else size
    body = header + b"".join(OWNER + entry for entry in entries)
    return uuid.UUID(kind).bytes_le + struct.pack(
        "<III", 28 + len(body), len(header), size) + body
