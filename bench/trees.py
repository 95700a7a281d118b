# SPDX-License-Identifier: LGPL-2.1-or-later
"""The trees and keys that the jobs work on, and where the reference tools are."""

import os
import pathlib
import shutil
import subprocess
import sys

import measure

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.append(str(TOP / "tests"))

from support.tools import assignments  # noqa: E402 (its path is set just above)

KERNEL = "7.3-full"
PACKAGED_HASH = "sha256"  # what its modules are signed over
# what a copy of the tree, its unpacked form, a signed one and room to work need
NEEDED = 4 << 30


def cores():
    return len(os.sched_getaffinity(0))


def build(directory):
    """A release build, as distributions make it."""
    subprocess.run(
        ["meson", "setup", directory, TOP, "-Dbuildtype=release"],
        check=True, stdout=subprocess.DEVNULL,
    )
    subprocess.run(["ninja", "-C", directory], check=True, stdout=subprocess.DEVNULL)


def archive(*arguments):
    run = subprocess.run(
        [TOP / "tools/debian-archive", *arguments], capture_output=True, text=True
    )
    if run.returncode:
        raise SystemExit(f"bench: {run.stderr}")
    return run.stdout


def kernel():
    """release, vmlinuz, config and modules of the kernel measured."""
    return assignments.read(archive("kernel", KERNEL))


def reference_sign_file():
    root = archive("unpack", "bookworm", "linux-kbuild-6.1").strip()
    return f"{root}/usr/lib/linux-kbuild-6.1/scripts/sign-file"


def modules_under(tree):
    return sorted(p for p in pathlib.Path(tree).rglob("*.ko*") if p.is_file())


def size_of(tree):
    return sum(path.stat().st_size for path in modules_under(tree))


def copy(source, target):
    subprocess.run(["cp", "-a", source, target], check=True)


def prepare(work, every):
    """(unpacked tree, packed tree) under @work; of all modules or of each @every-th."""
    if shutil.disk_usage(work).free < NEEDED:
        raise SystemExit(f"bench: less than {NEEDED >> 30} GiB free in {work.parent}")
    source = pathlib.Path(kernel()["modules"])
    plain, packed = work / "plain", work / "packed"
    for path in modules_under(source)[:: every or 1]:
        target = packed / path.relative_to(source)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    copy(packed, plain)
    measure.run(["sh", "-c", f"find {plain} -name '*.ko.xz' -print0 | "
                 f"xargs -0 -P{cores()} -n 100 xz -d"])
    return plain, packed


def make_key(work, kind):
    """(key, certificate), PEM, of one kind."""
    options = {
        "p384": ["ec", "-pkeyopt", "ec_paramgen_curve:secp384r1"],
        "rsa4096": ["rsa:4096"],
    }[kind]
    key, cert = work / f"{kind}.key", work / f"{kind}.crt"
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-newkey", *options, "-nodes", "-batch",
         "-days", "3650", "-subj", f"/CN=modseal bench {kind}", "-keyout", key,
         "-out", cert],
        check=True, stderr=subprocess.DEVNULL,
    )
    return key, cert


def debian_certificates(bench):
    """What the packaged modules are verified with: their own kernel's certificates."""
    pem = bench.work / "debian.pem"
    measure.run([bench.program, "certs", kernel()["vmlinuz"], "-o", pem])
    return pem
