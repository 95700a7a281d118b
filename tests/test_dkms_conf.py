# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do `dkms setup` and `doctor` take DKMS's configuration for the same, and for what it is?

The oracle is bash, by which DKMS sources these files. What takes a shell to tell has to be
said to be unknown by both. lib/dkms/test-settings.c asks bash and DKMS about more.
"""

import os
import shutil
import subprocess

import pytest

from support import cli
from support.tools import dkms

pytestmark = pytest.mark.plain

RELEASE = "6.12.0-test"
LIBEXEC = "/usr/libexec/modseal"
KEY, CERT = "/etc/keys/one.key", "/etc/keys/one.der"


@pytest.fixture
def root(tmp_path, pki):
    """A system with a DKMS, modseal's programs for it, and two keys."""
    top = tmp_path / "root"
    dkms.links(top / LIBEXEC[1:])
    (top / "etc/keys").mkdir(parents=True)
    (top / "etc/dkms/framework.conf.d").mkdir(parents=True)
    for name, kind in ("one", "rsa2048"), ("two", "rsa4096"):
        shutil.copy(pki / f"{kind}.key", top / f"etc/keys/{name}.key")
        shutil.copy(pki / f"{kind}.der", top / f"etc/keys/{name}.der")
    return top


def configure(root, text, name="framework.conf"):
    (root / "etc/dkms" / name).write_text(text)


def setup_takes(root):
    """The key that `dkms setup` goes on with, or the whole document."""
    result = cli.document("dkms", "setup", "--root", root, "--libexec", LIBEXEC)
    (root / "etc/dkms/framework.conf.d/modseal.conf").unlink(missing_ok=True)
    return result


def doctor_says(root, release=RELEASE):
    result = cli.document("doctor", "--root", root, "--release", release)
    return {finding["id"]: finding for finding in result["findings"]
            if finding["id"].startswith("dkms-")}


def bash_says(root, name):
    """The variable once bash has sourced the files as DKMS does."""
    script = 'cd "$0"; for i in framework.conf framework.conf.d/*.conf; do ' \
             '[ -e "$i" ] && . ./"$i"; done; printf %s "${' + name + '}"'
    return subprocess.run(["bash", "-c", script, root / "etc/dkms"], env={"LC_ALL": "C"},
                          capture_output=True, text=True, check=True).stdout


PLAIN = {
    "bare": f"mok_signing_key={KEY}\nmok_certificate={CERT}\n",
    "export": f'export mok_signing_key="{KEY}"\nexport mok_certificate="{CERT}"\n',
    "declare": f'declare -x mok_signing_key="{KEY}" mok_certificate={CERT}\n',
    "comment": f'mok_signing_key="{KEY}" # mine\nmok_certificate={CERT}\t# and its\n',
    "quotes": f"mok_signing_key='{KEY}'\nmok_certificate=$'{CERT}'\n",
    "parts": f"mok_signing_key=/etc\"/keys\"'/one'.key\nmok_certificate={CERT}\n",
    "appended": f"mok_signing_key=/etc/keys\nmok_signing_key+=/one.key\nmok_certificate={CERT}\n",
    "continued": f"mok_signing_key=\\\n{KEY}\nmok_certificate=\"/etc/keys\\\n/one.der\"\n",
    "one line": f"mok_signing_key={KEY}; mok_certificate={CERT}; verbose=\n",
    "one command": f"mok_signing_key={KEY} mok_certificate={CERT}\n",
    "later": f"mok_signing_key=/etc/keys/two.key\nmok_signing_key={KEY}\nmok_certificate={CERT}\n",
    "variable": f"dir=/etc/keys\nmok_signing_key=$dir/one.key\nmok_certificate=${{dir}}/one.der\n",
    "indented": f"  mok_signing_key={KEY}\n\tmok_certificate={CERT}   \n",
    "beside a command": f"tmp_location=$(mktemp -d)\nmok_signing_key={KEY}\n"
                        f"mok_certificate={CERT}\n",
    "no newline": f"mok_certificate={CERT}\nmok_signing_key={KEY}",
}


@pytest.mark.parametrize("form", PLAIN)
def test_setup_and_doctor_take_the_key_that_bash_does(form, root):
    configure(root, PLAIN[form])
    if form != "beside a command":
        assert bash_says(root, "mok_signing_key") == KEY
        assert bash_says(root, "mok_certificate") == CERT
    result = setup_takes(root)
    assert (result["status"], result["key"], result["cert"]) == (0, KEY, CERT), result
    (root / KEY[1:]).unlink()
    found = doctor_says(root)
    assert KEY in found["dkms-key-missing"]["message"]
    assert "dkms-conf-unknown" not in found


def test_a_later_file_wins_in_the_order_of_bash(root):
    wanted = {}
    for name in "9.conf", "B.conf", "_.conf", "a.conf", "10-x.conf", ".z.conf", "z.config":
        configure(root, f'mok_signing_key="/etc/keys/{name}"\n', f"framework.conf.d/{name}")
        wanted[name] = bash_says(root, "mok_signing_key")
        assert wanted[name] in doctor_says(root)["dkms-key-missing"]["message"]
    assert len(set(wanted.values())) > 2


UNKNOWN = {
    "output": (f"mok_signing_key=$(echo {KEY})\nmok_certificate={CERT}\n", 1),
    "backquotes": (f"mok_signing_key=`echo {KEY}`\nmok_certificate={CERT}\n", 1),
    "variable": (f"mok_certificate={CERT}\nmok_signing_key=$KEYS/one.key\n", 2),
    "home": (f"mok_certificate={CERT}\nmok_signing_key=~/one.key\n", 2),
    "if": (f"mok_signing_key={KEY}\nmok_certificate={CERT}\nif true; then\n"
           "  mok_signing_key=/etc/keys/two.key\nfi\n", 3),
    "source": (f"mok_signing_key={KEY}\nmok_certificate={CERT}\n. /etc/other\n", 3),
    "function": (f"f() {{ mok_signing_key={KEY}; }}\nf\nmok_certificate={CERT}\n", 1),
    "before a command": (f"mok_certificate={CERT}\nmok_signing_key={KEY} true\n", 2),
    "array": (f"mok_certificate={CERT}\nmok_signing_key=({KEY})\n", 2),
    "left early": (f"return\nmok_signing_key={KEY}\nmok_certificate={CERT}\n", 1),
    "taken back": (f"mok_signing_key={KEY}\nmok_certificate={CERT}\nunset mok_signing_key\n", 3),
    "crlf": (f"mok_certificate={CERT}\nmok_signing_key={KEY}\r\n", 2),
    "evaluated twice": (f"mok_certificate={CERT}\nmok_signing_key='/etc/keys/$kernelver'\n", 2),
}


@pytest.mark.parametrize("form", UNKNOWN)
def test_what_takes_a_shell_is_unknown_to_setup_and_doctor(form, root):
    text, line = UNKNOWN[form]
    configure(root, text)
    result = setup_takes(root)
    assert result["status"] == 2 and "is not known" in result["error"]
    assert f"framework.conf', line {line}:" in result["error"] and result["hint"]
    assert not list((root / "etc/dkms/framework.conf.d").iterdir())
    found = doctor_says(root)
    assert found["dkms-conf-unknown"]["severity"] == "unknown"
    assert f"framework.conf', line {line}:" in found["dkms-conf-unknown"]["message"]
    assert "dkms-key-missing" not in found and "dkms-key" not in found


def test_a_file_that_cannot_be_told_does_not_matter_where_a_later_one_sets_all(root):
    configure(root, "if [ -d /x ]; then mok_signing_key=/x/k; fi\nsign_file=$(x)\n")
    keys = ["-k", KEY, "-c", CERT]
    done = cli.run("dkms", "setup", "--root", root, "--libexec", LIBEXEC, *keys)
    assert done.returncode == 0, cli.said(done)
    assert "dkms-conf-unknown" not in doctor_says(root)
    assert cli.document("dkms", "setup", "--root", root, "--libexec", LIBEXEC)["key"] == KEY


def test_setup_does_not_say_that_dkms_signs_with_modseal_where_nobody_can_tell(root):
    configure(root, "sign_file=$(command -v kmodsign)\n", "framework.conf.d/zz.conf")
    command = ["dkms", "setup", "--root", root, "--libexec", LIBEXEC, "-k", KEY, "-c", CERT]
    result = cli.document(*command)
    assert (result["status"], result["as_set_up"]) == (1, None)
    said = cli.run(*command).stderr
    assert "what sign_file of DKMS comes to is not known" in said and "zz.conf', line 1:" in said
    configure(root, "sign_file=/other\n", "framework.conf.d/zz.conf")
    result = cli.document(*command)
    assert (result["status"], result["as_set_up"]) == (1, False)
    configure(root, "", "framework.conf.d/zz.conf")
    result = cli.document(*command)
    assert (result["status"], result["as_set_up"]) == (0, True)


def test_the_key_of_the_kernel_that_is_asked_about_is_looked_at(root):
    configure(root, f'mok_signing_key="/etc/keys/$kernelver.key"\nmok_certificate={CERT}\n')
    for release in RELEASE, "5.0-x":
        message = doctor_says(root, release)["dkms-key-missing"]["message"]
        assert f"/etc/keys/{release}.key" in message
    assert setup_takes(root)["status"] == 2


@pytest.mark.parametrize("name", ["framework.conf", "framework.conf.d/x.conf"])
def test_what_is_no_file_is_trouble_and_holds_nobody_up(name, root):
    os.mkfifo(root / "etc/dkms" / name)
    assert setup_takes(root)["status"] == 2
    assert doctor_says(root)["dkms-conf-unknown"]["severity"] == "unknown"


def test_too_large_a_file_and_too_many_are_trouble(root):
    configure(root, "# " + "x" * (1 << 20))
    assert setup_takes(root)["status"] == 2
    assert doctor_says(root)["dkms-conf-unknown"]["severity"] == "unknown"
    configure(root, "")
    for i in range(1001):
        configure(root, "", f"framework.conf.d/{i}.conf")
    assert setup_takes(root)["status"] == 2
    assert doctor_says(root)["dkms-conf-unknown"]["severity"] == "unknown"


def test_a_file_that_is_switched_off_says_nothing(root):
    configure(root, PLAIN["bare"])
    os.symlink("/dev/null", root / "etc/dkms/framework.conf.d/x.conf")
    os.symlink("nowhere.conf", root / "etc/dkms/framework.conf.d/y.conf")
    assert setup_takes(root)["key"] == KEY
