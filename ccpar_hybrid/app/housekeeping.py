"""Keeps Pueue small: what is recorded in the ledger is cleaned out of it."""

from __future__ import annotations

from ccpar_hybrid.core.outcome import Outcome, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState, QueueSnapshot, Scheduler
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.worker.ending import EXIT_CANCELLED


def tidy(ledger: Ledger, scheduler: Scheduler, keep: int) -> list[int]:
    """Record what only the scheduler knows, then remove recorded jobs but the newest `keep`.

    A job that another waits for stays. Returns the removed jobs. Raises as the scheduler does.
    """
    queue = scheduler.snapshot()
    ended = {job.id: key for job in queue.jobs.values() if (key := _ended_key(job))}
    _record_skipped(ledger, queue)
    recorded = ledger.outcomes(list(ended.values()))
    awaited = _awaited(queue)
    removable = sorted(
        number for number, key in ended.items() if key in recorded and number not in awaited
    )
    surplus = removable[: max(0, len(removable) - keep)]
    if surplus:
        scheduler.remove(surplus)
    return surplus


def _ended_key(job: Job) -> TaskKey | None:
    if job.state is not JobState.ENDED:
        return None
    return job.task


def _record_skipped(ledger: Ledger, queue: QueueSnapshot) -> None:
    """No shim ever ran for these, so nobody else will record them.

    With the scheduler's own time: a person may have queued the task again since.
    """
    for job in queue.jobs.values():
        key = _ended_key(job)
        if key and job.end is JobEnd.SKIPPED and job.ended_at and ledger.task(key):
            outcome = Outcome(
                result=Result.SKIPPED,
                exit_code=EXIT_CANCELLED,
                reason="a task before it did not succeed",
                ended_at=job.ended_at,
            )
            ledger.settle(key, outcome)
            reach("tidy.settled")


def _awaited(queue: QueueSnapshot) -> set[int]:
    return {
        number
        for job in queue.jobs.values()
        if job.state is not JobState.ENDED
        for number in job.after
    }
