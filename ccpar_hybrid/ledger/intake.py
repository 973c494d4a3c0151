"""Takes tasks of another ledger in, with all their history: all of them or none."""

from __future__ import annotations

from collections.abc import Sequence

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger import approval, row
from ccpar_hybrid.ledger.database import Database
from ccpar_hybrid.ledger.record import Record
from ccpar_hybrid.ledger.view import LedgerView
from ccpar_hybrid.system.fault import reach

_PARTS = ("task", "outcome", "attempts", "events", "approvals")


def _insert(table: str, columns: str) -> str:
    marks = ", ".join("?" * len(columns.split(", ")))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks})"


_TASK = _insert(
    "tasks", f"{row.TASK_COLUMNS}, group_name, label, outcome, result, ended_at, duration_s"
)
_ATTEMPT = _insert("attempts", row.ATTEMPT_COLUMNS)
_EVENT = _insert("events", row.EVENT_COLUMNS)


def take_in(
    database: Database, records: Sequence[Record], *, with_environment: bool
) -> list[TaskKey]:
    """Keep those that are not there; returns their keys.

    One that is there as it is given is passed over; BadInput for one that differs. Without
    `with_environment` the variables of tasks are not compared.
    """
    view = LedgerView(database)
    new = []
    with database.transaction():
        for record in records:
            key = record.task.key
            if view.task(key) is None:
                _keep(database, record)
                new.append(key)
                reach("import.kept")
            elif differing := _differing(view.whole(key), record, with_environment):
                raise BadInput(
                    f"{key} is in the ledger already, with other {' and '.join(differing)}",
                    "nothing was imported; `ccpar-hybrid show` has the one that is there",
                )
    return new


def _differing(held: Record, given: Record, with_environment: bool) -> list[str]:
    if not with_environment:
        held, given = held.without_environment(), given.without_environment()
    return [part for part in _PARTS if getattr(held, part) != getattr(given, part)]


def _keep(database: Database, record: Record) -> None:
    outcome = record.outcome
    end: tuple[str | float | None, ...] = (None, None, None, None)
    if outcome is not None:
        ended_at = row.time_text(outcome.ended_at)
        end = (row.model_text(outcome), outcome.result.value, ended_at, outcome.duration_s)
    database.write(_TASK, *row.task_row(record.task), *end)
    database.write_many(_ATTEMPT, [row.attempt_row(each) for each in record.attempts])
    database.write_many(_EVENT, [row.event_row(each) for each in record.events])
    asked = [each for each in record.approvals if not _has(database, each.id)]
    database.write_many(approval.INSERT, [approval.approval_row(each) for each in asked])


def _has(database: Database, request_id: str) -> bool:
    query = "SELECT 1 FROM approvals WHERE request_id = ?"
    return database.row(query, request_id) is not None
