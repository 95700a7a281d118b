# SPDX-License-Identifier: LGPL-2.1-or-later
"""A kernel's build directory after `make`, put together from Debian's packages: the real
makefiles and configuration of linux-headers, and real modules of linux-image, which lose
their signatures and gain something that strip takes away.

Nothing is compiled, so it takes a second, and `make modules_install` in it is what it is
in the directory of a kernel that was built.
"""

import pathlib
import re
import subprocess

import pytest

from support import cli
from support.kernel import kernels
from support.tools import flows

MODULES = ["dummy", "ipip", "nf_log_syslog", "crc-itu-t"]
COMPRESSIONS = {"none": "", "gzip": ".gz", "xz": ".xz", "zstd": ".zst"}


def headers(name):
    """The unpacked packages linux-headers-*, -common and linux-kbuild-*."""
    release = kernels.kernel(name).release
    version = re.sub(r"-cloud-amd64$", "", release)
    # 6.1.0-57 is an ABI of which linux-kbuild-6.1 knows nothing, 7.3.4+deb13 a version
    kbuild = "linux-kbuild-6.1" if name == "6.1" else f"linux-kbuild-{version}"
    packages = [f"linux-headers-{release}", f"linux-headers-{version}-common", kbuild]
    command = [cli.TOP / "tools" / "debian-archive", "unpack", kernels.kernel(name).suite, *packages]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no headers of kernel {name}: {done.stderr.strip()[-300:]}")
    root = pathlib.Path(done.stdout.strip())
    common, = root.glob("usr/src/linux-headers-*-common")
    return common, root / "usr" / "src" / f"linux-headers-{release}"


def configured(text, compression, sign_all):
    """.config or auto.conf with the tree's key, and modules compressed so."""
    text = re.sub(r"^(# )?CONFIG_MODULE_(COMPRESS|SIG_ALL|SIG_KEY\b)\S*[ =].*\n", "", text,
                  flags=re.MULTILINE)
    quote = '"' if '"sha256"' in text else ""
    lines = [f"CONFIG_MODULE_SIG_KEY={quote}certs/signing_key.pem{quote}"]
    lines.append("CONFIG_MODULE_SIG_ALL=y" if sign_all else "")
    if compression == "none":
        lines.append("CONFIG_MODULE_COMPRESS_NONE=y")
    else:
        lines += ["CONFIG_MODULE_COMPRESS=y", "CONFIG_MODULE_COMPRESS_ALL=y",
                  f"CONFIG_MODULE_COMPRESS_{compression.upper()}=y"]
    return text + "\n".join(filter(None, lines)) + "\n"


def place(name, directory):
    """The modules, unsigned and with something to strip; their paths without suffix."""
    root, stems = pathlib.Path(kernels.kernel(name).modules), []
    for path in kernels.module_paths(name):
        stem = path.name.partition(".")[0]
        if stem not in MODULES:
            continue
        where = path.relative_to(root / "kernel").parent
        target = directory / where / f"{stem}.ko"
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(kernels.module(name, stem))
        cli.ok("strip", "--all", "--no-sync", target)
        note = directory / "debug"
        note.write_bytes(b"to be stripped" * 1000)
        flows.ok("objcopy", "--add-section", f".debug_str={note}", target)
        stems.append(where / stem)
    assert len(stems) == len(MODULES)
    return stems


def make(name, directory, pki, *, compression="none", sign_all=True, key="rsa2048"):
    """The build directory; certs/ has the key of the test PKI."""
    flows.need("make", "objcopy", "depmod")
    common, flavour = headers(name)
    (directory / "certs").mkdir(parents=True)
    (directory / "include" / "config").mkdir(parents=True)
    (directory / "scripts").mkdir()
    (directory / "Makefile").write_text(f"include {common}/Makefile\n")
    for path in ".config", "include/config/auto.conf":
        text = (flavour / path).read_text()
        (directory / path).write_text(configured(text, compression, sign_all))
    (directory / "include/generated").mkdir()
    for path in "config/auto.conf.cmd", "generated/autoconf.h", "generated/rustc_cfg":
        (directory / "include" / path).write_text("")
    (directory / "include/config/kernel.release").write_text(kernels.kernel(name).release)
    stems = place(name, directory)
    suffix = "ko" if name == "6.1" else "o"
    (directory / "modules.order").write_text("".join(f"{s}.{suffix}\n" for s in stems))
    for path in "modules.builtin", "modules.builtin.modinfo", "System.map":
        (directory / path).write_text("")
    (directory / "certs/signing_key.pem").write_bytes((pki / f"{key}-both.pem").read_bytes())
    (directory / "certs/signing_key.x509").write_bytes((pki / f"{key}.der").read_bytes())
    if cli.REFERENCE.exists():
        (directory / "scripts/sign-file").symlink_to(cli.REFERENCE)
    return directory


def installed(root):
    """What modules_install left under root: {path: bytes}; links as text."""
    found = {}
    for path in sorted(root.rglob("*")):
        if path.is_symlink():
            continue  # to the build directory
        if path.is_file():
            found[str(path.relative_to(root))] = path.read_bytes()
    return found
