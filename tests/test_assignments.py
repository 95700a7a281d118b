# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are paths read as the shell scripts beside the tests print them?"""

import subprocess

import pytest

from support.tools import assignments


@pytest.mark.parametrize("path", ["/plain/a=b", "", "/a b/c", "/it's \"so\"", "/a\\b$c*~"])
def test_what_bash_has_quoted_is_read_as_it_was(path):
    printed = subprocess.run(
        ["bash", "-c", r"printf '%s=%q\n' release 7.3 vmlinuz "'"$1"', "-", path],
        check=True, capture_output=True, text=True,
    ).stdout
    assert assignments.read(printed) == {"release": "7.3", "vmlinuz": path}
