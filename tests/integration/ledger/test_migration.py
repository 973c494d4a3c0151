"""From every earlier version to the newest, once, whoever comes first and whoever dies."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.core.outcome import Start
from ccpar_hybrid.ledger.migration import known_version
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import make_outcome
from tests.support.old_ledger import RUNNING, SETTLED, write_old_ledger

OPENER = """
import sys
from ccpar_hybrid.ledger.store import Ledger
with Ledger.open(sys.argv[1]) as ledger:
    print(len(ledger.tasks()))
"""


def opener(path: Path, **variables: str) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[3])
    return subprocess.Popen(
        [sys.executable, "-c", OPENER, str(path)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": root, **variables},
    )


def assert_as_it_was(path: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        assert {task.key for task in ledger.tasks()} == {RUNNING, SETTLED}
        assert ledger.outcomes([RUNNING, SETTLED]) == {SETTLED: make_outcome()}
        (attempt,) = ledger.attempts(RUNNING)
        assert (attempt.start, attempt.round, attempt.session_id) == (Start.FRESH, 1, "s")
        (ended,) = ledger.attempts(SETTLED)
        assert ended.outcome == make_outcome()
        assert [event.kind for event in ledger.events(RUNNING)] == ["added"]
        assert ledger._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert ledger._database.rows("PRAGMA user_version") == [(known_version(),)]


def version_in(path: Path) -> int:
    connection = sqlite3.connect(path)
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    connection.close()
    return found


@pytest.mark.parametrize("version", range(1, known_version()))
def test_an_older_ledger_is_brought_up_to_date_with_all_that_it_holds(
    home: Path, version: int
) -> None:
    path = home / "state" / "ledger.db"
    write_old_ledger(path, version)
    assert_as_it_was(path)


def test_several_programs_that_open_an_old_ledger_at_once_migrate_it_once(home: Path) -> None:
    path = home / "state" / "ledger.db"
    write_old_ledger(path, 1)
    openers = [opener(path) for _ in range(4)]
    assert [each.communicate(timeout=60)[0] for each in openers] == [b"2\n"] * 4
    assert_as_it_was(path)


@pytest.mark.parametrize(
    ("point", "version"), [("migration.applied", 1), ("migration.committed", 2)]
)
def test_a_migration_that_is_cut_off_leaves_a_version_and_no_mixture(
    home: Path, point: str, version: int
) -> None:
    path, armed = home / "state" / "ledger.db", home / "armed"
    write_old_ledger(path, 1)
    armed.touch()
    cut_off = opener(path, CCPAR_FAULT=f"{point}:{armed}")
    cut_off.communicate(timeout=60)
    assert cut_off.returncode == -signal.SIGKILL
    assert version_in(path) == version
    assert_as_it_was(path)


def test_a_first_opening_that_is_cut_off_is_done_by_the_next(home: Path) -> None:
    path, armed = home / "state" / "ledger.db", home / "armed"
    armed.touch()
    cut_off = opener(path, CCPAR_FAULT=f"migration.applied:{armed}")
    cut_off.communicate(timeout=60)
    assert cut_off.returncode == -signal.SIGKILL
    assert opener(path).communicate(timeout=60)[0] == b"0\n"
