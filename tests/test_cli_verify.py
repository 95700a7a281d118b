# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are verify's status, verdicts, sources and notes those of the contract?"""

import os
import shutil
import subprocess

from support.files import make_image
import pytest

from support import cli


@pytest.fixture
def signed(module, pki):
    """A module signed by p256."""
    cli.ok("sign", "-k", pki / "p256-both.pem", module)
    return module


def verify(*arguments, **options):
    return cli.run("verify", *arguments, **options)


def test_a_trusted_module_is_status_0_and_a_summary(signed, pki):
    done = verify("--trust", pki / "p256.pem", signed)
    assert (done.returncode, done.stdout) == (0, "1 module: 1 trusted\n"), cli.said(done)


def test_verbose_says_who_vouched_and_what_was_assumed(signed, pki):
    text = cli.ok("verify", "-v", "--trust", pki / "p256.pem", signed)
    assert f"{signed}: trusted by " in text
    assert "assumed: " in text


def test_an_unknown_key_is_status_1_with_its_errno(signed, pki):
    done = verify("--trust", pki / "p384.pem", signed)
    assert done.returncode == 1
    assert f"{signed}: unknown-key (ENOKEY)" in done.stdout


def test_an_unsigned_module_is_status_1(module, pki):
    done = verify("--trust", pki / "p384.pem", module)
    assert done.returncode == 1
    assert f"{module}: unsigned (ENODATA)" in done.stdout
    assert done.stdout.endswith("1 module: 1 unsigned\n")


def test_quiet_leaves_the_status_alone(module, signed, pki):
    assert verify("-q", "--trust", pki / "p256.pem", signed).stdout == ""
    done = verify("-q", "--trust", pki / "p384.pem", signed)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")


def test_a_flipped_byte_is_rejected(signed, pki):
    data = bytearray(signed.read_bytes())
    data[100] ^= 1
    signed.write_bytes(data)
    result = cli.document("verify", "--trust", pki / "p256.pem", signed)
    (found,) = result["modules"]
    assert result["status"] == 1
    assert (found["verdict"], found["errno"]) == ("rejected", "EKEYREJECTED")
    assert set(found["loads"].values()) == {"refused"}


def test_a_revoked_key_is_never_trusted(signed, pki):
    done = verify("--trust", pki / "p256.pem", "--revoked", pki / "p256.pem", signed)
    assert done.returncode == 1
    assert "rejected (EKEYREJECTED)" in done.stdout


@pytest.mark.parametrize(
    "mode, unsigned, signed_wrong",
    [("permissive", 0, 1), ("enforcing", 1, 1), ("lockdown", 1, 1)],
)
def test_with_a_mode_the_status_says_whether_all_would_load(
    mode, unsigned, signed_wrong, signed, pki, tmp_path, tiny_module
):
    assert verify("--mode", mode, "--trust", pki / "p256.pem", signed).returncode == 0
    other = tmp_path / "other.ko"
    shutil.copyfile(tiny_module, other)
    assert verify("--mode", mode, "--trust", pki / "p256.pem", other).returncode == unsigned
    data = bytearray(signed.read_bytes())
    data[100] ^= 1
    signed.write_bytes(data)
    assert verify("--mode", mode, "--trust", pki / "p256.pem", signed).returncode == signed_wrong


def test_what_is_no_elf_can_be_trusted_and_never_loads(pki, tmp_path):
    text = tmp_path / "text.ko"
    text.write_bytes(b"text")
    cli.ok("sign", "--any-file", "-k", pki / "p256-both.pem", text)
    result = cli.document("verify", "--trust", pki / "p256.pem", text)
    (found,) = result["modules"]
    assert (found["verdict"], found["elf"], result["status"]) == ("trusted", False, 0)
    assert set(found["loads"].values()) == {"refused"}
    assert verify("--mode=permissive", "--trust", pki / "p256.pem", text).returncode == 1
    assert "no ELF module" in verify("--trust", pki / "p256.pem", text).stdout


def test_what_cannot_be_unpacked_is_undecided_and_trouble(signed, pki, tmp_path):
    bad = tmp_path / "bad.ko.xz"
    bad.write_bytes(b"\xfd7zXZ\0junk")
    result = cli.document("verify", "--trust", pki / "p256.pem", bad, signed)
    assert result["status"] == 2
    assert result["summary"] == {"trusted": 1, "undecided": 1}
    found = next(m for m in result["modules"] if m["path"] == str(bad))
    assert (found["verdict"], found["errno"]) == ("undecided", None)
    assert found["error"] and set(found["loads"].values()) == {None}
    for mode in "permissive", "enforcing", "lockdown":
        assert verify("--mode", mode, "--trust", pki / "p256.pem", bad).returncode == 2


def test_the_highest_status_wins(signed, pki, tmp_path, tiny_module):
    unsigned = tmp_path / "unsigned.ko"
    shutil.copyfile(tiny_module, unsigned)
    result = cli.document("verify", "--trust", pki / "p256.pem", signed, unsigned)
    assert (result["status"], result["summary"]) == (1, {"trusted": 1, "unsigned": 1})
    done = verify("--trust", pki / "p256.pem", signed, unsigned, tmp_path / "nowhere.ko")
    assert done.returncode == 2


def test_no_trust_source_is_trouble_with_a_hint(signed, pki):
    for extra in [], ["--revoked", pki / "p384.pem"], ["--mode", "permissive"]:
        done = verify(*extra, signed)
        assert done.returncode == 2
        assert f"no trust source for '{signed}'" in done.stderr
        assert "hint: say what to trust: --kernel IMAGE or --trust SRC" in done.stderr
    result = cli.document("verify", signed)
    assert result["error"] and result["hint"] and "modules" not in result


@pytest.mark.parametrize("source", ["nowhere.pem", "empty", "directory"])
def test_a_source_that_cannot_be_read_whole_is_trouble(source, signed, pki, tmp_path):
    (tmp_path / "empty").write_bytes(b"")
    (tmp_path / "directory").mkdir()
    shutil.copyfile(pki / "p256.pem", tmp_path / "directory/good.pem")
    (tmp_path / "directory/bad.pem").write_text("no certificate")
    for option in "--trust", "--revoked":
        done = verify("--trust", pki / "p256.pem", option, tmp_path / source, signed)
        assert done.returncode == 2, cli.said(done)
        assert source in done.stderr


def test_a_directory_of_certificates_is_a_source(signed, pki, tmp_path):
    (tmp_path / "certs").mkdir()
    for name in "p256.pem", "rsa2048.der":
        shutil.copyfile(pki / name, tmp_path / "certs" / name)
    assert verify("--trust", tmp_path / "certs", signed).returncode == 0


def test_several_sources_add_up(signed, pki):
    done = verify("--trust", pki / "p384.pem", "--trust", pki / "p256.pem", signed)
    assert done.returncode == 0


@pytest.mark.parametrize(
    "name, remark", [("expired", "expired on 2001-01-01"), ("notyet", "not valid before 2100-01-01")]
)
def test_validity_dates_are_remarked_and_change_no_verdict(name, remark, module, pki):
    cli.ok("sign", "-k", pki / "p384.key", "-c", pki / f"{name}.pem", module)
    text = cli.ok("verify", "-v", "--trust", pki / f"{name}.pem", module)
    assert remark in text and "the kernel does not look at validity dates" in text
    assert "validity" not in cli.ok("verify", "--trust", pki / f"{name}.pem", module)
    result = cli.document("verify", "-v", "--trust", pki / f"{name}.pem", module)
    assert remark in result["notes"][0]


def test_the_configuration_decides_which_algorithms_there_are(signed, pki, tmp_path):
    config = tmp_path / "config"
    lines = ["CONFIG_MODULE_SIG=y", "CONFIG_CRYPTO_SHA256=y", "CONFIG_CRYPTO_RSA=y",
             "CONFIG_CRYPTO_ECDSA=y"]
    config.write_text("\n".join([*lines, "CONFIG_CRYPTO_SHA512=m", ""]))
    arguments = ["--trust", pki / "p256.pem", "--kernel-config", config, signed]
    assert verify(*arguments).returncode == 0
    done = verify("--no-crypto-modules", *arguments)
    assert done.returncode == 1 and "unsupported (ENOPKG)" in done.stdout, cli.said(done)


def test_a_certificate_whose_algorithm_the_kernel_lacks_is_refused_by_that_name(
    signed, pki, tmp_path
):
    # Debian's kernels have no ECDSA: "Problem loading in-kernel X.509 certificate (-2)"
    config = tmp_path / "config"
    config.write_text("CONFIG_CRYPTO_SHA256=y\nCONFIG_CRYPTO_SHA512=y\nCONFIG_CRYPTO_RSA=y\n")
    done = verify("--trust", pki / "p256.pem", "--kernel-config", config, signed)
    assert done.returncode == 2 and "CONFIG_CRYPTO_ECDSA" in done.stderr, cli.said(done)


def test_the_json_of_a_trusted_module_is_whole(signed, pki):
    result = cli.document("verify", "--trust", pki / "p256.pem", signed)
    (found,) = result["modules"]
    digest = subprocess.run(["sha256sum"], input=cli.signature_of(signed)[1],
                            capture_output=True, check=True).stdout.split()[0].decode()
    assert found["path"] == str(signed)
    assert (found["verdict"], found["errno"], found["elf"]) == ("trusted", None, True)
    assert found["loads"] == {mode: "clean" for mode in ("permissive", "enforcing", "lockdown")}
    assert found["signer"] == "p256" and "p256" in found["vouched_by"]
    assert (found["sig_id"], found["sig_hashalgo"]) == ("PKCS#7", "sha512")
    assert found["sig_len"] == len(cli.signature_of(signed)[0])
    assert (found["compression"], found["kernel_decompress"]) == ("none", None)
    assert found["payload_sha256"] == digest
    assert result["assumed"] and result["summary"] == {"trusted": 1}


def test_the_kernels_decoder_is_foreseen(signed, pki):
    subprocess.run(["xz", "--check=crc64", "-k", signed], check=True)
    crc64 = signed.with_name("tiny.ko.xz")
    (found,) = cli.document("verify", "--trust", pki / "p256.pem", crc64)["modules"]
    assert (found["compression"], found["kernel_decompress"]) == ("xz", "refused")
    crc64.unlink()
    subprocess.run(["xz", "--check=crc32", signed], check=True)
    (found,) = cli.document("verify", "--trust", pki / "p256.pem", crc64)["modules"]
    assert (found["verdict"], found["kernel_decompress"]) == ("trusted", "ok")


def test_where_the_kernel_looks_into_no_trailer_it_loads_the_file_as_it_is(module, pki):
    """mod_verify_sig() returns before the module is made shorter by sig_len."""
    data = module.read_bytes()
    fields = bytes([0, 0, 1, 0, 0, 0, 0, 0]) + (len(data) - 1).to_bytes(4, "big")
    module.write_bytes(data + fields + cli.MARKER)
    (found,) = cli.document("verify", "--trust", pki / "p256.pem", module)["modules"]
    assert (found["verdict"], found["elf"]) == ("unsupported", True)
    assert found["loads"]["permissive"] == "tainted"


@pytest.mark.parametrize("symbols, answer", [
    ("CONFIG_MODULE_DECOMPRESS=y\nCONFIG_MODULE_COMPRESS_XZ=y\n", "ok"),
    ("CONFIG_MODULE_DECOMPRESS=y\nCONFIG_MODULE_COMPRESS_ZSTD=y\n", "refused"),
    ("CONFIG_MODULE_COMPRESS_XZ=y\n", "refused"),
])
def test_a_kernel_unpacks_only_what_it_is_configured_for(signed, pki, symbols, answer):
    subprocess.run(["xz", "--check=crc32", signed], check=True)
    config = signed.with_name("config")
    config.write_text(symbols + "CONFIG_CRYPTO_SHA512=y\nCONFIG_CRYPTO_ECDSA=y\n")
    (found,) = cli.document("verify", "--trust", pki / "p256.pem", "--kernel-config", config,
                            signed.with_name("tiny.ko.xz"))["modules"]
    assert (found["verdict"], found["kernel_decompress"]) == ("trusted", answer)


# A machine of its own for the program: /lib/modules with two kernels, of which one has
# an image that trusts the module. Where there is no /lib/modules, a layer over /usr/lib
# makes one.
MACHINE = """
set -e
work=$1 module=$2 image=$3; shift 3
mount -t tmpfs none "$work"
if [ -d /lib/modules ]; then
    mount -t tmpfs none /lib/modules
else
    mkdir "$work/upper" "$work/work"
    mount -t overlay overlay \\
        -o "lowerdir=/usr/lib,upperdir=$work/upper,workdir=$work/work" /usr/lib
    mkdir -p /lib/modules
fi
mkdir -p /lib/modules/6.12.0-a/extra /lib/modules/6.12.0-b
cp "$module" /lib/modules/6.12.0-a/extra/one.ko
cp "$module" /lib/modules/6.12.0-b/two.ko
cp "$image" /lib/modules/6.12.0-a/vmlinuz
ln -s /lib/modules/6.12.0-a/extra "$work/link"
cd "$work"
set +e
"$0" verify "$@"
echo "status $?"
"""


@pytest.fixture
def on_a_machine(signed, pki, tmp_path):
    """Runs verify on a machine where 6.12.0-a is a kernel that trusts the module."""
    (tmp_path / "image").mkdir()
    (tmp_path / "work").mkdir()
    own = (pki / "p256.der").read_bytes()
    image = make_image.vmlinux(tmp_path / "image", make_image.Certs(own=own), symbols=True)
    words = ["sh", "-c", MACHINE, cli.PROGRAM, tmp_path / "work", signed, image]

    def verify_there(*arguments):
        done = subprocess.run(
            ["unshare", "-m", *words, *arguments], capture_output=True, text=True, check=False,
            env=cli.environment(),
        )
        if not done.stdout:
            pytest.skip("no machine of its own: " + done.stderr.strip())
        return done

    return verify_there


@pytest.mark.parametrize(
    "paths",
    [["/lib/modules/6.12.0-a"], ["/usr/lib/modules/6.12.0-a/extra/one.ko"], ["link"],
     ["/lib/modules/6.12.0-a/extra", "link"], ["/lib/modules/6.12.0-b/../6.12.0-a"]],
)
def test_modules_of_a_kernel_are_judged_by_its_image(paths, on_a_machine):
    if paths[0].startswith("/usr") and not os.path.samefile("/lib", "/usr/lib"):
        pytest.skip("/lib and /usr/lib are two directories")
    done = on_a_machine(*paths)
    assert done.stdout.endswith("trusted\nstatus 0\n"), cli.said(done)


def test_a_kernel_without_an_image_is_trouble_with_a_hint(on_a_machine):
    done = on_a_machine("/lib/modules/6.12.0-b")
    assert done.stdout == "status 2\n"
    assert "6.12.0-b" in done.stderr and "hint: " in done.stderr


def test_modules_of_two_kernels_need_a_source(on_a_machine):
    done = on_a_machine("/lib/modules/6.12.0-a", "/lib/modules/6.12.0-b")
    assert done.stdout == "status 2\n"
    assert "modules of two kernels, 6.12.0-a and 6.12.0-b" in done.stderr
    done = on_a_machine("/lib/modules")
    assert done.stdout == "status 2\n"
    assert "no trust source for '/lib/modules'" in done.stderr


def test_a_source_that_is_given_stands_in_for_the_kernels_image(on_a_machine, pki):
    done = on_a_machine("--trust", pki / "p384.pem", "/lib/modules/6.12.0-a")
    assert done.stdout.endswith("1 module: 1 unknown-key\nstatus 1\n")
