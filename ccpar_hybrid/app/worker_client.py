"""Asks living workers over their sockets."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pydantic import ValidationError

from ccpar_hybrid.core.worker import WorkerStatus
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
    """One worker's account; None if it does not answer, or not in our words."""
    reply = ask(paths, worker, {"type": wire.STATUS})
    try:
        return WorkerStatus.model_validate(reply["worker"]) if reply else None
    except (ValidationError, KeyError):
        return None


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
