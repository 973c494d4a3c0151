"""The view of all tasks, workers and queues at one moment, computed when somebody looks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.aftermath import SKIPPED
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.life import KilledBy
from ccpar_hybrid.app.order import Order
from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.outcome import Attempt, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Group, Job, JobEnd, JobState, QueueSnapshot

STARTED_ANEW = "pueued was started anew: ccpar-hybrid recover"
_KILLED = {
    KilledBy.SCHEDULER: "cut off by the end of pueued: ccpar-hybrid recover",
    KilledBy.UNSURE: "ended in Pueue just now",
}


class TaskState(StrEnum):
    """Where a task stands, for people.

    `HELD`: stashed; `DELAYED`: its time has not come; `BLOCKED`: waits for other tasks;
    `OFFERED`: due, but no worker is idle; `WAITING`: its agent waits for a person; `LOST`: no
    outcome is known and the scheduler knows it no more; `UNKNOWN`: the scheduler did not answer,
    or was started anew and is not in order yet.
    """

    HELD = "held"
    DELAYED = "delayed"
    BLOCKED = "blocked"
    QUEUED = "queued"
    OFFERED = "offered"
    RUNNING = "running"
    WAITING = "waiting"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMED_OUT = "timed-out"
    SKIPPED = "skipped"
    LOST = "lost"
    UNKNOWN = "unknown"


ENDED_STATES = frozenset(
    {
        TaskState.SUCCEEDED,
        TaskState.FAILED,
        TaskState.CANCELLED,
        TaskState.TIMED_OUT,
        TaskState.SKIPPED,
    }
)
_BY_END = {
    JobEnd.SUCCEEDED: TaskState.SUCCEEDED,
    JobEnd.FAILED: TaskState.FAILED,
    JobEnd.KILLED: TaskState.CANCELLED,
    JobEnd.SKIPPED: TaskState.SKIPPED,
    JobEnd.NOT_STARTED: TaskState.FAILED,
}


class TaskView(BaseModel):
    """One task as it stands. `detail` says why it waits or how it ended; `requests` are the ids
    of its agent's requests that wait for a person, the oldest first."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    pueue_id: int | None
    state: TaskState
    detail: str
    task: Task
    after: tuple[str, ...]
    worker: str | None = None
    attempt: Attempt | None = None
    outcome: Outcome | None = None
    not_before: datetime | None = None
    requests: tuple[str, ...] = ()

    @property
    def is_ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.state in ENDED_STATES


class Snapshot(BaseModel):
    """Everything at one moment. `scheduler_error` tells why the queue could not be read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at: datetime
    tasks: tuple[TaskView, ...]
    workers: tuple[WorkerStatus, ...]
    groups: Mapping[str, Group]
    scheduler_error: str | None = None


class _Facts:
    """What is known from all owners, to compute views from."""

    def __init__(
        self,
        ledger: Ledger,
        queue: QueueSnapshot,
        workers: Iterable[WorkerStatus],
        trouble: str | None = None,
        order: Order | None = None,
    ) -> None:
        self.ledger = ledger
        self.queue = queue
        self._trouble = trouble
        self._order = order
        self.running = {status.key: status for status in workers if status.key}

    def views(self, tasks: list[Task]) -> list[TaskView]:
        """One view for each task, in their order."""
        keys = [task.key for task in tasks]
        outcomes, attempts = self.ledger.outcomes(keys), self.ledger.last_attempts(keys)
        jobs = self.queue.by_task()
        asking = self._asking()
        return [
            self._view(
                task, jobs.get(task.key), outcomes.get(task.key), attempts.get(task.key)
            ).model_copy(update={"requests": tuple(asking.get(task.key, ()))})
            for task in tasks
        ]

    def _asking(self) -> dict[TaskKey, list[str]]:
        """The open requests of each task that has some."""
        found: dict[TaskKey, list[str]] = {}
        for approval in self.ledger.approvals.standing():
            if approval.is_open:
                found.setdefault(approval.request.key, []).append(approval.id)
        return found

    def _view(
        self, task: Task, job: Job | None, outcome: Outcome | None, attempt: Attempt | None
    ) -> TaskView:
        if outcome is not None and _is_queued_again(job, outcome):
            outcome = None
        state, detail = self._state(task, job, outcome)
        status = self.running.get(task.key)
        return TaskView(
            key=task.key,
            pueue_id=job.id if job else None,
            state=state,
            detail=detail,
            task=task,
            after=tuple(task.spec.after) or self._names_after(job),
            worker=(status.name if status else None),
            attempt=attempt,
            outcome=outcome,
            not_before=job.not_before if job else None,
        )

    def _names_after(self, job: Job | None) -> tuple[str, ...]:
        return tuple(str(number) for number in job.after) if job else ()

    def _state(self, task: Task, job: Job | None, outcome: Outcome | None) -> tuple[TaskState, str]:
        key = task.key
        if outcome is not None:
            return TaskState(outcome.result.value), outcome.reason
        if job is None:
            running = self.running.get(key)
            return _of_worker(running) if running else self._absent(task)
        match job.state:
            case JobState.HELD:
                return (TaskState.DELAYED, "") if job.not_before else (TaskState.HELD, "stashed")
            case JobState.QUEUED:
                return self._queued(job)
            case JobState.PAUSED:
                return TaskState.PAUSED, ""
            case JobState.RUNNING:
                running = self.running.get(key)
                return _of_worker(running) if running else (TaskState.OFFERED, "no idle worker")
            case JobState.ENDED:
                return self._ended(key, job)

    def _absent(self, task: Task) -> tuple[TaskState, str]:
        if self._trouble:
            return TaskState.UNKNOWN, self._trouble
        if self._was_skipped(task):
            return TaskState.SKIPPED, SKIPPED
        if self._order and self._order.is_on_its_way(task.key):
            return TaskState.QUEUED, "is being added"
        if self._order and not self._order.is_kept:
            return TaskState.UNKNOWN, STARTED_ANEW
        return TaskState.LOST, "removed from Pueue: restart or cancel it"

    def _was_skipped(self, task: Task) -> bool:
        """Whether an absent task was skipped, and cleaned out before anybody recorded it."""
        outcomes = self.ledger.outcomes(list(task.spec.after))
        if any(outcome.result is not Result.SUCCEEDED for outcome in outcomes.values()):
            return True
        known = {job.task for job in self.queue.jobs.values()}
        unknown = set(task.spec.after) - outcomes.keys() - known
        before = (self.ledger.task(key) for key in unknown)
        return any(each is not None and self._was_skipped(each) for each in before)

    def _queued(self, job: Job) -> tuple[TaskState, str]:
        open_jobs = [
            self.queue.jobs[number]
            for number in job.after
            if number in self.queue.jobs and self.queue.jobs[number].end is not JobEnd.SUCCEEDED
        ]
        if open_jobs:
            names = ", ".join(other.label or other.key or str(other.id) for other in open_jobs)
            return TaskState.BLOCKED, f"after {names}"
        group = self.queue.groups.get(job.group)
        return TaskState.QUEUED, "its group is paused" if group and group.paused else ""

    def _ended(self, key: TaskKey, job: Job) -> tuple[TaskState, str]:
        """Ended in the scheduler, but no outcome is recorded."""
        if running := self.running.get(key):
            return _of_worker(running)
        if job.end is JobEnd.KILLED and self._order:
            by = self._order.killed_by(job)
            if by is not KilledBy.PERSON:
                return TaskState.UNKNOWN, _KILLED[by]
        state = _BY_END[job.end] if job.end else TaskState.LOST
        if state is TaskState.SUCCEEDED:
            return TaskState.LOST, "Pueue says success, but no outcome was recorded"
        return state, self._why_ended(state, job)

    def _why_ended(self, state: TaskState, job: Job) -> str:
        if state is TaskState.SKIPPED:
            return SKIPPED
        if state is TaskState.CANCELLED:
            return "ended in Pueue before a worker had it"
        if state is TaskState.LOST:
            return ""
        return f"its command failed before a worker had it: pueue log {job.id}"


def take(app: App, tasks: list[Task] | None = None) -> Snapshot:
    """The view of these tasks (None: all), of all workers and of all groups."""
    now, trouble = queue_or_trouble(app)
    workers = tuple(worker_client.statuses(app.paths).values())
    known = app.ledger.tasks(newest_first=False) if tasks is None else tasks
    facts = _Facts(app.ledger, now, workers, trouble, Order(app))
    strangers = [] if tasks is not None else _by_hand(now, {task.key for task in known})
    return Snapshot(
        at=datetime.now(UTC),
        tasks=tuple(facts.views([*known, *strangers])),
        workers=workers,
        groups=now.groups,
        scheduler_error=trouble,
    )


def queue(app: App) -> QueueSnapshot:
    """What the scheduler has; empty where it does not answer, so that history can still be seen."""
    return queue_or_trouble(app)[0]


def queue_or_trouble(app: App) -> tuple[QueueSnapshot, str | None]:
    """The same, and why it is empty."""
    try:
        return app.scheduler.snapshot(), None
    except MissingPart as error:
        return QueueSnapshot(jobs={}, groups={}), error.message


def _by_hand(queue: QueueSnapshot, known: set[TaskKey]) -> list[Task]:
    """Tasks that people queued with plain Pueue and that no worker has seen yet."""
    jobs = queue.jobs.values()
    return [task_of(job) for job in jobs if job.by_hand and job.task not in known]


def task_of(job: Job) -> Task:
    """What is known of a task that was added by hand, before a worker has read its options."""
    return Task(
        key=job.task or TaskKey(""),
        spec=TaskSpec(
            prompt=job.command,
            directory=job.directory,
            group=job.group,
            label=job.label,
            priority=job.priority,
        ),
        source=TaskSource.PUEUE,
        created_at=job.created_at,
        pueue_id=job.id,
    )


def _is_queued_again(job: Job | None, outcome: Outcome) -> bool:
    return (
        job is not None
        and job.state is not JobState.ENDED
        and job.enqueued_at is not None
        and job.enqueued_at > outcome.ended_at
    )


def _of_worker(status: WorkerStatus) -> tuple[TaskState, str]:
    if status.state is WorkerState.PAUSED:
        return TaskState.PAUSED, ""
    if status.state is WorkerState.WAITING:
        return TaskState.WAITING, status.detail
    if status.state is WorkerState.HELD:
        return TaskState.HELD, status.detail
    return TaskState.RUNNING, status.detail
