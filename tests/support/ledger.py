"""Tasks and outcomes for tests."""

from __future__ import annotations

from datetime import UTC, datetime

from ccpar_hybrid.core.outcome import Outcome, Result, Usage
from ccpar_hybrid.core.task import Task, TaskKey, TaskSource, TaskSpec, new_key

SOME_TIME = datetime(2025, 3, 1, 12, 0, 0, 123456, tzinfo=UTC)


def make_task(
    prompt: str = "Fix it",
    *,
    key: TaskKey | None = None,
    label: str | None = None,
    group: str = "subissues",
) -> Task:
    """A task with a fresh key."""
    spec = TaskSpec(prompt=prompt, directory="/srv", label=label, group=group)
    return Task(key=key or new_key(), spec=spec, source=TaskSource.ADDED, created_at=SOME_TIME)


def make_outcome(
    result: Result = Result.SUCCEEDED,
    *,
    duration_s: float = 1.0,
    ended_at: datetime = SOME_TIME,
    usage: Usage | None = None,
) -> Outcome:
    """An outcome whose exit code fits its result."""
    return Outcome(
        result=result,
        exit_code=0 if result is Result.SUCCEEDED else 1,
        reason="as asked",
        ended_at=ended_at,
        duration_s=duration_s,
        usage=usage or Usage(),
    )
