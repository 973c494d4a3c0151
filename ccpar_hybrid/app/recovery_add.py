"""Completes what dead processes were adding: what is in the ledger, people may have seen.

So a half-done `add` comes whole. One that was cut off before its tasks were in the ledger has
added nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from ccpar_hybrid.app import add_lock, vanished
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.scheduler.base import Job, JobState, QueueSnapshot


def missing(app: App, tasks: Sequence[Task]) -> list[Task]:
    """Those that the scheduler does not know and that nobody is about to tell it."""
    if not vanished.absent(tasks, app.scheduler.snapshot()):
        return []
    busy = add_lock.under_way(app.paths)
    # Looked at once more: what was under way before that has arrived by now.
    return vanished.absent(
        [task for task in _unsettled(app, tasks) if task.key not in busy],
        app.scheduler.snapshot(),
    )


def complete(app: App, copy: Copy | None) -> list[TaskKey]:
    """Bring what was begun to its end; returns the tasks that are queued by that."""
    left = add_lock.left(app.paths)
    begun = {key for keys in left.values() for key in keys}
    halves = [*app.ledger.never_submitted(), *(app.ledger.tasks(keys=begun) if begun else ())]
    done: list[TaskKey] = []
    if halves:
        busy = add_lock.under_way(app.paths)
        again = {task.key: task for task in _unsettled(app, halves)}
        open_tasks = [
            task
            for key, task in again.items()
            if key not in busy and (key in begun or task.pueue_id is None)
        ]
        done = _complete(app, open_tasks, copy)
    for file in left:
        file.unlink(missing_ok=True)
    return done


def _complete(app: App, tasks: Sequence[Task], copy: Copy | None) -> list[TaskKey]:
    queue = app.scheduler.snapshot()
    jobs = queue.by_task()
    absent = vanished.absent(tasks, queue)
    back = vanished.bring_back(app, absent, copy)
    here = [task for task in tasks if task.key in jobs]
    ended = [task for task in here if jobs[task.key].state is JobState.ENDED]
    for task in ended:  # its restart was cut off
        app.scheduler.restart(jobs[task.key].id)
    stashed = [task for task in here if _was_left_stashed(jobs[task.key], task, copy)]
    _release(app, queue, stashed)
    unnoted = {task.key: jobs[task.key].id for task in here if task.pueue_id is None}
    if unnoted:
        app.ledger.submitted(unnoted)
    return [*back, *(task.key for task in (*ended, *stashed))]


def _was_left_stashed(job: Job, task: Task, copy: Copy | None) -> bool:
    """Several are submitted stashed, and then let go together; a person may stash one too."""
    before = copy.by_task.get(task.key) if copy else None
    return vanished.is_stashed(job) and not (before and vanished.is_stashed(before))


def _release(app: App, queue: QueueSnapshot, tasks: Iterable[Task]) -> None:
    now = datetime.now(UTC)
    by_time: dict[datetime | None, list[int]] = {}
    jobs = queue.by_task()
    for task in tasks:
        at = task.spec.not_before
        by_time.setdefault(at if at and at > now else None, []).append(jobs[task.key].id)
    for at, numbers in by_time.items():
        app.scheduler.release(numbers, at)


def _unsettled(app: App, tasks: Iterable[Task]) -> list[Task]:
    keys = [task.key for task in tasks]
    return app.ledger.tasks(keys=keys, unsettled_only=True, newest_first=False)
