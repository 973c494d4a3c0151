"""What the ledger says beyond the core types: the kinds of its own events, and totals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.core.outcome import Result, Usage


class EventKind(StrEnum):
    """Events that the ledger writes by itself, each with the change that it tells of."""

    ADDED = "added"
    SUBMITTED = "submitted"
    ATTEMPT_STARTED = "attempt-started"
    SESSION = "session"
    ATTEMPT_ENDED = "attempt-ended"
    SETTLED = "settled"
    REOPENED = "reopened"


class Tally(BaseModel):
    """Totals over some tasks.

    `duration_s` and `median_duration_s` (None without a settled task) count the settling
    attempts only. `usage` sums what the outcomes tell; its `cost_usd` is None where none did.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    counts: Mapping[Result, int]
    unsettled: int = 0
    duration_s: float = 0.0
    median_duration_s: float | None = None
    usage: Usage = Usage()

    @property
    def settled(self) -> int:
        """How many tasks have an outcome."""
        return sum(self.counts.values())


class Stats(BaseModel):
    """Totals of the tasks settled since a time (None: ever), and of all that are unsettled."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    since: datetime | None
    total: Tally
    groups: Mapping[str, Tally]
