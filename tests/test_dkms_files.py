# SPDX-License-Identifier: LGPL-2.1-or-later
"""What `dkms setup` writes and leaves alone, what `dkms check` refuses, and what the
signer does, each without a DKMS. tests/test_dkms.py asks the real one.
"""

import os
import shutil
import stat
import subprocess

import pytest
from support.keys import stores

from support import cli
from support.tools import dkms

pytestmark = pytest.mark.plain

CONF = "etc/dkms/framework.conf.d/modseal.conf"
LIBEXEC = "/usr/libexec/modseal"


@pytest.fixture
def root(tmp_path, pki):
    """A system with modseal, keys and DKMS 3.0.10."""
    top = tmp_path / "root"
    dkms.links(top / LIBEXEC[1:])
    (top / "etc/keys").mkdir(parents=True)
    for name in "rsa2048.key", "rsa2048.der", "p384-both.pem", "p256.der":
        shutil.copy(pki / name, top / "etc/keys")
    install_dkms(top, "3.0.10")
    return top


def install_dkms(top, version):
    (top / "usr/sbin").mkdir(parents=True, exist_ok=True)
    (top / "usr/sbin/dkms").write_text(f'#!/bin/bash\necho $"dkms-{version}"\n')


def setup(root, *arguments, keys=("-k", "/etc/keys/rsa2048.key", "-c", "/etc/keys/rsa2048.der")):
    return ["dkms", "setup", "--root", root, "--libexec", LIBEXEC, *keys, *arguments]


def files(root):
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted((root / "etc/dkms").rglob("*")) if not path.is_dir()
    } if (root / "etc/dkms").exists() else {}


def shell_says(path, *names, **variables):
    """The variables as bash has them after sourcing the file."""
    script = ". \"$0\"; " + "; ".join(f'printf "%s\\n" "${{{name}}}"' for name in names)
    done = subprocess.run(["bash", "-c", script, path], env={**variables}, capture_output=True,
                          text=True, check=True)
    return done.stdout.splitlines()


def test_dkms_is_told_signer_key_and_certificate(root):
    cli.ok(*setup(root))
    assert shell_says(root / CONF, "sign_file", "mok_signing_key", "mok_certificate") == [
        f"{LIBEXEC}/modseal-dkms-sign", "/etc/keys/rsa2048.key", "/etc/keys/rsa2048.der",
    ]
    assert stat.S_IMODE((root / CONF).stat().st_mode) == 0o644
    assert set(files(root)) == {CONF}


@pytest.mark.parametrize("version, tries", [("3.0.10", ""), ("3.2.2", ""), ("3.4.3", "true")])
def test_a_dkms_that_signs_nothing_in_a_chroot_is_told_to(version, tries, root):
    install_dkms(root, version)
    result = cli.document(*setup(root))
    assert result["dkms"] == version
    assert shell_says(root / CONF, "try_sign_modules") == [tries]


@pytest.mark.parametrize("version, deaf", [("3.0.10", True), ("3.2.2", False), ("3.4.3", False)])
def test_a_module_s_hooks_name_what_was_built(version, deaf, root):
    install_dkms(root, version)
    cli.ok(*setup(root, "--module", "hello", "--module", "nvidia-current"))
    assert set(files(root)) == {CONF, "etc/dkms/hello.conf", "etc/dkms/nvidia-current.conf"}
    variables = {"dkms_tree": "/tree", "module": "hello", "module_version": "1", "kernelver": "6.1-a",
                 "arch": "x86_64", "POST_BUILD": "own.sh arg"}
    after, before = shell_says(root / "etc/dkms/hello.conf", "POST_BUILD", "PRE_INSTALL", **variables)
    up = "../" * 15 + ".."
    # where this system has no such program, the hook is one that fails
    program = f"{LIBEXEC}/modseal-dkms-check"
    program = program if os.access(program, os.X_OK) else "/bin/false"
    common = f"{up}{program} --trust=/etc/keys/rsa2048.der --kernel-release=6.1-a --hook="
    built = "-- /tree/hello/1/6.1-a/x86_64/module"
    assert after == f"{common}post-build{' --end-dkms' if deaf else ''} {built} own.sh arg"
    assert before.strip() == f"{common}pre-install {built}"


def test_the_certificate_may_be_in_the_key_s_file(root):
    cli.ok(*setup(root, keys=["-k", "/etc/keys/p384-both.pem"]))
    assert shell_says(root / CONF, "mok_certificate") == ["/etc/keys/p384-both.pem"]


def test_a_second_run_writes_nothing(root):
    cli.ok(*setup(root, "--module", "hello"))
    inodes = {name: (root / name).stat().st_ino for name in files(root)}
    result = cli.document(*setup(root, "--module", "hello"))
    assert [file["result"] for file in result["files"]] == ["unchanged", "unchanged"]
    assert {name: (root / name).stat().st_ino for name in files(root)} == inodes


def test_the_key_stays_where_none_is_named(root):
    cli.ok(*setup(root))
    before = files(root)
    result = cli.document(*setup(root, "--module", "hello", keys=[]))
    assert result["key"] == "/etc/keys/rsa2048.key"
    assert files(root)[CONF] == before[CONF]


def test_the_usual_store_is_used_where_there_is_one(root, pki):
    store = stores.certs_local(root / "var/lib/modseal/keys", pki, {"20250101-1200": "rsa2048"})
    result = cli.document(*setup(root, "--module", "hello", keys=[]))
    assert (result["status"], result["store"]) == (0, "/var/lib/modseal/keys")
    assert result["key"] == "/var/lib/modseal/keys/current/signing_key.pem"
    assert b" --store=/var/lib/modseal/keys " in files(root)["etc/dkms/hello.conf"]
    for part in "signing_key.pem", "signing_crt.crt":
        (store / "current" / part).rename(store / "away")
        before = files(root)
        done = cli.run(*setup(root, keys=["--store", "/var/lib/modseal/keys"]))
        assert done.returncode == 2 and "cannot find the" in done.stderr
        assert files(root) == before
        (store / "away").rename(store / "current" / part)


def test_a_file_from_modseal_that_nobody_edited_is_replaced(root):
    cli.ok(*setup(root))
    result = cli.document(*setup(root, keys=["-k", "/etc/keys/p384-both.pem"]))
    assert result["files"][0]["result"] == "replaced"
    assert set(files(root)) == {CONF}


@pytest.mark.parametrize("edit", ["# mine\n", 'mok_signing_key="/mine"\n'])
@pytest.mark.parametrize("name", [CONF, "etc/dkms/hello.conf"])
def test_a_file_that_somebody_edited_is_replaced_by_force_only_and_kept(name, edit, root):
    cli.ok(*setup(root, "--module", "hello"))
    with open(root / name, "a", encoding="utf-8") as stream:
        stream.write(edit)
    before = files(root)
    arguments = setup(root, "--module", "hello", keys=["-k", "/etc/keys/p384-both.pem"])
    done = cli.run(*arguments)
    assert done.returncode == 2
    assert f"'{root}/{name}' was written or edited by somebody else" in done.stderr
    assert "hint: --force" in done.stderr
    assert files(root) == before
    cli.ok(*arguments, "--force")
    assert files(root)[f"{name}.old"] == before[name]
    assert files(root)[name] != before[name]


def test_somebody_s_own_file_is_not_replaced_though_it_is_empty(root):
    (root / "etc/dkms").mkdir()
    (root / "etc/dkms/hello.conf").touch()
    done = cli.run(*setup(root, "--module", "hello"))
    assert done.returncode == 2 and "somebody else" in done.stderr
    assert files(root) == {"etc/dkms/hello.conf": b""}


def test_where_one_file_cannot_be_written_none_is(root):
    # a directory that cannot be: something else has its name
    cli.ok(*setup(root, "--module", "hello"))
    before = files(root)
    (root / "etc/dkms/other.conf").mkdir()
    arguments = setup(root, "--module", "hello", "--module", "other",
                      keys=["-k", "/etc/keys/p384-both.pem"])
    done = cli.run(*arguments)
    assert done.returncode == 2 and "other.conf'" in done.stderr, cli.said(done)
    assert files(root) == before


def test_a_full_disk_changes_nothing(root):
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    cli.ok(*setup(root, "--module", "hello"))
    before = files(root)
    words = [str(word) for word in setup(root, "--module", "hello", keys=["-k", "/etc/keys/p384-both.pem"])]
    script = f"""
        set -e
        cp -a {root}/etc/dkms {root}/kept
        mount -t tmpfs -o size=64k tmpfs {root}/etc/dkms
        cp -a {root}/kept/. {root}/etc/dkms
        cat /dev/zero > {root}/etc/dkms/fill || :
        "$@" && exit 9
        rm {root}/etc/dkms/fill
        diff -r {root}/kept {root}/etc/dkms
    """
    done = subprocess.run(
        ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", cli.PROGRAM, *words],
        capture_output=True, text=True, check=False, env=cli.environment(),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No space left on device" in done.stderr.split("modseal: ")[1]
    assert files(root) == before


@pytest.mark.parametrize("name", ["../hello", "a b", ".hidden", "-x", "a;b", "$(a)", "a/b"])
def test_a_name_that_is_none_of_a_module_is_refused(name, root):
    done = cli.run(*setup(root, f"--module={name}"))
    assert done.returncode == 2 and "is no name of a DKMS module" in done.stderr
    assert files(root) == {}


@pytest.mark.parametrize("keys, says", [
    (["-k", "/etc/keys/rsa2048.key"], "--cert is missing"),
    (["-k", "/etc/keys/absent", "-c", "/etc/keys/rsa2048.der"], "cannot find the key"),
    (["-k", "/etc/keys/absent"], "cannot find the key"),
    (["-k", "/etc/keys/rsa2048.key", "-c", "/etc/keys/absent"], "cannot find the certificate"),
    (["-k", "/etc/keys/rsa2048.key", "-c", "/etc/keys/p256.der"], "does not belong to"),
    (["-k", "/etc/keys/rsa2048.der", "-c", "/etc/keys/rsa2048.der"], "modseal: "),
    (["-k", "etc/keys/rsa2048.key", "-c", "/etc/keys/rsa2048.der"], "must be an absolute path"),
    (["-k", "/etc/keys/a b", "-c", "/etc/keys/rsa2048.der"], "DKMS would not leave as it is: ' '"),
    (["-k", "/etc/$(id)", "-c", "/etc/keys/rsa2048.der"], "DKMS would not leave as it is: '$'"),
    (["-k", "pkcs11:token=a`b`", "-c", "/etc/keys/rsa2048.der"], "DKMS would not leave as it is: '`'"),
    (["-k", "pkcs11:token=a"], "DKMS wants the certificate as a file"),
    (["-c", "/etc/keys/rsa2048.der"], "--cert goes with --key"),
    (["--store", "/etc/keys", "-k", "/etc/keys/rsa2048.key"], "no --key"),
    ([], "cannot find the key"),
])
def test_a_key_that_dkms_could_not_use_is_refused(keys, says, root):
    done = cli.run(*setup(root, keys=keys))
    assert done.returncode == 2 and says in done.stderr, cli.said(done)
    assert files(root) == {}


def test_without_modseal_s_programs_nothing_is_written(root):
    shutil.rmtree(root / LIBEXEC[1:])
    done = cli.run(*setup(root))
    assert done.returncode == 2 and "are not installed" in done.stderr
    assert files(root) == {}


def test_a_pair_that_dkms_made_meanwhile_is_taken_only_where_it_is_named(root):
    cli.ok(*setup(root))
    before = files(root)
    cert, key = root / "etc/keys/rsa2048.der", root / "etc/keys/rsa2048.key"
    # as DKMS does where one of them is missing
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-nodes", "-days", "9", "-subj", "/CN=DKMS",
         "-newkey", "rsa:2048", "-keyout", key, "-outform", "DER", "-out", cert],
        check=True, capture_output=True,
    )
    done = cli.run(*setup(root, keys=[]))
    assert done.returncode == 2 and "is not the one that DKMS was set up with" in done.stderr
    assert files(root) == before
    cli.ok(*setup(root))
    assert files(root)[CONF] != before[CONF]


def test_what_is_read_later_and_what_is_not_checked_is_told(root):
    later = root / "etc/dkms/framework.conf.d/zz.conf"
    later.parent.mkdir(parents=True)
    later.write_text("  mok_certificate=/mine\n")
    (later.parent / "aa.conf").write_text("sign_file=/mine\n")
    (later.parent / "zz-other.conf").write_text('# sign_file="x"\nverbose="1"\n')
    for name in "hello", "world":
        (root / "var/lib/dkms" / name).mkdir(parents=True)
    (root / "var/lib/dkms/mok.key").touch()
    done = cli.run(*setup(root, "--module", "hello", "--module", "helo"))
    assert done.returncode == 1
    assert f"'{later}' says something of signing" in done.stderr
    assert "DKMS does not sign as was set up: another file sets mok_certificate" in done.stderr
    assert "aa.conf" not in done.stderr and "zz-other" not in done.stderr
    assert "'world' is not checked" in done.stderr and "'hello' is not" not in done.stderr
    assert "knows no module 'helo'" in done.stderr and "module 'hello'" not in done.stderr
    later.write_text("mok_certificate=/etc/keys/rsa2048.der\n")
    result = cli.document(*setup(root))
    assert (result["status"], result["unchecked"]) == (0, ["world"])


@pytest.fixture
def built(tmp_path, tiny_module, pki):
    """A directory as DKMS leaves it behind: one module, signed and packed."""
    arch = tmp_path / "tree/hello/1.0/6.12.0-test/x86_64"
    for name in "module", "log":
        (arch / name).mkdir(parents=True)
    (arch.parent.parent / "build").mkdir()
    (arch / "log/make.log").write_text("made\n")
    shutil.copyfile(tiny_module, arch / "module/hello.ko")
    cli.ok("sign", "-k", pki / "rsa2048-both.pem", arch / "module/hello.ko")
    subprocess.run(["xz", "--check=crc32", arch / "module/hello.ko"], check=True)
    return arch / "module"


def check(pki, *arguments, kind="rsa2048"):
    return ["dkms", "check", "--trust", pki / f"{kind}.pem", *arguments]


@pytest.mark.parametrize("hook", ["post-build", "pre-install"])
def test_what_is_signed_passes_and_stays(hook, built, pki):
    result = cli.document(*check(pki, f"--hook={hook}", "--kernel-release=6.12.0-test", built))
    assert (result["status"], result["summary"]) == (0, {"trusted": 1})
    assert (built / "hello.ko.xz").exists() and (built.parent / "log/make.log").exists()


@pytest.mark.parametrize("fault", ["unsigned", "wrong key", "damaged", "one of two", "junk", "none"])
def test_what_is_not_signed_well_is_discarded_after_the_build(fault, built, pki, tiny_module):
    module = built / "hello.ko.xz"
    if fault == "unsigned":
        cli.ok("strip", module)
    elif fault == "damaged":
        module.write_bytes(module.read_bytes()[:-20])
    elif fault == "one of two":
        shutil.copyfile(tiny_module, built / "second.ko")
    elif fault == "junk":
        (built / "junk.ko").write_bytes(b"junk")
    elif fault == "none":
        module.unlink()
    kind = "p256" if fault == "wrong key" else "rsa2048"
    (built / "Module.symvers").touch()
    status = 2 if fault in ("damaged", "none") else 1
    for extra in [], ["--hook=pre-install"]:
        assert cli.run(*check(pki, *extra, built, kind=kind)).returncode == status
        assert built.exists()
    result = cli.document(*check(pki, "--hook=post-build", built, kind=kind))
    assert (result["status"], result["discarded"]) == (status, True)
    assert not built.parent.exists() and not built.parent.parent.exists()
    assert (built.parents[2] / "build").exists()


def test_nothing_else_is_discarded(built, pki, tmp_path):
    cli.ok("strip", built / "hello.ko.xz")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "precious").touch()
    shutil.rmtree(built.parent / "log")
    (built.parent / "log").symlink_to(outside)
    (built / "deep").mkdir()
    (built / "deep/file").touch()
    (built.parent / "other").touch()
    done = cli.run(*check(pki, "--hook=post-build", built))
    assert done.returncode == 1 and "is left" in done.stderr
    assert (outside / "precious").exists() and (built / "deep/file").exists()
    assert (built.parent / "other").exists() and not (built / "hello.ko.xz").exists()


def test_a_directory_that_is_not_dkms_s_is_never_discarded(module, pki):
    done = cli.run(*check(pki, "--hook=post-build", module.parent))
    assert done.returncode == 1 and module.exists()


@pytest.mark.parametrize("variables", [
    {"kernelver": "6.12.0-test", "arch": "x86_64"}, {"kernelver": "6.12.0-test"},
    {"kernelver": "6.12.0-test", "arch": "amd64"},
])
def test_in_the_build_directory_what_was_built_is_found(variables, built, pki):
    done = cli.run(*check(pki), env=variables, cwd=built.parents[2] / "build")
    assert (done.returncode, done.stdout) == (0, "1 module: 1 trusted\n"), cli.said(done)


@pytest.mark.parametrize("variables", [{}, {"kernelver": "6.13", "arch": "x86_64"}])
def test_where_nothing_was_built_the_check_fails(variables, built, pki):
    done = cli.run(*check(pki), env=variables, cwd=built.parents[2] / "build")
    assert done.returncode == 2 and "cannot tell what DKMS has built" in done.stderr


def test_an_algorithm_that_the_kernel_does_not_have_is_no_good_signature(built, pki):
    # SHA-3 signatures are known since Linux 6.7
    cli.ok("sign", "-H", "sha3-256", "-k", pki / "rsa2048-both.pem", built)
    for release, status in ("6.12.0-test", 0), ("6.1.0-test", 1):
        assert cli.run(*check(pki, built), "--kernel-release", release).returncode == status


def test_the_certificate_that_dkms_is_configured_with_is_the_default(built, pki):
    done = cli.run("dkms", "check", built)
    # this machine's own configuration, whatever it is, has nothing to do with the module
    assert done.returncode in (1, 2)


def test_what_the_kernel_s_decoder_refuses_is_told(built, pki):
    module = built / "hello.ko.xz"
    subprocess.run(["xz", "-d", module], check=True)
    subprocess.run(["xz", "--check=crc64", module.with_suffix("")], check=True)
    done = cli.run(*check(pki, built))
    assert done.returncode == 0 and "the kernel's own decoder would refuse it" in done.stderr


@pytest.fixture(scope="session")
def signer(tmp_path_factory):
    return dkms.links(tmp_path_factory.mktemp("dkms") / "libexec") / "modseal-dkms-sign"


def signs(signer, pki, *arguments, **options):
    words = [str(word).format(key=pki / "rsa2048.key", cert=pki / "rsa2048.der") for word in arguments]
    return cli.run(*words, program=signer, **options)


def test_the_signer_signs_as_dkms_asks_it_to(signer, module, pki):
    payload = module.read_bytes()
    for _ in range(2):
        done = signs(signer, pki, "sha384", "{key}", "{cert}", module)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert cli.signature_of(module)[1] == payload
    assert stat.S_IMODE(module.stat().st_mode) == 0o640
    assert "sig_hashalgo:   sha384\n" in cli.ok("show", module)
    assert os.listdir(module.parent) == [module.name]


@pytest.mark.parametrize("arguments", [
    [], ["--help"], ["sha256", "{key}", "{cert}"], ["sha256", "{key}", "{cert}", "m", "more"],
])
def test_the_signer_takes_exactly_what_dkms_gives(arguments, signer, pki):
    done = signs(signer, pki, *arguments)
    assert done.returncode == 2
    assert done.stderr == "Usage: modseal-dkms-sign HASH KEY CERT MODULE\n"


@pytest.mark.parametrize("arguments", [
    ["nonsense", "{key}", "{cert}"], ["sha256", "absent", "{cert}"], ["sha256", "{key}", "absent"],
    ["sha256", "{cert}", "{cert}"],
])
def test_a_signer_that_cannot_sign_says_so_and_changes_nothing(arguments, signer, module, pki):
    before = module.read_bytes()
    done = signs(signer, pki, *arguments, module)
    assert done.returncode == 1 and done.stderr.startswith("modseal-dkms-sign: ")
    assert module.read_bytes() == before


@pytest.mark.parametrize("place", ["tree/hello/1.0/build", "build", "tree/hello/1.0/nothing"])
def test_a_module_that_could_not_be_signed_is_taken_from_dkms_s_build_only(
    place, signer, tiny_module, pki, tmp_path
):
    directory = tmp_path / place / "src"
    directory.mkdir(parents=True)
    (tmp_path / "tree/hello/1.0/source").mkdir(parents=True)
    module = directory / "hello.ko"
    shutil.copyfile(tiny_module, module)
    done = signs(signer, pki, "sha256", "absent", "{cert}", module)
    is_dkms_s = place.startswith("tree") and place.endswith("build")
    assert (done.returncode, module.exists()) == (1, not is_dkms_s)
    assert ("--module hello" in done.stderr) == is_dkms_s


@pytest.mark.parametrize("junk", [b"", b"no module", b"\x7fELF but no more"])
def test_the_signer_refuses_what_is_no_module(junk, signer, module, pki):
    module.write_bytes(junk)
    done = signs(signer, pki, "sha256", "{key}", "{cert}", module)
    assert done.returncode == 1 and done.stderr.startswith("modseal-dkms-sign: ")
    assert module.read_bytes() == junk


@pytest.mark.parametrize("secret, status", [(None, 1), ("wrong", 1), ("right", 0)])
def test_the_signer_asks_nobody_for_a_passphrase(secret, status, signer, module, pki):
    from support.keys import pki as test_pki

    words = {"wrong": "not it", "right": test_pki.PASSPHRASE}
    env = {"KBUILD_SIGN_PIN": words[secret]} if secret else {}
    done = signs(signer, pki, "sha256", pki / "rsa2048-enc.key", "{cert}", module, env=env)
    assert done.returncode == status, cli.said(done)
