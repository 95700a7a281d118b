# SPDX-License-Identifier: LGPL-2.1-or-later
"""modseal at a terminal: what it asks there, and whether what is typed is shown."""

import os
import pty
import select
import termios

from support import cli


class Terminal:
    """A run with a terminal of its own."""

    def __init__(self, *arguments):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            environment = cli.environment(TERM="xterm")
            os.execve(cli.PROGRAM, [str(cli.PROGRAM), *map(os.fspath, arguments)], environment)
        self.seen = b""

    def wait_for(self, text):
        while text not in self.seen:
            assert select.select([self.fd], [], [], 600)[0], self.seen
            self.seen += os.read(self.fd, 4096)

    def echoes(self):
        return bool(termios.tcgetattr(self.fd)[3] & termios.ECHO)

    def end(self):
        try:
            while part := os.read(self.fd, 4096):
                self.seen += part
        except OSError:
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
