"""Tells whether somebody is adding a task just now: which is not lost then, only on its way.

Between the ledger and the scheduler a task is in one and not in the other. Whoever brings it
over holds a locked file that names its key; the kernel unlocks it when that process dies, and
the file that stays says what it left half done.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from ccpar_hybrid.core.task import TaskKey, is_key
from ccpar_hybrid.system.files import lock_holder
from ccpar_hybrid.system.paths import Paths, make_private


@contextlib.contextmanager
def adding(paths: Paths, keys: Sequence[TaskKey], *, durable: bool = False) -> Iterator[None]:
    """Say that this process is bringing these tasks to the scheduler, and no longer at the end.

    Also after an error: whoever raises it has taken the tasks back.
    """
    if not keys:
        yield
        return
    make_private(paths.state)
    directory = Path(make_private(str(_directory(paths))))
    path = directory / f"{os.getpid()}.{keys[0]}"
    partial = path.with_name(f"{path.name}~")  # nobody may see it before it is locked
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        os.write(descriptor, "".join(f"{key}\n" for key in keys).encode("ascii"))
        if durable:
            os.fsync(descriptor)
        partial.rename(path)
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


def under_way(paths: Paths) -> set[TaskKey]:
    """The tasks that living processes are adding."""
    return {key for path in _files(paths) if lock_holder(path) is not None for key in _keys(path)}


def left(paths: Paths) -> dict[Path, list[TaskKey]]:
    """What dead processes had begun to add, by their files: remove one when its tasks are in
    order."""
    return {path: _keys(path) for path in _files(paths) if lock_holder(path) is None}


def named(paths: Paths) -> set[TaskKey]:
    """The tasks of both."""
    return {key for path in _files(paths) for key in _keys(path)}


def _directory(paths: Paths) -> Path:
    return Path(paths.state, "adding")


def _files(paths: Paths) -> list[Path]:
    return sorted(each for each in _directory(paths).glob("*") if not each.name.endswith("~"))


def _keys(path: Path) -> list[TaskKey]:
    try:
        words = path.read_text(encoding="ascii", errors="replace").split()
    except OSError:
        return []
    return [TaskKey(word) for word in words if is_key(word)]
