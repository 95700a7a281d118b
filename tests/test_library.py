# SPDX-License-Identifier: LGPL-2.1-or-later
"""libmodseal for other programs: the examples, built with what is installed, and the ABI.

The oracle of what the examples do is the program, which goes another way (trees, on
disk), and openssl; that of the ABI is what was recorded when somebody meant to change it.
"""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

from support import cli, installed

EXAMPLES = cli.TOP / "examples"
C_EXAMPLES = sorted(path.name for path in EXAMPLES.glob("*.c"))

pytestmark = pytest.mark.plain


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return installed.install(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def programs(library, tmp_path_factory):
    """The examples, as C99 programs."""
    work = tmp_path_factory.mktemp("examples")
    return {name[:-2]: library.build(EXAMPLES / name, work / name[:-2]) for name in C_EXAMPLES}


@pytest.fixture(params=["judge", "judge.py"])
def judge(request, library, programs):
    """Runs one of the examples that judge a module in memory."""
    command = {"judge": [programs["judge"]],
               "judge.py": [sys.executable, EXAMPLES / "judge.py"]}[request.param]
    return lambda *arguments: library.run(*command, *arguments)


@pytest.mark.parametrize("name", C_EXAMPLES)
def test_the_examples_are_cplusplus_as_well(library, tmp_path, name):
    library.build(EXAMPLES / name, tmp_path / "program", "c++17")


@pytest.mark.parametrize("standard", sorted(installed.STANDARDS))
def test_every_header_stands_alone(library, tmp_path, standard):
    headers = sorted(path.name for path in library.headers.glob("modseal/*.h"))
    assert "version.h" in headers and "cert.h" in headers and "module.h" in headers
    for header in headers:
        source = tmp_path / f"{header}.c"
        source.write_text(f"#include <modseal/{header}>\nint main(void) {{ return 0; }}\n")
        library.build(source, tmp_path / "program", standard)


def test_the_headers_tell_the_version_of_the_library(library, tmp_path):
    source = tmp_path / "version.c"
    source.write_text("""
#include <stdio.h>
#include <modseal/base.h>
#include <modseal/version.h>
#if MODSEAL_VERSION_NUMBER < MODSEAL_VERSION_OF(0, 1, 0)
#error too old
#endif
int main(void) { printf("%s %s", MODSEAL_VERSION_TEXT, ms_version()); return 0; }
""")
    said = library.run(library.build(source, tmp_path / "version")).stdout.split()
    (modversion,) = library.flags("--modversion")
    assert said == [modversion, modversion]


def test_a_module_in_memory_is_judged_as_one_on_disk(judge, module, pki):
    done = judge(module, pki / "rsa2048.pem")
    assert (done.returncode, done.stdout.split(":")[0].split()[0]) == (1, "unsigned"), done
    for name in "rsa2048", "p384":
        cli.ok("sign", "-k", pki / f"{name}.key", "-c", pki / f"{name}.pem", module)
        done = judge(module, pki / f"{name}.pem")
        assert done.returncode == 0 and done.stdout.startswith("trusted"), done
        stranger = "p384" if name == "rsa2048" else "rsa2048"
        done = judge(module, pki / f"{stranger}.pem")
        assert done.returncode == 1 and "unknown-key" in done.stdout, done


def test_a_packed_module_is_judged_by_what_is_in_it(judge, module, pki):
    cli.ok("sign", "-k", pki / "p384.key", "-c", pki / "p384.pem", module)
    for command in ["xz", "--check=crc32"], ["gzip"], ["zstd", "-q"]:
        packed = subprocess.run([*command, "-c", module], check=True, capture_output=True)
        path = module.with_name("packed.ko")
        path.write_bytes(packed.stdout)
        assert judge(path, pki / "p384.pem").returncode == 0, command
        path.write_bytes(packed.stdout * 2)
        assert judge(path, pki / "p384.pem").returncode == 2, command


def test_a_changed_module_is_not_trusted(judge, module, pki):
    cli.ok("sign", "-k", pki / "p384.key", "-c", pki / "p384.pem", module)
    whole = module.read_bytes()
    for at in 0, len(whole) // 3, len(whole) - 100, len(whole) - 1:
        changed = bytearray(whole)
        changed[at] ^= 1
        module.write_bytes(changed)
        done = judge(module, pki / "p384.pem")
        assert done.returncode in (1, 2) and "trusted" not in done.stdout, (at, done)
        status = cli.run("verify", "--trust", pki / "p384.pem", module).returncode
        assert status == done.returncode, at


def test_what_cannot_be_read_is_trouble(judge, module, pki, tmp_path):
    assert judge(tmp_path / "absent", pki / "p384.pem").returncode == 2
    assert judge(module, tmp_path / "absent").returncode == 2
    assert judge(module).returncode == 2
    assert judge(module, module).returncode == 2


def test_a_tree_is_signed_as_the_program_signs_it(library, programs, module, pki, tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    for tree in ours, theirs:
        (tree / "sub").mkdir(parents=True)
        shutil.copy(module, tree / "a.ko")
        shutil.copy(module, tree / "sub/b.ko")
    key = pki / "rsa2048.key", pki / "rsa2048.pem"
    done = library.run(programs["sign-tree"], *key, theirs)
    assert done.returncode == 0 and "2 of 2 modules" in done.stdout, done
    cli.ok("sign", "-k", key[0], "-c", key[1], ours)
    for name in "a.ko", "sub/b.ko":
        assert (ours / name).read_bytes() == (theirs / name).read_bytes()
    (theirs / "sub/b.ko").write_bytes(b"no module")
    assert library.run(programs["sign-tree"], *key, theirs).returncode == 2


def test_a_manifest_is_the_one_that_the_program_makes(library, programs, module, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    shutil.copy(module, tree / "a.ko")
    done = library.run(programs["make-manifest"], tree, tmp_path / "theirs")
    assert done.returncode == 0 and done.stdout.startswith("1 modules of kernel 6.12.0"), done
    cli.ok("manifest", "create", "-o", tmp_path / "ours", tree)
    assert (tmp_path / "ours").read_bytes() == (tmp_path / "theirs").read_bytes()
    (tree / "a.ko").write_bytes(b"x" + cli.MARKER)
    assert library.run(programs["make-manifest"], tree, tmp_path / "x").returncode == 2


def test_one_module_in_memory_becomes_what_it_would_on_disk(library, module, pki, tmp_path):
    """Sign, strip and attach by the library's own functions, against the program's files."""
    program = library.build(cli.TOP / "tests/module-tool.c", tmp_path / "module-tool")
    for suffix, pack in ("", None), (".xz", ["xz", "--check=crc32", "--lzma2=dict=1MiB"]):
        path = pathlib.Path(f"{module}{suffix}")
        if pack:
            subprocess.run([*pack, "-k", module], check=True)
        key = pki / "rsa2048.key", pki / "rsa2048.pem"
        signed, bundle = tmp_path / f"signed.ko{suffix}", tmp_path / f"bundle{suffix}"
        shutil.copy(path, signed)
        cli.ok("sign", "-k", key[0], "-c", key[1], signed)
        done = library.run(program, "sign", path, tmp_path / "made", *key)
        assert done.returncode == 0, done
        assert (tmp_path / "made").read_bytes() == signed.read_bytes()
        digest = cli.document("manifest", "create", "-o", bundle, path)
        assert library.run(program, "digest", path).stdout.strip() in bundle.read_text(), digest
        done = library.run(program, "strip", signed, tmp_path / "bare")
        stripped = tmp_path / f"stripped.ko{suffix}"
        shutil.copy(signed, stripped)
        cli.ok("strip", stripped)
        assert (tmp_path / "bare").read_bytes() == stripped.read_bytes()
        done = library.run(program, "signature", signed, tmp_path / "der")
        assert done.returncode == 0, done
        for trust, status in (key[1], 0), (pki / "p384.pem", 2):
            made = tmp_path / "attached"
            made.unlink(missing_ok=True)
            done = library.run(program, "attach", stripped, made, tmp_path / "der", trust)
            assert done.returncode == status, done
            assert made.exists() == (status == 0)
        done = library.run(program, "attach", stripped, made, tmp_path / "der")
        assert done.returncode == 0 and made.read_bytes() == signed.read_bytes()
        assert library.run(program, "strip", stripped, tmp_path / "x").returncode == 2


def test_nobody_changed_the_abi_without_meaning_to(library):
    """If you mean to: tests/abi HEADERS --write, and say so in NEWS.md."""
    if sys.maxsize < 2**32 or os.uname().machine not in ("x86_64", "aarch64"):
        pytest.skip("the record is of a 64-bit machine")
    found = subprocess.run([cli.TOP / "tests/abi", library.headers], check=True,
                           capture_output=True, text=True).stdout
    recorded = (cli.TOP / "lib/libmodseal.abi").read_text(encoding="utf-8")
    assert found.splitlines() == recorded.splitlines()


def test_the_record_has_all_that_is_exported(library):
    recorded = (cli.TOP / "lib/libmodseal.abi").read_text(encoding="utf-8")
    listed = subprocess.run(["nm", "-D", "--defined-only", library.library], check=True,
                            capture_output=True, text=True).stdout
    names = {line.split()[-1].split("@")[0] for line in listed.splitlines()}
    names = {name for name in names if name.startswith("ms_")}
    assert names and all(f"{name}(" in recorded for name in names)


def test_structs_of_programs_begin_with_their_size():
    """Every struct that the library reads through a const pointer of the caller's."""
    recorded = (cli.TOP / "lib/libmodseal.abi").read_text(encoding="utf-8")
    for name in ("tree_options", "verify_options", "sign_options", "manifest_options",
                 "signer_options", "key_request", "key_output", "rotate_options",
                 "prune_options", "install_options", "doctor_options", "config_setting",
                 "saved_file", "module_options", "module_change", "trailer_info"):
        struct = recorded.split(f"struct ms_{name} ", 1)[1].splitlines()
        assert struct[1] == "\t0 8 size", name


def test_the_manual_names_every_header(library):
    page = (cli.TOP / "man/libmodseal.3").read_text(encoding="utf-8")
    for path in library.headers.glob("modseal/*.h"):
        assert f"In modseal/{path.name}" in page, path.name
    if not shutil.which("mandoc"):
        pytest.skip("no mandoc (package mandoc)")
    said = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", cli.TOP / "man/libmodseal.3"],
                          capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout
