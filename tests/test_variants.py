# SPDX-License-Identifier: LGPL-2.1-or-later
"""Does this project give the answers that stock kernels gave?

The table is in support/kernel/variants.py; test_kernel_facts.py asks the kernels for it. Here
no machine is needed, only the kernels' releases and configurations.
"""

import os
import pathlib
import subprocess

import pytest

from support.files import forge
from support.kernel import kernels, variants

BUILD = pathlib.Path(os.environ.get("MODSEAL_BUILD") or kernels.TOP / "build")


def judged(kernel, certificate, paths):
    """The first word that the judge has to say about each file: an errno or 0."""
    command = [BUILD / "tests/judge-tool", kernel.release, kernel.config, certificate]
    done = subprocess.run(
        [*command, *paths], capture_output=True, text=True, check=True
    )
    return [line.split()[0] for line in done.stdout.splitlines()]


@pytest.mark.parametrize("name", kernels.CLOUD)
def test_each_variant_is_judged_as_the_kernel_did(tmp_path, name):
    from lab import keys

    key = keys.make(tmp_path, variants.KEY[name])
    der = tmp_path / "key.der"
    keys.openssl("x509", "-in", key.certificate, "-outform", "DER", "-out", der)
    rows = list(variants.messages(forge.TINY, key, keys.make(tmp_path, "p256")))
    paths = [tmp_path / row[0] for row in rows]
    for path, row in zip(paths, rows):
        path.write_bytes(forge.append(forge.TINY, row[1]))
    column = kernels.CLOUD.index(name)
    expected = [row[2] if isinstance(row[2], str) else row[2][column] for row in rows]
    answers = [
        "OK" if word == "0" else word for word in judged(kernels.kernel(name), der, paths)
    ]
    assert len(answers) == len(rows)
    wrong = {r[0]: (a, e) for r, a, e in zip(rows, answers, expected) if a != e}
    assert not wrong
