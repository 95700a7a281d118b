# SPDX-License-Identifier: LGPL-2.1-or-later
"""Do real kernels trust what the signer writes, when they trust its certificate?"""

import pytest
from support.keys.signtool import HASHES, sign

from lab import keys
from support.kernel import kernels

pytestmark = pytest.mark.lab
MARKER = b"~Module signature appended~\n"


def module(der, payload):
    """The payload with that signature."""
    return payload + der + bytes([0, 0, 2, 0, 0, 0, 0, 0]) + len(der).to_bytes(4, "big") + MARKER


@pytest.mark.parametrize("name, kind", [("6.1", "rsa4096"), ("6.12", "p384"),
                                        ("7.3", "rsa2048"), ("7.3", "p256"), ("7.3", "p521")])
def test_a_kernel_trusts_what_the_signer_writes(name, kind, tmp_path):
    kernels.need_lab()
    made = keys.make(tmp_path, kind)
    payload = tmp_path / "payload"
    payload.write_bytes(b"no ELF, but a payload of some length " * 20)
    cases = []
    for hash_name in HASHES:
        # there is no room for a SKID in a small RSA certificate
        for skid in [[]] if kind.startswith("rsa") else [[], ["-k"]]:
            der = sign(made.key, payload, "-H", hash_name, "-c", made.certificate, *skid).der
            cases.append((" ".join([hash_name, *skid]), module(der, payload.read_bytes())))
    results = kernels.ask(name, cases, mode="enforcing", calls=["finit"],
                          trust=[made.certificate])
    verdicts = {result.path: result.verdict for result in results}
    assert len(verdicts) == len(cases)
    for case, verdict in verdicts.items():
        # SHA-3 is a module of these kernels or unknown to them, SHA-512 a module of 6.1
        built_in = case.startswith("sha256") or (name != "6.1" and not case.startswith("sha3-"))
        want = {"trusted"} if built_in else {"trusted", "unsupported"}
        assert verdict in want, (case, verdicts)
