"""Decides what becomes of a task that a shim has handed over: run it, or send the shim away."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import ValidationError

from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.outcome import Event, Outcome
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec, new_key
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobState, Scheduler
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Message

EXIT_BAD_TASK = 2
EXIT_UNKNOWN_TASK = 3
UNDELIVERED, DELIVERED = "undelivered", "delivered"
"""Events: the scheduler died before the task's end and does not know the outcome; now it does."""


@dataclass(frozen=True)
class Refusal:
    """The shim ends at once: with a settled outcome's code, or because its task is no good."""

    exit_code: int
    reason: str


class Admission:
    """Knows tasks by the ledger, and asks the scheduler only where the ledger can't tell."""

    def __init__(
        self, ledger: Ledger, scheduler: Callable[[], Scheduler], settings: Settings
    ) -> None:
        self._ledger = ledger
        self._scheduler = scheduler
        self._settings = settings

    def admit(self, message: Message) -> Task | Refusal:
        """The task to run; registers one that was added by hand under its lasting identity."""
        if message.get("wire") not in wire.SERVED:
            return Refusal(EXIT_BAD_TASK, "this ccpar-task is of another version than the workers")
        task = self._by_hand(message) if "by_hand" in message else self._known(message)
        if isinstance(task, Refusal):
            return task
        settled = self._ledger.outcome(task.key)
        if settled is None:
            return task
        if not self._deliver(task.key) and self._is_asked_again(message, settled):
            self._ledger.reopen(task.key)
            return task
        return Refusal(settled.exit_code, f"settled before: {settled.result}, {settled.reason}")

    def _deliver(self, key: TaskKey) -> bool:
        """Whether this shim is the first that can tell a restarted scheduler the outcome."""
        told = [
            event for event in self._ledger.events(key) if event.kind in (UNDELIVERED, DELIVERED)
        ]
        if not told or told[-1].kind == DELIVERED:
            return False
        self._ledger.record(Event(key=key, at=datetime.now(UTC), kind=DELIVERED))
        return True

    def _known(self, message: Message) -> Task | Refusal:
        key = str(message.get("key"))
        task = self._ledger.task(TaskKey(key))
        if task is not None:
            return task
        return Refusal(EXIT_UNKNOWN_TASK, f"there is no task {key!r} in the ledger")

    def _by_hand(self, message: Message) -> Task | Refusal:
        job = self._job(message)
        given = dict(message["by_hand"])
        given.setdefault("directory", job.directory if job else message["directory"])
        given.setdefault("agent", self._settings.agent.default)
        given |= {"group": message["group"]}
        if job is not None:
            given |= {"label": job.label, "priority": job.priority}
        try:
            spec = TaskSpec.model_validate(given)
        except ValidationError as error:
            first = error.errors()[0]
            return Refusal(
                EXIT_BAD_TASK, f"{first['loc'][0] if first['loc'] else ''}: {first['msg']}"
            )
        key = (job.task if job is not None else None) or new_key()
        return self._ledger.register(
            Task(
                key=key,
                spec=spec,
                source=TaskSource.PUEUE,
                created_at=job.created_at if job else datetime.now(UTC),
                pueue_id=job.id if job else None,
            )
        )

    def _is_asked_again(self, message: Message, settled: Outcome) -> bool:
        """A person restarts by queueing anew; a daemon that lost its memory does not."""
        job = self._job(message)
        return job is not None and bool(job.enqueued_at and job.enqueued_at > settled.ended_at)

    def _job(self, message: Message) -> Job | None:
        """Pueue's record of the shim that asks; None if it does not tell."""
        jobs: list[Job] = []
        with contextlib.suppress(CcparError):
            jobs = [
                job
                for job in self._scheduler().snapshot().jobs.values()
                if job.state in (JobState.RUNNING, JobState.PAUSED)
            ]
        for job in jobs:
            if job.id == message.get("pueue_id") and _may_be(job, message):
                return job
        mine = [job for job in jobs if message.get("key") and job.key == message["key"]]
        return mine[-1] if mine else None


def _may_be(job: Job, message: Message) -> bool:
    return job.by_hand if "by_hand" in message else job.key == message.get("key")
