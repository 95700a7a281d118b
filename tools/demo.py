# SPDX-License-Identifier: LGPL-2.1-or-later
"""The demo: a distribution kernel's modules, signed with another key and given back.

usage: demo.py MODSEAL START     (./demo calls it; START is when that began)

Each step is a function that does one thing, checks it against something outside modseal
where there is something (sha256sum's digests, the kernel itself), and returns what to
print. Claimed raises where a check comes out wrong: the demo ends there, with status 1.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP), str(TOP / "tests")]

import lab  # noqa: E402 (their paths are set just above)
from support.tools import assignments  # noqa: E402

COLOR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
# modules without dependencies, to be found in every Debian kernel
LOADABLE = ("crc-itu-t.ko", "nls_ascii.ko", "crc7.ko")


class Claimed(Exception):
    """Something is not as the demo claims."""


def claim(truth, text):
    if not truth:
        raise Claimed(text)


def paint(code, text):
    return f"\033[{code}m{text}\033[0m" if COLOR else text


@dataclasses.dataclass
class Line:
    """What a step did; where modseal went over the tree, how long that took."""

    text: str
    seconds: float | None = None
    count: int = 0
    size: int = 0


class Demo:
    def __init__(self, program, work):
        self.program = program
        self.work = work
        self.tree = work / "modules"
        self.bundle = work / "debian.signatures"
        self.key = work / "key.pem"
        self.cert = work / "cert.pem"
        self.debian = work / "debian.pem"
        self.count = 0
        self.size = 0
        self.seconds = 0.0  # of modseal's last run

    def modseal(self, *arguments, status=0):
        """Runs modseal, which is to end with @status, and returns its JSON."""
        start = time.monotonic()
        run = subprocess.run([self.program, *arguments, "--json"], stdout=subprocess.PIPE)
        self.seconds = time.monotonic() - start
        claim(
            run.returncode == status,
            f"modseal {arguments[0]} ended with {run.returncode} instead of {status}",
        )
        return json.loads(run.stdout)

    def expect(self, verdict, *trust, status):
        summary = self.modseal("verify", *trust, self.tree, status=status)["summary"]
        claim(
            summary == {verdict: self.count},
            f"of {self.count} modules, {summary} instead of all {verdict}",
        )

    def done(self, text):
        """A line about modseal's last run over the tree."""
        return Line(text, self.seconds, self.count, self.size)


def modules_under(path):
    return sorted(p for p in path.rglob("*.ko*") if p.is_file() and not p.is_symlink())


def digests_of(path):
    return {
        str(p.relative_to(path)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(path.rglob("*"))
        if p.is_file() and not p.is_symlink()
    }


def unpack(data, name):
    """The module's bytes, by the tools everybody has."""
    for suffix, tool in ((".xz", "xz"), (".gz", "gzip"), (".zst", "zstd")):
        if name.endswith(suffix):
            return subprocess.run([tool, "-dc"], input=data, check=True,
                                  stdout=subprocess.PIPE).stdout
    return data


def plain_name(path):
    return path.name.split(".ko")[0] + ".ko"


def newest_kernel():
    """Debian's own: 6.1 on Debian 12, 6.12 on Debian 13 and later."""
    release = assignments.read(pathlib.Path("/etc/os-release").read_text())
    return "6.1" if release.get("VERSION_CODENAME") == "bookworm" else "6.12"


def fetch(demo):
    """fetch a kernel"""
    answer = subprocess.run(
        [TOP / "tools/debian-archive", "kernel", newest_kernel()],
        capture_output=True,
        text=True,
    )
    claim(answer.returncode == 0, f"no kernel to be had: {answer.stderr[-2000:]}")
    for name, value in assignments.read(answer.stdout).items():
        setattr(demo, name, value)
    # with the digest that this kernel's configuration asks for
    demo.signer = ("-k", demo.key, "-c", demo.cert, "--kernel-config", demo.config)
    shutil.copytree(demo.modules, demo.tree, symlinks=True)
    modules = modules_under(demo.tree)
    demo.count, demo.size = len(modules), sum(p.stat().st_size for p in modules)
    demo.before = digests_of(demo.tree)
    claim(demo.count > 100, "the kernel package has hardly any modules")
    kinds = ", ".join(sorted({"".join(p.suffixes[-2:]) for p in modules}))
    yield Line(f"Linux {demo.release} of Debian: {demo.count:,} modules "
               f"({kinds}), {demo.size / 1e6:,.0f} MB")


def judge(demo):
    """verify"""
    demo.expect("trusted", "--kernel", demo.vmlinuz, status=0)
    yield demo.done(f"all {demo.count:,} trusted by their own kernel's image")


def detach(demo):
    """detach"""
    demo.modseal("detach", "-o", demo.bundle, demo.tree)
    lines = demo.bundle.read_text().count("\n") - 1
    claim(lines >= demo.count, f"{lines} signatures in the bundle")
    yield demo.done(f"{lines:,} of Debian's signatures, into a bundle of "
                    f"{demo.bundle.stat().st_size / 1e6:.1f} MB")


def strip(demo):
    """strip"""
    demo.modseal("strip", demo.tree)
    yield demo.done("the signatures are off the modules")
    demo.expect("unsigned", "--kernel", demo.vmlinuz, status=1)
    yield demo.done(f"verified: all {demo.count:,} unsigned")


def make_key(demo):
    """make a key"""
    subprocess.run(
        ["openssl", "req", "-new", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:secp384r1", "-nodes", "-days", "3650", "-batch", "-sha384",
         "-subj", "/CN=modseal demo key", "-addext", "keyUsage=digitalSignature",
         "-keyout", demo.key, "-out", demo.cert],
        check=True, stderr=subprocess.DEVNULL,
    )
    yield Line("ECDSA P-384, by openssl")


def sign(demo):
    """sign"""
    demo.modseal("sign", *demo.signer, demo.tree)
    yield demo.done("each signature verified before any file was replaced")
    demo.expect("trusted", "--trust", demo.cert, status=0)
    yield demo.done("verified: all trusted with the new key")
    demo.expect("unknown-key", "--kernel", demo.vmlinuz, status=1)
    yield demo.done("verified: the key is unknown to Debian's kernel")


def flip(demo):
    """flip one byte"""
    victim = max(modules_under(demo.tree), key=lambda path: path.stat().st_size)
    data = victim.read_bytes()
    unpacked = unpack(data, victim.name)
    spoiled = bytearray(unpacked)
    spoiled[len(unpacked) // 2] ^= 1
    copy = demo.work / plain_name(victim)
    copy.write_bytes(spoiled)
    verdicts = demo.modseal("verify", "--trust", demo.cert, copy, status=1)["modules"]
    claim(verdicts[0]["verdict"] == "rejected", f"the flipped byte gave {verdicts}")
    yield Line(f"in the middle of {copy.name}: {verdicts[0]['verdict']}, "
               f"{verdicts[0]['errno']}")


def attach(demo):
    """attach"""
    demo.modseal("certs", demo.vmlinuz, "-o", demo.debian)
    demo.modseal("attach", "--trust", demo.debian, demo.bundle, demo.tree)
    yield demo.done("Debian's signatures put back, each verified before")
    claim(digests_of(demo.tree) == demo.before, "the tree is not what was fetched")
    yield Line("compared by SHA-256: every file is bit for bit what was fetched")


def boot(demo):
    """ask the kernel"""
    if reason := lab.available():
        yield Line(f"left out: {reason}")
        return
    found = [p for p in modules_under(demo.tree) if plain_name(p) in LOADABLE][:2]
    claim(found, "no small module to load")
    cases = []
    for path in found:
        original = unpack(path.read_bytes(), path.name)
        spoiled = bytearray(original)
        spoiled[len(original) // 3] ^= 1
        ours = demo.work / plain_name(path)
        ours.write_bytes(original)
        demo.modseal("sign", *demo.signer, ours)
        cases += [(f"{ours.name}, as Debian signed it", original),
                  (f"{ours.name}, one byte flipped", bytes(spoiled)),
                  (f"{ours.name}, signed with the demo's key", ours.read_bytes())]
    wanted = ("trusted", "rejected", "unknown-key")
    results = lab.run(demo.vmlinuz, cases, mode="enforcing")
    yield Line(f"Linux {demo.release} booted in a virtual machine, enforcing")
    for result, verdict in zip(results, wanted * len(found), strict=True):
        claim(result.verdict == verdict, f"{result.path}: {result.verdict}, {result.log}")
        answer = "loads" if result.errno is None else f"refused, {result.errno}"
        yield Line(f"{result.path}: {answer}")


STEPS = (fetch, judge, detach, strip, make_key, sign, flip, attach, boot)


def show(number, name, lines):
    for index, line in enumerate(lines):
        head = f"{number:>2}  {name:<15}" if index == 0 else ""
        numbers = ""
        if line.seconds is not None:
            numbers = f"{line.seconds:>7.2f}"
        if line.count:
            numbers += f"{line.count / line.seconds:>11,.0f}" \
                f"{line.size / line.seconds / 1e6:>7,.0f}"
        print(f"{paint('1', f'{head:<19}')}{paint('2', f'{numbers:<25}')}  {line.text}",
              flush=True)


def main():
    program, began = pathlib.Path(sys.argv[1]), float(sys.argv[2])
    version = subprocess.run([program, "--version"], check=True, capture_output=True,
                             text=True).stdout.strip()
    print(f"{version}: a distribution kernel's modules, signed anew and given back\n")
    print(paint("2", f"    {'step':<15}{'seconds':>7}{'modules/s':>11}{'MB/s':>7}"))
    show(1, "build", [Line(f"{program.relative_to(TOP)}, on {os.cpu_count()} cores",
                           time.time() - began)])
    with tempfile.TemporaryDirectory(prefix="modseal-demo-") as work:
        demo = Demo(program, pathlib.Path(work))
        for number, step in enumerate(STEPS, 2):
            show(number, step.__doc__, step(demo))
    print(paint("1;32", "\nEverything was as claimed."))


try:
    main()
except (Claimed, lab.LabError) as error:
    print(f"demo: not as claimed: {error}", file=sys.stderr)
    sys.exit(1)
