# SPDX-License-Identifier: LGPL-2.1-or-later
"""Called as sign-file, does the program do as the reference does, but for its faults?

The reference is the kernel's own sign-file, as Debian's linux-kbuild packages it.
"""

import shutil
import stat
import subprocess

import pytest

from support import cli
from support.keys import pki as test_pki


@pytest.fixture(scope="session", params=["sign-file", "kmodsign"])
def personality(request, tmp_path_factory):
    """A link to the program under the name."""
    link = tmp_path_factory.mktemp("bin") / request.param
    link.symlink_to(cli.PROGRAM)
    return link


@pytest.fixture(scope="session")
def sign_file(tmp_path_factory):
    link = tmp_path_factory.mktemp("bin") / "sign-file"
    link.symlink_to(cli.PROGRAM)
    return link


@pytest.fixture(scope="session")
def reference():
    if not cli.REFERENCE.exists():
        pytest.skip("no reference sign-file (Debian's linux-kbuild-6.1)")
    return cli.REFERENCE


def run(program, *arguments, **options):
    return cli.run(*arguments, program=program, **options)


def ok(program, *arguments, **options):
    done = run(program, *arguments, **options)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", ""), cli.said(done)


def files(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


@pytest.fixture
def pair(tmp_path, tiny_module):
    """Two directories with the same module: for the reference and for us."""
    for name in "reference", "ours":
        (tmp_path / name).mkdir()
        shutil.copyfile(tiny_module, tmp_path / name / "m.ko")
    return tmp_path / "reference", tmp_path / "ours"


@pytest.mark.parametrize("hash_name", ["sha256", "sha384", "sha512", "SHA256"])
@pytest.mark.parametrize("options", [[], ["-k"], ["-p"], ["-d"], ["-pk"], ["-dk"], ["-p", "-d"]])
def test_with_rsa_the_same_files_with_the_same_bytes(options, hash_name, reference, sign_file, pki, pair):
    theirs, ours = pair
    for program, directory in (reference, theirs), (sign_file, ours):
        ok(program, *options, hash_name, pki / "rsa2048.key", pki / "rsa2048.der", "m.ko", cwd=directory)
    assert files(ours) == files(theirs)


@pytest.mark.parametrize("dest", ["out.ko", "m.ko"])
def test_with_a_destination_the_same_files(dest, reference, sign_file, pki, pair):
    theirs, ours = pair
    for program, directory in (reference, theirs), (sign_file, ours):
        ok(program, "-p", "sha256", pki / "rsa4096.key", pki / "rsa4096.pem", "m.ko", dest, cwd=directory)
    assert files(ours) == files(theirs)


def test_a_destination_that_is_the_module_under_another_name_spares_it(sign_file, pki, pair):
    # the reference truncates it, and signs nothing
    ours = pair[1]
    payload = (ours / "m.ko").read_bytes()
    ok(sign_file, "sha256", pki / "p256.key", pki / "p256.pem", "m.ko", "./m.ko", cwd=ours)
    assert cli.signature_of(ours / "m.ko")[1] == payload


def test_the_destination_may_be_elsewhere_and_exist(reference, sign_file, pki, pair):
    theirs, ours = pair
    for program, directory in (reference, theirs), (sign_file, ours):
        (directory / "sub").mkdir()
        (directory / "sub/other.name").write_text("old")
        ok(program, "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", "m.ko", "sub/other.name", cwd=directory)
    assert files(ours / "sub") == files(theirs / "sub")
    assert (ours / "m.ko").read_bytes() == (theirs / "m.ko").read_bytes()


@pytest.mark.parametrize("arguments", [["-s"], ["-sp"], ["-sd"]])
def test_a_raw_signature_is_appended_as_the_reference_does(arguments, reference, sign_file, pki, pair):
    theirs, ours = pair
    ok(reference, "-d", "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", "m.ko", cwd=theirs)
    shutil.copyfile(theirs / "m.ko.p7s", ours / "m.ko.p7s")
    for program, directory in (reference, theirs), (sign_file, ours):
        ok(program, *arguments, "m.ko.p7s", "none", "nowhere", "m.ko", "out.ko", cwd=directory)
        ok(program, *arguments, "m.ko.p7s", "none", "nowhere", "m.ko", cwd=directory)
    assert files(ours) == files(theirs)


def test_files_that_are_no_modules_are_signed_as_well(reference, sign_file, pki, pair):
    theirs, ours = pair
    for program, directory in (reference, theirs), (sign_file, ours):
        (directory / "vmlinuz").write_bytes(b"any file at all")
        ok(program, "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", "vmlinuz", cwd=directory)
    assert files(ours) == files(theirs)


def test_options_may_stand_behind_the_arguments(reference, sign_file, pki, pair):
    theirs, ours = pair
    for program, directory in (reference, theirs), (sign_file, ours):
        ok(program, "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", "m.ko", "-p", cwd=directory)
    assert files(ours) == files(theirs)


@pytest.mark.parametrize("secret", [test_pki.PASSPHRASE, "wrong", None])
def test_the_passphrase_comes_from_the_environment(secret, reference, sign_file, pki, pair):
    theirs, ours = pair
    env = {"KBUILD_SIGN_PIN": secret} if secret else {}
    statuses = []
    for program, directory in (reference, theirs), (sign_file, ours):
        done = run(program, "sha256", pki / "rsa2048-enc.key", pki / "rsa2048.pem", "m.ko", cwd=directory, env=env)
        statuses.append(done.returncode)
    assert statuses[0] == statuses[1] == (0 if secret == test_pki.PASSPHRASE else 1)
    assert files(ours) == files(theirs)


@pytest.mark.parametrize(
    "arguments",
    [
        [], ["sha256"], ["sha256", "k", "c"], ["sha256", "k", "c", "m", "d", "e"],
        ["-x", "sha256", "k", "c", "m"], ["--help"],
    ],
)
def test_usage_errors_are_status_2_as_the_references(arguments, reference, personality):
    theirs, ours = run(reference, *arguments), run(personality, *arguments)
    assert ours.returncode == theirs.returncode == 2
    assert f"Usage: {personality.name} [-dpk]" in ours.stderr and ours.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["sha256", "nowhere", "{pem}", "m.ko"], ["sha256", "{key}", "nowhere", "m.ko"],
        ["sha256", "{key}", "{pem}", "nowhere"], ["nonsense", "{key}", "{pem}", "m.ko"],
        ["sha256", "{key}", "{pem}", "m.ko", "nowhere/m.ko"],
        ["-s", "nowhere", "sha256", "c", "m.ko"],
    ],
)
def test_failures_are_status_1_as_the_references_and_leave_nothing(
    arguments, reference, personality, pki, pair
):
    theirs, ours = pair
    words = [word.format(key=pki / "rsa2048.key", pem=pki / "rsa2048.pem") for word in arguments]
    before = files(ours)
    assert run(reference, *words, cwd=theirs).returncode == 1
    done = run(personality, *words, cwd=ours)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"{personality.name}: ")
    assert files(ours) == before


def test_the_mode_is_kept(sign_file, pki, module):
    ok(sign_file, "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", module)
    assert stat.S_IMODE(module.stat().st_mode) == 0o640


def test_a_second_signature_is_never_added(sign_file, pki, module):
    payload = module.read_bytes()
    for kind in "rsa2048", "p384", "rsa2048":
        ok(sign_file, "sha256", pki / f"{kind}.key", pki / f"{kind}.pem", module)
        assert cli.signature_of(module)[1] == payload


def test_a_raw_signature_replaces_another(sign_file, pki, module, tmp_path):
    payload = module.read_bytes()
    ok(sign_file, "sha256", pki / "rsa2048.key", pki / "rsa2048.pem", module)
    once = module.read_bytes()
    raw = tmp_path / "raw"
    raw.write_bytes(cli.signature_of(module)[0])
    ok(sign_file, "-k", "sha512", pki / "p384.key", pki / "p384.pem", module)
    module.write_bytes(module.read_bytes() + once[len(payload):])  # two of them
    ok(sign_file, "-s", raw, "sha256", "x", module)
    assert module.read_bytes() == once


def test_a_directory_is_refused_whatever_is_in_it(personality, pki, pair):
    before = files(pair[1])
    done = run(personality, "sha256", pki / "p256.key", pki / "p256.pem", pair[1])
    assert done.returncode == 1 and "is no regular file" in done.stderr
    assert files(pair[1]) == before


def test_a_packed_module_is_signed_inside_and_stays_well_packed(sign_file, pki, module):
    payload = module.read_bytes()
    subprocess.run(["xz", "--check=crc32", module], check=True)
    packed = module.with_name("tiny.ko.xz")
    ok(sign_file, "sha256", pki / "p256.key", pki / "p256.pem", packed)
    subprocess.run(["xz", "-d", packed], check=True)  # the reference's would fail here
    assert cli.signature_of(module)[1] == payload


def test_nothing_is_left_beside_the_module(sign_file, pki, module):
    for extra in [], [module.with_name("dest.ko")]:
        ok(sign_file, "-p", "sha256", pki / "p256.key", pki / "p256.pem", module, *extra)
    assert set(files(module.parent)) == {"tiny.ko", "tiny.ko.p7s", "dest.ko"}


def test_a_bundle_stands_in_for_the_key(sign_file, pki, module, tmp_path):
    payload = module.read_bytes()
    bundle = tmp_path / "bundle"
    cli.ok("sign", "-k", pki / "p256-both.pem", "--bundle", bundle, module)
    env = {"MODSEAL_BUNDLE": bundle}
    ok(sign_file, "sha256", "no-key", "no-cert", module, env=env)
    der, left = cli.signature_of(module)
    assert left == payload
    cli.ok("verify", "--trust", pki / "p256.pem", module)

    dest = tmp_path / "dest.ko"
    ok(sign_file, "-p", "sha256", "no-key", "no-cert", module, dest, env=env)
    assert cli.signature_of(dest) == (der, payload)
    assert module.with_name("tiny.ko.p7s").read_bytes() == der

    module.write_bytes(payload)
    module.with_name("tiny.ko.p7s").unlink()
    ok(sign_file, "-d", "sha256", "no-key", "no-cert", module, env=env)
    assert module.read_bytes() == payload
    assert module.with_name("tiny.ko.p7s").read_bytes() == der


def test_a_bundle_without_the_signature_is_a_failure(personality, pki, module, tmp_path):
    bundle = tmp_path / "bundle"
    cli.ok("sign", "-k", pki / "p256-both.pem", "--bundle", bundle, module)
    module.write_bytes(module.read_bytes() + b"\0")
    before = module.read_bytes()
    for path in bundle, tmp_path / "nowhere":
        done = run(
            personality, "sha256", pki / "p256.key", pki / "p256.pem", module,
            env={"MODSEAL_BUNDLE": path},
        )
        assert done.returncode == 1 and done.stderr.startswith(f"{personality.name}: ")
    assert module.read_bytes() == before


def test_a_destination_that_cannot_be_written_leaves_all(sign_file, pki, module):
    before = module.read_bytes()
    done = run(sign_file, "sha256", pki / "p256.key", pki / "p256.pem", module, "/proc/m.ko")
    assert done.returncode == 1
    assert files(module.parent) == {"tiny.ko": before}
