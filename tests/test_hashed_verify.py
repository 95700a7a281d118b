# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does verify judge by a kernel's hashes and its signatures as a kernel with both does?

The oracle is tests/support/files/stacked.py: the rule over hashlib, and messages made by openssl.
"""

import collections
import hashlib
import json
import pathlib
import shutil
import subprocess
import tempfile

from support.files import hashed_kernel
from support.files import make_image
import pytest

from support import cli
from support.files import forge, merkle, stacked
from support.runs import extent

pytestmark = pytest.mark.anywhere

CONFIG = "".join(
    f"CONFIG_{name}=y\n"
    for name in ["MODULES", "MODULE_HASHES", "CRYPTO_SHA256", "CRYPTO_SHA512", "CRYPTO_RSA",
                 "CRYPTO_ECDSA"]
)
SIGNED = "CONFIG_MODULE_SIG=y\n"
UNSIGNED = "# CONFIG_MODULE_SIG is not set\n"


def pair(pki, kind):
    return pki / f"{kind}.key", pki / f"{kind}.pem"


def make_world(pki, form, **more):
    return stacked.World(
        known=[b"module %d of this build\n" % i * (2 + i) for i in range(3)],
        strangers=[b"module of another build\n" * 3],
        form=form,
        trusted=[pair(pki, "p256"), pair(pki, "rsa2048")],
        foreign=[pair(pki, "p384")],
        **more,
    )


def make_kernel(directory, pki, world, certificates=True, config=None):
    """The image of a kernel that knows what the world says, and its configuration."""
    directory.mkdir(parents=True, exist_ok=True)
    certs = make_image.Certs()
    if certificates:
        certs = make_image.Certs(own=(pki / "p256.der").read_bytes(),
                                 trusted=[(pki / "rsa2048.der").read_bytes()])
    image = make_image.vmlinux(directory, certs)
    if world:
        hashed_kernel.with_section(image, hashed_kernel.section_bytes(world))
    if config is None:
        config = CONFIG + (SIGNED if not world or world.module_sig else UNSIGNED)
    if config:
        (directory / "config").write_text(config)
    return image


@pytest.fixture
def world(request, pki):
    return make_world(pki, getattr(request, "param", "list"))


@pytest.fixture
def image(tmp_path, pki, world):
    return make_kernel(tmp_path / "kernel", pki, world)


def put(directory, contents):
    directory.mkdir(exist_ok=True)
    for name, data in contents.items():
        (directory / f"{name}.ko").write_bytes(data)
    return directory


def ask(image, *paths, options=()):
    """{name: what verify's document says of that module}"""
    done = cli.run("verify", "--json", "--kernel", image, *options, *paths)
    assert done.stdout, cli.said(done)
    document = json.loads(done.stdout)
    assert document["status"] == done.returncode
    assert "modules" in document, cli.said(done)
    return {pathlib.Path(found["path"]).stem: found for found in document["modules"]}


def ask_one(image, directory, data, options=()):
    (found,) = ask(image, put(directory, {"one": data}), options=options).values()
    return found


def answer_of(found):
    return stacked.Answer(found["verdict"], found["errno"], found["vouched"])


WORLDS = {
    "list": ("list", {}),
    "list without signatures": ("list", {"module_sig": False}),
    "list that is empty": ("list", {"filled": False}),
    "root": ("merkle", {}),
    "root without signatures": ("merkle", {"module_sig": False}),
    "root that is empty": ("merkle", {"filled": False}),
}


@pytest.mark.plain
@pytest.mark.parametrize("name", WORLDS)
def test_verify_agrees_with_the_model_about_stacked_trailers(name, pki, tmp_path):
    form, more = WORLDS[name]
    world = make_world(pki, form, **more)
    count = (250 if world.module_sig and world.filled else 120) // (1 if extent.FULL else 3)
    made = dict(stacked.cases(f"verify {name}", count, world))
    expected, unknown = {}, 0
    for case, data in made.items():
        try:
            expected[case] = stacked.judge(data, world)
        except stacked.Unknown:
            unknown += 1
    assert unknown < len(made) // 5
    image = make_kernel(tmp_path / "kernel", pki, world)
    found = ask(image, put(tmp_path / "modules", made))
    wrong = {
        case: (answer, answer_of(found[case]), found[case]["reason"])
        for case, answer in expected.items()
        if answer_of(found[case]) != answer
    }
    if wrong:  # signatures have nonces: these cases are not made a second time
        kept = tempfile.mkdtemp(prefix="modseal-disagreed-")
        for path in [image, image.with_name("config"), *(tmp_path / "modules").iterdir()]:
            if path.stem in wrong or path.parent == image.parent:
                shutil.copy(path, kept)
        pytest.fail(f"{wrong}\nkept in {kept}")
    # and the cases are worth something
    seen = collections.Counter(answer for answer in expected.values())
    vouchers = {answer.vouched for answer in seen}
    assert ("signature" in vouchers) == world.module_sig
    by_hash = {"list": "hash-list", "merkle": "merkle-root"}[form]
    assert (by_hash in vouchers) == world.filled
    assert {"EBADMSG", "ENOPKG", "ENODATA"} <= {answer.errno for answer in seen}


def test_what_loads_is_what_lies_before_the_trailer_that_vouched(tiny_module, pki, tmp_path):
    module = tiny_module.read_bytes()
    for form in "list", "merkle":
        world = make_world(pki, form)
        world = stacked.World([module, b"other"], [], form, world.trusted, world.foreign)
        kernel = make_kernel(tmp_path / form, pki, world)
        proof = stacked.trailer(world.proof_of(module), stacked.PROOF)
        stack = module + (proof if form == "merkle" else b"")
        stack += stacked.trailer(world.sign(stack, world.foreign[0]))
        stack += stacked.trailer(b"junk", 7)
        found = ask_one(kernel, tmp_path / f"{form}-modules", stack)
        assert found["verdict"] == "trusted" and found["elf"]
        assert set(found["loads"].values()) == {"clean"}
        assert (found["sig_id"], found["sig_len"]) == ("unknown", 4)


@pytest.mark.parametrize("world", ["list", "merkle"], indirect=True)
def test_a_signature_over_a_known_module_is_what_vouches(world, image, tmp_path):
    module = world.known[0]
    if world.form == "merkle":
        module += stacked.trailer(world.proof_of(module), stacked.PROOF)
    signed = module + stacked.trailer(world.sign(module, world.trusted[0]))
    found = ask_one(image, tmp_path / "modules", signed)
    assert found["vouched"] == "signature"
    assert "modseal test" in found["vouched_by"]
    assert found["sig_id"] == "PKCS#7"


@pytest.mark.parametrize("world", ["list", "merkle"], indirect=True)
def test_a_failed_signature_refuses_a_module_whose_hash_is_known(world, image, tmp_path):
    module = world.known[0]
    if world.form == "merkle":
        module += stacked.trailer(world.proof_of(module), stacked.PROOF)
    signed = module + stacked.trailer(world.sign(b"other bytes", world.trusted[0]))
    found = ask_one(image, tmp_path / "modules", signed)
    assert (found["verdict"], found["vouched"]) == ("rejected", None)
    assert set(found["loads"].values()) == {"refused"}


def test_text_says_by_what_a_module_is_known(world, image, pki, tmp_path):
    directory = put(tmp_path / "modules", {"known": world.known[0], "stranger": b"stranger"})
    done = cli.run("verify", "-v", "--kernel", image, directory)
    assert done.returncode == 1
    assert "known.ko: trusted, no ELF module: no kernel loads it by hash list\n" in done.stdout
    assert ("stranger.ko: unsigned (ENODATA), no ELF module: no kernel loads it: no signature, "
            "and its hash is not in the kernel's list\n") in done.stdout


@pytest.mark.parametrize("world", ["list", "merkle"], indirect=True)
def test_the_document_says_what_the_kernel_has(world, image, tmp_path):
    directory = put(tmp_path / "modules", {"one": b"stranger"})
    found = cli.document("verify", "--kernel", image, directory)["hashes"]
    if world.form == "merkle":
        assert found == {"form": "root", "root": merkle.text(*world.root), "digests": None}
    else:
        assert found == {"form": "list", "root": None, "digests": 3}


def proven(world):
    module = world.known[0]
    if world.form == "merkle":
        module += stacked.trailer(world.proof_of(module), stacked.PROOF)
    return module


@pytest.mark.parametrize("packing", ["bzImage", "gzip", "zstd", "zboot", "UKI"])
@pytest.mark.parametrize("world", ["list", "merkle"], indirect=True)
def test_hashes_are_found_in_whatever_the_vmlinux_is_packed(packing, world, image, tmp_path):
    data = image.read_bytes()
    packed = tmp_path / "kernel" / "image"
    release = make_image.RELEASE
    if packing in ("gzip", "zstd"):
        data = make_image.pack(packing, data)
    elif packing == "zboot":
        data = make_image.zboot(make_image.pack("gzip", data), "gzip", 0)
    else:
        payload = make_image.with_size("xz", make_image.pack("xz", data), len(data))
        data = make_image.bzimage(payload, release)
        if packing == "UKI":
            data = make_image.pe([(".osrel", b"ID=x"), (".linux", data)])
    packed.write_bytes(data)
    found = ask_one(packed, tmp_path / "modules", proven(world))
    assert found["vouched"] == {"list": "hash-list", "merkle": "merkle-root"}[world.form]


def test_a_root_is_read_in_the_byte_order_of_the_kernel(pki, tmp_path):
    world = make_world(pki, "merkle")
    image = hashed_kernel.vmlinux(tmp_path, machine="s390x")
    data = bytearray(image.read_bytes())
    section = hashed_kernel.section_bytes(world, little_endian=False)
    # where the section lies is asked of readelf
    lines = subprocess.run(["readelf", "-SW", image], check=True, capture_output=True, text=True)
    words = next(line for line in lines.stdout.splitlines() if ".module_hashes" in line).split()
    at = int(words[words.index("PROGBITS") + 2], 16)
    data[at : at + len(section)] = section
    image.write_bytes(data)
    found = ask_one(image, tmp_path / "modules", proven(world))
    assert found["vouched"] == "merkle-root"


# --- which kernels are sources ---

def test_a_kernel_with_hashes_and_no_certificate_is_a_source(pki, tmp_path):
    world = make_world(pki, "list", module_sig=False)
    image = make_kernel(tmp_path / "kernel", pki, world, certificates=False)
    done = cli.run("verify", "--kernel", image,
                   put(tmp_path / "modules", {"m": world.known[1]}))
    assert (done.returncode, done.stderr) == (0, ""), cli.said(done)


def test_a_kernel_with_neither_is_none(pki, tmp_path):
    directory = put(tmp_path / "modules", {"m": b"stranger"})
    empty = make_world(pki, "list", filled=False)
    for name, world, words in [("none", None, "no certificate in this kernel\n"),
                               ("empty", empty, "section .module_hashes is empty")]:
        image = make_kernel(tmp_path / name, pki, world, certificates=False)
        done = cli.run("verify", "--kernel", image, directory)
        assert done.returncode == 2 and words in done.stderr, cli.said(done)


def assumed(image, directory, *options):
    return cli.document("verify", "--kernel", image, *options, directory)["assumed"]


def test_what_is_assumed_of_hashes_is_said(pki, tmp_path):
    directory = put(tmp_path / "modules", {"m": b"stranger"})
    empty = make_kernel(tmp_path / "empty", pki, make_world(pki, "merkle", filled=False))
    assert any("section .module_hashes is empty" in text for text in assumed(empty, directory))
    unsigned = make_kernel(tmp_path / "unsigned", pki, make_world(pki, "list", module_sig=False))
    assert any("CONFIG_MODULE_SIG is not set" in text for text in assumed(unsigned, directory))
    silent = make_kernel(tmp_path / "silent", pki, make_world(pki, "list"), config="")
    assert any("signatures count besides" in text for text in assumed(silent, directory))
    without = make_kernel(tmp_path / "without", pki, None)
    assert any("no image with a section .module_hashes" in text
               for text in assumed(without, directory))


def test_of_an_image_without_sections_it_is_said_that_its_hashes_do_not_show(pki, tmp_path):
    world = make_world(pki, "list")
    directory = tmp_path / "kernel"
    directory.mkdir()
    certs = make_image.Certs(own=(pki / "p256.der").read_bytes())
    image = make_image.image_of(make_image.vmlinux(directory, certs, machine="aarch64"))
    (directory / "config").write_text(CONFIG + SIGNED)
    modules = put(tmp_path / "modules", {"one": world.known[0]})
    assert any("no module is known by its hash" in text for text in assumed(image, modules))
    assert ask(image, modules)["one"]["verdict"] == "unsigned"


def test_an_ordinary_kernel_says_nothing_of_hashes(pki, tmp_path):
    config = SIGNED + CONFIG.replace("CONFIG_MODULE_HASHES=y\n", "")
    image = make_kernel(tmp_path / "kernel", pki, None, config=config)
    document = cli.document("verify", "--kernel", image,
                            put(tmp_path / "modules", {"one": b"stranger"}))
    assert document["hashes"] is None
    assert not any("module_hashes" in text for text in document["assumed"])


def test_an_ordinary_kernel_looks_at_the_outermost_trailer_only(world, pki, tmp_path):
    image = make_kernel(tmp_path / "kernel", pki, None)
    module = b"a module"
    signed = module + stacked.trailer(world.sign(module, world.trusted[0]))
    contents = {"signed": signed, "stacked": signed + stacked.trailer(b"junk", 7)}
    found = ask(image, put(tmp_path / "modules", contents))
    assert answer_of(found["signed"]) == ("trusted", None, "signature")
    assert answer_of(found["stacked"]) == ("unsupported", "ENOPKG", None)


BROKEN = {
    "unsorted": lambda digests: b"\0\0\0\2" + digests[1] + digests[0] + bytes(32 * 14),
    "doubled": lambda digests: b"\0\0\0\2" + digests[0] * 2 + bytes(32 * 14),
    "more-than-room": lambda digests: b"\0\0\0\x11" + digests[0] + bytes(32 * 15),
    "levels-33": lambda digests: b"\x21\0\0\0" + digests[0],
    "levels-0-and-a-hash": lambda digests: bytes(4) + digests[0],
    "levels-and-no-hash": lambda digests: b"\2\0\0\0" + bytes(32),
    "odd-size": lambda digests: bytes(40),
    "empty": lambda digests: b"\0",
}


@pytest.mark.parametrize("fault", BROKEN)
def test_hashes_that_no_build_makes_are_trouble(fault, world, image, tmp_path):
    hashed_kernel.with_section(image, BROKEN[fault](world.digest_list()))
    modules = put(tmp_path / "modules", {"one": world.known[0]})
    done = cli.run("verify", "--kernel", image, modules)
    assert done.returncode == 2 and ".module_hashes" in done.stderr, cli.said(done)
    # who asks for certificates only gets them
    assert cli.run("certs", image).returncode == 0


# --- other sources ---

def test_trust_adds_certificates_and_no_hashes(world, image, pki, tmp_path):
    module = b"out of tree"
    signed = module + stacked.trailer(world.sign(module, world.foreign[0]))
    modules = put(tmp_path / "modules", {"signed": signed, "known": world.known[0]})
    assert ask(image, modules)["signed"]["verdict"] == "unknown-key"
    found = ask(image, modules, options=["--trust", pki / "p384.pem"])
    assert found["signed"]["vouched"] == "signature"
    assert found["known"]["vouched"] == "hash-list"
    found = cli.document("verify", "--trust", pki / "p384.pem", modules)
    verdicts = {m["vouched"] for m in found["modules"]}
    assert verdicts == {"signature", None} and found["hashes"] is None


def test_a_revoked_key_refuses_a_module_whose_hash_is_known(world, image, pki, tmp_path):
    module = world.known[0]
    signed = module + stacked.trailer(world.sign(module, world.trusted[0]))
    found = ask_one(image, tmp_path / "modules", signed, options=["--revoked", pki / "p256.pem"])
    assert answer_of(found) == ("rejected", "EKEYREJECTED", None)


# --- who asks about signatures ---

def test_a_hash_keeps_no_signature_from_being_replaced(tiny_module, pki, tmp_path):
    """resign --keep-old asks whether the signature is good."""
    module = tiny_module.read_bytes()
    world = make_world(pki, "list")
    world = stacked.World([module], [], "list", world.trusted, world.foreign)
    image = make_kernel(tmp_path / "kernel", pki, world)
    signed = module + stacked.trailer(world.sign(module, world.foreign[0]))
    assert ask_one(image, tmp_path / "modules", signed)["vouched"] == "hash-list"
    done = cli.document("resign", "--check", "-k", pki / "rsa3072-both.pem", "--keep-old",
                        "--kernel", image, tmp_path / "modules")
    assert done["summary"] == {"would-sign": 1}


def test_dkms_check_asks_whether_the_kernel_loads_it(tiny_module, pki, tmp_path):
    module = tiny_module.read_bytes()
    world = stacked.World([module], [], "list", [], [], module_sig=False)
    kernel = make_kernel(tmp_path / "kernel", pki, world, certificates=False)
    directory = put(tmp_path / "built", {"tiny": module})
    found = cli.document("dkms", "check", "--kernel", kernel, directory)
    assert found["status"] == 0
    assert found["modules"][0]["vouched"] == "hash-list"


# --- merkle check has the same rule ---

def test_check_finds_the_proof_below_a_signature(world, pki, tmp_path):
    world = make_world(pki, "merkle")
    image = make_kernel(tmp_path / "kernel", pki, world)
    contents = {}
    for i, module in enumerate(world.known):
        module += stacked.trailer(world.proof_of(module), stacked.PROOF)
        contents[f"m{i}"] = module + stacked.trailer(world.sign(module, world.foreign[0]))
    modules = put(tmp_path / "modules", contents)
    found = cli.document("merkle", "check", image, modules)
    assert found["summary"] == {"trusted": 3}
    assert {m["vouched"] for m in found["modules"]} == {"merkle-root"}
    assert {m["vouched_by"] for m in found["modules"]} == {f"Merkle root {merkle.text(*world.root)}"}


def test_check_refuses_what_the_kernel_refuses_before_it_looks_at_the_list(world, image, tmp_path):
    known = world.known[0]
    deep = known
    for _ in range(9):
        deep += stacked.trailer(b"x", 7)
    contents = {"deep": deep, "broken": known + forge.trailer(len(known)), "known": known,
                "stranger": b"stranger"}
    found = cli.document("merkle", "check", image, put(tmp_path / "modules", contents))
    answers = {pathlib.Path(m["path"]).stem: answer_of(m) for m in found["modules"]}
    assert answers == {
        "deep": ("malformed", "EBADMSG", None),
        "broken": ("malformed", "EBADMSG", None),
        "known": ("trusted", None, "hash-list"),
        "stranger": ("unknown-key", "ENOKEY", None),
    }


def test_the_digest_in_the_document_is_that_of_the_payload(world, image, tmp_path):
    module = world.known[0]
    signed = module + stacked.trailer(world.sign(module, world.foreign[0]))
    found = ask_one(image, tmp_path / "modules", signed + stacked.trailer(b"junk", 7))
    assert found["vouched"] == "hash-list"
    assert found["payload_sha256"] == hashlib.sha256(signed).hexdigest()


def test_compressed_modules_are_known_by_their_content(world, image, tmp_path):
    if not shutil.which("xz"):
        pytest.skip("no xz on this machine")
    directory = put(tmp_path / "modules", {"m": world.known[0]})
    subprocess.run(["xz", "--check=crc32", directory / "m.ko"], check=True)
    (found,) = ask(image, directory).values()
    assert found["vouched"] == "hash-list"
