"""The JSON of tasks and workers, as docs/json.md promises it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from ccpar_hybrid.app.snapshot import TaskView
from ccpar_hybrid.core.outcome import Attempt, Event, Outcome, Usage
from ccpar_hybrid.core.worker import WorkerStatus


def task_document(view: TaskView) -> dict[str, Any]:
    """One row of `list`."""
    spec, attempt, outcome = view.task.spec, view.attempt, view.outcome
    return {
        "key": view.key,
        "id": view.pueue_id,
        "label": spec.label,
        "state": view.state.value,
        "detail": view.detail,
        "group": spec.group,
        "priority": spec.priority,
        "agent": spec.agent,
        "directory": spec.directory,
        "source": view.task.source.value,
        "after": list(view.after),
        "worker": view.worker or (attempt.worker.partition(".")[2] if attempt else None),
        "attempts": attempt.number if attempt else 0,
        "created_at": _time(view.task.created_at),
        "not_before": _time(view.not_before),
        "started_at": _time(attempt.started_at if attempt else None),
        "ended_at": _time(outcome.ended_at if outcome else None),
        "outcome": outcome_document(outcome),
        "requests": list(view.requests),
    }


def outcome_document(outcome: Outcome | None) -> dict[str, Any] | None:
    """How a task or an attempt ended."""
    if outcome is None:
        return None
    return {
        "result": outcome.result.value,
        "exit_code": outcome.exit_code,
        "reason": outcome.reason,
        "session_id": outcome.session_id,
        "duration_s": outcome.duration_s,
        "usage": usage_document(outcome.usage),
        "last_message": outcome.last_message,
    }


def usage_document(usage: Usage) -> dict[str, Any]:
    """Tokens by kind, and cost in US dollars or null."""
    return {**usage.model_dump(), "total_tokens": usage.total_tokens}


def show_document(view: TaskView, attempts: list[Attempt], events: list[Event]) -> dict[str, Any]:
    """All that is known of one task; the values of its environment are left out."""
    spec = view.task.spec
    return {
        **task_document(view),
        "prompt": spec.prompt,
        "model": spec.model,
        "permission_mode": spec.permission_mode,
        "allowed_tools": list(spec.allowed_tools),
        "context": list(spec.context),
        "environment": sorted(spec.environment),
        "timeout_s": spec.timeout_s,
        "retries": spec.retries,
        "backoff_s": spec.backoff_s,
        "idle_s": spec.idle_s,
        "on_limit": spec.on_limit.value if spec.on_limit else None,
        "ignore_reserve": spec.ignore_reserve,
        "memory_mib": spec.memory_mib,
        "cpus": spec.cpus,
        "attempt_list": [_attempt(attempt) for attempt in attempts],
        "events": [
            {"at": _time(e.at), "kind": e.kind, "attempt": e.attempt, "data": e.data}
            for e in events
        ],
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {
        "number": attempt.number,
        "worker": attempt.worker,
        "agent": attempt.agent,
        "session_id": attempt.session_id,
        "started_at": _time(attempt.started_at),
        "start": attempt.start.value,
        "round": attempt.round,
        "cause": attempt.cause.value if attempt.cause else None,
        "outcome": outcome_document(attempt.outcome),
    }


def worker_document(status: WorkerStatus) -> dict[str, Any]:
    """What a worker says of itself."""
    return {**status.model_dump(mode="json"), "since": _time(status.since)}


def _time(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None
