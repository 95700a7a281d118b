# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a key store read as it is, whatever is wrong with it told, and its public part handed on?

Stores are made here by kernel-sign's documented layout, with keys of the openssl program.
"""

import hashlib
import os
import shutil
import subprocess

import pytest
from support.keys import stores

from support import cli
from support.syscalls import tracer

pytestmark = pytest.mark.anywhere

THREE = {"20240101-1200": "rsa2048", "20250101-1200": "p256", "20260101-1200": "p384"}


@pytest.fixture
def store(tmp_path, pki):
    """kernel-sign's certs-local with three generations."""
    return stores.certs_local(tmp_path / "certs-local", pki, THREE)


def listed(store):
    return cli.document("key", "list", "--store", store)["generations"]


def status(store, expected):
    result = cli.document("key", "status", "--store", store)
    assert result["status"] == expected, result
    return result


def faults(store):
    return [fault["text"] for fault in status(store, 1)["faults"]]


def test_a_store_of_kernel_sign_is_taken_over_as_it_is(store, pki):
    before = stores.snapshot(store)
    found = listed(store)
    assert [one["name"] for one in found] == sorted(THREE, reverse=True)
    assert [one["current"] for one in found] == [True, False, False]
    for one in found:
        kind = THREE[one["name"]]
        assert (one["whole"], one["key_type"], one["hash"]) == (True, kind, "sha512")
        der = (pki / f"{kind}.der").read_bytes()
        assert one["sha256"] == hashlib.sha256(der).hexdigest()
        assert one["faults"] == []
    assert status(store, 0)["current"] == found[0]
    assert stores.snapshot(store) == before


def test_what_lies_beside_the_generations_is_not_looked_at(store):
    (store / "20260201-1200.tar").touch()
    (store / "2026").mkdir()
    (store / "x509.oot.genkey").chmod(0o666)
    assert len(listed(store)) == 3
    status(store, 0)


def test_list_shows_every_generation_the_newest_first(store):
    lines = cli.ok("key", "list", "--store", store).splitlines()
    assert [line.split(":")[0] for line in lines] == sorted(THREE, reverse=True)
    assert "current" in lines[0] and "rsa2048" in lines[2]


def test_the_store_comes_from_the_environment_where_it_is_not_named(store, tmp_path):
    text = cli.ok("key", "status", env={"MODSEAL_STORE": store})
    assert str(store) in text
    other = tmp_path / "nowhere"
    done = cli.run("key", "status", "--store", other, env={"MODSEAL_STORE": store})
    assert done.returncode == 2 and str(other) in done.stderr


def test_a_store_that_is_not_there_is_trouble(tmp_path):
    for command in "list", "status":
        done = cli.run("key", command, "--store", tmp_path / "none")
        assert done.returncode == 2
        assert "cannot open the key store" in done.stderr and "hint: " in done.stderr
    assert not (tmp_path / "none").exists()


def test_an_empty_store_has_no_key(tmp_path):
    (tmp_path / "store").mkdir()
    assert cli.document("key", "list", "--store", tmp_path / "store")["status"] == 1
    assert "no current key" in faults(tmp_path / "store")[0]


@pytest.mark.parametrize("part", ["signing_key.pem", "signing_prv.pem", "signing_crt.crt", "khash",
                                  "ktype"])
def test_a_missing_part_is_told(store, part):
    (store / "current" / part).unlink()
    assert any(f"{part}' is missing" in fault for fault in faults(store))


@pytest.mark.parametrize("part", ["signing_key.pem", "signing_prv.pem", "signing_crt.crt", "khash"])
@pytest.mark.parametrize("content", [b"", b"junk\n", b"\0" * 100, b"-----BEGIN CERTIFICATE-----\n"])
def test_a_part_that_is_something_else_is_told(store, part, content):
    (store / "current" / part).write_bytes(content)
    assert any(part in fault for fault in faults(store))


def test_a_certificate_that_is_no_certificate_is_no_current_key(store, module):
    (store / "current" / "signing_crt.crt").write_bytes(b"\x30\x82\x01\x00" + bytes(256))
    before = module.read_bytes()
    done = cli.run("sign", "--store", store, module)
    assert done.returncode == 2 and "signing_crt.crt" in done.stderr and "hint: " in done.stderr
    assert module.read_bytes() == before


def test_a_certificate_of_another_key_is_told(store, pki):
    shutil.copyfile(pki / "p521.der", store / "current" / "signing_crt.crt")
    assert any("does not hold the certificate" in fault for fault in faults(store))


def test_a_ktype_that_contradicts_the_certificate_is_told(store):
    (store / "current" / "ktype").write_text("rsa\n")
    assert any("says 'rsa'" in fault for fault in faults(store))


def test_a_part_that_is_a_link_is_told(store):
    key = store / "current" / "signing_key.pem"
    key.rename(store / "elsewhere")
    key.symlink_to("../elsewhere")
    assert any("no regular file" in fault for fault in faults(store))


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o601])
@pytest.mark.parametrize("name", ["signing_key.pem", "signing_prv.pem"])
def test_a_private_key_that_others_can_open_is_told(store, name, mode):
    path = store / "20250101-1200" / name
    path.chmod(mode)
    (fault,) = status(store, 1)["faults"]
    assert f"{mode:04o}" in fault["text"]
    assert fault["hint"] == f"chmod 600 '{path}'"
    subprocess.run(fault["hint"], shell=True, check=True)
    status(store, 0)


@pytest.mark.parametrize("what", [".", "20260101-1200"])
def test_a_directory_that_others_can_write_to_is_told(store, what):
    (store / what).chmod(0o777)
    (fault,) = status(store, 1)["faults"]
    assert "can be changed by others" in fault["text"]
    subprocess.run(fault["hint"], shell=True, check=True)
    status(store, 0)


LINKS = {
    "20990101-0000": "dangles",
    "../certs-local/20260101-1200": "leaves the store",
    "..": "leaves the store",
    ".": "leaves the store",
    "/etc": "leaves the store",
    "lib": "does not name a key generation",
    "20260101-1200/.": "leaves the store",
}


@pytest.mark.parametrize("target", LINKS)
def test_a_current_link_that_leads_elsewhere_is_told_and_never_followed(store, module, target):
    (store / "current").unlink()
    (store / "current").symlink_to(target)
    before = stores.snapshot(store), module.read_bytes()
    fault = status(store, 1)["faults"][0]
    assert LINKS[target] in fault["text"]
    for arguments in (["sign", "--store", store, module], ["key", "prune", "--keep=1", "--store", store],
                      ["key", "install", "--store", store, store.parent / "dest"]):
        done = cli.run(*arguments)
        assert done.returncode == 2, cli.said(done)
        assert LINKS[target] in done.stderr and f"hint: {fault['hint']}" in done.stderr
    assert (stores.snapshot(store), module.read_bytes()) == before
    assert not (store.parent / "dest").exists()
    subprocess.run(fault["hint"], shell=True, check=True)
    status(store, 0)


def test_an_absolute_link_into_the_store_leaves_it_when_it_is_moved(store):
    (store / "current").unlink()
    (store / "current").symlink_to(store / "20260101-1200")
    assert "leaves the store" in faults(store)[0]


def test_a_current_that_is_no_link_is_told(store):
    (store / "current").unlink()
    (store / "current").mkdir()
    assert "is no link" in faults(store)[0]


@pytest.mark.parametrize("target", ["./20260101-1200", "20260101-1200/"])
def test_a_link_may_be_spelled_with_dot_and_slash(store, target):
    (store / "current").unlink()
    (store / "current").symlink_to(target)
    status(store, 0)


def test_a_stale_link_is_told(store):
    (store / "current").unlink()
    (store / "current").symlink_to("20250101-1200")
    fault = status(store, 1)["faults"][0]
    assert "is stale" in fault["text"]
    subprocess.run(fault["hint"], shell=True, check=True)
    assert status(store, 0)["current"]["name"] == "20260101-1200"


def test_a_generation_that_is_a_file_or_a_link_is_told(store):
    (store / "20230101-1200").touch()
    (store / "20230102-1200").symlink_to("20250101-1200")
    told = faults(store)
    assert len(told) == 2 and all("is no directory" in text for text in told)
    assert cli.run("key", "list", "--store", store).returncode == 1


def test_status_says_what_the_certificate_says(store, pki):
    text = cli.ok("key", "status", "--store", store)
    dates = subprocess.run(
        ["openssl", "x509", "-in", pki / "p384.pem", "-noout", "-dateopt", "iso_8601", "-dates"],
        capture_output=True, text=True, check=True).stdout
    for line in dates.splitlines():
        assert line.split("=")[1].replace(" ", "T") in text
    assert "20260101-1200" in text and "p384" in text and "sha512" in text


@pytest.mark.parametrize("name, younger, older", [
    ("20200101-1200", "2020-01-01T12:00:59Z", "2001-09-09T01:46:40Z"),
    ("29990101-1200", "2020-09-13T12:26:40Z", "2001-09-09T01:46:40Z"),
])
def test_the_age_is_the_oldest_that_name_or_file_says(tmp_path, pki, name, younger, older):
    store = tmp_path / "store"
    stores.add_generation(store, name, pki, "p256")
    stores.point(store, name)
    for stamp, made in (1_600_000_000, younger), (1_000_000_000, older):
        os.utime(store / name / "signing_key.pem", (stamp, stamp))
        assert status(store, 0)["current"]["made"] == made


def installed(directory):
    return sorted(str(path.relative_to(directory)) for path in directory.rglob("*"))


PUBLIC = ["20260101-1200", "20260101-1200/khash", "20260101-1200/ktype",
          "20260101-1200/signing_crt.crt", "current"]
PRIVATE = ["20260101-1200/signing_key.pem", "20260101-1200/signing_prv.pem"]


def test_install_copies_the_public_parts_only(store, tmp_path, pki):
    dest = tmp_path / "usr" / "lib" / "keys"
    result = cli.document("key", "install", "--store", store, dest)
    assert (result["status"], result["result"], result["private_key"]) == (0, "installed", False)
    assert installed(dest) == PUBLIC
    assert os.readlink(dest / "current") == "20260101-1200"
    assert (dest / "current" / "signing_crt.crt").read_bytes() == (pki / "p384.der").read_bytes()
    assert not any(b"PRIVATE" in path.read_bytes() for path in dest.rglob("*") if path.is_file())
    cli.ok("certs", dest / "current" / "signing_crt.crt")


def test_fault_the_private_key_is_copied_into_the_headers_package(store, tmp_path):
    """install-certs copied it every time; here it must be asked for, and is warned of."""
    cli.ok("key", "install", "--store", store, tmp_path / "build")
    assert not list((tmp_path / "build").rglob("*.pem"))
    done = cli.run("key", "install", "--with-private-key", "--store", store, tmp_path / "build")
    assert done.returncode == 0 and "holds the private key" in done.stderr
    assert installed(tmp_path / "build") == sorted(PUBLIC + PRIVATE)
    for name in PRIVATE:
        assert (tmp_path / "build" / name).stat().st_mode & 0o777 == 0o600


def test_installing_again_changes_nothing(store, tmp_path):
    cli.ok("key", "install", "--store", store, tmp_path / "dest")
    before = stores.snapshot(tmp_path / "dest")
    result = cli.document("key", "install", "--store", store, tmp_path / "dest")
    assert (result["status"], result["result"]) == (0, "unchanged")
    assert stores.snapshot(tmp_path / "dest") == before


def test_installing_a_new_generation_leaves_the_older_one(store, tmp_path, pki):
    dest = tmp_path / "dest"
    cli.ok("key", "install", "--store", store, dest)
    stores.add_generation(store, "20260301-1200", pki, "p521")
    stores.point(store, "20260301-1200")
    cli.ok("key", "install", "--store", store, dest)
    assert os.readlink(dest / "current") == "20260301-1200"
    assert (dest / "20260101-1200" / "signing_crt.crt").exists()


def test_installing_never_replaces_another_key_of_that_name(store, tmp_path, pki):
    dest = tmp_path / "dest"
    stores.certs_local(dest, pki, {"20260101-1200": "p521"})
    before = stores.snapshot(dest)
    done = cli.run("key", "install", "--with-private-key", "--store", store, dest)
    assert done.returncode == 2 and "with another signing_crt.crt" in done.stderr
    assert stores.snapshot(dest) == before


@pytest.mark.skipif(not tracer.PROGRAM.exists(), reason="no tracer for this machine")
@pytest.mark.parametrize("command", ["new", "install"])
def test_a_directory_that_was_made_in_vain_goes_and_no_other(store, tmp_path, command):
    """Somebody moves one above it away, and leads its path to a directory of the same name."""
    (tmp_path / "home" / "p").mkdir(parents=True)
    (tmp_path / "victim" / "made").mkdir(parents=True)
    arguments = {"new": ["--store", "home/p/made"],
                 "install": ["--store", store, "home/p/made"]}[command]
    swap = "mv home/p home/q; ln -s ../victim home/p; kill -INT $TRACED"
    run = tracer.run([cli.PROGRAM, "key", command, *arguments], tracer.Call("flock", 1),
                     ("--run", swap), cwd=tmp_path, scratch=tmp_path,
                     env=cli.environment(**cli.without_leak_check()))
    assert run.hit and run.status == 2, run
    assert list((tmp_path / "victim" / "made").iterdir()) == []
    assert list((tmp_path / "home" / "q").iterdir()) == []


@pytest.mark.skipif(not tracer.PROGRAM.exists(), reason="no tracer for this machine")
@pytest.mark.parametrize("command", ["new", "install"])
def test_a_path_that_leads_elsewhere_than_to_what_was_made_gets_nothing(store, tmp_path, command):
    """As above, at the moment at which it is made."""
    (tmp_path / "home" / "p").mkdir(parents=True)
    (tmp_path / "victim" / "made").mkdir(parents=True)
    arguments = {"new": ["--store", "home/p/made"],
                 "install": ["--store", store, "home/p/made"]}[command]
    run = tracer.run([cli.PROGRAM, "key", command, *arguments], tracer.Call("mkdirat", 1),
                     ("--run", "mv home/p home/q; ln -s ../victim home/p"), cwd=tmp_path,
                     scratch=tmp_path, env=cli.environment(**cli.without_leak_check()))
    assert run.hit and run.status == 2, run
    assert list((tmp_path / "victim" / "made").iterdir()) == []
    assert list((tmp_path / "home" / "q").iterdir()) == []


def test_a_file_in_the_place_of_the_destination_is_trouble(store, tmp_path):
    (tmp_path / "dest").write_text("mine")
    done = cli.run("key", "install", "--store", store, tmp_path / "dest")
    assert done.returncode == 2
    assert (tmp_path / "dest").read_text() == "mine"


def test_a_private_key_of_another_certificate_is_told(store, pki):
    both = (pki / "p521.key").read_bytes() + (pki / "p384.pem").read_bytes()
    (store / "current" / "signing_key.pem").write_bytes(both)
    (fault,) = faults(store)
    assert "signing_key.pem" in fault
