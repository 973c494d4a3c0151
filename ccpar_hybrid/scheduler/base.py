"""The seam to whatever decides when a task runs. Free of any one scheduler's words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.core.task import TaskKey

JobId = int
"""The scheduler's own number of a job. Recycled by some schedulers: never an identity."""


class JobState(StrEnum):
    """Where a job stands. `HELD`: waits for a person or a time; `ENDED`: see `JobEnd`."""

    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class JobEnd(StrEnum):
    """How an ended job ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    KILLED = "killed"
    SKIPPED = "skipped"
    NOT_STARTED = "not-started"


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Life(_Model):
    """One start of a scheduler, until its end: `id` is no other start's; `started_at` is aware."""

    id: str
    started_at: datetime


class Submission(_Model):
    """One job to queue. `after` names jobs that exist; `after_batch` indices of earlier
    submissions in the same call. `held`: it waits until a person releases it."""

    key: TaskKey
    group: str
    directory: str
    label: str | None = None
    priority: int = 0
    after: tuple[JobId, ...] = ()
    after_batch: tuple[int, ...] = ()
    not_before: datetime | None = None
    held: bool = False


class Job(_Model):
    """A job as the scheduler has it. `key` is None if its command names none of ours.

    `by_hand`: its command starts our shim without a key; `identity` is then its task's key, made
    of what survives a restart of the job and of the scheduler. `not_before` is set on a HELD job
    with a time. Times are aware. `exit_code` is None where a signal or the scheduler ended it.
    """

    id: JobId
    key: TaskKey | None
    by_hand: bool
    identity: TaskKey | None = None
    command: str
    directory: str
    group: str
    label: str | None
    priority: int
    after: tuple[JobId, ...]
    state: JobState
    created_at: datetime
    enqueued_at: datetime | None = None
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    end: JobEnd | None = None
    exit_code: int | None = None

    @property
    def task(self) -> TaskKey | None:
        """The key of the task that it stands for; None for a job that is none of ours."""
        return self.identity if self.by_hand else self.key


class Group(_Model):
    """A queue of its own. `slots`: how many jobs run at once; 0 is without limit."""

    name: str
    slots: int
    paused: bool


class QueueSnapshot(_Model):
    """All jobs and groups at one moment."""

    jobs: Mapping[JobId, Job]
    groups: Mapping[str, Group]

    def of_key(self, key: TaskKey) -> Job | None:
        """The job that stands for this task now: one not ended, else the newest."""
        mine = [job for job in self.jobs.values() if job.task == key]
        return max(mine, key=_standing, default=None)

    def by_task(self) -> dict[TaskKey, Job]:
        """The job that stands for each task now, as `of_key` gives it."""
        jobs = sorted(self.jobs.values(), key=_standing)
        return {key: job for job in jobs if (key := job.task) is not None}


def _standing(job: Job) -> tuple[bool, JobId]:
    return job.state is not JobState.ENDED, job.id


class Scheduler(Protocol):
    """All methods block, and raise MissingPart where the scheduler does not answer."""

    def snapshot(self) -> QueueSnapshot:
        """Everything that is queued, runs or is kept."""

    def life(self) -> Life | None:
        """The life of the scheduler that answers; None if that can't be told."""

    def submit(self, submissions: Sequence[Submission]) -> list[JobId]:
        """Queue all or none, in this order; returns their numbers.

        None starts before all are queued. Raises BadInput for a group, job or directory that is
        not there. An interrupted call takes back what it had queued.
        """

    def ensure_group(self, name: str, slots: int) -> None:
        """Make the group, or set its slots; leaves its pause as it is."""

    def pause_group(self, name: str) -> None:
        """Start no further job of the group; those that run go on."""

    def resume_group(self, name: str) -> None:
        """Start the group's jobs again; its paused jobs go on as well."""

    def pause(self, jobs: Sequence[JobId]) -> None:
        """Stop the processes of running jobs; passes over jobs that do not run."""

    def resume(self, jobs: Sequence[JobId]) -> None:
        """Let paused jobs go on; passes over jobs that are not paused."""

    def start(self, job: JobId) -> None:
        """Start a waiting job now, whatever its group, its slots and other jobs say.

        Raises NotFound for no such job, Refused for one that does not wait.
        """

    def release(self, jobs: Sequence[JobId], at: datetime | None = None) -> None:
        """Queue held jobs, now or at a time; passes over jobs that are not held."""

    def terminate(self, job: JobId, *, force: bool = False) -> None:
        """Ask a running or paused job to end (TERM); with `force`, KILL its process group.

        Raises NotFound for no such job, Refused for one that does not run.
        """

    def remove(self, jobs: Sequence[JobId]) -> None:
        """Forget jobs; those that unfinished jobs wait for are kept. Refused if one runs."""

    def restart(self, job: JobId) -> None:
        """Queue an ended job again, under its id, with its dependents kept.

        Raises NotFound for no such job, Refused for one that has not ended.
        """

    def log(self, job: JobId) -> str:
        """What the job wrote since its last start; raises NotFound for no such job."""
