"""The ledger's SQLite file: opened privately, written in short exclusive transactions."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.ledger.gate import Gate, was_complete
from ccpar_hybrid.ledger.migration import bring_up_to_date
from ccpar_hybrid.ledger.trouble import damaged, told
from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.paths import make_private

_BUSY_S = 30.0
_LOG_LIMIT = 16 << 20
"""Bytes of the write-ahead log beyond which a writer insists on emptying it."""
_TRIM_WAIT_S = 1.0
_TRIM_PAUSE_S = 10.0
Value = str | int | float | None
Rows = list[tuple[Any, ...]]


class Database:
    """One connection. Threads may share it: their calls are made one after the other.

    Where the file was replaced by a mended one, the next call goes on in that.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: str, gate: Gate | None = None, inode: int = 0
    ) -> None:
        """Without a gate the database can only be read, and is not followed."""
        self._connection = connection
        self._path = path
        self._gate = gate
        self._inode = inode
        self._lock = threading.RLock()
        self._trim_after = 0.0

    @classmethod
    def open(cls, path: str) -> Database:
        """Open or create the file (0600, in a 0700 directory) with the schema of this version.

        Raises Damaged, NoRoom or MissingPart, with why, where that is impossible.
        """
        with told(path):
            refuse_unfinished(path)
            _make_private_file(path)
            inode = os.stat(path).st_ino  # noqa: PTH116 - asked at every call
            connection = _connect(path)
            try:
                return cls(connection, path, Gate(path), inode)
            except BaseException:
                connection.close()
                raise

    def close(self) -> None:
        """Give the file back; may be called again."""
        with self._lock:
            self._connection.close()
            if self._gate is not None:
                self._gate.close()
                self._gate = None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """Everything in the block is written, on the disk, or nothing; waits for other writers."""
        with self._lock, told(self._path), self._begun():
            try:
                yield
                reach("ledger.commit")
                self._connection.execute("COMMIT")
                reach("ledger.committed")
            except BaseException:
                self._take_back()
                raise
        self._trim_log()

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """All that is read in the block was so at one moment. Keep it short: the log grows.

        Inside a transaction that is so without it.
        """
        with self._lock, told(self._path):
            if self._connection.in_transaction:
                yield
                return
            self._follow()
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._take_back()

    def write(self, statement: str, *values: Value) -> int:
        """Change rows inside a transaction; returns how many."""
        return self._connection.execute(statement, values).rowcount

    def write_many(self, statement: str, rows: Sequence[Sequence[Value]]) -> None:
        """The same statement for each row, inside a transaction."""
        self._connection.executemany(statement, rows)

    def rows(self, query: str, *values: Value) -> Rows:
        """All rows of a query."""
        with self._lock, told(self._path):
            if not self._connection.in_transaction:
                self._follow()
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: Value) -> tuple[Any, ...] | None:
        """The first row of a query."""
        found = self.rows(query, *values)
        return found[0] if found else None

    # --- the file may be replaced under us

    @contextlib.contextmanager
    def _begun(self) -> Iterator[None]:
        """An open transaction in the file that is the ledger now, and stays it."""
        if self._gate is None:
            raise MissingPart(f"the ledger {self._path} is open for reading only, or closed")
        while True:
            self._follow()
            self._connection.execute("BEGIN IMMEDIATE")
            with self._gate.shared():
                if not self._is_replaced():
                    yield
                    return
            self._take_back()

    def _follow(self) -> None:
        """Go on in the file that has taken the place of ours."""
        if self._gate is None or not self._is_replaced():
            return
        refuse_unfinished(self._path)
        inode = os.stat(self._path).st_ino  # noqa: PTH116
        connection = _connect(self._path)
        self._connection.close()
        self._connection, self._inode = connection, inode

    def _is_replaced(self) -> bool:
        try:
            if os.stat(self._path).st_ino != self._inode:  # noqa: PTH116 - at every call
                return True
        except FileNotFoundError:
            return True
        return os.path.exists(mended_file(self._path))  # noqa: PTH110 - as above

    def _take_back(self) -> None:
        if not self._connection.in_transaction:  # SQLite ends it itself on a full disk
            return
        try:
            self._connection.execute("ROLLBACK")
        except sqlite3.Error:
            # A connection that stays in its transaction could never be used again.
            self._inode = 0

    def _trim_log(self) -> None:
        """Readers who overlap for ever keep SQLite from emptying its log by itself."""
        now = time.monotonic()
        if now < self._trim_after or _size(f"{self._path}-wal") <= _LOG_LIMIT:
            return
        self._trim_after = now + _TRIM_PAUSE_S
        with self._lock, contextlib.suppress(sqlite3.Error):
            self._connection.execute(f"PRAGMA busy_timeout = {int(_TRIM_WAIT_S * 1000)}")
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            self._connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")


def mended_file(path: str) -> str:
    """Where a mended ledger stands until it takes the damaged one's place."""
    return f"{path}.mended"


def refuse_unfinished(path: str) -> None:
    """Damaged for a ledger that is gone or empty, though it was there, or is half mended."""
    if Path(mended_file(path)).exists():
        raise damaged(path, "its mending was cut off")
    if was_complete(path) and _size(path) == 0:
        raise damaged(path, "it is empty" if Path(path).exists() else "it is gone")


def _connect(path: str) -> sqlite3.Connection:
    """To a file that is there; with the schema of this version afterwards."""
    connection = sqlite3.connect(
        f"file:{quote(path)}?mode=rw",
        uri=True,
        timeout=_BUSY_S,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        # A task that `add` has confirmed survives a power cut as well.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA journal_size_limit = {_LOG_LIMIT}")
        bring_up_to_date(connection, path)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_private_file(path: str) -> None:
    make_private(str(Path(path).parent))
    # SQLite gives the -wal and -shm files the mode of this one.
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        if os.fstat(descriptor).st_mode & 0o077:
            os.fchmod(descriptor, 0o600)
    finally:
        os.close(descriptor)


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size  # noqa: PTH116 - after every commit
    except FileNotFoundError:
        return 0
