"""Copies of Pueue's state: what it knew before it died, and which groups a person had paused.

A daemon that starts changes its state (it ends what ran, pauses groups), and replaces a file that
it cannot read by an empty one. So a copy is taken while all is in order, and before a start.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

from ccpar_hybrid.app import life
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.scheduler import pueue_state
from ccpar_hybrid.scheduler.base import Job, QueueSnapshot
from ccpar_hybrid.system.files import write_private
from ccpar_hybrid.system.paths import Paths, make_private

KEPT = 6
APART_S = 600.0
"""The newest copy is replaced by the next; older ones stay that are so far apart."""
_COPY, _DAMAGED = "state-", "damaged-"


@dataclass(frozen=True)
class Copy:
    """What Pueue had in its file when it was last written, at `written_at` (aware)."""

    queue: QueueSnapshot
    written_at: datetime
    file: Path

    @cached_property
    def by_task(self) -> dict[TaskKey, Job]:
        """The job that stood for each task then."""
        return self.queue.by_task()


def keep_copy(app: App) -> None:
    """Copy Pueue's state if it is whole and has changed. Short; changes nothing of Pueue's.

    Only while the queue is in order: see `recovery.recover`, which does this by itself.
    """
    try:
        file = pueue_state.state_file(app.environment)
        with file.open("rb") as stream:
            written_ns = file.stat().st_mtime_ns
            copy = _directory(app.paths) / f"{_COPY}{written_ns:020d}.json"
            if copy.exists():
                return
            text = stream.read().decode("utf-8", "surrogateescape")
    except OSError:
        return
    if pueue_state.is_whole(text):
        with contextlib.suppress(OSError):  # a full disk: the copy before stays
            write_private(_made(app.paths) / copy.name, text, durable=False)
            _thin_out(app.paths)


def newest(app: App) -> Copy | None:
    """The newest copy that can be read."""
    for file in _copies(app.paths):
        try:
            queue = pueue_state.read_text(file.read_text("utf-8", "surrogateescape"))
        except OSError:
            continue
        if queue is not None:
            return Copy(queue, _time_of(file), file)
    return None


def before_start(app: App) -> None:
    """Keep what a dead daemon has left, before the next one changes it.

    A file that is damaged is kept as well, for people to look into.
    """
    try:
        text = pueue_state.state_file(app.environment).read_text("utf-8", "surrogateescape")
    except OSError:
        return
    if not pueue_state.is_whole(text):
        name = f"{_DAMAGED}{time.time_ns():020d}.json"
        with contextlib.suppress(OSError):
            write_private(_made(app.paths) / name, text)
    elif _is_of_ordered_life(app):
        keep_copy(app)


def damaged_since(paths: Paths, moment: datetime | None) -> Path | None:
    """The newest damaged state file that was kept since then."""
    found = sorted(_directory(paths).glob(f"{_DAMAGED}*.json"))
    if not found or (moment is not None and _time_of(found[-1]) < moment):
        return None
    return found[-1]


def _is_of_ordered_life(app: App) -> bool:
    """Whether the last daemon is one whose queue was in order: else the pauses in its file may be
    its own, and the copy before tells more."""
    pid, ordered = pueue_state.daemon_pid(app.environment), life.load(app.paths).ordered
    return pid is None or ordered is None or ordered.partition(".")[0] == str(pid)


def _thin_out(paths: Paths) -> None:
    """Of the last three, the middle one goes if it is not far enough from the oldest of them."""
    copies = _copies(paths)
    if len(copies) > 2 and (_time_of(copies[1]) - _time_of(copies[2])).total_seconds() < APART_S:
        copies.pop(1).unlink(missing_ok=True)
    for old in copies[KEPT:]:
        old.unlink(missing_ok=True)


def _copies(paths: Paths) -> list[Path]:
    return sorted(_directory(paths).glob(f"{_COPY}*.json"), reverse=True)


def _time_of(file: Path) -> datetime:
    digits = file.stem.rpartition("-")[2]
    return datetime.fromtimestamp(int(digits) / 1e9 if digits.isdigit() else 0.0, UTC)


def _directory(paths: Paths) -> Path:
    return Path(paths.state, "pueue")


def _made(paths: Paths) -> Path:
    make_private(paths.state)
    return Path(make_private(str(_directory(paths))))
