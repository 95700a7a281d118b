# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does every command's real output keep to its schema in docs/json-schema?

cli.document() is what checks; the other command tests use it, too. Here it is proven to
check, and run once for every command that succeeds, answers no, and fails.
"""

import jsonschema
import pytest

from support import cli


@pytest.mark.parametrize("command", cli.COMMANDS)
def test_a_schema_is_a_schema(command):
    schema = cli.schema_of(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["properties"]["command"] == {"const": command}


def test_a_document_with_an_unknown_field_or_a_wrong_value_is_noticed(module):
    good = cli.document("show", module)
    schema = cli.strict(cli.schema_of("show"))
    jsonschema.validate(good, schema)
    for bad in (
        {**good, "news": 1},
        {**good, "status": 3},
        {**good, "error": "but status 0"},
        {**good, "modules": [{**good["modules"][0], "elf": "yes"}]},
        {key: value for key, value in good.items() if key != "modules"},
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def kernel_config(tmp_path):
    """A configuration that signs no modules."""
    path = tmp_path / "config"
    path.write_text("CONFIG_MODULES=y\n")
    return path


def test_every_command_that_succeeds_keeps_to_its_schema(module, pki, tmp_path):
    bundle = tmp_path / "bundle"
    config = kernel_config(tmp_path)
    trust = ["--trust", pki / "p256.pem"]
    runs = [
        ["sign", "-k", pki / "p256-both.pem", "--dry-run", module],
        ["sign", "-k", pki / "p256-both.pem", module],
        ["show", module],
        ["verify", "-v", *trust, module],
        ["verify", "--mode", "lockdown", *trust, module],
        ["detach", "-o", bundle, module],
        ["strip", module],
        ["attach", *trust, bundle, module],
        ["attach", bundle, module],
        ["certs", pki / "p256.pem", pki / "chain.pem"],
        ["config", "get", "MODULES", config],
        ["config", "set", "MODULES=y", config],
        ["config", "trust", pki / "p256.pem", config],
    ]
    for arguments in runs:
        result = cli.document(*arguments)
        assert result["status"] == 0, (arguments, result)
        assert list(result)[:3] == ["modseal", "command", "status"]
        assert result["modseal"] == cli.ok("--version").split()[1]


def test_every_command_that_answers_no_keeps_to_its_schema(module, pki, tmp_path):
    other = tmp_path / "other.ko"
    other.write_bytes(module.read_bytes() + b"\0")
    cli.ok("sign", "-k", pki / "p256-both.pem", other)
    bundle = tmp_path / "bundle"
    cli.ok("detach", "-o", bundle, other)
    for arguments in (
        ["sign", "--signed=skip", "-k", pki / "p256-both.pem", other],
        ["strip", module],
        ["detach", "-o", tmp_path / "b", module],
        ["attach", bundle, module],
        ["verify", "--trust", pki / "p256.pem", module],
        ["recover", module],
        ["config", "get", "NOWHERE", kernel_config(tmp_path)],
        ["config", "check", kernel_config(tmp_path)],
        ["doctor", "--root", tmp_path, "--release", "6.1.0"],
    ):
        assert cli.document(*arguments)["status"] == 1, arguments


def test_every_command_that_fails_keeps_to_its_schema(module, pki, tmp_path):
    for command in cli.COMMANDS:
        result = cli.document(*command.split(), "--frobnicate")
        assert (result["status"], "hint" in result) == (2, True)
    bad = tmp_path / "bad.ko.xz"
    bad.write_bytes(b"\xfd7zXZ\0junk")
    for arguments in (
        ["sign", "-k", pki / "p256-both.pem", bad, module],
        ["sign", "-k", tmp_path / "nowhere", module],
        ["show", bad],
        ["strip", bad],
        ["detach", "-o", tmp_path / "b", bad],
        ["attach", tmp_path / "nowhere", module],
        ["verify", "--trust", pki / "p256.pem", bad],
        ["certs", bad, pki / "p256.pem"],
        ["recover", tmp_path / "nowhere"],
    ):
        assert cli.document(*arguments)["status"] == 2, arguments
