"""What a worker says of itself."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.core.task import TaskKey


class WorkerState(StrEnum):
    """What a worker's pane does now.

    `WAITING`: the agent waits for a person. `HELD`: a task waits here for a usage limit, a
    retry's pause, or for memory or disk; `detail` says for what.
    """

    IDLE = "idle"
    STARTING = "starting"
    WORKING = "working"
    WAITING = "waiting"
    SETTLING = "settling"
    PAUSED = "paused"
    HELD = "held"
    STOPPING = "stopping"
    UNKNOWN = "unknown"


class WorkerStatus(BaseModel):
    """A worker's own account, given over its socket.

    `since` is when `state` began; `detail` says what is waited for or done; `source` names
    where the state is known from (hook, transcript, screen, process); `last` is one line about
    the task before; `wire` is the version of the words that it exchanges with shims.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    session: str
    group: str
    pane: str
    pid: int
    version: str
    state: WorkerState
    since: datetime
    draining: bool = False
    key: TaskKey | None = None
    label: str | None = None
    attempt: int | None = None
    agent: str | None = None
    detail: str = ""
    source: str = "worker"
    last: str = ""
    wire: int = 1
