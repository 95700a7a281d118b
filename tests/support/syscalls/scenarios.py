# SPDX-License-Identifier: LGPL-2.1-or-later
"""Every writing command, on a world that is small: few calls are made, and all kinds.

The bytes that come out are the same in every run: modules are signed with RSA. Where a
command makes keys, faces() says what there is in words that are.
"""

import dataclasses
import functools
import gzip
import lzma
import pathlib
import re
import subprocess
import tempfile
import typing

from support import cli
from support.files import hashed_kernel
from support.keys import stores
from support.tools import dkms

from . import pairs, tracer
from .world import put_up, snapshot

BLOCK = re.compile(rb"-----BEGIN ([A-Z ]+)-----.*?-----END \1-----\n", re.DOTALL)
GENERATION = re.compile(r"^\d{8}-\d{4}(-\d+)?$")
CONFIG = """CONFIG_MODULE_SIG=y
CONFIG_MODULE_SIG_HASH="sha512"
CONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y
CONFIG_SYSTEM_TRUSTED_KEYS=""
"""
# what key enroll asks of the machine: a firmware that is a directory
MOKUTIL = """#!/bin/sh
case $1 in
--test-key)
    [ ! -e "$STATE/enrolled" ] || { echo "$2 is already in the enrollment request"; exit 1; }
    echo "$2 is not enrolled" ;;
--import) cp "$2" "$STATE/enrolled" ;;
esac
"""


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    of: str  # the command of the table
    make: typing.Callable  # make(t, world) puts up what the command works on
    command: list  # "{t}", "{pki}" stand for directories
    recover: tuple = ()  # what `recover` is told afterwards
    again: bool = False  # what is left behind may wait for the same command, given again
    status: int = 0  # of the run that nothing happens to
    env: dict = dataclasses.field(default_factory=dict)
    piecewise: bool = False  # after an error some modules may be new: it was asked for
    mounts: tuple = ()  # names in t that are file systems of their own
    makes_keys: bool = False
    trees: tuple = ()  # directories whose owner may be hostile: see races.py
    planted: tuple = ()  # names that nobody gave, where somebody may have put a link

    def argv(self, world):
        places = {"t": world.t, "pki": world.pki}
        words = [word.format(**places) for word in self.command]
        return [world.bin / words[0], *words[1:]]

    def environment(self, world):
        places = {"t": world.t, "pki": world.pki}
        return world.environment(**{k: v.format(**places) for k, v in self.env.items()})


@functools.cache
def module():
    """A small relocatable ELF."""
    with tempfile.TemporaryDirectory() as directory:
        source = pathlib.Path(directory, "m.c")
        source.write_text("int init_module(void);\nint init_module(void) { return 0; }\n")
        subprocess.run(["cc", "-c", "-ffreestanding", "-o", "m.ko", "m.c"], cwd=directory,
                       check=True)
        return pathlib.Path(directory, "m.ko").read_bytes()


def modules(t, *paths, linked=()):
    """Different modules; @linked are further names of the first."""
    for number, path in enumerate(paths):
        (t / path).parent.mkdir(parents=True, exist_ok=True)
        data = module() + bytes([number]) * (40 + number)
        if path.endswith(".gz"):
            data = gzip.compress(data, mtime=0)
        if path.endswith(".xz"):
            data = lzma.compress(data, check=lzma.CHECK_CRC32, preset=0)
        (t / path).write_bytes(data)
    for path in linked:
        (t / path).parent.mkdir(parents=True, exist_ok=True)
        (t / path).hardlink_to(t / paths[0])


def tree(t, world):
    modules(t, "T/k/a.ko", "T/k/b.ko.gz", "T/x/c.ko", linked=["T/x/a.ko"])


def unlinked(t, world):
    """Each module needs a proof of its own, and is known to be there."""
    modules(t, "T/k/a.ko", "T/k/b.ko.gz", "T/x/c.ko")
    (t / "T/modules.order").write_text("k/a.o\nk/b.o\nx/c.o\n")


def signed(t, world, key="p256"):
    """A tree whose modules have a signature already."""
    tree(t, world)
    cli.ok("sign", "-k", world.pki / f"{key}-both.pem", t / "T")


def modseal(*words):
    return ["modseal", *words]


def sign(*words):
    return modseal("sign", "-j1", "-k", "{pki}/rsa2048-both.pem", *words)


def with_bundle(t, world):
    signed(t, world)
    cli.ok("detach", "-o", t / "bundle", t / "T")
    cli.ok("strip", t / "T")


def with_signatures(t, world):
    """Raw signatures beside one another, as detach does not write them but signers do."""
    modules(t, "T/k/a.ko", "T/x/c.ko")
    for path in "k/a.ko", "x/c.ko":
        (t / "S" / path).parent.mkdir(parents=True)
        work = world.scratch / "m.ko"
        work.write_bytes((t / "T" / path).read_bytes())
        subprocess.run([world.bin / "sign-file", "-d", "sha512", world.pki / "rsa2048.key",
                        world.pki / "rsa2048.pem", work], check=True)
        (world.scratch / "m.ko.p7s").rename(t / "S" / f"{path}.p7s")


def one_module(t, world):
    modules(t, "m.ko")


def one_with_signature(t, world):
    """A raw one, of the module that is signed already."""
    modules(t, "m.ko")
    for option in [], ["-d"]:
        subprocess.run([world.bin / "sign-file", *option, "sha512", world.pki / "rsa2048.key",
                        world.pki / "rsa2048.pem", t / "m.ko"], check=True)
    (t / "m.ko.p7s").rename(t / "raw")


def one_with_bundle(t, world):
    with_bundle(t, world)
    (t / "m.ko").write_bytes((t / "T/k/a.ko").read_bytes())


def kernel(t, world):
    hashed_kernel.modules(t / "T", 3, "x86_64")
    with tempfile.TemporaryDirectory(dir=world.scratch) as work:
        image = hashed_kernel.vmlinux(pathlib.Path(work), hashed_kernel.Section(), "x86_64")
        (t / "vmlinux").write_bytes(image.read_bytes())


def store(t, world):
    """Two generations that are due for a third."""
    stores.certs_local(t / "store", world.pki, {"20240101-1200": "rsa2048",
                                                "20250101-1200": "p256"})


def configurations(t, world=None):
    for name in "one", "two":
        (t / name).mkdir()
        (t / name / "config").write_text(CONFIG)


def store_and_configurations(t, world):
    store(t, world)
    configurations(t)


def installed(t, world):
    store(t, world)
    (t / "D").mkdir()


def prunable(t, world):
    store(t, world)
    (t / "root/boot").mkdir(parents=True)


def manifest(t, world):
    tree(t, world)
    cli.ok("manifest", "create", "-o", t / "manifest", t / "T")


def dkms_root(t, world):
    dkms.links(t / "root/usr/libexec/modseal")
    (t / "root/etc/keys").mkdir(parents=True)
    (t / "root/usr/sbin").mkdir(parents=True)
    (t / "root/usr/sbin/dkms").write_text('#!/bin/bash\necho $"dkms-3.0.10"\n')
    for name in "rsa2048.key", "rsa2048.der":
        (t / "root/etc/keys" / name).write_bytes((world.pki / name).read_bytes())
        (t / "root/etc/keys" / name).chmod(0o600)


def dkms_edited(t, world):
    """Somebody has written the files before."""
    dkms_root(t, world)
    (t / "root/etc/dkms/framework.conf.d").mkdir(parents=True)
    (t / "root/etc/dkms/framework.conf.d/modseal.conf").write_text("# mine\n")
    (t / "root/etc/dkms/hello.conf").write_text("# mine\n")


def firmware(t, world):
    store(t, world)
    for name in "state", "bin":
        (t / name).mkdir()
    (t / "bin/mokutil").write_text(MOKUTIL)
    (t / "bin/mokutil").chmod(0o755)


def interrupted(at, what="--kill"):
    """A tree whose run was killed there; what the journal then says."""

    def make(t, world):
        tree(t, world)
        put_up(t, snapshot(t))  # the journal notes the times that modules have
        run = tracer.run([word.format(t=t, pki=world.pki) if i else world.bin / "modseal"
                          for i, word in enumerate(sign("T"))], at, (what,), cwd=t,
                         env=world.environment(), scratch=world.scratch)
        assert run.hit and run.signal == 9, run
    return make


def two_roots(t, world):
    modules(t, "T1/k/a.ko", "T1/b.ko", "T2/c.ko", "T2/k/d.ko.gz",
            linked=["T1/a.ko", "T2/x/a.ko"])


def three_roots(t, world):
    two_roots(t, world)
    modules(t, "E/T3/e.ko", "E/T3/k/f.ko", linked=["E/T3/x/e.ko"])


def two_file_systems(t, world):
    modules(t, "T1/k/a.ko", "T1/b.ko")
    modules(t, "E/T2/c.ko", "E/T2/k/d.ko.gz", linked=["E/T2/k/c.ko"])


def signed_roots(make, *roots):
    def made(t, world):
        make(t, world)
        cli.ok("sign", "-k", world.pki / "p256-both.pem", *(t / root for root in roots))
    return made


def broken_one(t, world):
    tree(t, world)
    (t / "T/k/bad.ko").write_bytes(b"no module")


TREES = [
    Scenario("sign", "sign", tree, sign("T"), ("T",), trees=("T",)),
    Scenario("sign, on all cores", "sign", tree, sign("-j3", "T"), ("T",)),
    Scenario("sign xz", "sign", lambda t, w: modules(t, "T/a.ko.xz"), sign("T"), ("T",)),
    Scenario("sign files", "sign", tree, sign("T/k/a.ko", "T/x"), ("T/k", "T/x")),
    Scenario("sign --keep-going", "sign", broken_one, sign("--keep-going", "T"), ("T",), status=2,
             piecewise=True),
    Scenario("sign --no-sync", "sign", tree, sign("--no-sync", "T"), ("T",)),
    Scenario("sign --break-links", "sign", tree, sign("--break-links", "T/k"), ("T/k",)),
    Scenario("sign --store", "sign", lambda t, w: (tree(t, w), store(t, w), stores.point(
        t / "store", "20240101-1200")), modseal("sign", "-j1", "--store", "store", "T"), ("T",)),
    Scenario("sign -o", "sign", tree, sign("-o", "out", "T"), ("T", "out"),
             trees=("T", "out")),
    Scenario("sign -o, over what is there", "sign", lambda t, w: (tree(t, w), modules(
        t, "out/k/a.ko", "out/k/other.ko")), sign("-o", "out", "T"), ("T", "out"),
        trees=("T", "out")),
    Scenario("strip", "strip", signed, modseal("strip", "-j1", "T"), ("T",), trees=("T",)),
    Scenario("attach", "attach", with_bundle, modseal("attach", "-j1", "bundle", "T"), ("T",),
             trees=("T",)),
    Scenario("attach --trust", "attach", with_signatures,
             modseal("attach", "-j1", "--trust", "{pki}/rsa2048.pem", "S", "T"), ("T",)),
    Scenario("merkle prove", "merkle prove", unlinked, modseal("merkle", "prove", "-j1", "T"), ("T",),
             trees=("T",)),
    Scenario("resign", "resign", signed,
             modseal("resign", "-j1", "-k", "{pki}/rsa2048-both.pem", "T"), ("T",), trees=("T",)),
    Scenario("recover what is undecided", "recover", interrupted("syncfs#1"),
             modseal("recover", "T"), ("T",), trees=("T",)),
    Scenario("recover what is decided", "recover", interrupted("renameat#2"),
             modseal("recover", "T"), ("T",), trees=("T",)),
]
ROOTS = [
    Scenario("sign two trees", "sign", two_roots, sign("T1", "T2"), ("T1", "T2"),
             trees=("T1", "T2")),
    Scenario("strip two trees", "strip", signed_roots(two_roots, "T1", "T2"),
             modseal("strip", "-j1", "T1", "T2"), ("T1", "T2")),
    Scenario("sign two trees, on all cores", "sign", two_roots, sign("-j3", "T1", "T2"),
             ("T1", "T2")),
    Scenario("sign on two file systems", "sign", two_file_systems, sign("T1", "E/T2"),
             ("T1", "E/T2"), mounts=("E",)),
    Scenario("sign three trees on two file systems", "sign", three_roots,
             sign("T1", "T2", "E/T3"), ("T1", "T2", "E/T3"), mounts=("E",)),
    Scenario("strip on two file systems", "strip", signed_roots(two_file_systems, "T1", "E/T2"),
             modseal("strip", "-j1", "E/T2", "T1"), ("E/T2", "T1"), mounts=("E",)),
    Scenario("sign -o to another file system", "sign", two_roots,
             sign("-o", "E/out", "T1", "T2/k"), ("T1", "T2", "E/out"), mounts=("E",)),
]
FILES = [
    Scenario("sign --bundle", "sign", tree, sign("--bundle", "bundle", "T"), ("T", "."), True),
    Scenario("detach", "detach", signed, modseal("detach", "-j1", "-o", "bundle", "T"),
             ("T", "."), True),
    Scenario("sign-file", "sign-file", one_module, ["sign-file", "sha512", "{pki}/rsa2048.key",
             "{pki}/rsa2048.pem", "m.ko"], (".",), True),
    Scenario("sign-file -p", "sign-file", one_module, ["sign-file", "-p", "sha512",
             "{pki}/rsa2048.key", "{pki}/rsa2048.pem", "m.ko"], (".",), True,
             planted=("m.ko.p7s",)),
    Scenario("sign-file to another file", "sign-file", one_module, ["sign-file", "-p", "sha512",
             "{pki}/rsa2048.key", "{pki}/rsa2048.pem", "m.ko", "n.ko"], (".",), True),
    Scenario("sign-file -s to another file", "sign-file", one_with_signature, ["sign-file", "-s",
             "raw", "sha512", "{pki}/rsa2048.pem", "m.ko", "n.ko"], (".",), True),
    Scenario("kmodsign -d", "kmodsign", one_module, ["kmodsign", "-d", "sha512",
             "{pki}/rsa2048.key", "{pki}/rsa2048.pem", "m.ko"], (".",), True,
             planted=("m.ko.p7s",)),
    Scenario("kmodsign from a bundle", "kmodsign", one_with_bundle, ["kmodsign", "sha512",
             "/absent", "/absent", "m.ko"], (".",), True, env={"MODSEAL_BUNDLE": "{t}/bundle"}),
    Scenario("embed", "embed", kernel, modseal("embed", "-j1", "vmlinux", "--modules", "T"),
             (".",), True),
    Scenario("embed -o", "embed", kernel, modseal("embed", "-j1", "vmlinux", "--modules", "T",
             "-o", "new"), (".",), True),
    Scenario("merkle root -o", "merkle root", tree, modseal("merkle", "root", "-j1", "-o", "root",
             "T"), (".",), True),
    Scenario("manifest create", "manifest create", tree, modseal("manifest", "create", "-j1",
             "-o", "manifest", "T"), (".",), True),
    Scenario("manifest create --format in-toto", "manifest create", tree, modseal("manifest",
             "create", "-j1", "--format", "in-toto", "-o", "statement", "T"), (".",), True),
    Scenario("manifest sign", "manifest sign", manifest, modseal("manifest", "sign", "-k",
             "{pki}/rsa2048-both.pem", "manifest"), (".",), True, planted=("manifest.p7s",)),
    Scenario("manifest sign -o", "manifest sign", manifest, modseal("manifest", "sign", "-k",
             "{pki}/rsa2048-both.pem", "-o", "signature", "manifest"), (".",), True),
    Scenario("certs -o", "certs", one_module, modseal("certs", "-o", "certs.pem",
             "{pki}/rsa2048.pem", "{pki}/p256.der"), (".",), True),
    Scenario("config set", "config set", configurations, modseal("config", "set",
             "MODULE_SIG_HASH=sha256", "one/config", "two/config"), ("one", "two"), True),
    Scenario("config trust", "config trust", configurations, modseal("config", "trust",
             "{pki}/p256.pem", "one/config", "two/config"), ("one", "two"), True,
             planted=("one/config.trusted.pem",)),
    Scenario("dkms setup", "dkms setup", dkms_root, modseal("dkms", "setup", "--root", "root",
             "--libexec", "/usr/libexec/modseal", "-k", "/etc/keys/rsa2048.key", "-c",
             "/etc/keys/rsa2048.der", "--module", "hello"), ("root/etc/dkms",), True),
    Scenario("dkms setup --force", "dkms setup", dkms_edited, modseal("dkms", "setup", "--root",
             "root", "--libexec", "/usr/libexec/modseal", "-k", "/etc/keys/rsa2048.key", "-c",
             "/etc/keys/rsa2048.der", "--module", "hello", "--force"), ("root/etc/dkms",), True),
]
P256 = ("--type", "p256")
KEYS = [
    Scenario("key new -o", "key new", lambda t, w: None, modseal("key", "new", "-o", "key.pem",
             *P256), (".",), True, makes_keys=True, planted=("key.pem.crt",)),
    Scenario("key new -o --force", "key new", lambda t, w: [(t / n).write_bytes(
             (w.pki / f).read_bytes()) for n, f in (("key.pem", "p256-both.pem"),
             ("key.pem.crt", "p256.der"))] and (t / "key.pem").chmod(0o600),
             modseal("key", "new", "-o", "key.pem", "--force", *P256), (".",), True,
             makes_keys=True),
    Scenario("key new --store", "key new", lambda t, w: None, modseal("key", "new", "--store",
             "store", *P256), ("store", "."), True, makes_keys=True),
    Scenario("key new --store, where there are keys", "key new", store, modseal("key", "new",
             "--store", "store", *P256), ("store",), True, makes_keys=True, trees=("store",)),
    Scenario("key rotate", "key rotate", store, modseal("key", "rotate", "--store", "store"),
             ("store",), True, makes_keys=True, trees=("store",)),
    Scenario("key rotate --config", "key rotate", store_and_configurations, modseal("key",
             "rotate", "--store", "store", "--config", "one/config", "--config", "two/config"),
             ("store", "one", "two"), True, makes_keys=True),
    Scenario("key prune", "key prune", prunable, modseal("key", "prune", "--store", "store",
             "--keep", "1", "--root", "root"), ("store",), True, trees=("store",)),
    Scenario("key install", "key install", installed, modseal("key", "install", "--store",
             "store", "D"), ("store", "D"), True),
    Scenario("key install --with-private-key", "key install", installed, modseal("key", "install",
             "--store", "store", "--with-private-key", "D"), ("store", "D"), True),
    Scenario("key enroll", "key enroll", firmware, modseal("key", "enroll", "--mok", "--store",
             "store"), ("store", "."), True,
             env={"STATE": "{t}/state", "PATH": "{t}/bin:/usr/bin:/bin"}),
]
ALL = TREES + ROOTS + FILES + KEYS
BY_NAME = {scenario.name: scenario for scenario in ALL}

# of the table, what writes nothing but to standard output
READERS = {"verify", "show", "key list", "key status", "config get", "config check", "dkms check",
           "doctor", "manifest verify", "manifest diff", "merkle verify", "merkle check", "help"}


def faces(nodes, before):
    """The nodes with words for what is new and by chance: generations that were not there
    before, and keys and certificates that belong together."""
    known = {block.group() for node in before.values() if node.kind == "file"
             for block in BLOCK.finditer(node.content)}
    known |= {node.content for node in before.values() if node.kind == "file"}
    there = {part for name in before for part in name.split("/")}
    fresh = sorted({part for name in nodes for part in name.split("/")
                    if GENERATION.match(part) and part not in there})
    keys = [block.group() for _, node in sorted(nodes.items()) if node.kind == "file"
            for block in BLOCK.finditer(node.content)
            if b"PRIVATE" in block.group(1) and block.group() not in known]
    keys = list(dict.fromkeys(keys))

    def word(data):
        if data in keys:
            return b"<key %d>" % keys.index(data)
        for number, key in enumerate(keys):
            if pairs.belong_together(key, data):
                return b"<certificate of key %d>" % number
        return data

    def content(node):
        data = node.content
        if node.kind == "link":
            for number, name in enumerate(fresh):
                data = data.replace(name, f"NEW{number}")
            return data
        if node.kind != "file" or data in known:
            return data
        data = BLOCK.sub(lambda block: block.group() if block.group() in known
                         else word(block.group()), data)
        data = word(data) if data.startswith(b"\x30") else data
        for number, name in enumerate(fresh):
            data = data.replace(name.encode(), b"NEW%d" % number)
        return data

    def renamed(name):
        return "/".join(f"NEW{fresh.index(part)}" if part in fresh else part
                        for part in name.split("/"))

    return {renamed(name): dataclasses.replace(node, content=content(node))
            for name, node in nodes.items()}
