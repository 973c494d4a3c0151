"""What an end that the ledger does not know means for its task."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ccpar_hybrid.app import aftermath
from ccpar_hybrid.app.aftermath import Aftermath, Facts
from ccpar_hybrid.app.life import KilledBy
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState
from tests.support.ledger import SOME_TIME, make_task
from tests.unit.app.queue import job, snapshot_of

THEN = SOME_TIME + timedelta(minutes=1)


def ended(
    task: Task,
    end: JobEnd,
    number: int = 0,
    *,
    after: tuple[int, ...] = (),
    exit_code: int | None = None,
) -> Job:
    made = job(task, number=number, state=JobState.ENDED, end=end, ended_at=THEN)
    return made.model_copy(update={"after": after, "exit_code": exit_code})


def judged(
    *jobs: Job,
    by: KilledBy = KilledBy.SCHEDULER,
    results: dict[TaskKey, Result] | None = None,
    runs: bool = False,
) -> Aftermath:
    queue = snapshot_of(*jobs)
    facts = Facts(
        known={each.key for each in jobs if each.key},
        results=results or {},
        runs=lambda _: runs,
        killed_by=lambda _: by,
    )
    ends = [
        each
        for each in queue.by_task().values()
        if each.state is JobState.ENDED and each.end is not JobEnd.SUCCEEDED
    ]
    return aftermath.judge(queue, ends, facts)


def test_what_the_scheduler_cut_off_is_queued_again() -> None:
    task = make_task()
    found = judged(ended(task, JobEnd.KILLED, 3))
    assert (found.again, found.outcomes) == ({3: task.key}, {})


@pytest.mark.parametrize("result", [Result.SUCCEEDED, Result.FAILED, Result.TIMED_OUT])
def test_an_outcome_that_the_scheduler_missed_is_told_to_it(result: Result) -> None:
    task = make_task()
    found = judged(ended(task, JobEnd.KILLED), results={task.key: result})
    assert found.again == {0: task.key}


def test_a_cancelled_task_is_left_alone() -> None:
    task = make_task()
    assert judged(ended(task, JobEnd.KILLED), results={task.key: Result.CANCELLED}) == Aftermath()


def test_what_a_person_killed_is_cancelled_as_of_then() -> None:
    task = make_task()
    found = judged(ended(task, JobEnd.KILLED), by=KilledBy.PERSON)
    assert found.again == {}
    outcome = found.outcomes[task.key]
    assert (outcome.result, outcome.ended_at) == (Result.CANCELLED, THEN)


def test_a_worker_that_still_ends_what_a_person_killed_settles_it_itself() -> None:
    assert judged(ended(make_task(), JobEnd.KILLED), by=KilledBy.PERSON, runs=True) == Aftermath()


def test_nothing_is_done_where_the_scheduler_may_be_about_to_end() -> None:
    assert judged(ended(make_task(), JobEnd.KILLED), by=KilledBy.UNSURE) == Aftermath()


@pytest.mark.parametrize(
    ("end", "code", "result", "exit_code"),
    [
        (JobEnd.NOT_STARTED, None, Result.FAILED, 127),
        (JobEnd.FAILED, 2, Result.FAILED, 2),
        (JobEnd.FAILED, None, Result.FAILED, 1),
        (JobEnd.FAILED, 143, Result.CANCELLED, 130),
        (JobEnd.SKIPPED, None, Result.SKIPPED, 130),
    ],
)
def test_an_end_that_only_the_scheduler_saw_is_recorded(
    end: JobEnd, code: int | None, result: Result, exit_code: int
) -> None:
    task = make_task()
    outcome = judged(ended(task, end, exit_code=code)).outcomes[task.key]
    assert (outcome.result, outcome.exit_code) == (result, exit_code)
    assert outcome.ended_at == THEN, "later would undo a restart by hand meanwhile"


def test_what_a_worker_holds_or_the_ledger_knows_is_left_alone() -> None:
    task = make_task()
    failed = ended(task, JobEnd.FAILED, exit_code=3)
    assert judged(failed, runs=True) == Aftermath()
    assert judged(failed, results={task.key: Result.FAILED}) == Aftermath()


def test_skipped_for_what_was_only_cut_off_is_not_skipped() -> None:
    first, second, third = make_task(), make_task(), make_task()
    jobs = (
        ended(first, JobEnd.KILLED, 0),
        ended(second, JobEnd.SKIPPED, 1, after=(0,)),
        ended(third, JobEnd.SKIPPED, 2, after=(1,)),
    )
    found = judged(*jobs)
    assert list(found.again) == [0, 1, 2]
    assert found.outcomes == {}


def test_skipped_for_a_failure_stays_skipped_whatever_else_was_cut_off() -> None:
    bad, cut, after, last = make_task(), make_task(), make_task(), make_task()
    jobs = (
        ended(bad, JobEnd.FAILED, 0, exit_code=1),
        ended(cut, JobEnd.KILLED, 1),
        ended(after, JobEnd.SKIPPED, 2, after=(0, 1)),
        ended(last, JobEnd.SKIPPED, 3, after=(2,)),
    )
    found = judged(*jobs, results={bad.key: Result.FAILED})
    assert list(found.again) == [1]
    assert set(found.outcomes) == {after.key, last.key}


def test_a_command_that_is_none_of_ours_is_nobodys_task() -> None:
    other = job(None, state=JobState.ENDED, end=JobEnd.KILLED, ended_at=THEN)
    assert judged(other) == Aftermath()
