# SPDX-License-Identifier: LGPL-2.1-or-later
"""Just enough DER to take a PKCS#7 apart and to put it together wrongly."""

CONSTRUCTED = 0x20
SEQUENCE, SET, INTEGER, OCTETS, NULL = 0x30, 0x31, 0x02, 0x04, b"\x05\0"


def tlv(tag, *values):
    body = b"".join(values)
    size = len(body)
    if size < 128:
        return bytes([tag, size]) + body
    if size < 256:
        return bytes([tag, 0x81, size]) + body
    count = 2 if size < 65536 else 3
    return bytes([tag, 0x80 | count]) + size.to_bytes(count, "big") + body


def read(data, at=0):
    """(tag, value, end) of the element at an offset."""
    tag, size, start = data[at], data[at + 1], at + 2
    if size & 0x80:
        count = size & 0x7F
        size = int.from_bytes(data[start : start + count], "big")
        start += count
    return tag, data[start : start + size], start + size


def value(data):
    return read(data)[1]


def children(data):
    """The elements inside a constructed one, each with its header."""
    body, at, found = value(data), 0, []
    while at < len(body):
        end = read(body, at)[2]
        found.append(body[at:end])
        at = end
    return found


def oid(dotted):
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = b""
    for arc in [first * 40 + second, *rest]:
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.insert(0, arc & 0x7F | 0x80)
        body += bytes(groups)
    return tlv(0x06, body)


def algorithm(dotted, *parameters):
    return tlv(SEQUENCE, oid(dotted), *parameters)


def positions(data, path=()):
    """The path of child indices to each constructed element."""
    if not data[0] & CONSTRUCTED:
        return
    yield path
    for index, child in enumerate(children(data)):
        yield from positions(child, (*path, index))


def replaced(data, path, change):
    """A copy in which the element at path is change(element); lengths are mended."""
    if not path:
        return change(data)
    parts = children(data)
    parts[path[0]] = replaced(parts[path[0]], path[1:], change)
    return tlv(data[0], *parts)


def indefinite(data):
    return data[:1] + b"\x80" + value(data) + b"\0\0"
