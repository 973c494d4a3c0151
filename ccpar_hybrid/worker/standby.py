"""Keeps a claimed task until its agent may start: a retry's pause, and whatever holds it."""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.worker.audience import Audience
from ccpar_hybrid.worker.console import Console
from ccpar_hybrid.worker.hold import Held, Hold, Question

ASK_AGAIN_S = 1.0
WRITE_AGAIN_S, WRITE_AGAIN_LIMIT_S = 1.0, 5.0


T = TypeVar("T")


class Left(Exception):
    """The worker went before the ledger could be used."""


class Standby:
    """Waits in a worker's pane. `stir` ends every wait at once, but for those for the ledger;
    `leave` ends those as well.

    `name` is the task's; `tell` hears each reason once.
    """

    def __init__(
        self,
        console: Console,
        name: str,
        holds: Sequence[Hold],
        audience: Audience,
        tell: Callable[[str], None],
    ) -> None:
        self._console = console
        self._name = name
        self._holds = holds
        self._audience = audience
        self._tell = tell
        self._told = ""
        self._stirred = asyncio.Event()
        self._left = asyncio.Event()
        self._view: tuple[WorkerState, str, str] | None = None
        self.since = datetime.now(UTC)
        """When the state that is shown began."""

    @property
    def view(self) -> tuple[WorkerState, str, str] | None:
        """State, detail and source while it waits; None while it does not."""
        return self._view

    def stir(self) -> None:
        """The task is not wanted here any more."""
        self._stirred.set()

    def leave(self) -> None:
        """This worker has to go."""
        self._left.set()
        self._stirred.set()

    async def wait(self, question: Question | None, pause_s: float, reason: str) -> bool:
        """Until the pause is over and nothing holds the start; False if it was stirred."""
        try:
            return await self._pause(pause_s, reason) and await self._ask(question)
        finally:
            self._view, self._told = None, ""

    async def insist(self, act: Callable[[], T]) -> T:
        """What the ledger answers, once it can be used; raises Left if this worker goes first."""
        pause_s = WRITE_AGAIN_S
        while True:
            try:
                answer = act()
            except MissingPart as error:
                self._show(error.message)
                await _rest(self._left, pause_s)
                if self._left.is_set():
                    raise Left from error
                pause_s = min(2 * pause_s, WRITE_AGAIN_LIMIT_S)
            else:
                self._view = None
                return answer

    async def _pause(self, pause_s: float, reason: str) -> bool:
        deadline = time.monotonic() + pause_s
        while (left_s := deadline - time.monotonic()) > 0:
            self._show(reason, left_s)
            if await _rest(self._stirred, min(left_s, ASK_AGAIN_S)):
                return False
        return not self._stirred.is_set()

    async def _ask(self, question: Question | None) -> bool:
        while not self._stirred.is_set():
            held = self._held(question)
            if held is None:
                return True
            left_s = _left_s(held)
            self._show(held.reason, left_s, held.figures)
            span_s = min(ASK_AGAIN_S, left_s) if left_s else ASK_AGAIN_S
            await _rest(self._stirred, span_s)
        return False

    def _held(self, question: Question | None) -> Held | None:
        if self._audience.is_paused:
            return Held("paused in Pueue")
        if question is None:
            return None
        return next(filter(None, (hold.held(question) for hold in self._holds)), None)

    def _show(self, reason: str, left_s: float = 0.0, figures: str = "") -> None:
        whole = f"{reason}: {figures}" if figures else reason
        state, detail = WorkerState.HELD, whole
        if left_s:
            detail += f", {countdown(left_s)} left"
        if self._audience.is_paused:
            state, detail = WorkerState.PAUSED, ""
        shown, self._view = self._view, (state, detail, "worker")
        if shown is None or shown[0] is not state:
            self.since = datetime.now(UTC)
        if shown != self._view:
            self._console.label(state, self._name, detail)
            self._console.show_held(self._name, detail or "paused in Pueue")
        if reason != self._told:
            self._told = reason
            self._tell(whole)


async def _rest(event: asyncio.Event, span_s: float) -> bool:
    """So long, or until the event; whether that has come."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), span_s)
    return event.is_set()


def _left_s(held: Held) -> float:
    return max(0.0, (held.until - datetime.now(UTC)).total_seconds()) if held.until else 0.0


def countdown(left_s: float) -> str:
    """The time left, in steps so coarse that a label which shows it changes seldom."""
    if left_s > 120:
        minutes = math.ceil(left_s / 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"
    step = 10 if left_s > 60 else 5 if left_s > 10 else 1
    return f"{math.ceil(left_s / step) * step} s"
