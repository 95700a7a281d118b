# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are keys rotated inside a token, and encrypted keys followed by encrypted ones?

The token is SoftHSM's, behind the module that counts the logins (tests/token-shim.c).
"""

import os
import subprocess

from support.keys import pki as test_pki
import pytest
from support.keys import stores
from support.keys.empty_token import TOKEN, token  # noqa: F401  (a fixture)

from support import cli

pytestmark = pytest.mark.plain


def rotate(store, token, *arguments, pin=None):
    return cli.run("key", "rotate", "--store", store, "--pin-file", pin or token.pin, *arguments,
                   env=token.env)


def parts(store):
    return sorted(path.name for path in (store / "current").iterdir())


def test_a_store_in_a_token_is_rotated_and_signs(token, tmp_path, module):  # noqa: F811
    store = tmp_path / "store"
    config = tmp_path / ".config"
    config.write_text('CONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\nCONFIG_MODULE_SIG_HASH="sha384"\n')
    names, ders = [], []
    for arguments in ["--token", TOKEN], [], ["--refresh=always"], ["--refresh=always"]:
        done = rotate(store, token, *arguments, "--config", config)
        assert done.returncode == 0, cli.said(done)
        names.append(os.readlink(store / "current"))
        ders.append((store / "current" / "signing_crt.crt").read_bytes())
    assert len(set(names)) == len(set(ders)) == 3 and names[0] == names[1]
    assert parts(store) == ["khash", "ktype", "signing_crt.crt", "signing_crt.pem", "signing_key.uri"]
    assert (store / "current" / "signing_key.uri").stat().st_mode & 0o777 == 0o600
    for name in set(names):
        assert f"modseal-{name}" in token.objects()
    assert f'"{store}/{names[-1]}/signing_crt.pem"' in config.read_text()
    token.log.unlink(missing_ok=True)
    cli.ok("sign", "--store", store, "--pin-file", token.pin, module, env=token.env)
    assert len(token.logins) == 1
    cli.ok("verify", "--trust", store / "current" / "signing_crt.crt", module)
    assert cli.run("key", "status", "--store", store, env=token.env).returncode == 0
    done = cli.run("key", "prune", "--store", store, "--keep=1", "--force", env=token.env)
    gone = sorted(set(names))[0]
    assert done.returncode == 0 and not (store / gone).exists(), cli.said(done)
    assert f"'{gone}': its key stays in the token, {TOKEN};object=modseal-{gone};" in done.stderr
    assert f"modseal-{gone}" in token.objects()


def test_a_wrong_pin_changes_nothing(token, tmp_path):  # noqa: F811
    store = tmp_path / "store"
    wrong = tmp_path / "wrong"
    wrong.write_text("87654399\n")
    wrong.chmod(0o600)
    done = rotate(store, token, "--token", TOKEN, "--type=p256", pin=wrong)
    assert done.returncode == 2 and not store.exists(), cli.said(done)
    assert rotate(store, token, "--token", TOKEN, "--type=p256").returncode == 0
    before = stores.snapshot(store), token.objects()
    done = rotate(store, token, "--refresh=always", pin=wrong)
    assert done.returncode == 2
    assert (stores.snapshot(store), token.objects()) == before


@pytest.fixture
def passphrase(tmp_path):
    path = tmp_path / "passphrase"
    path.write_text(test_pki.PASSPHRASE + "\n")
    path.chmod(0o600)
    return path


def test_an_encrypted_key_is_followed_by_an_encrypted_one(tmp_path, passphrase, module):
    store = tmp_path / "store"
    for arguments in ["--encrypt"], ["--refresh=always"]:
        cli.ok("key", "rotate", "--store", store, "--type=p256", "--pin-file", passphrase, *arguments)
        for name in "signing_key.pem", "signing_prv.pem":
            text = (store / "current" / name).read_text()
            assert "BEGIN ENCRYPTED PRIVATE KEY" in text and "BEGIN PRIVATE KEY" not in text
            subprocess.run(["openssl", "pkey", "-in", store / "current" / name, "-noout", "-passin",
                            f"file:{passphrase}"], check=True)
    before = stores.snapshot(store)
    done = cli.run("key", "rotate", "--store", store, "--refresh=always")
    assert done.returncode == 2, "a key was made that nobody encrypted"
    assert stores.snapshot(store) == before
    cli.ok("sign", "--store", store, "--pin-file", passphrase, module)


def test_a_passphrase_that_happens_to_be_there_encrypts_nothing(tmp_path):
    store = tmp_path / "store"
    cli.ok("key", "rotate", "--store", store, "--type=p256", env={"KBUILD_SIGN_PIN": "x"})
    assert "BEGIN PRIVATE KEY" in (store / "current" / "signing_key.pem").read_text()


def test_a_type_that_is_asked_for_wins_and_makes_another_one_due(tmp_path):
    store = tmp_path / "store"
    config = tmp_path / ".config"
    config.write_text('CONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\nCONFIG_MODULE_SIG_HASH="sha512"\n')
    for kind, due in ("p256", "no-key"), ("p256", "not-due"), ("p521", "type"):
        result = cli.document("key", "rotate", "--store", store, "--type", kind, config)
        assert (result["due"], result["current"]["key_type"]) == (due, kind)
    # the configuration asks for a kind, and p521 is of it
    assert cli.document("key", "rotate", "--store", store, config)["due"] == "not-due"


def test_the_certificate_is_as_it_was_asked_for(tmp_path):
    store = tmp_path / "store"
    cli.ok("key", "rotate", "--store", store, "--type=p256", "--cn", "Mine", "--days", "30",
           "--code-signing")
    text = subprocess.run(
        ["openssl", "x509", "-in", store / "current" / "signing_key.pem", "-noout", "-text",
         "-nameopt", "RFC2253"],
        check=True, capture_output=True, text=True).stdout
    assert "CN=Mine" in text and "Code Signing" in text
    for bad in (["--days=0"], ["--cn=a", "--genkey=b"], ["--encrypt", "--token=pkcs11:"]):
        assert cli.run("key", "rotate", "--store", tmp_path / "other", *bad).returncode == 2
        assert not (tmp_path / "other").exists()
