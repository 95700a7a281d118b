# SPDX-License-Identifier: LGPL-2.1-or-later
"""A link that somebody has put where modseal writes what nobody has named: is it ever written
through? And what the user has named: is it still followed?
"""

import os
import shutil
import subprocess

import pytest
from support.runs import survival

from support import cli

pytestmark = pytest.mark.anywhere

CONFIG = survival.CONFIG


@pytest.fixture
def victim(tmp_path):
    """A file that somebody's link leads to, and what it must still be afterwards."""
    path = tmp_path / "victim"
    path.write_text("precious\n")
    path.chmod(0o644)
    return path


def unharmed(victim):
    return victim.read_text() == "precious\n" and victim.stat().st_mode & 0o7777 == 0o644


def test_a_link_beside_a_manifest_is_not_written_through(tmp_path, pki, module, victim):
    (tmp_path / "tree").mkdir()
    shutil.move(module, tmp_path / "tree" / "a.ko")
    manifest = tmp_path / "MANIFEST"
    cli.ok("manifest", "create", "-o", manifest, tmp_path / "tree")
    beside = tmp_path / "MANIFEST.p7s"
    beside.symlink_to(victim)
    cli.ok("manifest", "sign", "-k", pki / "rsa2048-both.pem", manifest)
    assert unharmed(victim) and not beside.is_symlink()
    subprocess.run(["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", beside,
                    "-content", manifest, "-certfile", pki / "rsa2048.pem", "-CAfile",
                    pki / "rsa2048.pem", "-purpose", "any", "-out", "/dev/null"],
                   check=True, capture_output=True)
    # what the user names is another matter
    named = tmp_path / "named"
    named.symlink_to(victim)
    cli.ok("manifest", "sign", "-k", pki / "rsa2048-both.pem", "-o", named, manifest)
    assert named.is_symlink() and victim.read_bytes() == beside.read_bytes()


@pytest.mark.parametrize("what", ["fifo", "directory"])
def test_what_is_no_file_beside_a_manifest_is_refused(tmp_path, pki, module, what):
    (tmp_path / "tree").mkdir()
    shutil.move(module, tmp_path / "tree" / "a.ko")
    manifest = tmp_path / "MANIFEST"
    cli.ok("manifest", "create", "-o", manifest, tmp_path / "tree")
    beside = tmp_path / "MANIFEST.p7s"
    os.mkfifo(beside) if what == "fifo" else beside.mkdir()
    done = cli.run("manifest", "sign", "-k", pki / "rsa2048-both.pem", manifest)
    assert done.returncode == 2 and "no regular file" in done.stderr, cli.said(done)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".modseal")]


@pytest.mark.parametrize("dangling", [False, True])
def test_a_link_beside_a_configuration_is_not_written_through(tmp_path, pki, victim, dangling):
    config = tmp_path / ".config"
    config.write_text(CONFIG)
    # one that modseal might have written, which it replaces where it is none
    content = "# Certificates that the kernel is to trust, collected by modseal config trust\n"
    victim.write_text(content)
    if dangling:
        victim.unlink()
    (tmp_path / ".config.trusted.pem").symlink_to(victim)
    done = cli.run("config", "trust", pki / "p256.der", config)
    assert done.returncode == 2 and "is a link" in done.stderr, cli.said(done)
    assert config.read_text() == CONFIG
    assert not victim.exists() if dangling else victim.read_text() == content


@pytest.mark.parametrize("place", ["k.pem", "k.pem.crt"])
@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_link_in_the_place_of_a_key_is_not_written_through(tmp_path, victim, place, force):
    (tmp_path / place).symlink_to(victim)
    done = cli.run("key", "new", "--type", "p256", "-o", tmp_path / "k.pem", *force)
    assert unharmed(victim)
    assert done.returncode == (0 if force else 2), cli.said(done)
    assert (tmp_path / place).is_symlink() == (not force)
    keys = [path for path in tmp_path.iterdir() if b"PRIVATE KEY" in path.read_bytes()]
    assert all(path.stat().st_mode & 0o077 == 0 for path in keys)


def test_a_key_is_not_written_to_a_device(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = cli.run("key", "new", "--type", "p256", "-o", tmp_path / "pipe", "--force")
    assert done.returncode == 2 and "no regular file" in done.stderr, cli.said(done)
    assert (tmp_path / "pipe").is_fifo() and not (tmp_path / "pipe.crt").exists()


def test_a_link_beside_a_module_is_not_written_through(tmp_path, pki, module, victim):
    (tmp_path / "sign-file").symlink_to(cli.PROGRAM)
    beside = tmp_path / f"{module.name}.p7s"
    beside.symlink_to(victim)
    done = cli.run("-p", "sha256", pki / "rsa2048.key", pki / "rsa2048.der", module,
                   program=tmp_path / "sign-file")
    assert done.returncode == 0 and unharmed(victim) and not beside.is_symlink(), cli.said(done)


def test_sign_file_writes_to_the_device_that_was_named(tmp_path, pki, module):
    (tmp_path / "sign-file").symlink_to(cli.PROGRAM)
    target = tmp_path / "target"
    target.write_text("old\n")
    (tmp_path / "link").symlink_to(target)
    for dest in "/dev/null", tmp_path / "link":
        done = cli.run("sha256", pki / "rsa2048.key", pki / "rsa2048.der", module, dest,
                       program=tmp_path / "sign-file")
        assert done.returncode == 0, cli.said(done)
    assert os.stat("/dev/null").st_mode & 0o170000 == 0o020000
    assert (tmp_path / "link").is_symlink() and target.read_bytes().endswith(cli.MARKER)


@pytest.mark.parametrize("name", ["modseal.conf", "modseal.conf.old"])
def test_links_among_dkms_s_files_are_not_written_through(tmp_path, pki, victim, name):
    make, arguments, _, _ = survival.worlds(pki)["dkms"]
    world = survival.World(tmp_path, make, arguments, [])
    world.anew()
    place = world.work / "etc/dkms/framework.conf.d" / name
    place.symlink_to(victim)
    cli.ok(*world.args())
    assert unharmed(victim)
    if name == "modseal.conf":
        assert not place.is_symlink() and os.readlink(f"{place}.old") == str(victim)


def test_a_mode_that_another_user_s_file_had_is_not_kept(tmp_path, pki, module):
    if os.geteuid() != 0:
        pytest.skip("needs root to be somebody else")
    (tmp_path / "tree").mkdir()
    shutil.move(module, tmp_path / "tree" / "a.ko")
    manifest = tmp_path / "MANIFEST"
    cli.ok("manifest", "create", "-o", manifest, tmp_path / "tree")
    beside = tmp_path / "MANIFEST.p7s"
    beside.touch()
    beside.chmod(0o666)
    os.chown(beside, 12345, 12345)
    cli.ok("manifest", "sign", "-k", pki / "rsa2048-both.pem", manifest)
    assert beside.stat().st_uid == 0 and beside.stat().st_mode & 0o022 == 0
