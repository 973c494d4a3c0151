from __future__ import annotations

import os

import pytest

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.core.task import new_key
from ccpar_hybrid.scheduler.base import JobEnd, JobState, Submission
from ccpar_hybrid.scheduler.memory import MemoryScheduler
from ccpar_hybrid.system.process import descendants
from tests.support.waiting import wait_until


def test_closing_it_ends_its_jobs() -> None:
    before = set(descendants(os.getpid()))
    with MemoryScheduler({"PATH": os.environ["PATH"]}, lambda _: ["sleep", "60"]) as memory:
        memory.ensure_group("g", 2)
        memory.submit([Submission(key=new_key(), group="g", directory="/") for _ in range(3)])
        wait_until(
            lambda: (
                sum(job.state is JobState.RUNNING for job in memory.snapshot().jobs.values()) == 2
            )
        )
    assert set(descendants(os.getpid())) <= before
    with pytest.raises(MissingPart):
        memory.snapshot()


def test_a_program_that_is_not_there_is_not_started() -> None:
    with MemoryScheduler({}, lambda _: ["/no/such/program"]) as memory:
        memory.ensure_group("g", 1)
        (number,) = memory.submit([Submission(key=new_key(), group="g", directory="/")])
        wait_until(lambda: memory.snapshot().jobs[number].end is JobEnd.NOT_STARTED)
        assert memory.log(number) == ""
