"""Submits many jobs to Pueue, all or none."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import datetime

from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import JobId, Submission
from ccpar_hybrid.scheduler.pueue_channel import Channel
from ccpar_hybrid.scheduler.pueue_status import read_state
from ccpar_hybrid.system.fault import reach

_WINDOW = 64
"""Additions under way at once; more would fill the socket's buffers with unread answers."""

CommandFor = Callable[[TaskKey], str]


def submit(
    channel: Channel, submissions: Sequence[Submission], command_for: CommandFor
) -> list[JobId]:
    """Add the jobs in this order and then let them all be queued at once; returns their numbers.

    Several are added stashed: none runs before all are there. On any error the caller takes
    back (`take_back`).
    """
    if len(submissions) == 1:
        (only,) = submissions
        channel.begin_add(only, command_for(only.key), only.after, held=only.held)
        return [channel.next_id()]
    jobs: list[JobId] = []
    for index, submission in enumerate(submissions):
        needed = max(submission.after_batch, default=-1)
        while len(jobs) <= needed or index - len(jobs) >= _WINDOW:
            jobs.append(channel.next_id())
        after = [*submission.after, *(jobs[earlier] for earlier in submission.after_batch)]
        channel.begin_add(submission, command_for(submission.key), after, held=True)
    while len(jobs) < len(submissions):
        jobs.append(channel.next_id())
    reach("submit.held")
    _release(channel, submissions, jobs)
    return jobs


def take_back(
    channel: Channel, keys: Collection[TaskKey], before: Collection[JobId]
) -> list[JobId]:
    """Remove the jobs of these tasks that were not there before; returns those that run already.

    Found by their keys, for an interrupted call does not know all their numbers.
    """
    ours = [
        job
        for job in read_state(channel.state()).jobs.values()
        if job.key in keys and job.id not in before
    ]
    channel.remove([job.id for job in ours if job.started_at is None])
    return [job.id for job in ours if job.started_at is not None]


def _release(channel: Channel, submissions: Sequence[Submission], jobs: Sequence[JobId]) -> None:
    at_once: list[JobId] = []
    later: dict[datetime, list[JobId]] = {}
    for job, submission in zip(jobs, submissions, strict=True):
        if submission.held:
            continue
        at = submission.not_before
        (at_once if at is None else later.setdefault(at, [])).append(job)
    for at, held in later.items():
        channel.enqueue(held, at)
    if at_once:
        channel.enqueue(at_once, None)
    reach("submit.released")
    # Pueue 4.0.4 does not save after enqueueing: a crash would bring them back stashed.
    channel.save()
