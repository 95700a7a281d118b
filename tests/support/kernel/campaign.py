# SPDX-License-Identifier: LGPL-2.1-or-later
"""The campaign: `modseal verify` and real kernels are asked about the same files.

For each kernel the cases are shared among the keys that it is made to trust, since a
stock kernel has room for one certificate; a part of each share has a payload that is a
real module, so that it is seen to load, and the rest is bytes that are no ELF. Then
each case goes to the program, in one run for each share, and to the kernel in each mode.

What has to agree, for each case and mode: whether the call gets past the signature check,
and with which errno it does not; in enforcing mode also which of the tolerable errors it
was; and for a real module whether it loads, clean or tainted.
"""

import collections
import concurrent.futures
import contextlib
import dataclasses
import itertools
import json
import pathlib
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parents[3]))

import lab  # noqa: E402 (its path is set just above)
from lab.report import was_unpacked  # noqa: E402
from support import hostile  # noqa: E402
from support.files import forge  # noqa: E402
from support.kernel import debian13, operators, patched  # noqa: E402
from support.keys import known, mldsa  # noqa: E402

TOLERABLE = {"unsigned": "ENODATA", "unsupported": "ENOPKG", "unknown-key": "ENOKEY"}
# what a tolerable error becomes, by mode
REFUSAL = {"permissive": "0", "enforcing": "EKEYREJECTED", "lockdown": "EPERM"}
VERDICTS = ["trusted", *TOLERABLE, "malformed", "rejected"]
ANSWERS = ["0", *TOLERABLE.values(), "EBADMSG", "EKEYREJECTED", "EINVAL", "EMSGSIZE"]
# what some kernels answer besides: of an embedded certificate's key, where the algorithm
# is known to the parser and not there (6.1 has no ECDSA, Debian's 7.3 no ML-DSA)
MORE_ANSWERS = {"6.1": ["ENOENT"], "7.3": ["ENOENT"]}


@dataclasses.dataclass(frozen=True)
class Plan:
    """One root key and its part of the cases. "own" is the kernel's own key, with modules
    that it has signed. module: the payload is a module, which is seen to load. ml_dsa:
    the keys of leaf, deep leaf and stranger are ML-DSA's. stacks: the files are those of
    hostile.stacks, for a kernel that knows its modules."""

    root: str
    part: float
    module: bool = False
    ml_dsa: bool = False
    stacks: bool = False

    @property
    def name(self):
        over = "-over-mldsa" if self.ml_dsa and self.root[0] != "m" else ""
        return self.root + over + ("-stacks" if self.stacks else "")


STOCK = [
    Plan("p384", 0.1, module=True),
    Plan("rsa2048", 0.15),
    Plan("p521", 0.1),
    Plan("own", 0.1),
]
UNPATCHED_PLANS = {
    "6.1": [
        Plan("rsa2048", 0.55),
        Plan("rsa4096", 0.2, module=True),
        Plan("rsa3072", 0.15),
        Plan("own", 0.1),
    ],
    "6.12": [Plan("p256", 0.55), *STOCK],
    "7.3": [Plan("p256", 0.47), *STOCK, Plan("p256", 0.08, ml_dsa=True)],
    "built": [
        Plan("p256", 0.25),
        Plan("p384", 0.12, module=True),
        Plan("p521", 0.08),
        Plan("rsa2048", 0.12),
        Plan("rsa3072", 0.08),
        Plan("rsa4096", 0.11),
        Plan("mldsa44", 0.08, ml_dsa=True),
        Plan("mldsa65", 0.08, module=True, ml_dsa=True),
        Plan("mldsa87", 0.08, ml_dsa=True),
    ],
}
# of kernels with kernel/patches: what is new there, and a share of all the rest
HASHED_PLANS = {
    name: [
        Plan("p256", 0.8, stacks=True),
        Plan("p384", 0.1, module=True),
        Plan("rsa2048", 0.1),
    ]
    for name in patched.NAMES
}
PLANS = {**UNPATCHED_PLANS, **HASHED_PLANS}
HASHED_CASES = 7000
# small, without dependencies, there in all of them
MODULE = {"6.1": "crc7", "6.12": "crc7", "7.3": "crc-itu-t"}
LAB_MODULE = "nls_utf8"  # in the lab's own kernels


@dataclasses.dataclass
class Compared:
    case: operators.Case
    mode: str
    kernel: tuple  # errno of the check, what became of the file
    program: tuple
    reason: str  # what the program says of it
    verdict: str | None  # the kernel's, in the contract's words

    @property
    def agree(self):
        return self.kernel == self.program


class Share:
    """One root key: its cases, and what both sides say of them."""

    def __init__(self, kernel, found, seed, plan):
        self.kernel, self.found, self.plan = kernel, found, plan
        self.name, self.seed = plan.name, f"{seed} {kernel} {plan.name}"
        self.module = module_of(found, MODULE.get(kernel, LAB_MODULE))
        self.payload = without_signature(self.module) if plan.module else forge.TINY
        self.signatures = mldsa.Signatures()
        self.cases, self.certificate = [], None

    def make(self, count, seen):
        """Its cases; again, when the ML-DSA signatures that they need have been made."""
        before = set(seen)
        while True:
            hostile.messages.use_payload(self.payload)
            source = random.Random(self.seed)
            if self.plan.stacks:
                made = self.stacked(source, count, seen)
            elif self.plan.root == "own":
                made = operators.real_cases(source, self.module, count, seen)
            else:
                made = self.bent(source, count, seen)
            self.cases = list(made)
            if not self.signatures.missing:
                return
            self.signatures.make()
            seen.clear()
            seen.update(before)

    def bent(self, source, count, seen):
        more, known, below = [], [None] * 3, None
        if self.kernel != "6.1":  # which cannot unpack modules
            more.append("compressed")
        if "keys" in self.found:
            more.append("revoked")
            known = self.known(source)
        if self.plan.ml_dsa:
            below = mldsa.strangers(self.signatures)
            source.shuffle(below)
        world = hostile.World(source, self.plan.root, *known, below)
        if not known[0]:
            self.certificate = world.trusted_certificate()
        return operators.cases(world, count, seen, more)

    def known(self, source):
        """The root, the revoked one and the withdrawn one, of the lab's keys."""
        return [
            known.Known(source, self.found["keys"], kind, self.signatures)
            for kind in (self.plan.root, "revoked", "withdrawn")
        ]

    def stacked(self, source, count, seen):
        world = hostile.World(source, self.plan.root, *self.known(source))
        form = patched.split_name(self.kernel)[1]
        stacks = hostile.stacks.Stacks(source, patched.Build(self.found), world, form)
        return operators.stack_cases(stacks, count, seen)

    def computes_ml_dsa(self):
        """Only then has modseal to have an OpenSSL that can."""
        config = pathlib.Path(self.found["config"]).read_text()
        return self.plan.ml_dsa and "CONFIG_CRYPTO_MLDSA=y" in config

    def ask_program(self, program):
        """The program's entry in its JSON for each case."""
        command = ["verify", "--json", "--no-crypto-modules", "--kernel-config", "config"]
        with tempfile.TemporaryDirectory(prefix="campaign-") as directory:
            directory = pathlib.Path(directory)
            (directory / "files").mkdir()
            for number, case in enumerate(self.cases):
                (directory / "files" / f"{number:06}.ko").write_bytes(case.data)
            shutil.copy(self.found["config"], directory / "config")
            if self.certificate:
                (directory / "root.der").write_bytes(self.certificate)
                command += ["--trust", "root.der"]
                command += ["--kernel-release", self.found["release"]]
            else:
                shutil.copy(self.found["vmlinuz"], directory / "vmlinuz")
                command += ["--kernel", "vmlinuz"]
            return self.answers_of(program, directory, [*command, "files"])

    def answers_of(self, program, directory, command):
        program = pathlib.Path(program).absolute()
        if self.computes_ml_dsa():
            line = f"{{ $MODSEAL {' '.join(command)} >answers; [ $? -le 2 ]; }}"
            debian13.run(directory, line, program=program)
            said, complaint = (directory / "answers").read_bytes(), ""
        else:
            done = subprocess.run(
                [program, *command], cwd=directory, capture_output=True, check=False
            )
            said, complaint = done.stdout, done.stderr
        document = json.loads(said or b"{}")
        entries = document.get("modules", [])
        if len(entries) != len(self.cases):
            raise RuntimeError(f"modseal verify: {document.get('error')} {complaint!r}")
        return entries

    def ask_kernel(self, modes, jobs):
        """{mode: a result for each case}. Booting takes as long as a few hundred cases, so
        the modes share the machines, rather than each mode's cases."""
        files = [(case.name, case.data, case.call) for case in self.cases]
        with contextlib.ExitStack() as stack:
            trust = []
            if self.certificate:
                directory = tempfile.TemporaryDirectory(prefix="campaign-")
                trust = [pathlib.Path(stack.enter_context(directory), "root.der")]
                trust[0].write_bytes(self.certificate)
            vmlinuz, each = self.found["vmlinuz"], max(1, jobs // len(modes))
            pool = stack.enter_context(
                concurrent.futures.ThreadPoolExecutor(min(jobs, len(modes)))
            )
            asked = {
                mode: pool.submit(
                    lab.run, vmlinuz, files, mode=mode, trust=trust, jobs=each
                )
                for mode in modes
            }
            return {mode: answer.result() for mode, answer in asked.items()}

    def compare(self, modes, program, jobs):
        entries = self.ask_program(program)
        for mode, results in self.ask_kernel(modes, jobs).items():
            for case, entry, result in zip(self.cases, entries, results):
                yield Compared(
                    case,
                    mode,
                    kernel_says(result, mode),
                    program_says(entry, mode, case),
                    f"{entry['verdict']}: {entry.get('error')}",
                    result.verdict,
                )


def kernel_says(result, mode):
    """(errno of the check, what became of the file)."""
    # the modules of the campaign, which need no symbol of others, get ENOENT and its like
    # only from the check
    if not was_unpacked(result):
        return "undecided", "refused"
    errno = result.errno or "0"
    if result.outcome in ("clean", "tainted", "passed"):
        errno = "0"
    if mode == "enforcing" and result.verdict in TOLERABLE:
        errno = TOLERABLE[result.verdict]
    loaded = result.outcome if result.errno is None else "refused"
    return errno, loaded


def program_says(entry, mode, case):
    if entry["verdict"] == "undecided":
        return "undecided", "undecided"
    if case.call == "compressed" and entry["kernel_decompress"] != "ok":
        return "undecided", "refused"
    errno = entry["errno"] or "0"
    if errno in TOLERABLE.values() and mode != "enforcing":
        errno = REFUSAL[mode]
    return errno, entry["loads"][mode]


def module_of(found, stem):
    """A module of the kernel, unpacked; of one of the lab's own, as it was built."""
    modules = found.get("tree", found["modules"])
    for path in sorted(pathlib.Path(modules).rglob(f"{stem}.ko*")):
        data = path.read_bytes()
        return operators.lzma.decompress(data) if path.suffix == ".xz" else data
    raise RuntimeError(f"the kernel has no module {stem}")


def without_signature(module):
    return forge.split(module)[0] if module.endswith(forge.MARKER) else module


class Report:
    """What was asked and answered, in numbers; and each mismatch."""

    def __init__(self, kernel, release, seed, keep, wanted=()):
        """wanted: the answers that it takes some of, besides those of every kernel."""
        self.wanted = [*ANSWERS, *wanted]
        self.title = f"kernel {kernel} ({release}), seed {seed}"
        self.kernel, self.keep = kernel, keep
        self.cases = 0
        self.operators, self.answers = collections.Counter(), collections.Counter()
        self.verdicts, self.roots = collections.Counter(), collections.Counter()
        self.outcomes = collections.defaultdict(collections.Counter)
        self.mismatches = []

    def add(self, share, compared):
        self.cases += len(share.cases)
        self.roots[share.name] += len(share.cases)
        self.operators.update(case.operator for case in share.cases)
        for one in compared:
            self.outcomes[one.mode][one.kernel[1]] += 1
            if one.mode == "enforcing":
                self.answers[one.kernel[0]] += 1
                self.verdicts[one.verdict or "none"] += 1
            if not one.agree:
                self.mismatch(share, one)

    def mismatch(self, share, one):
        self.mismatches.append(one)
        place = ""
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            file = self.keep / f"{self.kernel}-{share.name}-{one.case.name}.ko"
            file.write_bytes(one.case.data)
            if share.certificate:
                file.with_suffix(".root.der").write_bytes(share.certificate)
            place = f" ({file})"
        print(
            f"MISMATCH {self.kernel} {share.name} {one.mode} {one.case.name}: kernel"
            f" {one.kernel}, modseal {one.program} [{one.reason}]{place}",
            flush=True,
        )

    def print(self):
        print(f"{self.title}: {self.cases} cases, {len(self.mismatches)} mismatches")
        print("  root keys: ", listed(self.roots))
        print("  verdicts: ", listed(self.verdicts))
        print("  answers: ", listed(self.answers))
        for mode, counts in self.outcomes.items():
            print(f"  {mode}: ", listed(counts))
        print("  operators: ", listed(self.operators), flush=True)

    def shortfalls(self, least_cases, least_operator, least_answer):
        """What there was too little of to mean anything."""
        short = []
        if self.cases < least_cases:
            short.append(f"{self.cases} cases")
        for name, count in self.operators.items():
            if count < least_operator:
                short.append(f"operator {name}: {count}")
        for name in self.wanted:
            if self.answers[name] < least_answer:
                short.append(f"answer {name}: {self.answers[name]}")
        for name in VERDICTS:
            if self.verdicts[name] < least_answer:
                short.append(f"verdict {name}: {self.verdicts[name]}")
        return short


def usual_cases(kernel):
    """How many make a whole campaign."""
    return HASHED_CASES if kernel in HASHED_PLANS else 21000


def promised(kernel):
    """What a whole campaign has at least: cases, of each operator, and of each answer."""
    return (6600, 20, 10) if kernel in HASHED_PLANS else (20000, 500, 100)


def listed(counter):
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def run(kernel, found, count, seed, modes, program, jobs, keep=None, plans=None):
    """Asks both sides about that many distinct cases; returns the report.

    found: release, vmlinuz, config, modules (and keys) of the kernel; plans: other shares
    than those in PLANS."""
    wanted = [] if plans else MORE_ANSWERS.get(kernel, [])
    report = Report(kernel, found["release"], seed, keep, wanted)
    plans, seen = plans or PLANS[kernel], set()
    parts = list(itertools.accumulate(plan.part for plan in plans))
    ends = [round(count * part / parts[-1]) for part in parts]
    for plan, start, end in zip(plans, [0, *ends], ends):
        began = time.monotonic()
        share = Share(kernel, found, seed, plan)
        share.make(end - start, seen)
        made = time.monotonic()
        report.add(share, share.compare(modes, program, jobs))
        print(
            f"{kernel}: {len(share.cases)} cases with {share.name}, made in"
            f" {made - began:.0f} s, asked in {time.monotonic() - made:.0f} s",
            file=sys.stderr,
            flush=True,
        )
    return report
