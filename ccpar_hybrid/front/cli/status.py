"""Counts by group and of requests, for `list`, `status` and the monitor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ccpar_hybrid.app.approval_view import SHORT
from ccpar_hybrid.app.snapshot import Snapshot, TaskState
from ccpar_hybrid.front.cli.output import count

_RUNNING = (TaskState.RUNNING, TaskState.WAITING, TaskState.PAUSED, TaskState.OFFERED)
_QUEUED = (TaskState.QUEUED, TaskState.BLOCKED, TaskState.DELAYED)


def queues(seen: Snapshot, group: str | None, default: str) -> list[dict[str, Any]]:
    """One document for each group that has workers or tasks of ours, or is the default one."""
    counts: dict[str, Counter[str]] = {}
    for view in seen.tasks:
        if not view.is_ended:
            counts.setdefault(view.task.spec.group, Counter())[view.state.value] += 1
    workers = Counter(worker.group for worker in seen.workers)
    names = sorted({*counts, *workers, *({default} & set(seen.groups))})
    return [
        _queue(seen, name, workers[name], counts.get(name, Counter()))
        for name in names
        if group in (None, name)
    ]


def _queue(seen: Snapshot, name: str, workers: int, counts: Counter[str]) -> dict[str, Any]:
    known = seen.groups.get(name)
    return {
        "name": name,
        "workers": workers,
        "slots": known.slots if known else None,
        "paused": known.paused if known else None,
        "states": dict(sorted(counts.items())),
    }


def queue_rows(documents: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    """The same for a table: running, waiting for a person, held, queued."""
    return [
        (
            document["name"],
            str(document["workers"]),
            "?" if document["slots"] is None else str(document["slots"]),
            str(_sum(document, _RUNNING)),
            str(_sum(document, (TaskState.WAITING,))),
            str(_sum(document, (TaskState.HELD,))),
            str(_sum(document, _QUEUED)),
            "paused: pueue start -g " + document["name"] if document["paused"] else "",
        )
        for document in documents
    ]


def asking_words(requests: int) -> str:
    """How many requests wait for a person, and where they are; empty for none."""
    if not requests:
        return ""
    verb = "waits" if requests == 1 else "wait"
    return f"{count(requests, 'request')} {verb} for your answer: ccpar-hybrid approvals list"


def waiting_words(detail: str, requests: Sequence[str]) -> str:
    """What a task's agent waits for a person for."""
    return with_request(detail, requests) if requests else f"waiting for you: {detail}"


def with_request(detail: str, requests: Sequence[str]) -> str:
    """What an agent waits for, before it the id of its request, if that can be answered by it."""
    if not requests:
        return detail
    more = f" and {len(requests) - 1} more" if len(requests) > 1 else ""
    return f"[{requests[0][:SHORT]}{more}] {detail}"


def _sum(document: dict[str, Any], states: tuple[TaskState, ...]) -> int:
    return sum(document["states"].get(state.value, 0) for state in states)
