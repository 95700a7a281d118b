# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are the modules in an RPM package signed, although rpm strips what %install leaves?

By the real rpmbuild, with a real module to which debug sections were added; what is in
the package is looked at by rpm2cpio.
"""


import pytest

from support import cli
from support.tools import flows
from support.tools.rpm import MACROS, NOTE, Workshop
from support.tools.rpm import workshop  # noqa: F401  (a fixture)

pytestmark = pytest.mark.flows


def test_the_packaged_module_is_stripped_and_then_signed(workshop, pki):
    done = workshop.rpmbuild()
    assert done.returncode == 0, cli.said(done)
    module = workshop.packed()
    cli.ok("verify", "--trust", pki / "rsa2048.pem", module)
    assert NOTE in workshop.module.read_bytes()
    assert NOTE not in module.read_bytes()
    flows.ok("strip", "-g", workshop.module)
    assert module.read_bytes() == flows.as_sign_file(
        workshop.top, workshop.module.read_bytes(), pki / "rsa2048.key", pki / "rsa2048.pem")


def test_signed_in_install_it_would_lose_its_signature(workshop, pki):
    """The control: without the macro, rpm strips, and the signature is gone."""
    lines = [line for line in workshop.spec.read_text().splitlines()
             if not line.startswith("%define __spec_install_post")]
    at = lines.index("%files")
    lines.insert(at, f"modseal sign -k {pki}/rsa2048-both.pem %{{buildroot}}/lib/modules\n")
    workshop.spec.write_text("\n".join(lines) + "\n")
    done = workshop.rpmbuild()
    assert done.returncode == 0, cli.said(done)
    assert not workshop.packed().read_bytes().endswith(cli.MARKER)


def test_hash_certificate_and_pin_file_are_told_by_macros(workshop, pki, tmp_path):
    from support.keys import pki as test_pki
    (tmp_path / "pin").write_text(test_pki.PASSPHRASE + "\n")
    done = workshop.rpmbuild("rsa2048-enc.key", modseal_cert=pki / "rsa2048.pem",
                             modseal_hash="sha256", modseal_pin_file=tmp_path / "pin")
    assert done.returncode == 0, cli.said(done)
    (entry,) = cli.document("show", workshop.packed())["modules"]
    assert entry["signatures"][0]["sig_hashalgo"] == "sha256"


@pytest.mark.parametrize("how", [
    {"key": None}, {"key": "no-such-key.pem"}, {"key": "rsa1024-both.pem"},
    {"modseal_path": "%{buildroot}/usr/lib/modules"}, {"modseal_hash": "md5"},
    {"modseal": "/no/such/modseal"}, {"modseal_trust": "/no/such/certificate"}],
    ids=lambda how: next(iter(how)) + "=" + str(next(iter(how.values()))).rpartition("/")[2])
def test_without_a_signature_there_is_no_package(workshop, how):
    done = workshop.rpmbuild(**how)
    assert done.returncode != 0, cli.said(done)
    assert workshop.packages() == []


def test_two_builds_have_the_same_module(workshop, tmp_path, pki):
    other = tmp_path / "other"
    other.mkdir()
    modules = []
    for place in workshop, Workshop(other, pki):
        assert place.rpmbuild().returncode == 0
        modules.append(place.packed().read_bytes())
    assert modules[0] == modules[1]


def test_the_macros_change_no_spec_that_does_not_ask_for_them():
    flows.need("rpm")
    plain = flows.ok("rpm", "--eval", "%__spec_install_post").stdout
    loaded = flows.ok("rpm", f"--load={MACROS}", "--eval", "%__spec_install_post").stdout
    assert loaded == plain
    assert "modseal" not in loaded
