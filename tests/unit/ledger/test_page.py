from __future__ import annotations

import random
import sqlite3
from pathlib import Path

import pytest

from ccpar_hybrid.ledger import page
from ccpar_hybrid.ledger.store import Ledger
from tests.support.full_ledger import fill, overwrite, settle_log


@pytest.fixture
def path(home: Path) -> Path:
    return home / "ledger" / "l.db"


def of_table(path: Path, table: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(path)
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()
    connection.close()
    return rows


def by_page(path: Path, width: int, *, numbered: bool) -> list[tuple[object, ...]]:
    found = [row for row in page.rows_in(str(path)) if len(row.fields) == width]
    mine = [row for row in found if (row.number is not None) == numbered]
    return [(row.number, *row.fields[1:]) if numbered else row.fields for row in mine]


def test_every_row_is_read_as_sqlite_reads_it_from_the_file_and_from_its_log(path: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        fill(ledger)
        for _ in range(2):
            assert sorted(by_page(path, 12, numbered=True)) == sorted(of_table(path, "tasks"))
            assert sorted(by_page(path, 6, numbered=True)) == sorted(of_table(path, "events"))
            attempts = of_table(path, "attempts")
            width = len(attempts[0])
            found = by_page(path, width, numbered=False)
            assert sorted(found, key=repr) == sorted(attempts, key=repr)
            settle_log(path)


def test_a_transaction_that_the_log_does_not_hold_whole_is_passed_over(path: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 3)
        log = path.with_name("l.db-wal").read_bytes()
        before = len(by_page(path, 12, numbered=True))
        fill(ledger, 1)
        torn = path.with_name("l.db-wal").read_bytes()[: len(log) + page._FRAME_HEADER + 100]
        copy = path.with_name("copy.db")
        copy.write_bytes(path.read_bytes())
        copy.with_name("copy.db-wal").write_bytes(torn)
        assert len(by_page(copy, 12, numbered=True)) == before == 3


def test_no_damage_is_too_much_to_be_read_past(path: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        fill(ledger, 40)
    settle_log(path)
    chance = random.Random(4)
    size = path.stat().st_size
    for _ in range(60):
        overwrite(path, chance.randrange(size), chance.randbytes(chance.randrange(1, 200)))
        for row in page.rows_in(str(path)):
            assert len(row.fields) < 2000


def test_a_file_that_is_not_there_has_no_rows(path: Path) -> None:
    assert list(page.rows_in(str(path))) == []
