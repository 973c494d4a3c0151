"""What jobs that have ended without the ledger's knowledge mean for their tasks. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from ccpar_hybrid.app.life import KilledBy, was_killed
from ccpar_hybrid.core.outcome import EXIT_CANCELLED, EXIT_FAILED, EXIT_NOT_STARTED, Outcome, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobId, JobState, QueueSnapshot

SKIPPED = "a task before it did not succeed"
EXIT_TERMINATED = 143
"""A shim's code when it was asked to end before a worker had its task."""


@dataclass(frozen=True)
class Facts:
    """What the ledger and the workers know.

    `known`: tasks of the ledger; `results`: of those that are settled; `runs`: whether a worker
    holds the task's lease now; `killed_by` judges killed jobs.
    """

    known: Collection[TaskKey]
    results: Mapping[TaskKey, Result]
    runs: Callable[[TaskKey], bool]
    killed_by: Callable[[Job], KilledBy]


@dataclass
class Aftermath:
    """What is to be done.

    `again`: jobs to be queued again in place, those of which the ledger knows the outcome only
    to tell it. `outcomes`: for tasks that nobody else will settle.
    """

    again: dict[JobId, TaskKey] = field(default_factory=dict)
    outcomes: dict[TaskKey, Outcome] = field(default_factory=dict)


def judge(queue: QueueSnapshot, ends: Iterable[Job], facts: Facts) -> Aftermath:
    """For each of these jobs, which stand for their tasks, have ended and not succeeded."""
    found = Aftermath()
    skipped: dict[JobId, Job] = {}
    for job in ends:
        key = job.task
        if key is None or (key not in facts.known and not job.by_hand):
            continue
        if was_killed(job):
            _judge_killed(key, job, facts, found)
        elif key in facts.known and key not in facts.results:
            if job.end is JobEnd.SKIPPED:
                skipped[job.id] = job
            elif (outcome := _of_failed(job)) and not facts.runs(key):
                found.outcomes[key] = outcome
    wrongly = _wrongly_skipped(skipped, queue, found.again)
    for job in skipped.values():
        key = job.task or TaskKey("")
        if job.id in wrongly:
            found.again[job.id] = key
        else:
            found.outcomes[key] = _outcome(Result.SKIPPED, EXIT_CANCELLED, SKIPPED, job.ended_at)
    return found


def _judge_killed(key: TaskKey, job: Job, facts: Facts, found: Aftermath) -> None:
    result = facts.results.get(key)
    if result is Result.CANCELLED:
        return
    by = facts.killed_by(job)
    if by is KilledBy.SCHEDULER:
        found.again[job.id] = key
    elif by is KilledBy.PERSON and result is None and key in facts.known and not facts.runs(key):
        reason = "killed in Pueue while no worker had it"
        found.outcomes[key] = _outcome(Result.CANCELLED, EXIT_CANCELLED, reason, job.ended_at)


def _of_failed(job: Job) -> Outcome | None:
    where = f"pueue log {job.id}"
    if job.end is JobEnd.NOT_STARTED:
        reason = f"Pueue could not start its command: {where}"
        return _outcome(Result.FAILED, EXIT_NOT_STARTED, reason, job.ended_at)
    if job.end is JobEnd.FAILED and job.exit_code == EXIT_TERMINATED:
        reason = "ended in Pueue before a worker had it"
        return _outcome(Result.CANCELLED, EXIT_CANCELLED, reason, job.ended_at)
    if job.end is JobEnd.FAILED:
        reason = f"its command failed before a worker had it: {where}"
        return _outcome(Result.FAILED, job.exit_code or EXIT_FAILED, reason, job.ended_at)
    return None


def _wrongly_skipped(
    skipped: Mapping[JobId, Job], queue: QueueSnapshot, again: Collection[JobId]
) -> set[JobId]:
    """Those that waited for what goes on: it was ended by the scheduler, not by itself."""
    wrongly = set(skipped)
    while True:
        going = {*again, *wrongly}
        rightly = {number for number in wrongly if not _waits(skipped[number], queue, going)}
        if not rightly:
            return wrongly
        wrongly -= rightly


def _waits(job: Job, queue: QueueSnapshot, going: Collection[JobId]) -> bool:
    before = [queue.jobs[number] for number in job.after if number in queue.jobs]
    return bool(before) and all(
        each.state is not JobState.ENDED or each.end is JobEnd.SUCCEEDED or each.id in going
        for each in before
    )


def _outcome(result: Result, code: int, reason: str, ended_at: datetime | None) -> Outcome:
    """With the scheduler's own time: a person may have queued the task again since."""
    if ended_at is None:
        raise ValueError("a job that has ended has a time of its end")
    return Outcome(result=result, exit_code=code, reason=reason, ended_at=ended_at)
