"""What SQLite and the system say of the ledger's file, in words for people."""

from __future__ import annotations

import contextlib
import errno
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.core.errors import BadInput, CcparError, Damaged, MissingPart, NoRoom
from ccpar_hybrid.system.files import is_no_room
from ccpar_hybrid.system.paths import UnsafePath

MEND_HINT = "`ccpar-hybrid ledger mend` saves what it holds and sets it aside"
_ROOM_HINT = "free some space and try again; workers go on by themselves"
_LITTLE = 1 << 20
"""With fewer bytes free than this, a write that failed has failed for want of room."""

_NOT_WRITABLE = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_PRIMARY = 0xFF
"""SQLite's extended error codes hold the primary one in their lowest byte."""


@contextlib.contextmanager
def told(path: str) -> Iterator[None]:
    """An error of SQLite or of the system in here is raised as one of ours.

    sqlite3.IntegrityError passes: it tells of rows, and the caller knows what they mean.
    """
    try:
        yield
    except UnicodeEncodeError as error:
        raise BadInput(*not_utf8(error)) from error
    except sqlite3.IntegrityError:
        raise
    except (sqlite3.Error, OSError, UnsafePath) as error:
        raise trouble_of(error, path) from error


def trouble_of(error: Exception, path: str) -> CcparError:
    """Damaged, NoRoom, or MissingPart with what else is wrong with the file."""
    if isinstance(error, sqlite3.Error):
        return _of_database(error, path)
    if isinstance(error, OSError) and is_no_room(error):
        return _no_room(path)
    if isinstance(error, OSError) and error.errno in _NOT_WRITABLE:
        return _not_writable(path, error)
    return _other(path, error)


def damaged(path: str, why: object) -> Damaged:
    """The error for a file that is not whole."""
    return Damaged(f"the ledger {path} is damaged: {why}", MEND_HINT)


def not_utf8(error: Exception) -> tuple[str, str]:
    """Message and hint for text that holds bytes which are no text."""
    return f"text that is not UTF-8 cannot be kept: {error}", "give the text as UTF-8"


def _of_database(error: sqlite3.Error, path: str) -> CcparError:
    code = getattr(error, "sqlite_errorcode", 0) & _PRIMARY  # missing on errors of the module
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return damaged(path, error)
    if code == sqlite3.SQLITE_FULL or (code == sqlite3.SQLITE_IOERR and _is_full(path)):
        return _no_room(path)
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM):
        return _not_writable(path, error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        hint = "try again; if it stays so, look for a process that holds it: `fuser -v` names it"
        return MissingPart(f"the ledger {path} is held by another process: {error}", hint)
    return _other(path, error)


def _no_room(path: str) -> NoRoom:
    return NoRoom(f"no space left on the device of the ledger {path}", _ROOM_HINT)


def _not_writable(path: str, error: Exception) -> MissingPart:
    hint = "check its owner and mode, and whether its disk is mounted for reading only"
    return MissingPart(f"the ledger {path} may not be written: {error}", hint)


def _other(path: str, error: Exception) -> MissingPart:
    hint = "check the file, its disk and its owner"
    return MissingPart(f"the ledger {path} cannot be used: {error}", hint)


def _is_full(path: str) -> bool:
    try:
        return shutil.disk_usage(Path(path).parent).free < _LITTLE
    except OSError:
        return False
