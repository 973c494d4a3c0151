"""Makes groups again that the scheduler has forgotten, and starts those that it paused itself.

A scheduler that starts pauses each group in which jobs wait, and does not say which of them a
person had paused before. That is known from the copy of its state, and from the sessions' notes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.app.slot import wanted_slots
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import JobState, QueueSnapshot
from ccpar_hybrid.system.fault import reach


def make_missing(app: App, queue: QueueSnapshot, copy: Copy | None) -> list[str]:
    """Make the groups of sessions and of open tasks that are not there; returns them."""
    wanted = [group for record in app.session_records().values() for group in record.groups]
    unsettled = app.ledger.tasks(unsettled_only=True)
    return make(app, queue, copy, [*wanted, *(task.spec.group for task in unsettled)])


def make(app: App, queue: QueueSnapshot, copy: Copy | None, groups: Iterable[str]) -> list[str]:
    """Make those of the groups that are not there, with the slots and the pause that they had."""
    missing = sorted(set(groups) - queue.groups.keys())
    before = copy.queue.groups if copy else {}
    for group in missing:
        known = before.get(group)
        app.scheduler.ensure_group(group, known.slots if known else _slots(app, group))
        if known and known.paused:
            app.scheduler.pause_group(group)
    return missing


def start(app: App, copy: Copy | None, again: Collection[TaskKey]) -> list[str]:
    """Start the groups in which tasks of ours wait and that are not meant to pause."""
    queue = app.scheduler.snapshot()
    kept = _meant_to_pause(app, copy)
    waiting = {
        job.group
        for key, job in queue.by_task().items()
        if job.state is JobState.QUEUED and (key in again or _is_wanted(app, key, job.by_hand))
    }
    paused = sorted(
        group for group in waiting - kept if group in queue.groups and queue.groups[group].paused
    )
    for group in paused:
        app.scheduler.resume_group(group)
        reach("recover.resumed")
    return paused


def _meant_to_pause(app: App, copy: Copy | None) -> set[str]:
    before = copy.queue.groups.values() if copy else ()
    by_stop = (group for record in app.session_records().values() for group in record.paused)
    for_login = (each.group for each in app.ledger.accounts.refusals() if each.is_paused)
    return {*(group.name for group in before if group.paused), *by_stop, *for_login}


def _is_wanted(app: App, key: TaskKey, by_hand: bool) -> bool:
    return by_hand or app.ledger.task(key) is not None


def _slots(app: App, group: str) -> int:
    records = app.session_records().values()
    theirs = [slot for each in records if not each.stopped for slot in wanted_slots(each)]
    return max(1, sum(slot.group == group for slot in theirs))
