from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import Damaged, MissingPart
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.ledger.mend import Mended, mend
from ccpar_hybrid.ledger.store import Ledger
from tests.support.full_ledger import PAGE, Contents, contents, fill, overwrite, settle_log
from tests.support.ledger import make_task


@pytest.fixture
def path(home: Path) -> Path:
    return home / "ledger" / "ledger.db"


def filled(path: Path) -> Contents:
    with Ledger.open(str(path)) as ledger:
        fill(ledger)
        held = contents(ledger)
    settle_log(path)
    return held


def mended(path: Path) -> tuple[Mended, Contents]:
    told = mend(str(path))
    assert told is not None
    with Ledger.open(str(path)) as ledger:
        held = contents(ledger)
        assert ledger._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert ledger._database.rows("PRAGMA foreign_key_check") == []
    assert (told.tasks, told.attempts) == (len(held), sum(len(each[2]) for each in held.values()))
    assert mend(str(path)) is None
    return told, held


def root_of(path: Path, table: str) -> int:
    connection = sqlite3.connect(path)
    query = "SELECT rootpage FROM sqlite_schema WHERE name = ?"
    found = int(connection.execute(query, (table,)).fetchone()[0])
    connection.close()
    return found


def leaf_of(path: Path, text: bytes) -> int:
    """The number of the page on which the text stands."""
    return path.read_bytes().index(text) // PAGE + 1


def test_a_whole_ledger_is_left_as_it_is(path: Path) -> None:
    held = filled(path)
    before = path.stat().st_ino
    assert mend(str(path)) is None
    assert path.stat().st_ino == before
    with Ledger.open(str(path)) as ledger:
        assert contents(ledger) == held


def test_where_there_never_was_a_ledger_nothing_is_made(path: Path) -> None:
    path.parent.mkdir(mode=0o700)
    assert mend(str(path)) is None
    assert list(path.parent.iterdir()) == []


def test_a_spoiled_beginning_costs_nothing(path: Path) -> None:
    held = filled(path)
    overwrite(path, 0, b"no ledger, but words " * 100)
    with pytest.raises(Damaged, match="not a database"):
        Ledger.open(str(path))
    told, saved = mended(path)
    assert saved == held
    assert told.nameless == ()
    aside = Path(told.aside)
    assert aside.read_bytes().startswith(b"no ledger")
    assert aside.stat().st_mode & 0o777 == path.stat().st_mode & 0o777 == 0o600
    assert told.trouble == "file is not a database"


@pytest.mark.parametrize("table", ["tasks", "attempts", "events"])
def test_a_spoiled_root_of_a_table_costs_nothing_that_stands_elsewhere(
    path: Path, table: str
) -> None:
    held = filled(path)
    overwrite(path, (root_of(path, table) - 1) * PAGE, b"\0" * PAGE)
    _, saved = mended(path)
    if table != "attempts":  # an inner page of these holds rows of its own: events retell them
        assert saved == held
    assert {key: each[0] for key, each in saved.items()} == {k: e[0] for k, e in held.items()}
    for key, (_, outcome, attempts, events) in saved.items():
        assert outcome == held[key][1]
        assert [each.number for each in attempts] == [each.number for each in held[key][2]]
        assert events == held[key][3]


def test_a_spoiled_page_costs_the_tasks_on_it_and_says_which(path: Path) -> None:
    held = filled(path)
    overwrite(path, (leaf_of(path, "50 ä漢 ".encode()) - 1) * PAGE, b"\xff" * PAGE)
    told, saved = mended(path)
    lost = held.keys() - saved.keys()
    assert 1 <= len(lost) <= 20
    assert set(told.nameless) == lost
    assert saved == {key: held[key] for key in saved}


def test_a_file_that_was_cut_keeps_what_stands_before_the_cut(path: Path) -> None:
    held = filled(path)
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size // 2 + 100)
    _, saved = mended(path)
    assert len(saved) > 20
    for key, (task, _, attempts, _) in saved.items():
        assert task == held[key][0]
        assert [each.number for each in attempts] == list(range(1, len(attempts) + 1))


def test_what_only_the_log_holds_is_saved(path: Path, home: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 20)
        held = contents(ledger)
        log = path.with_name("ledger.db-wal").read_bytes()
    other = home / "other" / "ledger.db"
    Ledger.open(str(other)).close()
    other.write_bytes(b"")
    other.with_name("ledger.db-wal").write_bytes(log)
    told, saved = mended(other)
    assert saved == held
    assert told.trouble == "it is empty"
    assert Path(f"{told.aside}-wal").exists()


def test_a_ledger_that_is_gone_is_begun_anew_when_asked(path: Path) -> None:
    filled(path)
    path.unlink()
    told, saved = mended(path)
    assert (saved, told.trouble) == ({}, "it is gone")


@pytest.mark.parametrize(
    ("spoil", "kept"),
    [
        ("UPDATE events SET at = 'soon' WHERE id % 20 = 3", "all tasks"),
        ("UPDATE tasks SET spec = '{}' WHERE id = 4", "but one"),
        ("UPDATE tasks SET outcome = '{}' WHERE outcome IS NOT NULL", "all tasks"),
    ],
)
def test_records_that_say_nonsense_go_and_the_others_stay(
    path: Path, spoil: str, kept: str
) -> None:
    held = filled(path)
    connection = sqlite3.connect(path)
    connection.execute(spoil)
    connection.commit()
    connection.close()
    _, saved = mended(path)
    assert len(held) - len(saved) == (kept == "but one")
    results = {key: each[1].result for key, each in saved.items() if each[1]}
    assert results == {k: e[1].result for k, e in held.items() if e[1] and k in saved}


def test_a_task_whose_newest_row_is_lost_is_not_run_again_if_its_events_say_it_was_done(
    path: Path,
) -> None:
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 8)
        held = contents(ledger)
    connection = sqlite3.connect(path)
    # As an old copy of the row would be: the events alone know better.
    connection.execute("UPDATE tasks SET outcome = NULL, result = NULL, ended_at = NULL")
    connection.execute("DELETE FROM attempts")
    connection.commit()
    connection.close()
    settle_log(path)
    overwrite(path, 0, b"\0" * 100)
    _, saved = mended(path)
    for key, (_, outcome, attempts, _) in saved.items():
        expected = held[key][1]
        assert (outcome.result if outcome else None) == (expected.result if expected else None)
        known = [(a.number, a.worker, a.start, a.started_at, a.cause) for a in held[key][2]]
        assert [(a.number, a.worker, a.start, a.started_at, a.cause) for a in attempts] == known
    assert any(outcome and outcome.result is Result.FAILED for _, outcome, _, _ in saved.values())


def test_a_newer_ledger_is_no_damaged_one(path: Path) -> None:
    filled(path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(MissingPart, match="newer ccpar-hybrid"):
        mend(str(path))
    assert not list(path.parent.glob("ledger-*"))


def test_who_has_the_damaged_file_open_goes_on_in_the_mended_one(path: Path) -> None:
    with Ledger.open(str(path)) as open_before:
        fill(open_before, 10)
        held = contents(open_before)
        settle_log(path)
        overwrite(path, 0, b"\0" * 100)
        told, saved = mended(path)
        assert saved == held
        task = make_task("later")
        open_before.add([task])
        with Ledger.open(str(path)) as anew:
            assert anew.task(task.key) == task
    with Ledger.open(str(path)) as at_last:
        assert contents(at_last).keys() == held.keys() | {task.key}
    assert Path(told.aside).exists()


def test_while_a_mending_is_half_done_nobody_writes(path: Path) -> None:
    acts: list[Callable[[Ledger], object]] = [
        lambda ledger: ledger.add([make_task()]),
        lambda ledger: ledger.tasks(),
    ]
    with Ledger.open(str(path)) as ledger:
        path.with_name("ledger.db.mended").touch()
        for act in acts:
            with pytest.raises(Damaged, match="cut off"):
                act(ledger)
    with pytest.raises(Damaged, match="cut off"):
        Ledger.open(str(path))
