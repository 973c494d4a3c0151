"""Durable private files, and locks between processes."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path

from ccpar_hybrid.core.errors import Refused

_LOCK_RETRY_S = 0.02
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


def write_private(
    path: str | os.PathLike[str], text: str, *, durable: bool = True, mode: int = 0o600
) -> None:
    """Replace the file's content at one stroke, on the disk when this returns.

    Readers see the old text or the new one. The directory must exist. Raises OSError. Not
    `durable`: a power cut may lose it, and the disk is not waited for.
    """
    write_private_lines(path, (text,), durable=durable, mode=mode)


def write_private_lines(
    path: str | os.PathLike[str],
    lines: Iterable[str],
    *,
    durable: bool = True,
    mode: int = 0o600,
) -> None:
    """As `write_private`, with texts that are made while they are written."""
    target = Path(path)
    descriptor, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="surrogateescape") as file:
            os.fchmod(descriptor, mode)
            file.writelines(lines)
            if durable:
                file.flush()
                os.fsync(file.fileno())
        Path(partial).replace(target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    if durable:
        sync_directory(target.parent)


@contextlib.contextmanager
def file_lock(path: str | os.PathLike[str], *, wait_s: float) -> Iterator[None]:
    """Hold the file's lock, alone on this machine; the kernel releases it with the process.

    Waits up to `wait_s` seconds, then raises Refused with the holder's pid. The file stays:
    removing it would let two processes lock two files of one name.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, Path(path), time.monotonic() + wait_s)
        with contextlib.suppress(OSError):  # a full disk: the lock holds, its holder is unnamed
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def lock_holder(path: str | os.PathLike[str]) -> int | None:
    """The process that holds the file's lock (0: it has not said who it is); None where none."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _pid_in(descriptor)
    finally:
        os.close(descriptor)
    return None


def is_no_room(error: OSError) -> bool:
    """Whether the system refused a write for want of room: a full disk, a quota, a limit."""
    return error.errno in _NO_ROOM


def remove_own(path: Path, inode: int) -> None:
    """Remove the path if it is still the file of that inode, and no successor's of this name."""
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_ino == inode:
            path.unlink()


def _take(descriptor: int, path: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise _held(descriptor, path) from None
        time.sleep(_LOCK_RETRY_S)  # flock knows no time limit


def _pid_in(descriptor: int) -> int:
    text = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip()
    return int(text) if text.isdigit() else 0


def _held(descriptor: int, path: Path) -> Refused:
    holder = _pid_in(descriptor) or "unknown"
    return Refused(f"{path.name} is held by process {holder}", "wait for it to end, or end it")


def sync_directory(directory: Path) -> None:
    """Return when the names in the directory are on the disk."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
