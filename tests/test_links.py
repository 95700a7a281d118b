# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a module told of that depmod finds by a link, and that modseal does not look at?

depmod of kmod is asked about each tree (modules.dep): where it lists what the walk has left
out, verify and manifest verify say no, and where it does not, all is as without the link.
"""

import os
import pathlib
import shutil
import socket
import subprocess

import pytest

from support import cli

pytestmark = pytest.mark.plain

RELEASE = "6.1.0-links"


@pytest.fixture
def tree(tmp_path, tiny_module, pki):
    """lib/modules/RELEASE below tmp_path/root, with two signed modules in it."""
    top = tmp_path / "root" / "lib" / "modules" / RELEASE
    for name in "kernel/fs/one.ko", "updates/two.ko":
        path = top / name
        path.parent.mkdir(parents=True)
        shutil.copyfile(tiny_module, path)
    for name in "modules.order", "modules.builtin":
        (top / name).touch()
    (tmp_path / "outside" / "below").mkdir(parents=True)
    (tmp_path / "outside" / "empty").mkdir()
    for name in "evil.ko", "below/deep.ko":
        shutil.copyfile(tiny_module, tmp_path / "outside" / name)
    (tmp_path / "outside" / "text").write_text("no module")
    cli.ok("sign", "-k", pki / "p256-both.pem", top)
    return top


@pytest.fixture
def trust(pki):
    return ["--trust", pki / "p256.pem"]


def listed(tree):
    """The paths that depmod lists."""
    depmod = shutil.which("depmod", path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if not depmod:
        pytest.skip("depmod is not installed")
    done = subprocess.run(
        [depmod, "-b", tree.parents[2], RELEASE], capture_output=True, text=True, check=False
    )
    lines = (tree / "modules.dep").read_text().splitlines()
    assert lines, done.stderr
    return {line.partition(":")[0] for line in lines}


def looked_at(document, tree):
    return {os.path.relpath(entry["path"], tree) for entry in document["modules"]}


def link(tree, name, target):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)


def fifo(tree, name):
    os.mkfifo(tree / name)


def device(tree, name):
    try:
        os.mknod(tree / name, 0o600 | 0o020000, os.makedev(1, 3))
    except PermissionError:
        pytest.skip("no right to make a device")


def unix_socket(tree, name):
    here = os.getcwd()
    os.chdir(tree)  # its path may not be long
    try:
        with socket.socket(socket.AF_UNIX) as plug:
            plug.bind(name)
    finally:
        os.chdir(here)


def module_in(tree, name):
    (tree / name).parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(tree / "kernel/fs/one.ko", tree / name)


OUTSIDE = "../../../../outside/"  # from the tree
# what is planted: (function, name, arguments...); and does depmod list more then?
CASES = {
    "file": ([(link, "evil.ko", OUTSIDE + "evil.ko")], True),
    "file-below": ([(link, "kernel/fs/evil.ko", "../../" + OUTSIDE + "evil.ko")], True),
    "absolute": ([(link, "kernel/evil.ko", "{root}/outside/evil.ko")], True),
    "hidden": ([(link, "kernel/.evil.ko", "{root}/outside/evil.ko")], True),
    "suffix-xz": ([(link, "evil.ko.xz", OUTSIDE + "evil.ko")], True),
    "suffix-zst": ([(link, "evil.ko.zst", OUTSIDE + "evil.ko")], True),
    "name-of-the-target-does-not-count": ([(link, "evil.ko", OUTSIDE + "text")], True),
    "to-no-module": ([(link, "evil.txt", OUTSIDE + "evil.ko")], False),
    "suffix-alone": ([(link, ".ko", OUTSIDE + "evil.ko")], False),
    "upper-case": ([(link, "evil.KO", OUTSIDE + "evil.ko")], False),
    "inside": ([(link, "extra/three.ko", "../kernel/fs/one.ko")], True),
    "weak-updates": ([(link, "weak-updates/three.ko", "/{root}/outside/evil.ko")], True),
    "to-a-link": ([(link, "evil.ko", "hop"), (link, "hop", OUTSIDE + "evil.ko")], True),
    "dangling": ([(link, "evil.ko", "gone.ko")], False),
    "to-itself": ([(link, "evil.ko", "evil.ko")], False),
    "dangling-directory": ([(link, "extra", "gone")], False),
    "directory": ([(link, "extra", OUTSIDE[:-1])], True),
    "directory-named-as-a-module": ([(link, "extra.ko", OUTSIDE[:-1])], True),
    "directory-below": ([(link, "kernel/extra", "../" + OUTSIDE + "below")], True),
    "empty-directory": ([(link, "extra", OUTSIDE + "empty")], False),
    "directory-of-links": (
        [(link, "extra", OUTSIDE + "empty"), (link, OUTSIDE + "empty/more", "../below")],
        True,
    ),
    "directory-of-nothing-but-build": (
        [(link, "extra", OUTSIDE + "empty"), (link, OUTSIDE + "empty/build", "../below")],
        False,
    ),
    "circle-without-modules": (
        [(link, "extra", OUTSIDE + "empty"), (link, OUTSIDE + "empty/again", "../empty/./text")],
        False,
    ),
    "build-and-source": (
        [(link, "build", OUTSIDE[:-1]), (link, "source", OUTSIDE[:-1])],
        False,
    ),
    "build-below": ([(link, "kernel/build", "../" + OUTSIDE[:-1])], False),
    "build-of-debian": ([(link, "build", "/usr/src/linux-headers-" + RELEASE)], False),
    "fifo": ([(fifo, "evil.ko")], False),
    "device": ([(device, "evil.ko")], False),
    "socket": ([(unix_socket, "evil.ko")], False),
    "link-to-a-device": ([(link, "evil.ko", "/dev/null")], False),
    "directory-with-a-modules-name": ([(module_in, "kernel/dir.ko/three.ko")], False),
}


def plant(tree, steps):
    for function, name, *arguments in steps:
        function(tree, name, *(text.format(root=tree.parents[3]) for text in arguments))


def without_cache(tree):
    """Removes what depmod has written, so that trees are only what was planted."""
    for path in tree.glob("modules.*"):
        path.unlink()


@pytest.mark.parametrize("name", CASES)
def test_verify_says_no_exactly_where_depmod_lists_what_was_not_looked_at(name, tree, trust):
    steps, more = CASES[name]
    plant(tree, steps)
    document = cli.document("verify", *trust, tree)
    done = cli.run("verify", *trust, tree)
    assert done.returncode == document["status"]
    assert {entry["verdict"] for entry in document["modules"]} == {"trusted"}
    assert any(entry["depmod"] for entry in document["skipped"]) == more
    assert document["status"] == (1 if more else 0)
    assert cli.run("verify", "--ignore-links", *trust, tree).returncode == 0
    assert bool(listed(tree) - looked_at(document, tree)) == more


@pytest.mark.parametrize("name", CASES)
def test_manifest_verify_says_no_where_depmod_lists_more(name, tree, tmp_path):
    steps, more = CASES[name]
    if name == "directory-with-a-modules-name":
        pytest.skip("that is an extra module, link or not")
    cli.ok("manifest", "create", "-o", tmp_path / "MANIFEST", tree)
    plant(tree, steps)
    document = cli.document("manifest", "verify", tmp_path / "MANIFEST", tree)
    assert {entry["result"] for entry in document["modules"]} == {"match"}
    assert document["status"] == (1 if more else 0)
    ignored = cli.run("manifest", "verify", "--ignore-links", tmp_path / "MANIFEST", tree)
    assert ignored.returncode == 0
    assert cli.run("manifest", "diff", tmp_path / "MANIFEST", tree).returncode == bool(more)


def test_gzipped_modules_count_though_not_every_depmod_reads_them(tree, trust):
    link(tree, "evil.ko.gz", OUTSIDE + "evil.ko")
    assert cli.run("verify", *trust, tree).returncode == 1


def test_what_is_left_out_is_named_with_the_reason(tree, trust, tmp_path):
    link(tree, "kernel/evil.ko", tmp_path / "outside/evil.ko")
    link(tree, "gone.ko", "nowhere")
    link(tree, "build", "/usr")
    link(tree, "extra", "kernel")
    fifo(tree, "pipe.ko")
    document = cli.document("verify", *trust, tree)
    found = {entry["path"]: (entry["kind"], entry["depmod"]) for entry in document["skipped"]}
    assert found == {
        f"{tree}/build": ("directory-link", False),
        f"{tree}/extra": ("directory-link", True),
        f"{tree}/gone.ko": ("dangling-link", False),
        f"{tree}/kernel/evil.ko": ("file-link", True),
        f"{tree}/pipe.ko": ("special-file", False),
    }
    assert list(found) == sorted(found)
    done = cli.run("verify", *trust, tree)
    for path, (_, follows) in found.items():
        line = f"warning: '{path}' is left out: "
        assert (line in done.stderr) == (not path.endswith("build"))
        if follows:
            assert "which depmod would follow" in done.stderr.partition(line)[2].partition("\n")[0]
    assert "hint: --ignore-links" in done.stderr
    assert "build' is left out" in cli.run("verify", "-v", *trust, tree).stderr
    assert cli.run("verify", "-q", *trust, tree).stderr == ""


def commands(tree, tmp_path, pki):
    key = ["-k", pki / "p256-both.pem"]
    out = tmp_path / "out"
    yield ["show", tree]
    yield ["detach", "-o", tmp_path / "bundle", tree]
    yield ["attach", "--trust", pki / "p256.pem", tmp_path / "bundle", tree]
    yield ["resign", *key, tree]
    yield ["strip", "-o", out, tree]
    yield ["sign", *key, tree]
    yield ["manifest", "create", "-o", tmp_path / "MANIFEST", tree]
    yield ["merkle", "root", tree]
    yield ["merkle", "prove", tree]


def test_every_command_that_walks_warns_and_does_its_work(tree, tmp_path, pki):
    link(tree, "kernel/evil.ko", tmp_path / "outside/evil.ko")
    (tree / "modules.order").unlink()
    before = (tmp_path / "outside/evil.ko").read_bytes()
    for command in commands(tree, tmp_path, pki):
        done = cli.run(*command)
        assert done.returncode == 0, (command, cli.said(done))
        assert f"warning: '{tree}/kernel/evil.ko' is left out" in done.stderr, command
        document = cli.document(*command)
        assert [entry["path"] for entry in document["skipped"]] == [f"{tree}/kernel/evil.ko"]
        assert (tree / "kernel/evil.ko").is_symlink()
    assert (tmp_path / "outside/evil.ko").read_bytes() == before


def test_merkle_verify_and_check_say_no_too(tree, tmp_path):
    (tree / "modules.order").unlink()
    root = cli.ok("merkle", "root", tree).strip()
    cli.ok("merkle", "prove", tree)
    assert cli.run("merkle", "verify", "--root", root, tree).returncode == 0
    link(tree, "kernel/evil.ko", tmp_path / "outside/evil.ko")
    assert cli.run("merkle", "verify", "--root", root, tree).returncode == 1
    assert cli.run("merkle", "verify", "--ignore-links", "--root", root, tree).returncode == 0


def test_a_path_that_is_itself_a_link_is_resolved_once_and_is_nothing_left_out(
    tree, trust, tmp_path, pki
):
    cli.ok("sign", "-k", pki / "p256-both.pem", tmp_path / "outside/evil.ko")
    link(tmp_path, "to-the-tree", tree)
    link(tmp_path, "to-a-file.ko", "outside/evil.ko")
    for path in "to-the-tree", "to-a-file.ko":
        document = cli.document("verify", *trust, tmp_path / path)
        assert (document["status"], document["skipped"]) == (0, [])
        assert document["modules"]
    link(tree, "kernel/evil.ko", tmp_path / "outside/evil.ko")
    assert cli.run("verify", *trust, tmp_path / "to-the-tree").returncode == 1
    # and one that is named is looked at, wherever it lies
    assert cli.run("verify", *trust, tree / "kernel/evil.ko").returncode == 0


def test_a_tree_of_links_alone_is_trouble_and_they_are_told_of(tmp_path, trust, tiny_module):
    (tmp_path / "only").mkdir()
    link(tmp_path, "only/evil.ko", tiny_module)
    done = cli.run("verify", *trust, tmp_path / "only")
    assert done.returncode == 2
    assert "only/evil.ko' is left out: it is a link to a file" in done.stderr


def test_two_paths_that_overlap_tell_of_a_link_once(tree, trust, tmp_path):
    link(tree, "kernel/evil.ko", tmp_path / "outside/evil.ko")
    document = cli.document("verify", *trust, tree, tree / "kernel")
    assert len(document["skipped"]) == 1


def test_thousands_of_links_give_few_warnings_and_all_are_in_the_document(tree, trust):
    (tree / "many").mkdir()
    for number in range(3000):
        (tree / "many" / f"m{number}.ko").symlink_to("../kernel/fs/one.ko")
    done = cli.run("verify", *trust, tree)
    assert done.returncode == 1 and len(done.stderr.splitlines()) < 20
    assert "2992 more" in done.stderr
    assert len(cli.document("verify", *trust, tree)["skipped"]) == 3000


def test_a_link_to_more_than_can_be_read_counts_as_followed(tree, trust, tmp_path):
    """depmod reads on for as long as there are names."""
    deep = tmp_path / "outside/empty"
    for _ in range(80):
        deep = deep / "d"
    deep.mkdir(parents=True)
    link(tree, "extra", OUTSIDE + "empty")
    assert cli.run("verify", *trust, tree).returncode == 1


def test_links_in_a_circle_end(tree, trust, tmp_path):
    link(tree, "again", ".")
    link(tree, "kernel/up", "../kernel")
    link(tmp_path, "outside/empty/one", ".")
    link(tmp_path, "outside/empty/two", "../empty")
    link(tree, "extra", OUTSIDE + "empty")
    document = cli.document("verify", *trust, tree)
    found = {pathlib.Path(e["path"]).name: e["depmod"] for e in document["skipped"]}
    assert found == {"again": True, "up": True, "extra": False}
