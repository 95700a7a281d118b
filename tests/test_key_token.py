# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are keys that `modseal key new --token` makes born in the token, and usable? The token is
SoftHSM's; a module in front of it (tests/token-shim.c) counts the logins, and plays a
token that is locked, full or write-protected. Oracles: OpenSC's pkcs11-tool, openssl.
"""

import pathlib
import re
import urllib.parse

import pytest

from support import cli
from support.keys.empty_token import LABEL, PIN, TOKEN, output_of
from support.keys.empty_token import token  # noqa: F401  (a fixture)

pytestmark = pytest.mark.plain

TYPES = ["rsa2048", "rsa4096", "p256", "p384", "p521"]
WRITE_PROTECTED, PIN_LOCKED, PIN_FINAL_TRY = 0x2, 0x40000, 0x20000


@pytest.mark.parametrize("kind", TYPES)
def test_a_key_is_made_in_the_token_and_never_leaves_it(token, kind):
    uri = token.new_document(f"{TOKEN};object=my key", "--type", kind)["key"]["uri"]
    assert re.fullmatch(rf"{TOKEN};object=my%20key;id=(%[0-9A-F]{{2}}){{16}}", uri)
    listed = token.objects()
    assert len(re.findall(r"label: +my key$", listed, re.MULTILINE)) == 3
    assert len(set(re.findall(r"ID: +(\w+)$", listed, re.MULTILINE))) == 1
    access = re.search(r"Private Key Object(?:.*\n)+?  Access: +(.*)", listed)[1]
    assert access == "sensitive, always sensitive, never extractable, local"


@pytest.mark.parametrize("kind,hash_name", [
    *((kind, "sha512") for kind in TYPES),
    *((kind, name) for kind in ("rsa2048", "p256", "p521") for name in ("sha256", "sha3-384")),
])
def test_the_certificate_is_signed_by_the_key_and_lies_beside_it(token, kind, hash_name):
    out = token.place / "cert.der"
    key = token.new_document(f"{TOKEN};object=k", "--type", kind, "-H", hash_name, "-o", out,
                             "--code-signing")["key"]
    assert (key["path"], key["certificate"], key["type"], key["hash"]) == (None, str(out), kind, hash_name)
    der = token.tool("--read-object", "--type", "cert", "--label", "k")
    assert der == out.read_bytes()
    text = output_of("openssl", "x509", "-in", out, "-inform", "DER", "-noout", "-text", env={}).decode()
    assert "CA:FALSE" in text and "Code Signing" in text and "Authority Key Identifier" in text
    cert = cli.document("certs", out)["certificates"][0]
    assert (cert["key_type"], cert["kernel_can_use"]) == (kind, True)
    if not hash_name.startswith("sha3"):  # ECDSA with it is unknown to OpenSSL 3.0's verify
        pem = output_of("openssl", "x509", "-in", out, "-inform", "DER", env={})
        (token.place / "cert.pem").write_bytes(pem)
        output_of("openssl", "verify", "-check_ss_sig", "-trusted", token.place / "cert.pem",
                  token.place / "cert.pem", env={})


@pytest.mark.parametrize("kind", ["rsa2048", "p256", "p384", "p521"])
def test_a_module_signed_by_it_is_trusted(token, module, kind):
    out = token.place / "cert.der"
    made = token.new_document(f"{TOKEN};object=k", "--type", kind, "-o", out)["key"]["uri"]
    for uri in made, f"{TOKEN};object=k":
        done = cli.run("sign", "-k", uri, "--pin-file", token.pin, module, env=token.env)
        if "no PKCS#11 provider or engine" in done.stderr:
            pytest.skip("neither pkcs11-provider nor libengine-pkcs11-openssl is installed")
        if "RTLD_DEEPBIND" in done.stderr:
            pytest.skip("pkcs11-provider loads its module in a way that sanitizers do not allow")
        assert done.returncode == 0, cli.said(done)
        cli.ok("verify", "--trust", out, module)


def test_a_store_may_keep_its_key_in_the_token(token, module):
    store = token.place / "keys"
    result = token.new_document(f"{TOKEN};object=k", "--type", "p256", "--store", store)
    generation = result["generation"]
    assert (generation["in_token"], generation["whole"], result["key"]["path"]) == (True, True, None)
    assert result["key"]["uri"] == (store / "current/signing_key.uri").read_text().strip()
    der = token.tool("--read-object", "--type", "cert", "--label", "k")
    assert der == (store / "current/signing_crt.crt").read_bytes()


def test_one_login_makes_key_and_certificate(token):
    assert token.new(f"{TOKEN};object=k", "--type", "p256").returncode == 0
    assert token.logins == ["0"]


def test_without_a_label_it_is_modseal(token):
    assert ";object=modseal;" in token.new_document(TOKEN, "--type", "p256")["key"]["uri"]


def test_an_identifier_may_be_chosen(token):
    key = token.new_document(f"{TOKEN};object=k;id=%01ab", "--type", "p256")["key"]
    assert key["uri"].endswith(";id=%01%61%62")
    assert set(re.findall(r"ID: +(\w+)$", token.objects(), re.MULTILINE)) == {"016162"}


def test_nothing_in_a_token_is_ever_replaced(token):
    assert token.new(f"{TOKEN};object=k;id=%01", "--type", "p256").returncode == 0
    before = token.objects()
    for uri in f"{TOKEN};object=k", f"{TOKEN};object=other;id=%01":
        for options in [], ["-o", token.place / "cert", "--force"]:
            done = token.new(uri, "--type", "p256", *options)
            assert done.returncode == 2 and "already" in done.stderr
            assert "nothing in a token is replaced" in done.stderr
    assert token.objects() == before


def test_a_wrong_pin_is_tried_once_and_makes_nothing(token):
    wrong = token.place / "wrong"
    wrong.write_text("00000000")
    wrong.chmod(0o600)
    done = token.new(f"{TOKEN};object=k", "--type", "p256", pin=wrong)
    assert (done.returncode, done.stderr) == (2, f"modseal: wrong PIN for token '{LABEL}'\n")
    assert token.logins == ["0xa0"]
    assert "00000000" not in done.stdout and token.objects().strip() == ""


def test_a_pin_that_turns_out_to_be_locked_is_told(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", TOKEN_SHIM_RESULT="0xa4")
    assert done.returncode == 2 and f"token '{LABEL}' is locked" in done.stderr
    assert token.logins == ["0xa4"]


def test_a_token_that_says_it_is_locked_is_not_tried(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", TOKEN_SHIM_FLAGS=hex(PIN_LOCKED))
    assert done.returncode == 2 and "is locked" in done.stderr
    assert token.logins == [] and token.objects().strip() == ""


def test_the_last_try_is_warned_of(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", TOKEN_SHIM_FLAGS=hex(PIN_FINAL_TRY))
    assert done.returncode == 0
    assert f"warning: a wrong PIN now locks token '{LABEL}'" in done.stderr


def test_a_write_protected_token_is_not_tried(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", TOKEN_SHIM_FLAGS=hex(WRITE_PROTECTED))
    assert done.returncode == 2 and "write-protected" in done.stderr
    assert token.logins == []


def test_where_the_certificate_cannot_be_stored_the_key_is_removed_again(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", TOKEN_SHIM_REFUSES="create")
    assert done.returncode == 2 and "cannot store the certificate: the token is full" in done.stderr
    assert token.objects().strip() == ""


def test_a_bad_certificate_request_leaves_no_key(token):
    done = token.new(f"{TOKEN};object=k", "--type", "p256", "--cn", "x" * 65)
    assert done.returncode == 2 and token.objects().strip() == ""


def test_without_a_pin_no_login_is_tried(token):
    done = cli.run("key", "new", "--token", f"{TOKEN};object=k", "--type", "p256", env=token.env)
    assert done.returncode == 2
    assert f"token '{LABEL}' needs a PIN, and none is to be had" in done.stderr
    assert token.logins == []


def test_the_uri_may_say_the_pin_which_is_in_no_output(token):
    for query in f"pin-value={PIN}", f"pin-source={token.pin}":
        done = cli.run("key", "new", "--token", f"{TOKEN};object={query[:7]}?{query}", "--type",
                       "p256", "-v", env=token.env)
        assert done.returncode == 0, cli.said(done)
        assert PIN not in done.stdout + done.stderr


def test_one_token_must_be_meant(token):
    token.init(LABEL)
    done = token.new(f"{TOKEN};object=k", "--type", "p256")
    assert done.returncode == 2 and "2 tokens fit " in done.stderr and "serial=" in done.stderr
    listed = output_of("softhsm2-util", "--show-slots", env=token.env).decode()
    serials = re.findall(r"Serial number: +(\w+)\n(?:.*\n)*?.*Label: +modseal: new", listed)
    assert len(serials) == 2
    key = token.new_document(f"{TOKEN};serial={serials[1]};object=k", "--type", "p256")["key"]
    assert f";serial={serials[1]};object=k;id=" in key["uri"]
    done = token.new("pkcs11:token=absent", "--type", "p256")
    assert done.returncode == 2 and "no token fits 'pkcs11:token=absent'" in done.stderr


def test_ml_dsa_is_not_made_in_tokens(token):
    done = token.new(f"{TOKEN};object=k", "--type", "mldsa65")
    assert done.returncode == 2 and "ML-DSA-65 are made in files only" in done.stderr


def test_a_module_that_is_none_is_named(token):
    done = token.new(TOKEN, PKCS11_MODULE_PATH="/nonexistent.so")
    assert done.returncode == 2 and "/nonexistent.so" in done.stderr
    libz = next(pathlib.Path("/").glob("lib/*/libz.so.1"))
    done = token.new(f"{TOKEN}?module-path={urllib.parse.quote(str(libz))}")
    assert done.returncode == 2 and f"'{libz}' is no PKCS#11 module" in done.stderr


@pytest.mark.parametrize("uri", ["pkcs11:token=%zz", "token.pem", "", "pkcs11:id=%00",
                                 "pkcs11:object=k?pin-source=relative"])
def test_a_bad_uri_is_refused(token, uri):
    done = token.new(uri, "--type", "p256")
    assert done.returncode == 2 and token.objects().strip() == ""


def test_an_existing_certificate_file_is_not_replaced(token):
    out = token.place / "cert"
    out.write_text("precious")
    done = token.new(f"{TOKEN};object=k", "--type", "p256", "-o", out)
    assert done.returncode == 2 and out.read_text() == "precious"
    assert token.logins == [] and token.objects().strip() == ""
