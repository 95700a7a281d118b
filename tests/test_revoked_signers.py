# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a revoked signer told of, wherever it hides?

The kernel's verdict stays: what it says of each list of signers is support/hostile/mixed.py,
which test_built_kernel.py holds against a real one. Whatever that is, who says "good" of a
module must not keep quiet about a revoked signer.
"""

import itertools
import json
import random
import shutil
import types

import jsonschema
import pytest

from support import cli, hostile
from support.files import forge, make_image, stacked
from support.files.asn1 import integer, octets, oid, seq
from support.hostile import messages, mixed
from support.keys import keys
from support.runs import strace

HIDDEN = ["revoked", "no-withdrawn"]  # R1 has signed it, and R2 is said to have
UNREAD = "the rest of the message cannot be read: who is revoked in it is not known"
SHIM = cli.BUILD / "tests/digest-shim.so"
SECP256K1 = seq(oid(keys.EC_OID), oid("1.3.132.0.10"))


@pytest.fixture(scope="module")
def world():
    source = random.Random("revoked signers")
    world = hostile.World(source)
    world.revoked = hostile.Identity(world.ec(), messages.name("R1"), 11)
    world.withdrawn = hostile.Identity(world.ec(), messages.name("R2"), 12)
    return world


@pytest.fixture(scope="module")
def sources(world, tmp_path_factory):
    """The options that say whom to trust, and who is revoked."""
    directory = tmp_path_factory.mktemp("certificates")
    for name in "root", "revoked", "withdrawn":
        (directory / f"{name}.der").write_bytes(getattr(world, name).certificate().encode())
    trust = ["--trust", directory / "root.der", "--trust", directory / "revoked.der"]
    revoked = ["--revoked", directory / "revoked.der", "--revoked", directory / "withdrawn.der"]
    return types.SimpleNamespace(trust=trust, revoked=revoked, all=[*trust, *revoked])


@pytest.fixture
def payload(tiny_module):
    return tiny_module.read_bytes()


@pytest.fixture
def signed(world, payload, tmp_path):
    """A function that writes a module with those signers and returns its path."""

    def write(names, path="x.ko", data=payload, **more):
        message = mixed.over(data, lambda w: list(mixed.signers_of(w, names, **more)), world)
        target = tmp_path / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(forge.append(data, message.encode()))
        return target

    return write


@pytest.fixture
def over(payload):
    """A function that makes a file of a message whose signers sign the payload."""
    messages.use_payload(payload)
    yield lambda tree: forge.append(payload, tree.encode())
    messages.use_payload(forge.TINY)


def no_kernel_knows(identity, part, other):
    """A certificate of whose parts one is exchanged."""
    tbs = identity.tbs.copy()
    if part == "key":
        tbs.body[6].body[0] = other
    else:
        tbs.body[2] = other
    return identity.certificate(tbs)


def only(document):
    assert len(document["modules"]) == 1
    return document["modules"][0]


def test_each_list_of_signers_has_the_kernels_verdict_and_no_revoked_one_is_hidden(
    world, sources, tmp_path
):
    lists = list(mixed.lists())
    messages.use_payload(forge.TINY)
    for number, names in enumerate(lists):
        by_skid = number % 3 == 0
        tree = mixed.message_of(world, names, by_skid)
        (tmp_path / f"{number:03}.ko").write_bytes(messages.signed(tree))
    document = cli.document("verify", *sources.all, tmp_path)
    assert document["status"] == 1 and len(document["modules"]) == len(lists)
    hidden = 0
    for names, entry in zip(lists, document["modules"]):
        assert (entry["errno"] or "0") == mixed.kernel(names), names
        revoked = sum(mixed.KINDS[name][2] for name in names)
        assert len(entry["warnings"]) == revoked, names
        hidden += entry["verdict"] == "trusted" and revoked > 0
    assert hidden > 20  # or nothing was asked


@pytest.mark.parametrize("names", [*itertools.permutations(HIDDEN), ["trusted", "no-withdrawn"],
                                   ["no-withdrawn", "trusted"], ["trusted", *HIDDEN],
                                   [*HIDDEN, "trusted"], ["unknown", *HIDDEN]])
def test_a_module_that_the_kernel_trusts_ends_in_1_where_a_signer_is_revoked(
    names, signed, sources
):
    path = signed(names)
    assert only(cli.document("verify", *sources.all, path))["verdict"] == "trusted"
    done = cli.run("verify", *sources.all, path)
    assert done.returncode == 1
    assert f"{path}: trusted" in done.stdout
    for name in names:
        if mixed.KINDS[name][2]:
            number = names.index(name) + 1
            who = "R1" if "revoked" in name else "R2"
            line = f"  warning: signer {number} of {len(names)} is revoked: '{who}'\n"
            assert line in done.stdout
    assert cli.run("verify", "-q", *sources.all, path).returncode == 1
    # without the revocations there is nothing to tell
    assert cli.run("verify", *sources.trust, path).returncode == 0


@pytest.mark.parametrize("mode", ["permissive", "enforcing", "lockdown"])
@pytest.mark.parametrize("names", [HIDDEN, ["no-withdrawn"], ["trusted", "no-withdrawn"],
                                   ["withdrawn"], ["unknown", "no-withdrawn"]])
def test_no_mode_makes_a_module_with_a_revoked_signer_end_in_0(mode, names, signed, sources):
    entry = only(cli.document("verify", "--mode", mode, *sources.all, signed(names)))
    assert entry["warnings"]
    assert cli.run("verify", "--mode", mode, *sources.all, signed(names)).returncode == 1


def test_an_algorithm_that_no_kernel_has_does_not_hide_a_revoked_signer(
    world, payload, sources, tmp_path
):
    """To a permissive kernel such a module is like an unsigned one."""
    messages.use_payload(payload)
    unknown = {"digest": seq(oid("1.2.3.4"))}
    bad = [messages.signer(world.revoked), messages.signer(world.withdrawn, **unknown)]
    path = tmp_path / "x.ko"
    for signers in bad[1:], bad, bad[::-1], [messages.signer(world.stranger, **unknown), bad[0]]:
        whole = messages.message(*signers).encode()
        path.write_bytes(forge.append(payload, whole))
        entry = only(cli.document("verify", *sources.all, path))
        assert (entry["verdict"], entry["loads"]["permissive"]) == ("unsupported", "tainted")
        assert any("is revoked" in text for text in entry["warnings"])
        done = cli.run("verify", "--mode", "permissive", *sources.all, path)
        assert done.returncode == 1, cli.said(done)
    messages.use_payload(forge.TINY)


def test_a_signer_below_a_revoked_key_is_told_of(world, payload, sources, tmp_path):
    """Whether the certificate says so by issuer and serial or by key identifier."""
    path = tmp_path / "x.ko"
    messages.use_payload(payload)
    for akid in "key", "issuer", "both":
        leaf = hostile.Identity(world.ec(), messages.name("leaf"), 13, world.withdrawn, akid=akid)
        bad = messages.signer(leaf)
        for signers in [bad], [messages.signer(world.root), bad]:
            tree = messages.message(*signers, certs=[leaf.certificate()])
            path.write_bytes(forge.append(payload, tree.encode()))
            entry = only(cli.document("verify", *sources.all, path))
            assert entry["verdict"] == "rejected"
            assert len(entry["warnings"]) == 1 and "R2" in entry["warnings"][0]
    messages.use_payload(forge.TINY)


@pytest.mark.parametrize("outer, inner, number", [(HIDDEN, ["unknown"], 1),
                                                  (["trusted"], ["revoked"], 2),
                                                  (["trusted"], ["no-withdrawn"], 2)])
def test_no_trailer_hides_the_revoked_signer_of_another(outer, inner, number, signed, sources):
    data = signed(inner).read_bytes()
    path = signed(outer, data=data)
    entry = only(cli.document("verify", *sources.all, path))
    assert entry["verdict"] == "trusted"
    assert {text.partition(":")[0] for text in entry["warnings"]} == {f"trailer {number}"}
    assert cli.run("verify", *sources.all, path).returncode == 1


def test_a_revoked_signer_behind_more_trailers_than_a_kernel_looks_at_is_not_kept_quiet(
    signed, sources
):
    """Eight are looked at (stacked.MAX_TRAILERS); of the rest it is said that they are not."""
    data = signed(["revoked"]).read_bytes()
    for deep in range(1, stacked.MAX_TRAILERS + 2):
        path = signed(["trusted"], data=data)
        data = path.read_bytes()
        entry = only(cli.document("verify", *sources.all, path))
        if deep < stacked.MAX_TRAILERS:
            told = f"trailer {deep + 1}: the signer is revoked: 'R1'"
        else:
            told = "more than 8 trailers: who is revoked in those further in is not known"
        assert (entry["verdict"], entry["warnings"]) == ("trusted", [told])
        assert cli.run("verify", *sources.all, path).returncode == 1
        assert cli.run("verify", *sources.trust, path).returncode == 0


def test_every_signer_behind_one_revoked_certificate_is_told_of(world, payload, sources, tmp_path):
    """In whichever order the ways that lead there are gone."""
    messages.use_payload(payload)
    names = [messages.name(f"link {i}") for i in range(4)]
    top = hostile.Identity(world.ec(), names[3], 23, world.withdrawn)
    middle = hostile.Identity(world.ec(), names[2], 22, top)
    low = hostile.Identity(world.ec(), names[1], 21, middle)
    clean = hostile.Identity(world.ec(), names[0], 20, world.stranger)
    certs = [i.certificate() for i in (clean, low, middle, top)]
    path = tmp_path / "x.ko"
    for order in itertools.permutations([low, middle, top, clean]):
        tree = messages.message(*map(messages.signer, order), certs=certs)
        path.write_bytes(forge.append(payload, tree.encode()))
        entry = only(cli.document("verify", *sources.all, path))
        assert entry["warnings"] == [
            f"signer {i + 1} of 4 is revoked: 'R2'" for i in range(4) if order[i] is not clean]
    messages.use_payload(forge.TINY)


def test_certificates_in_a_circle_hide_no_revoked_one_among_them(
    world, payload, sources, tmp_path
):
    messages.use_payload(payload)
    keys, names = [world.ec() for _ in range(3)], [messages.name(f"c{i}") for i in range(3)]
    first = hostile.Identity(keys[0], names[0], 30)
    third = hostile.Identity(keys[2], names[2], 32, first)
    second = hostile.Identity(keys[1], names[1], 31, third)
    first = hostile.Identity(keys[0], names[0], 30, second)
    circle = [first, second, third]
    (tmp_path / "second.der").write_bytes(second.certificate().encode())
    path = tmp_path / "x.ko"
    for order in itertools.permutations(circle):
        tree = messages.message(*map(messages.signer, order),
                                certs=[i.certificate() for i in circle])
        path.write_bytes(forge.append(payload, tree.encode()))
        assert not only(cli.document("verify", *sources.all, path))["warnings"]
        entry = only(cli.document("verify", *sources.all, "--revoked", tmp_path / "second.der",
                                  path))
        assert entry["warnings"] == [f"signer {i} of 3 is revoked: 'c1'" for i in (1, 2, 3)]
    messages.use_payload(forge.TINY)


def test_attach_takes_no_signature_with_a_revoked_signer(
    signed, sources, payload, tmp_path, world
):
    good, bad = signed(["trusted"], "good/x.ko"), signed(["trusted", "no-withdrawn"], "bad/x.ko")
    # attach has no --revoked: what it trusts may say so itself, as system does
    for path, status in (good, 0), (bad, 1):
        cli.ok("detach", "-o", tmp_path / "bundle", path)
        cli.ok("strip", "--all", path)
        before = path.read_bytes()
        done = cli.run("attach", *sources.all, tmp_path / "bundle", path)
        assert done.returncode == status, cli.said(done)
        assert (path.read_bytes() == before) == bool(status)
    assert "signer 2 of 2 is revoked: 'R2'" in done.stdout + done.stderr
    entry = only(cli.document("attach", *sources.all, tmp_path / "bundle", bad))
    assert entry["result"] == "not-trusted" and entry["warnings"]


def test_a_manifest_with_a_revoked_signer_is_not_compared(world, sources, payload, tmp_path):
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "x.ko").write_bytes(payload)
    manifest = tmp_path / "MANIFEST"
    cli.ok("manifest", "create", "-o", manifest, tmp_path / "tree")
    for names, status in (["trusted"], 0), (["trusted", "no-withdrawn"], 1), (HIDDEN, 1):
        tree = mixed.over(manifest.read_bytes(),
                          lambda w, n=names: list(mixed.signers_of(w, n)), world)
        (tmp_path / "MANIFEST.p7s").write_bytes(tree.encode())
        command = ["manifest", "verify", *sources.all, manifest, tmp_path / "tree"]
        assert cli.run(*command).returncode == status
        document = cli.document(*command)
        assert document["signature"] == "trusted"
        assert bool(document["warnings"]) == bool(status)
        assert ("modules" in document) != bool(status)


def test_resign_keeps_no_signature_with_a_revoked_signer(signed, sources, pki, tmp_path):
    for names, kept in (["trusted"], True), (["trusted", "no-withdrawn"], False), (HIDDEN, False):
        path = signed(names)
        entry = only(cli.document("resign", "--keep-old", *sources.all, "-k",
                                  pki / "p256-both.pem", path))
        assert entry["result"] == ("kept" if kept else "signed")


def test_resign_takes_no_signature_for_its_own_that_names_others_too(
    world, payload, pki, tmp_path
):
    """The new key's signature with a second signer beside it is not what it would make."""
    path = tmp_path / "x.ko"
    path.write_bytes(payload)
    command = ["resign", "--unsigned", "sign", "-k", pki / "p256-both.pem", path]
    assert only(cli.document(*command))["result"] == "signed"
    assert only(cli.document(*command))["result"] == "unchanged"
    data, der = forge.split(path.read_bytes())
    tree = hostile.messages.asn1.read(der)[0]
    other = messages.signer(world.withdrawn, signature=b"junk")
    tree.body[1].body[0].body[-1].body.append(other)
    path.write_bytes(forge.append(data, tree.encode()))
    assert only(cli.document("verify", "--trust", pki / "p256.pem", path))["verdict"] == "trusted"
    assert only(cli.document(*command))["result"] == "signed"


def test_a_key_that_a_hash_of_its_certificate_revokes_is_told_of_too(
    world, signed, sources, tmp_path
):
    """As db and dbx have them (EFI_CERT_X509_SHA256), told apart from files' hashes."""
    import hashlib
    import uuid

    der = world.withdrawn.certificate().encode()
    tbs = hostile.messages.asn1.read(der)[0].body[0].encode()
    guid = uuid.UUID("3bd2a492-96c0-4079-b420-fcf98ef103ed").bytes_le
    entry = bytes(16) + hashlib.sha256(tbs).digest() + bytes(16)
    sizes = [28 + len(entry), 0, len(entry)]
    dbx = guid + b"".join(size.to_bytes(4, "little") for size in sizes) + entry
    (tmp_path / "dbx").write_bytes(dbx)
    (tmp_path / "withdrawn.der").write_bytes(der)
    path = signed(["trusted", "no-withdrawn"])
    command = ["verify", *sources.trust, "--trust", tmp_path / "withdrawn.der"]
    assert cli.run(*command, path).returncode == 1  # the kernel rejects what only pretends
    entry = only(cli.document(*command, "--revoked", tmp_path / "dbx", path))
    assert entry["verdict"] == "trusted"
    assert entry["warnings"] == ["signer 2 of 2 is revoked: 'R2'"]


@pytest.mark.parametrize("part, other", [("key", SECP256K1), ("key", seq(oid("1.3.101.112"))),
                                         ("signature", seq(oid("1.3.101.112")))])
def test_a_certificate_of_which_no_kernel_can_use_a_part_hides_no_revoked_issuer(
    part, other, world, over, sources, tmp_path
):
    """The kernel stops at it, with ENOPKG, before it reads who has signed it."""
    path = tmp_path / "x.ko"
    for akid in "key", "issuer", "both":
        leaf = hostile.Identity(world.ec(), messages.name("leaf"), 13, world.withdrawn, akid=akid)
        certs = [no_kernel_knows(leaf, part, other)]
        path.write_bytes(over(messages.message(messages.signer(leaf), certs=certs)))
        entry = only(cli.document("verify", *sources.all, path))
        assert (entry["verdict"], entry["loads"]["permissive"]) == ("unsupported", "tainted")
        assert entry["warnings"] == ["the signer is revoked: 'R2'"]
        command = ["verify", "--mode", "permissive", *sources.trust]
        assert cli.run(*command, path).returncode == 0
        assert cli.run(*command, *sources.revoked, path).returncode == 1


def stray(certs, signers):
    """Something between the certificates and the signers that belongs to no message."""
    tree = messages.message(*signers, certs=certs)
    tree.body[1].body[0].body.insert(-1, integer(0))
    return tree


def cut_short(certs, signers):
    """The certificate ends in junk, behind the key that no kernel knows."""
    extensions = certs[0].body[0].body[7]
    extensions.body[0].body.append(octets(b"junk"))
    return messages.message(*signers, certs=certs)


@pytest.mark.parametrize("broken, told", [(stray, []),
                                          (cut_short, ["the signer is revoked: 'R2'"])])
def test_what_cannot_be_read_behind_what_no_kernel_has_is_not_kept_quiet(
    broken, told, world, over, sources, tmp_path
):
    path = tmp_path / "x.ko"
    certs = [no_kernel_knows(world.stranger, "key", SECP256K1)]
    path.write_bytes(over(broken(certs, [messages.signer(world.withdrawn)])))
    entry = only(cli.document("verify", *sources.all, path))
    assert (entry["verdict"], entry["loads"]["permissive"]) == ("unsupported", "tainted")
    assert entry["warnings"] == [*told, UNREAD]
    command = ["verify", "--mode", "permissive", *sources.trust]
    assert cli.run(*command, path).returncode == 0
    assert cli.run(*command, *sources.revoked, path).returncode == 1


def test_a_message_that_cannot_be_read_within_a_trusted_module_is_told_of(
    signed, sources, payload
):
    path = signed(["trusted"], data=forge.append(payload, b"junk"))
    entry = only(cli.document("verify", *sources.all, path))
    assert (entry["verdict"], entry["warnings"]) == ("trusted", [f"trailer 2: {UNREAD}"])
    assert not only(cli.document("verify", *sources.trust, path))["warnings"]


def test_of_a_message_that_a_kernel_reads_nothing_is_unread(world, sources, tmp_path):
    for name, tree in world.sound():
        (tmp_path / f"{name}.ko").write_bytes(messages.signed(tree))
    read = [entry for entry in cli.document("verify", *sources.all, tmp_path)["modules"]
            if entry["errno"] != "EBADMSG"]
    assert len(read) > 30
    assert [entry["path"] for entry in read if entry["warnings"]] == []


def test_a_revoked_key_is_told_of_under_another_certificate(world, over, sources, tmp_path):
    """Whether certificates say the key's identifier or not, and however the signer does."""
    path, trusted = tmp_path / "x.ko", tmp_path / "other.der"
    for skid, by_skid, inside in itertools.product([True, False], repeat=3):
        if by_skid and not skid:
            continue
        other = hostile.Identity(world.withdrawn.key, messages.name("other"), 40, skid=skid,
                                 akid=None)
        trusted.write_bytes(other.certificate().encode())
        tree = messages.message(messages.signer(other, by_skid=by_skid),
                                version=3 if by_skid else 1,
                                certs=[other.certificate()] if inside else None)
        path.write_bytes(over(tree))
        command = ["verify", *sources.trust, "--trust", trusted]
        assert cli.run(*command, path).returncode == 0
        entry = only(cli.document(*command, *sources.revoked, path))
        assert entry["warnings"] == ["the signer is revoked: 'R2'"], (skid, by_skid, inside)
        assert (entry["verdict"] == "rejected") == by_skid  # so the kernel finds the key
        assert cli.run(*command, *sources.revoked, path).returncode == 1


@pytest.fixture
def below(world, tmp_path):
    """Identities below R2, the highest first, and the options that trust all of them."""
    found, options = [world.withdrawn], []
    for number in range(3):
        found.append(hostile.Identity(world.ec(), messages.name(f"below {number}"),
                                      50 + number, found[-1]))
        path = tmp_path / f"below-{number}.der"
        path.write_bytes(found[-1].certificate().encode())
        options += ["--trust", path]
    return types.SimpleNamespace(identities=found[1:], options=options)


def test_a_trusted_key_below_a_revoked_one_is_told_of_whatever_the_message_carries(
    world, below, over, sources, tmp_path
):
    path = tmp_path / "x.ko"
    certs = [i.certificate() for i in below.identities]
    for who, by_skid in itertools.product(below.identities, [False, True]):
        for inside in None, certs[2:], certs[1:], certs:
            tree = messages.message(messages.signer(who, by_skid=by_skid),
                                    version=3 if by_skid else 1, certs=inside)
            path.write_bytes(over(tree))
            entry = only(cli.document("verify", *sources.all, *below.options, path))
            assert entry["warnings"] == ["the signer is revoked: 'R2'"]
            # the kernel knows of it only from the message
            assert inside is not None or entry["verdict"] == "trusted"
    assert cli.run("verify", *sources.all, *below.options, path).returncode == 1
    assert cli.run("verify", *sources.trust, *below.options, path).returncode == 0


def test_the_order_of_the_trusted_does_not_decide_who_is_told_of(
    world, over, sources, tmp_path
):
    """A key with two certificates, of which one is below a revoked key, and one below it."""
    key = world.ec()
    alone = hostile.Identity(key, messages.name("K"), 21)
    below = hostile.Identity(key, messages.name("K"), 22, issuer=world.withdrawn)
    leaf = hostile.Identity(world.ec(), messages.name("C"), 23, issuer=alone, akid="both")
    identities = {"alone": alone, "below": below, "leaf": leaf}
    for name, identity in identities.items():
        (tmp_path / f"{name}.der").write_bytes(identity.certificate().encode())
        (tmp_path / f"{name}.ko").write_bytes(over(messages.message(messages.signer(identity))))
    modules = [tmp_path / f"{name}.ko" for name in identities]
    for order in itertools.permutations(identities):
        trust = [word for name in order for word in ("--trust", tmp_path / f"{name}.der")]
        found = cli.document("verify", *trust, *sources.revoked, *modules)
        assert [entry["verdict"] for entry in found["modules"]] == ["trusted"] * 3
        assert [entry["warnings"] for entry in found["modules"]] == [
            ["the signer is revoked: 'R2'"]] * 3, order


@pytest.mark.parametrize("steps, status", [(2, 1), (9, 1), (80, 2)])
def test_however_long_the_way_up_to_a_revoked_key_is_nobody_below_it_is_good(
    steps, status, world, over, sources, tmp_path
):
    """Each step is a key with two certificates, of which the second leads further up."""
    issuer, trusted = world.withdrawn, []
    for number in range(steps):
        key, name = world.ec(), messages.name(f"step {number}")
        issuer = hostile.Identity(key, name, 101, issuer)
        trusted += [hostile.Identity(key, name, 100), issuer]
    (tmp_path / "trusted.der").write_bytes(
        b"".join(who.certificate().encode() for who in trusted))
    path = tmp_path / "x.ko"
    path.write_bytes(over(messages.message(messages.signer(issuer))))
    trust = ["--trust", tmp_path / "trusted.der"]
    assert cli.run("verify", *trust, path).returncode == 0
    done = cli.run("verify", *trust, *sources.revoked, path)
    assert done.returncode == status, done.stderr
    assert status == 2 or "the signer is revoked: 'R2'" in done.stderr + done.stdout


def test_who_is_trusted_in_a_circle_is_told_of_where_one_of_it_is_revoked(
    world, over, sources, tmp_path
):
    made, names = [world.ec() for _ in range(3)], [messages.name(f"c{i}") for i in range(3)]
    first = hostile.Identity(made[0], names[0], 30)
    third = hostile.Identity(made[2], names[2], 32, first)
    second = hostile.Identity(made[1], names[1], 31, third)
    circle = [hostile.Identity(made[0], names[0], 30, second), second, third]
    trust = []
    for who, name in zip(circle, "123"):
        (tmp_path / name).write_bytes(who.certificate().encode())
        trust += ["--trust", tmp_path / name]
    path = tmp_path / "x.ko"
    for who in circle:
        path.write_bytes(over(messages.message(messages.signer(who))))
        assert cli.run("verify", *sources.all, *trust, path).returncode == 0
        entry = only(cli.document("verify", *sources.all, *trust, "--revoked", tmp_path / "2",
                                  path))
        assert entry["warnings"] == ["the signer is revoked: 'c1'"]


def test_a_signer_by_key_identifier_below_a_revoked_key_is_told_of(
    world, over, sources, tmp_path
):
    """The kernel finds certificates of a message by issuer and serial number only."""
    path = tmp_path / "x.ko"
    leaf = hostile.Identity(world.ec(), messages.name("leaf"), 13, world.withdrawn)
    tree = messages.message(messages.signer(leaf, by_skid=True), version=3,
                            certs=[leaf.certificate()])
    path.write_bytes(over(tree))
    entry = only(cli.document("verify", *sources.all, path))
    assert (entry["verdict"], entry["loads"]["permissive"]) == ("unknown-key", "tainted")
    assert entry["warnings"] == ["the signer is revoked: 'R2'"]


def test_a_signer_of_no_version_that_a_kernel_knows_is_not_hidden(
    world, over, sources, tmp_path
):
    path = tmp_path / "x.ko"
    unknown = messages.signer(world.root, digest=seq(oid("1.2.3.4")))
    for version, by_skid in itertools.product([0, 1, 2, 3, 4], [False, True]):
        bad = messages.signer(world.withdrawn, by_skid=by_skid, version=integer(version))
        path.write_bytes(over(messages.message(unknown, bad)))
        entry = only(cli.document("verify", *sources.all, path))
        assert entry["loads"]["permissive"] == "tainted"
        assert entry["warnings"] == ["signer 2 of 2 is revoked: 'R2'"], (version, by_skid)


def test_attach_and_manifests_take_nothing_by_a_key_below_a_revoked_one(
    world, below, over, payload, sources, tmp_path
):
    """The message names the trusted key, and nothing in it what stands above that."""
    path, manifest = tmp_path / "tree" / "x.ko", tmp_path / "MANIFEST"
    path.parent.mkdir()
    path.write_bytes(over(messages.message(messages.signer(below.identities[2]))))
    cli.ok("detach", "-o", tmp_path / "bundle", path)
    cli.ok("strip", "--all", path)
    cli.ok("manifest", "create", "-o", manifest, path.parent)
    messages.use_payload(manifest.read_bytes())
    tree = messages.message(messages.signer(below.identities[2]))
    (tmp_path / "MANIFEST.p7s").write_bytes(tree.encode())
    for command in ["attach", "--dry-run", tmp_path / "bundle", path], [
            "manifest", "verify", manifest, path.parent]:
        command = [*command, *sources.trust, *below.options]
        assert cli.run(*command).returncode == 0
        done = cli.run(*command, *sources.revoked)
        assert done.returncode == 1 and "the signer is revoked: 'R2'" in done.stdout, command


@pytest.mark.plain
def test_a_fault_of_ours_makes_no_revoked_signer_trusted(world, payload, tmp_path):
    """The kernel passes over certificates that it cannot use; that ours cannot be read for
    another reason is none of these."""
    revoked, other = (world.revoked.certificate().encode(),
                      world.root.certificate().encode())
    image = make_image.vmlinux(
        tmp_path, make_image.Certs(own=other, trusted=[revoked], revoked=[revoked]), symbols=True)
    message = mixed.over(payload, lambda w: list(mixed.signers_of(w, ["revoked"])), world)
    module = tmp_path / "x.ko"
    module.write_bytes(forge.append(payload, message.encode()))

    def verify(number):
        return cli.run("verify", "-j1", "--kernel", image, module,
                       env={"LD_PRELOAD": SHIM, "DIGEST_SHIM_FAILS": str(number)})

    answers = []
    for number in range(1, 100):
        done = verify(number)
        answers.append(done.returncode)
        if "signed by a revoked key" in done.stdout:
            break
        assert done.returncode == 2 and not done.stdout.count("trusted"), (number, cli.said(done))
    assert len(answers) > 3 and answers[-1] == 1, answers


@pytest.mark.plain
def test_what_the_machine_revokes_is_not_nothing_where_it_cannot_be_looked_at(signed, sources):
    strace.need()
    command = ["verify", *sources.trust, "--revoked", "system", signed(["trusted"])]
    efi = "/sys/firmware/efi"
    done = cli.run("-f", "-qq", "-o", "/dev/null", "-P", efi, "-e", "trace=/^f?access", "-e",
                   "inject=/^f?access:error=EACCES", cli.PROGRAM, *command, program="strace")
    assert done.returncode == 2 and "cannot read the EFI variables" in done.stderr, cli.said(done)
