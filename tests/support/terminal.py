"""A program on a terminal: what it writes to standard output and standard error as a person would see it."""

import os
import pty
import subprocess


class TerminalProcess:
    def __init__(self, *command, env=None, stdin=subprocess.DEVNULL):
        self._master, slave = pty.openpty()
        os.set_blocking(self._master, False)
        environment = {**os.environ, "TERM": "xterm", **(env or {})}
        self.process = subprocess.Popen(list(map(str, command)), stdin=stdin, stdout=slave, stderr=slave,
                                        env=environment)
        os.close(slave)
        self._text = b""
        self._open = True

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        if self.process.stdin:
            self.process.stdin.close()
        os.close(self._master)

    @property
    def stdin(self):
        return self.process.stdin

    @property
    def text(self):
        """All that it has written so far."""
        while self._open:
            try:
                piece = os.read(self._master, 65536)
            except BlockingIOError:
                break
            except OSError:  # it has ended
                piece = b""
            self._open = piece != b""
            self._text += piece
        return self._text.decode(errors="replace")

    @property
    def ended(self):
        return not self._open and self.process.poll() is not None
