"""Keeps writers and the one who replaces the ledger's file apart.

Writers hold the gate together, shortly, around each commit; whoever sets the file aside holds it
alone. So nothing is committed into a file that was set aside. The gate's file is made when the
ledger is first complete: where it is, a ledger that is missing or empty was lost.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.core.errors import MissingPart

_RETRY_S = 0.005


class Gate:
    """The gate of one ledger, as one opener of it has it."""

    def __init__(self, path: str) -> None:
        """`path` is the ledger's; raises OSError."""
        self._file = os.open(gate_file(path), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)

    @contextlib.contextmanager
    def shared(self) -> Iterator[None]:
        """Hold it with other writers; waits for the one who holds it alone."""
        fcntl.flock(self._file, fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    @contextlib.contextmanager
    def alone(self, wait_s: float) -> Iterator[None]:
        """Hold it alone; MissingPart if others hold it for longer than `wait_s`."""
        deadline = time.monotonic() + wait_s
        while not self._take():
            if time.monotonic() >= deadline:
                raise MissingPart("the ledger is being written all the time", "try again")
            time.sleep(_RETRY_S)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _take(self) -> bool:
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def gate_file(path: str) -> str:
    """Where the gate of this ledger lies."""
    return f"{path}.gate"


def was_complete(path: str) -> bool:
    """Whether there was a whole ledger at this path once."""
    return Path(gate_file(path)).exists()
