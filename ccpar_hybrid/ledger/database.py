"""The ledger's SQLite file: opened privately, written in short exclusive transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ccpar_hybrid.core.errors import BadInput, MissingPart
from ccpar_hybrid.ledger.migration import bring_up_to_date
from ccpar_hybrid.system.paths import UnsafePath, make_private

_BUSY_S = 30.0
Value = str | int | float | None
Rows = list[tuple[Any, ...]]


class Database:
    """One connection. Threads may share it: their calls are made one after the other."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.RLock()

    @classmethod
    def open(cls, path: str) -> Database:
        """Open or create the file (0600, in a 0700 directory) with the schema of this version.

        Raises MissingPart, with why, where that is impossible.
        """
        with _told(path):
            _make_private_file(path)
            connection = sqlite3.connect(
                path, timeout=_BUSY_S, isolation_level=None, check_same_thread=False
            )
            try:
                connection.execute("PRAGMA foreign_keys = ON")
                # A task that `add` has confirmed survives a power cut as well.
                connection.execute("PRAGMA synchronous = FULL")
                bring_up_to_date(connection, path)
            except BaseException:
                connection.close()
                raise
        return cls(connection, path)

    def close(self) -> None:
        """Give the file back; may be called again."""
        with self._lock:
            self._connection.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block is written, on the disk, or nothing; waits for other writers."""
        with self._lock, _told(self._path):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite ends it itself on a full disk
                    self._connection.execute("ROLLBACK")
                raise

    def write(self, statement: str, *values: Value) -> int:
        """Change rows inside a transaction; returns how many."""
        return self._connection.execute(statement, values).rowcount

    def write_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """The same statement for each row, inside a transaction."""
        self._connection.executemany(statement, rows)

    def rows(self, query: str, *values: Value) -> Rows:
        """All rows of a query."""
        with self._lock, _told(self._path):
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Value) -> tuple[Any, ...] | None:
        """The first row of a query."""
        found = self.rows(query, *values)
        return found[0] if found else None


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Turns what SQLite and the system say into words for people."""
    try:
        yield
    except UnicodeEncodeError as error:
        raise BadInput(*not_utf8(error)) from error
    except (sqlite3.OperationalError, sqlite3.DatabaseError, OSError, UnsafePath) as error:
        if isinstance(error, sqlite3.IntegrityError):
            raise
        raise MissingPart(
            f"the ledger {path} cannot be used: {error}", "check the file, its disk and its owner"
        ) from error


def not_utf8(error: Exception) -> tuple[str, str]:
    """Message and hint for text that holds bytes which are no text."""
    return f"text that is not UTF-8 cannot be kept: {error}", "give the text as UTF-8"


def _make_private_file(path: str) -> None:
    make_private(str(Path(path).parent))
    # SQLite gives the -wal and -shm files the mode of this one.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)
