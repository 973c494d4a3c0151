"""A ledger with some hundred tasks of many kinds, and ways to spoil its file."""

from __future__ import annotations

import os
import sqlite3
from datetime import timedelta
from pathlib import Path

from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome, Result
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import SOME_TIME, make_outcome, make_task

PAGE = 4096
Contents = dict[TaskKey, tuple[Task, Outcome | None, list[Attempt], list[Event]]]


def fill(ledger: Ledger, count: int = 80) -> None:
    """Settled, failed, restarted and open tasks, short ones and some of several pages."""
    ledger._database.rows("PRAGMA synchronous = OFF")  # a test's disk may be slow
    for number in range(count):
        prompt = f"{number} ä漢 " + "x" * (number % 7 * 2000)
        task = make_task(prompt, label=f"l{number}", group=f"g{number % 3}")
        ledger.add([task])
        if number % 4:
            _run(ledger, task, number)
        if number % 8 == 5:
            ledger.reopen(task.key)


def _run(ledger: Ledger, task: Task, number: int) -> None:
    at = SOME_TIME + timedelta(seconds=number)
    for _ in range(number % 3 + 1):
        attempt = ledger.begin_attempt(
            task.key, worker="s.w1", agent="claude", session_id="s", pueue_id=number, at=at
        )
    ledger.set_session(task.key, attempt.number, f"session-{number}")
    if number % 4 == 3:
        return
    cut_off = make_outcome(Result.INTERRUPTED, ended_at=at)
    for earlier in range(1, attempt.number):
        ledger.end_attempt(task.key, earlier, cut_off, settle=False, cause=Cause.WORKER_LOST)
    result = Result.FAILED if number % 4 == 2 else Result.SUCCEEDED
    ended = make_outcome(result, duration_s=number, ended_at=at + timedelta(seconds=1))
    ledger.end_attempt(task.key, attempt.number, ended, settle=True)


def contents(ledger: Ledger) -> Contents:
    """All that it holds."""
    return {
        task.key: (
            task,
            ledger.outcome(task.key),
            ledger.attempts(task.key),
            ledger.events(task.key),
        )
        for task in ledger.tasks(newest_first=False)
    }


def settle_log(path: Path) -> None:
    """Move the log into the file, so that damage to the file meets all of it."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    connection.close()


def overwrite(path: Path, at: int, data: bytes) -> None:
    """Spoil bytes of the file, in place."""
    descriptor = os.open(path, os.O_WRONLY)
    os.pwrite(descriptor, data, at)
    os.close(descriptor)
