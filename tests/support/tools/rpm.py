# SPDX-License-Identifier: LGPL-2.1-or-later
"""The real rpmbuild, with modseal's macros and a package of one module."""

import shutil

import pytest

from support.tools import flows

MACROS = flows.CONTRIB / "rpm" / "macros.modseal"
SPEC = flows.CONTRIB / "rpm" / "example.spec"
RELEASE = "6.1.0-example"
INSIDE = f"lib/modules/{RELEASE}/extra/example.ko"
NOTE = b"what strip takes away" * 500


class Workshop:
    def __init__(self, directory, pki):
        flows.need("rpmbuild", "rpm2cpio", "cpio", "strip", "objcopy")
        self.top, self.pki = directory, pki
        (directory / "SOURCES").mkdir()
        self.module = flows.unsigned_module("6.1", directory / "SOURCES" / "example.ko")
        (directory / "debug").write_bytes(NOTE)
        flows.ok("objcopy", "--add-section", f".debug_str={directory}/debug", self.module)
        self.path = flows.path_with_modseal(directory / "bin")
        self.spec = directory / "example.spec"
        shutil.copyfile(SPEC, self.spec)

    def rpmbuild(self, key="rsa2048-both.pem", **macros):
        macros = {"_topdir": self.top, "kernel_release": RELEASE, **macros}
        if key:
            macros["modseal_key"] = self.pki / key
        defines = []
        for name, value in macros.items():
            defines += ["--define", f"{name} {value}"]
        return flows.run("rpmbuild", f"--load={MACROS}", *defines, "-bb", self.spec,
                         path=self.path, env={"HOME": self.top})

    def packages(self):
        return sorted(self.top.glob("RPMS/*/kmod-example-1*.rpm"))

    def packed(self):
        """The module, as the package has it."""
        (package,) = self.packages()
        root = self.top / "unpacked"
        root.mkdir()
        flows.ok("sh", "-c", f"rpm2cpio '{package}' | cpio -idm --quiet", cwd=root)
        return root / INSIDE


@pytest.fixture
def workshop(tmp_path, pki):
    return Workshop(tmp_path, pki)
