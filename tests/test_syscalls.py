# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is anything lost, torn or left behind where a run ends at any of its system calls, or is
told of an error there? Is anything touched that nobody named, where files are exchanged under
a run's hands?

The cases are a tenth of all there are (MODSEAL_SHARE), chosen by MODSEAL_SEED; with FULL=true
in the environment all of them. tests/syscalls/run asks one of them again.
"""

import os

import pytest

from support import cli
from support.runs import extent
from support.syscalls import faults, races, sampling, scenarios, tracer, world

SHARE = 1 if extent.FULL else float(os.environ.get("MODSEAL_SHARE", "0.1"))

pytestmark = [
    pytest.mark.syscalls,
    pytest.mark.skipif(not tracer.PROGRAM.exists(), reason="no tracer for this machine"),
]


def need(scenario):
    if scenario.mounts and (reason := world.why_no_mounts()):
        pytest.skip(reason)


@pytest.fixture(scope="session")
def answers(request, pki):
    """Of every test of this session that asks: they are worked on side by side."""
    with sampling.Workers() as workers:
        begun = {}
        for item in request.session.items:
            if "answers" in item.fixturenames:
                work, name = item.callspec.params["work"], item.callspec.params["name"]
                begun[work, name] = workers.begin(work, name, pki, SHARE, extent.SEED)
        yield begun


def no_fault(answers, work, name):
    found, count = answers[work, name].get()
    assert not found, f"seed {extent.SEED}: {sampling.report(name, found, count)}"
    assert count > 0


@pytest.mark.parametrize("work", [sampling.work], ids=["kill or error"])
@pytest.mark.parametrize("name", scenarios.BY_NAME)
def test_a_kill_or_an_error_at_any_call_leaves_all_old_or_all_new(name, work, answers):
    need(scenarios.BY_NAME[name])
    no_fault(answers, work, name)


@pytest.mark.parametrize("work", [races.work], ids=["exchange"])
@pytest.mark.parametrize("name", races.BY_NAME)
def test_what_is_exchanged_under_a_run_s_hands_leads_it_nowhere_else(name, work, answers):
    need(races.BY_NAME[name])
    no_fault(answers, work, name)


def test_every_command_that_writes_is_among_them():
    asked = {scenario.of for scenario in scenarios.ALL} - {"sign-file", "kmodsign"}
    assert asked | scenarios.READERS == {*cli.COMMANDS, "help"}
    assert not asked & scenarios.READERS


@pytest.fixture
def place(pki):
    made = world.World(pki)
    yield made
    made.close()


READING = {
    "verify": ["--trust", "{pki}/p256.pem", "T"],
    "show": ["T"],
    "key list": ["--store", "store"],
    "key status": ["--store", "store"],
    "config get": ["MODULE_SIG", "one/config"],
    "config check": ["one/config"],
    "dkms check": ["--trust", "{pki}/p256.pem", "T"],
    "doctor": ["--root", "root"],
    "manifest verify": ["manifest", "T"],
    "manifest diff": ["manifest", "T"],
    "merkle verify": ["--root", "0:" + "0" * 64, "T"],
    "merkle check": ["vmlinux", "T"],
    "help": ["sign"],
}


def a_system(t, place):
    scenarios.kernel(t, place)
    scenarios.signed(t, place)
    scenarios.prunable(t, place)
    scenarios.configurations(t)
    cli.ok("manifest", "create", "-o", t / "manifest", t / "T")


@pytest.mark.parametrize("command", sorted(scenarios.READERS))
def test_a_command_that_only_reads_makes_no_call_that_changes_a_file(command, place):
    a_system(place.t, place)
    words = [*command.split(), *(word.format(pki=place.pki) for word in READING[command])]
    calls, status = tracer.calls([cli.PROGRAM, *words], cwd=place.t, env=place.environment(),
                                 scratch=place.scratch)
    assert status in (0, 1) or command == "doctor", (place.scratch / "err").read_text()
    said = {str(place.scratch / name) for name in ("out", "err")}

    def is_no_file(call):
        """What it says, and what it tells the kernel of its own memory (coredump_filter)."""
        return said & {*call.files} or any(name.startswith("/proc/") for name in call.files)

    assert [str(call) for call in calls if call.changes and not is_no_file(call)] == []


# --- the harness itself ------------------------------------------------------------------


def in_place(t, _):
    (t / "m").write_bytes(b"old" * 4000)
    (t / "n").write_bytes(b"new" * 4000)


def test_a_program_that_writes_in_place_is_found_out(place):
    command = ["/bin/dd", "if=n", "of=m", "bs=6000", "status=none"]
    ground = faults.Ground(scenarios.Scenario("dd", "dd", in_place, command), place)
    wrong = {str(case): faults.judge(ground, case)[0] for case, _ in faults.cases(ground.calls)
             if case.call.name == "write"}
    assert wrong["write#1 kill"] == ["neither old nor new: m"]
    assert wrong["write#1 kill-after"] == ["neither old nor new: m"]
    assert wrong["write#2 kill-after"] == []
    assert wrong["write#2 EIO"] == ["neither old nor new: m"]


def test_a_call_that_is_left_out_or_killed_at_is_not_done(place):
    def run(*what):
        place.reset({})
        (place.t / "m").write_text("m")
        done = tracer.run(["/bin/rm", "m"], tracer.Call("unlinkat", 1), what, cwd=place.t,
                          env=place.environment(), scratch=place.scratch)
        assert done.hit
        return done.status, done.signal, (place.t / "m").exists()

    assert run("--kill") == (None, 9, True)
    assert run("--kill-after") == (None, 9, False)
    assert run("--error", "EROFS") == (1, None, True)
    assert run("--run", "true") == (0, None, False)
    assert run("--run", f"mv {place.t}/m {place.t}/n; echo >{place.t}/m") == (0, None, False)
    assert (place.t / "n").read_text() == "m"


def test_every_thread_and_child_dies_with_the_one_that_is_at_the_call(place):
    script = ("import os, threading, time\n"
              "threading.Thread(target=time.sleep, args=(60,)).start()\n"
              "if not os.fork():\n    time.sleep(60)\n"
              "os.mkdir('d')\n")
    call = tracer.Call("mkdir", 1)
    done = tracer.run(["/usr/bin/python3", "-c", script], call, ("--kill",), cwd=place.t,
                      env=place.environment(), scratch=place.scratch)
    assert (done.hit, done.signal, (place.t / "d").exists()) == (True, 9, False)


def test_a_seed_chooses_the_same_cases_again_and_another_others(place):
    ground = faults.Ground(scenarios.BY_NAME["sign"], place)
    one, again, other = (sampling.pick(ground, 0.1, seed) for seed in ("1", "1", "2"))
    assert one == again != other
    all_calls = [str(case) for case in sampling.pick(ground, 1, "1")]
    assert len(all_calls) == len(set(all_calls)) > 9 * len(one)
