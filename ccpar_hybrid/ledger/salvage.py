"""Saves what a damaged ledger still holds: row by row, by SQLite and, where that stops, by page."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ccpar_hybrid.core.errors import Damaged
from ccpar_hybrid.core.outcome import Attempt, Event, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey, is_key
from ccpar_hybrid.ledger import page, row

TABLES = {
    "tasks": (
        *("id", "key", "source", "group_name", "label", "created_at", "pueue_id"),
        *("spec", "outcome", "result", "ended_at", "duration_s"),
    ),
    "attempts": (
        *("task_key", "number", "worker", "agent", "started_at", "session_id", "pueue_id"),
        *("outcome", "start", "round", "cause"),
    ),
    "events": ("id", "task_key", "at", "kind", "attempt", "data"),
}
"""Columns in the order in which every version of the schema has them; newer ones stand behind."""

_OLDEST_ATTEMPT = 8
"""Columns of an attempt in the first version of the schema."""

_SINCE_DEFAULTS: Mapping[str, object] = {"start": "fresh", "round": 1, "cause": None}
Values = Mapping[str, Any]


@dataclass
class Saved:
    """What was read, by identity. `unreadable` counts rows that were found and say nonsense.

    `sure`: tasks and attempts that SQLite itself has read; of others it may be an old version.
    """

    tasks: dict[TaskKey, tuple[int, Task]] = field(default_factory=dict)
    outcomes: dict[TaskKey, Outcome] = field(default_factory=dict)
    attempts: dict[tuple[TaskKey, int], Attempt] = field(default_factory=dict)
    events: dict[int, Event] = field(default_factory=dict)
    sure: frozenset[object] = frozenset()
    unreadable: int = 0

    def keep(self, table: str, values: Values) -> None:
        """Take in a row; of two with one identity the first stays."""
        try:
            getattr(self, f"_keep_{table}")(values)
        except (Damaged, KeyError, TypeError, ValueError):
            self.unreadable += 1

    def _keep_tasks(self, values: Values) -> None:
        key = _checked(values["key"])
        if key in self.tasks:
            return
        task = row.task_of([values[name] for name in row.TASK_COLUMNS.split(", ")])
        if values["outcome"] is not None:
            self.outcomes[key] = self._outcome(values)
        self.tasks[key] = (int(values["id"]), task)

    def _outcome(self, values: Values) -> Outcome:
        """The outcome; what its columns tell of it where its text cannot be read."""
        try:
            return row.outcome_of(values["key"], values["outcome"])
        except Damaged:
            self.unreadable += 1
            return outcome_by_name(values["result"], values["ended_at"], "")

    def _keep_attempts(self, values: Values) -> None:
        given = {**_SINCE_DEFAULTS, **values}
        attempt = row.attempt_of([given[name] for name in row.ATTEMPT_COLUMNS.split(", ")])
        self.attempts.setdefault((_checked(attempt.key), attempt.number), attempt)

    def _keep_events(self, values: Values) -> None:
        event = row.event_of([values[name] for name in row.EVENT_COLUMNS.split(", ")])
        _checked(event.key)
        self.events.setdefault(int(values["id"]), event)


def read(path: str) -> Saved:
    """All that can be read of the file; SQLite may write to it, so give it a copy."""
    saved = Saved()
    rows = page.rows_in(path)  # has the bytes before SQLite changes any
    if not _size(path) or not _read_by_query(path, saved):
        saved.sure = frozenset([*saved.tasks, *saved.attempts])
        for found in rows:
            table = _table_of(found)
            if table is not None:
                saved.keep(table, _named(table, found))
    return saved


def _size(path: str) -> int:
    return Path(path).stat().st_size if Path(path).exists() else 0


def _read_by_query(path: str, saved: Saved) -> bool:
    """Whether SQLite could read every row."""
    whole = True
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for table in TABLES:
            try:
                for values in _swept(connection, table):
                    saved.keep(table, values)
            except sqlite3.Error:
                whole = False
    return whole


def _swept(connection: sqlite3.Connection, table: str) -> Iterator[Values]:
    """The table's rows from its beginning; from its end as well where the way is cut off."""
    order = "task_key, number" if table == "attempts" else "id"
    try:
        yield from _queried(connection, f"SELECT * FROM {table} ORDER BY {order}")
    except sqlite3.Error:
        backwards = ", ".join(f"{name} DESC" for name in order.split(", "))
        yield from _queried(connection, f"SELECT * FROM {table} ORDER BY {backwards}")
        raise


def _queried(connection: sqlite3.Connection, query: str) -> Iterator[Values]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description]
    for values in cursor:
        yield dict(zip(names, values, strict=True))


def _table_of(found: page.Row) -> str | None:
    """Which table a row of a page belongs to; None for those of indexes and of others."""
    fields = found.fields
    if found.number is None:
        return "attempts" if len(fields) >= _OLDEST_ATTEMPT and _is_key(fields[0]) else None
    if len(fields) < 2 or fields[0] is not None or not _is_key(fields[1]):
        return None
    return "tasks" if len(fields) >= len(TABLES["tasks"]) else "events"


def _named(table: str, found: page.Row) -> Values:
    values: dict[str, Any] = dict(zip(TABLES[table], found.fields, strict=False))
    return values if found.number is None else {**values, "id": found.number}


def _is_key(value: object) -> bool:
    return isinstance(value, str) and is_key(value)


def _checked(key: str) -> TaskKey:
    if not _is_key(key):
        raise ValueError(f"{key!r} is no key")
    return TaskKey(key)


def outcome_by_name(result: object, ended_at: object, reason: str) -> Outcome:
    """An outcome of which no more than this is known; ValueError where that is nonsense."""
    named = Result(str(result))
    return Outcome(
        result=named,
        exit_code=0 if named is Result.SUCCEEDED else 1,
        reason=reason or "its record was damaged",
        ended_at=str(ended_at),  # type: ignore[arg-type]
    )


def rows_of(saved: Saved) -> Mapping[str, Sequence[Sequence[Any]]]:
    """Rows for the tables of a new ledger, in the order of their columns in TABLES."""
    return {
        "tasks": list(_task_rows(saved)),
        "attempts": [
            row.attempt_row(attempt)
            for _, attempt in sorted(saved.attempts.items())
            if attempt.key in saved.tasks
        ],
        "events": [
            (number, *row.event_row(event))
            for number, event in sorted(saved.events.items())
            if event.key in saved.tasks
        ],
    }


def _task_rows(saved: Saved) -> Iterator[tuple[Any, ...]]:
    used: set[int] = set()
    for number, task in sorted(saved.tasks.values(), key=lambda each: each[0]):
        key, spec, source, created_at, pueue_id, group, label = row.task_row(task)
        outcome = saved.outcomes.get(task.key)
        end: tuple[Any, ...] = (None, None, None, None)
        if outcome is not None:
            end = (
                row.model_text(outcome),
                outcome.result.value,
                row.time_text(outcome.ended_at),
                outcome.duration_s,
            )
        own = None if number in used else number
        used.add(number)
        yield (own, key, source, group, label, created_at, pueue_id, spec, *end)
