# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does doctor find everything that is wrong with a system, and never call good what it cannot see?

Each test makes up a whole system below a directory: what the running kernel says in /proc and
/sys, its image and configuration, EFI variables, a key store, DKMS. A healthy one has nothing
wrong; every test puts one fault into it.
"""

import hashlib
import os
import pathlib
import shlex
import shutil
import struct
import subprocess
import uuid

import pytest
from support.keys import stores

from support import cli
from support.files import asn1, forge
from support.kernel.kconfigs import GOOD
from support.tools.whole_system import GLOBAL, IMAGES, KEYS, RELEASE, SHIM
from support.tools.whole_system import healthy, system  # noqa: F401  (fixtures)

pytestmark = pytest.mark.plain


def test_a_healthy_system_has_nothing_wrong(system):
    assert system.wrong() == {}
    text = cli.ok("doctor", "-v", "--root", system.root)
    for fact in ("Secure Boot is on", "lockdown is integrity", "trusts the current key generation",
                 "modules are signed with sha512", "MokListRT:"):
        assert fact in text
    assert cli.document("doctor", "--root", system.root)["release"] == RELEASE


def test_nothing_is_changed(system):
    before = stores.snapshot(system.root)
    system.doctor()
    assert stores.snapshot(system.root) == before


# the running kernel


@pytest.mark.parametrize("taint, finding", [
    (1 << 13, "unsigned-module-loaded"), (1 << 1, "module-forced"), (1 << 12, None)])
def test_taint_of_modules_is_told(taint, finding, system):
    system.put("/proc/sys/kernel/tainted", f"{taint}\n")
    assert system.wrong() == ({finding: "warning"} if finding else {})


UNREADABLE = {
    "/proc/sys/kernel/tainted": "taint-unknown",
    "/sys/module/module/parameters/sig_enforce": "sig-enforce-unknown",
    "/sys/kernel/security/lockdown": "lockdown-unknown",
    "/proc/keys": "keyrings-unknown",
    f"/boot/config-{RELEASE}": "config-unknown",
    "/sys/firmware/efi/efivars": "machine-keys-unknown",
    "/sys/firmware": "machine-keys-unknown",
    f"/lib/modules/{RELEASE}/vmlinuz": "image-unknown",
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_is_not_there_to_be_read_is_unknown_and_never_good(name, system):
    path = system.path(name)
    if name.startswith("/sys/module"):
        shutil.rmtree(system.path("/sys/module"))
    elif path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
    found = system.wrong()
    assert found.pop(UNREADABLE[name]) == "unknown"
    # what follows from it is unknown, or wrong, too
    assert set(found) <= {"dkms-key-not-trusted", "dkms-key-trust-unknown", "key-trust-unknown"}


NONSENSE = {
    "/proc/sys/kernel/tainted": "taint-unknown",
    "/sys/module/module/parameters/sig_enforce": "sig-enforce-unknown",
    "/sys/kernel/security/lockdown": "lockdown-unknown",
    "/proc/keys": "keyrings-unknown",
    f"/boot/config-{RELEASE}": "config-unknown",
    f"/sys/firmware/efi/efivars/SecureBoot-{GLOBAL}": "machine-keys-unknown",
    f"/sys/firmware/efi/efivars/MokListRT-{SHIM}": "machine-keys-unknown",
    f"/lib/modules/{RELEASE}/vmlinuz": "image-unknown",
}


@pytest.mark.parametrize("content", [b"", b"\x1b[31m\0\xff nonsense\n" * 3], ids=["empty", "junk"])
@pytest.mark.parametrize("name", NONSENSE)
def test_nonsense_in_a_file_is_unknown_and_never_good(name, content, system):
    system.put(name, content)
    assert system.wrong()[NONSENSE[name]] == "unknown"


def test_a_system_without_anything_is_unknown(tmp_path):
    result = cli.document("doctor", "--root", tmp_path)
    assert (result["status"], result["release"]) == (2, None)
    assert "release-unknown" in [finding["id"] for finding in result["findings"]]


def test_a_running_kernel_without_a_trusted_key_is_wrong(system):
    system.put("/proc/keys", KEYS.replace("_keys: 1", "_keys: empty").replace("machine: 1", "x: 1"))
    assert system.wrong() == {"no-trusted-key": "error"}
    system.put("/sys/module/module/parameters/sig_enforce", "N\n")
    system.put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
    assert system.wrong() == {"no-trusted-key": "warning"}


def test_another_kernel_is_looked_at_without_the_running_one(system):
    other = "6.13.0-other"
    system.kernel(other, own=system.der("rsa2048"))
    system.put(f"/boot/config-{other}", GOOD)
    system.put("/proc/sys/kernel/tainted", f"{1 << 13}\n")
    assert system.wrong("--release", other) == {}
    assert system.wrong("--release", "6.14.0-gone") == {
        "modules-missing": "error", "image-unknown": "unknown", "config-unknown": "unknown",
        "key-trust-unknown": "unknown", "dkms-key-trust-unknown": "unknown"}
    for bad in ("../../etc", ".", ""):
        assert cli.run("doctor", "--root", system.root, "--release", bad).returncode == 2


# the kernel that is asked about


def test_an_image_of_another_kernel_is_noticed(system):
    shutil.rmtree(system.path(f"/lib/modules/{RELEASE}"))
    system.kernel("6.1.0-old", own=system.der("p384"), trusted=[system.der("rsa2048")])
    system.path("/lib/modules/6.1.0-old").rename(system.path(f"/lib/modules/{RELEASE}"))
    assert system.wrong() == {"image-of-another-kernel": "error"}


def test_a_contradiction_in_the_kernels_configuration_is_passed_on(system):
    system.put(f"/boot/config-{RELEASE}", GOOD.replace("XZ_DEC=y", "XZ_DEC=m"))
    assert system.wrong() == {"decompression-decoder": "error"}


def test_an_absolute_link_to_an_image_leads_to_the_roots_own(system):
    image = system.path(f"/lib/modules/{RELEASE}/vmlinuz")
    system.path("/srv").mkdir()
    image.rename(system.path("/srv/kernel"))
    image.symlink_to("/srv/kernel")
    assert system.wrong() == {}


@pytest.mark.parametrize("place", [
    f"/lib/modules/{RELEASE}/config", f"/boot/config-{RELEASE}", "/proc/config.gz",
    f"/lib/modules/{RELEASE}/build/.config"])
def test_a_configuration_is_found_wherever_kernels_have_theirs(place, system):
    system.path(f"/boot/config-{RELEASE}").unlink()
    system.put(place, GOOD.replace("XZ_DEC=y", "XZ_DEC=m"))
    assert system.wrong() == {"decompression-decoder": "error"}


def test_the_configuration_that_was_installed_counts_before_the_build_directorys(system):
    system.put(f"/lib/modules/{RELEASE}/build/.config", GOOD.replace("XZ_DEC=y", "XZ_DEC=m"))
    system.put("/proc/config.gz", GOOD.replace("XZ_DEC=y", "XZ_DEC=m"))
    assert system.wrong() == {}


PIPES = {
    "/proc/sys/kernel/tainted": "taint-unknown",
    "/proc/keys": "keyrings-unknown",
    "/sys/kernel/security/lockdown": "lockdown-unknown",
    f"/boot/config-{RELEASE}": "config-unknown",
    f"/sys/firmware/efi/efivars/SecureBoot-{GLOBAL}": "machine-keys-unknown",
}


@pytest.mark.parametrize("name", PIPES)
def test_a_pipe_in_the_place_of_a_file_is_unknown_and_never_waited_for(name, system):
    system.path(name).unlink()
    os.mkfifo(system.path(name))
    assert system.wrong()[PIPES[name]] == "unknown"


# keys


def test_a_key_that_no_kernel_trusts_is_wrong(system):
    system.kernel(own=system.der("p384"))
    assert system.wrong() == {"key-not-trusted": "error"}


def test_an_older_kernel_that_trusts_an_older_generation_is_told_how_to_sign_for_it(system):
    system.kernel(own=system.der("p384"), trusted=[system.der("rsa3072")])
    found, status = system.doctor()
    assert (list(found), status) == (["key-of-another-kernel"], 0)
    assert f"--for-kernel {RELEASE}" in found["key-of-another-kernel"]["mend"]


def test_an_enrolled_key_is_trusted_and_a_revoked_one_is_not(system):
    system.kernel(own=system.der("p384"))
    system.efi("MokListRT", SHIM, "rsa2048", "rsa4096")
    assert system.wrong() == {}
    system.efi("MokListXRT", SHIM, "rsa2048")
    assert system.wrong() == {"key-revoked": "error"}
    system.path(f"/sys/firmware/efi/efivars/MokListXRT-{SHIM}").unlink()
    system.efi("dbx", IMAGES, "rsa4096")
    assert system.wrong() == {"dkms-key-not-trusted": "error"}


def test_a_key_revoked_by_a_digest_of_its_certificate_is_wrong(system):
    # EFI_CERT_X509_SHA256: the digest of what was signed of the certificate, and a time
    tbs = subprocess.run(["openssl", "asn1parse", "-in", system.pki / "rsa2048.pem", "-strparse",
                          "4", "-noout", "-out", "/dev/stdout"], capture_output=True,
                         check=True).stdout
    entry = uuid.UUID(int=7).bytes_le + hashlib.sha256(tbs).digest() + bytes(16)
    kind = uuid.UUID("3bd2a492-96c0-4079-b420-fcf98ef103ed").bytes_le
    system.put(f"/sys/firmware/efi/efivars/dbx-{IMAGES}",
               b"\6\0\0\0" + kind + struct.pack("<III", 28 + len(entry), 0, len(entry)) + entry)
    assert system.wrong() == {"key-revoked": "error"}


def test_a_key_revoked_by_the_kernel_image_is_wrong(system):
    system.kernel(own=system.der("p384"), trusted=[system.der("rsa2048")],
                  revoked=[system.der("rsa2048")])
    assert system.wrong() == {"key-revoked": "error"}


def test_a_key_that_waits_to_be_enrolled_is_told(system):
    system.efi("MokNew", SHIM, "p256")
    assert system.wrong() == {"enrolment-pending": "warning"}


def test_a_type_or_digest_that_the_kernel_does_not_have_is_wrong(system):
    store = system.path("/var/lib/modseal/keys")
    stores.add_generation(store, "20260201-1200", system.pki, "p384", "sha3-512")
    stores.point(store, "20260201-1200")
    assert system.wrong() == {"key-not-for-kernel": "error", "hash-not-for-kernel": "error"}


def test_an_extended_key_usage_without_code_signing_is_told(system, tmp_path):
    config = tmp_path / "openssl.cnf"
    for usage, expected in (("serverAuth", {"key-usage": "warning"}), ("codeSigning", {}),
                            ("1.3.6.1.4.1.2312.16.1.2", {})):
        config.write_text("[req]\ndistinguished_name=dn\nprompt=no\nx509_extensions=x\n"
                          f"[dn]\nCN=x\n[x]\nextendedKeyUsage={usage}\n"
                          "subjectKeyIdentifier=hash\n")
        subprocess.run(["openssl", "req", "-x509", "-config", config, "-key",
                        system.pki / "rsa4096.key", "-outform", "DER", "-out", tmp_path / "c"],
                       check=True)
        der = (tmp_path / "c").read_bytes()
        system.put("/var/lib/dkms/mok.pub", der)
        assert system.wrong() == expected


def test_what_is_wrong_with_the_store_is_told_with_its_mend(system):
    store = system.path("/var/lib/modseal/keys")
    key = store / "20260101-1200" / "signing_key.pem"
    key.chmod(0o644)
    found, status = system.doctor()
    assert status == 1 and set(found) == {"key-generation"}
    subprocess.run(found["key-generation"]["mend"], shell=True, check=True)
    assert system.wrong() == {}
    stores.point(store, "20270101-1200")  # which is not there
    assert system.wrong() == {"key-store": "error"}
    (store / "current").unlink()
    (store / "current").symlink_to("/etc")
    assert system.wrong() == {"key-store": "error"}


def test_a_stale_current_link_is_wrong(system):
    stores.point(system.path("/var/lib/modseal/keys"), "20250101-1200")
    assert system.wrong()["key-store"] == "error"


def test_no_key_store_is_wrong_only_where_one_was_named(system):
    shutil.rmtree(system.path("/var/lib/modseal"))
    assert system.wrong() == {}
    assert system.wrong("--store", "/srv/keys") == {"no-key-store": "error"}
    stores.certs_local(system.path("/srv/keys"), system.pki, {"20260101-1200": "rsa2048"})
    system.path("/srv/keys").chmod(0o700)
    assert system.wrong("--store", "/srv/keys") == {}


# modules


def test_modules_that_were_added_to_the_kernel_are_judged(system, tiny_module):
    module = system.put(f"/lib/modules/{RELEASE}/updates/dkms/tiny.ko", tiny_module.read_bytes())
    found, status = system.doctor()
    assert (list(found), status) == (["module-not-trusted"], 1)
    assert "is unsigned to kernel" in found["module-not-trusted"]["message"]
    system.put("/sys/module/module/parameters/sig_enforce", "N\n")
    assert system.wrong() == {"module-not-trusted": "error"}  # lockdown refuses it
    system.put("/sys/kernel/security/lockdown", "[none] integrity confidentiality\n")
    assert system.wrong() == {"module-not-trusted": "warning"}
    cli.ok("sign", "-k", system.pki / "rsa2048-both.pem", module)
    assert system.wrong() == {}
    cli.ok("sign", "-k", system.pki / "rsa4096-both.pem", module)  # enrolled
    assert system.wrong() == {}
    cli.ok("sign", "-k", system.pki / "p256-both.pem", module)
    assert system.wrong() == {"module-not-trusted": "warning"}
    module.write_bytes(module.read_bytes()[:-40] + b"\xff" * 12 + module.read_bytes()[-28:])
    assert system.wrong() == {"module-not-trusted": "error"}


def test_a_module_with_a_revoked_signer_is_wrong_though_the_kernel_trusts_it(
    system, tiny_module
):
    payload = tiny_module.read_bytes()
    pairs = [(system.pki / f"{kind}.key", system.pki / f"{kind}.pem")
             for kind in ("rsa2048", "rsa3072")]
    whole, other = (asn1.read(forge.cms(payload + extra, pair))[0]
                    for extra, pair in zip((b"", b"x"), pairs))
    signers = whole.body[1].body[0].body[-1]
    signers.body.append(other.body[1].body[0].body[-1].body[0])
    system.kernel(own=system.der("p384"), trusted=[system.der("rsa2048")],
                  revoked=[system.der("rsa3072")])
    system.put(f"/lib/modules/{RELEASE}/extra/tiny.ko", forge.append(payload, whole.encode()))
    found, status = system.doctor()
    assert (list(found), status) == (["module-signer-revoked"], 1)
    assert "is trusted to kernel" in found["module-signer-revoked"]["message"]
    assert "signer 2 of 2 is revoked" in found["module-signer-revoked"]["message"]


def test_a_link_among_the_modules_that_were_added_is_told(system, tiny_module, tmp_path):
    extra = system.path(f"/lib/modules/{RELEASE}/extra")
    extra.mkdir(parents=True)
    (extra / "nothing.ko").symlink_to("gone")
    assert system.wrong() == {}
    (extra / "evil.ko").symlink_to(tiny_module)
    assert system.wrong() == {"module-link": "warning"}


def test_modules_are_unknown_where_it_is_unknown_what_the_kernel_trusts(system, tiny_module):
    system.put(f"/lib/modules/{RELEASE}/extra/tiny.ko", tiny_module.read_bytes())
    system.path(f"/lib/modules/{RELEASE}/updates").mkdir()
    system.path(f"/lib/modules/{RELEASE}/vmlinuz").unlink()
    assert system.wrong()["modules-unknown"] == "unknown"


# DKMS


DKMS = {
    "dkms-sign-file-missing": "sign_file=/usr/bin/nowhere\n",
    "dkms-sign-tool": "sign_tool=/etc/dkms/sign_helper.sh\n",
    "dkms-key-missing": "mok_signing_key=/root/none.key\n",
    "dkms-certificate-unusable": "mok_certificate='/root/none.pub'\n",
    "dkms-key-holds-pin": "mok_signing_key='pkcs11:token=t;object=k?pin-value=4711'\n",
}


@pytest.mark.parametrize("fault", DKMS)
@pytest.mark.parametrize("name", ["framework.conf", "framework.conf.d/modseal.conf"])
def test_what_keeps_dkms_from_signing_is_wrong(fault, name, system):
    system.put(f"/etc/dkms/{name}", DKMS[fault])
    assert system.wrong() == {fault: "error"}


def test_a_later_snippet_of_dkms_wins_and_kernelver_is_put_in(system):
    system.put("/etc/dkms/framework.conf", "sign_file=/usr/bin/nowhere\n")
    system.put("/etc/dkms/framework.conf.d/a.conf", 'sign_file="/usr/src/$kernelver/sign"\n')
    system.put(f"/usr/src/{RELEASE}/sign", "#!/bin/sh\n", 0o755)
    assert system.wrong() == {}
    system.put("/etc/dkms/framework.conf.d/b.conf", "sign_file=$(command -v kmodsign)\n")
    assert system.wrong() == {"dkms-conf-unknown": "unknown"}


@pytest.mark.parametrize("value", ["'pkcs11:object=k?pin-value=4711'",
                                   "pkcs11:object=k?pin-value=4711;", "$(pin-value=4711)"])
def test_a_pin_in_dkms_s_configuration_is_not_shown(value, system):
    system.put("/etc/dkms/framework.conf", f"mok_signing_key={value}\n")
    for options in [], ["--json"]:
        done = cli.run("doctor", "--root", system.root, *options)
        text = done.stdout + done.stderr
        assert done.returncode in (1, 2) and "4711" not in text and "pin-value" in text


def test_a_signing_program_that_cannot_be_run_is_wrong(system):
    system.path("/usr/bin/signer").chmod(0o644)
    assert system.wrong() == {"dkms-sign-file-missing": "error"}


def test_a_dkms_key_that_the_kernel_does_not_trust_is_wrong(system):
    system.efi("MokListRT", SHIM, "p256")
    found, status = system.doctor()
    assert (list(found), status) == (["dkms-key-not-trusted"], 1)
    assert found["dkms-key-not-trusted"]["mend"] == (
        f"modseal key enroll --mok {system.path('/var/lib/dkms/mok.pub')}")


def test_dkms_set_up_by_modseal_is_healthy_for_older_kernels_too(system):
    for name in "modseal-dkms-sign", "modseal-dkms-check":
        system.put(f"/usr/libexec/modseal/{name}", "#!/bin/sh\n", 0o755)
    system.path("/etc/dkms/framework.conf").unlink()
    cli.ok("dkms", "setup", "--root", system.root, "--store", "/var/lib/modseal/keys",
           "--libexec", "/usr/libexec/modseal")
    assert system.wrong() == {}
    system.kernel(own=system.der("p384"), trusted=[system.der("rsa3072")])
    assert system.wrong() == {"key-of-another-kernel": "warning"}
    system.kernel(own=system.der("p384"))
    assert system.wrong() == {"key-not-trusted": "error", "dkms-key-not-trusted": "error"}


def test_a_dangling_link_of_kernel_signs_is_wrong_and_an_absolute_one_stays_below_the_root(system):
    os.symlink("kernel-sign.conf", system.path("/etc/dkms/vboxhost.conf"))
    assert system.wrong() == {"dkms-conf-dangling": "error"}
    system.put("/opt/kernel-sign.conf", "POST_BUILD=../../x\n")
    os.symlink("/opt/kernel-sign.conf", system.path("/etc/dkms/kernel-sign.conf"))
    assert system.wrong() == {}


def test_a_system_without_dkms_has_nothing_wrong(system):
    shutil.rmtree(system.path("/etc/dkms"))
    assert system.wrong() == {}


# private keys


@pytest.mark.parametrize("name", ["/var/lib/dkms/mok.key", "/var/lib/shim-signed/mok/MOK.priv"])
def test_a_private_key_that_others_can_read_is_wrong_and_its_mend_mends_it(name, system):
    system.copy("rsa4096.key", name, 0o640)
    found, status = system.doctor()
    assert (list(found), status) == (["key-mode"], 1)
    program, *words = shlex.split(found["key-mode"]["mend"])
    assert program == "chmod"
    subprocess.run([program, *words], check=True)
    assert system.wrong() == {}


def test_a_private_key_among_a_kernels_headers_is_told(system):
    system.copy("rsa4096.key", f"/lib/modules/{RELEASE}/build/certs/signing_key.pem", 0o600)
    assert system.wrong() == {"key-among-headers": "warning"}


# how it is said


def test_each_finding_names_the_command_below_it(system):
    system.copy("rsa4096.key", "/var/lib/dkms/mok.key", 0o644)
    done = cli.run("doctor", "--root", system.root)
    assert done.returncode == 1
    lines = done.stdout.splitlines()
    (at,) = [i for i, line in enumerate(lines) if line.startswith("key-mode: error: ")]
    assert lines[at + 1] == f"  mend: chmod 600 {system.path('/var/lib/dkms/mok.key')}"
    assert cli.run("doctor", "-q", "--root", system.root).stdout.splitlines() == lines[at:at + 2]


def test_a_root_that_is_none_is_trouble(tmp_path):
    for root in (tmp_path / "nowhere", pathlib.Path("/proc/self/status")):
        assert cli.document("doctor", "--root", root)["status"] == 2


def test_this_machine_can_be_looked_at():
    result = cli.document("doctor")
    assert result["root"] is None and result["findings"]
    assert result["release"] == os.uname().release
