"""Child processes of the agent: hooks and shell commands. Standard library only.

Input and output go through files without a name, so that no child and no amount of text can
block the loop, and nothing of it stands in an argument that others can read.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from ccpar_hybrid.demo.agent_loop import Job, Wait

GRACE_S = 1.0


class Child:
    """A running ``argv`` in a session of its own, as the real one's, with its output kept."""

    def __init__(
        self,
        argv: list[str],
        folder: Path,
        environment: Mapping[str, str],
        given: bytes = b"",
        output: Path | None = None,
        inherited: tuple[int, ...] = (),
    ) -> None:
        with tempfile.TemporaryFile() as source:
            source.write(given)
            source.seek(0)
            self._out = _spool(output)
            self._err = _spool(None)
            try:
                self._process = subprocess.Popen(
                    argv,
                    cwd=folder,
                    env=dict(environment),
                    stdin=source,
                    stdout=self._out,
                    stderr=self._out if output else self._err,
                    start_new_session=True,
                    pass_fds=inherited,
                )
            except OSError:
                self._out.close()
                self._err.close()
                raise

    @property
    def code(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        return self._process.poll()

    def wait(self, timeout_s: float | None = None) -> Job[bool]:
        """Wait for its end; False if it still runs after ``timeout_s``."""
        until_s = None if timeout_s is None else time.monotonic() + timeout_s
        while self.code is None:
            if until_s is not None and time.monotonic() >= until_s:
                return False
            yield Wait(lambda: self.code is not None, until_s)
        return True

    def finish(self) -> tuple[str, str]:
        """Standard output and error so far; the process is ended if it still runs."""
        self.kill()
        texts = (_text(self._out), _text(self._err))
        self._out.close()
        self._err.close()
        return texts

    def kill(self) -> None:
        """End its whole process group: TERM, a grace, then KILL."""
        if self.code is not None:
            return
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)
        try:
            self._process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            self._signal(signal.SIGKILL)
            self._process.wait()

    def _signal(self, number: int) -> None:
        # Its leader is not reaped yet, so the group's id can't be another's.
        os.killpg(self._process.pid, number)


def _spool(path: Path | None) -> IO[bytes]:
    """A file for output, which ``finish`` closes."""
    return path.open("w+b") if path else tempfile.TemporaryFile()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode(errors="replace")
