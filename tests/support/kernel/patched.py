# SPDX-License-Identifier: LGPL-2.1-or-later
"""The modules of a kernel built with kernel/patches, and what vouches for them.

Proofs and digests are computed here, over hashlib, from the modules as they were built
and from the order in modules.order: not by the kernel's own tool and not by modseal.
"""

import hashlib
import os
import pathlib
import subprocess

from support.files import forge, merkle
from support.runs import extent

SERIES = ("7.3", "6.12")
# those that are asked: ./check names the ones that it has a kernel of
ASKED = os.environ.get("HASHED_SERIES", "").split() or list(
    SERIES if extent.FULL else SERIES[:1]
)
FORMS = ("list", "merkle")
NAMES = [f"{series}-{form}" for series in SERIES for form in FORMS]
ASKED_NAMES = [f"{series}-{form}" for series in ASKED for form in FORMS]


def split_name(name):
    """7.3-list: series and form."""
    series, _, form = name.partition("-")
    return series, form


def arguments(name):
    """Those of lab/build-kernel for a kernel of NAMES."""
    series, form = split_name(name)
    return ["--series", series, "--hashes", form]


class Build:
    """What one build of such a kernel knows.

    paths       of its modules as they were built, in the order of modules.order
    payloads    their bytes
    proofs      theirs in a tree over all of them
    root        (levels, hash) of that tree
    installed   {name: path} of what modules_install made of them, compressed by zstd
    outside     (name, bytes) of modules that it does not know: one that is in no kernel,
                and one of this kernel built once more
    """

    def __init__(self, found):
        """found: what lab/build-kernel printed."""
        self.tree = pathlib.Path(found["tree"])
        order = (self.tree / "modules.order").read_text().split()
        self.paths = [self.tree / f"{line.removesuffix('.o')}.ko" for line in order]
        self.payloads = [path.read_bytes() for path in self.paths]
        self.names = [path.stem for path in self.paths]
        self.root = merkle.root(self.payloads)
        count = len(self.payloads)
        self.proofs = [merkle.proof(self.payloads, index) for index in range(count)]
        self.outside = [
            (path.stem, path.read_bytes())
            for path in sorted(pathlib.Path(found["outside"]).glob("*.ko"))
        ]
        installed = pathlib.Path(found["modules"])
        self.installed = {
            path.name.partition(".")[0]: path for path in installed.rglob("*.ko.zst")
        }

    @property
    def levels(self):
        return self.root[0]

    def digests(self):
        """SHA-256 of each module, ascending: what the list form has."""
        return sorted(hashlib.sha256(data).digest() for data in self.payloads)

    def unpacked(self, name):
        """The bytes that were installed."""
        command = ["zstd", "-dcq", self.installed[name]]
        return subprocess.run(command, capture_output=True, check=True).stdout

    def index(self, name):
        return self.names.index(name)


def with_proof(covered, proof, **fields):
    """The bytes, and a trailer with that proof over them."""
    fields.setdefault("id_type", 3)
    return forge.append(covered, proof, **fields)
