"""How an attempt and a task ended, and what they used."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.core.task import TaskKey


class Result(StrEnum):
    """The closed set of ends. `SKIPPED`: a task it waited for did not succeed."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"


class Usage(BaseModel):
    """Tokens and money of one agent session; `cost_usd` is None where nobody told it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    cost_usd: float | None = None

    @property
    def total_tokens(self) -> int:
        """All tokens, cached ones included."""
        return (
            self.input_tokens
            + self.output_tokens
            + self.cache_read_tokens
            + self.cache_write_tokens
        )


class Outcome(BaseModel):
    """The settled end of a task or of one attempt.

    `exit_code` is what the shim ends with: 0 only for SUCCEEDED. `duration_s` counts the
    attempt from the agent's start. `reason` is one line for people.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Result
    exit_code: int
    reason: str
    ended_at: datetime
    duration_s: float = 0.0
    session_id: str | None = None
    usage: Usage = Usage()
    last_message: str | None = None


class Attempt(BaseModel):
    """One run of a task on one worker; `outcome` is None while it runs or if it was cut off."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    number: int
    worker: str
    agent: str
    started_at: datetime
    session_id: str | None = None
    pueue_id: int | None = None
    outcome: Outcome | None = None


class Event(BaseModel):
    """One line of a task's story: what happened, when, in which attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    at: datetime
    kind: str
    attempt: int | None = None
    data: dict[str, object] = {}
