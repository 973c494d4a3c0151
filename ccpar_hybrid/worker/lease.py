"""The right to run a key: a lock that the kernel releases when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import lock_holder
from ccpar_hybrid.system.paths import Paths, make_private


@contextlib.contextmanager
def lease(paths: Paths, key: str) -> Iterator[bool]:
    """Hold the key's lease inside the `with`; yields False if another process holds it."""
    path = Path(paths.lease(key))
    make_private(str(path.parent))
    descriptor = _lock(path)
    if descriptor is None:
        yield False
        return
    try:
        yield True
    finally:
        reach("lease.ending")
        path.unlink(missing_ok=True)  # while we hold it, so that nobody locks a removed file
        os.close(descriptor)


def is_leased(paths: Paths, key: str) -> bool:
    """Whether a living process holds the key's lease; takes nothing."""
    return lock_holder(paths.lease(key)) is not None


def _lock(path: Path) -> int | None:
    """Lock, then check that the file is still the one of that name: its last holder removes it."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        with contextlib.suppress(FileNotFoundError):
            if path.stat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor
        os.close(descriptor)
