# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a killed run ended where a file system tells of its directories what may change?

overlayfs, as in containers and on live systems: until something is made in a directory it is the
lower layer's, with the birth that it has there; and of layers on several file systems a
directory gets another inode number with every mount. XFS: its id is the disk's number, which is
another one where disks are found in another order.
"""

import os
import shutil

import pytest
from support import cli
from support.keys import stores
from support.runs import strace

pytestmark = [
    pytest.mark.anywhere,
    pytest.mark.plain,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare on this machine"),
]

KILLED = """
killed()
{
    rc=0
    strace -f -qq -o /dev/null -e trace="$call" \\
        -e inject="$call:signal=KILL:when=$number" "$program" "$@" || rc=$?
    [ $rc = 137 ]
}
"""

# $1: the program; $2: a directory; $3: the lower layer; $4: at which renameat it is killed
MOUNT = """
set -e
mount -t tmpfs none "$2" || exit 77
cd "$2"
mkdir upper work whole
if [ "$3" = lower ]; then cp -a ../lower .; fi
whole() { mount -t overlay overlay -o lowerdir="$3",upperdir=upper,workdir=work whole; }
whole "$@" || exit 77
program=$1 number=$4 call=renameat,renameat2
""" + KILLED
ROTATE = """
killed key rotate -q --refresh=always --store whole/store --config whole/conf/.config
umount whole
whole "$@"
"$1" recover whole/store
grep -c "$(readlink whole/store/current)/signing_key.pem" whole/conf/.config
find whole -name '.modseal*'
"""
SIGN = """
killed sign -q -j1 -k key.pem whole/one whole/two
umount whole
whole "$@"
"$1" recover whole/two
"$1" verify --trust key.pem.crt whole/one whole/two
find whole -name '.modseal*'
"""


@pytest.fixture(params=["all layers on one file system", "layers on two"])
def lower(request, tmp_path, pki, tiny_module):
    """A lower layer with a store, a configuration and modules; its name for the script."""
    strace.need()
    directory = tmp_path / "lower"
    directory.mkdir()
    stores.with_configuration(directory, pki)
    for name in "one", "one/kernel", "two":
        (directory / name).mkdir()
        shutil.copyfile(tiny_module, directory / name / "m.ko")
    return directory if request.param == "layers on two" else "lower"


def mounting(script, tmp_path, *arguments):
    """The lines that the script writes, in a mount namespace of its own."""
    (tmp_path / "mounts").mkdir()
    done = cli.run("--mount", "--propagation", "private", "sh", "-c", script, "sh", cli.PROGRAM,
                   tmp_path / "mounts", *arguments, program="unshare")
    if done.returncode in (1, 77) and any(word in done.stderr for word in (
            "ermi", "mount:", "losetup:")):
        pytest.skip("no mounts here, or no such file system")
    assert done.returncode == 0, cli.said(done)
    return done.stdout.splitlines()


@pytest.mark.parametrize("number", [2, 3])
def test_a_rotation_is_finished_in_other_directories_than_the_journal_s_too(
        lower, tmp_path, number):
    assert mounting(MOUNT + ROTATE, tmp_path, lower, str(number)) == [
        "whole/store: finished: everything is as the interrupted run wanted it", "1"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_on_two_trees_is_finished_in_both(lower, tmp_path, number, pki):
    script = MOUNT + f"cp {pki}/p256-both.pem key.pem; cp {pki}/p256.der key.pem.crt" + SIGN
    assert mounting(script, tmp_path, lower, str(number)) == [
        "whole/two: finished: everything is as the interrupted run wanted it",
        "3 modules: 3 trusted"]


# $1: the program; $2: a directory
XFS = """
set -e
cd "$2"
truncate -s 400M disk
truncate -s 1M another
mkfs.xfs -q disk
mkdir m tree
cp ../lower/one/m.ko tree
first=$(losetup -f --show disk) || exit 77
trap 'umount m; losetup -d $(losetup -n -O NAME -j disk) $(losetup -n -O NAME -j another)' EXIT
mount "$first" m || exit 77
cp -a ../lower/store ../lower/conf m
program=$1
call=renameat2 number=2
killed key rotate -q --refresh=always --store m/store --config m/conf/.config
call=syncfs number=1
killed sign -q -j1 -k key.pem -o m/out/below tree
umount m
losetup -d "$first"
losetup "$first" another
mount "$(losetup -f --show disk)" m
"$program" recover m/store
grep -c "$(readlink m/store/current)/signing_key.pem" m/conf/.config
"$program" recover m/out/below
ls m
find m -name '.modseal*'
"""


@pytest.mark.skipif(not shutil.which("mkfs.xfs"), reason="no mkfs.xfs on this machine")
@pytest.mark.parametrize("lower", ["layers on two"], indirect=True)
def test_directories_are_known_again_when_their_disk_has_another_number(lower, tmp_path, pki):
    script = KILLED + XFS.replace("-k key.pem", f"-k {pki}/p256-both.pem")
    assert mounting(script, tmp_path) == [
        "m/store: finished: everything is as the interrupted run wanted it", "1",
        "m/out/below: undone: nothing is left of the interrupted run", "conf", "store"]
