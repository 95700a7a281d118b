# SPDX-License-Identifier: LGPL-2.1-or-later
"""BER as a tree that can be bent: lengths in any form, lies included.

A node is a tag and either bytes or nodes. It is written with the shortest length unless
its form says otherwise: a number of length bytes, or "indefinite". `lie` is added to the
length that is stated.
"""


class Node:
    def __init__(self, tag, body=b"", form=None, lie=0):
        self.tag, self.body, self.form, self.lie = tag, body, form, lie

    def content(self):
        if isinstance(self.body, bytes):
            return self.body
        return b"".join(node.encode() for node in self.body)

    def encode(self):
        content = self.content()
        tag = bytes([self.tag]) if isinstance(self.tag, int) else self.tag
        if self.form == "indefinite":
            return tag + b"\x80" + content + b"\0\0"
        return tag + self.length(len(content) + self.lie) + content

    def length(self, number):
        number = max(number, 0)
        shortest = (number.bit_length() + 7) // 8 if number > 127 else 0
        size = shortest if self.form is None else max(self.form, shortest)
        if size == 0:
            return bytes([number])
        return bytes([0x80 | size]) + number.to_bytes(size, "big")

    def nodes(self):
        """This node and all below it."""
        yield self
        if not isinstance(self.body, bytes):
            for node in self.body:
                yield from node.nodes()

    def parents(self):
        return [node for node in self.nodes() if not isinstance(node.body, bytes)]

    def copy(self):
        body = self.body
        if not isinstance(body, bytes):
            body = [node.copy() for node in body]
        return Node(self.tag, body, self.form, self.lie)


def read(data):
    """The trees of definite DER that stand one behind the other."""
    trees, at = [], 0
    while at < len(data):
        tag, length, start = data[at], data[at + 1], at + 2
        if length > 0x80:
            size = length - 0x80
            length = int.from_bytes(data[start : start + size], "big")
            start += size
        body = data[start : start + length]
        trees.append(Node(tag, read(body) if tag & 0x20 else body))
        at = start + length
    return trees


def seq(*body):
    return Node(0x30, list(body))


def set_of(*body):
    return Node(0x31, list(body))


def context(number, *body):
    return Node(0xA0 | number, list(body))


def integer(value):
    return Node(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def octets(data):
    return Node(0x04, data)


def bits(data):
    return Node(0x03, b"\0" + data)


def null():
    return Node(0x05)


def utf8(text):
    return Node(0x0C, text.encode())


def oid(text):
    first, second, *rest = map(int, text.split("."))
    data = bytearray()
    for number in [first * 40 + second, *rest]:
        part = [number & 0x7F]
        while number := number >> 7:
            part.insert(0, 0x80 | number & 0x7F)
        data += bytes(part)
    return Node(0x06, bytes(data))
