# SPDX-License-Identifier: LGPL-2.1-or-later
"""What does `modseal key enroll` ask of mokutil and keyctl, and what does it make of their
answers? Stand-ins for both record how they were called; the real ones are asked where
they can be, on a machine whose firmware and kernel will not take the key.
"""

import pathlib
import shutil

import pytest

from support import cli
from support.tools.enroll import calls, enroll, enroll_document
from support.tools.enroll import state  # noqa: F401  (a fixture)


@pytest.mark.parametrize("form", ["p384.der", "p384.pem", "p384-both.pem"])
def test_mokutil_is_given_the_certificate_in_der(state, pki, form):
    result = enroll_document(state, pki / form)
    assert (result["status"], result["result"], result["target"]) == (0, "requested", "mok")
    asked, imported, again = calls(state)
    assert asked == again == ["--test-key", asked[1]]
    assert imported == ["--import", asked[1]]
    request, = state.glob("new-*")
    assert request.read_bytes() == (pki / "p384.der").read_bytes()


def test_without_a_name_it_is_the_current_key_of_the_store(state, tmp_path):
    store = tmp_path / "keys"
    for _ in range(2):
        cli.ok("key", "new", "--type", "p256", "--store", store)
    der = (store / "current/signing_crt.crt").read_bytes()
    assert enroll_document(state, "--store", store)["result"] == "requested"
    request, = state.glob("new-*")
    assert request.read_bytes() == der
    done = enroll(state, "--store", store, store / "current/signing_crt.crt")
    assert done.returncode == 2 and "--store" in done.stderr


def test_what_is_to_be_confirmed_at_boot_is_said(state, pki):
    done = enroll(state, "--mok", pki / "p384.der")
    assert done.returncode == 0
    for words in "Enroll MOK", "password", "Nothing trusts it yet":
        assert words in done.stdout
    steps = enroll_document(state, pki / "p384.der")["at_boot"]
    assert len(steps) == 3 and all(step in done.stdout for step in steps)


def test_what_mokutil_prints_is_not_among_the_results(state, pki):
    done = enroll(state, pki / "p384.der", "--json")
    assert "on standard output" in done.stderr and "on standard output" not in done.stdout


def test_the_password_may_come_from_elsewhere(state, pki):
    for options in ["--root-pw"], ["--hash-file", "hash"]:
        for old in state.iterdir():
            old.unlink()
        assert enroll(state, *options, pki / "p384.der").returncode == 0
        assert calls(state)[1][2:] == options


def test_no_secret_of_ours_reaches_mokutil(state, pki):
    assert enroll(state, pki / "p384.der", KBUILD_SIGN_PIN="open sesame").returncode == 0
    assert "sesame" not in (state / "env").read_text()


@pytest.mark.parametrize("says,result", [
    ("is already enrolled", "enrolled"),
    ("is already in the built-in trusted keyring", "enrolled"),
    ("is already in the enrollment request", "requested"),
])
def test_a_key_that_is_there_is_not_asked_for_again(state, pki, says, result):
    document = enroll_document(state, pki / "p384.der", SAYS=says)
    assert (document["status"], document["result"]) == (0, result)
    assert bool(document["at_boot"]) == (result == "requested")
    assert len(calls(state)) == 1


@pytest.mark.parametrize("says", ["is already in MokListX", "is already in db", "is blocked"])
def test_a_key_that_signs_no_modules_is_never_called_enrolled(state, pki, says):
    document = enroll_document(state, pki / "p384.der", SAYS=says)
    assert document["status"] == 2 and says in document["error"]


def test_a_failing_or_idle_mokutil_is_trouble(state, pki):
    document = enroll_document(state, pki / "p384.der", FAILS="Failed to write MokAuth")
    assert document["status"] == 2 and document["error"].startswith("mokutil failed with status 255")
    document = enroll_document(state, pki / "p384.der", SKIPS="1")
    assert (document["status"], document["error"]) == (2, "mokutil has made no request")


def test_keyctl_is_given_the_certificate_in_der(state, pki):
    result = enroll_document(state, "--keyring", ".secondary_trusted_keys", pki / "p384-both.pem")
    assert (result["status"], result["result"], result["at_boot"]) == (0, "enrolled", [])
    assert result["target"] == ".secondary_trusted_keys"
    assert calls(state) == [["padd", "asymmetric", "", "%:.secondary_trusted_keys", ""]]
    assert (state / "input").read_bytes() == (pki / "p384.der").read_bytes()


def test_what_the_kernel_refuses_is_trouble_with_its_reason(state, pki):
    document = enroll_document(state, "--keyring", ".secondary_trusted_keys", pki / "p384.der",
                               FAILS="add_key: Required key not available")
    assert document["status"] == 2
    assert document["error"] == "keyctl: add_key: Required key not available"
    assert "--mok" in document["hint"] and "CONFIG_SYSTEM_TRUSTED_KEYS" in document["hint"]


@pytest.mark.parametrize("name", [".builtin_trusted_keys", ".machine", ".platform", ".blacklist",
                                  "@u", "secondary_trusted_keys", "", "%:.ima"])
def test_a_keyring_that_nobody_can_add_to_is_not_tried(state, pki, name):
    done = enroll(state, "--keyring", name, pki / "p384.der")
    assert done.returncode == 2 and not calls(state)
    if name.startswith("."):
        assert f"the keyring {name} " in done.stderr


@pytest.mark.parametrize("program,options", [("mokutil", []), ("keyctl", ["--keyring", ".ima"])])
def test_without_the_program_its_package_is_named(state, pki, program, options):
    package = {"keyctl": "keyutils"}.get(program, program)
    done = enroll(state, *options, pki / "p384.der", PATH=state)
    assert done.returncode == 2
    assert done.stderr == (f"modseal: there is no program '{program}'\n"
                           f"hint: install the package {package}\n")


def test_a_program_that_cannot_be_run_is_trouble(state, pki):
    (state.parent / "bin/mokutil").chmod(0o644)
    done = enroll(state, pki / "p384.der", PATH=state.parent / "bin")
    assert done.returncode == 2 and "cannot run 'mokutil': Permission denied" in done.stderr


def test_what_is_not_one_certificate_is_refused(state, pki, tmp_path):
    junk = tmp_path / "junk"
    junk.write_text("junk")
    cases = [(tmp_path / "nowhere", "No such file"), (junk, "junk"), (pki / "chain.pem", "one at a time"),
             (pki / "p384.key", ""), (pki / "ed25519.der", "no kernel can use")]
    for path, words in cases:
        done = enroll(state, path)
        assert done.returncode == 2 and words in done.stderr, cli.said(done)
    assert not calls(state)


@pytest.mark.parametrize("options", [["--mok", "--keyring", ".ima", "cert"],
                                     ["--root-pw", "--keyring", ".ima", "cert"], ["a", "b"]])
def test_arguments_that_contradict_are_a_usage_error(state, options):
    done = enroll(state, *options)
    assert done.returncode == 2 and "see 'modseal key enroll --help'" in done.stderr


def test_the_real_mokutil_says_why_it_cannot(pki):
    if not shutil.which("mokutil"):
        pytest.skip("no mokutil on this machine")
    if pathlib.Path("/sys/firmware/efi").exists():
        pytest.skip("this machine has a firmware that mokutil would write to")
    done = cli.run("key", "enroll", pki / "p384.der")
    assert done.returncode == 2
    assert done.stderr == "modseal: mokutil: EFI variables are not supported on this system\n"


def test_the_real_keyctl_says_why_it_cannot(pki, tmp_path):
    """A self-signed certificate that no kernel has signed: refused by every kernel."""
    if not shutil.which("keyctl"):
        pytest.skip("no keyctl on this machine")
    cli.ok("key", "new", "-o", tmp_path / "k", "--type", "p256")
    document = cli.document("key", "enroll", "--keyring", ".secondary_trusted_keys", tmp_path / "k")
    assert document["status"] == 2 and document["error"].startswith("keyctl: ")
    assert "--mok" in document["hint"]
