# SPDX-License-Identifier: LGPL-2.1-or-later
"""A key store looked at while others change it."""

import os
import subprocess
import threading
import time

import pytest

from support import cli

PARTS = {"signing_key.pem": 0o600, "signing_prv.pem": 0o600, "signing_crt.crt": None,
         "khash": None, "ktype": None}


@pytest.fixture
def config(tmp_path):
    path = tmp_path / ".config"
    path.write_text('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\n'
                    'CONFIG_MODULE_SIG_HASH="sha512"\n')
    return path


def start(store, config, refresh, umask=0):
    return subprocess.Popen(
        ["sh", "-c", f'umask {umask:o}; exec "$@"', "sh", cli.PROGRAM, "key", "rotate", "-q",
         f"--refresh={refresh}", "--store", store, "--config", config],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=cli.environment())


def fault_of(store):
    """What is wrong with the current key, seen from outside; None where all is well."""
    try:
        directory = store / os.readlink(store / "current")
    except FileNotFoundError:
        return None  # no key yet
    for name, mode in PARTS.items():
        try:
            st = (directory / name).stat()
        except FileNotFoundError:
            return f"{directory}/{name} is not there"
        if not st.st_size:
            return f"{directory}/{name} is empty"
        if mode and st.st_mode & 0o777 != mode:
            return f"{directory}/{name} has mode {st.st_mode:o}"
    return None


def open_keys(store):
    """Files of private keys that others may open, wherever they lie in the store."""
    found = []
    for root, _, names in os.walk(store):
        for name in names:
            try:
                mode = os.lstat(os.path.join(root, name)).st_mode
            except FileNotFoundError:
                continue
            if name.endswith(".pem") and mode & 0o077:
                found.append(f"{root}/{name} {mode:o}")
    return found


class Watch(threading.Thread):
    """Looks at the store all the time."""

    def __init__(self, store):
        super().__init__()
        self.store, self.faults, self.over = store, [], False

    def look(self):
        self.faults += [fault for fault in [fault_of(self.store)] if fault]
        self.faults += open_keys(self.store)

    def run(self):
        try:
            while not self.over:
                self.look()
                time.sleep(0.002)  # others want the processor, too
        except Exception as error:  # what it could not look at is no good news
            self.faults.append(error)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over = True
        self.join()
        self.look()


def check_whole(store):
    """The current key can be signed with, by openssl's account of key and certificate."""
    directory = store / "current"
    publics = {
        subprocess.run(["openssl", *command, "-in", directory / "signing_key.pem"],
                       check=True, capture_output=True).stdout
        for command in (["pkey", "-pubout"], ["x509", "-noout", "-pubkey"])
    }
    assert len(publics) == 1
    done = cli.run("key", "status", "--store", store)
    assert done.returncode == 0, cli.said(done)


def generations(store):
    return sorted(path.name for path in store.iterdir() if path.name.startswith("20"))
