# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the kernel built for the lab answered to what modseal signed, asked once."""

import pathlib
import random
import shutil
import types

import pytest

from support import cli
from support.files import forge
from support.hostile import mixed
from support.kernel import campaign, kernels, operators
from support.kernel.kernels import lab
from support.keys import known, mldsa

SMALL = ["rsa2048", "rsa3072", "rsa4096", "p256", "p384", "p521"]
ML_DSA = ["mldsa44", "mldsa65", "mldsa87"]
HASHES = ["sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512"]


@pytest.fixture(scope="module")
def kernel():
    kernels.need_lab()
    return kernels.built()


@pytest.fixture(scope="module")
def module(kernel):
    return pathlib.Path(kernel.tree, "fs/nls/nls_ascii.ko")


def sign_all(directory, kernel, module):
    """NAME.ko for each kind and hash, signed by modseal."""
    keys = pathlib.Path(kernel.keys)
    for kind in [*SMALL, "own", "revoked", "stranger"]:
        for digest in HASHES if kind in SMALL else ["sha512"]:
            path = directory / f"{kind}-{digest}.ko"
            shutil.copyfile(module, path)
            cli.ok("sign", "--no-sync", "-k", keys / f"{kind}.key", "-c",
                   keys / f"{kind}.pem", "-H", digest, path)
    shutil.copyfile(module, directory / "unsigned.ko")
    good = (directory / "p384-sha512.ko").read_bytes()
    spoilt = bytearray(good)
    spoilt[len(spoilt) // 4] ^= 1
    (directory / "spoilt.ko").write_bytes(spoilt)
    (directory / "type-1.ko").write_bytes(good[:-38] + b"\1" + good[-37:])


@pytest.fixture(scope="module")
def files(kernel, module, tmp_path_factory):
    directory = tmp_path_factory.mktemp("signed")
    sign_all(directory, kernel, module)
    return directory


class Answers:
    """What both sides say of the files in a directory, by name without suffix."""

    def __init__(self, kernel, directory, call="finit", document=None):
        """document: what modseal verify said of the directory, if it was asked already."""
        paths = sorted(path for path in directory.iterdir() if ".ko" in path.name)
        self.call = call
        self.kernel = {}
        answers = kernels.ask_in_all_modes(kernel.vmlinuz, paths, call)
        for mode, results in answers.items():
            for path, result in zip(paths, results):
                self.kernel[path.name.partition(".")[0], mode] = result
        document = document or cli.document(
            "verify", "--kernel", kernel.vmlinuz, "--kernel-config", kernel.config, directory)
        self.modseal = {
            pathlib.Path(entry["path"]).name.partition(".")[0]: entry
            for entry in document["modules"]
        }
        assert len(self.modseal) == len(paths)

    def outcomes(self, name):
        return {self.kernel[name, mode].outcome for mode in lab.MODES}

    def differences(self):
        """(name, mode, the kernel's answer, modseal's) where these are not the same."""
        case = operators.Case("", "", b"", self.call)
        for (name, mode), result in self.kernel.items():
            kernel = campaign.kernel_says(result, mode)
            modseal = campaign.program_says(self.modseal[name], mode, case)
            if kernel != modseal:
                yield name, mode, kernel, modseal


@pytest.fixture(scope="module")
def answers(kernel, files):
    return Answers(kernel, files)


def write_lists(kernel, module, directory):
    """A file for each list of signers, NUMBER.ko; every tenth is a module that loads."""
    source = random.Random("lists")
    signatures = mldsa.Signatures()
    world = types.SimpleNamespace(**{
        name: known.Known(source, kernel.keys, kind, signatures)
        for name, kind in {"root": "p256", "revoked": "revoked", "withdrawn": "withdrawn",
                           "stranger": "stranger"}.items()})
    for number, names in enumerate(mixed.lists()):
        payload = module.read_bytes() if number % 10 == 0 else forge.TINY
        message = mixed.over(payload, lambda w, n=names: list(mixed.signers_of(w, n)), world)
        path = directory / f"{number:03}.ko"
        path.write_bytes(forge.append(payload, message.encode()))


@pytest.fixture(scope="module")
def packed(files, tmp_path_factory):
    """The zstd ones signed after they were packed, as modseal does it."""
    directory = tmp_path_factory.mktemp("packed")
    for name in "p384-sha512", "revoked-sha512", "stranger-sha512", "unsigned":
        data = (files / f"{name}.ko").read_bytes()
        (directory / f"{name}.ko.zst").write_bytes(operators.zstd(data))
    for name, pack in (("crc32", operators.xz(operators.lzma.CHECK_CRC32)),
                       ("gzip", operators.gzip.compress)):
        data = (files / "p384-sha512.ko").read_bytes()
        suffix = ".gz" if name == "gzip" else ".xz"
        (directory / f"{name}.ko{suffix}").write_bytes(pack(data))
    return directory
