"""The task that a person means."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.reference import References
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Job, JobState
from tests.support.ledger import make_outcome, make_task
from tests.unit.app.queue import job, snapshot_of


@pytest.fixture
def ledger(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "ledger.db")) as opened:
        yield opened


def add(ledger: Ledger, label: str | None = None, key: str | None = None) -> Task:
    task = make_task(label=label, key=TaskKey(key) if key else None)
    ledger.add([task])
    return task


def names(ledger: Ledger, *jobs: Job) -> References:
    return References(cast(App, SimpleNamespace(ledger=ledger)), snapshot_of(*jobs))


def test_id_label_and_key_name_a_task(ledger: Ledger) -> None:
    task = add(ledger, "fix-1")
    found = names(ledger, job(task, number=7))
    for name in ("7", "fix-1", task.key, "id:7", "label:fix-1", f"key:{task.key}"):
        assert found.resolve(name).key == task.key


@pytest.mark.parametrize("name", ["8", "id:fix-1", "label:7", "", "-1", "²", "taaaaaaaa"])
def test_what_names_nothing_is_said(ledger: Ledger, name: str) -> None:
    with pytest.raises(NotFound):
        names(ledger, job(add(ledger, "fix-1"), number=7)).resolve(name)


def test_a_label_that_is_another_tasks_number_is_not_guessed(ledger: Ledger) -> None:
    one, two = add(ledger, "7"), add(ledger)
    found = names(ledger, job(two, number=7))
    with pytest.raises(BadInput, match="names 2 tasks"):
        found.resolve("7")
    assert found.resolve("label:7").key == one.key
    assert found.resolve("id:7").key == two.key


def test_a_label_that_looks_like_a_way_is_found(ledger: Ledger) -> None:
    task = add(ledger, "issue:7")
    assert names(ledger).resolve("issue:7").key == task.key


def test_of_one_label_the_unsettled_task_is_meant_else_the_newest(ledger: Ledger) -> None:
    old, new = add(ledger, "x"), make_task(label="x")
    new = new.model_copy(update={"created_at": new.created_at + timedelta(hours=1)})
    ledger.add([new])
    with pytest.raises(BadInput):
        names(ledger).resolve("x")
    ledger.settle(new.key, make_outcome())
    assert names(ledger).resolve("x").key == old.key
    ledger.settle(old.key, make_outcome())
    assert names(ledger).resolve("x").key == new.key


def test_a_task_by_hand_that_has_not_begun_is_known_from_pueue(ledger: Ledger) -> None:
    waiting = job(make_task(), number=3, by_hand=True, state=JobState.QUEUED)
    assert names(ledger, waiting).resolve("3").key == waiting.identity
