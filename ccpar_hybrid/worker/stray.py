"""A record of a run's processes, for the case that its worker is killed.

The mark in the environment finds most of what a killed worker leaves; a process that has another
environment, and another session, is found by this record alone. It lies in the runtime
directory, so a reboot forgets it; a pid that is another process's by now is told by its start.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.paths import Paths, UnsafePath, make_private
from ccpar_hybrid.system.process import is_alive, process

_LOOK_S = 1.0


class Strays:
    """The record of one run, kept while it lasts; one that cannot be written is left out."""

    def __init__(self, paths: Paths, key: TaskKey) -> None:
        self._file = Path(paths.processes, key)
        self._noted_at = -math.inf
        self._noted: list[tuple[int, int, int]] = []

    def note(self, tree: Callable[[], Sequence[int]], now: float) -> None:
        """Note which processes there are, once a second."""
        if now - self._noted_at < _LOOK_S:
            return
        self._noted_at = now
        known = filter(None, map(process, tree()))
        seen = sorted((one.pid, one.start_ticks, one.pgid) for one in known)
        if seen == self._noted:
            return
        self._noted = seen
        with contextlib.suppress(OSError, UnsafePath):
            make_private(str(self._file.parent))
            write_private(self._file, json.dumps(seen), durable=False)

    def forget(self) -> None:
        """The run has ended, and nothing of it is left."""
        self._file.unlink(missing_ok=True)


def strays(paths: Paths, key: TaskKey) -> list[int]:
    """The living processes of a run's record."""
    return [pid for pid, start_ticks, _ in _read(paths, key) if _is_same(pid, start_ticks)]


def stray_groups(paths: Paths, key: TaskKey) -> set[int]:
    """The process groups of a run's record."""
    return {group for _, _, group in _read(paths, key)}


def _read(paths: Paths, key: TaskKey) -> list[tuple[int, int, int]]:
    try:
        noted = json.loads(Path(paths.processes, key).read_bytes())
        return [(int(pid), int(start_ticks), int(group)) for pid, start_ticks, group in noted]
    except (OSError, ValueError, TypeError):
        return []


def recorded(paths: Paths) -> list[TaskKey]:
    """Keys of runs that go on, or whose worker was killed."""
    try:
        return [TaskKey(name) for name in sorted(os.listdir(paths.processes))]  # noqa: PTH208
    except OSError:
        return []


def _is_same(pid: int, start_ticks: int) -> bool:
    info = process(pid)
    return info is not None and info.start_ticks == start_ticks and is_alive(pid)
