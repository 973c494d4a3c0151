"""Jobs as a scheduler would have them."""

from __future__ import annotations

from datetime import timedelta

from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.scheduler.base import Group, Job, JobState, QueueSnapshot
from tests.support.ledger import SOME_TIME

LATER = SOME_TIME + timedelta(hours=1)


def job(
    task: Task | None = None,
    *,
    number: int = 0,
    state: JobState = JobState.QUEUED,
    by_hand: bool = False,
    **fields: object,
) -> Job:
    """A job of this task (None: somebody's own command)."""
    key = task.key if task else None
    given = {
        "id": number,
        "key": None if by_hand else key,
        "by_hand": by_hand,
        "identity": key or TaskKey(f"i{number}"),
        "command": f"exec ccpar-task {key}" if key else "make",
        "directory": "/srv",
        "group": "subissues",
        "label": task.spec.label if task else None,
        "priority": 0,
        "after": (),
        "state": state,
        "created_at": SOME_TIME,
    }
    return Job.model_validate({**given, **fields})


def snapshot_of(*jobs: Job, paused: bool = False) -> QueueSnapshot:
    """These jobs in one group."""
    group = Group(name="subissues", slots=2, paused=paused)
    return QueueSnapshot(jobs={job.id: job for job in jobs}, groups={"subissues": group})
