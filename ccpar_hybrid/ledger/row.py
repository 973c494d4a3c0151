"""Between the core types and the ledger's rows."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticSerializationError, from_json, to_json

from ccpar_hybrid.core.errors import BadInput, Damaged
from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome, Start
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec
from ccpar_hybrid.ledger.database import Value
from ccpar_hybrid.ledger.trouble import MEND_HINT, not_utf8

TASK_COLUMNS = "key, spec, source, created_at, pueue_id"
ATTEMPT_COLUMNS = (
    "task_key, number, worker, agent, started_at, session_id, pueue_id, outcome,"
    " start, round, cause"
)
EVENT_COLUMNS = "task_key, at, kind, attempt, data"


def time_text(at: datetime) -> str:
    """UTC with microseconds; ValueError for a naive time."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no time zone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def model_text(model: BaseModel) -> str:
    """The model as JSON that reads back the same; BadInput names the field that cannot."""
    try:
        text = model.model_dump_json()
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise BadInput(*_blamed(model, error)) from error
    try:
        same = type(model).model_validate_json(text) == model
    except ValidationError:
        same = False
    if not same:
        raise BadInput(f"a {type(model).__name__} holds a number that is not finite")
    return text


def task_row(task: Task) -> tuple[Value, ...]:
    """In the order of TASK_COLUMNS, then group and label."""
    created_at = time_text(task.created_at)
    spec = task.spec
    asked = (task.key, model_text(spec), task.source.value, created_at, task.pueue_id)
    return (*asked, spec.group, spec.label)


def task_of(row: Sequence[Any]) -> Task:
    """A task from its TASK_COLUMNS; Damaged if it cannot be read."""
    key, spec, source, created_at, pueue_id = row[:5]
    with told_of(key):
        return Task(
            key=TaskKey(key),
            spec=TaskSpec.model_validate_json(spec),
            source=TaskSource(source),
            created_at=datetime.fromisoformat(created_at),
            pueue_id=pueue_id,
        )


def outcome_of(key: str, text: str) -> Outcome:
    """The task's or its attempt's outcome from JSON; Damaged if it cannot be read."""
    with told_of(key):
        return Outcome.model_validate_json(text)


def attempt_of(row: Sequence[Any]) -> Attempt:
    """An attempt from its ATTEMPT_COLUMNS; Damaged if it cannot be read."""
    key, number, worker, agent, started_at, session_id, pueue_id, outcome = row[:8]
    start, round_, cause = row[8:]
    with told_of(key):
        return Attempt(
            key=TaskKey(key),
            number=number,
            worker=worker,
            agent=agent,
            started_at=datetime.fromisoformat(started_at),
            session_id=session_id,
            pueue_id=pueue_id,
            outcome=outcome_of(key, outcome) if outcome is not None else None,
            start=Start(start),
            round=round_,
            cause=Cause(cause) if cause else None,
        )


def attempt_row(attempt: Attempt) -> tuple[Value, ...]:
    """In the order of ATTEMPT_COLUMNS."""
    return (
        attempt.key,
        attempt.number,
        attempt.worker,
        attempt.agent,
        time_text(attempt.started_at),
        attempt.session_id,
        attempt.pueue_id,
        model_text(attempt.outcome) if attempt.outcome else None,
        attempt.start.value,
        attempt.round,
        attempt.cause.value if attempt.cause else None,
    )


def event_row(event: Event) -> tuple[Value, ...]:
    """In the order of EVENT_COLUMNS; BadInput for data that JSON cannot hold."""
    try:
        data = to_json(event.data).decode("utf-8")
    except (PydanticSerializationError, UnicodeEncodeError) as error:
        raise BadInput(*not_utf8(error)) from error
    return (event.key, time_text(event.at), event.kind, event.attempt, data)


def event_of(row: Sequence[Any]) -> Event:
    """An event from its EVENT_COLUMNS; Damaged if it cannot be read."""
    key, at, kind, attempt, data = row
    with told_of(key):
        return Event(
            key=TaskKey(key),
            at=datetime.fromisoformat(at),
            kind=kind,
            attempt=attempt,
            data=from_json(data),
        )


@contextlib.contextmanager
def told_of(key: object) -> Iterator[None]:
    """What cannot be read in the block is Damaged, and the message says whose record it is."""
    try:
        yield
    except (ValueError, TypeError) as error:
        why = str(error).splitlines()[0]
        raise Damaged(f"the ledger's record of {key} cannot be read: {why}", MEND_HINT) from error


def _blamed(model: BaseModel, error: Exception) -> tuple[str, str]:
    for name in type(model).model_fields:
        try:
            model.model_dump_json(include={name})
        except (PydanticSerializationError, UnicodeEncodeError):
            return f"`{name}` holds text that is not UTF-8", "give the text as UTF-8"
    return not_utf8(error)
