# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does a key file that wants hours, or never comes, end in a message?

The encrypted keys are openssl's; the amount of work that they ask for is changed in their DER.
"""

import base64
import os
import signal
import subprocess

import pytest

from support import cli
from support.files import der, worst
from support.keys import pki as make_pki
from support.runs import atwork, strace

PASSPHRASE = "abc"


def pkcs8(pki, tmp_path, *options):
    """The encrypted key's DER, by openssl."""
    path = tmp_path / "key.der"
    subprocess.run(["openssl", "pkcs8", "-topk8", "-in", pki / "p384.key", "-outform", "DER",
                    "-passout", f"pass:{PASSPHRASE}", "-out", path, *options],
                   check=True, capture_output=True)
    return path.read_bytes()


def integer(value):
    content = value.to_bytes(value.bit_length() // 8 + 1, "big")
    return bytes([2, len(content)]) + content


def replaced(node, old, new):
    """The DER with the one INTEGER of this value replaced by another."""
    tag, length, header = node[0], node[1], 2
    if length & 0x80:
        header += length & 0x7f
        length = int.from_bytes(node[2:header], "big")
    content, found, at = node[header:header + length], 0, 0
    if node[:header + length] == integer(old):
        return integer(new), 1
    if tag & 0x20:
        parts = []
        while at < len(content):
            size = content[at + 1]
            size = 2 + size if size < 0x80 else \
                2 + (size & 0x7f) + int.from_bytes(content[at + 2:at + 2 + (size & 0x7f)], "big")
            part, n = replaced(content[at:at + size], old, new)
            parts.append(part)
            found, at = found + n, at + size
        content = b"".join(parts)
    size = len(content)
    encoded = bytes([size]) if size < 0x80 else \
        bytes([0x80 | (size.bit_length() + 7) // 8]) + \
        size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + encoded + content, found


def with_number(key, old, new):
    changed, found = replaced(key, old, new)
    assert found == 1
    return changed


def sign(key, pki, module, tmp_path, form, *arguments):
    path, pin = tmp_path / "hostile", tmp_path / "pin"
    text = key if form == "DER" else \
        b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n" + base64.encodebytes(key) + \
        b"-----END ENCRYPTED PRIVATE KEY-----\n"
    path.write_bytes(text)
    path.chmod(0o600)
    pin.write_text(PASSPHRASE)
    pin.chmod(0o600)
    return ["sign", *arguments, "-k", path, "-c", pki / "p384.pem", "--pin-file", pin, module]


PBKDF2 = ["-v2", "aes-256-cbc", "-iter", "12345"]
SCRYPT = ["-scrypt", "-scrypt_N", "1024", "-scrypt_r", "9", "-scrypt_p", "3"]
PKCS12 = ["-v1", "PBE-SHA1-3DES", "-iter", "12345"]

CASES = [
    (PBKDF2, 12345, 10_000_001), (PBKDF2, 12345, 2**31 - 1), (PBKDF2, 12345, 2**63),
    (PBKDF2, 12345, 2**200), (PKCS12, 12345, 1_000_001), (PKCS12, 12345, 2**31 - 1),
    (SCRYPT, 1024, 2**30), (SCRYPT, 3, 2**25), (SCRYPT, 9, 2**20), (SCRYPT, 1024, 2**62),
    (SCRYPT, 3, 2**63),
]


@pytest.mark.parametrize("form", ["PEM", "DER"])
@pytest.mark.parametrize("options, old, new", CASES)
def test_a_key_that_asks_for_too_much_work_is_refused(
        options, old, new, form, pki, module, tmp_path):
    before = module.read_bytes()
    key = with_number(pkcs8(pki, tmp_path, *options), old, new)
    done = cli.run(*sign(key, pki, module, tmp_path, form))
    assert done.returncode == 2
    assert "asks for too much work to be decrypted" in done.stderr
    assert module.read_bytes() == before


@pytest.mark.plain
@pytest.mark.parametrize("options", [
    PBKDF2, SCRYPT, PKCS12,
    ["-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"], ["-v2", "aes-192-cbc"],
    ["-v2", "des3", "-v2prf", "hmacWithSHA512"], ["-v2", "camellia-256-cbc"],
    ["-v2", "aes-256-cbc", "-v2prf", "hmacWithSHA384", "-iter", "1"],
    ["-v2", "aes-256-cbc", "-iter", "600000"], ["-v2", "aria-256-cbc"],
    ["-v1", "PBE-SHA1-2DES", "-iter", "1000000"], ["-scrypt"],
])
@pytest.mark.parametrize("form", ["PEM", "DER"])
def test_what_openssl_encrypts_is_decrypted(options, form, pki, module, tmp_path):
    key = pkcs8(pki, tmp_path, *options)
    done = cli.run(*sign(key, pki, module, tmp_path, form))
    assert done.returncode == 0, cli.said(done)
    (tmp_path / "pin").write_text("abd")
    done = cli.run("sign", "-k", tmp_path / "hostile", "-c", pki / "p384.pem", "--pin-file",
                   tmp_path / "pin", module)
    assert done.returncode == 2 and "wrong passphrase" in done.stderr, cli.said(done)


def test_a_signal_ends_a_derivation(pki, module, tmp_path):
    """The longest that is allowed; stopped when it has read the passphrase."""
    before = module.read_bytes()
    key = with_number(pkcs8(pki, tmp_path, *PBKDF2, "-v2prf", "hmacWithSHA512"), 12345,
                      10_000_000)
    arguments = sign(key, pki, module, tmp_path, "DER")
    pin = tmp_path / "pin"
    pin.unlink()
    os.mkfifo(pin, 0o600)
    with atwork.Run(*arguments) as run:
        with open(pin, "wb") as writing:
            writing.write(PASSPHRASE.encode())
        atwork.until(lambda: not holds_open(run.pid, pin), "it has read the passphrase")
        run.send(signal.SIGTERM)
        status = run.end()
        # a machine may be so fast, or the signal so late, that all is done
        assert (status, run.err) in ((2, "modseal: interrupted\n"), (0, ""))
    assert status == 0 or module.read_bytes() == before


def holds_open(pid, path):
    try:
        return any(os.readlink(f"/proc/{pid}/fd/{fd}") == os.fspath(path)
                   for fd in os.listdir(f"/proc/{pid}/fd"))
    except FileNotFoundError:
        return False


# Keys that OpenSSL would compute with for as long as they ask for

RSA, DSA = "1.2.840.113549.1.1.1", "1.2.840.10040.4.1"
KINDS = "hint: modules are signed with RSA (2048, 3072 or 4096 bits), ECDSA on P-256, P-384"


def explicit(pki, outer):
    """PKCS#8 of a P-384 key that gives its curve by parameters: the outer ones, or inside."""
    algorithm, key = der.children((pki / "p384-explicit.key.der").read_bytes())[1:]
    oid, parameters = der.children(algorithm)
    if outer:
        return worst.pkcs8(algorithm, der.value(key))
    version, secret, *rest = der.children(der.value(key))
    inner = der.tlv(der.SEQUENCE, version, secret, der.tlv(0xA0, parameters), *rest)
    return worst.pkcs8(der.tlv(der.SEQUENCE, oid, der.oid("1.3.132.0.34")), inner)


def dsa(traditional):
    group = [worst.integer(128), worst.integer(20), worst.integer(1)]
    if traditional:
        return der.tlv(der.SEQUENCE, worst.integer(1, b"\0"), *group, worst.integer(128),
                       worst.integer(20))
    return worst.pkcs8(der.algorithm(DSA, der.tlv(der.SEQUENCE, *group)), worst.integer(20))


def rsa_pkcs8(key):
    return worst.pkcs8(der.algorithm(RSA, der.NULL), key)


MORE = worst.rsa(256, b"\x30\0", version=b"\1")
REFUSED = {
    "dsa": (lambda pki: dsa(False), "is of the kind dsaEncryption"),
    "traditional dsa": (lambda pki: dsa(True), "is of the kind DSA"),
    "dh": (lambda pki: worst.pkcs8(der.algorithm("1.2.840.113549.1.3.1", der.tlv(
        der.SEQUENCE, worst.integer(256), worst.integer(1))), worst.integer(32)),
        "is of the kind dhKeyAgreement"),
    "unknown": (lambda pki: worst.pkcs8(der.algorithm("1.2.3.4"), b"x"),
                "is of the kind 1.2.3.4"),
    "rsa 8192": (lambda pki: worst.rsa(1024), "has 8192 bits"),
    "rsa 8192 in pkcs8": (lambda pki: rsa_pkcs8(worst.rsa(1024)), "has 8192 bits"),
    "rsa primes": (lambda pki: MORE, "has more than two primes"),
    "rsa primes in pkcs8": (lambda pki: rsa_pkcs8(MORE), "has more than two primes"),
    "rsa primes of version 0": (lambda pki: worst.rsa(256, b"\x30\0"),
                                "has more than two primes"),
    "rsa exponents": (lambda pki: worst.rsa(256, exponents=257), "no private key"),
    "rsa exponents in pkcs8": (lambda pki: rsa_pkcs8(worst.rsa(256, exponents=10000)),
                               "no private key"),
    "explicit curve": (lambda pki: explicit(pki, True), "that its own parameters give"),
    "explicit curve inside": (lambda pki: explicit(pki, False),
                              "that its own parameters give"),
    "large": (lambda pki: worst.rsa(256, bytes(65000)), "is larger than 65535 bytes"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_key_that_modules_are_not_signed_with_is_refused_by_what_it_is(
        name, pki, module, tmp_path):
    make, said = REFUSED[name]
    before, key = module.read_bytes(), tmp_path / "key"
    key.write_bytes(make(pki))
    key.chmod(0o600)
    done = cli.run("sign", "-k", key, "-c", pki / "rsa2048.pem", module)
    assert done.returncode == 2 and said in done.stderr, cli.said(done)
    assert (KINDS in done.stderr) == (" of the kind " in said or " bits" in said or
                                      "parameters" in said)
    assert module.read_bytes() == before


@pytest.mark.parametrize("form", ["pkcs8", "traditional"])
def test_a_key_is_told_by_its_kind_behind_a_passphrase_too(form, pki, module, tmp_path):
    plain, key, pin = tmp_path / "plain", tmp_path / "key", tmp_path / "pin"
    pin.write_text(PASSPHRASE)
    pin.chmod(0o600)
    secret = ["-passout", f"pass:{PASSPHRASE}", "-out", key]
    if form == "pkcs8":
        plain.write_bytes(dsa(False))
        command = ["pkcs8", "-topk8", "-inform", "DER", "-in", plain, *secret]
    else:
        plain.write_bytes(dsa(True))
        command = ["dsa", "-inform", "DER", "-in", plain, "-aes128", *secret]
    subprocess.run(["openssl", *command], check=True, capture_output=True)
    key.chmod(0o600)
    done = cli.run("sign", "-k", key, "-c", pki / "p384.pem", "--pin-file", pin, module)
    assert done.returncode == 2 and "is of the kind " in done.stderr, cli.said(done)


def test_a_configuration_that_names_a_dsa_key_is_told_so(tmp_path):
    (tmp_path / "key.pem").write_bytes(dsa(False))
    (tmp_path / "config").write_text('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY="key.pem"\n')
    done = cli.run("config", "check", tmp_path / "config")
    assert done.returncode == 1 and "is of the kind dsaEncryption" in done.stdout, cli.said(done)


# Certificates


def with_certificate(world_pki, tmp_path, **fields):
    path = tmp_path / "cert.der"
    path.write_bytes(worst.certificate((world_pki / "leaf.der").read_bytes(), **fields))
    return path


def extensions(*pairs):
    return der.tlv(0xA3, der.tlv(der.SEQUENCE, *(
        der.tlv(der.SEQUENCE, der.oid(kind), der.tlv(der.OCTETS, value))
        for kind, value in pairs)))


def test_a_certificate_that_is_longer_than_kernels_read_signs_nothing(pki, module, tmp_path):
    def of(size):
        return with_certificate(pki, tmp_path, extensions=extensions(("1.2.3.4", bytes(size))))

    most = 65535 - (of(60000).stat().st_size - 60000)
    done = cli.run("sign", "--dry-run", "-k", pki / "leaf.key", "-c", of(most), module)
    assert of(most).stat().st_size == 65535 and done.returncode == 0, cli.said(done)
    (cert,) = cli.document("certs", of(most))["certificates"]
    assert cert["key_type"] == "p384" and cert["kernel_can_use"]
    done = cli.run("sign", "--dry-run", "-k", pki / "leaf.key", "-c", of(most + 1), module)
    assert done.returncode == 2 and "larger than 65535 bytes" in done.stderr, cli.said(done)
    (cert,) = cli.document("certs", of(most + 1))["certificates"]
    assert cert["key_type"] == "p384" and not cert["kernel_can_use"]  # told, and of no use


def test_a_certificate_is_named_by_its_skid_whatever_other_extensions_are(pki, module, tmp_path):
    path = with_certificate(pki, tmp_path, extensions=extensions(
        ("2.5.29.31", b"x"), ("2.5.29.14", der.tlv(der.OCTETS, b"skid"))))
    (cert,) = cli.document("certs", path)["certificates"]
    assert cert["skid"] == "73:6B:69:64"
    done = cli.run("sign", "--skid", "-k", pki / "leaf.key", "-c", path, module)
    assert done.returncode == 0, cli.said(done)
    assert '"73:6B:69:64"' in cli.ok("show", "--json", module)


def test_no_passphrase_is_asked_for_of_a_certificate(pki, module, tmp_path):
    lines = (pki / "leaf.pem").read_text().splitlines()
    cert = tmp_path / "cert.pem"
    cert.write_text("\n".join([lines[0], "Proc-Type: 4,ENCRYPTED",
                               "DEK-Info: AES-128-CBC," + "00" * 16, "", *lines[1:], ""]))
    done = cli.run("sign", "-k", pki / "leaf.key", "-c", cert, module)
    assert done.returncode == 2 and "cannot read a certificate" in done.stderr, cli.said(done)
    assert "pass phrase" not in done.stderr


# Pipes

WAYS = {
    "key": lambda pipe, pki, module: ["sign", "-k", pipe, module],
    "cert": lambda pipe, pki, module: ["sign", "-k", pki / "p384.key", "-c", pipe, module],
    "pin": lambda pipe, pki, module: ["sign", "-k", pki / "p384-enc-both.pem", "--pin-file",
                                      pipe, module],
    "pin-source": lambda pipe, pki, module: [
        "sign", "-k", f"pkcs11:token=none?pin-source={pipe}", module],
    "new key": lambda pipe, pki, module: ["key", "new", "--encrypt", "--pin-file", pipe, "-o",
                                          module.with_name("new")],
}


@pytest.mark.anywhere
@pytest.mark.plain
@pytest.mark.parametrize("way", WAYS)
def test_a_pipe_that_nobody_writes_to_does_not_block(way, pki, module, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    before = module.read_bytes()
    done = cli.run(*WAYS[way](pipe, pki, module))
    assert done.returncode == 2 and f"nobody writes to the pipe '{pipe}'" in done.stderr
    assert module.read_bytes() == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("way", WAYS)
def test_a_signal_ends_the_wait_for_a_writer_that_does_not_write(
        way, number, pki, module, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    before = module.read_bytes()
    held = os.open(pipe, os.O_RDWR)
    try:
        with atwork.Run(*WAYS[way](pipe, pki, module)) as run:
            atwork.until(lambda: holds_open(run.pid, pipe) or run.ended(), "it reads the pipe")
            run.send(number)
            assert run.end() == 2
            assert run.err == "modseal: interrupted\n"
    finally:
        os.close(held)
    assert module.read_bytes() == before


@pytest.mark.parametrize("way", WAYS)
def test_a_pipe_without_end_is_bounded(way, pki, module, tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with subprocess.Popen(["cat", "/dev/zero"], stdout=os.open(pipe, os.O_RDWR),
                          stderr=subprocess.DEVNULL) as endless:
        done = cli.run(*WAYS[way](pipe, pki, module))
        endless.kill()
    assert done.returncode == 2
    assert "larger than" in done.stderr or "too long" in done.stderr, cli.said(done)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("what", ["/dev/zero", "/dev/null", "."])
def test_what_is_neither_file_nor_pipe_is_refused(way, what, pki, module):
    if way == "pin-source" and what == ".":
        return  # must be an absolute path
    done = cli.run(*WAYS[way](what, pki, module), cwd=module.parent)
    assert done.returncode == 2
    assert "neither a file nor a pipe" in done.stderr or "Is a directory" in done.stderr


def test_a_bundle_from_standard_input_that_never_comes_is_not_waited_for_after_a_signal(
        pki, module):
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [cli.PROGRAM, "attach", "--trust", pki / "p384.pem", "-", module], stdin=reading,
        stderr=subprocess.PIPE, start_new_session=True, env=cli.environment())
    atwork.until(lambda: process.poll() is not None or waits(process.pid), "it reads")
    process.send_signal(signal.SIGTERM)
    atwork.until(lambda: process.poll() is not None, "its end")
    assert process.returncode == 2
    assert process.stderr.read() == b"modseal: interrupted\n"
    os.close(reading)
    os.close(writing)


def waits(pid):
    """It has caught SIGTERM's handler, and sleeps."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        text = file.read()
    caught = int(text.split("SigCgt:\t")[1].split()[0], 16)
    return "State:\tS" in text and caught >> (signal.SIGTERM - 1) & 1


@pytest.mark.parametrize("name", ["etc/dkms/framework.conf", "etc/dkms/framework.conf.d/x.conf"])
def test_a_pipe_in_the_place_of_dkms_s_configuration_does_not_block(name, tmp_path):
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    os.mkfifo(path)
    done = cli.run("dkms", "setup", "--root", tmp_path)
    assert done.returncode == 2 and f"'{path}' is no regular file" in done.stderr


@pytest.mark.anywhere
@pytest.mark.plain
def test_sign_file_reads_a_signature_of_a_pipe_without_blocking(pki, module, tmp_path):
    link, pipe = tmp_path / "sign-file", tmp_path / "pipe"
    link.symlink_to(cli.PROGRAM)
    os.mkfifo(pipe)
    done = cli.run("-s", pipe, "sha256", pki / "p384.pem", module, program=link)
    assert done.returncode == 1 and "nobody writes to the pipe" in done.stderr


def test_want_of_memory_is_not_told_as_a_wrong_passphrase(pki, module, tmp_path):
    """One mapping after the other is refused; the key's own memory is mapped, too."""
    strace.need()
    strace.need_refused_memory()
    before, log = module.read_bytes(), tmp_path / "log"
    command = [cli.PROGRAM, "sign", "--dry-run", "-j1", "-k", pki / "p384-enc.key", "-c",
               pki / "p384.pem", module]
    env = {**cli.without_leak_check(), "KBUILD_SIGN_PIN": make_pki.PASSPHRASE}

    def traced(*inject):
        return cli.run("-qq", "-o", log, "-e", "trace=mmap", *inject, *command,
                       program="strace", env=env)

    assert traced().returncode == 0
    refused = 0
    for number in range(1, len(log.read_text().splitlines()) + 1):
        done = traced("-e", f"inject=mmap:error=ENOMEM:when={number}")
        assert "wrong passphrase" not in done.stderr, (number, cli.said(done))
        refused += "out of memory" in done.stderr or "annot allocate memory" in done.stderr
    assert refused and module.read_bytes() == before
