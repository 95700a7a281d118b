# SPDX-License-Identifier: LGPL-2.1-or-later
"""What is trusted when these sources are given, by which rules, and what was assumed?"""

import gzip
import hashlib

import pytest

from support import cli
from support.files import hashed_kernel, make_image
from support.files.make_image import Certs
from support.files.efi import (
    ATTRIBUTES, SHA256, TIME, X509, X509_SHA256, X509_SHA384, efi_list)
from support.keys.openssl import openssl
from support.runs import watch

TOOL = cli.BUILD / "tests/trust-tool"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
IMAGES = "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
NO_CONFIG = "no kernel configuration: every algorithm of Linux 7.3 taken as built in"
NO_RELEASE = "no kernel release: the rules of Linux 7.3 apply"
CONFIG = """CONFIG_MODULE_SIG=y
CONFIG_SYSTEM_BLACKLIST_KEYRING=y
CONFIG_CRYPTO_RSA=y
CONFIG_CRYPTO_ECDSA=m
CONFIG_CRYPTO_SHA256=y
CONFIG_CRYPTO_SHA512=m
# CONFIG_CRYPTO_SHA3 is not set
"""


class Answer:
    def __init__(self, done):
        self.status = done.returncode
        self.error = done.stderr
        self.lines = done.stdout.splitlines()

    def get(self, name):
        return [line.split(" ", 1)[1] for line in self.lines if line.startswith(name + " ")]


def ask(*steps, cwd=None):
    done = watch.run([TOOL, *map(str, steps)], capture_output=True, text=True, cwd=cwd)
    assert done.returncode in (0, 2), done.stderr
    return Answer(done)


def keys(answer):
    assert answer.status == 0, answer.error
    return answer.get("key")


def refused(answer, errno, words):
    """Refused, and the set is what it was: empty, or what the steps before put in."""
    assert answer.status == 2
    assert answer.error.startswith(errno + ": ") and words in answer.error
    return True


def name_of(pki, name):
    """What the kernel calls the key: organization and common name."""
    subject = openssl("x509", "-in", str(pki / f"{name}.pem"), "-noout", "-subject",
                      "-nameopt", "sep_multiline,utf8,esc_ctrl").decode()
    fields = dict(line.strip().split("=", 1) for line in subject.splitlines()[1:])
    return f"{fields['O']}: {fields['CN']}" if "O" in fields else fields["CN"]


@pytest.fixture
def certs(pki, tmp_path):
    """A directory with three certificates, in DER, PEM and as EFI list."""
    directory = tmp_path / "certs"
    directory.mkdir()
    (directory / "b.der").write_bytes((pki / "p384.der").read_bytes())
    (directory / "a.pem").write_bytes((pki / "rsa2048-both.pem").read_bytes())
    (directory / "c").write_bytes(efi_list(X509, (pki / "p256.der").read_bytes()))
    return directory


# Files and directories

def test_a_file_gives_its_certificates_in_every_form(pki, tmp_path):
    answer = ask("trust", pki / "p384.der", "trust", pki / "rsa2048.pem")
    assert keys(answer) == [name_of(pki, "p384"), name_of(pki, "rsa2048")]
    assert answer.get("assumed") == [NO_RELEASE, NO_CONFIG]
    both = tmp_path / "both"
    both.write_bytes((pki / "p384.pem").read_bytes() + (pki / "p256.pem").read_bytes())
    assert keys(ask("trust", both)) == [name_of(pki, "p384"), name_of(pki, "p256")]


def test_the_same_certificate_twice_is_trusted_once(pki):
    assert len(keys(ask("trust", pki / "p384.der", "trust", pki / "p384.pem"))) == 1


def test_a_directory_gives_the_certificates_of_every_entry(pki, certs):
    expected = [name_of(pki, name) for name in ("rsa2048", "p384", "p256")]
    assert keys(ask("trust", certs)) == expected
    (certs / ".hidden").write_bytes((pki / "p521.der").read_bytes())
    (certs / "link").symlink_to(certs / "b.der")
    assert keys(ask("trust", certs)) == [name_of(pki, "p521"), *expected]


@pytest.mark.parametrize("name", ["z", ".z", "0"])
@pytest.mark.parametrize("content", [b"", b"junk", b"\x30\x82\x01\x00"])
def test_a_directory_with_one_unreadable_entry_is_refused(certs, name, content):
    (certs / name).write_bytes(content)
    answer = ask("trust", certs)
    assert refused(answer, "EBADMSG", f"'{certs}/{name}'")
    assert not answer.get("key")


def test_a_directory_with_what_is_no_file_is_refused(certs):
    (certs / "sub").mkdir()
    assert refused(ask("trust", certs), "EISDIR", f"'{certs}/sub' is no regular file")
    (certs / "sub").rmdir()
    (certs / "sub").symlink_to("nowhere")
    assert refused(ask("trust", certs), "ENOENT", f"'{certs}/sub'")


def test_a_source_without_a_certificate_is_refused(tmp_path, pki):
    (tmp_path / "empty").mkdir()
    (tmp_path / "hashes").write_bytes(efi_list(SHA256, bytes(32)))
    for source in tmp_path / "empty", pki / "p384.key", tmp_path / "hashes":
        answer = ask("trust", source)
        assert refused(answer, "ENOKEY", f"'{source}': no certificate in it")
        assert not answer.get("key")
    assert refused(ask("trust", tmp_path / "absent"), "ENOENT", "No such file or directory")


def test_a_named_certificate_that_no_kernel_takes_is_refused(pki):
    answer = ask("trust", pki / "p384.der", "trust", pki / "ed25519.der")
    assert refused(answer, "ENOPKG", "ed25519.der'")
    assert answer.get("key") == [name_of(pki, "p384")]


def test_a_kernel_is_no_file_of_certificates_nor_the_other_way_round(pki, tmp_path):
    kernel = make_image.vmlinux(tmp_path, Certs(own=(pki / "p384.der").read_bytes()))
    answer = ask("trust", kernel)
    assert refused(answer, "EBADMSG", "is a kernel image") and "hint: " in answer.error
    answer = ask("kernel", pki / "p384.der")
    assert refused(answer, "EBADMSG", "is no kernel image") and "hint: " in answer.error


# Revocation

def test_a_revoked_certificate_is_revoked_in_whatever_order(pki, tmp_path):
    for steps in (("trust", pki / "p384.der", "revoked", pki / "p384.pem"),
                  ("revoked", pki / "p384.pem", "trust", pki / "p384.der")):
        assert keys(ask(*steps)) == [name_of(pki, "p384") + " REVOKED"]


def tbs_of(pki, name):
    """The TBSCertificate, cut out by openssl."""
    return openssl("asn1parse", "-inform", "DER", "-in", str(pki / f"{name}.der"),
                   "-strparse", "4", "-noout", "-out", "/dev/stdout")


@pytest.mark.parametrize("kind, hash_", [(X509_SHA256, "sha256"), (X509_SHA384, "sha384")])
@pytest.mark.parametrize("time", [b"", TIME])
def test_an_efi_hash_of_a_certificate_revokes_it(pki, tmp_path, kind, hash_, time):
    digest = hashlib.new(hash_, tbs_of(pki, "p384")).digest()
    (tmp_path / "dbx").write_bytes(ATTRIBUTES + efi_list(kind, digest + time))
    expected = [name_of(pki, "p384") + " HASH REVOKED", name_of(pki, "p256")]
    sources = "trust", pki / "p384.der", "trust", pki / "p256.der"
    assert keys(ask("revoked", tmp_path / "dbx", *sources)) == expected
    assert keys(ask(*sources, "revoked", tmp_path / "dbx")) == expected


def test_a_revoked_source_with_a_broken_entry_is_refused(pki, certs):
    (certs / "z").write_bytes(b"junk")
    answer = ask("trust", pki / "p384.der", "revoked", certs)
    assert refused(answer, "EBADMSG", f"'{certs}/z'")


# Kernels

@pytest.fixture
def kernel(tmp_path, pki):
    """A vmlinux in a directory of its own."""
    der = {name: (pki / f"{name}.der").read_bytes() for name in ("p384", "rsa2048", "p521")}
    (tmp_path / "kernel").mkdir()
    return make_image.vmlinux(tmp_path / "kernel", Certs(
        own=der["p384"], trusted=[der["rsa2048"], der["p521"]], revoked=[der["rsa2048"]]),
        release="6.12.7-x")


def test_a_kernel_gives_its_keys_its_revocations_and_its_release(pki, kernel):
    answer = ask("kernel", kernel)
    assert keys(answer) == [name_of(pki, "p384"), name_of(pki, "rsa2048") + " REVOKED",
                            name_of(pki, "p521")]
    assert answer.get("release") == ["6.12.7-x"]
    assert answer.get("rules")[0].startswith("6.12 ")
    assert answer.get("assumed") == [NO_CONFIG.replace("7.3", "6.12")]


def test_a_certificate_that_the_kernel_cannot_parse_is_passed_over(pki, tmp_path):
    der = [(pki / f"{name}.der").read_bytes() for name in ("p384", "ed25519", "p256")]
    image = make_image.vmlinux(tmp_path, Certs(own=der[0], trusted=der[1:]))
    answer = ask("kernel", image)
    assert keys(answer) == [name_of(pki, "p384"), name_of(pki, "p256")]
    assert "passes over a certificate" in answer.get("info")[0]


def test_a_kernel_without_a_certificate_is_refused(tmp_path):
    image = make_image.vmlinux(tmp_path, Certs())
    assert refused(ask("kernel", image), "ENOKEY", "no certificate in this kernel")


def hashed(directory, certs, section, release):
    directory.mkdir()
    image = make_image.vmlinux(directory, certs, release=release)
    return hashed_kernel.with_section(image, section) if section else image


@pytest.fixture
def two_kernels(tmp_path, pki):
    """One with a list and no certificate, one with a root and a certificate."""
    one = (1).to_bytes(4, "big") + bytes(range(32)) + bytes(96)
    return (hashed(tmp_path / "list", Certs(), one, "6.12.1-list"),
            hashed(tmp_path / "root", Certs(own=(pki / "p256.der").read_bytes()),
                   b"\2\0\0\0" + bytes(range(32)), "7.3.1-root"))


ROOT = "root 2:" + bytes(range(32)).hex()


def test_a_kernel_gives_its_hashes_and_needs_no_certificate(two_kernels):
    answer = ask("kernel", two_kernels[0])
    assert answer.status == 0, answer.error
    assert (answer.get("hashes"), answer.get("key")) == (["1 of 4"], [])
    answer = ask("kernel", two_kernels[1])
    assert answer.get("hashes") == [ROOT] and len(keys(answer)) == 1


def test_of_two_kernels_the_first_one_s_hashes_and_rules_count(two_kernels):
    answer = ask("kernel", two_kernels[0], "kernel", two_kernels[1])
    assert len(keys(answer)) == 1
    assert (answer.get("hashes"), answer.get("release")) == (["1 of 4"], ["6.12.1-list"])
    assert any("do not count: it is not the first kernel" in text
               for text in answer.get("assumed"))
    answer = ask("kernel", two_kernels[1], "kernel", two_kernels[0])
    assert (answer.get("hashes"), answer.get("release")) == ([ROOT], ["7.3.1-root"])


def test_hashes_of_a_kernel_behind_one_without_do_not_count(two_kernels, kernel):
    answer = ask("kernel", kernel, "kernel", two_kernels[1])
    assert answer.status == 0 and answer.get("hashes") == []


def test_a_kernel_whose_hashes_no_build_makes_is_refused(two_kernels, tmp_path):
    broken = hashed(tmp_path / "broken", Certs(), b"\x21\0\0\0" + bytes(range(32)), "7.3.1-x")
    answer = ask("kernel", broken)
    assert refused(answer, "EBADMSG", "33 levels") and answer.get("hashes") == []
    answer = ask("kernel", two_kernels[0], "kernel", broken)
    assert refused(answer, "EBADMSG", "33 levels") and answer.get("hashes") == ["1 of 4"]


def test_a_hash_that_the_kernel_has_built_in_revokes(pki, tmp_path):
    digest = hashlib.sha256(tbs_of(pki, "rsa2048")).hexdigest()
    image = make_image.vmlinux(tmp_path, Certs(
        own=(pki / "p384.der").read_bytes(), trusted=[(pki / "rsa2048.der").read_bytes()],
        strings=[f"tbs:{digest}"]))
    assert keys(ask("kernel", image)) == [name_of(pki, "p384"),
                                          name_of(pki, "rsa2048") + " HASH REVOKED"]


@pytest.mark.parametrize("name", ["config", "config-6.12.7-x"])
def test_the_configuration_is_found_beside_the_image(kernel, name):
    (kernel.parent / name).write_text(CONFIG)
    answer = ask("kernel", kernel)
    assert answer.status == 0
    assert answer.get("rules") == ["6.12 sha256 sha384 sha512"]
    assert answer.get("assumed") == [
        f"the kernel's configuration is '{kernel.parent}/{name}'",
        "algorithms that are modules count as there: sha384, sha512, ecdsa",
    ]
    answer = ask("no-modules", "kernel", kernel)
    assert answer.get("rules") == ["6.12 sha256"]
    assert answer.get("assumed")[1] == (
        "algorithms that are modules count as missing: sha384, sha512, ecdsa")
    answer = ask("kernel", kernel.name, cwd=kernel.parent)
    assert answer.get("rules") == ["6.12 sha256 sha384 sha512"]


def test_a_configuration_that_names_its_release_counts_before_one_that_does_not(kernel):
    """In /boot, `config` may be another kernel's."""
    (kernel.parent / "config").write_text(CONFIG.replace("512=m", "512=n"))
    (kernel.parent / "config-6.12.7-x").write_text(CONFIG)
    assert ask("kernel", kernel).get("rules") == ["6.12 sha256 sha384 sha512"]


def test_the_configuration_is_found_behind_a_link_to_the_image(kernel, tmp_path):
    (kernel.parent / "config").write_text(CONFIG)
    (tmp_path / "vmlinuz").symlink_to(kernel)
    assert ask("kernel", tmp_path / "vmlinuz").get("rules") == ["6.12 sha256 sha384 sha512"]


def test_what_was_said_wins_over_what_was_found(kernel, tmp_path):
    (kernel.parent / "config").write_text(CONFIG)
    mine = tmp_path / "mine.gz"
    mine.write_bytes(gzip.compress(CONFIG.replace("512=m", "512=n").replace("=m", "=y").encode()))
    for steps in (("config", mine, "release", "7.3.1", "kernel", kernel),
                  ("kernel", kernel, "release", "7.3.1", "config", mine)):
        answer = ask(*steps)
        assert len(keys(answer)) == 3
        assert answer.get("rules") == ["7.3 sha256"]
        assert answer.get("release") == ["7.3.1"]
        assert not answer.get("assumed")


def test_a_configuration_beside_the_image_that_is_none_is_refused(kernel):
    (kernel.parent / "config").write_text("[core]\n\tbare = false\n")
    answer = ask("kernel", kernel)
    assert refused(answer, "EBADMSG", "line 1: no line of a kernel config")
    assert "hint: " in answer.error and not answer.get("key")


def test_a_key_that_the_release_cannot_use_is_refused_when_both_are_known(pki, tmp_path):
    """ML-DSA and SHA-3 are what older kernels do not know; a certificate shows it."""
    cert = tmp_path / "sha3.der"
    openssl("req", "-x509", "-new", "-key", str(pki / "p384.key"), "-subj", "/CN=x",
            "-sha3-256", "-outform", "DER", "-out", str(cert))
    assert len(keys(ask("trust", cert))) == 1
    for steps in ("release", "6.1.0", "trust", cert), ("trust", cert, "release", "6.1.0"):
        assert refused(ask(*steps), "ENOPKG", "sha3.der'")


def test_a_release_that_is_none_is_refused(pki):
    for release in "", ".", "../6.1", "6.1/..", ".hidden":
        answer = ask("trust", pki / "p384.der", "find", release)
        assert refused(answer, "EINVAL", "is no kernel release")
    answer = ask("release", "six")
    assert refused(answer, "EINVAL", "is no kernel release")
    assert not answer.get("release")


def test_a_kernel_that_is_not_there_is_named_with_where_it_was_looked_for():
    answer = ask("find", "6.1.0-nowhere")
    assert refused(answer, "ENOENT", "/lib/modules/6.1.0-nowhere/vmlinuz")
    assert "/boot/vmlinuz-6.1.0-nowhere" in answer.error


# EFI variables

def test_efi_variables_count_as_the_kernel_reads_them(pki, tmp_path):
    efivars = tmp_path / "sys/firmware/efi/efivars"

    def variable(name, vendor, data):
        (efivars / f"{name}-{vendor}").write_bytes(ATTRIBUTES + data)

    der = {name: (pki / f"{name}.der").read_bytes() for name in ("p384", "rsa2048", "p256")}
    efivars.mkdir(parents=True)
    assert refused(ask("machine", tmp_path), "ENOENT", "cannot read the EFI variables")
    variable("SecureBoot", GLOBAL, b"\1")
    assert keys(ask("machine", tmp_path)) == []
    variable("db", IMAGES, efi_list(X509, der["rsa2048"]) + efi_list(SHA256, bytes(32)))
    variable("MokListRT", SHIM, efi_list(X509, der["p384"]) + efi_list(X509, der["p256"]))
    variable("dbx", IMAGES, efi_list(SHA256, bytes(32)) + efi_list(X509, der["rsa2048"]))
    digest = hashlib.sha256(tbs_of(pki, "p256")).digest()
    variable("MokListXRT", SHIM, efi_list(X509_SHA256, digest + TIME))
    answer = ask("machine", tmp_path)
    assert keys(answer) == [name_of(pki, "p384"), name_of(pki, "p256") + " HASH REVOKED",
                            name_of(pki, "rsa2048") + " REVOKED"]
    assert [note.split(" count ")[0] for note in answer.get("assumed")[:2]] == [
        "the certificates of the EFI variable MokListRT",
        "the certificates of the EFI variable db"]
    variable("dbx", IMAGES, b"junk that is no list at all")
    answer = ask("machine", tmp_path)
    assert refused(answer, "EBADMSG", "dbx-d719b2cb")
    assert not answer.get("key") and answer.get("assumed") == [NO_RELEASE, NO_CONFIG]
