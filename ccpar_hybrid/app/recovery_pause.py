"""Pauses tasks again that a person had paused before the scheduler died."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.core.errors import NotFound, Refused
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.scheduler.base import JobId, JobState

LIMIT_S = 6.0
_LOOK_S = 0.1
_HEARD_S = 0.7
"""So long after its shim was stopped a worker has seen it."""


def pause_again(app: App, copy: Copy | None, tasks: Collection[TaskKey]) -> list[TaskKey]:
    """Start those of the tasks that were paused, and pause them; returns those that are now.

    They have their slots as before, also in a group that is paused. A task that does not get so
    far in time goes on: it is better late than lost.
    """
    before = copy.by_task if copy else {}
    wanted = {key for key in tasks if key in before and before[key].state is JobState.PAUSED}
    paused: list[TaskKey] = []
    deadline = time.monotonic() + LIMIT_S
    while wanted and time.monotonic() < deadline:
        jobs = app.scheduler.snapshot().by_task()
        for key in sorted(wanted):
            job = jobs.get(key)
            if job is None or job.state is JobState.ENDED:
                wanted.discard(key)
            elif job.state is JobState.QUEUED:
                with contextlib.suppress(NotFound, Refused):  # looked at again
                    app.scheduler.start(job.id)
            elif job.state is JobState.RUNNING and _pause(app, key, job.id):
                wanted.discard(key)
                paused.append(key)
        time.sleep(_LOOK_S)
    return paused


def _pause(app: App, key: TaskKey, job: JobId) -> bool:
    """A shim that is stopped before it has joined its run is not heard: then it goes on."""
    app.scheduler.pause([job])
    deadline = time.monotonic() + _HEARD_S
    while time.monotonic() < deadline:
        states = {s.state for s in worker_client.statuses(app.paths).values() if s.key == key}
        if not states or WorkerState.PAUSED in states:
            return True
        time.sleep(_LOOK_S)
    app.scheduler.resume([job])
    return False
