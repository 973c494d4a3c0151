from __future__ import annotations

import string
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.outcome import Event, Outcome, Result, Usage
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec, new_key
from ccpar_hybrid.ledger.row import time_text
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import SOME_TIME, make_outcome, make_task

any_text = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
clean_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
times = st.datetimes(
    min_value=datetime(1980, 1, 1),  # noqa: DTZ001 - hypothesis wants it naive
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))]),
)
keys = st.text("abcdefghijklmnopqrstuvwxyz234567", min_size=8, max_size=8).map(
    lambda text: TaskKey("t" + text)
)
specs = st.builds(
    TaskSpec,
    prompt=clean_text,
    directory=clean_text,
    group=clean_text,
    label=st.none() | clean_text,
    priority=st.integers(-(2**31), 2**31 - 1),
    after=st.lists(keys, max_size=3).map(tuple),
    not_before=st.none() | times,
    model=st.none() | clean_text,
    allowed_tools=st.lists(clean_text, max_size=3).map(tuple),
    environment=st.dictionaries(clean_text, clean_text, max_size=3),
    timeout_s=st.none() | st.floats(0.001, 1e9),
)
amounts = st.integers(0, 2**62)
outcomes = st.builds(
    Outcome,
    result=st.sampled_from(Result),
    exit_code=st.integers(0, 255),
    reason=any_text,
    ended_at=times,
    duration_s=st.floats(0, 1e9),
    session_id=st.none() | any_text,
    usage=st.builds(Usage, input_tokens=amounts, cost_usd=st.none() | st.floats(0, 1e6)),
    last_message=st.none() | any_text,
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | any_text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(any_text, inner, max_size=3),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def ledger() -> Iterator[Ledger]:
    with tempfile.TemporaryDirectory() as place, Ledger.open(f"{place}/l/l.db") as opened:
        yield opened


slow_disk = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@given(spec=specs, created_at=times, source=st.sampled_from(TaskSource))
@slow_disk
def test_any_task_comes_back_as_it_was(
    ledger: Ledger, spec: TaskSpec, created_at: datetime, source: TaskSource
) -> None:
    task = Task(key=new_key(), spec=spec, source=source, created_at=created_at)
    ledger.add([task])
    assert ledger.task(task.key) == task
    if spec.label is not None:
        assert task in ledger.with_label(spec.label)


@given(outcome=outcomes)
@slow_disk
def test_any_outcome_comes_back_as_it_was(ledger: Ledger, outcome: Outcome) -> None:
    task = make_task()
    ledger.add([task])
    ledger.begin_attempt(
        task.key, worker="w", agent="a", session_id=None, pueue_id=None, at=SOME_TIME
    )
    settles = outcome.result is not Result.INTERRUPTED
    ledger.end_attempt(task.key, 1, outcome, settle=settles)
    assert ledger.outcome(task.key) == (outcome if settles else None)
    assert ledger.attempts(task.key)[0].outcome == outcome


@given(kind=any_text, data=st.dictionaries(any_text, json_values, max_size=4), at=times)
@slow_disk
def test_any_event_comes_back_as_it_was(
    ledger: Ledger, kind: str, data: dict[str, object], at: datetime
) -> None:
    task = make_task()
    event = Event(key=task.key, at=at, kind=kind, data=data)
    ledger.add([task])
    ledger.record(event)
    assert ledger.events(task.key)[-1] == event


@given(times, times)
def test_times_sort_as_text(one: datetime, other: datetime) -> None:
    assert (time_text(one) < time_text(other)) == (one < other)


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        time_text(datetime(2025, 1, 1))  # noqa: DTZ001


def test_text_that_is_not_utf8_is_refused_and_its_field_named(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="`prompt` holds text that is not UTF-8"):
        ledger.add([make_task("caf\udce9")])
    task = make_task()
    ledger.add([task])
    with pytest.raises(BadInput, match="UTF-8"):
        ledger.record(Event(key=task.key, at=SOME_TIME, kind="note", data={"x": "\udce9"}))
    with pytest.raises(BadInput, match="UTF-8"):
        ledger.begin_attempt(
            task.key, worker="\udce9", agent="a", session_id=None, pueue_id=None, at=SOME_TIME
        )
    assert ledger.attempts(task.key) == []


def test_a_number_that_is_not_finite_is_refused(ledger: Ledger) -> None:
    with pytest.raises(BadInput, match="not finite"):
        ledger.settle(new_key(), make_outcome(duration_s=float("nan")))


def test_a_large_prompt_with_every_ascii_character_comes_back(ledger: Ledger) -> None:
    task = make_task(string.printable * 2000)
    ledger.add([task])
    assert ledger.task(task.key) == task


def test_the_migrations_lie_beside_the_code() -> None:
    import ccpar_hybrid.ledger as package

    (folder,) = package.__path__
    assert list((Path(folder) / "migrations").glob("0001_*.sql"))
