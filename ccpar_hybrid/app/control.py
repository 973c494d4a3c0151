"""What people do with tasks that are there: cancel, restart, wait for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ccpar_hybrid.app import launcher, snapshot, worker_client
from ccpar_hybrid.app.add_lock import adding
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.snapshot import TaskState, TaskView
from ccpar_hybrid.core.errors import MissingPart, Refused, WaitTimedOut
from ccpar_hybrid.core.outcome import EXIT_CANCELLED, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.scheduler.base import Job, JobState, QueueSnapshot, Submission
from ccpar_hybrid.scheduler.pueue_cli import START_HINT
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.station import worker_id

_LOOK_S = 0.2
_STOP_LIMIT_S = 10.0
"""Added to the agents' grace: for a worker to settle what it was asked to end."""

_END_SEEN_S = 2.0
"""Pueue sees the end of a process at its next tick, some 0.3 s later."""


@dataclass(frozen=True)
class Cancelled:
    """What `cancel` did. `running`: its agent was asked to end; `skipped`: waited for it."""

    task: Task
    running: bool
    skipped: tuple[Task, ...]


class Control:
    """Acts on tasks of one instance."""

    def __init__(self, app: App) -> None:
        self._app = app

    # --- cancel

    def cancel(self, task: Task) -> Cancelled:
        """End the task, whatever it does now; those that wait for it are skipped.

        Returns when it is settled. Raises Refused if it has ended already.
        """
        view = self._view(task)
        if view.is_ended:
            raise Refused(f"{task.name} has ended already: {view.state}", "nothing to cancel")
        self._app.ledger.register(task)  # one that was added by hand may not be there yet
        queue = self._app.scheduler.snapshot()
        job = _job_of(queue, task)
        if job is None or job.state in (JobState.HELD, JobState.QUEUED, JobState.ENDED):
            return self._cancel_waiting(queue, task, job)
        return Cancelled(task, running=self._cancel_running(task, job), skipped=())

    def _cancel_waiting(self, queue: QueueSnapshot, task: Task, job: Job | None) -> Cancelled:
        dependents = list(_dependents(queue, job)) if job else []
        ledger = self._app.ledger
        ledger.settle(task.key, _outcome(Result.CANCELLED, "cancelled before it began"))
        skipped = []
        for other in dependents:
            other_task = ledger.task(other.task or TaskKey(""))
            if other_task is not None:
                ledger.settle(
                    other_task.key, _outcome(Result.SKIPPED, f"{task.name} was cancelled")
                )
                skipped.append(other_task)
        reach("cancel.settled")
        if job is not None:
            self._app.scheduler.remove([*(other.id for other in dependents), job.id])
        return Cancelled(task, running=False, skipped=tuple(skipped))

    def _cancel_running(self, task: Task, job: Job) -> bool:
        """Returns whether an agent was at work."""
        status = self._runner(task.key)
        if status is None:
            # Offered, not claimed: settle first, so that a worker who claims it now turns away.
            self._app.ledger.settle(
                task.key, _outcome(Result.CANCELLED, "cancelled before it began")
            )
            self._app.scheduler.terminate(job.id)
        else:
            worker_client.ask(self._app.paths, status, {"type": wire.CANCEL, "key": task.key})
        if not self._await_outcome(task.key):
            self._app.scheduler.terminate(job.id, force=True)
        if job.state is JobState.PAUSED:
            self._app.scheduler.resume([job.id])
        return status is not None

    def _runner(self, key: TaskKey) -> str | None:
        for status in worker_client.statuses(self._app.paths).values():
            if status.key == key:
                return worker_id(status.session, status.name)
        return None

    def _await_outcome(self, key: TaskKey) -> bool:
        deadline = time.monotonic() + self._app.settings.agent.grace_s + _STOP_LIMIT_S
        while time.monotonic() < deadline:
            if self._app.ledger.outcome(key) is not None:
                return True
            time.sleep(_LOOK_S / 4)
        return False

    # --- restart

    def restart(self, task: Task) -> int:
        """Queue a task that has ended once more, under its key; returns its Pueue id.

        Raises Refused while it waits or runs.
        """
        view = self._view(task)
        if not view.is_ended and view.state is not TaskState.LOST:
            raise Refused(f"{task.name} has not ended: {view.state}", "cancel it first")
        launcher.install(self._app.paths, self._app.environment)
        job = self._ended_job(task)
        outcome = self._app.ledger.outcome(task.key)
        with adding(self._app.paths, [task.key]):
            self._app.ledger.reopen(task.key)
            reach("restart.reopened")
            try:
                return self._queue_again(task, job)
            except BaseException:
                if outcome is not None:
                    self._app.ledger.settle(task.key, outcome)
                raise

    def _ended_job(self, task: Task) -> Job | None:
        """Its job, once the scheduler has seen the end that the ledger knows already."""
        deadline = time.monotonic() + _END_SEEN_S
        while True:
            job = _job_of(self._app.scheduler.snapshot(), task)
            if job is None or job.state is JobState.ENDED or time.monotonic() > deadline:
                return job
            time.sleep(_LOOK_S / 4)

    def _queue_again(self, task: Task, job: Job | None) -> int:
        if job is not None:
            self._app.scheduler.restart(job.id)
            return job.id
        number = self._app.scheduler.submit([_again(task)])[0]
        reach("restart.queued")
        self._app.ledger.submitted({task.key: number})
        return number

    # --- wait

    def wait(
        self,
        tasks: Sequence[Task],
        *,
        timeout_s: float | None,
        on_end: Callable[[TaskView], None],
    ) -> list[TaskView]:
        """Until all have ended or are lost; `on_end` is told each then. Raises WaitTimedOut."""
        deadline = time.monotonic() + timeout_s if timeout_s is not None else None
        open_tasks = {task.key: task for task in tasks}
        ended: list[TaskView] = []
        while open_tasks:
            views = snapshot.take(self._app, list(open_tasks.values())).tasks
            for view in (v for v in views if v.is_ended or v.state is TaskState.LOST):
                del open_tasks[view.key]
                ended.append(view)
                on_end(view)
            if open_tasks and deadline is not None and time.monotonic() > deadline:
                names = ", ".join(visible(task.name, 60) for task in open_tasks.values())
                raise WaitTimedOut(f"not ended in time: {names}", "they go on")
            if open_tasks:
                time.sleep(_LOOK_S)
        return ended

    def _view(self, task: Task) -> TaskView:
        seen = snapshot.take(self._app, [task])
        if seen.scheduler_error is not None:
            raise MissingPart(seen.scheduler_error, START_HINT)
        return seen.tasks[0]


def _job_of(queue: QueueSnapshot, task: Task) -> Job | None:
    return queue.of_key(task.key)


def _dependents(queue: QueueSnapshot, job: Job) -> Iterator[Job]:
    """Jobs that wait for this one, and theirs, the last first."""
    for other in queue.jobs.values():
        if job.id in other.after and other.state in (JobState.HELD, JobState.QUEUED):
            yield from _dependents(queue, other)
            yield other


def _outcome(result: Result, reason: str) -> Outcome:
    return Outcome(
        result=result, exit_code=EXIT_CANCELLED, reason=reason, ended_at=datetime.now(UTC)
    )


def _again(task: Task) -> Submission:
    return Submission(
        key=task.key,
        group=task.spec.group,
        directory=task.spec.directory,
        label=visible(task.spec.label, 60) if task.spec.label else None,
        priority=task.spec.priority,
    )
