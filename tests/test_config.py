# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do the config commands change what was asked for and nothing else, and see contradictions?

The oracle for what a configuration says is the kernel's own reader, scripts/kconfig/conf
(Debian's linux-kbuild), and openssl for the certificates in a file.
"""

import difflib
import gzip
import os
import pathlib
import re
import shlex
import shutil
import stat
import subprocess

import pytest

from support import cli
from support.kernel import kernels
from support.kernel.kconfigs import GOOD

pytestmark = pytest.mark.anywhere

CONF = pathlib.Path("/usr/lib/linux-kbuild-6.1/scripts/kconfig/conf")
KCONFIG = """
mainmenu "test"
config MODULES
\tbool "modules"
\tmodules
config TEST_BOOL
\tbool "bool"
config TEST_TRI
\ttristate "tristate"
config TEST_INT
\tint "int"
config TEST_HEX
\thex "hex"
config LOCALVERSION
\tstring "string"
"""


@pytest.fixture
def config(tmp_path):
    path = tmp_path / ".config"
    path.write_text(GOOD)
    return path


def changed_lines(before, after):
    return [line for line in difflib.ndiff(before.splitlines(True), after.splitlines(True))
            if line[0] in "+-"]


def read_by_conf(directory, text):
    """What the kernel's own reader makes of a configuration: its auto.conf."""
    if not CONF.exists():
        pytest.skip("no linux-kbuild-6.1 on this machine: no kernel's conf to ask")
    (directory / "Kconfig").write_text(KCONFIG)
    (directory / "asked").write_bytes(text)
    done = subprocess.run([CONF, "--olddefconfig", "Kconfig"], cwd=directory, text=True,
                          capture_output=True, check=True,
                          env={**os.environ, "KCONFIG_CONFIG": "asked"})
    assert "warning" not in done.stderr, done.stderr
    return (directory / "asked").read_text()


@pytest.mark.parametrize("start", ["", "# CONFIG_{} is not set\n", "CONFIG_{}={}\n"],
                         ids=["absent", "not-set", "there"])
@pytest.mark.parametrize("key, old, new, line", [
    ("TEST_BOOL", "y", "n", "# CONFIG_TEST_BOOL is not set"),
    ("TEST_BOOL", "y", "y", "CONFIG_TEST_BOOL=y"),
    ("TEST_TRI", "y", "m", "CONFIG_TEST_TRI=m"),
    ("TEST_INT", "5", "-17", "CONFIG_TEST_INT=-17"),
    ("TEST_HEX", "0x1", "0xbeef", "CONFIG_TEST_HEX=0xbeef"),
    ("LOCALVERSION", '"-a"', r'q"uote\slash', r'CONFIG_LOCALVERSION="q\"uote\\slash"'),
])
def test_the_kernels_own_reader_reads_what_was_set(start, key, old, new, line, tmp_path):
    path = tmp_path / "config"
    path.write_text("CONFIG_MODULES=y\n" + start.format(key, old))
    cli.ok("config", "set", f"{key}={new}", path)
    assert f"{line}\n" in read_by_conf(tmp_path, path.read_bytes())
    assert cli.ok("config", "get", key, path) == f"{new}\n"


@pytest.mark.parametrize("name", kernels.CLOUD[:2])
def test_one_line_of_a_real_config_changes_and_no_other_byte(name, tmp_path):
    path = tmp_path / "config"
    shutil.copyfile(kernels.kernel(name).config, path)
    before = path.read_text()
    cli.ok("config", "set", "CONFIG_MODULE_SIG_FORCE=y", path)
    assert changed_lines(before, path.read_text()) == [
        "- # CONFIG_MODULE_SIG_FORCE is not set\n", "+ CONFIG_MODULE_SIG_FORCE=y\n"]
    cli.ok("config", "set", "MODULE_SIG_FORCE", "n", path)
    assert path.read_text() == before
    cli.ok("config", "set", "SYSTEM_TRUSTED_KEYS=/keys.pem", path)
    assert path.read_text() == before + 'CONFIG_SYSTEM_TRUSTED_KEYS="/keys.pem"\n'


@pytest.mark.parametrize("name", kernels.CLOUD[:2])
def test_a_kernel_that_debian_ships_has_no_contradiction(name):
    cli.ok("config", "check", "--installed", kernels.kernel(name).config)


def test_a_config_without_the_line_or_with_a_commented_one_gains_it(tmp_path):
    for text in ("CONFIG_A=y\n", "CONFIG_A=y\n#CONFIG_SYSTEM_TRUSTED_KEYS=\"\"\n",
                 "# CONFIG_SYSTEM_TRUSTED_KEYS is not set\nCONFIG_A=y\n"):
        path = tmp_path / "config"
        path.write_text(text)
        cli.ok("config", "set", "SYSTEM_TRUSTED_KEYS=k.pem", path)
        assert cli.ok("config", "get", "SYSTEM_TRUSTED_KEYS", path) == "k.pem\n"


def test_what_needs_no_change_is_not_written(config):
    before = config.stat()
    cli.ok("config", "set", "MODULE_SIG=y", "MODULE_SIG_FORCE=n", "MODULE_SIG_HASH=sha512", config)
    assert config.stat().st_ino == before.st_ino
    result = cli.document("config", "set", "MODULE_SIG=y", config)
    assert result["configs"] == [{"path": str(config), "result": "unchanged"}]


def test_mode_and_a_link_to_it_are_kept(config, tmp_path):
    config.chmod(0o604)
    link = tmp_path / "link"
    link.symlink_to(".config")
    cli.ok("config", "set", "MODULE_SIG_FORCE=y", link)
    assert link.is_symlink() and stat.S_IMODE(config.stat().st_mode) == 0o604
    assert "CONFIG_MODULE_SIG_FORCE=y\n" in config.read_text()
    assert sorted(p.name for p in tmp_path.iterdir()) == [".config", "link"]


@pytest.mark.parametrize("arguments, value", [
    (["MODULE_SIG_KEY", "a.pem"], "a.pem"),
    (["CONFIG_MODULE_SIG_KEY=a=b.pem"], "a=b.pem"),
    (['MODULE_SIG_KEY="y"'], "y"),
    (["MODULE_SIG_KEY="], ""),
])
def test_settings_are_taken_as_a_user_would_write_them(arguments, value, config):
    cli.ok("config", "set", *arguments, config)
    assert f'CONFIG_MODULE_SIG_KEY="{value}"\n' in config.read_text()


BAD = {
    "empty": b"",
    "binary": b"\x7fELF\0\0\0",
    "a NUL": b"CONFIG_A=y\n# \0\n",
    "twice": b"CONFIG_A=y\nCONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG=n\n",
    "unterminated": b'CONFIG_A="x\nCONFIG_MODULE_SIG=y\n',
    "a web page": b"<html>\n",
    "a long line": b"CONFIG_A=" + b"1" * (17 << 20) + b"\n",
}


@pytest.mark.parametrize("content", BAD.values(), ids=BAD)
def test_what_is_no_config_is_trouble_and_the_others_stay_as_they_were(content, config, tmp_path):
    bad = tmp_path / "bad"
    bad.write_bytes(content)
    done = cli.run("config", "set", "MODULE_SIG=n", config, bad)
    assert done.returncode == 2 and f"'{bad}'" in done.stderr, cli.said(done)
    assert config.read_text() == GOOD and bad.read_bytes() == content
    assert cli.run("config", "trust", bad, config).returncode == 2
    assert config.read_text() == GOOD


def test_what_cannot_be_read_or_written_is_trouble(config, tmp_path):
    for path in (tmp_path / "nowhere", tmp_path, tmp_path / "a" / "b"):
        for command in (["get", "A"], ["set", "A=y"], ["check"]):
            done = cli.run("config", *command, path)
            assert done.returncode == 2 and str(path) in done.stderr, cli.said(done)
    packed = tmp_path / "config.gz"
    packed.write_bytes(gzip.compress(GOOD.encode()))
    assert cli.ok("config", "get", "MODULE_SIG", packed) == "y\n"
    assert cli.run("config", "set", "MODULE_SIG=n", config, packed).returncode == 2
    assert config.read_text() == GOOD


def test_one_file_by_two_names_is_not_changed_twice(config):
    done = cli.run("config", "set", "MODULE_SIG_FORCE=y", config, f"{config.parent}/./.config")
    assert done.returncode == 2 and "are the same file" in done.stderr
    assert config.read_text() == GOOD


@pytest.mark.parametrize("setting", ["MODULE_SIG=yes", "MODULE_SIG=1", "NEW=true", "A-B", "=y"])
def test_a_setting_that_cannot_be_meant_is_refused(setting, config):
    assert cli.run("config", "set", setting, config).returncode == 2
    assert config.read_text() == GOOD


def test_get_says_of_each_config_what_it_says_and_no_where_they_differ(config, tmp_path):
    other = tmp_path / "other"
    other.write_text(GOOD.replace('"sha512"', '"sha384"'))
    done = cli.run("config", "get", "CONFIG_MODULE_SIG_HASH", config, other)
    assert done.returncode == 1
    assert done.stdout == f"{config}: sha512\n{other}: sha384\n"
    result = cli.document("config", "get", "MODULE_SIG_HASH", config, other)
    assert [c["value"] for c in result["configs"]] == ["sha512", "sha384"]
    assert (result["key"], result["same"]) == ("CONFIG_MODULE_SIG_HASH", False)
    done = cli.run("config", "get", "NOWHERE", config)
    assert (done.returncode, done.stdout) == (1, "")
    assert cli.run("config", "get", "MODULE_SIG", config, other).returncode == 0
    twice = tmp_path / "twice"
    twice.write_text("CONFIG_A=y\nCONFIG_A=n\n")
    assert cli.run("config", "get", "A", twice).returncode == 2
    assert cli.document("config", "get", "A", twice)["same"] is None


# trust


def subjects(path):
    """Common names of the certificates in a PEM file, as openssl reads it."""
    done = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", path],
                          capture_output=True, check=True)
    text = subprocess.run(["openssl", "pkcs7", "-print_certs", "-noout"], input=done.stdout,
                          capture_output=True, check=True).stdout.decode()
    return sorted(re.findall(r"(?m)^subject=.*CN ?= ?([^,\n]+)", text))


def trusted_file(config):
    return cli.ok("config", "get", "SYSTEM_TRUSTED_KEYS", config).strip()


def test_trusted_keys_already_configured_are_kept(config, pki, tmp_path):
    shutil.copy(pki / "rsa2048.pem", tmp_path / "mine.pem")
    config.write_text(GOOD.replace('KEYS=""', 'KEYS="mine.pem"'))
    result = cli.document("config", "trust", pki / "rsa4096.der", config)
    (entry,) = result["configs"]
    assert (entry["added"], entry["result"]) == (1, "changed")
    assert entry["keys"] == trusted_file(config) == str(config) + ".trusted.pem"
    assert subjects(entry["keys"]) == ["rsa2048", "rsa4096"]
    assert len(entry["certificates"]) == 2
    assert subjects(tmp_path / "mine.pem") == ["rsa2048"]
    lines = changed_lines(GOOD.replace('KEYS=""', 'KEYS="mine.pem"'), config.read_text())
    assert len(lines) == 2
    again = cli.document("config", "trust", pki / "rsa2048.pem", config)["configs"][0]
    assert (again["added"], again["result"]) == (0, "unchanged")
    said = cli.ok("config", "trust", pki / "rsa3072.pem", config)
    for name in ("rsa2048", "rsa3072", "rsa4096"):
        assert f"CN={name}" in said


def test_the_combined_file_does_not_depend_on_the_order_and_holds_no_key(pki, tmp_path):
    kinds = ["p256", "p384", "rsa2048"]
    results = []
    for order in (kinds, kinds[::-1]):
        config = tmp_path / "config"
        config.write_text(GOOD)
        for kind in order:
            cli.ok("config", "trust", pki / f"{kind}-both.pem", config)
        results.append(pathlib.Path(trusted_file(config)).read_bytes())
        os.unlink(trusted_file(config))
    assert results[0] == results[1] and b"PRIVATE" not in results[0]


def test_extract_cert_of_the_kernel_reads_the_combined_file(config, pki, tmp_path):
    program = pathlib.Path("/usr/lib/linux-kbuild-6.1/certs/extract-cert")
    if not program.exists():
        pytest.skip("no extract-cert of a kernel on this machine")
    cli.ok("config", "trust", pki / "p384.pem", config)
    cli.ok("config", "trust", pki / "rsa2048.pem", config)
    subprocess.run([program, trusted_file(config), tmp_path / "list"], check=True)
    ders = [(pki / f"{kind}.der").read_bytes() for kind in ("p384", "rsa2048")]
    assert (tmp_path / "list").read_bytes() == b"".join(sorted(ders))


def test_several_configs_trust_or_none_does(config, pki, tmp_path):
    other = tmp_path / "other"
    other.write_text(GOOD.replace('KEYS=""', 'KEYS="debian/certs.pem"'))
    done = cli.run("config", "trust", pki / "p384.pem", config, other)
    assert done.returncode == 2 and "is not there" in done.stderr
    assert config.read_text() == GOOD
    assert sorted(p.name for p in tmp_path.iterdir()) == [".config", "other"]
    (hint,) = re.findall(r"hint: modseal (.*) forgets it", done.stderr)
    cli.ok(*shlex.split(hint))
    cli.ok("config", "trust", pki / "p384.pem", config, other)
    assert subjects(trusted_file(config)) == subjects(trusted_file(other)) == ["p384"]


@pytest.mark.parametrize("name", ["p384.key", "ed25519.pem", "p384-pub.pem"])
def test_what_is_no_certificate_for_a_kernel_is_refused(name, config, pki, tmp_path):
    assert cli.run("config", "trust", pki / name, config).returncode == 2
    assert config.read_text() == GOOD
    assert [p.name for p in tmp_path.iterdir()] == [".config"]


# check


def found(config, *options):
    """What check finds: {id: severity}, and the exit status."""
    result = cli.document("config", "check", *options, config)
    return {f["id"]: f for f in result["findings"] if f["severity"] != "info"}, result["status"]


def test_a_good_config_has_nothing_wrong(config):
    assert found(config) == ({}, 0)
    assert cli.ok("config", "check", config).count("\n") == 1
    assert "modules are signed with sha512" in cli.ok("config", "check", "-v", config)


def test_hashes_of_modules_stand_in_for_signatures(config):
    text = GOOD.replace("CONFIG_MODULE_SIG=y", "# CONFIG_MODULE_SIG is not set")
    text = text.replace("# CONFIG_MODULE_SIG_FORCE is not set", "CONFIG_MODULE_SIG_FORCE=y")
    config.write_text(text + "CONFIG_SECURITY_LOCKDOWN_LSM=y\n")
    assert set(found(config)[0]) == {"signing-off", "requirement"}
    config.write_text(text + "CONFIG_SECURITY_LOCKDOWN_LSM=y\nCONFIG_MODULE_HASHES=y\n")
    assert found(config) == ({}, 0)
    assert "known by their hashes" in cli.ok("config", "check", "-v", config)


CONTRADICTIONS = {
    "signing-off": [("CONFIG_MODULE_SIG=y", "# CONFIG_MODULE_SIG is not set")],
    "requirement": [("CONFIG_PKCS7_MESSAGE_PARSER=y", "CONFIG_PKCS7_MESSAGE_PARSER=m")],
    "hash-contradiction": [('"sha512"', '"sha256"')],
    "hash-weak": [('"sha512"', '"sha1"')],
    "hash-unknown": [('"sha512"', '"sha-512"')],
    "hash-not-built-in": [("CONFIG_CRYPTO_SHA512=y", "CONFIG_CRYPTO_SHA512=m")],
    "hash-choice": [("# CONFIG_MODULE_SIG_SHA256 is not set", "CONFIG_MODULE_SIG_SHA256=y")],
    "key-empty": [('"certs/signing_key.pem"', '""')],
    "key-missing": [('"certs/signing_key.pem"', '"mine.pem"')],
    "key-type-hash": [
        ("CONFIG_MODULE_SIG_SHA512=y", "CONFIG_MODULE_SIG_SHA256=y"),
        ("# CONFIG_MODULE_SIG_SHA256 is not set\n", ""), ('"sha512"', '"sha256"'),
        ("# CONFIG_MODULE_SIG_KEY_TYPE_ECDSA is not set", "CONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y"),
        ("CONFIG_MODULE_SIG_KEY_TYPE_RSA=y\n", ""),
        ("# CONFIG_CRYPTO_ECDSA is not set", "CONFIG_CRYPTO_ECDSA=y")],
    "mldsa-attributes": [
        ("CONFIG_MODULE_SIG_KEY_TYPE_RSA=y",
         "CONFIG_MODULE_SIG_KEY_TYPE_MLDSA_65=y\nCONFIG_CRYPTO_MLDSA=y\n"
         "CONFIG_OPENSSL_SUPPORTS_ML_DSA=y")],
    "certificates-missing": [('KEYS=""', 'KEYS="debian/certs.pem"')],
    "hash-list-missing": [("CONFIG_LSM", 'CONFIG_SYSTEM_BLACKLIST_HASH_LIST="gone"\nCONFIG_LSM')],
    "compression-choice": [("CONFIG_MODULE_COMPRESS=y", "# CONFIG_MODULE_COMPRESS is not set")],
    "decompression-of-nothing": [("CONFIG_MODULE_COMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\n", "")],
    "decompression-decoder": [("CONFIG_XZ_DEC=y", "CONFIG_XZ_DEC=m")],
    "decompression-loadpin": [
        ("CONFIG_MODULE_DECOMPRESS=y", "CONFIG_SECURITY_LOADPIN_ENFORCE=y")],
    "lockdown-not-started": [
        ("lockdown,", ""),
        ("CONFIG_LSM", "CONFIG_SECURITY_LOCKDOWN_LSM=y\n"
                       "CONFIG_LOCK_DOWN_KERNEL_FORCE_INTEGRITY=y\nCONFIG_LSM")],
}


@pytest.mark.parametrize("fault", CONTRADICTIONS)
def test_a_contradiction_is_found_and_its_mend_mends_it(fault, config):
    text = GOOD
    for old, new in CONTRADICTIONS[fault]:
        assert old in text
        text = text.replace(old, new, 1)
    config.write_text(text)
    findings, status = found(config)
    assert status == 1 and fault in findings, findings
    assert findings[fault]["severity"] == "error"
    for _ in range(4):
        mends = [finding["mend"] for finding in findings.values()]
        if not mends:
            break
        program, *words = shlex.split(mends[0])
        assert program == "modseal"
        cli.ok(*words)
        findings, status = found(config)
    assert (findings, status) == ({}, 0)


def test_a_symbol_that_is_there_twice_is_found(config):
    config.write_text(GOOD + "CONFIG_MODULE_SIG_FORCE=y\n")
    assert found(config)[0]["twice"]["severity"] == "error"


def test_a_key_file_is_held_against_the_configuration(config, pki, tmp_path):
    (tmp_path / "certs").mkdir()
    key = tmp_path / "certs" / "signing_key.pem"
    shutil.copy(pki / "rsa4096-both.pem", key)
    key.chmod(0o600)
    assert found(config) == ({}, 0)
    key.chmod(0o644)
    findings, status = found(config)
    assert status == 1 and list(findings) == ["key-mode"]
    subprocess.run(findings["key-mode"]["mend"], shell=True, check=True)
    assert found(config) == ({}, 0)
    shutil.copy(pki / "p384-both.pem", key)
    assert set(found(config)[0]) == {"key-algorithm", "key-type-contradiction"}
    cli.ok(*shlex.split(found(config)[0]["key-type-contradiction"]["mend"])[1:])
    assert found(config) == ({}, 0)
    shutil.copy(pki / "p384-enc-both.pem", key)  # nobody knows its passphrase here
    assert found(config) == ({}, 0)
    for name in ("p384.key", "p384.pem"):
        shutil.copy(pki / name, key)
        assert set(found(config)[0]) >= {"key-unusable"}, name
    key.write_bytes((pki / "p384.key").read_bytes() + (pki / "rsa2048.pem").read_bytes())
    assert set(found(config)[0]) >= {"key-unusable"}


def test_trusted_and_revoked_certificates_are_looked_at(config, pki, tmp_path):
    def with_keys(trusted, revoked=""):
        config.write_text(GOOD.replace('KEYS=""', f'KEYS="{trusted}"') + (
            "CONFIG_SYSTEM_BLACKLIST_KEYRING=y\nCONFIG_SYSTEM_REVOCATION_LIST=y\n"
            f'CONFIG_SYSTEM_REVOCATION_KEYS="{revoked}"\n'))
        return {name: finding["severity"] for name, finding in found(config)[0].items()}

    assert with_keys(pki / "rsa2048.pem") == {}
    assert with_keys(pki / "p384.pem") == {"trusted-algorithm": "error"}
    assert with_keys(pki / "p192.pem") == {"trusted-algorithm": "error"}
    assert with_keys(pki / "p224.pem") == {"trusted-unusable": "error"}
    assert with_keys(pki / "ed25519.pem") == {"trusted-unusable": "error"}
    assert with_keys(pki / "rsa2048.key") == {"certificates-corrupt": "error"}
    assert with_keys(pki / "rsa2048.der") == {"certificates-der": "error"}
    assert with_keys(pki / "rsa2048-both.pem") == {"certificates-private-key": "warning"}
    assert with_keys(pki / "rsa2048.pem", pki / "rsa2048.pem") == {"trusted-and-revoked": "error"}
    assert with_keys(pki / "rsa2048.pem", "gone.pem") == {"certificates-missing": "error"}
    shutil.copy(pki / "rsa2048-both.pem", tmp_path / "both.pem")
    with_keys(tmp_path / "both.pem")
    mend = found(config)[0]["certificates-private-key"]["mend"]
    subprocess.run(mend, shell=True, check=True,
                   env={**os.environ, "PATH": f"{cli.PROGRAM.parent}:{os.environ['PATH']}"})
    assert found(config) == ({}, 0)


def test_an_installed_kernels_config_is_not_asked_for_its_build_s_files(config):
    config.write_text(GOOD.replace('KEYS=""', 'KEYS="debian/certs.pem"'))
    assert found(config, "--installed") == ({}, 0)
