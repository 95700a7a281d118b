# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does certs list what is there, and never hand on a revoked certificate?"""

import hashlib
import re
import subprocess

from support.files import make_image
import pytest
from support.files.make_image import Certs

from support import cli


def ders(pki, *names):
    return [(pki / f"{name}.der").read_bytes() for name in names]


@pytest.fixture
def image(pki, tmp_path):
    """A vmlinux with a certificate of its own, a trusted and a revoked one."""
    own, trusted, revoked = ders(pki, "p384", "rsa2048", "p256")
    directory = tmp_path / "image"
    directory.mkdir()
    return make_image.vmlinux(
        directory, Certs(own=own, trusted=[trusted], revoked=[revoked]), symbols=True
    )


def in_pem(path):
    """The certificates of a PEM file, in DER, by the openssl program."""
    blocks = re.findall(r"-----BEGIN CERT.*?END CERTIFICATE-----\n", path.read_text(), re.DOTALL)
    return [
        subprocess.run(["openssl", "x509", "-outform", "DER"], input=block.encode(),
                       capture_output=True, check=True).stdout
        for block in blocks
    ]


@pytest.mark.parametrize("form", ["pem", "der"])
def test_a_certificate_is_described_as_openssl_does(form, pki):
    result = cli.document("certs", pki / f"p384.{form}")
    (cert,) = result["certificates"]
    (der,) = ders(pki, "p384")
    said = subprocess.run(
        ["openssl", "x509", "-in", pki / "p384.pem", "-noout", "-serial", "-dateopt", "iso_8601",
         "-dates", "-subject", "-nameopt", "RFC2253,-esc_msb", "-ext", "subjectKeyIdentifier"],
        capture_output=True, text=True, check=True,
    ).stdout
    assert cert["sha256"] == hashlib.sha256(der).hexdigest()
    assert f"serial={cert['serial'].replace(':', '')}\n" in said
    assert f"notBefore={cert['not_before'].replace('T', ' ')}\n" in said
    assert f"notAfter={cert['not_after'].replace('T', ' ')}\n" in said
    assert f"subject={cert['subject']}\n" in said
    assert cert["skid"] in said
    assert (cert["place"], cert["key_type"], cert["kernel_can_use"]) == ("file", "p384", True)
    assert cert["source"] == str(pki / f"p384.{form}")


def test_a_key_that_the_kernel_cannot_use_is_marked(pki):
    (cert,) = cli.document("certs", pki / "ed25519.pem")["certificates"]
    assert cert["kernel_can_use"] is False
    assert "which the kernel cannot use" in cli.ok("certs", pki / "ed25519.pem")


def test_a_kernel_image_says_where_each_certificate_lies(image, pki):
    result = cli.document("certs", image)
    found = [(cert["place"], cert["sha256"]) for cert in result["certificates"]]
    places = ["own-key", "trusted", "revoked"]
    digests = [hashlib.sha256(der).hexdigest() for der in ders(pki, "p384", "rsa2048", "p256")]
    assert sorted(found) == sorted(zip(places, digests))
    assert result["sources"][0]["release"] == make_image.RELEASE
    text = cli.ok("certs", image)
    for place in places:
        assert f"{image}: {place}\n" in text


def test_the_pem_file_holds_all_but_the_revoked(image, pki, tmp_path):
    out = tmp_path / "out.pem"
    done = cli.run("certs", image, "-o", out)
    assert done.returncode == 0
    assert "1 revoked certificate is left out" in done.stderr
    assert sorted(in_pem(out)) == sorted(ders(pki, "p384", "rsa2048"))


def test_no_pem_file_is_written_where_a_source_cannot_be_read(pki, tmp_path):
    out = tmp_path / "out.pem"
    done = cli.run("certs", pki / "p256.pem", tmp_path / "nowhere", "-o", out)
    assert done.returncode == 2 and "p256" in done.stdout
    assert not out.exists()
    result = cli.document("certs", pki / "p256.pem", tmp_path / "nowhere")
    assert [source["error"] is None for source in result["sources"]] == [True, False]


def test_no_pem_file_is_written_of_revoked_certificates_alone(image, pki, tmp_path):
    revoked = tmp_path / "revoked.vmlinux"
    (tmp_path / "d").mkdir()
    make_image.vmlinux(
        tmp_path / "d", Certs(revoked=ders(pki, "p256")), symbols=True
    ).rename(revoked)
    done = cli.run("certs", revoked, "-o", tmp_path / "out.pem")
    assert done.returncode == 2, cli.said(done)
    assert not (tmp_path / "out.pem").exists()


def test_what_holds_no_certificate_is_trouble(tmp_path, module):
    empty = tmp_path / "empty"
    empty.touch()
    for path in empty, module, tmp_path, tmp_path / "nowhere":
        done = cli.run("certs", path)
        assert done.returncode == 2, cli.said(done)
        assert str(path) in done.stderr


def test_a_kernels_own_revocation_counts(image, module, pki):
    for kind, status in ("p384", 0), ("rsa2048", 0), ("p256", 1), ("p521", 1):
        cli.ok("sign", "-k", pki / f"{kind}-both.pem", module)
        done = cli.run("verify", "--kernel", image, module)
        assert done.returncode == status, cli.said(done)
    # and wins over a source that trusts the same certificate
    cli.ok("sign", "-k", pki / "p256-both.pem", module)
    done = cli.run("verify", "--kernel", image, "--trust", pki / "p256.pem", module)
    assert done.returncode == 1 and "rejected" in done.stdout
