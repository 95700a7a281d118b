# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do real kernels still answer as the tables in support/ say?

Other tests hold this project's verdicts against those tables without any machine.
"""

import pytest

from support.files import forge
from support.kernel import kernels, variants

pytestmark = pytest.mark.lab

TOLERABLE = {
    "trusted": "OK",
    "unsigned": "ENODATA",
    "unsupported": "ENOPKG",
    "unknown-key": "ENOKEY",
}


def answer_of(result):
    return TOLERABLE.get(result.verdict, result.errno)


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_the_kernel_answers_each_variant_as_the_table_says(tmp_path, name):
    from lab import keys

    key = keys.make(tmp_path, variants.KEY[name])
    stranger = keys.make(tmp_path, "p256")
    rows = list(variants.messages(forge.TINY, key, stranger))
    cases = [(row[0], forge.append(forge.TINY, row[1])) for row in rows]
    trust = [key.certificate]
    results = kernels.ask(name, cases, mode="enforcing", trust=trust)
    column = kernels.CLOUD.index(name)
    expected = {
        row[0]: row[2] if isinstance(row[2], str) else row[2][column] for row in rows
    }
    assert len(expected) == len(rows) > 80
    answers = {result.path: answer_of(result) for result in results}
    wrong = {n: (answers[n], expected[n]) for n in answers if answers[n] != expected[n]}
    assert not wrong
