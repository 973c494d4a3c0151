from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput, NotFound, Refused
from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Result, Start, Usage
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import SOME_TIME, make_outcome, make_task


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger" / "l.db")) as opened:
        yield opened


def begin(
    ledger: Ledger,
    task: Task,
    *,
    pueue_id: int | None = 7,
    start: Start = Start.FRESH,
    round: int = 1,
) -> Attempt:
    return ledger.begin_attempt(
        task.key,
        worker="w1",
        agent="claude",
        session_id="s",
        pueue_id=pueue_id,
        at=SOME_TIME,
        start=start,
        round=round,
    )


def kinds(ledger: Ledger, task: Task) -> list[str]:
    return [event.kind for event in ledger.events(task.key)]


def test_tasks_are_kept_in_the_order_in_which_they_were_added(ledger: Ledger) -> None:
    tasks = [make_task(str(number)) for number in range(3)]
    ledger.add(tasks)
    assert ledger.tasks(newest_first=False) == tasks
    assert ledger.tasks(limit=2) == [tasks[2], tasks[1]]
    assert ledger.tasks(keys=[tasks[1].key, TaskKey("tnone")]) == [tasks[1]]
    assert ledger.task(tasks[0].key) == tasks[0]
    assert ledger.task(TaskKey("tnone")) is None


def test_add_keeps_all_or_none(ledger: Ledger) -> None:
    first, second = make_task(), make_task()
    ledger.add([first])
    with pytest.raises(BadInput, match="there already"):
        ledger.add([second, first])
    assert ledger.tasks() == [first]
    assert ledger.events(second.key) == []


def test_a_label_may_name_several_tasks(ledger: Ledger) -> None:
    older, newer, other = make_task(label="a'b"), make_task(label="a'b"), make_task()
    ledger.add([older, newer, other])
    assert ledger.with_label("a'b") == [newer, older]
    assert ledger.with_label("") == []


def test_the_schedulers_numbers_are_noted_all_at_once(ledger: Ledger) -> None:
    tasks = [make_task(), make_task()]
    ledger.add(tasks)
    with pytest.raises(NotFound):
        ledger.submitted({tasks[0].key: 5, TaskKey("tnone"): 6})
    ledger.submitted({tasks[0].key: 3, tasks[1].key: 4})
    assert [task.pueue_id for task in ledger.tasks(newest_first=False)] == [3, 4]
    assert kinds(ledger, tasks[0]) == ["added", "submitted"]


def test_forgotten_tasks_leave_nothing(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    ledger.forget([task.key, TaskKey("tnone")])
    assert ledger.tasks() == []
    assert ledger.events(task.key) == []


def test_a_task_with_an_attempt_cannot_be_forgotten(ledger: Ledger) -> None:
    begun, fresh = make_task(), make_task()
    ledger.add([begun, fresh])
    begin(ledger, begun)
    with pytest.raises(ValueError, match=begun.key):
        ledger.forget([fresh.key, begun.key])
    assert len(ledger.tasks()) == 2


def test_a_registered_task_is_kept_once(ledger: Ledger) -> None:
    first = make_task("first")
    again = make_task("again", key=first.key)
    assert ledger.register(first) == first
    assert ledger.register(again) == first
    assert kinds(ledger, first) == ["added"]


def test_attempts_are_numbered_and_the_last_is_found(ledger: Ledger) -> None:
    task, other = make_task(), make_task()
    ledger.add([task, other])
    first = begin(ledger, task)
    second = begin(ledger, task, pueue_id=None)
    assert [first.number, second.number] == [1, 2]
    assert ledger.attempts(task.key) == [first, second]
    assert ledger.last_attempts([task.key, other.key]) == {task.key: second}
    found = ledger.task(task.key)
    assert found is not None
    assert found.pueue_id == 7


def test_a_session_is_noted_on_its_attempt(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begin(ledger, task)
    ledger.set_session(task.key, 1, "other")
    assert ledger.attempts(task.key)[0].session_id == "other"
    with pytest.raises(NotFound, match="attempt 2"):
        ledger.set_session(task.key, 2, "other")


def test_an_attempt_may_end_without_the_task(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begin(ledger, task)
    ledger.end_attempt(task.key, 1, make_outcome(Result.FAILED), settle=False)
    assert ledger.attempts(task.key)[0].outcome == make_outcome(Result.FAILED)
    assert ledger.outcome(task.key) is None
    assert ledger.tasks(unsettled_only=True) == [task.model_copy(update={"pueue_id": 7})]


def test_the_first_settling_stays(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begin(ledger, task)
    assert ledger.settle(task.key, make_outcome(Result.CANCELLED))
    ledger.end_attempt(task.key, 1, make_outcome(), settle=True)
    assert not ledger.settle(task.key, make_outcome(Result.SKIPPED))
    outcome = ledger.outcome(task.key)
    assert outcome is not None
    assert outcome.result is Result.CANCELLED
    assert kinds(ledger, task) == ["added", "attempt-started", "settled", "attempt-ended"]
    assert ledger.tasks(unsettled_only=True) == []


def test_a_settled_task_begins_no_attempt_until_it_is_reopened(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begin(ledger, task)
    ledger.end_attempt(task.key, 1, make_outcome(Result.FAILED), settle=True)
    with pytest.raises(Refused, match="settled"):
        begin(ledger, task)
    ledger.reopen(task.key)
    ledger.reopen(task.key)
    assert ledger.outcome(task.key) is None
    assert begin(ledger, task).number == 2
    assert kinds(ledger, task)[-2:] == ["reopened", "attempt-started"]
    ledger.end_attempt(task.key, 2, make_outcome(), settle=True)
    assert ledger.outcomes([task.key]) == {task.key: make_outcome()}


def test_a_key_that_is_not_there_is_said_to_be_missing(ledger: Ledger) -> None:
    nobody = make_task()
    with pytest.raises(NotFound, match=nobody.key):
        ledger.settle(nobody.key, make_outcome())
    with pytest.raises(NotFound):
        ledger.reopen(nobody.key)
    with pytest.raises(NotFound):
        begin(ledger, nobody)
    with pytest.raises(NotFound):
        ledger.record(Event(key=nobody.key, at=SOME_TIME, kind="note"))


def test_events_of_others_are_told_in_order_and_the_newest_can_be_had(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    events = [
        Event(key=task.key, at=SOME_TIME, kind=f"note-{number}", attempt=1, data={"n": [number]})
        for number in range(3)
    ]
    for event in events:
        ledger.record(event)
    assert ledger.events(task.key, limit=2) == events[1:]


def test_the_newest_outcomes_come_first(ledger: Ledger) -> None:
    tasks = [make_task(str(number)) for number in range(3)]
    ledger.add(tasks)
    for number, task in enumerate(tasks):
        at = SOME_TIME + timedelta(seconds=number % 2)
        ledger.settle(task.key, make_outcome(ended_at=at))
    assert [task for task, _ in ledger.recent_outcomes(2)] == [tasks[1], tasks[2]]


def test_stats_count_per_group_and_since_a_time(ledger: Ledger) -> None:
    tasks = [make_task(group="a"), make_task(group="a"), make_task(group="b"), make_task(group="b")]
    ledger.add(tasks)
    costly = Usage(input_tokens=5, cache_read_tokens=2, cost_usd=0.5)
    ledger.settle(tasks[0].key, make_outcome(duration_s=1, usage=costly))
    ledger.settle(tasks[1].key, make_outcome(Result.FAILED, duration_s=4, usage=costly))
    late = SOME_TIME + timedelta(hours=1)
    ledger.settle(tasks[2].key, make_outcome(duration_s=3, ended_at=late))
    ever = ledger.stats(None)
    assert ever.total.counts == {Result.SUCCEEDED: 2, Result.FAILED: 1}
    assert (ever.total.settled, ever.total.unsettled) == (3, 1)
    assert (ever.total.duration_s, ever.total.median_duration_s) == (8, 3)
    assert ever.total.usage == Usage(input_tokens=10, cache_read_tokens=4, cost_usd=1.0)
    assert ever.groups["a"].median_duration_s == 2.5
    assert ever.groups["b"].usage.cost_usd is None
    recent = ledger.stats(late)
    assert (recent.total.settled, recent.total.unsettled) == (1, 1)
    assert list(recent.groups) == ["b"]


def test_an_empty_ledger_has_empty_stats(ledger: Ledger) -> None:
    empty = ledger.stats(None)
    assert (empty.total.settled, empty.total.median_duration_s, empty.groups) == (0, None, {})


def test_an_interrupted_attempt_settles_no_task(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begun = begin(ledger, task)
    with pytest.raises(ValueError, match="settles no task"):
        ledger.end_attempt(task.key, begun.number, make_outcome(Result.INTERRUPTED), settle=True)
    assert ledger.attempts(task.key) == [begun]


def test_an_attempt_tells_how_it_began_and_why_it_ended(ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    begun = begin(ledger, task, start=Start.RESUMED, round=2)
    ended = make_outcome(Result.INTERRUPTED)
    ledger.end_attempt(task.key, begun.number, ended, settle=False, cause=Cause.WORKER_LOST)
    (found,) = ledger.attempts(task.key)
    assert (found.start, found.round, found.cause) == (Start.RESUMED, 2, Cause.WORKER_LOST)
    assert ledger.outcome(task.key) is None
