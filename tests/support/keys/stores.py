# SPDX-License-Identifier: LGPL-2.1-or-later
"""Key stores by kernel-sign's documented layout, and roots with kernels that trust their keys."""

import os
import shutil

from support.files import make_image

KINDS = {"rsa2048": "rsa", "rsa3072": "rsa", "rsa4096": "rsa", "p256": "ec", "p384": "ec",
         "p521": "ec"}


def add_generation(store, name, pki, kind, khash="sha512"):
    """A generation of a test key, as kernel-sign leaves it; its directory."""
    directory = store / name
    directory.mkdir(parents=True)
    shutil.copyfile(pki / f"{kind}-both.pem", directory / "signing_key.pem")
    shutil.copyfile(pki / f"{kind}.key", directory / "signing_prv.pem")
    for key in "signing_key.pem", "signing_prv.pem":
        (directory / key).chmod(0o600)
    shutil.copyfile(pki / f"{kind}.der", directory / "signing_crt.crt")
    (directory / "khash").write_text(f"{khash}\n")
    (directory / "ktype").write_text(f"{KINDS[kind]}\n")
    return directory


def point(store, name):
    """Swaps `current` as kernel-sign does."""
    (store / "link").symlink_to(name)
    os.rename(store / "link", store / "current")


def certs_local(directory, pki, generations, current=None):
    """kernel-sign's certs-local with {name: kind of key}, the last one current."""
    directory.mkdir(parents=True)
    for name, kind in generations.items():
        add_generation(directory, name, pki, kind)
    point(directory, current or list(generations)[-1])
    for name in "genkeys.py", "sign_module.py", "install-certs.py", "x509.oot.genkey":
        (directory / name).write_text("# not a key\n")
    for name in "lib", "dkms":
        (directory / name).mkdir()
        (directory / name / "20200101-0000.txt").touch()
    return directory


def install_kernel(root, release, work, **certs):
    """Puts a kernel image with these certificates where installed kernels are."""
    work.mkdir(parents=True)
    image = make_image.vmlinux(work, make_image.Certs(**certs), symbols=True, release=release)
    modules = root / "lib" / "modules" / release
    modules.mkdir(parents=True)
    shutil.copyfile(image, modules / "vmlinuz")
    return modules


def snapshot(directory):
    """Every name below the directory with its mode and what it holds."""
    found = {}
    for path in sorted(directory.rglob("*")):
        if path.is_symlink():
            content = os.readlink(path)
        else:
            content = path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(directory))] = (path.lstat().st_mode, content)
    return found


CONFIG = ('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\n'
          'CONFIG_MODULE_SIG_HASH="sha512"\nCONFIG_SYSTEM_TRUSTED_KEYS=""\n')


def with_configuration(directory, pki):
    """A store, and the configuration of a kernel that is to trust its keys."""
    certs_local(directory / "store", pki, {"20200101-1200": "p256"})
    (directory / "store").chmod(0o700)
    (directory / "conf").mkdir()
    (directory / "conf" / ".config").write_text(CONFIG)
