from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import Damaged, MissingPart, NoRoom
from ccpar_hybrid.ledger import database as database_module
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.ledger.trouble import told
from tests.support.ledger import make_outcome, make_task


@pytest.fixture
def path(home: Path) -> str:
    return str(home / "ledger" / "l.db")


@pytest.fixture
def ledger(path: str) -> Iterator[Ledger]:
    with Ledger.open(path) as opened:
        yield opened


def limit_pages(ledger: Ledger, more: int) -> None:
    """Let the file grow by so many pages and then be full, as a disk would."""
    used = ledger._database.rows("PRAGMA page_count")[0][0]
    ledger._database.rows(f"PRAGMA max_page_count = {used + more}")


def test_a_full_disk_is_told_and_leaves_the_whole_change_or_nothing(ledger: Ledger) -> None:
    first = make_task()
    ledger.add([first])
    limit_pages(ledger, 2)
    with pytest.raises(NoRoom, match="no space left") as refused:
        ledger.add([make_task("x" * 5000) for _ in range(10)])
    assert "by themselves" in refused.value.hint
    assert ledger.tasks() == [first]
    limit_pages(ledger, 1000)
    ledger.add([make_task("x" * 5000)])
    assert len(ledger.tasks()) == 2


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_what_the_system_says_of_a_full_disk_is_told_as_such(path: str, number: int) -> None:
    with pytest.raises(NoRoom), told(path):
        raise OSError(number, "words")


def test_a_file_that_may_not_be_written_is_told_as_such(ledger: Ledger) -> None:
    ledger._database.rows("PRAGMA query_only = ON")
    with pytest.raises(MissingPart, match="may not be written") as refused:
        ledger.add([make_task()])
    assert not isinstance(refused.value, NoRoom | Damaged)


def test_a_ledger_that_another_holds_is_told_as_such(path: str, ledger: Ledger) -> None:
    ledger._database.rows("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(MissingPart, match="held by another process"):
        ledger.add([make_task()])
    other.close()
    ledger.add([make_task()])
    assert len(ledger.tasks()) == 1


@pytest.mark.parametrize(
    ("statement", "read"),
    [
        ("UPDATE tasks SET outcome = '{}', result = 'failed', ended_at = '2025'", "outcome"),
        ("UPDATE tasks SET spec = '{}'", "tasks"),
        ("UPDATE attempts SET start = 'sideways'", "attempts"),
        ("UPDATE attempts SET started_at = 'late'", "attempts"),
        ("UPDATE events SET at = 'soon'", "events"),
    ],
)
def test_a_record_that_says_nonsense_is_damage(ledger: Ledger, statement: str, read: str) -> None:
    task = make_task()
    ledger.add([task])
    start = {"worker": "w", "agent": "a", "session_id": None, "pueue_id": None}
    ledger.begin_attempt(task.key, **start, at=task.created_at)  # type: ignore[arg-type]
    with ledger._database.transaction():
        ledger._database.write(statement)
    ask = getattr(ledger, read)
    with pytest.raises(Damaged, match=task.key) as refused:
        ask() if read == "tasks" else ask(task.key)
    assert "ledger mend" in refused.value.hint


def test_a_replaced_file_is_followed_by_who_has_the_old_one_open(path: str, ledger: Ledger) -> None:
    old = make_task("old")
    ledger.add([old])
    with Ledger.open(f"{path}.other") as other:
        other.add([make_task("new")])
    Path(path).rename(f"{path}.aside")
    Path(f"{path}-wal").unlink()
    Path(f"{path}-shm").unlink()
    Path(f"{path}.other").rename(path)
    assert [task.spec.prompt for task in ledger.tasks()] == ["new"]
    ledger.add([make_task("newer")])
    with Ledger.open(path) as again:
        assert [task.spec.prompt for task in again.tasks()] == ["newer", "new"]


def test_a_ledger_that_is_gone_is_not_begun_anew_in_silence(path: str, ledger: Ledger) -> None:
    Path(path).unlink()
    for act in (lambda: ledger.add([make_task()]), ledger.tasks, lambda: Ledger.open(path)):
        with pytest.raises(Damaged, match="it is gone"):
            act()
    assert not Path(path).exists()


def test_a_ledger_that_was_emptied_is_not_begun_anew_in_silence(path: str) -> None:
    Ledger.open(path).close()
    Path(path).write_bytes(b"")
    with pytest.raises(Damaged, match="it is empty"):
        Ledger.open(path)


def test_the_log_is_emptied_once_a_long_reader_has_ended(
    path: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_LOG_LIMIT", 100_000)
    monkeypatch.setattr(database_module, "_TRIM_PAUSE_S", 0.0)
    monkeypatch.setattr(database_module, "_TRIM_WAIT_S", 0.01)
    log = Path(f"{path}-wal")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM tasks").fetchone()
    for _ in range(20):
        ledger.add([make_task("x" * 20_000)])
    assert log.stat().st_size > 300_000
    reader.close()
    ledger.add([make_task()])
    assert log.stat().st_size < 100_000
    assert len(ledger.tasks()) == 21


def test_what_is_read_in_one_block_was_so_at_one_moment(path: str, ledger: Ledger) -> None:
    task = make_task()
    ledger.add([task])
    with Ledger.open(path) as other, ledger._database.reading():
        assert ledger.outcome(task.key) is None
        other.settle(task.key, make_outcome())
        assert ledger.outcome(task.key) is None
    assert ledger.outcome(task.key) == make_outcome()
