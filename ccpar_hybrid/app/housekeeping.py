"""Keeps Pueue small: what is recorded in the ledger is cleaned out of it."""

from __future__ import annotations

from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import JobState, QueueSnapshot, Scheduler


def tidy(ledger: Ledger, scheduler: Scheduler, keep: int) -> list[int]:
    """Remove jobs whose outcome is recorded, but the newest `keep`.

    A job that another waits for stays, and so does one whose task has no outcome. Returns the
    removed jobs. Raises as the scheduler does.
    """
    queue = scheduler.snapshot()
    ended = {
        job.id: key
        for job in queue.jobs.values()
        if job.state is JobState.ENDED and (key := job.task)
    }
    recorded = ledger.outcomes(list(ended.values()))
    awaited = _awaited(queue)
    removable = sorted(
        number for number, key in ended.items() if key in recorded and number not in awaited
    )
    surplus = removable[: max(0, len(removable) - keep)]
    if surplus:
        scheduler.remove(surplus)
    return surplus


def _awaited(queue: QueueSnapshot) -> set[int]:
    return {
        number
        for job in queue.jobs.values()
        if job.state is not JobState.ENDED
        for number in job.after
    }
