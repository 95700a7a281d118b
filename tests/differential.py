#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Is the verdict the kernel's? Both sides are asked about thousands of hostile files.

    tests/differential.py --campaign [--kernel NAME]... [--mode MODE]... [--cases N]
                          [--seed SEED|fresh] [--jobs N] [--program PATH] [--keep DIR]

asks `modseal verify` and the kernels: by default all, in all modes. 6.1, 6.12, 7.3 and the
lab's own are asked about 21,000 distinct cases each; 7.3-list, 7.3-merkle, 6.12-list and
6.12-merkle, which have kernel/patches, about 7,000; support/kernel/campaign.py says what has to
agree. Prints the counts of verdicts, of answers and of cases by mutation operator, and each
mismatch, whose file is kept. Status 1: a mismatch, or, of a whole campaign, fewer than 500
cases of some operator or fewer than 100 of some verdict or answer (20 and 10 with
kernel/patches). The same seed makes the same cases, but for what depends on keys that are
made once for a cache: those of the lab's own kernels and those of ML-DSA, which take an
OpenSSL of 3.5 (support/kernel/debian13.py). A kernel takes ten minutes on two processors; one that
was cut short is asked again by --kernel.

    tests/differential.py [--kernel 7.3] [--root p256] [--cases N] [--seed N]
                          [--modules] [--judge PATH] [--keep DIR]

asks the judge inside the library, in enforcing mode only.

--root is the kind of key that the kernel is made to trust, or "own" for the kernel's own
certificate and modules that it has signed. --modules: digests that the kernel has as
modules are loaded first. Prints how often which errno was given, and each case that the
two do not agree on; exits with 1 if there is one. With --keep the files of those cases
are written there.
"""

import argparse
import collections
import lzma
import os
import pathlib
import random
import secrets
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP), str(TOP / "tests")]

import lab  # noqa: E402 (their paths are set just above)
from lab import kernel as lab_kernel  # noqa: E402
from support import hostile  # noqa: E402
from support.kernel import campaign, patched  # noqa: E402
from support.tools import assignments  # noqa: E402

TOLERABLE = {"unsigned": "ENODATA", "unsupported": "ENOPKG", "unknown-key": "ENOKEY"}
BUILD = pathlib.Path(os.environ.get("MODSEAL_BUILD", TOP / "build"))
JUDGE = BUILD / "tests" / "judge-tool"
PROGRAM = BUILD / "cli" / "modseal"
# digests that are modules in some kernel: symbol, the modules' names, in order
DIGESTS = {
    "SHA3": ("libsha3", "sha3", "sha3_generic"),
    "SHA512": ("sha512_generic",),
    "STREEBOG": ("streebog_generic",),
    "MD4": ("md4",),
}


def archive(name):
    """release, vmlinuz, config and modules of a kernel; keys as well of the built one."""
    command = [TOP / "tools" / "debian-archive", "kernel", name]
    if name == "built":
        command = [TOP / "lab" / "build-kernel"]
    elif name in patched.NAMES:
        command = [TOP / "lab" / "build-kernel", *patched.arguments(name)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return assignments.read(done.stdout)


def answer_of(result):
    """The errno of the kernel's signature check. Behind it a payload that is no ELF ends
    in ENOEXEC; a real module loads."""
    if result.verdict in TOLERABLE:
        return TOLERABLE[result.verdict]
    if result.errno in (None, "ENOEXEC") and result.outcome in ("passed", "clean"):
        return "0"
    return result.errno or result.outcome


def unpacked(path):
    data = path.read_bytes()
    return lzma.decompress(data) if path.suffix == ".xz" else data


def with_digests(found, directory):
    """The modules of DIGESTS that the kernel has, and a configuration in which they are
    built in."""
    config = pathlib.Path(found["config"]).read_text()
    modules = {
        path.name.partition(".")[0]: path
        for path in pathlib.Path(found["modules"]).rglob("*.ko*")
    }
    preload = []
    for symbol, names in DIGESTS.items():
        line = f"CONFIG_CRYPTO_{symbol}=m\n"
        if line not in config:
            continue
        config = config.replace(line, f"CONFIG_CRYPTO_{symbol}=y\n")
        for name in names:
            if name in modules:
                preload.append(pathlib.Path(directory, f"{name}.ko"))
                preload[-1].write_bytes(unpacked(modules[name]))
    path = pathlib.Path(directory, "config")
    path.write_text(config)
    return preload, path


def ask_judge(judge, release, config, certificates, cases):
    """(errno, reason) for each case."""
    with tempfile.TemporaryDirectory(prefix="differential-") as directory:
        trusted = pathlib.Path(directory, "trusted.der")
        trusted.write_bytes(certificates)
        paths = []
        for number, (_, data) in enumerate(cases):
            paths.append(pathlib.Path(directory, f"{number}.ko"))
            paths[-1].write_bytes(data)
        command = [judge, release, config, trusted, "-"]
        names = "".join(f"{path}\n" for path in paths)
        done = subprocess.run(
            command, input=names, capture_output=True, text=True, errors="replace"
        )
    if done.returncode:
        raise RuntimeError(done.stderr)
    lines = [line.partition(" ") for line in done.stdout.splitlines()]
    if len(lines) != len(cases):
        raise RuntimeError("the judge has not answered each case")
    return [(errno, reason) for errno, _, reason in lines]


def own_certificates(vmlinuz):
    """What the kernel trusts as it comes."""
    data = lab_kernel.unpacked(vmlinuz)
    lists = list(lab_kernel.certificate_lists(data))
    if len(lists) != 1:
        raise RuntimeError("not one list of certificates in the kernel")
    start, size, _ = lists[0]
    return bytes(data[start : start + size])


def small_modules(root, count=3):
    paths = (path for path in pathlib.Path(root).rglob("crc*.ko*") if path.is_file())
    return sorted(paths, key=lambda path: path.stat().st_size)[:count]


def compare(
    kernel="7.3", root="p256", count=1000, seed=1, modules=False, judge=JUDGE, jobs=1
):
    """[(name, content, kernel's errno, judge's errno, judge's reason)]"""
    found = archive(kernel)
    source = random.Random(f"{seed} {kernel} {root}")
    trust, preload, config = [], [], found["config"]
    with tempfile.TemporaryDirectory(prefix="differential-") as directory:
        if modules and root == "own":
            preload, config = with_digests(found, directory)
        if root == "own":
            certificates = own_certificates(found["vmlinuz"])
            cases = list(real_cases(source, found["modules"], count))
        else:
            world = hostile.World(source, root)
            certificates = world.trusted_certificate()
            trust = [pathlib.Path(directory, "root.der")]
            trust[0].write_bytes(certificates)
            cases = list(world.cases(count))
        results = lab.run(
            found["vmlinuz"],
            cases,
            mode="enforcing",
            preload=preload,
            trust=trust,
            jobs=jobs,
        )
        judged = ask_judge(judge, found["release"], config, certificates, cases)
    return [
        (name, data, answer_of(result), *verdict)
        for (name, data), result, verdict in zip(cases, results, judged)
    ]


def real_cases(source, modules, count):
    paths = small_modules(modules)
    for path in paths:
        data = unpacked(path)
        yield f"whole-{path.name}", data
        yield from hostile.bent_module(source, data, count // len(paths))


def report(compared, keep):
    different = [case for case in compared if case[2] != case[3]]
    for name, data, kernel, judge, reason in different:
        print(f"{name}: kernel {kernel}, judge {judge} ({reason})")
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            pathlib.Path(keep, f"{name}.{kernel}.{judge}.ko").write_bytes(data)
    counts = collections.Counter(case[2] for case in compared)
    print(", ".join(f"{errno} {count}" for errno, count in counts.most_common()))
    print(f"{len(compared)} cases, {len(different)} differ")
    return different


def campaign_of(args):
    """Runs the campaign on each kernel; what is wrong, in words."""
    seed = secrets.token_hex(4) if args.seed == "fresh" else args.seed
    print(f"seed {seed}", flush=True)
    wrong = []
    for kernel in args.kernel or campaign.PLANS:
        began = time.monotonic()
        report = campaign.run(
            kernel,
            archive(kernel),
            args.cases or campaign.usual_cases(kernel),
            seed,
            args.mode or list(lab.MODES),
            args.program,
            args.jobs,
            args.keep or BUILD / "mismatches",
        )
        report.print()
        print(f"  {time.monotonic() - began:.0f} s", flush=True)
        short = []
        promised = campaign.promised(kernel)
        if report.cases >= promised[0]:
            short = report.shortfalls(*promised)
        if report.mismatches:
            short.append(f"{len(report.mismatches)} mismatches")
        wrong += [f"kernel {kernel}: {what}" for what in short]
    return wrong


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--campaign", action="store_true")
    parser.add_argument("--kernel", action="append", choices=campaign.PLANS)
    parser.add_argument("--mode", action="append", choices=lab.MODES)
    parser.add_argument("--root", default="p256")
    parser.add_argument("--cases", type=int)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--judge", type=pathlib.Path, default=JUDGE)
    parser.add_argument("--program", type=pathlib.Path, default=PROGRAM)
    parser.add_argument("--keep", type=pathlib.Path)
    return parser.parse_args()


def main():
    lab.end_on_signals()
    args = arguments()
    if args.campaign:
        wrong = campaign_of(args)
        for what in wrong:
            print(f"WRONG: {what}")
        sys.exit(1 if wrong else 0)
    compared = compare(
        (args.kernel or ["7.3"])[0],
        args.root,
        args.cases or 1000,
        args.seed,
        args.modules,
        args.judge,
        args.jobs,
    )
    sys.exit(1 if report(compared, args.keep) else 0)


if __name__ == "__main__":
    main()
