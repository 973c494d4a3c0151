"""Keeps a task from starting its agent while the machine has too little memory or disk.

An agent takes its memory some seconds after its start. So that the workers do not all start
into the same free memory, each start is noted in a file that they share, and counts for a
while as memory that is taken.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from ccpar_hybrid.core.settings import MachineSettings
from ccpar_hybrid.system.machine import Room, available_memory_bytes, disk_room
from ccpar_hybrid.worker.hold import Held, Question

STARTING_S = 5.0
"""So long a start counts; a Claude Code has its memory by then."""
_TRIES, _TRY_AGAIN_S = 50, 0.002
_MIB = 1 << 20
_STEP_MIB = 10
_SHARE_OF_DISK = 2
"""Of a small file system at most this part is asked for: all of 512 MiB may be a whole one."""


@dataclass(frozen=True)
class Probe:
    """How the machine is looked at: free memory, room of a place, seconds since the boot."""

    memory: Callable[[], int | None] = available_memory_bytes
    disk: Callable[[str], Room | None] = disk_room
    now: Callable[[], float] = time.monotonic


class MachineHold:
    """Asks of the machine what the settings want free before each start."""

    def __init__(
        self,
        settings: MachineSettings,
        starts: str,
        worker: str,
        places: Mapping[str, str],
        probe: Probe | None = None,
    ) -> None:
        """`starts` is the shared file, `places` are named directories that need room."""
        self._settings = settings
        self._starts = starts
        self._worker = worker
        self._places = dict(places)
        self._probe = probe or Probe()

    def held(self, question: Question) -> Held | None:
        """None: there is room, and this start is noted."""
        return self._disk(question) or self._memory(question)

    def _disk(self, question: Question) -> Held | None:
        places = {**self._places, "task": question.task.spec.directory}
        for name, path in places.items():
            room = self._probe.disk(path) if self._settings.free_disk_mib else None
            if room is None:
                continue
            wanted = min(self._settings.free_disk_mib * _MIB, room.size // _SHARE_OF_DISK)
            if room.free < wanted:
                figures = f"{_free(room.free, wanted)} ({name}: {path})"
                return Held("waits for disk", figures=figures)
        return None

    def _memory(self, question: Question) -> Held | None:
        available = self._probe.memory() if self._settings.free_memory_mib else None
        if available is None:
            return None
        with _shared(self._starts) as file:
            now = self._probe.now()
            starts = {
                worker: start
                for worker, start in file.read().items()
                if worker != self._worker and 0 <= now - start[0] <= STARTING_S
            }
            taken = sum(start[1] for start in starts.values())
            wanted = self._settings.free_memory_mib + taken
            if available < wanted * _MIB:
                others = f" ({len(starts)} just started)" if starts else ""
                figures = f"{_free(available, wanted * _MIB)}{others}"
                return Held("waits for memory", figures=figures)
            file.write({**starts, self._worker: (now, question.agent.start_memory_mib)})
        return None


def _free(free: int, wanted: int) -> str:
    """In steps so coarse that a label which shows it changes seldom."""
    return f"{free // _MIB // _STEP_MIB * _STEP_MIB:,} of {wanted // _MIB:,} MiB free"


_Starts = Mapping[str, tuple[float, int]]
"""By worker: when its last agent was let go, and the MiB that it will take."""


class _File:
    """The open shared file, locked; `descriptor` None: there is none, and nobody is known."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def read(self) -> _Starts:
        if self._descriptor is None:
            return {}
        try:
            found = json.loads(os.pread(self._descriptor, 1 << 20, 0))
            return {str(name): (float(at), int(mib)) for name, (at, mib) in found.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            return {}

    def write(self, starts: _Starts) -> None:
        if self._descriptor is not None:
            with contextlib.suppress(OSError):  # a full disk is told by the other probe
                os.ftruncate(self._descriptor, 0)
                os.pwrite(self._descriptor, json.dumps(starts).encode(), 0)


def _lock(descriptor: int) -> None:
    """Alone, if that is soon possible: one that was stopped in here must not stop all others."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError:
            time.sleep(_TRY_AGAIN_S)


@contextlib.contextmanager
def _shared(path: str) -> Iterator[_File]:
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        yield _File(None)
        return
    try:
        _lock(descriptor)
        yield _File(descriptor)
    finally:
        os.close(descriptor)
