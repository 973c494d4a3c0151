"""Waiting for deaths: the kernel tells of each process that ends, at no cost meanwhile."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Collection
from types import TracebackType


class Wake:
    """Ends a wait when a watched process ends, or a signal asks this one to leave.

    Where the system has no pidfd, only time ends a wait. Use it in a `with`; it takes over TERM,
    HUP and INT.
    """

    def __init__(self) -> None:
        self._watched: dict[int, int] = {}
        self.leaving = False

    def __enter__(self) -> Wake:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, self._leave)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        signal.set_wakeup_fd(-1)
        self.watch(())
        os.close(self._reader)
        os.close(self._writer)

    def _leave(self, *_: object) -> None:
        self.leaving = True

    def watch(self, pids: Collection[int]) -> None:
        """From now on these processes, and no others; one that is gone is passed over."""
        for pid in self._watched.keys() - set(pids):
            os.close(self._watched.pop(pid))
        for pid in set(pids) - self._watched.keys():
            with contextlib.suppress(OSError, AttributeError):
                self._watched[pid] = os.pidfd_open(pid)

    def wait(self, timeout_s: float) -> set[int]:
        """The watched processes that have ended, after at most `timeout_s`; each told once."""
        ready, _, _ = select.select([self._reader, *self._watched.values()], [], [], timeout_s)
        if self._reader in ready:
            os.read(self._reader, 64)
        ended = {pid for pid, descriptor in self._watched.items() if descriptor in ready}
        for pid in ended:
            os.close(self._watched.pop(pid))
        return ended
