from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ccpar_hybrid.app import transfer
from ccpar_hybrid.core.errors import BadInput, NotFound
from ccpar_hybrid.core.outcome import Event, Result
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.record import Record
from ccpar_hybrid.ledger.store import Ledger
from tests.support.full_ledger import contents, fill
from tests.support.ledger import SOME_TIME, make_outcome, make_task

KEY = TaskKey("tabcdefgh")


@pytest.fixture
def here(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "here" / "l.db")) as opened:
        yield opened


@pytest.fixture
def there(home: Path) -> Iterator[Ledger]:
    with Ledger.open(str(home / "there" / "l.db")) as opened:
        yield opened


def export_of(ledger: Ledger, **options: bool) -> bytes:
    return "".join(transfer.exported(ledger, ledger.keys(), **options)).encode()


def brought(ledger: Ledger, data: bytes) -> list[TaskKey]:
    header, records = transfer.read(io.BytesIO(data))
    return ledger.take_in(records, with_environment=header.environment)


def lines_of(*records: dict[str, Any], tasks: int | None = None) -> bytes:
    header = {
        "format": "ccpar-hybrid-ledger",
        "version": 1,
        "at": "2026-01-01T00:00:00Z",
        "tasks": len(records) if tasks is None else tasks,
        "environment": True,
    }
    return b"\n".join(json.dumps(each).encode() for each in (header, *records))


def record_with(**parts: Any) -> dict[str, Any]:
    found = Record(task=make_task(key=KEY)).model_dump(mode="json")
    for name, value in parts.items():
        place = found
        *way, last = name.split("__")
        for step in way:
            place = place[step]
        place[last] = value
    return found


def test_all_of_a_ledger_comes_over_as_it_was(here: Ledger, there: Ledger) -> None:
    fill(here, 24)
    assert len(brought(there, export_of(here))) == 24
    assert contents(there) == contents(here)
    assert there.stats(None) == here.stats(None)
    assert brought(there, export_of(here)) == []
    assert contents(there) == contents(here)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    prompt=some.text(some.characters(exclude_characters="\0", exclude_categories=["Cs"])),
    reason=some.text(some.characters(exclude_categories=["Cs"])),
    data=some.dictionaries(some.text(max_size=4).filter(str.isalnum), some.integers(-9, 9)),
    duration_s=some.floats(0, 1e9),
)
def test_any_task_comes_over_as_it_was(
    here: Ledger,
    there: Ledger,
    prompt: str,
    reason: str,
    data: dict[str, object],
    duration_s: float,
) -> None:
    task = make_task(prompt)
    here.add([task])
    here.record(Event(key=task.key, at=SOME_TIME, kind="note", data=data))
    outcome = make_outcome(duration_s=duration_s).model_copy(update={"reason": reason})
    here.settle(task.key, outcome)
    data_of_it = "".join(transfer.exported(here, [task.key])).encode()
    assert brought(there, data_of_it) == [task.key]
    assert there.whole(task.key) == here.whole(task.key)


def test_without_its_variables_a_task_has_none_and_counts_as_the_same(
    here: Ledger, there: Ledger
) -> None:
    task = make_task()
    spec = task.spec.model_copy(update={"environment": {"TOKEN": "secret"}})
    here.add([task.model_copy(update={"spec": spec})])
    data = export_of(here, with_environment=False)
    assert b"secret" not in data
    assert b"TOKEN" not in data
    assert brought(there, data) == [task.key]
    found = there.task(task.key)
    assert found is not None
    assert found.spec.environment == {}
    assert brought(here, data) == []
    with pytest.raises(BadInput, match="other task"):
        brought(there, export_of(here))


def test_a_task_that_is_there_and_differs_stops_all(here: Ledger, there: Ledger) -> None:
    first, second = make_task("one"), make_task("two")
    here.add([first, second])
    data = export_of(here)
    brought(there, data)
    third = make_task("three")
    here.add([third])
    here.settle(second.key, make_outcome())
    with pytest.raises(BadInput, match=f"{second.key}.*other outcome and events"):
        brought(there, export_of(here))
    assert [task.key for task in there.tasks(newest_first=False)] == [first.key, second.key]


def test_since_a_time_counts_adding_and_settling(here: Ledger) -> None:
    old, settled = make_task(), make_task()
    here.add([old, settled])
    later = SOME_TIME.replace(year=2030)
    here.settle(settled.key, make_outcome(ended_at=later))
    assert here.keys(later) == [settled.key]
    assert here.keys(SOME_TIME) == [old.key, settled.key]


def test_a_task_that_is_not_there_cannot_be_exported(here: Ledger) -> None:
    with pytest.raises(NotFound, match=KEY):
        list(transfer.exported(here, [KEY]))
    here.add([make_task()])  # the reading that failed has ended


ATTEMPT = {
    "key": KEY,
    "number": 1,
    "worker": "s.w1",
    "agent": "a",
    "started_at": "2026-01-01T00:00:00Z",
}
OUTCOME = make_outcome().model_dump(mode="json")


@pytest.mark.parametrize(
    ("record", "said"),
    [
        (record_with(task__key="../../etc"), "'../../etc' is no key"),
        (record_with(task__spec__after=["x"]), "'x' is no key"),
        (record_with(task__spec__prompt="a\0b"), "NUL"),
        (record_with(task__spec__more=1), "more"),
        (record_with(task__created_at="2026-01-01T00:00:00"), "no time zone"),
        (record_with(task__pueue_id=2**63), "too large"),
        (record_with(attempts=[{**ATTEMPT, "number": 2}]), "numbered \\[2\\]"),
        (record_with(attempts=[{**ATTEMPT, "key": "tzzzzzzzz"}]), "another task's"),
        (record_with(attempts=[{**ATTEMPT, "start": "x"}]), "start"),
        (record_with(outcome={**OUTCOME, "result": "interrupted"}), "never interrupted"),
        (record_with(outcome={**OUTCOME, "exit_code": 4}), "exit code 4"),
        (record_with(outcome={**OUTCOME, "result": Result.FAILED, "exit_code": 0}), "code 0"),
    ],
)
def test_what_no_ledger_could_have_written_is_refused_by_line(
    there: Ledger, record: dict[str, Any], said: str
) -> None:
    good = Record(task=make_task()).model_dump(mode="json")
    with pytest.raises(BadInput, match=f"line 3: .*{said}") as refused:
        brought(there, lines_of(good, record))
    assert "nothing was imported" in refused.value.hint
    assert there.tasks() == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "line 1"),
        (b"\xff\xfe", "line 1"),
        (b"[]", "line 1"),
        (b'{"format": "other", "version": 1}', "line 1: this is no export"),
        (b'{"format": "ccpar-hybrid-ledger", "version": 2}', "format 2, 1 is known"),
        (b'{"format": "ccpar-hybrid-ledger", "version": 1}', "line 1: at"),
        (lines_of(record_with(), tasks=2), "1 of 2 tasks: it was cut"),
        (lines_of(record_with(), record_with()), "line 3: tabcdefgh stands in line 2"),
        (lines_of(record_with())[:-5], "line 2"),
        (lines_of(record_with()) + b"\n{", "line 3"),
    ],
)
def test_what_is_no_whole_export_is_refused_by_line(data: bytes, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        transfer.read(io.BytesIO(data))


def test_a_line_without_end_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transfer, "LONGEST_LINE", 5000)
    with pytest.raises(BadInput, match="line 2: it is longer"):
        transfer.read(io.BytesIO(lines_of(record_with(task__spec__prompt="x" * 9000))))


def test_a_number_that_is_none_is_refused(there: Ledger) -> None:
    spoiled = lines_of(record_with(outcome={**OUTCOME, "duration_s": float("nan")}))
    with pytest.raises(BadInput):
        brought(there, spoiled)
    assert there.tasks() == []
