"""Interruptions that wait while something is made or taken away."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import Self

_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruption:
    """SIGINT, SIGTERM and SIGHUP raise KeyboardInterrupt, once; for a `with`.

    Once, for a second one must not cut the cleaning up short. A signal that was ignored before
    (nohup, a shell's background job) stays so. For the main thread only.
    """

    def __init__(self) -> None:
        self._shields = 0
        self._waits = False
        self._raised = False

    def __enter__(self) -> Self:
        before = {number: signal.getsignal(number) for number in _ENDING}
        self._before = {n: handler for n, handler in before.items() if handler != signal.SIG_IGN}
        for number in self._before:
            signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    @contextlib.contextmanager
    def shielded(self) -> Iterator[None]:
        """Nothing is raised in the block, but at its end where the block itself was good."""
        self._shields += 1
        try:
            yield
        finally:
            self._shields -= 1
        if self._waits and not self._shields:
            self._raise()

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        if self._shields:
            self._waits = True
        else:
            self._raise()

    def _raise(self) -> None:
        self._waits = False
        if not self._raised:
            self._raised = True
            raise KeyboardInterrupt
