# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a new key made when one is due and only then, and does every configuration trust it?

What was made is read by the openssl program; certificates in the files that configurations
name are read as Linux's extract-cert reads them, by that program, too.
"""

import os
import re
import shutil
import subprocess

import pytest
from support.keys import stores

from support import cli

EC = "CONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y"
RSA = "CONFIG_MODULE_SIG_KEY_TYPE_RSA=y"
SYMBOL = "CONFIG_SYSTEM_TRUSTED_KEYS"
NAME = re.compile(r"\d{8}-\d{4}(-\d+)?")


def make_config(path, kind=EC, khash="sha512", trusted='""'):
    """A kernel configuration with what surrounds the lines that matter."""
    path.parent.mkdir(parents=True, exist_ok=True)
    other = {EC: "# CONFIG_MODULE_SIG_KEY_TYPE_RSA is not set",
             RSA: "# CONFIG_MODULE_SIG_KEY_TYPE_ECDSA is not set"}[kind]
    line = f"{SYMBOL}={trusted}\n" if trusted is not None else ""
    path.write_text(f'#\n# a comment\n#\nCONFIG_MODULES=y\nCONFIG_MODULE_SIG=y\n{other}\n{kind}\n'
                    f'CONFIG_MODULE_SIG_HASH="{khash}"\n{line}# CONFIG_LAST is not set\n')
    return path


@pytest.fixture
def config(tmp_path):
    return make_config(tmp_path / "linux" / ".config")


@pytest.fixture
def store(tmp_path):
    """Where a store will be."""
    return tmp_path / "store"


def rotate(store, *arguments, **options):
    """The document of a rotation that must succeed."""
    result = cli.document("key", "rotate", "--store", store, *arguments, **options)
    assert result["status"] == 0, result
    return result


def refused(store, *arguments, **options):
    """What is said by a rotation that must fail and change nothing."""
    top = store.parent
    before = stores.snapshot(top)
    done = cli.run("key", "rotate", "--store", store, *arguments, **options)
    assert done.returncode == 2, cli.said(done)
    assert stores.snapshot(top) == before
    return done.stderr


def generations(store):
    return sorted(path.name for path in store.iterdir() if NAME.fullmatch(path.name))


def current(store):
    return os.readlink(store / "current")


def trusted_file(config):
    """What the configuration names."""
    (line,) = [line for line in config.read_text().splitlines() if line.startswith(f"{SYMBOL}=")]
    return line.split("=", 1)[1].strip('"')


def certs_in(path):
    """SHA-256 fingerprints of the certificates in a PEM file, by the openssl program."""
    blocks = re.findall(r"-----BEGIN CERT.*?END CERTIFICATE-----\n",
                        open(path, encoding="utf-8").read(), re.DOTALL)
    return {openssl("x509", "-noout", "-fingerprint", "-sha256", input=block) for block in blocks}


def fingerprint(path, form="PEM"):
    return openssl("x509", "-inform", form, "-in", path, "-noout", "-fingerprint", "-sha256")


def openssl(*arguments, **options):
    return subprocess.run(["openssl", *arguments], check=True, capture_output=True, text=True,
                          **options).stdout


def age(store, seconds):
    """Makes the current key's file that much older, which is what kernel-sign looks at."""
    key = store / "current" / "signing_key.pem"
    then = key.stat().st_mtime - seconds
    os.utime(key, (then, then))


def test_the_first_rotation_makes_a_store_of_the_documented_layout(store, config):
    result = rotate(store, "--config", config)
    assert (result["result"], result["due"], result["previous"]) == ("rotated", "no-key", None)
    name = result["current"]["name"]
    assert NAME.fullmatch(name) and current(store) == name and generations(store) == [name]
    modes = {path.name: path.stat().st_mode & 0o777 for path in (store / name).iterdir()}
    assert modes == {"signing_key.pem": 0o600, "signing_prv.pem": 0o600,
                     "signing_crt.crt": 0o644, "khash": 0o644, "ktype": 0o644}
    assert store.stat().st_mode & 0o777 == (store / name).stat().st_mode & 0o777 == 0o700
    assert (store / name / "khash").read_text() == "sha512\n"
    assert (store / name / "ktype").read_text() == "ec\n"
    assert cli.run("key", "status", "--store", store).returncode == 0
    assert sorted(path.name for path in store.iterdir()) == [name, "current"]


def test_key_and_certificate_are_what_openssl_says_they_should_be(store, config):
    where = store / rotate(store, "--config", config)["current"]["name"]
    publics = {openssl("pkey", "-in", where / name, "-pubout")
               for name in ("signing_key.pem", "signing_prv.pem")}
    publics.add(openssl("x509", "-in", where / "signing_key.pem", "-noout", "-pubkey"))
    assert len(publics) == 1
    assert fingerprint(where / "signing_key.pem") == fingerprint(where / "signing_crt.crt", "DER")
    text = openssl("x509", "-in", where / "signing_key.pem", "-noout", "-text",
                   "-nameopt", "RFC2253")
    for part in ("CN=Local Out of tree kernel module signing key", "ecdsa-with-SHA512",
                 "ASN1 OID: secp384r1", "CA:FALSE", "Digital Signature"):
        assert part in text, part


def test_a_configuration_gains_one_line_and_keeps_the_others(store, config):
    before = config.read_text()
    config.chmod(0o640)
    name = rotate(store, "--config", config)["current"]["name"]
    path = store / name / "signing_key.pem"
    assert trusted_file(config) == str(path)
    assert config.read_text() == before.replace(f'{SYMBOL}=""', f'{SYMBOL}="{path}"')
    assert config.stat().st_mode & 0o777 == 0o640


def test_a_young_key_is_kept_and_the_configuration_seen_to(store, config):
    first = rotate(store, "--config", config)
    before = stores.snapshot(store), config.read_bytes()
    result = rotate(store, "--config", config)
    assert (result["result"], result["due"]) == ("kept", "not-due")
    assert result["configs"][0]["result"] == "unchanged"
    assert (stores.snapshot(store), config.read_bytes()) == before
    other = make_config(config.parent / "other")
    assert rotate(store, other)["configs"][0]["result"] == "updated"
    assert trusted_file(other) == str(store / first["current"]["name"] / "signing_key.pem")


def test_always_makes_a_new_key_of_the_same_minute_with_a_number(store, config):
    names = [rotate(store, "--refresh", "always", "--config", config)["current"]["name"]
             for _ in range(3)]
    assert generations(store) == sorted(names) and len(set(names)) == 3
    if len({name[:13] for name in names}) == 1:
        assert [name[13:] for name in names] == ["", "-2", "-3"]
    assert current(store) == names[-1]
    keys = {fingerprint(store / name / "signing_key.pem") for name in names}
    assert len(keys) == 3


@pytest.mark.parametrize("period, seconds", [
    ("90s", 90), ("5m", 300), ("3h", 10800), ("7d", 604800), ("2w", 1209600), (None, 604800),
    ("7days", 604800),
])
def test_a_key_older_than_the_period_is_due(store, config, period, seconds):
    refresh = ["--refresh", period] if period else []
    rotate(store, "--config", config)
    age(store, seconds - 60)
    assert rotate(store, *refresh, "--config", config)["due"] == "not-due"
    age(store, 60)
    result = rotate(store, *refresh, "--config", config)
    assert (result["due"], result["result"]) == ("age", "rotated")
    assert rotate(store, *refresh, "--config", config)["due"] == "not-due"


def test_a_key_is_as_old_as_its_directory_says(store, config, pki):
    stores.certs_local(store, pki, {"20200101-1200": "p384"})
    result = rotate(store, "--refresh", "52w", "--config", config)
    assert (result["due"], result["previous"]) == ("age", "20200101-1200")


def test_another_digest_algorithm_makes_a_new_key_due(store, config):
    rotate(store, "--config", config)
    make_config(config, khash="sha3-384")
    result = rotate(store, "--refresh", "99w", "--config", config)
    assert (result["due"], result["current"]["hash"]) == ("hash", "sha3-384")


def test_fault_an_rsa_to_ec_change_with_the_same_hash_needs_no_refresh(store, config):
    """genkeys compared the digest algorithm only."""
    rotate(store, "--config", config)
    make_config(config, kind=RSA)
    result = rotate(store, "--refresh", "99w", "--config", config)
    assert (result["due"], result["current"]["key_type"]) == ("type", "rsa4096")
    make_config(config, kind=EC)
    result = rotate(store, "--refresh", "99w", "--config", config)
    assert (result["due"], result["current"]["key_type"]) == ("type", "p384")


@pytest.mark.parametrize("nonsense", [
    "3y", "soon", "", "7", "d", "-7d", "0d", "7 d", "7dd", "1.5h", "0x7d", "Always",
    "99999999999999999999999999d", "9223372036854775807w",
])
def test_fault_nonsense_in_refresh_ends_in_a_traceback(store, config, nonsense):
    said = refused(store, f"--refresh={nonsense}", "--config", config)
    assert "Traceback" not in said and "hint: " in said
    assert not store.exists()


@pytest.mark.parametrize("what", ["missing", "directory", "binary", "empty", "text", "pattern"])
def test_fault_a_missing_or_unreadable_config_exits_0(store, config, what):
    path = config.parent / "bad"
    if what == "directory":
        path.mkdir()
    elif what != "missing":
        path.write_bytes({"binary": bytes(range(256)) * 9, "empty": b"", "text": b"hello\n",
                          "pattern": b""}[what])
    bad = config.parent / "nothing.*" if what == "pattern" else path
    assert str(bad) in refused(store, "--refresh=always", "--config", config, "--config", bad)
    assert not store.exists()


def test_fault_help_is_taken_for_a_file_name(store):
    assert "Usage: modseal key rotate" in cli.ok("key", "rotate", "--help")
    assert "unknown option" in refused(store, "--halp")


@pytest.mark.parametrize("trusted", [None, "not set"])
def test_fault_a_config_without_the_trusted_keys_line_is_left_unchanged(store, config, trusted):
    make_config(config, trusted=None)
    if trusted:
        text = config.read_text()
        config.write_text(text.replace("CONFIG_MODULES=y", f"# {SYMBOL} is not set\nCONFIG_MODULES=y"))
    lines = config.read_text().splitlines()
    name = rotate(store, "--config", config)["current"]["name"]
    line = f'{SYMBOL}="{store / name / "signing_key.pem"}"'
    if trusted:
        assert config.read_text().splitlines() == [
            line if old == f"# {SYMBOL} is not set" else old for old in lines]
    else:
        assert config.read_text().splitlines() == [*lines, line]


def test_fault_trusted_keys_already_configured_are_overwritten(store, config, pki):
    mine = [pki / "p521.pem", pki / "rsa2048.pem"]
    (config.parent / "certs").mkdir()
    (config.parent / "certs" / "mine.pem").write_bytes(b"".join(p.read_bytes() for p in mine))
    make_config(config, trusted='"certs/mine.pem"')
    expected = {fingerprint(path) for path in mine}
    for _ in range(3):
        name = rotate(store, "--refresh=always", "--config", config)["current"]["name"]
        new = fingerprint(store / name / "signing_key.pem")
        # what else was trusted, the new generation, and no older one
        assert certs_in(trusted_file(config)) == expected | {new}
    assert "PRIVATE" not in open(trusted_file(config), encoding="utf-8").read()


def test_certificates_that_a_config_names_and_are_not_there_are_an_error(store, config):
    make_config(config, trusted='"certs/gone.pem"')
    assert "certs/gone.pem" in refused(store, "--config", config)


def test_a_generation_that_is_gone_is_replaced(store, config):
    make_config(config, trusted='"/old/certs-local/20200101-1200/signing_key.pem"')
    name = rotate(store, "--config", config)["current"]["name"]
    assert trusted_file(config) == str(store / name / "signing_key.pem")


@pytest.mark.parametrize("one, other", [
    ({"khash": "sha512"}, {"khash": "sha256"}), ({"kind": EC}, {"kind": RSA}),
])
def test_fault_a_mismatch_between_configs_only_prints(store, tmp_path, one, other):
    configs = [make_config(tmp_path / "c" / "a", **one), make_config(tmp_path / "c" / "b", **other)]
    said = refused(store, "--refresh=always", *configs)
    assert "disagree" in said and all(str(path) in said for path in configs)
    assert not store.exists()


def test_a_config_that_asks_for_two_kinds_of_keys_is_an_error(store, config):
    config.write_text(config.read_text() + f"{RSA}\n")
    assert refused(store, "--config", config)


def test_a_config_with_the_key_line_twice_is_an_error(store, config):
    config.write_text(config.read_text() + f'{SYMBOL}="other.pem"\n')
    assert "twice" in refused(store, "--config", config)


def test_a_digest_that_modseal_does_not_sign_with_is_an_error(store, config):
    make_config(config, khash="sha1")
    assert "sha1" in refused(store, "--config", config)


def test_several_configs_and_quoted_patterns_get_the_same_key(store, tmp_path):
    configs = [make_config(tmp_path / "c" / f"config.{name}") for name in ("x86", "arm", "riscv")]
    result = rotate(store, "--config", tmp_path / "c" / "config.*")
    assert sorted(one["path"] for one in result["configs"]) == sorted(map(str, configs))
    key = store / result["current"]["name"] / "signing_key.pem"
    assert {trusted_file(path) for path in configs} == {str(key)}


def test_a_config_that_says_nothing_of_signing_agrees_with_every_other(store, tmp_path):
    silent = tmp_path / "c" / "silent"
    other = make_config(tmp_path / "c" / "other", khash="sha384")
    silent.write_text("CONFIG_MODULES=y\n")
    assert rotate(store, silent, other)["current"]["hash"] == "sha384"


def test_without_a_config_the_next_key_is_as_the_current_one(store, pki):
    stores.certs_local(store, pki, {"20200101-1200": "p521"})
    (store / "current" / "khash").write_text("sha3-256\n")
    result = rotate(store)
    assert result["current"]["key_type"] == "p521" and result["current"]["hash"] == "sha3-256"


def test_a_store_of_kernel_sign_is_rotated(store, config, pki):
    stores.certs_local(store, pki, {"20240101-1200": "rsa4096", "20250101-1200": "p384"})
    make_config(config, trusted=f'"{store}/20250101-1200/signing_key.pem"')
    result = rotate(store, "--config", config)
    assert (result["previous"], result["due"]) == ("20250101-1200", "age")
    new = result["current"]["name"]
    assert current(store) == new and len(generations(store)) == 3
    assert certs_in(trusted_file(config)) == {fingerprint(store / new / "signing_key.pem")}
    assert (store / "genkeys.py").exists()


@pytest.mark.parametrize("refresh", ["7d", "always"])
@pytest.mark.parametrize("target", ["20990101-0000", "../elsewhere", "/etc"])
def test_a_current_link_that_dangles_or_leaves_the_store_is_an_error(store, config, pki, target,
                                                                       refresh):
    stores.certs_local(store, pki, {"20250101-1200": "p384"}, current=target)
    said = refused(store, f"--refresh={refresh}", "--config", config)
    assert "current" in said and "hint: ln -sfn 20250101-1200" in said


@pytest.mark.parametrize("part", ["signing_key.pem", "signing_crt.crt", "khash"])
def test_fault_a_missing_key_directory_part_exits_0(store, config, pki, part):
    stores.certs_local(store, pki, {"20250101-1200": "p384"})
    (store / "current" / part).unlink()
    said = refused(store, "--refresh=always", "--config", config)
    assert part in said and "hint: " in said


def test_what_the_umask_is_does_not_matter(store, config):
    for mask in 0, 0o777:
        done = subprocess.run(
            ["sh", "-c", f'umask {mask:o}; exec "$@"', "sh", cli.PROGRAM, "key", "rotate",
             "--refresh=always", "--store", store, "--config", config],
            capture_output=True, text=True, check=False, env=cli.environment())
        assert done.returncode == 0, done.stderr
        for name in "signing_key.pem", "signing_prv.pem":
            assert (store / "current" / name).stat().st_mode & 0o777 == 0o600


def in_namespace(script):
    """A shell with mounts of its own."""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare")
    done = cli.run("-m", "sh", "-ec", script, program="unshare")
    if "permission denied" in done.stderr:
        pytest.skip("no mounts here")
    return done


@pytest.mark.parametrize("what", ["store", "linux"])
def test_a_read_only_file_system_is_told_and_nothing_changed(store, config, pki, what):
    stores.certs_local(store, pki, {"20250101-1200": "p384"})
    before = stores.snapshot(store.parent)
    where = store.parent / what
    done = in_namespace(
        f"mount --bind {where} {where}; mount -o remount,ro,bind {where}; "
        f"exec {cli.PROGRAM} key rotate --refresh=always --store {store} --config {config}")
    assert done.returncode == 2 and "Read-only file system" in done.stderr, cli.said(done)
    assert stores.snapshot(store.parent) == before


@pytest.mark.parametrize("what", ["store", "linux"])
def test_a_full_disk_is_told_and_nothing_changed(store, config, pki, what):
    stores.certs_local(store, pki, {"20250101-1200": "p384"})
    where, copy = store.parent / what, store.parent / "copy"
    done = in_namespace(
        f"cp -a {where} {copy}; mount -t tmpfs -o size=1m none {where}; cp -a {copy}/. {where}; "
        f"(cd {where}; find . | sort; find . -type f | sort | xargs sha256sum; readlink current || :"
        f") > {copy}.before; dd if=/dev/zero of={where}/fill bs=1k 2>/dev/null || :; "
        f"set +e; {cli.PROGRAM} key rotate --refresh=always --store {store} --config {config}; "
        f"status=$?; rm {where}/fill; (cd {where}; find . | sort; find . -type f | sort | "
        f"xargs sha256sum; readlink current || :) | diff {copy}.before - || exit 99; exit $status")
    assert done.returncode == 2 and "No space left on device" in done.stderr, cli.said(done)
    assert generations(store) == ["20250101-1200"] and current(store) == "20250101-1200"
