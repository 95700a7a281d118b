# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fixtures that the command tests share."""

import pathlib
import sys

import pytest

TESTS = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(TESTS / "support"))

import pki as test_pki  # noqa: E402  (found in tests/support)


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """A directory with all test keys and certificates; tests/support/pki.py names them."""
    return test_pki.build(tmp_path_factory.mktemp("pki") / "pki")
