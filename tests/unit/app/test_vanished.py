"""What Pueue knows no more: who took it out, and how it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.app import vanished
from ccpar_hybrid.app.pueue_copy import Copy
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobState
from tests.support.ledger import SOME_TIME, make_task
from tests.unit.app.queue import job, snapshot_of

NOTHING = snapshot_of()


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger.db")) as opened:
        yield opened


def after(*tasks: Task) -> Task:
    task = make_task()
    spec = task.spec.model_copy(update={"after": tuple(each.key for each in tasks)})
    return task.model_copy(update={"spec": spec})


def copy_of(*jobs: Job, written_at: datetime | None = None) -> Copy:
    moment = written_at or datetime.now(UTC) + timedelta(minutes=1)
    return Copy(snapshot_of(*jobs), moment, Path("copy"))


def submitted(ledger: Ledger, *tasks: Task) -> None:
    ledger.add(tasks)
    ledger.submitted({task.key: number for number, task in enumerate(tasks)})


def test_without_a_copy_all_that_is_missing_has_vanished(ledger: Ledger) -> None:
    tasks = [make_task(), make_task()]
    submitted(ledger, *tasks)
    assert vanished.vanished(ledger, tasks, None) == tasks


def test_what_a_later_copy_has_no_more_was_removed_by_a_person(ledger: Ledger) -> None:
    removed, kept = make_task(), make_task()
    submitted(ledger, removed, kept)
    copy = copy_of(job(kept))
    assert vanished.vanished(ledger, [removed, kept], copy) == [kept]


def test_what_came_after_the_copy_has_vanished(ledger: Ledger) -> None:
    task = make_task()
    submitted(ledger, task)
    copy = copy_of(written_at=datetime.now(UTC) - timedelta(minutes=1))
    assert vanished.vanished(ledger, [task], copy) == [task]


def test_what_a_vanished_task_waits_for_comes_back_with_it(ledger: Ledger) -> None:
    first = make_task()
    second = after(first)
    submitted(ledger, first, second)
    assert vanished.vanished(ledger, [first, second], copy_of(job(second))) == [first, second]


def test_tasks_come_back_each_after_what_it_waits_for() -> None:
    first = make_task()
    second = after(first)
    third = after(second, first)
    plan = vanished.plan([third, second, first], {}, NOTHING, None, SOME_TIME)
    assert [each.key for each in plan.submissions] == [first.key, second.key, third.key]
    assert [each.after_batch for each in plan.submissions] == [(), (0,), (1, 0)]


def test_what_is_there_is_waited_for_and_what_has_succeeded_is_not() -> None:
    here, done = make_task(), make_task()
    task = after(here, done)
    queue = snapshot_of(job(here, number=7))
    plan = vanished.plan([task], {done.key: Result.SUCCEEDED}, queue, None, SOME_TIME)
    assert plan.submissions[0].after == (7,)
    assert plan.submissions[0].after_batch == ()


def test_what_waited_for_a_failure_is_skipped_and_what_waits_for_that() -> None:
    bad = make_task()
    second = after(bad)
    third = after(second)
    other = make_task()
    results = {bad.key: Result.FAILED}
    plan = vanished.plan([second, third, other], results, NOTHING, None, SOME_TIME)
    assert plan.skipped == (second.key, third.key)
    assert [each.key for each in plan.submissions] == [other.key]


def test_a_task_comes_back_as_a_person_had_changed_it() -> None:
    first, task, stashed, late = make_task(), make_task(), make_task(), make_task()
    moment = SOME_TIME + timedelta(hours=1)
    copy = copy_of(
        job(first, number=0, state=JobState.RUNNING),
        job(task, number=1, after=(0,), priority=9, label="mine", group="other"),
        job(stashed, number=2, state=JobState.HELD),
        job(late, number=3, state=JobState.HELD, not_before=moment),
    )
    plan = vanished.plan([first, task, stashed, late], {}, NOTHING, copy, SOME_TIME)
    _, changed, held, delayed = plan.submissions
    assert (changed.priority, changed.label, changed.group) == (9, "mine", "other")
    assert changed.after_batch == (0,)
    assert (held.held, held.not_before) == (True, None)
    assert (delayed.held, delayed.not_before) == (False, moment)


def test_a_directory_that_is_gone_keeps_no_task_from_coming_back() -> None:
    task = make_task()
    gone = task.spec.model_copy(update={"directory": "/no/such/place"})
    task = task.model_copy(update={"spec": gone})
    plan = vanished.plan([task], {}, NOTHING, None, SOME_TIME)
    assert plan.submissions[0].directory == "/", "its worker says what is wrong"
