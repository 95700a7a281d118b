# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does tests/layers find what of OpenSSL an area may not use?

It is asked about a library of two areas, with what ARCHITECTURE.md says of OpenSSL. That
it finds nothing in modseal itself is a job of ./check.
"""

import re
import shutil
import subprocess

import pytest

from support import cli

pytestmark = pytest.mark.scripts

NINJA = """
rule cc
  command = cc -fPIC -fvisibility=hidden -MD -MF $out.d -c $in -o $out
  depfile = $out.d
  deps = gcc
rule ar
  command = ar csr $out $in
rule so
  command = cc -shared -o $out $in -Wl,--no-as-needed -lcrypto
build lib/libmodseal-core.a.p/base_base.c.o: cc ../lib/base/base.c
build lib/libmodseal-core.a.p/judge_judge.c.o: cc ../lib/judge/judge.c
build lib/libmodseal-core.a: ar lib/libmodseal-core.a.p/base_base.c.o $
  lib/libmodseal-core.a.p/judge_judge.c.o
build lib/libmodseal.so: so lib/libmodseal-core.a
"""
BASE = "int ms_base(void);\nint ms_base(void) { return 0; }\n"
JUDGE = """
#include <openssl/evp.h>
void ms_judge(EVP_PKEY *key);
void ms_judge(EVP_PKEY *key) { EVP_PKEY_free(key); }
"""
UNSEEN = "void *d2i_X509(void *, void *, long);\nvoid *ms_x(void) { return d2i_X509(0, 0, 0); }\n"


@pytest.fixture
def faults(tmp_path):
    """A function that builds the two areas and returns, by question, what is not so."""

    def ask(base=BASE, judge=JUDGE, header="", base_uses="", more_functions=""):
        parts = re.search(r"\| part of libcrypto \|.*?\n\n",
                          (cli.TOP / "ARCHITECTURE.md").read_text(), re.DOTALL)[0]
        parts = parts.replace("`EVP_PKEY_free`", f"`EVP_PKEY_free`{more_functions}")
        (tmp_path / "ARCHITECTURE.md").write_text(
            "| area | may use | libraries | what |\n| --- | --- | --- | --- |\n"
            f"| base | | {base_uses} | |\n| judge | base | libcrypto (mathematics) | |\n\n{parts}")
        for path, text in [("lib/base/base.c", base), ("lib/base/base.h", header),
                           ("lib/judge/judge.c", judge), ("include/modseal/none.h", ""),
                           ("build/build.ninja", NINJA)]:
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text)
        (tmp_path / "tests").mkdir()
        shutil.copy(cli.TOP / "tests/layers", tmp_path / "tests/layers")
        (tmp_path / "lib/libmodseal.map").write_text("NOTHING_0 {\nlocal:\n\t*;\n};\n")
        subprocess.run(["ninja", "-C", tmp_path / "build"], check=True, capture_output=True)
        asked = subprocess.run([tmp_path / "tests/layers", tmp_path / "build"],
                               capture_output=True, text=True)
        found = dict(re.findall(r"^not ok \d+ - (\w+)\n((?:# .*\n)+)", asked.stdout, re.MULTILINE))
        assert asked.returncode == (1 if found else 0) and "\nok " in asked.stdout, asked.stderr
        return {question: text.replace("# ", "").splitlines() for question, text in found.items()}

    return ask


def test_mathematics_are_no_fault(faults):
    assert faults() == {}


def test_a_parser_that_is_called_without_its_header_is_found(faults):
    assert faults(judge=JUDGE + UNSEEN) == {"areas_call_only_their_part_of_libcrypto": [
        "judge calls d2i_X509: no part of 'mathematics'"]}


def test_a_parser_of_raw_asn1_is_found_although_its_header_is_in_sight(faults):
    calls = "void *ms_a(void) { return d2i_ASN1_INTEGER(0, 0, 0); }\n"
    assert faults(judge=JUDGE + calls) == {"areas_call_only_their_part_of_libcrypto": [
        "judge calls d2i_ASN1_INTEGER: no part of 'mathematics'"]}


def test_what_is_no_parser_and_in_no_list_is_found_too(faults):
    calls = "int ms_a(EVP_PKEY *key) { return EVP_PKEY_get_bits(key); }\n"
    assert faults(judge=JUDGE + calls) == {"areas_call_only_their_part_of_libcrypto": [
        "judge calls EVP_PKEY_get_bits: no part of 'mathematics'"]}


def test_a_header_of_the_parsers_is_found(faults):
    found = faults(judge="#include <openssl/cms.h>\n" + JUDGE)
    assert found["outside_libraries_stay_where_they_belong"] == [
        "lib/judge/judge.c includes <openssl/cms.h>"]
    assert "judge_judge.c sees <openssl/cms.h>" in found[
        "parsers_of_libcrypto_are_not_in_sight"]


def test_a_header_of_the_parsers_behind_a_header_of_another_area_is_found(faults):
    found = faults(base_uses="libcrypto", header="#include <openssl/pem.h>\n",
                   judge='#include "../base/base.h"\n' + JUDGE)
    assert list(found) == ["parsers_of_libcrypto_are_not_in_sight"]
    assert "judge_judge.c sees <openssl/pem.h>" in found["parsers_of_libcrypto_are_not_in_sight"]


def test_an_area_without_libcrypto_calls_nothing_of_it(faults):
    calls = "void EVP_MD_free(void *);\nvoid ms_free(void) { EVP_MD_free(0); }\n"
    assert faults(base=BASE + calls) == {"areas_call_only_their_part_of_libcrypto": [
        "base calls EVP_MD_free"]}


@pytest.mark.parametrize("name", ["d2i_PUBKEY", "EVP_PKEY_*"])
def test_a_list_is_not_widened_to_a_parser_or_to_what_may_be_one(faults, name):
    assert faults(more_functions=f" `{name}`") == {"no_part_of_libcrypto_has_its_parsers": [
        f"'mathematics' has {name}"]}
