# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a lab machine reported, and what it means.

init.c draws the line format. The meaning is in two fields of a result:

outcome   clean     loaded, and the kernel vouches for it
          tainted   loaded with the taint E
          passed    not loaded, but it was a step behind the signature check that
                    refused it: ENOEXEC, an unknown symbol, its own init function
          refused   by the signature check, or by lockdown
          undecided the call never came to the signature check (too short, not the
                    compression that this kernel reads), or a real ELF got an error
                    that tells nothing
          crashed, hung   the machine went down or stood still in this call
          unasked   an earlier call on the same file took the machine down

verdict   the answer in contract words (trusted, unsigned, unsupported, unknown-key,
          malformed, rejected), or None where this mode does not tell: "passed" in
          permissive mode may be any of the first four. Enforcing mode always tells,
          since the kernel then logs which of the tolerable errors it was.

EINVAL and its like can come from steps behind the check as well. For a payload that is
no ELF they cannot: the first of those steps answers ENOEXEC. So for such a payload each
other error is the check's, whatever its name; one that the contract does not know has
the outcome refused and no verdict.
"""

import dataclasses
import errno as numbers
import re
import urllib.parse

# struct elf64_hdr: init_module refuses less before it looks at anything else
ELF_HEADER_SIZE = 64
REFUSALS = {"EKEYREJECTED", "EBADMSG", "EINVAL", "EMSGSIZE", "EPERM"}
# Python prefers other names for these numbers than the kernel does
KERNEL_NAMES = {numbers.EOPNOTSUPP: "EOPNOTSUPP", numbers.EAGAIN: "EAGAIN"}
VERDICTS = {
    "EKEYREJECTED": "rejected",
    "EBADMSG": "malformed",
    "EINVAL": "malformed",
    "EMSGSIZE": "malformed",
}
TOLERABLE = {
    "unsigned module": "unsigned",
    "module with unsupported crypto": "unsupported",
    "module with unavailable key": "unknown-key",
}
DECODER = re.compile("compressed module|decompress|ZSTD", re.IGNORECASE)
BEHIND = re.compile(r"Unknown symbol|^calling  \S+ \[")
TIMED = re.compile(r"lab: (\d+) ns")
REJECTION = re.compile("Loading of (%s) is rejected" % "|".join(TOLERABLE))


@dataclasses.dataclass
class Result:
    path: str  # of the case, or the name it was given
    call: str  # one of machine.CALLS
    errno: str | None = None  # None: the call returned 0, or there is no answer
    outcome: str = "unasked"
    verdict: str | None = None
    module: str | None = None  # the name of what was loaded
    taint: str = ""  # its taint letters, as in /proc/modules
    kernel_taint: tuple = (0, 0)  # the kernel's taint word before and after
    log: list = dataclasses.field(default_factory=list)

    def as_dict(self):
        return dataclasses.asdict(self)

    @property
    def nanoseconds(self):
        """What one of many such calls took, of a timed one; else None."""
        times = map(TIMED.fullmatch, self.log)
        return next((int(time.group(1)) for time in times if time), None)


def checksum(data):
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return value


def unescape(text):
    return urllib.parse.unquote(text, errors="backslashreplace")


def fields_of(line):
    """The fields of one line as bytes off the wire; ValueError if it was damaged."""
    body, _, mark = line.rstrip(b"\r\n").rpartition(b"\t#")
    if not body or int(mark, 16) != checksum(body):
        raise ValueError("damaged report line: %r" % line[:200])
    return body.decode("ascii").split("\t")


def name_of_errno(number):
    return KERNEL_NAMES.get(number) or numbers.errorcode.get(number, str(number))


def was_unpacked(result):
    """False where the kernel's decoder is what refused the file."""
    if result.call != "compressed":
        return True
    return result.errno != "EOPNOTSUPP" and not any(map(DECODER.search, result.log))


def outcome_of(result, content):
    """Passed needs proof: ENOEXEC, or a log line about symbols or of the module's init
    function. ENOENT alone is none, as a kernel without ECDSA gives it for an embedded
    certificate with an ECDSA key."""
    if result.errno is None:
        return "tainted" if "E" in result.taint else "clean"
    if not content or result.call == "init" and len(content) < ELF_HEADER_SIZE:
        return "undecided"
    if result.errno == "ENOEXEC" or any(map(BEHIND.search, result.log)):
        return "passed"
    if not was_unpacked(result):
        return "undecided"
    if result.errno in REFUSALS:
        return "refused"
    no_elf = result.call != "compressed" and not content.startswith(b"\x7fELF")
    return "refused" if no_elf else "undecided"


def verdict_of(result, mode):
    if result.outcome == "clean":
        return "trusted"
    if result.outcome == "passed" and mode == "enforcing":
        return "trusted"
    if result.outcome != "refused":
        return None
    for line in result.log:
        if match := REJECTION.search(line):
            return TOLERABLE[match.group(1)]
    return VERDICTS.get(result.errno)


def result_of(fields, path, call, content, mode):
    """One R line's fields, made into a Result."""
    number, before, after = (int(field) for field in fields[3:6])
    result = Result(path, call)
    result.errno = name_of_errno(number) if number else None
    result.kernel_taint = (before, after)
    result.module = fields[6] or None
    result.taint = fields[7]
    result.log = [unescape(text) for text in fields[8:]]
    result.outcome = outcome_of(result, content)
    result.verdict = verdict_of(result, mode)
    return result
