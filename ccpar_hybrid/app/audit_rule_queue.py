"""Promises on Pueue and the ledger together: nothing lost, nothing reported that is not. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from ccpar_hybrid.app.audit_picture import RECOVER, Breach, Picture
from ccpar_hybrid.core.outcome import Outcome, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobId, JobState


def ends_agree(picture: Picture) -> Iterator[Breach]:
    """Pueue's record of an ended task says what the ledger says.

    Not where a person killed the task in Pueue at the moment at which it ended by itself.
    """
    for key, chronicle in picture.tasks.items():
        job, outcome = picture.job(key), chronicle.outcome
        if job is None or job.state is not JobState.ENDED or picture.is_held(key):
            continue
        if outcome is None:
            yield from _without_outcome(picture, key, job)
        elif job.id not in picture.killed and (what := _contradiction(job, outcome)):
            yield Breach("pueue-agrees", key, what, RECOVER)


def _without_outcome(picture: Picture, key: TaskKey, job: Job) -> Iterator[Breach]:
    restart = f"ccpar-hybrid restart {key}"
    if job.end is JobEnd.SUCCEEDED:
        what = f"Pueue ({job.id}) says success, and no outcome is recorded"
        yield Breach("none-done-that-is-not", key, what, restart)
    elif picture.tasks[key].attempts and key not in picture.adding:
        what = f"was cut off: Pueue ({job.id}) says {job.end}, and nobody runs it"
        yield Breach("nothing-lost", key, what, RECOVER)


def _contradiction(job: Job, outcome: Outcome) -> str | None:
    succeeded = outcome.result is Result.SUCCEEDED
    if (job.end is JobEnd.SUCCEEDED) != succeeded:
        return f"the ledger says {outcome.result}, Pueue ({job.id}) {job.end}"
    # A shim that nobody had claimed ends with a code of its own when its task is cancelled.
    if outcome.result is Result.CANCELLED or job.end is not JobEnd.FAILED:
        return None
    if job.exit_code not in (None, outcome.exit_code):
        return f"exit code {outcome.exit_code} is recorded, Pueue ({job.id}) has {job.exit_code}"
    return None


def none_lost(picture: Picture) -> Iterator[Breach]:
    """A task that is not settled is known to Pueue, runs, or is just being added."""
    if picture.queue is None:
        return
    for key, chronicle in picture.tasks.items():
        if chronicle.outcome is None and picture.job(key) is None:
            if picture.is_held(key) or key in picture.adding or _is_skipped(picture, key):
                continue
            mend = f"{RECOVER}, or ccpar-hybrid restart {key}"
            yield Breach("nothing-lost", key, "is not settled, and Pueue does not know it", mend)


def _is_skipped(picture: Picture, key: TaskKey) -> bool:
    """Whether it waits for one that did not succeed: it was skipped, and cleaned out."""
    for before in picture.tasks[key].task.spec.after:
        known = picture.tasks.get(before)
        if known is None:
            continue
        if known.outcome is not None and known.outcome.result is not Result.SUCCEEDED:
            return True
        if known.outcome is None and picture.job(before) is None and _is_skipped(picture, before):
            return True
    return False


def queued_once(picture: Picture) -> Iterator[Breach]:
    """A task has one job that has not ended."""
    jobs: defaultdict[TaskKey, list[JobId]] = defaultdict(list)
    for job in picture.queue.jobs.values() if picture.queue else ():
        if job.task is not None and job.state is not JobState.ENDED:
            jobs[job.task].append(job.id)
    for key, numbers in jobs.items():
        if len(numbers) > 1:
            what = f"stands {len(numbers)} times in Pueue: {', '.join(map(str, numbers))}"
            yield Breach("queued-once", key, what, f"pueue remove {numbers[-1]}")


def running_is_held(picture: Picture) -> Iterator[Breach]:
    """What Pueue calls running is offered by its shim or run by a worker."""
    for job in picture.queue.jobs.values() if picture.queue else ():
        key = job.task
        if key is None or job.state is not JobState.RUNNING or job.by_hand:
            continue
        if key not in picture.tasks:
            what = f"runs in Pueue ({job.id}), and the ledger has no such task"
            yield Breach("known-to-ledger", key, what, f"pueue log {job.id}")
        elif key not in picture.offered and not picture.is_held(key):
            what = f"runs in Pueue ({job.id}), but nobody runs or offers it"
            yield Breach("running-is-held", key, what, f"pueue log {job.id}; {RECOVER}")
