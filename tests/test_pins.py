# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a PIN that stands in a pkcs11: URI go anywhere but to the token?

The PIN is looked for in every byte that a run has written: what it said, its JSON, and all
files below the place that it worked in.
"""

import json
import os
import stat

import pytest
from support.keys import stores

from support import cli

PIN = "S3cretPin"
SPELLINGS = [
    f"pkcs11:token=t;object=k?pin-value={PIN}",
    f"pkcs11:token=t;object=k?module-path=/x.so&pin-value={PIN}",
    f"pkcs11:token=t?pin-value={PIN}&module-path=/x.so",
    f"PKCS11:token=t?pin-value={PIN}",
    f"pkcs11:token=t?PIN-VALUE={PIN}",
    f"pkcs11:token=t?pin%2Dvalue={PIN}",
    f"pkcs11:token=t?%70in-value={PIN}",
    f"pkcs11:token=t;pin-value={PIN}",
    *(f"pkcs11:token=t?pin-value=12{between}{PIN}" for between in ("',", "').", "' ", '";')),
]


def everything(place, done):
    content = (done.stdout + done.stderr).encode(errors="surrogateescape")
    for path in sorted(place.rglob("*")):
        content += os.fsencode(path.name)
        if path.is_file():
            content += path.read_bytes()
    return content


def said_nothing_of(place, done):
    assert PIN.encode() not in everything(place, done), cli.said(done)


@pytest.fixture
def system(tmp_path, pki):
    """A root that DKMS could be in, with modseal's programs for it."""
    root = tmp_path / "root"
    for name in "modseal-dkms-sign", "modseal-dkms-check":
        path = root / "libexec" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    (root / "keys").mkdir()
    (root / "keys/k.crt").write_bytes((pki / "p384.der").read_bytes())
    (root / "etc/dkms/framework.conf.d").mkdir(parents=True)
    return root


def set_up(root, *arguments):
    return cli.run("dkms", "setup", "--root", root, "--libexec", "/libexec", *arguments)


@pytest.mark.parametrize("json_too", [False, True])
@pytest.mark.parametrize("uri", SPELLINGS)
def test_dkms_is_told_no_pin(uri, json_too, system):
    options = ["--json"] if json_too else ["-v"]
    done = set_up(system, "-k", uri, "-c", "/keys/k.crt", *options)
    assert done.returncode == 2
    assert "hint: " in done.stderr and "--pin-file FILE" in done.stderr
    assert not list((system / "etc/dkms/framework.conf.d").iterdir())
    said_nothing_of(system, done)


def test_the_mend_that_is_told_works(system):
    (system / "keys/pin").write_text(PIN)
    (system / "keys/pin").chmod(0o600)
    uri = "pkcs11:token=t;object=k"
    done = set_up(system, "-k", uri, "-c", "/keys/k.crt", "--pin-file", "/keys/pin")
    assert done.returncode == 0, cli.said(done)
    conf = (system / "etc/dkms/framework.conf.d/modseal.conf").read_text()
    assert uri in conf and PIN not in conf
    done = set_up(system, "-k", f"{uri}?pin-source=/keys/pin", "-c", "/keys/k.crt")
    assert done.returncode == 0, cli.said(done)


def test_a_pin_that_dkms_was_told_before_is_not_told_again(system):
    conf = system / "etc/dkms/framework.conf.d/other.conf"
    conf.write_text(f'mok_signing_key="{SPELLINGS[0]}"\nmok_certificate="/keys/k.crt"\n')
    done = set_up(system, "--json")
    conf.unlink()
    assert done.returncode == 2
    said_nothing_of(system, done)


@pytest.mark.parametrize("uri", SPELLINGS)
@pytest.mark.parametrize("form", ["MODULE_SIG_KEY={}", 'MODULE_SIG_KEY="{}"'])
def test_a_configuration_gets_no_pin(form, uri, tmp_path):
    config = tmp_path / ".config"
    config.write_text('CONFIG_MODULE_SIG_KEY="certs/signing_key.pem"\n')
    before = config.read_bytes()
    done = cli.run("config", "set", form.format(uri), config, "--json")
    assert done.returncode == 2 and "KBUILD_SIGN_PIN" in done.stderr
    assert config.read_bytes() == before
    said_nothing_of(tmp_path, done)


@pytest.mark.parametrize("uri", SPELLINGS)
def test_a_configuration_s_pin_is_not_shown(uri, tmp_path):
    place = tmp_path / "place"
    place.mkdir()
    config = tmp_path / ".config"
    config.write_text(f'CONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY="{uri}"\n'
                      'CONFIG_MODULE_SIG_SHA512=y\nCONFIG_MODULE_SIG_HASH="sha512"\n')
    for command in (["get", "MODULE_SIG_KEY"], ["check"]):
        done = cli.run("config", *command, config, "--json")
        assert done.returncode != 0
        said_nothing_of(place, done)


def asked(*arguments, **options):
    """Of runs that may get as far as libp11's engine, which leaks (see test_pkcs11.py)."""
    return cli.run(*arguments, env=cli.without_leak_check(), **options)


@pytest.mark.parametrize("uri", SPELLINGS)
def test_no_message_of_signing_has_the_pin(uri, module, tmp_path):
    before = module.read_bytes()
    place = tmp_path / "place"
    place.mkdir()
    for command in (["sign", "-v", "-k", uri], ["sign", "--json", "-k", module, "-c", uri],
                    ["resign", "--key", uri], ["key", "new", "--token", uri, "-v"],
                    ["key", "rotate", "--token", uri, "--store", place / "s"],
                    ["key", "new", "--store", place / "s", "--token", uri, "--json"],
                    ["sign", f"--kez={uri}"], ["sign", "-k", "x", "--hash", uri],
                    ["verify", "--trust", uri], ["certs", uri], [uri]):
        done = asked(*command, *([module] if command[0] in ("sign", "verify", "resign") else []))
        assert done.returncode == 2, command
        said_nothing_of(place, done)
    assert module.read_bytes() == before


def test_a_pin_in_the_arguments_is_warned_of(module):
    done = asked("sign", "-k", SPELLINGS[0], module)
    assert done.returncode == 2
    assert "warning: a PIN in the arguments" in done.stderr and "--pin-file" in done.stderr
    done = asked("sign", "-q", "-k", SPELLINGS[0], module)
    assert done.returncode == 2
    assert "warning" not in done.stderr


def test_sign_file_s_messages_have_no_pin(module, tmp_path):
    link = tmp_path / "sign-file"
    link.symlink_to(cli.PROGRAM)
    done = asked("sha256", SPELLINGS[0], "nowhere.crt", module, program=link)
    assert done.returncode == 1 and PIN not in done.stdout + done.stderr


@pytest.mark.parametrize("uri", SPELLINGS)
def test_a_store_s_uri_with_a_pin_is_a_fault_and_not_shown(uri, pki, module, tmp_path):

    store = stores.certs_local(tmp_path / "store", pki, {"20260101-1200": "p384"})
    generation = store / "20260101-1200"
    (generation / "signing_key.pem").rename(generation / "signing_crt.pem")
    (generation / "signing_prv.pem").unlink()
    (generation / "signing_key.uri").write_text(f"{uri}\n")
    (generation / "signing_key.uri").chmod(0o600)
    place = tmp_path / "place"
    place.mkdir()
    for command in (["key", "status", "--json"], ["key", "list", "--json"], ["key", "list"],
                    ["key", "rotate", "--refresh", "always"], ["sign", module, "-v"],
                    ["key", "install", place / "to"], ["key", "prune", "--keep", "1", "--json"]):
        done = cli.run(*command, "--store", store)
        said_nothing_of(place, done)
        if command[1] == "status":
            assert json.loads(done.stdout)["status"] == 1
            assert "holds a PIN" in done.stdout


def test_programs_that_are_run_have_no_pin_in_their_environment(pki, tmp_path):
    stubs = tmp_path / "stubs"
    stubs.mkdir()
    for name in "mokutil", "keyctl":
        path = stubs / name
        path.write_text(f"#!/bin/sh\nenv >> {tmp_path}/seen\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    env = {"PATH": f"{stubs}:{os.environ['PATH']}", "KBUILD_SIGN_PIN": PIN, "MARK": "seen"}
    cli.run("key", "enroll", "--keyring", ".secondary_trusted_keys", pki / "p384.der", env=env)
    content = (tmp_path / "seen").read_text()
    assert "MARK=seen" in content and PIN not in content


def test_a_token_key_s_uri_is_written_as_it_is_in_json(pki, tmp_path):

    store = stores.certs_local(tmp_path / "store", pki, {"20260101-1200": "p384"})
    generation = store / "20260101-1200"
    (generation / "signing_key.pem").rename(generation / "signing_crt.pem")
    (generation / "signing_prv.pem").unlink()
    uri = "pkcs11:token=my%20token;object=%C3%A4;id=%01%FF"
    (generation / "signing_key.uri").write_text(f"{uri}\n")
    (generation / "signing_key.uri").chmod(0o600)
    assert cli.document("key", "list", "--store", store)["generations"][0]["key"] == uri
    config = tmp_path / ".config"
    config.write_text('CONFIG_MODULE_SIG_KEY=""\n')
    done = cli.document("config", "set", f"MODULE_SIG_KEY={uri}", config)
    assert done["settings"][0]["value"] == uri
    assert cli.document("config", "get", "MODULE_SIG_KEY", config)["configs"][0]["value"] == uri
