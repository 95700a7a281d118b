# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is a killed run ended where its directories are overlayfs's, as in containers and on live
systems?

Until something is made in a directory it is the lower layer's, with the birth that it has there;
and of layers on several file systems a directory gets another inode number with every mount.
"""

import os
import shutil

import pytest
import stores
from support import cli, strace

pytestmark = [
    pytest.mark.anywhere,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root to mount"),
    pytest.mark.skipif(not shutil.which("unshare"), reason="no unshare on this machine"),
]

CONFIG = ('CONFIG_MODULE_SIG=y\nCONFIG_MODULE_SIG_KEY_TYPE_ECDSA=y\n'
          'CONFIG_MODULE_SIG_HASH="sha512"\nCONFIG_SYSTEM_TRUSTED_KEYS=""\n')

# $1: the program; $2: the lower layer; $3: for the others; $4: which renameat2 is killed at
MOUNT = """
set -e
mount -t tmpfs none "$3" || exit 77
cd "$3"
mkdir upper work whole
if [ "$2" = lower ]; then cp -a ../lower .; fi
whole() { mount -t overlay overlay -o lowerdir="$2",upperdir=upper,workdir=work whole; }
whole "$@" || exit 77
program=$1 number=$4
killed()
{
    rc=0
    strace -f -qq -o /dev/null -e trace=renameat,renameat2 \\
        -e inject=renameat,renameat2:signal=KILL:when="$number" "$program" "$@" || rc=$?
    [ $rc = 137 ]
}
"""
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
    stores.certs_local(directory / "store", pki, {"20200101-1200": "p256"})
    (directory / "store").chmod(0o700)
    (directory / "conf").mkdir()
    (directory / "conf" / ".config").write_text(CONFIG)
    for name in "one", "one/kernel", "two":
        (directory / name).mkdir()
        shutil.copyfile(tiny_module, directory / name / "m.ko")
    return directory if request.param == "layers on two" else "lower"


def in_layers(script, lower, tmp_path, number):
    (tmp_path / "layers").mkdir()
    done = cli.run("--mount", "--propagation", "private", "sh", "-c", script, "sh", cli.PROGRAM,
                   lower, tmp_path / "layers", str(number), program="unshare")
    if done.returncode in (1, 77) and ("ermi" in done.stderr or "mount:" in done.stderr):
        pytest.skip("no mounts here, or no overlayfs")
    assert done.returncode == 0, cli.said(done)
    return done.stdout.splitlines()


@pytest.mark.parametrize("number", [2, 3])
def test_a_rotation_is_finished_in_other_directories_than_the_journal_s_too(
        lower, tmp_path, number):
    assert in_layers(MOUNT + ROTATE, lower, tmp_path, number) == [
        "whole/store: finished: everything is as the interrupted run wanted it", "1"]


@pytest.mark.parametrize("number", [1, 2])
def test_a_run_on_two_trees_is_finished_in_both(lower, tmp_path, number, pki):
    script = MOUNT + f"cp {pki}/p256-both.pem key.pem; cp {pki}/p256.der key.pem.crt" + SIGN
    assert in_layers(script, lower, tmp_path, number) == [
        "whole/two: finished: everything is as the interrupted run wanted it",
        "3 modules: 3 trusted"]
