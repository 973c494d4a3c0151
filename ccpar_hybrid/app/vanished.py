"""Brings tasks of the ledger back into the scheduler that it does not know, or not any more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from ccpar_hybrid.app import add_lock, launcher, recovery_group
from ccpar_hybrid.app.aftermath import SKIPPED
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.core.outcome import EXIT_CANCELLED, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.schema import EventKind
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobState, QueueSnapshot, Submission

LABEL_WIDTH = 60


@dataclass(frozen=True)
class Plan:
    """Jobs to submit, in this order, and tasks that will not run, for one before has failed."""

    submissions: tuple[Submission, ...]
    skipped: tuple[TaskKey, ...]


def absent(tasks: Iterable[Task], queue: QueueSnapshot) -> list[Task]:
    """Those that the scheduler does not know."""
    known = queue.by_task().keys()
    return [task for task in tasks if task.key not in known]


def vanished(ledger: Ledger, missing: Sequence[Task], copy: Copy | None) -> list[Task]:
    """Of the missing tasks, those that no person has taken out of the scheduler.

    A person has, where the last copy of the state was written after the task was submitted and
    has it no more. What a vanished task waits for comes back with it.
    """
    by_key = {task.key: task for task in missing}
    wanted = [task for task in missing if not _was_removed(ledger, task, copy)]
    found: dict[TaskKey, Task] = {}
    while wanted:
        task = wanted.pop()
        found[task.key] = task
        wanted += [by_key[key] for key in task.spec.after if key in by_key and key not in found]
    return [task for task in missing if task.key in found]


def _was_removed(ledger: Ledger, task: Task, copy: Copy | None) -> bool:
    if copy is None or task.key in copy.by_task:
        return False
    submitted = submitted_at(ledger, task)
    return submitted is not None and submitted < copy.written_at


def submitted_at(ledger: Ledger, task: Task) -> datetime | None:
    """When the scheduler had the task at the latest; None if nobody has noted that."""
    if task.source is TaskSource.PUEUE:
        return task.created_at
    told = [event.at for event in ledger.events(task.key) if event.kind == EventKind.SUBMITTED]
    return told[-1] if told else None


def plan(
    tasks: Sequence[Task],
    results: Mapping[TaskKey, Result],
    queue: QueueSnapshot,
    copy: Copy | None,
    now: datetime,
) -> Plan:
    """How these tasks come back: as they were in the copy, else as they were asked for.

    `results`: of the settled ones among those that they wait for.
    """
    before = copy.by_task if copy else {}
    here = queue.by_task()
    failed = {key for key, result in results.items() if result is not Result.SUCCEEDED}
    submissions: list[Submission] = []
    places: dict[TaskKey, int] = {}
    skipped: list[TaskKey] = []
    for task in _in_order(tasks):
        keys = awaited(task, copy)
        if not failed.isdisjoint(keys):
            skipped.append(task.key)
            failed.add(task.key)
            continue
        submission = _as_before(task, before.get(task.key), now)
        links = {
            "after": tuple(here[key].id for key in keys if key in here and key not in results),
            "after_batch": tuple(places[key] for key in keys if key in places),
        }
        places[task.key] = len(submissions)
        submissions.append(submission.model_copy(update=links))
    return Plan(tuple(submissions), tuple(skipped))


def bring_back(app: App, tasks: Sequence[Task], copy: Copy | None) -> list[TaskKey]:
    """Submit the tasks, under the lock that says so; returns those that are queued now.

    Groups that miss are made. Raises as the scheduler does; what was done until then stays.
    """
    if not tasks:
        return []
    now = datetime.now(UTC)
    queue = app.scheduler.snapshot()
    before = {key for task in tasks for key in awaited(task, copy)}
    results = {key: outcome.result for key, outcome in app.ledger.outcomes(before).items()}
    coming = plan(absent(tasks, queue), results, queue, copy, now)
    for key in coming.skipped:
        app.ledger.settle(key, _skipped(now))
    keys = [submission.key for submission in coming.submissions]
    launcher.install(app.paths, app.environment)
    recovery_group.make(app, queue, copy, {each.group for each in coming.submissions})
    with add_lock.adding(app.paths, keys, durable=True):
        numbers = app.scheduler.submit(coming.submissions)
        app.ledger.submitted(dict(zip(keys, numbers, strict=True)))
    return keys


def _in_order(tasks: Sequence[Task]) -> list[Task]:
    """As given, but each after all that it waits for."""
    by_key = {task.key: task for task in tasks}
    place = {task.key: number for number, task in enumerate(tasks)}
    sorter = TopologicalSorter(
        {task.key: [key for key in task.spec.after if key in by_key] for task in tasks}
    )
    try:
        sorter.prepare()
    except CycleError:
        return list(tasks)
    order: list[Task] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=lambda key: place[key])
        order += [by_key[key] for key in ready]
        sorter.done(*ready)
    return order


def awaited(task: Task, copy: Copy | None) -> list[TaskKey]:
    """What the task waits for: as it was asked, and as a person has told the scheduler."""
    found = list(task.spec.after)
    if copy is not None and (job := copy.by_task.get(task.key)) is not None:
        others = (copy.queue.jobs[number] for number in job.after if number in copy.queue.jobs)
        found += [other.task for other in others if other.task is not None]
    return list(dict.fromkeys(found))


def _as_before(task: Task, job: Job | None, now: datetime) -> Submission:
    spec = task.spec
    not_before = job.not_before if job else spec.not_before
    label = job.label if job else visible(spec.label, LABEL_WIDTH) if spec.label else None
    return Submission(
        key=task.key,
        group=job.group if job else spec.group,
        directory=spec.directory if Path(spec.directory).is_dir() else "/",
        label=label,
        priority=job.priority if job else spec.priority,
        not_before=not_before if not_before and not_before > now else None,
        held=job is not None and is_stashed(job),
    )


def is_stashed(job: Job) -> bool:
    """Whether it waits for a person."""
    return job.state is JobState.HELD and job.not_before is None


def _skipped(now: datetime) -> Outcome:
    return Outcome(result=Result.SKIPPED, exit_code=EXIT_CANCELLED, reason=SKIPPED, ended_at=now)
