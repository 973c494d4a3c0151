"""Notices that nothing is heard of an agent for too long. Pure: it is told what time it is."""

from __future__ import annotations

from enum import StrEnum

NUDGE = "Are you still at work? Go on with the task, or finish your turn if it is done."
"""What an agent is told once when nothing is heard of it."""


class Due(StrEnum):
    """What is to be done about a silence."""

    NUDGE = "nudge"
    STOP = "stop"


class Vigil:
    """Over one attempt. Times are monotonic seconds; `idle_s` None: any silence is borne."""

    def __init__(self, idle_s: float | None, now: float) -> None:
        self._idle_s = idle_s
        self._since = now
        self._is_nudged = False

    def heard(self, now: float) -> None:
        """There was a sign of life, such as a hook, a line of its record, or output."""
        self._since = now
        self._is_nudged = False

    def rest(self, now: float) -> None:
        """Nobody expects a sign now: it is paused, or waits for a person."""
        self._since = now

    def due(self, now: float) -> Due | None:
        """What the silence asks for: one nudge, and when it lasts as long again, the end."""
        if self._idle_s is None or now - self._since < self._idle_s:
            return None
        self._since = now
        if self._is_nudged:
            return Due.STOP
        self._is_nudged = True
        return Due.NUDGE
