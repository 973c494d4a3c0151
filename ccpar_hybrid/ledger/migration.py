"""Brings a ledger's file to the schema of this version, once, whoever opens it first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import file_lock

_FOLDER = Path(__file__).parent / "migrations"
_WAIT_S = 30.0


@cache
def known_version() -> int:
    """The schema's version that this program writes."""
    return len(_files())


def bring_up_to_date(connection: sqlite3.Connection, path: str) -> None:
    """Apply the migrations that are missing, each in one transaction.

    Raises MissingPart for a file written by a newer program, or where the file system
    does not allow write-ahead logging; Refused if another process migrates for too long. A
    process that dies in here leaves the version before or after a migration.
    """
    refuse_newer(connection, path)
    if version_of(connection) == known_version() and _journal_mode(connection) == "wal":
        return
    # Two first openings at once: SQLite answers "locked" to the switch of the journal mode
    # without waiting, so they queue here.
    with file_lock(f"{path}.migration", wait_s=_WAIT_S):
        _use_write_ahead_log(connection, path)
        for number, file in _files()[version_of(connection) :]:
            _apply(connection, number, file.read_text(encoding="utf-8"))


def version_of(connection: sqlite3.Connection) -> int:
    """The schema's version that the file has; 0 is empty."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def refuse_newer(connection: sqlite3.Connection, path: str) -> None:
    """Raise MissingPart for a file that a newer program wrote."""
    found = version_of(connection)
    if found > known_version():
        raise MissingPart(
            f"{path} was written by a newer ccpar-hybrid (its schema is {found}, this program "
            f"knows {known_version()})",
            "update ccpar-hybrid, or use another state directory",
        )


def _journal_mode(connection: sqlite3.Connection) -> str:
    return str(connection.execute("PRAGMA journal_mode").fetchone()[0])


def _use_write_ahead_log(connection: sqlite3.Connection, path: str) -> None:
    mode = str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
    if mode != "wal":
        raise MissingPart(
            f"the file system of {path} does not allow SQLite's write-ahead log ({mode})",
            "put the state directory on a local disk",
        )


def _apply(connection: sqlite3.Connection, number: int, script: str) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        if version_of(connection) == number - 1:  # else a program of another age came before us
            for statement in _statements(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        reach("migration.applied")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends it itself on a full disk
            connection.execute("ROLLBACK")
        raise
    reach("migration.committed")


def _statements(script: str) -> Iterator[str]:
    # executescript() would commit first, and so tear the migration from its version.
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@cache
def _files() -> list[tuple[int, Path]]:
    found = sorted((int(file.name[:4]), file) for file in _FOLDER.glob("[0-9]*.sql"))
    assert [number for number, _ in found] == list(range(1, len(found) + 1)), found
    return found
