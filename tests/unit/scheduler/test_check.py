from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccpar_hybrid.core.errors import Refused
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler.base import Job, JobState, QueueSnapshot
from ccpar_hybrid.scheduler.check import removable

AT = datetime(2025, 3, 1, tzinfo=UTC)


def queue_of(*jobs: tuple[int, JobState, tuple[int, ...]]) -> QueueSnapshot:
    made = [
        Job(
            id=number,
            key=TaskKey(f"t{number}"),
            by_hand=number > 100,
            identity=TaskKey(f"ti{number}"),
            command="",
            directory="/",
            group="g",
            label=None,
            priority=0,
            after=after,
            state=state,
            created_at=AT,
        )
        for number, state, after in jobs
    ]
    return QueueSnapshot(jobs={job.id: job for job in made}, groups={})


def test_a_chain_is_removed_whole_or_from_its_end() -> None:
    queue = queue_of(
        (0, JobState.ENDED, ()), (1, JobState.QUEUED, (0,)), (2, JobState.QUEUED, (1,))
    )
    assert removable([0, 1, 2], queue) == [0, 1, 2]
    assert removable([1, 2], queue) == [1, 2]
    assert removable([0, 1], queue) == []
    assert removable([0, 2, 9], queue) == [2]


def test_what_ended_waits_for_nothing_more() -> None:
    queue = queue_of((0, JobState.ENDED, ()), (1, JobState.ENDED, (0,)))
    assert removable([0], queue) == [0]


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.PAUSED])
def test_what_runs_is_refused(state: JobState) -> None:
    with pytest.raises(Refused, match="job 1 runs"):
        removable([0, 1], queue_of((0, JobState.ENDED, ()), (1, state, ())))


def test_the_job_of_a_key_is_the_one_that_still_goes_on() -> None:
    queue = queue_of((3, JobState.QUEUED, ()), (7, JobState.ENDED, ()), (101, JobState.ENDED, ()))
    mine = QueueSnapshot(
        jobs={n: job.model_copy(update={"key": TaskKey("t")}) for n, job in queue.jobs.items()},
        groups={},
    )
    found = mine.of_key(TaskKey("t"))
    assert found is not None
    assert found.id == 3
    assert mine.of_key(TaskKey("tother")) is None
    by_hand = queue.of_key(TaskKey("ti101"))
    assert by_hand is not None
    assert by_hand.id == 101
    assert queue.of_key(TaskKey("ti3")) is None
