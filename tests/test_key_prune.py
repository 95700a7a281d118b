# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does prune remove what nobody needs, and never what somebody still trusts?"""

import os
import shutil

import pytest
from support.keys import stores

from support import cli

pytestmark = pytest.mark.anywhere

FOUR = {"20230101-1200": "p521", "20240101-1200": "rsa2048", "20250101-1200": "p256",
        "20260101-1200": "p384"}


@pytest.fixture
def store(tmp_path, pki):
    return stores.certs_local(tmp_path / "certs-local", pki, FOUR)


@pytest.fixture
def root(tmp_path):
    """Where installed kernels are: none."""
    (tmp_path / "root" / "boot").mkdir(parents=True)
    return tmp_path / "root"


def der(pki, kind):
    return (pki / f"{kind}.der").read_bytes()


def left(store):
    return sorted(path.name for path in store.iterdir() if path.name.startswith("20"))


def prune(store, root, *arguments):
    """{name: what became of it}, and the exit status."""
    result = cli.document("key", "prune", "--store", store, "--root", root, *arguments)
    return {one["name"]: one["result"] for one in result["generations"]}, result["status"]


def test_fault_old_key_directories_are_never_pruned(store, root):
    others = sorted(path.name for path in store.iterdir() if not path.name.startswith("20"))
    results, status = prune(store, root, "--keep=2")
    assert (list(results.values()), status) == (["current", "new", "removed", "removed"], 0)
    assert left(store) == ["20250101-1200", "20260101-1200"]
    assert sorted(p.name for p in store.iterdir() if not p.name.startswith("20")) == others
    assert os.readlink(store / "current") == "20260101-1200"


def test_the_current_generation_always_stays(store, root):
    stores.point(store, "20230101-1200")
    results, status = prune(store, root, "--keep=1", "--force")
    assert (results["20230101-1200"], results["20260101-1200"], status) == ("current", "new", 0)
    assert left(store) == ["20230101-1200", "20260101-1200"]


@pytest.mark.parametrize("place", ["trusted", "own", "extra"])
def test_a_generation_that_an_installed_kernel_trusts_stays(store, root, pki, tmp_path, place):
    certs = {"own": der(pki, "rsa4096")}
    certs.update({"own": {"own": der(pki, "rsa2048")},
                  "trusted": {"trusted": [der(pki, "rsa2048")]},
                  "extra": {"extra": der(pki, "rsa2048"), "extra_area": 4096}}[place])
    stores.install_kernel(root, "6.1.0-old", tmp_path / "work", **certs)
    results, status = prune(store, root, "--keep=1")
    assert results == {"20260101-1200": "current", "20250101-1200": "removed",
                       "20240101-1200": "trusted", "20230101-1200": "removed"}
    assert status == 1
    assert left(store) == ["20240101-1200", "20260101-1200"]
    results, status = prune(store, root, "--keep=1", "--force")
    assert (results["20240101-1200"], status) == ("removed", 0)
    assert left(store) == ["20260101-1200"]


def test_a_kernel_in_boot_counts_too(store, root, pki, tmp_path):
    modules = stores.install_kernel(root, "6.1.0-old", tmp_path / "work",
                                    own=der(pki, "rsa4096"), trusted=[der(pki, "p521")])
    (modules / "vmlinuz").rename(root / "boot" / "vmlinuz-6.1.0-old")
    assert prune(store, root, "--keep=1")[0]["20230101-1200"] == "trusted"


@pytest.mark.parametrize("place", ["boot/Image-6.1.0-old", "boot/vmlinux-6.1.0-old",
                                   "boot/kernel-6.1.0-old", "lib/modules/6.1.0-old/vmlinux"])
def test_an_image_is_read_wherever_kernels_have_theirs(store, root, pki, tmp_path, place):
    modules = stores.install_kernel(root, "6.1.0-old", tmp_path / "work",
                                    own=der(pki, "rsa4096"), trusted=[der(pki, "p521")])
    (modules / "kernel").mkdir()
    (modules / "vmlinuz").rename(root / place)
    assert prune(store, root, "--keep=1")[0]["20230101-1200"] == "trusted"


def test_a_root_that_is_not_there_is_not_one_without_kernels(store, root):
    done = cli.run("key", "prune", "--store", store, "--root", f"{root}x", "--keep=1")
    assert done.returncode == 2 and f"cannot open '{root}x'" in done.stderr
    assert left(store) == sorted(FOUR)


def test_an_absolute_link_to_a_build_directory_leads_to_the_roots_own(store, root):
    config(root / "usr/src/headers/.config", store / "20240101-1200" / "signing_key.pem")
    (root / "lib/modules/6.1.0").mkdir(parents=True)
    (root / "lib/modules/6.1.0/build").symlink_to("/usr/src/headers")
    assert prune(store, root, "--keep=1")[0]["20240101-1200"] == "trusted"


def test_a_generation_that_a_kernel_revokes_is_not_trusted(store, root, pki, tmp_path):
    stores.install_kernel(root, "6.1.0-old", tmp_path / "work", own=der(pki, "rsa4096"),
                          trusted=[der(pki, "rsa2048")], revoked=[der(pki, "rsa2048")])
    assert prune(store, root, "--keep=1")[0]["20240101-1200"] == "removed"


def test_another_certificate_of_the_same_key_counts(store, root, pki, tmp_path):
    stores.install_kernel(root, "6.1.0-old", tmp_path / "work", own=der(pki, "rsa4096"),
                          trusted=[der(pki, "rsa2048-again")])
    assert prune(store, root, "--keep=1")[0]["20240101-1200"] == "trusted"


def config(path, trusted):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'CONFIG_MODULES=y\nCONFIG_SYSTEM_TRUSTED_KEYS="{trusted}"\n')
    return path


@pytest.mark.parametrize("place", ["lib/modules/6.1.0/build/.config", "boot/config-6.1.0",
                                   "lib/modules/6.1.0/config", None])
def test_a_generation_that_a_configuration_trusts_stays(store, root, tmp_path, place):
    path = config(root / place if place else tmp_path / "my.config",
                  store / "20240101-1200" / "signing_key.pem")
    more = [] if place else ["--config", path]
    result = cli.document("key", "prune", "--store", store, "--root", root, "--keep=1", *more)
    (kept,) = [one for one in result["generations"] if one["result"] == "trusted"]
    assert kept == {"name": "20240101-1200", "result": "trusted", "by": str(path),
                    "left_in_token": None}
    assert result["status"] == 1


def test_a_combined_file_that_a_configuration_names_counts(store, root, tmp_path, pki):
    (tmp_path / "all.pem").write_bytes(b"".join(
        (pki / f"{kind}.pem").read_bytes() for kind in ("rsa4096", "rsa2048")))
    path = config(tmp_path / "my.config", "all.pem")
    results, _ = prune(store, root, "--keep=1", "--config", path)
    assert results["20240101-1200"] == "trusted" and results["20250101-1200"] == "removed"


def test_a_pattern_of_configurations_is_expanded(store, root, tmp_path):
    config(tmp_path / "config.a", store / "20230101-1200" / "signing_key.pem")
    config(tmp_path / "config.b", store / "20240101-1200" / "signing_key.pem")
    results, _ = prune(store, root, "--keep=1", "--config", tmp_path / "config.*")
    assert [results[name] for name in sorted(FOUR)] == ["trusted", "trusted", "removed", "current"]


@pytest.mark.parametrize("what", ["image", "config", "named", "pattern"])
def test_nothing_goes_where_who_trusts_it_cannot_be_known(store, root, tmp_path, what):
    more = []
    if what == "image":
        (root / "boot" / "vmlinuz-6.1.0").write_bytes(b"MZ" + bytes(1000))
    elif what == "config":
        (root / "boot" / "config-6.1.0").write_bytes(b"\0\1\2" * 100)
    elif what == "named":
        (tmp_path / "junk.pem").write_bytes(b"junk")
        more = ["--config", config(tmp_path / "my.config", tmp_path / "junk.pem")]
    else:
        more = ["--config", tmp_path / "none.*"]
    before = stores.snapshot(store)
    done = cli.run("key", "prune", "--store", store, "--root", root, "--keep=1", *more)
    assert done.returncode == 2, cli.said(done)
    assert stores.snapshot(store) == before
    if what != "pattern":
        assert "hint: with --force" in done.stderr
        assert prune(store, root, "--keep=1", "--force", *more)[1] == 0


def test_a_generation_whose_certificate_cannot_be_read_stays(store, root):
    (store / "20230101-1200" / "signing_crt.crt").write_bytes(b"junk")
    done = cli.run("key", "prune", "--store", store, "--root", root, "--keep=1")
    assert done.returncode == 1 and "cannot be read" in done.stderr
    assert left(store) == ["20230101-1200", "20260101-1200"]
    assert prune(store, root, "--keep=1", "--force")[1] == 0
    assert left(store) == ["20260101-1200"]


def test_a_dry_run_removes_nothing(store, root):
    before = stores.snapshot(store)
    results, status = prune(store, root, "--keep=3", "--dry-run")
    assert (results["20230101-1200"], status) == ("would-remove", 0)
    assert stores.snapshot(store) == before


@pytest.mark.parametrize("keep", ["0", "-1", "x", "", "1x", "99999999999999999999"])
def test_nonsense_in_keep_is_a_usage_error(store, root, keep):
    before = stores.snapshot(store)
    done = cli.run("key", "prune", "--store", store, "--root", root, f"--keep={keep}")
    assert done.returncode == 2 and "hint: " in done.stderr
    assert cli.run("key", "prune", "--store", store, "--root", root).returncode == 2
    assert stores.snapshot(store) == before


def test_what_a_killed_run_left_is_cleared_away(store, root):
    leftover = store / ".modseal-key-0123456789abcdef"
    leftover.mkdir()
    (leftover / "signing_key.pem").write_text("half of a ke")
    (store / ".modseal-key-fedcba9876543210").symlink_to("20260101-1200")
    prune(store, root, "--keep=9")
    assert not [path for path in store.iterdir() if path.name.startswith(".modseal")]
    assert left(store) == sorted(FOUR)


def test_a_store_without_private_parts_can_be_pruned_by_nobody(store, root):
    """A current generation that is not whole: nothing is decided on that ground."""
    (store / "20260101-1200" / "signing_key.pem").unlink()
    before = stores.snapshot(store)
    done = cli.run("key", "prune", "--store", store, "--root", root, "--keep=1")
    assert done.returncode == 2 and "not whole" in done.stderr
    assert stores.snapshot(store) == before


def test_a_read_only_store_is_told_and_left(store, root, tmp_path):
    if os.geteuid() != 0 or not shutil.which("unshare"):
        pytest.skip("needs root and unshare")
    before = stores.snapshot(store)
    script = f"mount --bind '{store}' '{store}' && mount -o remount,ro,bind '{store}' && " + \
        f"exec '{cli.PROGRAM}' key prune --keep=1 --store '{store}' --root '{root}'"
    done = cli.run("-m", "sh", "-c", script, program="unshare")
    if "permission denied" in done.stderr:
        pytest.skip("no mounts here")
    assert done.returncode == 2 and "Read-only file system" in done.stderr, cli.said(done)
    assert stores.snapshot(store) == before


def test_nothing_goes_where_an_installed_kernel_s_image_is_not_found(store, root, pki, tmp_path):
    """/boot may not be mounted."""
    modules = stores.install_kernel(root, "6.1.0-old", tmp_path / "work", own=der(pki, "rsa4096"))
    (modules / "kernel").mkdir()
    assert prune(store, root, "--keep=3")[1] == 0
    (modules / "vmlinuz").rename(tmp_path / "unmounted")
    before = stores.snapshot(store)
    done = cli.run("key", "prune", "--store", store, "--root", root, "--keep=1")
    assert done.returncode == 2 and "6.1.0-old" in done.stderr and "mount /boot" in done.stderr
    assert stores.snapshot(store) == before
    (tmp_path / "unmounted").rename(root / "boot" / "vmlinuz-6.1.0-old")
    assert prune(store, root, "--keep=1")[1] == 0
