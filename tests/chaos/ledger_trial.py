"""A trial for each point of the ledger: a process dies there, and its file is as if that
process had never begun, or as if it had come to its end."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from tests.chaos.point import VARIABLE

_OPEN = """\
import sys
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import SOME_TIME, make_outcome, make_task
ledger = Ledger.open(sys.argv[1])
first, second = (make_task(key=TaskKey(key)) for key in ("tfirstaaa", "tsecondaa"))
def begin():
    ledger.begin_attempt(first.key, worker="w", agent="claude", session_id="s", pueue_id=1,
                         at=SOME_TIME)
"""
_ADD = "ledger.add([first, second])\n"
_BEGIN = "begin()\n"
_END = "ledger.end_attempt(first.key, 1, make_outcome(), settle=True)\n"
_SUBMIT = "ledger.submitted({first.key: 1, second.key: 2})\n"

STEPS: Mapping[str, tuple[str, str]] = {
    "ledger.add": ("", _ADD),
    "ledger.register": ("", "ledger.register(first)\n"),
    "ledger.submitted": (_ADD, _SUBMIT),
    "ledger.begin": (_ADD, _BEGIN),
    "ledger.session": (_ADD + _BEGIN, "ledger.set_session(first.key, 1, 'other')\n"),
    "ledger.end": (_ADD + _BEGIN, _END),
    "ledger.settle": (_ADD + _BEGIN, _END),
    "ledger.reopen": (_ADD + _BEGIN + _END, "ledger.reopen(first.key)\n"),
    "ledger.commit": ("", _ADD),
    "ledger.committed": ("", _ADD),
    "migration.applied": ("", ""),
    "migration.committed": ("", ""),
}
"""By the point: what is done before, and the step in which the process dies."""

IS_THERE = frozenset({"ledger.committed", "migration.committed"})
"""Points after which the step stays."""


def run(file: Path, words: str, fault: str = "") -> int:
    """Do this to the ledger in a process of its own; its exit code."""
    done = subprocess.run(
        [sys.executable, "-c", _OPEN + words, str(file)],
        env={VARIABLE: fault},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode in (0, -9), done.stderr
    return done.returncode


def content(file: Path) -> list[str]:
    """All that stands in the ledger but for the moments at which events were told."""
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = sorted(name for (name,) in names if not name.startswith("sqlite"))
        rows: list[str] = []
        for table in tables:
            rows += [table, *sorted(map(str, _rows(connection, table)))]
        return rows


def _rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    wanted = [name for name in columns if (table, name) != ("events", "at")]
    return connection.execute(f"SELECT {', '.join(wanted)} FROM {table}").fetchall()
