# SPDX-License-Identifier: LGPL-2.1-or-later
"""The openssl command; what it prints is bytes."""

import subprocess


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, check=True,
                          capture_output=True).stdout
