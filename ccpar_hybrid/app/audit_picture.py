"""What an audit looks at: everything that the ledger, Pueue, tmux and the system hold at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ccpar_hybrid.core.outcome import Attempt, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.worker import WorkerStatus
from ccpar_hybrid.scheduler.base import Job, JobId, JobState, QueueSnapshot
from ccpar_hybrid.worker.leftover import Marked

RECOVER = "ccpar-hybrid recover"
SETUP = "ccpar-hybrid setup"


@dataclass(frozen=True, order=True)
class Breach:
    """A promise that is not kept. `where` names the task, worker, file or process."""

    promise: str
    where: str
    what: str
    mend: str


class Role(StrEnum):
    """What an entry of the runtime directory is."""

    OFFER = "offer"
    IDLE = "idle"
    DOOR = "door"
    RUN = "run"
    LEASE = "lease"


@dataclass(frozen=True)
class Entry:
    """A socket or lease. `is_held`: a living process listens at it, or has its lock."""

    role: Role
    path: str
    name: str
    is_held: bool


@dataclass(frozen=True)
class Seat:
    """A worker's pane, as tmux has it; `worker` is the worker's id."""

    worker: str
    is_dead: bool


@dataclass(frozen=True)
class Turn:
    """The task was settled with this result, or (None) opened again."""

    at: datetime
    result: Result | None


@dataclass(frozen=True)
class Chronicle:
    """What the ledger holds of one task."""

    task: Task
    outcome: Outcome | None = None
    attempts: tuple[Attempt, ...] = ()
    turns: tuple[Turn, ...] = ()


@dataclass(frozen=True)
class Picture:
    """Everything at one moment, nearly.

    `queue`, `leases`: None where they could not be looked at, `unseen` says why. `leases`: the
    process that holds each, 0 if that is hidden. `offered`: tasks whose shim offers them.
    `adding`: tasks on their way to Pueue. `killed`: jobs that a person killed.
    `open_to_others`: files and directories with their mode.
    """

    at: datetime
    tasks: Mapping[TaskKey, Chronicle]
    ledger_trouble: str | None = None
    queue: QueueSnapshot | None = None
    statuses: Mapping[str, WorkerStatus] = field(default_factory=dict)
    entries: tuple[Entry, ...] = ()
    leases: Mapping[TaskKey, int] | None = None
    marked: tuple[Marked, ...] = ()
    seats: tuple[Seat, ...] = ()
    offered: frozenset[TaskKey] = frozenset()
    adding: frozenset[TaskKey] = frozenset()
    killed: frozenset[JobId] = frozenset()
    open_to_others: Mapping[str, int] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()

    def job(self, key: TaskKey) -> Job | None:
        """The job that stands for the task."""
        return self.queue.of_key(key) if self.queue is not None else None

    def is_held(self, key: TaskKey) -> bool:
        """Whether somebody runs the task, or it can't be told."""
        runners = {status.key for status in self.statuses.values()}
        return key in runners or self.leases is None or key in self.leases

    def is_asked_again(self, key: TaskKey) -> bool:
        """Whether its job was queued after it was settled."""
        job, outcome = self.job(key), self.tasks[key].outcome
        if job is None or outcome is None or job.enqueued_at is None:
            return False
        return job.state is not JobState.ENDED and job.enqueued_at > outcome.ended_at
