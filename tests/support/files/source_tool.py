# SPDX-License-Identifier: LGPL-2.1-or-later
"""What lib/image finds in a file, as tests/source-tool prints it."""

from support import cli
from support.runs import watch

TOOL = cli.BUILD / "tests/source-tool"


class Answer:
    def __init__(self, done):
        self.status = done.returncode
        self.error = done.stderr
        self.items = [tuple(line.split(" ", 1)) for line in done.stdout.splitlines()]

    def get(self, name):
        return [rest[0] for key, *rest in self.items if key == name]

    def certs(self, *places):
        return [(key, bytes.fromhex(rest[0])) for key, *rest in self.items
                if key in (places or ("file", "own-key", "trusted", "extra", "revoked"))]


def ask(path):
    done = watch.run([TOOL, path], capture_output=True, text=True)
    assert done.returncode in (0, 2), done.stderr
    return Answer(done)


def ask_bytes(directory, data, name="image"):
    path = directory / name
    path.write_bytes(data)
    return ask(path)


def refused(answer, words):
    """The file was refused with a message that names it and says what is wrong."""
    assert answer.status == 2 and not answer.items
    assert words in answer.error
    return True
