# SPDX-License-Identifier: LGPL-2.1-or-later
"""Commands that write files and key stores, each with a directory to do it in, and what is to
be found there afterwards; and strace, by which a system call of them fails or is the last."""

import hashlib
import os
import re
import shutil
import subprocess

from support.keys import stores

from support import cli

CONFIG = ('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\n'
          'CONFIG_MODULE_SIG_HASH="sha512"\nCONFIG_SYSTEM_TRUSTED_KEYS=""\n')
CALLS = ("openat,fsync,fdatasync,renameat,renameat2,rename,linkat,unlinkat,symlinkat,mkdirat,"
         "mkdir,fchmod,fchown,write,flock")


def snapshot(directory):
    """Each name below the directory, with its mode and content; a key by what it is not."""
    found = {}
    for root, names, files in os.walk(directory):
        for name in names + files:
            path = os.path.join(root, name)
            relative = os.path.relpath(path, directory)
            mode = os.lstat(path).st_mode
            if os.path.islink(path):
                found[relative] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[relative] = ("directory", mode & 0o7777)
            else:
                with open(path, "rb") as file:
                    found[relative] = (mode & 0o7777, hashlib.sha256(file.read()).hexdigest())
    return found


def under_strace(log, inject, *arguments):
    command = ["-f", "-qq", "-o", log, "-e", f"trace={CALLS}"]
    for one in inject:
        command += ["-e", f"inject={one}"]
    return cli.run(*command, cli.PROGRAM, *arguments, program="strace",
                   env=cli.without_leak_check())


def wide_keys(directory):
    """Files with a private key that somebody else could open."""
    found = []
    for root, _, files in os.walk(directory):
        for name in files:
            path = os.path.join(root, name)
            if not os.path.islink(path):
                with open(path, "rb") as file:
                    if b"PRIVATE KEY" in file.read() and os.stat(path).st_mode & 0o077:
                        found.append(path)
    return found


class World:
    """A directory that is made anew for each run, and a command that changes it."""

    def __init__(self, tmp_path, make, arguments, recover):
        self.top, self.work = tmp_path, tmp_path / "work"
        self.make, self.arguments, self.recover = make, arguments, recover
        self.log = tmp_path / "log"

    def anew(self):
        shutil.rmtree(self.work, ignore_errors=True)
        self.work.mkdir()
        self.make(self.work)
        return snapshot(self.work)

    def args(self):
        return [str(word).replace("@", str(self.work)) for word in self.arguments]

    def calls(self):
        """The calls of a run that comes through, each with its number among its kind."""
        self.anew()
        done = under_strace(self.log, [], *self.args())
        assert done.returncode == 0, cli.said(done)
        counts, found, begun = {}, [], False
        for line in self.log.read_text(errors="replace").splitlines():
            match = re.match(r"\d+ +(\w+)\(", line)
            if not match:
                continue
            name = match[1]
            counts[name] = counts.get(name, 0) + 1
            begun = begun or (str(self.work) in line and name == "openat")
            if begun:
                found.append((name, counts[name]))
        return found

    def clear_up(self):
        for place in self.recover:
            done = cli.run("recover", self.work / place)
            assert done.returncode in (0, 1), cli.said(done)


def kind_of(before, after):
    """Whether a set of files is as before, or has what a good run makes of it."""
    if after == before:
        return "old"
    left = [name for name in after if ".modseal" in name]
    assert not left, left
    return "changed"


def store_with_configs(pki):
    def make(work):
        stores.certs_local(work / "store", pki, {"20200101-1200": "p256"})
        for name in "one", "two":
            (work / name).mkdir()
            (work / name / ".config").write_text(CONFIG)
    return make


def check_rotated(work, before):
    """All of it is new: the store has one generation more, it is current and all name it."""
    name = os.readlink(work / "store" / "current")
    assert name != "20200101-1200"
    key = work / "store" / name / "signing_key.pem"
    subprocess.run(["openssl", "pkey", "-in", key, "-noout"], check=True)
    for place in "one", "two":
        text = (work / place / ".config").read_text()
        assert f'CONFIG_SYSTEM_TRUSTED_KEYS="{key}"' in text, text
    old = {name: value for name, value in before.items() if name.startswith("store/2020")}
    assert {n: v for n, v in snapshot(work).items() if n.startswith("store/2020")} == old


def check_added(work, before):
    name = os.readlink(work / "store" / "current")
    assert name != "20200101-1200"
    subprocess.run(["openssl", "pkey", "-in", work / "store" / name / "signing_key.pem",
                    "-noout"], check=True)
    assert {n: v for n, v in before.items() if n.startswith(("one", "two"))} == \
        {n: v for n, v in snapshot(work).items() if n.startswith(("one", "two"))}


def check_pair(work, _):
    publics = {subprocess.run(["openssl", *command], check=True, capture_output=True).stdout
               for command in (["pkey", "-in", work / "k.pem", "-pubout"],
                               ["x509", "-in", work / "k.pem.crt", "-inform", "DER", "-noout",
                                "-pubkey"])}
    assert len(publics) == 1


def check_set(work, _):
    for place in "one", "two":
        assert 'CONFIG_X="y2"' in (work / place / ".config").read_text()


def check_trusted(work, _):
    for place in "one", "two":
        named = re.search(r'CONFIG_SYSTEM_TRUSTED_KEYS="(.*)"',
                          (work / place / ".config").read_text())[1]
        assert named == f"{work}/{place}/.config.trusted.pem"
        subprocess.run(["openssl", "x509", "-in", named, "-noout"], check=True)


def check_installed(work, _):
    name = os.readlink(work / "dest" / "current")
    assert sorted(os.listdir(work / "dest" / name)) == ["khash", "ktype", "signing_crt.crt"]


def check_pruned(work, _):
    assert sorted(os.listdir(work / "store")) == ["20220101-1200", "current"]


def three_generations(pki):
    def make(work):
        (work / "store").mkdir(mode=0o700)
        for name in "20200101-1200", "20210101-1200", "20220101-1200":
            stores.add_generation(work / "store", name, pki, "p256")
        stores.point(work / "store", "20220101-1200")
        (work / "dest").mkdir()
    return make


def dkms_root(pki):
    def make(work):
        for place in "etc/dkms/framework.conf.d", "etc/keys", "usr/local/libexec/modseal":
            (work / place).mkdir(parents=True)
        for suffix in "key", "der":
            shutil.copyfile(pki / f"rsa2048.{suffix}", work / "etc/keys" / f"rsa2048.{suffix}")
        (work / "etc/keys/rsa2048.key").chmod(0o600)
        for name in "modseal-dkms-sign", "modseal-dkms-check":
            (work / "usr/local/libexec/modseal" / name).symlink_to("/bin/true")
        (work / "etc/dkms/x.conf").write_text("# mine\n")
    return make


def check_dkms(work, _):
    assert "modseal-sum" in (work / "etc/dkms/framework.conf.d/modseal.conf").read_text()
    assert "modseal-sum" in (work / "etc/dkms/x.conf").read_text()
    assert (work / "etc/dkms/x.conf.old").read_text() == "# mine\n"


def worlds(pki):
    configs = ["--config", "@/one/.config", "--config", "@/two/.config"]
    return {
        "rotate": (store_with_configs(pki), ["key", "rotate", "-q", "--refresh", "always",
                                             "--store", "@/store", *configs],
                   ["store", "one", "two"], check_rotated),
        "new-store": (store_with_configs(pki), ["key", "new", "-q", "--type", "p256", "--store",
                                                "@/store"], ["store"], check_added),
        "new-file": (lambda work: None, ["key", "new", "-q", "--type", "p256", "-o", "@/k.pem"],
                     ["."], check_pair),
        "config-set": (store_with_configs(pki), ["config", "set", "X=y2", "@/one/.config",
                                                 "@/two/.config"], ["one", "two"], check_set),
        "config-trust": (store_with_configs(pki), ["config", "trust", pki / "p256.der",
                                                   "@/one/.config", "@/two/.config"],
                         ["two", "one"], check_trusted),
        "install": (three_generations(pki), ["key", "install", "-q", "--store", "@/store",
                                             "@/dest"], ["dest"], check_installed),
        "prune": (three_generations(pki), ["key", "prune", "-q", "--keep", "1", "--force",
                                           "--store", "@/store"], ["store"], check_pruned),
        "dkms": (dkms_root(pki), ["dkms", "setup", "-q", "--root", "@", "--force", "--module",
                                  "x", "-k", "/etc/keys/rsa2048.key", "-c",
                                  "/etc/keys/rsa2048.der"],
                 ["etc/dkms/framework.conf.d", "etc/dkms"], check_dkms),
    }


NAMES = ["rotate", "new-store", "new-file", "config-set", "config-trust", "install", "prune",
         "dkms"]


def judge(world, before, check, done, what):
    """After a fault: one of both, whole, and status 0 only for the new one."""
    assert wide_keys(world.work) == [], what
    world.clear_up()
    after = snapshot(world.work)
    assert wide_keys(world.work) == [], what
    try:
        if kind_of(before, after) == "old":
            assert done.returncode != 0, "status 0 and nothing done"
            return "old"
        check(world.work, before)
    except BaseException as error:
        raise AssertionError(f"{what}: {error}\n{cli.said(done)}\n{after}") from error
    return "new"
