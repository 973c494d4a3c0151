"""Mends a damaged ledger: a new file with all that could be saved takes its place at one stroke.

The damaged file is kept beside it. A process that dies in here leaves the damaged ledger, which
is refused, or the mended one; the next mending ends what one before it has begun.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.core.errors import Damaged
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger import salvage
from ccpar_hybrid.ledger.database import mended_file, refuse_unfinished
from ccpar_hybrid.ledger.gate import Gate, was_complete
from ccpar_hybrid.ledger.migration import bring_up_to_date, refuse_newer
from ccpar_hybrid.ledger.retell import retell
from ccpar_hybrid.ledger.trouble import told
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import sync_directory

_WAIT_S = 60.0
_PLACE = "ledger-mending-"
_LOGS = ("-wal", "-shm")


@dataclass(frozen=True)
class Mended:
    """What was wrong, what the new ledger holds, and where the old one is.

    `nameless`: keys of tasks of which no more than the key is known. `unreadable`: records that
    were found and say nonsense.
    """

    trouble: str
    aside: str
    tasks: int
    attempts: int
    events: int
    nameless: tuple[TaskKey, ...] = ()
    unreadable: int = 0


def mend(path: str) -> Mended | None:
    """Replace the ledger if it is not whole; None if it is, or was never there.

    Raises NoRoom and MissingPart as opening does, also for a ledger of a newer program.
    """
    if not Path(path).exists() and not was_complete(path):
        return None
    with told(path), contextlib.closing(Gate(path)) as gate, gate.alone(_WAIT_S):
        _clear_places(path)
        unfinished = Path(mended_file(path)).exists()
        return _swap(path, "its mending was cut off") if unfinished else _mend(path)


def _mend(path: str) -> Mended | None:
    with _place(path) as place:
        copy, new = _copied(path, place), str(place / "new.db")
        saved = salvage.read(copy)
        trouble = _trouble(path, copy, saved)
        if trouble is None:
            return None
        retell(saved)
        _write(new, copy, saved)
        reach("mend.written")
        Path(new).replace(mended_file(path))
    sync_directory(Path(path).parent)
    reach("mend.ready")
    return _swap(path, trouble, _nameless(saved), saved.unreadable)


def _trouble(path: str, copy: str, saved: salvage.Saved) -> str | None:
    """What is wrong with the ledger, of which the copy was just read; None: nothing is."""
    try:
        refuse_unfinished(path)
        with contextlib.closing(sqlite3.connect(copy, isolation_level=None)) as connection:
            refuse_newer(connection, path)
            found = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            strays = connection.execute("PRAGMA foreign_key_check").fetchall()
    except Damaged as error:
        return error.message.rpartition(": ")[2]
    except sqlite3.DatabaseError as error:
        return str(error)
    if found != "ok":
        return found.replace("*** in database main ***\n", "")
    if strays:
        return f"{len(strays)} records belong to no task"
    return f"{saved.unreadable} records cannot be read" if saved.unreadable else None


def _nameless(saved: salvage.Saved) -> tuple[TaskKey, ...]:
    """Tasks that others tell of and that are not there."""
    told_of = {attempt.key for attempt in saved.attempts.values()}
    told_of |= {event.key for event in saved.events.values()}
    return tuple(sorted(told_of - saved.tasks.keys()))


def _write(new: str, copy: str, saved: salvage.Saved) -> None:
    """A whole ledger in one file, on the disk."""
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
        bring_up_to_date(connection, new)
        connection.execute("BEGIN IMMEDIATE")
        for table, rows in salvage.rows_of(saved).items():
            columns = salvage.TABLES[table]
            marks = ", ".join("?" * len(columns))
            statement = f"INSERT INTO {table} ({', '.join(_order(table))}) VALUES ({marks})"
            connection.executemany(statement, rows)
        connection.execute("COMMIT")
        _copy_other_tables(connection, copy)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    Path(new).chmod(0o600)


def _order(table: str) -> tuple[str, ...]:
    from ccpar_hybrid.ledger import row

    orders = {"attempts": row.ATTEMPT_COLUMNS, "events": f"id, {row.EVENT_COLUMNS}"}
    return tuple(orders[table].split(", ")) if table in orders else salvage.TABLES[table]


def _copy_other_tables(connection: sqlite3.Connection, copy: str) -> None:
    """What is no task's history, such as accounts: as far as SQLite can read it."""
    query = "SELECT name FROM main.sqlite_schema WHERE type = 'table'"
    names = {str(found[0]) for found in connection.execute(query)} - salvage.TABLES.keys()
    with contextlib.suppress(sqlite3.Error):
        connection.execute("ATTACH ? AS damaged", (copy,))
        for name in sorted(names):
            _copy_table(connection, name)
        connection.execute("DETACH damaged")


def _copy_table(connection: sqlite3.Connection, name: str) -> None:
    columns = ", ".join(r[1] for r in connection.execute(f"PRAGMA main.table_info({name})"))
    with contextlib.suppress(sqlite3.Error):
        connection.execute(
            f"INSERT OR IGNORE INTO main.{name} ({columns}) SELECT {columns} FROM damaged.{name}"
        )


def _swap(
    path: str, trouble: str, nameless: tuple[TaskKey, ...] = (), unreadable: int = 0
) -> Mended:
    """Set the damaged file aside, and let the mended one take its place."""
    aside = _aside(path)
    if Path(path).exists() and not Path(aside).exists():
        os.link(path, aside)
    for log in _LOGS:
        # SQLite would play the old log into the new file.
        if Path(f"{path}{log}").exists():
            Path(f"{path}{log}").replace(f"{aside}{log}")
    reach("mend.aside")
    counts = _counts(mended_file(path))
    Path(mended_file(path)).replace(path)
    sync_directory(Path(path).parent)
    reach("mend.replaced")
    return Mended(trouble, aside, *counts, nameless, unreadable)


def _aside(path: str) -> str:
    """A new name for the damaged file, or the one that a mending before has given it."""
    place = Path(path)
    if place.exists():
        for other in place.parent.glob(f"{place.stem}-damaged-*{place.suffix}"):
            if other.samefile(place):
                return str(other)
    moment = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    return str(place.with_name(f"{place.stem}-damaged-{moment}{place.suffix}"))


def _counts(path: str) -> tuple[int, int, int]:
    uri = f"{Path(path).as_uri()}?immutable=1"
    with contextlib.closing(sqlite3.connect(uri, uri=True)) as connection:
        tasks, attempts, events = (
            int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in salvage.TABLES
        )
    return tasks, attempts, events


def _copied(path: str, place: Path) -> str:
    """A copy with its log. Nobody commits meanwhile; the log comes first, for whoever closes the
    file may move it into the file."""
    copy = str(place / "copy.db")
    for name, target in ((f"{path}-wal", f"{copy}-wal"), (path, copy)):
        with contextlib.suppress(FileNotFoundError):
            shutil.copyfile(name, target)
    return copy


@contextlib.contextmanager
def _place(path: str) -> Iterator[Path]:
    """A private directory beside the ledger, removed afterwards."""
    place = Path(tempfile.mkdtemp(prefix=_PLACE, dir=Path(path).parent))
    try:
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _clear_places(path: str) -> None:
    for left in Path(path).parent.glob(f"{_PLACE}*"):
        shutil.rmtree(left, ignore_errors=True)
