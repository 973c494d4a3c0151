"""What every scheduler refuses before it changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ccpar_hybrid.core.errors import BadInput, NotFound, Refused
from ccpar_hybrid.scheduler.base import Job, JobId, JobState, QueueSnapshot, Submission

RUNS = frozenset({JobState.RUNNING, JobState.PAUSED})


def check_submissions(submissions: Sequence[Submission], queue: QueueSnapshot) -> None:
    """Raise BadInput naming the first group, job, directory or text that is not accepted."""
    directories: set[str] = set()
    for index, submission in enumerate(submissions):
        _check_text(submission)
        _check_group(submission.group, queue)
        _check_after(submission, index, queue)
        directories.add(submission.directory)
    for directory in directories:
        if not Path(directory).is_dir():
            raise BadInput(f"{directory!r} is not a directory", "give an existing directory")


def existing(job: JobId, queue: QueueSnapshot) -> Job:
    """The job, or NotFound."""
    if job not in queue.jobs:
        raise NotFound(f"there is no job {job}", _here("jobs", queue.jobs))
    return queue.jobs[job]


def running(job: JobId, queue: QueueSnapshot) -> Job:
    """The job if it runs or is paused; else NotFound or Refused."""
    found = existing(job, queue)
    if found.state not in RUNS:
        raise Refused(f"job {job} does not run: it is {found.state.value}")
    return found


def ended(job: JobId, queue: QueueSnapshot) -> Job:
    """The job if it has ended; else NotFound or Refused."""
    found = existing(job, queue)
    if found.state is not JobState.ENDED:
        raise Refused(f"job {job} has not ended: it is {found.state.value}")
    return found


def waiting(job: JobId, queue: QueueSnapshot) -> Job:
    """The job if it is queued or held; else NotFound or Refused."""
    found = existing(job, queue)
    if found.state not in (JobState.QUEUED, JobState.HELD):
        raise Refused(f"job {job} does not wait: it is {found.state.value}")
    return found


def removable(jobs: Iterable[JobId], queue: QueueSnapshot) -> list[JobId]:
    """Those that may be forgotten: no job that stays and has not ended waits for them.

    Jobs that are gone already are left out; Refused if one runs.
    """
    wanted = {job for job in jobs if job in queue.jobs}
    for job in sorted(wanted):
        if queue.jobs[job].state in RUNS:
            raise Refused(f"job {job} runs", "end it first")
    unfinished = [job for job in queue.jobs.values() if job.state is not JobState.ENDED]
    kept: set[JobId] = set()
    while needed := {
        before
        for job in unfinished
        if job.id not in wanted or job.id in kept
        for before in job.after
    } & (wanted - kept):
        kept |= needed
    return sorted(wanted - kept)


def _check_text(submission: Submission) -> None:
    for name in ("group", "directory", "label"):
        text = getattr(submission, name) or ""
        if "\0" in text or not _is_utf8(text):
            raise BadInput(f"the {name} {text!r} is no plain text", "UTF-8 without NUL is accepted")


def _is_utf8(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _check_group(group: str, queue: QueueSnapshot) -> None:
    if group not in queue.groups:
        raise BadInput(f"there is no group {group!r}", _here("groups", queue.groups))


def _check_after(submission: Submission, index: int, queue: QueueSnapshot) -> None:
    for job in submission.after:
        if job not in queue.jobs:
            raise BadInput(f"there is no job {job} to wait for", _here("jobs", queue.jobs))
    for earlier in submission.after_batch:
        if not 0 <= earlier < index:
            raise BadInput(
                f"submission {index} waits for submission {earlier}", "only earlier ones can be"
            )


def _here(what: str, names: Iterable[object]) -> str:
    shown = [str(name) for name in names]
    rest = f" and {len(shown) - 10} more" if len(shown) > 10 else ""
    return (
        f"there are the {what} {', '.join(shown[:10])}{rest}" if shown else f"there are no {what}"
    )
