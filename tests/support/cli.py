# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running the program that was built, and reading what it says.

Every JSON document that a test reads is held against its schema in docs/json-schema,
with no field allowed that the schema does not name.
"""

import json
import os
import pathlib
import subprocess

import jsonschema

from support.runs import watch

TOP = pathlib.Path(__file__).resolve().parent.parent.parent
BUILD = pathlib.Path(os.environ.get("MODSEAL_BUILD", TOP / "build")).resolve()
PROGRAM = BUILD / "cli" / "modseal"
SCHEMAS = TOP / "docs" / "json-schema"
REFERENCE = pathlib.Path(
    os.environ.get("MODSEAL_SIGN_FILE", "/usr/lib/linux-kbuild-6.1/scripts/sign-file")
)
# of the contract: every command but help writes a document, and each has its schema
COMMANDS = sorted(
    json.loads(path.read_text(encoding="utf-8"))["properties"]["command"]["const"]
    for path in SCHEMAS.glob("*.json")
)
PAGES = sorted({f"modseal-{command.split()[0]}.1" for command in COMMANDS})
MARKER = b"~Module signature appended~\n"

# what could change a run's meaning or look
LEFT_OUT = ("KBUILD_SIGN_PIN", "CREDENTIALS_DIRECTORY", "MODSEAL_BUNDLE", "MODSEAL_STORE",
            "NO_COLOR")


def environment(**extra):
    """This process's environment without what modseal reads, and with extra."""
    clean = {name: value for name, value in os.environ.items() if name not in LEFT_OUT}
    return {**clean, **{name: str(value) for name, value in extra.items()}}


def without_leak_check():
    """What keeps AddressSanitizer from looking for leaks: under ptrace it cannot."""
    options = os.environ.get("ASAN_OPTIONS")
    return {"ASAN_OPTIONS": f"{options}:detect_leaks=0" if options else "detect_leaks=0"}


def run(*arguments, program=PROGRAM, env=None, **options):
    """Runs modseal without a terminal; output as text, with any bytes kept."""
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("start_new_session", True)  # no terminal to ask on
    return watch.run(
        [program, *map(os.fspath, arguments)],
        env=environment(**(env or {})),
        encoding="utf-8",
        errors="surrogateescape",
        **options,
    )


def said(done):
    """What a test prints when it fails."""
    return f"status {done.returncode}\n{done.stdout}\n{done.stderr}"


def ok(*arguments, **options):
    """Runs modseal, which must end in 0; its standard output."""
    done = run(*arguments, **options)
    assert done.returncode == 0, said(done)
    return done.stdout


def strict(schema):
    """The schema with no field allowed but those that it names."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: strict(value) for key, value in schema.items()}
    if result.get("type") == "object" and "properties" in result:
        result["additionalProperties"] = False
    return result


def schema_of(command):
    """The command's schema, as the documentation has it."""
    name = command.replace(" ", "-")
    return json.loads((SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))


def document(*arguments, **options):
    """The document that modseal --json writes, checked against its schema."""
    done = run(*arguments, "--json", **options)
    result = json.loads(done.stdout)
    assert result["status"] == done.returncode, said(done)
    if result["command"] is not None:
        validator = jsonschema.Draft202012Validator
        validator(strict(schema_of(result["command"]))).validate(result)
    return result


def signature_of(path):
    """The PKCS#7 message at the end of an uncompressed module, and the payload."""
    data = pathlib.Path(path).read_bytes()
    assert data.endswith(MARKER), "no signature"
    info = data[-len(MARKER) - 12 : -len(MARKER)]
    length = int.from_bytes(info[8:], "big")
    end = len(data) - len(MARKER) - 12
    return data[end - length : end], data[: end - length]
