# SPDX-License-Identifier: LGPL-2.1-or-later
"""One change at some place: of bytes that are not understood, or of a tree.

A kind of bend is a function in KINDS. It is given a node and a parent of the tree (a
constructed node), and changes the tree in place; or does nothing, where it does not fit.
"""

from support.files import asn1
from support.files.asn1 import Node, integer, octets, oid, seq
from .messages import OIDS


def raw(random, data):
    data = bytearray(data)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        at = random.randrange(len(data))
        kind = random.randrange(5)
        if kind == 0:
            data[at] = random.choice([0, 1, 2, 3, 0x30, 0x31, 0x80, 0xA0, 0xFF])
        elif kind == 1:
            del data[at : at + random.choice([1, 1, 2, 3])]
        elif kind == 2:
            data[at:at] = random.choice([b"\0", b"\0\0", b"\5\0", b"\x30\0", b"\x80"])
        elif kind == 3:
            end = at + random.randrange(1, 20)
            data[at:at] = data[at:end]
        else:
            data[at] ^= 1 << random.randrange(8)
    return bytes(data)


def some_node(random):
    return random.choice(
        [
            asn1.null(),
            integer(1),
            integer(0),
            Node(2),
            oid(random.choice(OIDS)),
            octets(b"x"),
            octets(b""),
            *map(Node, (0, 0x30, 0x31, 0xA0, 0xA1, 0xA2, 0xA3, 0x80)),
            seq(asn1.null()),
            Node(0x1F),
            Node(b"\x1f\x81\x01", b""),
            Node(b"\x3f\x81\x01", b"\5\0"),
        ]
    )


def form(random, tree, node, parent):
    node.form = random.choice([1, 2, 2, 3, 4])


def indefinite(random, tree, node, parent):
    parent.form = "indefinite"


def all_indefinite(random, tree, node, parent):
    for each in tree.parents():
        each.form = "indefinite"


def lie(random, tree, node, parent):
    node.lie = random.choice([-2, -1, 1, 2, 100])


def tag(random, tree, node, parent):
    if isinstance(node.tag, int):
        node.tag = random.choice([node.tag ^ 0x20, random.randrange(256)])


def tag_class(random, tree, node, parent):
    if isinstance(node.tag, int):
        node.tag ^= random.choice([0x40, 0x80, 0xC0])


def long_tag(random, tree, node, parent):
    node.tag = bytes([0x1F | (0x20 if node in tree.parents() else 0), 0x10])


def delete(random, tree, node, parent):
    if parent.body:
        parent.body.pop(random.randrange(len(parent.body)))


def double(random, tree, node, parent):
    if parent.body:
        at = random.randrange(len(parent.body))
        parent.body.insert(at, parent.body[at].copy())


def swap(random, tree, node, parent):
    if len(parent.body) > 1:
        at = random.randrange(len(parent.body) - 1)
        parent.body[at : at + 2] = parent.body[at : at + 2][::-1]


def insert(random, tree, node, parent):
    at = random.randrange(len(parent.body) + 1)
    parent.body.insert(at, some_node(random))


def append(random, tree, node, parent):
    parent.body.append(some_node(random))


def identifier(random, tree, node, parent):
    oids = [each for each in tree.nodes() if each.tag == 6]
    if oids:
        random.choice(oids).body = oid(random.choice(OIDS)).body


def value(random, tree, node, parent):
    if isinstance(node.body, bytes):
        node.body = random.choice(
            [b"", b"\0", b"\1", b"\2", b"\3", b"\0" + node.body, node.body + b"\0"]
        )


def replace(random, tree, node, parent):
    if parent.body:
        parent.body[random.randrange(len(parent.body))] = some_node(random)


def empty(random, tree, node, parent):
    parent.body = []


def unwrap(random, tree, node, parent):
    if parent.body:
        at = random.randrange(len(parent.body))
        child = parent.body[at]
        if not isinstance(child.body, bytes):
            parent.body[at : at + 1] = child.body


def wrap(random, tree, node, parent):
    if parent.body:
        at = random.randrange(len(parent.body))
        kind = random.choice([0x30, 0x31, 0xA0, 0x24])
        parent.body[at] = Node(kind, [parent.body[at]])


def steal(random, tree, node, parent):
    other = random.choice(list(tree.nodes()))
    if node not in list(other.nodes()) and other not in list(node.nodes()):
        node.tag, node.body = other.tag, other.copy().body


KINDS = {
    "form": form,
    "indefinite": indefinite,
    "all-indefinite": all_indefinite,
    "lie": lie,
    "tag": tag,
    "class": tag_class,
    "long-tag": long_tag,
    "delete": delete,
    "double": double,
    "swap": swap,
    "insert": insert,
    "append": append,
    "oid": identifier,
    "value": value,
    "replace": replace,
    "empty": empty,
    "unwrap": unwrap,
    "wrap": wrap,
    "steal": steal,
}
# where any kind will do, these are the likelier ones
LIKELY = [*sorted(KINDS), "form", "indefinite", "oid"]


def bend(random, tree, kind=None):
    """One change at some place of the tree, in place; the kind's name."""
    kind = kind or random.choice(LIKELY)
    node = random.choice(list(tree.nodes()))
    parent = random.choice(tree.parents())
    KINDS[kind](random, tree, node, parent)
    return kind


def tree_bent(random, tree):
    """(what was done, a copy of the tree with one to three bends)."""
    tree = tree.copy()
    kinds = [bend(random, tree) for _ in range(random.choice([1, 1, 1, 2, 2, 3]))]
    return "-".join(kinds), tree
