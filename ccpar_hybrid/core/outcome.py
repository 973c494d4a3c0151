"""How an attempt and a task ended, and what they used."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.core.task import TaskKey


class Result(StrEnum):
    """The closed set of ends. `SKIPPED`: a task it waited for did not succeed.

    `INTERRUPTED` ends attempts only: the task goes on in another attempt.
    """

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    INTERRUPTED = "interrupted"


class Start(StrEnum):
    """How an attempt begins.

    `FRESH`: with the prompt alone. `RESUMED`: in the session of the attempt before, told what
    happened. `COLD`: in a new session, with a summary of what the attempts before did.
    """

    FRESH = "fresh"
    RESUMED = "resumed"
    COLD = "cold"


class Cause(StrEnum):
    """Why an attempt ended, where that decides what follows."""

    OWN = "own"
    """Its own end: done or failed."""
    ASKED = "asked"
    """Somebody cancelled it."""
    WORKER_LOST = "worker-lost"
    """Its worker died or had to leave."""
    AGENT_KILLED = "agent-killed"
    """Somebody or the system ended the agent's program."""
    LIMIT = "limit"
    """A usage limit of its account."""
    SERVICE = "service"
    """The agent's service was overloaded, failed or could not be reached."""
    AUTHENTICATION = "authentication"
    """The account's login is refused."""
    IDLE = "idle"
    """Nothing was heard of it for its idle limit, nor after a nudge."""
    TIMEOUT = "timeout"
    """It took longer than its time limit."""
    MACHINE = "machine"
    """It used more memory than it may, or the machine had no room for it."""


EXIT_FAILED = 1
EXIT_INTERRUPTED = 75
EXIT_TIMED_OUT = 124
EXIT_NOT_STARTED = 127
EXIT_CANCELLED = 130
"""What the shim ends with where the agent had no exit code of its own."""


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
    """One run of a task on one worker; `outcome` is None while it runs or if it was cut off.

    `round` counts the goes at a task from 1: a retry and a restart begin a new one, a resumed
    or cold start belongs to the round of the attempt before. `cause` is None with `outcome`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    number: int
    worker: str
    agent: str
    started_at: datetime
    session_id: str | None = None
    pueue_id: int | None = None
    outcome: Outcome | None = None
    start: Start = Start.FRESH
    round: int = 1
    cause: Cause | None = None


class Event(BaseModel):
    """One line of a task's story: what happened, when, in which attempt."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    at: datetime
    kind: str
    attempt: int | None = None
    data: dict[str, object] = {}
