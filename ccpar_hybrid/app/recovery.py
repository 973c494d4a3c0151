"""What `setup` does after the scheduler died: no task is lost, and none runs twice."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.outcome import Event, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.worker.admission import UNDELIVERED

_START_S = 3.0
"""A scheduler ends what it finds running when it starts; within so long of its own start."""

_SAME_S = 0.1
"""A process's start is told to about 0.01 s, and no daemon is set up and dies so soon."""


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
    seen = _Seen(app)
    cut_off = {
        job.id: key
        for job in queue.jobs.values()
        if _was_cut_off(job, started) and (key := _wanted(app, job)) is not None
    }
    settled = app.ledger.outcomes(list(cut_off.values()))
    for number, key in cut_off.items():
        if key in settled:  # its shim shall tell the outcome, and not run it once more
            app.ledger.record(Event(key=key, at=datetime.now(UTC), kind=UNDELIVERED))
            reach("recover.noted")
        scheduler.restart(number)
        reach("recover.queued")
    groups = {queue.jobs[number].group for number in cut_off}
    if not seen.is_same(started):
        groups |= {job.group for job in queue.jobs.values() if _waits(app, job)}
    paused = sorted(group for group in groups if queue.groups[group].paused)
    reach("recover.reconciled")
    for group in paused:
        scheduler.resume_group(group)
        reach("recover.resumed")
    seen.note(started)
    return Recovery(tuple(cut_off.values()), tuple(paused))


class _Seen:
    """The start of the scheduler that was brought in order last, in a file of the state.

    A scheduler that starts pauses the groups with queued jobs, and does not say which of them a
    person had paused before. So that is undone once for each of its starts, and not again.
    """

    def __init__(self, app: App) -> None:
        self._file = Path(app.paths.state, "scheduler-start")

    def is_same(self, started: datetime) -> bool:
        """Whether this start was seen."""
        try:
            noted = datetime.fromisoformat(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return False
        return abs(noted - started) < timedelta(seconds=_SAME_S)

    def note(self, started: datetime) -> None:
        """This start needs nothing more."""
        if not self.is_same(started):
            write_private(self._file, started.isoformat())


def _was_cut_off(job: Job, started: datetime) -> bool:
    if job.state is not JobState.ENDED or job.end is not JobEnd.KILLED or job.ended_at is None:
        return False
    return abs(job.ended_at - started) < timedelta(seconds=_START_S)


def _waits(app: App, job: Job) -> bool:
    return job.state is JobState.QUEUED and _wanted(app, job) is not None


def _wanted(app: App, job: Job) -> TaskKey | None:
    """The task of the job, unless somebody cancelled it."""
    key = job.task
    if key is None or (not job.by_hand and app.ledger.task(key) is None):
        return None
    outcome = app.ledger.outcome(key)
    return None if outcome is not None and outcome.result is Result.CANCELLED else key
