"""Reading the ledger: what was asked, tried, settled and told."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.core.outcome import Attempt, Event, Outcome
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource
from ccpar_hybrid.ledger import row
from ccpar_hybrid.ledger.approval import ApprovalBook, Sieve
from ccpar_hybrid.ledger.database import Database, Value
from ccpar_hybrid.ledger.record import Record
from ccpar_hybrid.ledger.schema import EventKind, Stats
from ccpar_hybrid.ledger.tally import stats_of

OF_KEYS = "IN (SELECT value FROM json_each(?))"
"""Condition that takes a `key_list`, of any length."""


class LedgerView:
    """The reading half of a Ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def task(self, key: TaskKey) -> Task | None:
        """The task of this key."""
        found = self._database.row(f"SELECT {row.TASK_COLUMNS} FROM tasks WHERE key = ?", key)
        return row.task_of(found) if found else None

    def tasks(
        self,
        *,
        limit: int | None = None,
        newest_first: bool = True,
        unsettled_only: bool = False,
        keys: Iterable[TaskKey] | None = None,
    ) -> list[Task]:
        """Tasks in the order in which they were added, or the other way round."""
        wanted: list[Value] = [] if keys is None else [key_list(keys)]
        conditions = ["outcome IS NULL"] * unsettled_only + [f"key {OF_KEYS}"] * len(wanted)
        found = self._database.rows(
            f"SELECT {row.TASK_COLUMNS} FROM tasks WHERE {' AND '.join(conditions) or 'TRUE'}"
            f" ORDER BY id {'DESC' if newest_first else 'ASC'} LIMIT ?",
            *wanted,
            _row_limit(limit),
        )
        return [row.task_of(each) for each in found]

    def with_label(self, label: str) -> list[Task]:
        """All tasks of this label, the newest first."""
        found = self._database.rows(
            f"SELECT {row.TASK_COLUMNS} FROM tasks WHERE label = ? ORDER BY id DESC", label
        )
        return [row.task_of(each) for each in found]

    def never_submitted(self) -> list[Task]:
        """Unsettled tasks of `add` that no scheduler is known to have had, in their order."""
        found = self._database.rows(
            f"SELECT {row.TASK_COLUMNS} FROM tasks WHERE outcome IS NULL AND pueue_id IS NULL"
            " AND source = ? ORDER BY id",
            TaskSource.ADDED.value,
        )
        return [row.task_of(each) for each in found]

    def keys(self, since: datetime | None = None) -> list[TaskKey]:
        """Keys in the order of adding; with `since` of tasks added or settled from then on."""
        start = row.time_text(since) if since else ""
        found = self._database.rows(
            "SELECT key FROM tasks WHERE created_at >= ? OR ended_at >= ? ORDER BY id", start, start
        )
        return [TaskKey(each[0]) for each in found]

    def whole(self, key: TaskKey) -> Record:
        """All that is held of one task, as it was at one moment; raises NotFound."""
        with self._database.reading():
            task = self.task(key)
            if task is None:
                raise NotFound(f"the ledger has no task {key}")
            attempts, events = tuple(self.attempts(key)), tuple(self.events(key))
            asked = reversed(ApprovalBook(self._database).history(Sieve(key=key)))
            return Record(
                task=task,
                outcome=self.outcome(key),
                attempts=attempts,
                events=events,
                approvals=tuple(asked),
            )

    def outcome(self, key: TaskKey) -> Outcome | None:
        """How the task was settled; None if it is not, or is not there."""
        return self.outcomes([key]).get(key)

    def outcomes(self, keys: Iterable[TaskKey]) -> dict[TaskKey, Outcome]:
        """The outcomes of those that are settled."""
        found = self._database.rows(
            f"SELECT key, outcome FROM tasks WHERE key {OF_KEYS} AND outcome IS NOT NULL",
            key_list(keys),
        )
        return {TaskKey(key): row.outcome_of(key, text) for key, text in found}

    def attempts(self, key: TaskKey) -> list[Attempt]:
        """The task's attempts, the first first."""
        found = self._database.rows(
            f"SELECT {row.ATTEMPT_COLUMNS} FROM attempts WHERE task_key = ? ORDER BY number", key
        )
        return [row.attempt_of(each) for each in found]

    def all_attempts(self) -> list[Attempt]:
        """Every task's attempts; each task's first first."""
        found = self._database.rows(
            f"SELECT {row.ATTEMPT_COLUMNS} FROM attempts ORDER BY task_key, number"
        )
        return [row.attempt_of(each) for each in found]

    def turns(self) -> list[Event]:
        """Every task's events of settling and of reopening, in order."""
        found = self._database.rows(
            f"SELECT {row.EVENT_COLUMNS} FROM events WHERE kind IN (?, ?) ORDER BY id",
            EventKind.SETTLED.value,
            EventKind.REOPENED.value,
        )
        return [row.event_of(each) for each in found]

    def last_attempts(self, keys: Iterable[TaskKey]) -> dict[TaskKey, Attempt]:
        """The newest attempt of each that has one."""
        found = self._database.rows(
            f"SELECT {row.ATTEMPT_COLUMNS} FROM attempts AS a WHERE task_key {OF_KEYS} AND"
            " number = (SELECT max(number) FROM attempts WHERE task_key = a.task_key)",
            key_list(keys),
        )
        return {attempt.key: attempt for attempt in map(row.attempt_of, found)}

    def events(self, key: TaskKey, *, limit: int | None = None) -> list[Event]:
        """The task's story in order; with a limit, its newest part."""
        found = self._database.rows(
            f"SELECT {row.EVENT_COLUMNS} FROM events WHERE task_key = ? ORDER BY id DESC LIMIT ?",
            key,
            _row_limit(limit),
        )
        return [row.event_of(each) for each in reversed(found)]

    def stats(self, since: datetime | None) -> Stats:
        """Totals of what was settled since then, and of all that is unsettled."""
        return stats_of(self._database, since)

    def trouble(self) -> str | None:
        """What a look at every page finds wrong with the file; None: nothing."""
        found = str(self._database.rows("PRAGMA quick_check(1)")[0][0])
        return None if found == "ok" else found.replace("*** in database main ***\n", "")

    def recent_outcomes(self, limit: int) -> list[tuple[Task, Outcome]]:
        """The last settled tasks, the newest first."""
        found = self._database.rows(
            f"SELECT {row.TASK_COLUMNS}, outcome FROM tasks WHERE ended_at IS NOT NULL"
            " ORDER BY ended_at DESC, id DESC LIMIT ?",
            limit,
        )
        return [(row.task_of(each), row.outcome_of(each[0], each[-1])) for each in found]


def key_list(keys: Iterable[TaskKey]) -> str:
    """Keys as one value of a statement."""
    return json.dumps(list(keys))


def _row_limit(limit: int | None) -> int:
    return -1 if limit is None else limit
