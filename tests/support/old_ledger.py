"""Ledgers as earlier versions of the package left them."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger import migration, row
from tests.support.ledger import SOME_TIME, make_outcome, make_task

RUNNING, SETTLED = TaskKey("trunningx"), TaskKey("tsettledx")


def write_old_ledger(path: Path, version: int) -> None:
    """A file of that version: a settled task with one attempt, and one that runs."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    for _, file in migration._files()[:version]:
        connection.executescript(file.read_text(encoding="utf-8"))
    connection.execute(f"PRAGMA user_version = {version}")
    outcome = row.model_text(make_outcome())
    at = row.time_text(SOME_TIME)
    for key in (SETTLED, RUNNING):
        task = row.task_row(make_task(key, key=key))
        connection.execute(
            "INSERT INTO tasks (key, spec, source, created_at, pueue_id, group_name, label)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            task,
        )
        connection.execute(
            "INSERT INTO attempts (task_key, number, worker, agent, started_at, session_id)"
            " VALUES (?, 1, 'w1', 'claude', ?, 's')",
            (key, at),
        )
        connection.execute(
            "INSERT INTO events (task_key, at, kind, data) VALUES (?, ?, 'added', '{}')", (key, at)
        )
    connection.execute(
        "UPDATE tasks SET outcome = ?, result = 'succeeded', ended_at = ?, duration_s = 1"
        " WHERE key = ?",
        (outcome, at, SETTLED),
    )
    connection.execute("UPDATE attempts SET outcome = ? WHERE task_key = ?", (outcome, SETTLED))
    connection.close()
