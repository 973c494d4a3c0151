"""Asks living workers over their sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from ccpar_hybrid import __version__
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.worker import wire

_TIMEOUT_S = 2.0


def statuses(paths: Paths) -> dict[str, WorkerStatus]:
    """What every worker of this instance says of itself, by its id; silent ones are left out."""
    return {worker: status for worker in _names(paths) if (status := status_of(paths, worker))}


def _names(paths: Paths) -> Iterator[str]:
    try:
        yield from sorted(n for n in os.listdir(paths.workers) if not n.endswith("~"))  # noqa: PTH208
    except OSError:
        return


def status_of(paths: Paths, worker: str) -> WorkerStatus | None:
    """One worker's account; None if it does not answer.

    The state of one of another version may be unknown; see `is_outdated`.
    """
    reply = ask(paths, worker, {"type": wire.STATUS})
    told = reply.get("worker") if reply else None
    if not isinstance(told, dict):
        return None
    try:
        return WorkerStatus.model_validate(told)
    except ValidationError:
        return _stranger(worker, told)


def _stranger(worker: str, told: dict[str, Any]) -> WorkerStatus | None:
    """What can be told of a worker whose version says other things of itself than ours."""
    session, _, name = worker.rpartition(".")
    said = {field: told[field] for field in ("group", "pane", "pid", "version") if field in told}
    try:
        return WorkerStatus.model_validate(
            {"group": "", "pane": "", "pid": 0, "version": "unknown"}
            | said
            | {"name": name, "session": session, "wire": 0}
            | {"state": WorkerState.UNKNOWN, "since": datetime.now(UTC)}
            | {"key": told.get("key"), "draining": told.get("draining") is True}
        )
    except ValidationError:
        return None


def is_outdated(status: WorkerStatus) -> bool:
    """Whether the worker runs another version of this package than we do."""
    return status.version != __version__ or status.wire != wire.WIRE


def count_elsewhere(paths: Paths, session: str, group: str) -> int:
    """Workers of the group in other sessions of ours: all share one queue."""
    return sum(
        status.group == group and status.session != session and not status.draining
        for status in statuses(paths).values()
    )


def ask(paths: Paths, worker: str, message: wire.Message) -> wire.Message | None:
    """Send one request; None if the worker does not answer."""
    try:
        with wire.Link.connect(paths.worker_socket(worker), _TIMEOUT_S) as link:
            link.send(message)
            return link.receive()
    except (OSError, wire.WireError):
        return None
