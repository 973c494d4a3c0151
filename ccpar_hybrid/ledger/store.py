"""The ledger: every task, attempt, outcome and event, for all processes of one instance.

All methods block, shortly. They raise MissingPart where the file cannot be used, NotFound for
a key that is not there, BadInput for text that cannot be kept. Every change writes its event in
the same transaction. Threads may share one Ledger; processes open their own.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from types import TracebackType

from ccpar_hybrid.core.errors import BadInput, NotFound, Refused
from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome, Result, Start
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.ledger import row
from ccpar_hybrid.ledger.account import AccountBook
from ccpar_hybrid.ledger.approval import ApprovalBook
from ccpar_hybrid.ledger.database import Database, Value
from ccpar_hybrid.ledger.intake import take_in
from ccpar_hybrid.ledger.record import Record
from ccpar_hybrid.ledger.schema import EventKind
from ccpar_hybrid.ledger.view import OF_KEYS, LedgerView, key_list
from ccpar_hybrid.system.fault import reach

_INSERT_TASK = (
    f"INSERT INTO tasks ({row.TASK_COLUMNS}, group_name, label) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_ATTEMPT = (
    f"INSERT INTO attempts ({row.ATTEMPT_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_INSERT_EVENT = f"INSERT INTO events ({row.EVENT_COLUMNS}) VALUES (?, ?, ?, ?, ?)"


class Ledger(LedgerView):
    """One instance's record; a context manager that closes it."""

    @classmethod
    def open(cls, path: str) -> Ledger:
        """Open or create the ledger's file; MissingPart says why where it cannot be."""
        return cls(Database.open(path))

    @property
    def accounts(self) -> AccountBook:
        """What is known of the accounts that agents use."""
        return AccountBook(self._database)

    @property
    def approvals(self) -> ApprovalBook:
        """What agents asked leave for, and what was decided."""
        return ApprovalBook(self._database)

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    # -- what was asked -------------------------------------------------------------------

    def add(self, tasks: Sequence[Task]) -> None:
        """Keep all of the tasks or none; BadInput if a key is there already."""
        rows = [row.task_row(task) for task in tasks]
        try:
            with self._database.transaction():
                self._database.write_many(_INSERT_TASK, rows)
                reach("ledger.add")
                self._tell_all(EventKind.ADDED, [(task.key, {}) for task in tasks])
        except sqlite3.IntegrityError as error:
            raise BadInput(f"a task with one of these keys is there already: {error}") from error

    def register(self, task: Task) -> Task:
        """Keep the task, or return the one of this key that is there."""
        with self._database.transaction():
            found = self.task(task.key)
            if found is None:
                self._database.write(_INSERT_TASK, *row.task_row(task))
                reach("ledger.register")
                self._tell(EventKind.ADDED, task.key)
        return found or task

    def submitted(self, ids: Mapping[TaskKey, int]) -> None:
        """Note the scheduler's numbers of these tasks: all, or none if one is not there."""
        told = [(key, {"pueue_id": number}) for key, number in ids.items()]
        try:
            with self._database.transaction():
                self._database.write_many(
                    "UPDATE tasks SET pueue_id = ? WHERE key = ?",
                    [(number, key) for key, number in ids.items()],
                )
                reach("ledger.submitted")
                self._tell_all(EventKind.SUBMITTED, told)
        except sqlite3.IntegrityError as error:
            raise NotFound(f"the ledger misses one of {', '.join(ids)}") from error

    def take_in(self, records: Sequence[Record], *, with_environment: bool = True) -> list[TaskKey]:
        """Keep tasks of another ledger, see `intake.take_in`."""
        return take_in(self._database, records, with_environment=with_environment)

    def forget(self, keys: Iterable[TaskKey]) -> None:
        """Take back tasks that never reached the scheduler; ValueError if one has attempts."""
        wanted = key_list(keys)
        with self._database.transaction():
            begun = self._database.row(
                f"SELECT task_key FROM attempts WHERE task_key {OF_KEYS}", wanted
            )
            if begun:
                raise ValueError(f"{begun[0]} has attempts: it cannot be forgotten")
            self._database.write(f"DELETE FROM tasks WHERE key {OF_KEYS}", wanted)

    # -- attempts and outcomes ------------------------------------------------------------

    def begin_attempt(
        self,
        key: TaskKey,
        *,
        worker: str,
        agent: str,
        session_id: str | None,
        pueue_id: int | None,
        at: datetime,
        start: Start = Start.FRESH,
        round: int = 1,
    ) -> Attempt:
        """Note the start of the next attempt; Refused if the task is settled (and not reopened)."""
        with self._database.transaction():
            if self._settled(key):
                raise Refused(f"{key} is settled", "restart it to run it again")
            attempt = Attempt(
                key=key,
                number=self._last_number(key) + 1,
                worker=worker,
                agent=agent,
                started_at=at,
                session_id=session_id,
                pueue_id=pueue_id,
                start=start,
                round=round,
            )
            self._database.write(_INSERT_ATTEMPT, *row.attempt_row(attempt))
            reach("ledger.begin")
            if pueue_id is not None:
                self._database.write("UPDATE tasks SET pueue_id = ? WHERE key = ?", pueue_id, key)
            told = {"worker": worker, "agent": agent, "start": start.value, "round": round}
            self._tell(EventKind.ATTEMPT_STARTED, key, attempt.number, told, at)
        return attempt

    def set_session(self, key: TaskKey, number: int, session_id: str) -> None:
        """Note which session the agent's attempt is in."""
        with self._database.transaction():
            self._changed_attempt(key, number, "session_id = ?", session_id)
            reach("ledger.session")
            self._tell(EventKind.SESSION, key, number, {"session_id": session_id})

    def end_attempt(
        self,
        key: TaskKey,
        number: int,
        outcome: Outcome,
        *,
        settle: bool,
        cause: Cause = Cause.OWN,
    ) -> None:
        """Note how and why the attempt ended and, with `settle`, the task; the first one stays."""
        text = row.model_text(outcome)
        with self._database.transaction():
            self._changed_attempt(key, number, "cause = coalesce(cause, ?)", cause.value)
            self._changed_attempt(key, number, "outcome = coalesce(outcome, ?)", text)
            told = {
                "result": outcome.result.value,
                "reason": outcome.reason,
                "cause": cause.value,
            }
            self._tell(EventKind.ATTEMPT_ENDED, key, number, told, outcome.ended_at)
            reach("ledger.end")
            if settle:
                self._settle(key, outcome, text, number)

    def settle(self, key: TaskKey, outcome: Outcome) -> bool:
        """Settle a task that no attempt ends (cancelled, skipped); False if it is settled."""
        text = row.model_text(outcome)
        with self._database.transaction():
            return not self._settled(key) and self._settle(key, outcome, text, None)

    def reopen(self, key: TaskKey) -> None:
        """Take the task's outcome away, for it is to run again; its attempts stay."""
        with self._database.transaction():
            if self._settled(key):
                self._database.write(
                    "UPDATE tasks SET outcome = NULL, result = NULL, ended_at = NULL,"
                    " duration_s = NULL WHERE key = ?",
                    key,
                )
                reach("ledger.reopen")
                self._tell(EventKind.REOPENED, key)

    def record(self, event: Event) -> None:
        """Keep an event of somebody else's."""
        values = row.event_row(event)
        with self._database.transaction():
            self._settled(event.key)  # for its NotFound
            self._database.write(_INSERT_EVENT, *values)

    # -- inside a transaction -------------------------------------------------------------

    def _settled(self, key: TaskKey) -> bool:
        found = self._database.row("SELECT outcome IS NOT NULL FROM tasks WHERE key = ?", key)
        if found is None:
            raise NotFound(f"the ledger has no task {key}")
        return bool(found[0])

    def _last_number(self, key: TaskKey) -> int:
        found = self._database.row("SELECT max(number) FROM attempts WHERE task_key = ?", key)
        return int(found[0] or 0) if found else 0

    def _changed_attempt(self, key: TaskKey, number: int, change: str, value: Value) -> None:
        statement = f"UPDATE attempts SET {change} WHERE task_key = ? AND number = ?"
        if not self._database.write(statement, value, key, number):
            raise NotFound(f"the ledger has no attempt {number} of {key}")

    def _settle(self, key: TaskKey, outcome: Outcome, text: str, number: int | None) -> bool:
        if outcome.result is Result.INTERRUPTED:
            raise ValueError("an interrupted attempt settles no task")
        done = self._database.write(
            "UPDATE tasks SET outcome = ?, result = ?, ended_at = ?, duration_s = ?"
            " WHERE key = ? AND outcome IS NULL",
            text,
            outcome.result.value,
            row.time_text(outcome.ended_at),
            outcome.duration_s,
            key,
        )
        if done:
            reach("ledger.settle")
            told = {"result": outcome.result.value, "reason": outcome.reason}
            self._tell(EventKind.SETTLED, key, number, told, outcome.ended_at)
        return bool(done)

    def _tell(
        self,
        kind: EventKind,
        key: TaskKey,
        attempt: int | None = None,
        data: Mapping[str, object] | None = None,
        at: datetime | None = None,
    ) -> None:
        event = Event(
            key=key, at=at or _now(), kind=kind.value, attempt=attempt, data=dict(data or {})
        )
        self._database.write(_INSERT_EVENT, *row.event_row(event))

    def _tell_all(
        self, kind: EventKind, told: Iterable[tuple[TaskKey, Mapping[str, object]]]
    ) -> None:
        now = row.time_text(_now())
        rows = [(key, now, kind.value, None, json.dumps(data)) for key, data in told]
        self._database.write_many(_INSERT_EVENT, rows)


def _now() -> datetime:
    return datetime.now(UTC)
