"""Reads the logs of attempts, also while they grow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from ccpar_hybrid.app import snapshot
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.task import TaskKey

_LOOK_S = 0.2
_CHUNK = 1 << 20


def tail(app: App, key: TaskKey, number: int | None, *, follow: bool) -> Iterator[str]:
    """The log of one attempt (None: the last); with `follow`, all that comes until the task ends.

    Undecodable bytes come as lone surrogates' replacement characters.
    """
    position, current = 0, number
    while True:
        is_over = not follow or _is_over(app, key)
        last = app.ledger.last_attempts([key]).get(key)
        newest = number or (last.number if last else None)
        if newest is not None and newest != current:
            position, current = 0, newest
        if newest is not None:
            for data in _read(Path(app.paths.attempt(key, newest), "output.log"), position):
                position += len(data)
                yield data.decode("utf-8", "replace")
        if is_over:
            return
        time.sleep(_LOOK_S)


def _read(path: Path, position: int) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            file.seek(position)
            while data := file.read(_CHUNK):
                yield data
    except FileNotFoundError:
        return


def _is_over(app: App, key: TaskKey) -> bool:
    """Asked before reading, so that nothing written before the end is missed."""
    if app.ledger.outcome(key) is not None:
        return True
    task = app.ledger.task(key)
    return task is None or snapshot.take(app, [task]).tasks[0].is_ended
