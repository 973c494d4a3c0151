from __future__ import annotations

import os
import resource
import signal
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import Damaged, MissingPart, NoRoom
from ccpar_hybrid.ledger.store import Ledger
from tests.support.ledger import make_outcome, make_task
from tests.support.waiting import wait_until

WRITER = """
import sys
from tests.support.ledger import SOME_TIME, make_outcome, make_task
from ccpar_hybrid.ledger.store import Ledger
path, shared, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
with Ledger.open(path) as ledger:
    print("open", flush=True)
    number = 0
    while number < count:
        number += 1
        task = make_task(str(number))
        ledger.add([task])
        start = {"worker": "w", "agent": "a", "session_id": None, "pueue_id": None, "at": SOME_TIME}
        ledger.begin_attempt(shared, **start)
        attempt = ledger.begin_attempt(task.key, **start)
        ledger.end_attempt(task.key, attempt.number, make_outcome(), settle=True)
"""


def start_writer(path: Path, shared: str, count: int) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[3]
    return subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path), shared, str(count)],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(root)},
    )


def test_the_files_are_private_whatever_the_umask(home: Path) -> None:
    before = os.umask(0)
    try:
        with Ledger.open(str(home / "state" / "ledger.db")) as ledger:
            ledger.add([make_task()])
            modes = {
                entry.name: entry.stat().st_mode & 0o777 for entry in (home / "state").iterdir()
            }
    finally:
        os.umask(before)
    assert (home / "state").stat().st_mode & 0o777 == 0o700
    assert {"ledger.db", "ledger.db-wal", "ledger.db-shm"} <= set(modes)
    assert set(modes.values()) == {0o600}


def test_a_file_that_others_could_read_is_closed_to_them(home: Path) -> None:
    path = home / "state" / "ledger.db"
    Ledger.open(str(path)).close()
    path.chmod(0o644)
    Ledger.open(str(path)).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_newer_ledger_is_refused_in_words(home: Path) -> None:
    path = home / "state" / "ledger.db"
    Ledger.open(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(MissingPart, match="newer ccpar-hybrid") as refused:
        Ledger.open(str(path))
    assert "update" in refused.value.hint


def test_a_file_that_is_no_ledger_is_refused_in_words(home: Path) -> None:
    path = home / "state" / "ledger.db"
    path.parent.mkdir(mode=0o700)
    path.write_text("these are not the records you look for\n" * 100)
    with pytest.raises(Damaged, match="not a database") as refused:
        Ledger.open(str(path))
    assert "ledger mend" in refused.value.hint


def test_a_place_that_is_not_ours_is_refused_in_words(home: Path) -> None:
    with pytest.raises(MissingPart, match="cannot be used"):
        Ledger.open("/proc/nowhere/ledger.db")
    (home / "elsewhere").mkdir()
    (home / "link").symlink_to(home / "elsewhere")
    with pytest.raises(MissingPart, match="not a directory"):
        Ledger.open(str(home / "link" / "ledger.db"))


def test_several_processes_create_and_write_one_ledger_at_once(home: Path) -> None:
    path = home / "state" / "ledger.db"
    shared = make_task()
    writers = [start_writer(path, shared.key, 0) for _ in range(3)]
    assert [writer.communicate(timeout=60)[0] for writer in writers] == [b"open\n"] * 3
    with Ledger.open(str(path)) as ledger:
        ledger.add([shared])
        writers = [start_writer(path, shared.key, 8) for _ in range(16)]
        for writer in writers:
            writer.communicate(timeout=100)
        assert [writer.returncode for writer in writers] == [0] * 16
        assert len(ledger.tasks()) == 129
        numbers = [attempt.number for attempt in ledger.attempts(shared.key)]
        assert numbers == list(range(1, 129))


def test_a_writer_that_finds_no_room_goes_on_when_there_is(home: Path) -> None:
    path = home / "state" / "ledger.db"
    with Ledger.open(str(path)) as ledger:
        ledger.add([make_task("x" * 20_000)])
        size = path.with_name("ledger.db-wal").stat().st_size
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 8192, hard))
        try:
            with pytest.raises((NoRoom, MissingPart), match="ledger"):
                ledger.add([make_task("x" * 20_000), make_task("x" * 20_000)])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert len(ledger.tasks()) == 1
        ledger.add([make_task()])
    _assert_whole(path)


@pytest.mark.slow
def test_a_killed_writer_leaves_a_whole_ledger(home: Path) -> None:
    path = home / "state" / "ledger.db"
    shared = make_task()
    with Ledger.open(str(path)) as ledger:
        ledger.add([shared])
    for round_number in range(6):
        written = path.with_name("ledger.db-wal")
        with start_writer(path, shared.key, 10**6) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            _wait_for_growth(written, round_number)
            writer.send_signal(signal.SIGKILL)
        _assert_whole(path)


def test_a_ledger_of_many_thousands_is_read_by_index(home: Path) -> None:
    with Ledger.open(str(home / "state" / "ledger.db")) as ledger:
        tasks = [make_task(str(number), label=f"l{number}") for number in range(5000)]
        ledger.add(tasks)
        for task in tasks[:20]:
            ledger.settle(task.key, make_outcome())
        assert ledger.with_label("l4999") == [tasks[4999]]
        assert len(ledger.outcomes([task.key for task in tasks])) == 20
        plans = [
            "SELECT * FROM tasks WHERE label = 'x' ORDER BY id DESC",
            "SELECT * FROM tasks WHERE key = 'x'",
            "SELECT * FROM tasks WHERE outcome IS NULL ORDER BY id DESC",
            "SELECT group_name, count(*) FROM tasks WHERE outcome IS NULL GROUP BY group_name",
            "SELECT * FROM tasks WHERE ended_at IS NOT NULL ORDER BY ended_at DESC, id DESC",
            "SELECT * FROM events WHERE task_key = 'x' ORDER BY id DESC",
        ]
        for query in plans:
            told = ledger._database.rows(f"EXPLAIN QUERY PLAN {query}")
            assert "USING" in told[0][3], (query, told)


def _wait_for_growth(file: Path, round_number: int) -> None:
    # A different amount in each round, so that the kill meets other moments.
    wanted = 5_000 * (round_number + 1)
    wait_until(lambda: file.exists() and file.stat().st_size > wanted, message="rows are written")


def _assert_whole(path: Path) -> None:
    with Ledger.open(str(path)) as ledger:
        assert ledger._database.rows("PRAGMA integrity_check") == [("ok",)]
        assert ledger._database.rows("PRAGMA foreign_key_check") == []
        for task in ledger.tasks(limit=20):
            attempts = ledger.attempts(task.key)
            kinds = [event.kind for event in ledger.events(task.key)]
            assert kinds.count("attempt-started") == len(attempts)
            assert ("settled" in kinds) == (ledger.outcome(task.key) is not None)
