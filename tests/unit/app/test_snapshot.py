"""What state a task is in, from what the ledger, the scheduler and the workers say."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from ccpar_hybrid.app.snapshot import TaskState, TaskView, _by_hand, _Facts
from ccpar_hybrid.core.outcome import Outcome, Result
from ccpar_hybrid.core.task import Task, TaskSource
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState, QueueSnapshot
from tests.support.approval import ASKED, make_answer, make_request
from tests.support.ledger import SOME_TIME, make_outcome, make_task
from tests.unit.app.queue import LATER, job, snapshot_of

BEFORE = "its command failed before a worker had it: pueue log 0"


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger.db")) as opened:
        yield opened


@pytest.fixture
def task(ledger: Ledger) -> Task:
    made = make_task(label="mine")
    ledger.add([made])
    return made


def worker(task: Task, state: WorkerState, detail: str = "") -> WorkerStatus:
    return WorkerStatus(
        name="w1",
        session="s",
        group="subissues",
        pane="%1",
        pid=1,
        version="1",
        state=state,
        since=SOME_TIME,
        key=task.key,
        detail=detail,
    )


def view(ledger: Ledger, task: Task, queue: QueueSnapshot, *workers: WorkerStatus) -> TaskView:
    return _Facts(ledger, queue, workers).views([task])[0]


def waits_for(other: Task) -> Task:
    made = make_task()
    return made.model_copy(update={"spec": made.spec.model_copy(update={"after": (other.key,)})})


def state(
    ledger: Ledger, task: Task, queue: QueueSnapshot, *workers: WorkerStatus
) -> tuple[TaskState, str]:
    seen = view(ledger, task, queue, *workers)
    return seen.state, seen.detail


def settle(ledger: Ledger, task: Task, outcome: Outcome) -> None:
    ledger.settle(task.key, outcome)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"state": JobState.HELD}, (TaskState.HELD, "stashed")),
        ({"state": JobState.HELD, "not_before": LATER}, (TaskState.DELAYED, "")),
        ({"state": JobState.QUEUED}, (TaskState.QUEUED, "")),
        ({"state": JobState.PAUSED}, (TaskState.PAUSED, "")),
        ({"state": JobState.RUNNING}, (TaskState.OFFERED, "no idle worker")),
        (
            {"state": JobState.ENDED, "end": JobEnd.SUCCEEDED},
            (TaskState.LOST, "Pueue says success, but no outcome was recorded"),
        ),
        ({"state": JobState.ENDED, "end": JobEnd.FAILED}, (TaskState.FAILED, BEFORE)),
        (
            {"state": JobState.ENDED, "end": JobEnd.KILLED},
            (TaskState.CANCELLED, "ended in Pueue before a worker had it"),
        ),
        ({"state": JobState.ENDED, "end": JobEnd.NOT_STARTED}, (TaskState.FAILED, BEFORE)),
        (
            {"state": JobState.ENDED, "end": JobEnd.SKIPPED},
            (TaskState.SKIPPED, "a task before it did not succeed"),
        ),
        ({"state": JobState.ENDED, "end": None}, (TaskState.LOST, "")),
    ],
)
def test_without_worker_and_outcome_the_scheduler_tells(
    ledger: Ledger, task: Task, fields: dict[str, object], expected: tuple[TaskState, str]
) -> None:
    assert state(ledger, task, snapshot_of(job(task, **fields))) == expected  # type: ignore[arg-type]


@pytest.mark.parametrize("where", [JobState.RUNNING, JobState.ENDED, None])
@pytest.mark.parametrize(
    ("does", "expected"),
    [
        (WorkerState.STARTING, (TaskState.RUNNING, "it")),
        (WorkerState.WORKING, (TaskState.RUNNING, "it")),
        (WorkerState.SETTLING, (TaskState.RUNNING, "it")),
        (WorkerState.WAITING, (TaskState.WAITING, "it")),
        (WorkerState.PAUSED, (TaskState.PAUSED, "")),
    ],
)
def test_a_worker_that_runs_it_knows_best(
    ledger: Ledger,
    task: Task,
    where: JobState | None,
    does: WorkerState,
    expected: tuple[TaskState, str],
) -> None:
    end = JobEnd.KILLED if where is JobState.ENDED else None
    jobs: list[Job] = [] if where is None else [job(task, state=where, end=end)]
    seen = view(ledger, task, snapshot_of(*jobs), worker(task, does, "it"))
    assert (seen.state, seen.detail, seen.worker) == (*expected, "w1")


SETTLING = [result for result in Result if result is not Result.INTERRUPTED]


@pytest.mark.parametrize(("result", "where"), list(product(SETTLING, [None, *JobState])))
def test_an_outcome_is_the_end_whatever_the_scheduler_says(
    ledger: Ledger, task: Task, result: Result, where: JobState | None
) -> None:
    settle(ledger, task, make_outcome(result))
    jobs = [] if where is None else [job(task, state=where, enqueued_at=SOME_TIME)]
    seen = view(ledger, task, snapshot_of(*jobs))
    assert (seen.state.value, seen.detail) == (result.value, "as asked")
    assert seen.is_ended
    assert seen.outcome is not None


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        (JobState.QUEUED, TaskState.QUEUED),
        (JobState.RUNNING, TaskState.OFFERED),
        (JobState.ENDED, TaskState.FAILED),
    ],
)
def test_a_task_that_was_queued_again_after_its_end_is_open(
    ledger: Ledger, task: Task, where: JobState, expected: TaskState
) -> None:
    settle(ledger, task, make_outcome(Result.FAILED))
    again = job(task, state=where, enqueued_at=LATER)
    assert view(ledger, task, snapshot_of(again)).state is expected


def test_nobody_knows_a_lost_task(ledger: Ledger, task: Task) -> None:
    assert state(ledger, task, snapshot_of()) == (
        TaskState.LOST,
        "removed from Pueue: restart or cancel it",
    )
    assert not view(ledger, task, snapshot_of()).is_ended


def test_a_task_is_blocked_by_those_that_have_not_succeeded(ledger: Ledger, task: Task) -> None:
    first = job(make_task(label="first"), number=1, state=JobState.RUNNING)
    done = job(None, number=2, state=JobState.ENDED, end=JobEnd.SUCCEEDED)
    mine = job(task, number=3, after=(1, 2, 99))
    assert state(ledger, task, snapshot_of(first, done, mine)) == (
        TaskState.BLOCKED,
        "after first",
    )
    over = first.model_copy(update={"state": JobState.ENDED, "end": JobEnd.SUCCEEDED})
    assert state(ledger, task, snapshot_of(over, done, mine)) == (TaskState.QUEUED, "")


def test_a_paused_group_is_told(ledger: Ledger, task: Task) -> None:
    queue = snapshot_of(job(task), paused=True)
    assert state(ledger, task, queue) == (TaskState.QUEUED, "its group is paused")


def test_of_several_jobs_the_one_that_is_not_ended_counts(ledger: Ledger, task: Task) -> None:
    old = job(task, number=9, state=JobState.ENDED, end=JobEnd.KILLED)
    new = job(task, number=3)
    assert view(ledger, task, snapshot_of(old, new)).pueue_id == 3


def test_tasks_by_hand_are_shown_before_any_worker_saw_them(task: Task) -> None:
    queue = snapshot_of(
        job(task, number=0),
        job(make_task(), number=1, by_hand=True, label="fix-1"),
        job(None, number=2),
    )
    (stranger,) = _by_hand(queue, {task.key})
    assert (stranger.pueue_id, stranger.source, stranger.name) == (1, TaskSource.PUEUE, "fix-1")


def test_time_is_taken_from_the_scheduler(ledger: Ledger, task: Task) -> None:
    moment = SOME_TIME + timedelta(days=1)
    held = job(task, state=JobState.HELD, not_before=moment)
    assert view(ledger, task, snapshot_of(held)).not_before == moment


def test_what_waited_for_a_failed_task_is_skipped_even_if_it_was_cleaned_out(
    ledger: Ledger, task: Task
) -> None:
    after = waits_for(task)
    last = waits_for(after)
    ledger.add([after, last])
    lost = (TaskState.LOST, "removed from Pueue: restart or cancel it")
    assert state(ledger, last, snapshot_of(job(after, number=1))) == lost
    ledger.settle(task.key, make_outcome(Result.FAILED))
    for each in (after, last):
        skipped = (TaskState.SKIPPED, "a task before it did not succeed")
        assert state(ledger, each, snapshot_of()) == skipped


def test_a_task_tells_its_open_requests_and_no_others(ledger: Ledger, task: Task) -> None:
    open_ids = []
    for second in range(2):
        request = make_request(key=task.key, at=SOME_TIME + timedelta(seconds=second))
        ledger.approvals.note(request, ASKED)
        open_ids.append(request.id)
    ledger.approvals.note(make_request(key=task.key), ASKED, make_answer())
    ledger.approvals.note(make_request(), ASKED)
    assert view(ledger, task, snapshot_of()).requests == tuple(open_ids)
