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
import dataclasses
import json
import pathlib
import random
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).parents[2]))

import lab  # noqa: E402 (its path is set just above)
from . import forge, hostile, known, operators  # noqa: E402

TOLERABLE = {"unsigned": "ENODATA", "unsupported": "ENOPKG", "unknown-key": "ENOKEY"}
# what a tolerable error becomes, by mode
REFUSAL = {"permissive": "0", "enforcing": "EKEYREJECTED", "lockdown": "EPERM"}
ANSWERS = ["0", *TOLERABLE.values(), "EBADMSG", "EKEYREJECTED", "EINVAL", "EMSGSIZE"]

# root key, payload (a module's name or None), share of the cases; "own": the kernel's own
# key, and modules that it has signed
NEWER = [
    ("p256", None, 0.55),
    ("p384", "module", 0.1),
    ("rsa2048", None, 0.15),
    ("p521", None, 0.1),
    ("own", None, 0.1),
]
PLANS = {
    "6.1": [
        ("rsa2048", None, 0.55),
        ("rsa4096", "module", 0.2),
        ("rsa3072", None, 0.15),
        ("own", None, 0.1),
    ],
    "6.12": NEWER,
    "7.3": NEWER,
    "built": [
        ("p256", None, 0.35),
        ("p384", "module", 0.15),
        ("p521", None, 0.1),
        ("rsa2048", None, 0.15),
        ("rsa3072", None, 0.1),
        ("rsa4096", None, 0.15),
    ],
}
# small, without dependencies, there in all of them
MODULE = {"6.1": "crc7", "6.12": "crc7", "7.3": "crc-itu-t", "built": "nls_ascii"}


@dataclasses.dataclass
class Compared:
    case: operators.Case
    mode: str
    kernel: tuple  # errno of the check, what became of the file
    program: tuple
    reason: str  # what the program says of it

    @property
    def agree(self):
        return self.kernel == self.program


class Share:
    """One root key: its cases, and what both sides say of them."""

    def __init__(self, kernel, found, seed, root, payload):
        self.kernel, self.found, self.root = kernel, found, root
        self.random = random.Random(f"{seed} {kernel} {root}")
        self.module = module_of(found, MODULE[kernel])
        self.payload = forge.TINY
        if payload:
            self.payload = without_signature(self.module)
        self.cases, self.certificate = [], None

    def make(self, count, seen):
        hostile.PAYLOAD = self.payload
        if self.root == "own":
            made = operators.real_cases(self.random, self.module, count, seen)
            self.cases = list(made)
            return
        more = []
        if self.kernel != "6.1":  # which cannot unpack modules
            more.append("compressed")
        if self.kernel == "built":
            more.append("revoked")
            root, bad = (
                known.Known(self.random, self.found["keys"], kind)
                for kind in (self.root, "revoked")
            )
            world = hostile.World(self.random, self.root, root, bad)
        else:
            world = hostile.World(self.random, self.root)
            self.certificate = world.trusted_certificate()
        self.cases = list(operators.cases(world, count, seen, more))

    def ask_program(self, program):
        """The program's entry in its JSON for each case."""
        with tempfile.TemporaryDirectory(prefix="campaign-") as directory:
            directory = pathlib.Path(directory)
            (directory / "files").mkdir()
            for number, case in enumerate(self.cases):
                (directory / "files" / f"{number:06}.ko").write_bytes(case.data)
            command = [program, "verify", "--json", "--no-crypto-modules"]
            command += ["--kernel-config", self.found["config"]]
            if self.certificate:
                root = directory / "root.der"
                root.write_bytes(self.certificate)
                command += ["--trust", root, "--kernel-release", self.found["release"]]
            else:
                command += ["--kernel", self.found["vmlinuz"]]
            done = subprocess.run(
                [*command, directory / "files"], capture_output=True, check=False
            )
        document = json.loads(done.stdout or b"{}")
        entries = document.get("modules", [])
        if len(entries) != len(self.cases):
            raise RuntimeError(f"modseal verify: {document.get('error')} {done.stderr!r}")
        return entries

    def ask_kernel(self, mode, jobs):
        """A result for each case."""
        answers = [None] * len(self.cases)
        with tempfile.TemporaryDirectory(prefix="campaign-") as directory:
            trust = []
            if self.certificate:
                trust = [pathlib.Path(directory, "root.der")]
                trust[0].write_bytes(self.certificate)
            for call in "finit", "compressed":
                which = [i for i, case in enumerate(self.cases) if case.call == call]
                files = [(self.cases[i].name, self.cases[i].data) for i in which]
                results = files and lab.run(
                    self.found["vmlinuz"],
                    files,
                    mode=mode,
                    calls=[call],
                    trust=trust,
                    jobs=min(jobs, 1 + len(files) // 200),
                )
                for index, result in zip(which, results):
                    answers[index] = result
        return answers

    def compare(self, modes, program, jobs):
        entries = self.ask_program(program)
        for mode in modes:
            for case, entry, result in zip(
                self.cases, entries, self.ask_kernel(mode, jobs)
            ):
                yield Compared(
                    case,
                    mode,
                    kernel_says(result, mode),
                    program_says(entry, mode, case),
                    f"{entry['verdict']}: {entry.get('error')}",
                )


def kernel_says(result, mode):
    """(errno of the check, what became of the file)."""
    # a file that was not unpacked; else the modules of the campaign, which need no symbol
    # of others, get ENOENT and its like only from the check
    if result.outcome == "undecided" and result.call == "compressed":
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
    """A module of the kernel, unpacked."""
    for path in sorted(pathlib.Path(found["modules"]).rglob(f"{stem}.ko*")):
        data = path.read_bytes()
        return operators.lzma.decompress(data) if path.suffix == ".xz" else data
    raise RuntimeError(f"the kernel has no module {stem}")


def without_signature(module):
    return forge.split(module)[0] if module.endswith(forge.MARKER) else module


class Report:
    """What was asked and answered, in numbers; and each mismatch."""

    def __init__(self, kernel, release, seed, keep):
        self.title = f"kernel {kernel} ({release}), seed {seed}"
        self.kernel, self.keep = kernel, keep
        self.cases = 0
        self.operators, self.answers = collections.Counter(), collections.Counter()
        self.outcomes = collections.defaultdict(collections.Counter)
        self.mismatches = []

    def add(self, share, compared):
        self.cases += len(share.cases)
        self.operators.update(case.operator for case in share.cases)
        for one in compared:
            self.outcomes[one.mode][one.kernel[1]] += 1
            if one.mode == "enforcing":
                self.answers[one.kernel[0]] += 1
            if not one.agree:
                self.mismatch(share, one)

    def mismatch(self, share, one):
        self.mismatches.append(one)
        place = ""
        if self.keep:
            self.keep.mkdir(parents=True, exist_ok=True)
            file = self.keep / f"{self.kernel}-{share.root}-{one.case.name}.ko"
            file.write_bytes(one.case.data)
            if share.certificate:
                file.with_suffix(".root.der").write_bytes(share.certificate)
            place = f" ({file})"
        print(
            f"MISMATCH {self.kernel} {share.root} {one.mode} {one.case.name}: kernel"
            f" {one.kernel}, modseal {one.program} [{one.reason}]{place}",
            flush=True,
        )

    def print(self):
        print(f"{self.title}: {self.cases} cases, {len(self.mismatches)} mismatches")
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
        for name in ANSWERS:
            if self.answers[name] < least_answer:
                short.append(f"answer {name}: {self.answers[name]}")
        return short


def listed(counter):
    return ", ".join(f"{name} {count}" for name, count in counter.most_common())


def run(kernel, found, count, seed, modes, program, jobs, keep=None, plan=None):
    """Asks both sides about that many distinct cases; returns the report.

    found: release, vmlinuz, config, modules (and keys) of the kernel; plan: other shares
    than those in PLANS."""
    report = Report(kernel, found["release"], seed, keep)
    seen = set()
    for root, payload, part in plan or PLANS[kernel]:
        share = Share(kernel, found, seed, root, payload)
        share.make(max(1, round(count * part)), seen)
        print(f"{kernel}: {len(share.cases)} cases with {root}", file=sys.stderr, flush=True)
        report.add(share, share.compare(modes, program, jobs))
    return report
