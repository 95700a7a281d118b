# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does the lab read real kernels rightly? And do these answer as the facts say?

Everything here is made by openssl, the distribution and plain bytes, not by this
project: what these tests establish is the oracle for all others.
"""

import concurrent.futures
import os
import pathlib
import signal
import struct
import subprocess
import sys

import pytest

from support.files import forge
from support.kernel import kernels
from support.kernel.kernels import lab
from support.runs import atwork, watch

pytestmark = pytest.mark.lab

# small, without dependencies, there in all of them
MODULE = {"6.1": "crc7", "6.12": "crc7", "7.3": "crc-itu-t"}
every_kernel = pytest.mark.parametrize("kernel", kernels.CLOUD)


@pytest.fixture(scope="module")
def answers():
    """Asks each (kernel, mode) once about all the cases: a boot costs seconds. So all
    are asked side by side as soon as one is wanted."""

    def ask(kernel, mode):
        results = kernels.ask(kernel, cases_for(kernel), mode=mode, jobs=1)
        return {result.path: result for result in results}

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        asked = {
            (kernel, mode): pool.submit(ask, kernel, mode)
            for kernel in kernels.CLOUD
            for mode in lab.MODES
        }
        yield lambda kernel, mode: asked[kernel, mode].result()


def cases_for(kernel):
    signed = kernels.module(kernel, MODULE[kernel])
    payload, signature = forge.split(signed)
    where = len(payload) + len(signature)  # of the twelve fields

    def fields(**values):
        return forge.append(payload, signature, **values)

    cases = {
        "signed": signed,
        "stripped": payload,
        "flipped": forge.flip(signed, len(payload) // 2),
        "flipped-signature": forge.flip(signed, where - 1),
        "behind-marker": signed + b"\0",
        "marker-twice": signed + forge.MARKER,
        "marker-only": forge.MARKER,
        "no-elf": forge.append(forge.TINY, signature),
        "sig-len-0": fields(sig_len=0),
        "sig-len-past-start": fields(sig_len=where),
        "sig-len-max": fields(sig_len=2**32 - 1),
        "past-start-of-type-1": fields(sig_len=where, id_type=1),
        "type-1-and-junk": fields(id_type=1, algo=1, hash=4, pad=b"abc"),
        "sig-65535": forge.append(payload, signature.ljust(65535, b"\0")),
        "sig-65536": forge.append(payload, signature.ljust(65536, b"\0")),
        "empty": b"",
    }
    for name in "algo", "hash", "signer_len", "key_id_len":
        cases[f"field-{name}"] = fields(**{name: 1})
    for index in range(3):
        cases[f"field-pad-{index}"] = fields(pad=forge.flip(bytes(3), index))
    for id_type in range(256):
        cases[f"type-{id_type}"] = fields(id_type=id_type)
    return list(cases.items())


def outcomes(results, *names):
    return [(results[name].outcome, results[name].errno) for name in names]


@every_kernel
def test_a_signed_module_loads_clean_in_every_mode(answers, kernel):
    for mode in lab.MODES:
        result = answers(kernel, mode)["signed"]
        assert (result.outcome, result.verdict) == ("clean", "trusted"), mode
        assert result.module == MODULE[kernel].replace("-", "_")


@every_kernel
def test_a_stripped_module_taints_or_is_refused_by_mode(answers, kernel):
    stripped = {mode: answers(kernel, mode)["stripped"] for mode in lab.MODES}
    assert stripped["permissive"].outcome == "tainted"
    assert stripped["permissive"].kernel_taint[1] & 1 << 13
    assert stripped["enforcing"].errno == "EKEYREJECTED"
    assert stripped["enforcing"].verdict == "unsigned"
    assert stripped["lockdown"].errno == "EPERM"


@every_kernel
def test_one_flipped_byte_is_refused_in_every_mode(answers, kernel):
    for mode in lab.MODES:
        for result in outcomes(answers(kernel, mode), "flipped", "no-elf"):
            assert result == ("refused", "EKEYREJECTED"), mode


@every_kernel
def test_the_verdict_tells_rejected_from_unsigned(answers, kernel):
    results = answers(kernel, "enforcing")
    assert results["flipped"].verdict == "rejected"
    assert results["behind-marker"].verdict == "unsigned"
    assert results["marker-only"].verdict == "unsigned"


@every_kernel
def test_junk_in_a_header_field_is_a_bad_message_in_every_mode(answers, kernel):
    for mode in lab.MODES:
        results = answers(kernel, mode)
        junk = [name for name in results if name.startswith("field-")]
        assert len(junk) == 7
        for result in outcomes(results, *junk, "sig-len-0", "marker-twice"):
            assert result == ("refused", "EBADMSG"), mode


@every_kernel
def test_only_id_type_2_is_supported(answers, kernel):
    enforcing, lax = answers(kernel, "enforcing"), answers(kernel, "permissive")
    for id_type in range(256):
        name = f"type-{id_type}"
        expected = "trusted" if id_type == 2 else "unsupported"
        assert enforcing[name].verdict == expected, name
        assert lax[name].outcome == ("clean" if id_type == 2 else "tainted"), name
    assert enforcing["type-1-and-junk"].verdict == "unsupported"


@every_kernel
def test_a_length_past_the_start_comes_before_the_id_type(answers, kernel):
    results = answers(kernel, "enforcing")
    names = "sig-len-past-start", "sig-len-max", "past-start-of-type-1"
    for result in outcomes(results, *names):
        assert result == ("refused", "EBADMSG")


@every_kernel
def test_bytes_behind_the_signature_are_fine_up_to_65535(answers, kernel):
    results = answers(kernel, "enforcing")
    assert results["sig-65535"].verdict == "trusted"
    assert results["sig-65536"].errno == "EMSGSIZE"


@every_kernel
def test_an_empty_file_is_no_answer(answers, kernel):
    result = answers(kernel, "enforcing")["empty"]
    assert (result.outcome, result.verdict) == ("undecided", None)


@pytest.mark.parametrize("name", ["6.12", "7.3"])
def test_the_kernel_unpacks_its_own_compressed_modules(name):
    paths = kernels.module_paths(name)
    packed = [p for p in paths if p.name == f"{MODULE[name]}.ko.xz"]
    calls = "finit", "init", "compressed"
    cases = [*packed, ("with its own call", packed[0].read_bytes(), "compressed")]
    results = kernels.ask(name, cases, mode="enforcing", calls=calls)
    plain, memory, decoded, alone = results
    assert (decoded.outcome, decoded.verdict) == ("clean", "trusted")
    assert (alone.call, alone.verdict) == ("compressed", "trusted")
    assert (plain.verdict, memory.verdict) == ("unsigned", "unsigned")


@pytest.mark.parametrize("name, kind", [("6.1", "rsa4096"), ("7.3", "p384")])
def test_a_kernel_can_be_made_to_trust_a_key_of_ours(tmp_path, name, kind):
    from lab import keys

    key = keys.make(tmp_path, kind)
    stranger = keys.make(tmp_path, "p256")
    cases = [
        ("ours", forge.append(forge.TINY, forge.cms(forge.TINY, key))),
        ("changed", forge.append(forge.TINY + b"x", forge.cms(forge.TINY, key))),
        ("stranger's", forge.append(forge.TINY, forge.cms(forge.TINY, stranger))),
        ("the kernel's", kernels.module(name, MODULE[name])),
    ]
    trust = [key.certificate]
    results = kernels.ask(name, cases, mode="enforcing", trust=trust)
    verdicts = [result.verdict for result in results]
    assert verdicts == ["trusted", "rejected", "unknown-key", "unknown-key"]


def sections(elf):
    """{name: (offset, size)} of a 64-bit ELF."""
    [table] = struct.unpack_from("<Q", elf, 40)
    size, count, names = struct.unpack_from("<HHH", elf, 58)
    rows = [struct.unpack_from("<IIQQQQ", elf, table + i * size) for i in range(count)]
    starts = [rows[names][4] + row[0] for row in rows]
    texts = [elf[start : elf.index(b"\0", start)].decode() for start in starts]
    return {text: row[4:6] for text, row in zip(texts, rows)}


def with_init(elf, code):
    """The module with two other bytes in its init function, right behind the call to
    __fentry__ at its start: the first relocation there is that call's."""
    where = sections(elf)
    [call] = struct.unpack_from("<Q", elf, where[".rela.init.text"][0])
    at = where[".init.text"][0] + call + 4
    return elf[:at] + code + elf[at + 2 :]


CRASH = b"\x0f\x0b"  # ud2
HANG = b"\xeb\xfe"  # a jump to itself


def test_a_case_that_kills_the_machine_costs_no_other_answer():
    payload, _ = forge.split(kernels.module("6.1", "nls_ascii"))
    cases = [
        ("before", payload),
        ("crash", with_init(payload, CRASH)),
        ("between", payload),
        ("hang", with_init(payload, HANG)),
        ("after", payload),
    ]
    results = kernels.ask("6.1", cases, stall=10)
    assert [result.outcome for result in results] == [
        "tainted",
        "crashed",
        "tainted",
        "hung",
        "tainted",
    ]


def read_if_there(path):
    """Of a thread or process, which may end at any time."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def machine_of(pid):
    """The machine that a process has started, or None: what asks whether there is KVM is
    no machine, and has no kernel."""
    children = pathlib.Path(f"/proc/{pid}/task").glob("*/children")
    for child in " ".join(map(read_if_there, children)).split():
        words = read_if_there(pathlib.Path(f"/proc/{child}/cmdline")).split("\0")
        if "qemu" in words[0] and "-kernel" in words:
            return int(child)
    return None


def is_alive(pid):
    """A zombie is not: nobody may be there to reap it."""
    state = read_if_there(pathlib.Path(f"/proc/{pid}/stat")).rpartition(")")[2][1:2]
    return state not in ("", "Z", "X")


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_machine_outlives_the_program_that_started_it(tmp_path, how):
    kernels.need_lab()
    payload, _ = forge.split(kernels.module("6.1", "nls_ascii"))
    case = tmp_path / "case"
    case.write_bytes(with_init(payload, HANG))  # so that it never comes to an end
    command = [kernels.TOP / "lab" / "lab.py", "--kernel", kernels.kernel("6.1").vmlinuz]
    asking = subprocess.Popen(
        [sys.executable, *command, "--stall", "3600", case],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    atwork.until(lambda: machine_of(asking.pid) or asking.poll() is not None, "a machine")
    machine = machine_of(asking.pid)
    asking.send_signal(how)
    _, errors = watch.communicate(asking)
    assert machine, errors
    atwork.until(lambda: not is_alive(machine), "the machine's end")
    assert asking.returncode != 0
    if how != signal.SIGKILL:  # which leaves no time to tidy up
        assert list(tmp_path.iterdir()) == [case]
