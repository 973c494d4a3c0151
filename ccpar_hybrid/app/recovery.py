"""What `setup` does after the scheduler died: no task is lost, and none runs twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.outcome import Event, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState
from ccpar_hybrid.worker.admission import UNDELIVERED

_START_S = 3.0
"""A scheduler ends what it finds running when it starts; within so long of its own start."""


@dataclass(frozen=True)
class Recovery:
    """What was queued again, and the groups that were started again."""

    tasks: tuple[TaskKey, ...] = ()
    groups: tuple[str, ...] = ()


def recover(app: App) -> Recovery:
    """Queue again what only the scheduler's death has ended, then start the groups it paused.

    The shim of a task that still runs joins that run, and one whose outcome is settled ends with
    it, so that dependents see the truth. Raises as the scheduler does.
    """
    scheduler = app.scheduler
    started = scheduler.started_at()
    if started is None:
        return Recovery()
    queue = scheduler.snapshot()
    cut_off = {
        job.id: key
        for job in queue.jobs.values()
        if _was_cut_off(job)
        and job.ended_at is not None
        and abs(job.ended_at - started) < timedelta(seconds=_START_S)
        and (key := _wanted(app, job)) is not None
    }
    settled = app.ledger.outcomes(list(cut_off.values()))
    for number, key in cut_off.items():
        if key in settled:  # its shim shall tell the outcome, and not run it once more
            app.ledger.record(Event(key=key, at=datetime.now(UTC), kind=UNDELIVERED))
        scheduler.restart(number)
    groups = {queue.jobs[number].group for number in cut_off}
    paused = sorted(group for group in groups if queue.groups[group].paused)
    for group in paused:
        scheduler.resume_group(group)
    return Recovery(tuple(cut_off.values()), tuple(paused))


def _was_cut_off(job: Job) -> bool:
    return job.state is JobState.ENDED and job.end is JobEnd.KILLED


def _wanted(app: App, job: Job) -> TaskKey | None:
    """The task of the job, unless somebody cancelled it."""
    key = job.task
    if key is None or (not job.by_hand and app.ledger.task(key) is None):
        return None
    outcome = app.ledger.outcome(key)
    return None if outcome is not None and outcome.result is Result.CANCELLED else key
