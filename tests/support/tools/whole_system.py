# SPDX-License-Identifier: LGPL-2.1-or-later
"""An installed system below a root, of which doctor finds nothing wrong."""

import shutil
import struct
import uuid

import pytest

from support import cli
from support.kernel.kconfigs import GOOD
from support.keys import stores

RELEASE = "6.12.95-test"
SHIM = "605dab50-e046-4300-abb6-3dd810dd8b23"
IMAGES = "d719b2cb-3d3a-4596-a3bc-dad00e67656f"
GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
X509 = "a5c059a1-94e4-4aa7-87b5-ab155c2bf072"
KEYS = """\
1c395572 I------     1 perm 1f030000     0     0 keyring   .dns_resolver: empty
280e8c7f I------     1 perm 1f0b0000     0     0 keyring   .builtin_trusted_keys: 1
2a2f3cff I------     1 perm 1f0f0000     0     0 keyring   .secondary_trusted_keys: 2
3b2f3cff I------     1 perm 1f0f0000     0     0 keyring   .machine: 1
"""


class System:
    """A made-up system below a directory."""

    def __init__(self, root, pki, work):
        self.root, self.pki, self.work = root, pki, work

    def path(self, name):
        return self.root / name.lstrip("/")

    def put(self, name, content, mode=0o644):
        path = self.path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(mode)
        return path

    def efi(self, name, vendor, *kinds):
        """An EFI variable with the certificates of these keys."""
        lists = b""
        for kind in kinds:
            der = (self.pki / f"{kind}.der").read_bytes()
            body = uuid.UUID(int=7).bytes_le + der
            lists += uuid.UUID(X509).bytes_le + struct.pack("<III", 28 + len(body), 0, len(body))
            lists += body
        return self.put(f"/sys/firmware/efi/efivars/{name}-{vendor}", b"\6\0\0\0" + lists)

    def kernel(self, release=RELEASE, **certs):
        shutil.rmtree(self.path(f"/lib/modules/{release}"), ignore_errors=True)
        shutil.rmtree(self.work, ignore_errors=True)
        stores.install_kernel(self.root, release, self.work, **certs)

    def der(self, kind):
        return (self.pki / f"{kind}.der").read_bytes()

    def copy(self, kind, name, mode=0o644):
        return self.put(name, (self.pki / kind).read_bytes(), mode)

    def doctor(self, *options):
        """{id: finding} of all that is not just how things are, and the exit status."""
        result = cli.document("doctor", "--root", self.root, *options)
        assert result["root"] == str(self.root)
        found = {f["id"]: f for f in result["findings"] if f["severity"] != "info"}
        return found, result["status"]

    def wrong(self, *options):
        found, status = self.doctor(*options)
        errors = [f["severity"] for f in found.values()]
        assert status == (1 if "error" in errors else 2 if "unknown" in errors else 0)
        return {name: finding["severity"] for name, finding in found.items()}


@pytest.fixture(scope="session")
def healthy(pki, tmp_path_factory):
    """A system with nothing wrong, not to be changed: a kernel that trusts rsa2048, which is
    the current generation of its store, and rsa4096 enrolled for DKMS."""
    top = tmp_path_factory.mktemp("healthy")
    system = System(top / "root", pki, top / "work")
    system.put("/proc/sys/kernel/osrelease", f"{RELEASE}\n")
    system.put("/proc/sys/kernel/tainted", "0\n")
    system.put("/proc/modules", "")
    system.put("/proc/keys", KEYS)
    system.put("/sys/module/module/parameters/sig_enforce", "Y\n")
    system.put("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n")
    system.put(f"/boot/config-{RELEASE}", GOOD)
    system.kernel(own=system.der("p384"), trusted=[system.der("rsa2048")])
    system.put(f"/sys/firmware/efi/efivars/SecureBoot-{GLOBAL}", b"\6\0\0\0\1")
    system.efi("MokListRT", SHIM, "rsa4096")
    stores.certs_local(system.path("/var/lib/modseal/keys"), pki,
                       {"20250101-1200": "rsa3072", "20260101-1200": "rsa2048"})
    system.path("/var/lib/modseal/keys").chmod(0o700)
    system.copy("rsa4096.key", "/var/lib/dkms/mok.key", 0o600)
    system.copy("rsa4096.der", "/var/lib/dkms/mok.pub")
    system.put("/etc/dkms/framework.conf", "# nothing\nsign_file=/usr/bin/signer\n")
    system.put("/usr/bin/signer", "#!/bin/sh\n", 0o755)
    return system


@pytest.fixture
def system(healthy, tmp_path):
    """A healthy system of the test's own."""
    shutil.copytree(healthy.root, tmp_path / "root", symlinks=True)
    return System(tmp_path / "root", healthy.pki, tmp_path / "work")
