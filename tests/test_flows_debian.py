# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are modseal's own Debian packages clean, reproducible and complete?"""

import hashlib
import os
import pathlib
import shutil
import subprocess

import pytest

from support import cli
from support.runs import extent
from support.tools import flows

pytestmark = pytest.mark.flows

BUILD_TOOLS = ("dpkg-buildpackage", "dh", "meson", "fakeroot")


def copy_of_the_tree(directory, whole=False):
    """What git has of the tree, as a packager would unpack it."""
    directory.mkdir(parents=True)
    listing = ["git", "-C", cli.TOP, "ls-files", "-z", "-co", "--exclude-standard"]
    done = subprocess.run(listing, capture_output=True)
    if done.returncode:
        pytest.skip("the tree is no git repository, so nobody knows what belongs to it")
    names = done.stdout.decode().split("\0")[:-1]
    for name in names:
        unbuilt = name.startswith(("fuzz/corpus/", "tests/", "lab/", "bench/"))
        if unbuilt and not whole and not name.startswith("tests/syscalls/") and not (
            name == "tests/meson.build" or name.endswith((".h", "-tool.c", "-shim.c"))
        ):
            continue  # not looked at by the build
        source, target = cli.TOP / name, directory / name
        if source.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target, follow_symlinks=False)
    return directory


def build(directory, *, options, umask, **env):
    flows.need(*BUILD_TOOLS)
    source = copy_of_the_tree(directory / "modseal")
    done = flows.run(
        "dpkg-buildpackage", "-us", "-uc", "-b", cwd=source, umask=umask,
        env={"DEB_BUILD_OPTIONS": f"parallel={os.cpu_count()} {options}",
             "CCACHE_DISABLE": "1", **env},
    )
    if "Unmet build dependencies" in done.stderr:
        pytest.skip(done.stderr.strip()[-300:])
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return directory


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """Built, with FULL=true in the environment with the unit tests: the job `unit` has run
    those."""
    options = "" if extent.FULL else "nocheck"
    return build(tmp_path_factory.mktemp("one"), options=options, umask=0o022)


@pytest.fixture(scope="module")
def unpacked(packages, tmp_path_factory):
    """All of them unpacked into one root."""
    root = tmp_path_factory.mktemp("root")
    for package in packages.glob("*.deb"):
        if "-dbgsym" not in package.name:
            flows.ok("dpkg-deb", "-x", package, root)
    return root


def contents(packages, name):
    (package,) = packages.glob(f"{name}_*.deb")
    listed = subprocess.run(
        f"dpkg-deb --fsys-tarfile '{package}' | tar -t", shell=True, check=True,
        capture_output=True, text=True).stdout
    return {"/" + line.removeprefix("./") for line in listed.splitlines()}


@pytest.mark.skipif(not extent.FULL, reason="lintian takes two minutes: ./check --full")
def test_lintian_finds_the_packages_clean(packages):
    flows.need("lintian")
    (changes,) = packages.glob("*.changes")
    done = flows.run("lintian", "--allow-root", "--fail-on", "error,warning",
                     "--no-tag-display-limit", changes)
    assert done.returncode == 0, cli.said(done)
    assert not [line for line in done.stdout.splitlines() if line[:1] in "EW"]


def test_lintian_finds_the_source_package_clean(tmp_path):
    flows.need("lintian", "dpkg-source")
    source = copy_of_the_tree(tmp_path / "modseal-0", whole=True)
    flows.ok("dpkg-source", "-b", source, cwd=tmp_path)
    (dsc,) = tmp_path.glob("*.dsc")
    done = flows.run("lintian", "--allow-root", "--fail-on", "error,warning",
                     "--no-tag-display-limit", dsc)
    assert done.returncode == 0, cli.said(done)


def postrm(packages, place, action):
    """Runs the package's script where /etc and /var/lib are @place's."""
    if os.geteuid() != 0 or flows.run("unshare", "--mount", "true").returncode:
        pytest.skip("no mount namespaces here")
    (package,) = packages.glob("modseal_*.deb")
    flows.ok("dpkg-deb", "-e", package, place / "control")
    script = 'mount --bind etc /etc && mount --bind lib /var/lib && sh control/postrm "$0"'
    return flows.ok("unshare", "--mount", "--propagation", "private", "sh", "-c", script, action,
                    cwd=place)


def test_a_purge_takes_back_what_was_set_up_and_tells_of_private_keys(packages, tmp_path):
    ours = "# Written by `modseal dkms setup` for DKMS 3.2.2; see modseal-dkms(1).\n"
    texts = {
        "etc/dkms/framework.conf.d/modseal.conf": ours, "etc/dkms/hello.conf": ours,
        "etc/dkms/world.conf": "POST_BUILD=x\n", "etc/modseal/hooks.conf": "ACTION=off\n",
        "lib/modseal/keys/20260101-1200/signing_key.pem": "secret\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "etc/kernel/postinst.d").mkdir(parents=True)
    link = tmp_path / "etc/kernel/postinst.d/dkms-modseal"
    link.symlink_to("/usr/share/modseal/hooks/kernel-hook")
    (link.parent / "other").symlink_to("/usr/share/other")
    said = postrm(packages, tmp_path, "remove").stderr
    assert "DKMS is still to sign with modseal" in said and "'/etc/dkms/hello.conf'" in said
    assert "dkms-modseal' leads nowhere" in said
    assert all((tmp_path / name).exists() for name in texts) and link.is_symlink()
    said = postrm(packages, tmp_path, "purge").stderr
    assert "private keys are left in '/var/lib/modseal/keys'" in said
    left = [str(path.relative_to(tmp_path)) for path in sorted((tmp_path / "etc").rglob("*"))
            if path.is_symlink() or path.is_file()]
    assert left == ["etc/dkms/world.conf", "etc/kernel/postinst.d/other"]
    assert (tmp_path / "lib/modseal/keys/20260101-1200/signing_key.pem").exists()


@pytest.mark.skipif(not extent.FULL, reason="building once more takes minutes: ./check --full")
def test_two_builds_in_two_places_give_the_same_bytes(packages, tmp_path_factory):
    place = tmp_path_factory.mktemp("two") / "in-a-longer-path-than-the-other"
    again = build(place, options="nocheck", umask=0o027, TZ="Asia/Kathmandu", USER="other",
                  HOME=place)

    def sums(directory):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest()
                for path in directory.glob("*.deb")}

    assert len(sums(packages)) >= 3
    assert sums(again) == sums(packages)


def test_everything_is_in_its_place(packages):
    program = contents(packages, "modseal")
    for path in ("/usr/bin/modseal", "/usr/libexec/modseal/sign-file",
                 "/usr/libexec/modseal/kmodsign", "/usr/libexec/modseal/modseal-dkms-sign",
                 "/usr/share/man/man1/modseal.1.gz",
                 "/usr/share/man/man5/modseal-bundle.5.gz",
                 "/usr/share/bash-completion/completions/modseal",
                 "/usr/share/zsh/vendor-completions/_modseal",
                 "/usr/share/fish/vendor_completions.d/modseal.fish",
                 "/usr/share/modseal/kernel/modules_install.mk",
                 "/usr/share/modseal/hooks/kernel-hook"):
        assert path in program, path
    manual = {path.name for path in (cli.TOP / "man").glob("modseal*.[1-9]")}
    packed = {pathlib.Path(path).name.removesuffix(".gz") for path in program
              if path.startswith("/usr/share/man/") and not path.endswith("/")}
    assert packed == manual
    headers = contents(packages, "libmodseal-dev")
    for path in ("/usr/share/man/man3/libmodseal.3.gz", "/usr/include/modseal/version.h",
                 "/usr/share/doc/libmodseal-dev/examples/examples/judge.c"):
        assert path in headers, path
    library = contents(packages, "libmodseal0")
    assert any(path.endswith("/libmodseal.so.0") for path in library)
    assert not any(path.startswith("/usr/include") for path in library)


def test_no_package_puts_a_hook_in_its_place(packages):
    for path in contents(packages, "modseal"):
        assert not path.startswith(("/etc/", "/usr/lib/kernel", "/usr/lib/rpm")), path


PROGRAM = """
#include <stdio.h>

int main(void)
{
	struct ms_ctx *ctx = ms_ctx_new();

	puts(ctx ? "ready" : "no memory");
	ms_ctx_free(ctx);
	return 0;
}
"""


def test_a_program_is_built_with_the_dev_package_and_runs(unpacked, tmp_path):
    flows.need("pkg-config", "cc")
    (pc,) = unpacked.glob("usr/lib/*/pkgconfig/libmodseal.pc")
    flags = flows.ok("pkg-config", "--cflags", "--libs", "libmodseal", env={
        "PKG_CONFIG_PATH": pc.parent, "PKG_CONFIG_SYSROOT_DIR": unpacked,
        "PKG_CONFIG_ALLOW_SYSTEM_LIBS": "1", "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1",
    }).stdout.split()
    headers = sorted(unpacked.glob("usr/include/modseal/*.h"))
    assert headers
    (tmp_path / "program.c").write_text(
        "".join(f"#include <modseal/{path.name}>\n" for path in headers) + PROGRAM)
    flows.ok("cc", "-Wall", "-Werror", "-o", tmp_path / "program", tmp_path / "program.c",
             *flags)
    found = {"LD_LIBRARY_PATH": pc.parent.parent}
    done = flows.ok(tmp_path / "program", env=found)
    assert done.stdout == "ready\n"
    for example in sorted((cli.TOP / "examples").glob("*.c")):
        program = tmp_path / example.stem
        for compiler in ("c++", "-std=c++17", "-x", "c++"), ("cc", "-std=c99"):
            flows.ok(*compiler, "-pedantic", "-Wall", "-Werror", example, "-x", "none", "-o",
                     program, *flags)
        done = subprocess.run([program], env=cli.environment(**found), check=False,
                              capture_output=True, text=True)
        assert done.returncode == 2 and done.stderr.startswith("usage: "), done


def test_program_and_library_are_hardened(unpacked):
    (library,) = unpacked.glob("usr/lib/*/libmodseal.so.0*")
    for path in unpacked / "usr/bin/modseal", library:
        said = flows.ok("readelf", "-Wdl", path).stdout
        assert "GNU_RELRO" in said, path
        assert "BIND_NOW" in said or "NOW" in said.split("FLAGS_1", 1)[-1], path
        assert "RWE" not in said, path
    symbols = flows.ok("readelf", "-Ws", "--dyn-syms", library).stdout
    assert "__stack_chk_fail" in symbols
    assert "_chk@" in symbols.replace("__stack_chk", "")
    assert "DYN (Position-Independent" in flows.ok(
        "readelf", "-h", unpacked / "usr/bin/modseal").stdout
