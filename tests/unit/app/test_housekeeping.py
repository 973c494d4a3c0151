"""What the scheduler alone knows is recorded as of when it happened."""

from pathlib import Path

from ccpar_hybrid.app.housekeeping import _record_skipped
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import JobEnd, JobState
from tests.support.ledger import SOME_TIME, make_task
from tests.unit.app.queue import job, snapshot_of


def test_a_skipped_task_ended_when_the_scheduler_skipped_it(home: Path) -> None:
    task = make_task()
    skipped = job(task, state=JobState.ENDED, end=JobEnd.SKIPPED, ended_at=SOME_TIME)
    with Ledger.open(str(home / "ledger.db")) as ledger:
        ledger.add([task])
        _record_skipped(ledger, snapshot_of(skipped))
        outcome = ledger.outcome(task.key)
    assert outcome is not None, "not recorded"
    assert outcome.ended_at == SOME_TIME, "later would undo a restart by hand meanwhile"
