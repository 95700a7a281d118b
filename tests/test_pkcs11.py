# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keys in PKCS#11 tokens, by the way to them that this OpenSSL has: pkcs11-provider, or
libp11's engine where there is no provider. The token is SoftHSM's; a module in front of it
(tests/token-shim.c) counts the logins and can play a token that is locked.
"""

import pathlib
import re

import pytest
from support import cli
from support.keys.signtool import HASHES, judged, openssl_verifies, sign
from support.keys.filled_token import KEYS, LABEL, NO_WAY, PIN, SHIM, SOFTHSM, TOKEN
from support.keys.filled_token import token  # noqa: F401  (a fixture)


@pytest.fixture
def payload(tmp_path):
    """A file to sign."""
    path = tmp_path / "payload"
    path.write_bytes(b"a module" * 1000)
    return path


@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("kind", KEYS)
def test_token_and_file_sign_alike(token, pki, payload, kind, hash_name):
    ours = token.sign(f"pkcs11:{TOKEN};object={kind}", payload, "-H", hash_name)
    assert ours.error is None and ours.stderr == ""
    assert openssl_verifies(ours.der, payload, pki / f"{kind}.pem") == ""
    assert judged(ours.der, payload, pki / f"{kind}.der").startswith("0")
    if kind == "rsa2048":
        of_file = sign(pki / f"{kind}.key", payload, "-H", hash_name, "-c", pki / f"{kind}.pem")
        assert ours.der == of_file.der


@pytest.mark.parametrize("uri", ["object=p384", "id=%02", f"{TOKEN};id=%02;type=private",
                                 f"{TOKEN};object=p384;type=cert"])
def test_key_and_certificate_are_found_by_any_name(token, pki, payload, uri):
    ours = token.sign(f"pkcs11:{uri}", payload)
    assert openssl_verifies(ours.der, payload, pki / "p384.pem") == ""


def test_a_run_logs_in_once_and_signs_in_many_threads(token, payload):
    ours = token.sign(f"pkcs11:{TOKEN};object=rsa2048", payload, "-t", "4", "-r", "250")
    assert ours.line("same: ") == "1"
    assert token.logins == ["0"]
    assert ours.asked == [f"token '{LABEL}'"]


@pytest.mark.kernels
def test_one_login_signs_as_many_modules_as_a_kernel_has(token, pki, tiny_module, tmp_path):
    tree, pin = tmp_path / "tree", tmp_path / "pin"
    tree.mkdir()
    data = tiny_module.read_bytes()
    for number in range(4225):
        (tree / f"{number}.ko").write_bytes(data)
    pin.write_text(PIN)
    pin.chmod(0o600)
    arguments = ["sign", "--no-sync", "-k", f"pkcs11:{TOKEN};object=p256", "--pin-file", pin, tree]
    token.log.unlink(missing_ok=True)
    assert cli.ok(*arguments, env=token.env) == "4225 modules: 4225 signed\n"
    assert token.logins == ["0"]
    for name in "0.ko", "4224.ko":
        signature, payload = cli.signature_of(tree / name)
        (tmp_path / "payload").write_bytes(payload)
        assert payload == data
        assert openssl_verifies(signature, tmp_path / "payload", pki / "p256.pem") == ""
    # of the wrong PIN one of the few tries is used up, and not 4,225
    pin.write_text("12345670")
    token.log.unlink()
    done = cli.run(*arguments, env=token.env)
    assert done.returncode == 2 and "PIN" in done.stderr
    assert token.logins == ["0xa0"]


def test_a_key_that_wants_its_pin_each_time_is_given_it(token, pki, payload):
    ours = token.sign(f"pkcs11:{TOKEN};object=always", payload, "-r", "3")
    assert openssl_verifies(ours.der, payload, pki / "p521.pem") == ""
    assert len(ours.asked) == 1 and ours.stderr == ""
    assert token.logins == ["0"] * 4


def test_a_wrong_pin_is_tried_once(token, payload):
    for wrong in "00000000", "12345679":
        refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, secret=wrong)
        assert re.match(f"EKEYREJECTED: .*token '{LABEL}'", refused.error)
        assert "PIN" in refused.error and wrong not in refused.output + refused.stderr
        assert token.logins == ["0xa0"]
        assert refused.stderr == ""
    assert token.sign(f"pkcs11:{TOKEN};object=p384", payload).error is None


def test_a_pin_of_no_length_a_pin_has_is_rejected(token, payload):
    for wrong in "", "1", "9" * 300:
        refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, secret=wrong)
        assert refused.error.startswith("EKEYREJECTED: "), wrong
        assert len(token.logins) <= 1


def test_a_locked_token_is_not_tried_again(token, payload):
    refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, TOKEN_SHIM_RESULT="0xa4")
    assert re.match(f"EKEYREJECTED: token '{LABEL}' .*locked", refused.error)
    assert token.logins == ["0xa4"]


def test_no_pin_is_enokey(token, payload):
    refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, secret=None)
    assert refused.error == f"ENOKEY: token '{LABEL}' needs a PIN, and none is to be had"
    assert token.logins == [] and refused.stderr == ""


def test_the_uri_may_say_the_pin(token, payload, tmp_path):
    source = tmp_path / "pin"
    source.write_text(PIN + "\n")
    for query in f"pin-value={PIN}", f"pin-source={source}", f"pin-source=file:{source}":
        ours = token.sign(f"pkcs11:{TOKEN};object=p384?{query}", payload, secret="wrong")
        assert ours.error is None and ours.asked == []
    refused = token.sign(f"pkcs11:{TOKEN};object=p384?pin-value=87650000", payload)
    assert refused.error.startswith("EKEYREJECTED: ") and "87650000" not in refused.output
    assert token.logins == ["0xa0"]


@pytest.mark.parametrize("uri", [f"{TOKEN};object=absent", "token=absent;object=p384",
                                 "object=absent"])
def test_what_is_not_there_is_enxio(token, payload, uri):
    refused = token.sign(f"pkcs11:{uri}", payload)
    assert refused.error.startswith(f"ENXIO: no object 'pkcs11:{uri};type=private'")


def test_a_key_without_certificate_is_enxio_unless_one_is_named(token, pki, payload):
    refused = token.sign(f"pkcs11:{TOKEN};object=bare", payload)
    assert refused.error.startswith("ENXIO: no object ")
    assert "type=cert" in refused.error
    ours = token.sign(f"pkcs11:{TOKEN};object=bare", payload, "-c", pki / "leaf.pem")
    assert openssl_verifies(ours.der, payload, pki / "leaf.pem") == ""


def test_key_and_certificate_may_have_different_names(token, pki, payload):
    ours = token.sign(pki / "p384.key", payload, "-c", f"pkcs11:{TOKEN};object=p384")
    assert openssl_verifies(ours.der, payload, pki / "p384.pem") == ""
    ours = token.sign(f"pkcs11:{TOKEN};object=p384", payload, "-c", "pkcs11:id=%02")
    assert len(ours.asked) == 1
    refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, "-c", "pkcs11:id=%01")
    assert refused.error == ("EINVAL: the certificate 'pkcs11:id=%01' does not belong to the "
                             f"private key 'pkcs11:{TOKEN};object=p384'")


def test_the_module_may_be_named_in_three_ways(token, payload):
    uri = f"pkcs11:{TOKEN};object=p384"
    assert token.sign(uri, payload, PKCS11_MODULE_PATH="", PKCS11_PROVIDER_MODULE=SOFTHSM
                      ).error is None
    assert token.logins == []
    assert token.sign(f"{uri}?module-path={SHIM}", payload, PKCS11_MODULE_PATH="").error is None
    assert token.logins == ["0"]


def test_a_module_that_cannot_be_loaded_is_enxio(token, payload, tmp_path):
    uri = f"pkcs11:{TOKEN};object=p384"
    refused = token.sign(uri, payload, PKCS11_MODULE_PATH="/nonexistent.so")
    assert refused.error.startswith("ENXIO: cannot load the PKCS#11 module: /nonexistent.so")
    assert refused.stderr == ""
    other = next(pathlib.Path("/").glob("lib/*/libz.so.1"))
    refused = token.sign(uri, payload, PKCS11_MODULE_PATH=str(other))
    assert refused.error == f"ENXIO: '{other}' is no PKCS#11 module"


def test_without_provider_and_engine_their_packages_are_named(token, payload, tmp_path):
    refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, OPENSSL_ENGINES=str(tmp_path),
                         OPENSSL_MODULES=str(tmp_path))
    assert refused.error == f"ENXIO: {NO_WAY} to open 'pkcs11:{TOKEN};object=p384' with"
    hint = refused.line("hint: ")
    assert "pkcs11-provider" in hint and "libengine-pkcs11-openssl" in hint


def test_a_uris_pin_is_in_no_message(token, pki, payload):
    for name, cert in ("p384", f"pkcs11:id=%01?pin-value={PIN}"), ("absent", pki / "p384.pem"):
        uri = f"pkcs11:{TOKEN};object={name}?pin-value={PIN}"
        refused = token.sign(uri, payload, "-c", cert)
        assert refused.error and PIN not in refused.output + refused.stderr


def test_a_token_makes_its_own_nonces(token, payload):
    refused = token.sign(f"pkcs11:{TOKEN};object=p384", payload, "-n", "deterministic")
    assert refused.error.startswith("EOPNOTSUPP: the token makes the nonces")
    assert token.sign(f"pkcs11:{TOKEN};object=rsa2048", payload, "-n", "deterministic"
                      ).info["deterministic"] == "1"


@pytest.mark.parametrize("uri", ["pkcs11:object=%zz?pin-value=11112222",
                                 "pkcs11:object=k?pin-value=11112222%",
                                 "pkcs11:token=%q;object=k"])
def test_a_bad_uri_is_refused_without_quoting_the_pin(token, payload, uri):
    refused = token.sign(uri, payload)
    assert refused.error.split(":")[0] in ("EINVAL", "ENXIO")
    assert "11112222" not in refused.output + refused.stderr
