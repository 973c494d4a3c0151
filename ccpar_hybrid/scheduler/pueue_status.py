"""Reads Pueue's state, as `pueue status --json` and the socket give it (Pueue 4.0.4)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from ccpar_hybrid.scheduler.base import Group, Job, JobEnd, JobState, QueueSnapshot
from ccpar_hybrid.scheduler.command import identity_of, named_by

_STATES = {
    "Locked": JobState.HELD,
    "Stashed": JobState.HELD,
    "Queued": JobState.QUEUED,
    "Running": JobState.RUNNING,
    "Paused": JobState.PAUSED,
    "Done": JobState.ENDED,
}
_ENDS = {
    "Success": JobEnd.SUCCEEDED,
    "Failed": JobEnd.FAILED,
    "FailedToSpawn": JobEnd.NOT_STARTED,
    "Killed": JobEnd.KILLED,
    # The daemon lost sight of the process: nobody knows its code, so it is no success.
    "Errored": JobEnd.FAILED,
    "DependencyFailed": JobEnd.SKIPPED,
}
_GROUP_PAUSED = {"Running": False, "Paused": True, "Reset": True}
_Meaning = TypeVar("_Meaning")
_NEVER_RAN = frozenset({JobEnd.SKIPPED, JobEnd.NOT_STARTED})


class UnknownState(Exception):
    """Pueue says something that this program does not know; guessing could lose a task."""


def read_state(state: Mapping[str, Any]) -> QueueSnapshot:
    """The whole state; raises UnknownState for anything that is not as in Pueue 4.0."""
    try:
        jobs = [_job(task) for task in state["tasks"].values()]
        groups = [_group(name, group) for name, group in state["groups"].items()]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnknownState(f"{type(error).__name__}: {error}") from error
    return QueueSnapshot(
        jobs={job.id: job for job in jobs}, groups={group.name: group for group in groups}
    )


def _job(task: Mapping[str, Any]) -> Job:
    word, fields = _tagged(task["status"])
    command = task["original_command"]
    key, by_hand = named_by(command)
    end, exit_code = _end(fields["result"]) if word == "Done" else (None, None)
    return Job(
        id=task["id"],
        key=key,
        by_hand=by_hand,
        identity=identity_of(task["created_at"], command) if by_hand else None,
        command=command,
        directory=task["path"],
        group=task["group"],
        label=task["label"],
        priority=task["priority"],
        after=tuple(task["dependencies"]),
        state=_known(_STATES, word),
        created_at=datetime.fromisoformat(task["created_at"]),
        enqueued_at=_time(fields.get("enqueued_at")),
        not_before=_time(fields.get("enqueue_at")),
        # Pueue gives skipped tasks a start as well.
        started_at=None if end in _NEVER_RAN else _time(fields.get("start")),
        ended_at=_time(fields.get("end")),
        end=end,
        exit_code=exit_code,
    )


def _group(name: str, group: Mapping[str, Any]) -> Group:
    paused = _known(_GROUP_PAUSED, group["status"])
    return Group(name=name, slots=group["parallel_tasks"], paused=paused)


def _end(result: object) -> tuple[JobEnd, int | None]:
    word, value = _tagged(result)
    end = _known(_ENDS, word)
    if end is JobEnd.SUCCEEDED:
        return end, 0
    return end, value if isinstance(value, int) else None


def _tagged(value: Any) -> tuple[str, Any]:
    """Rust's externally tagged enumeration: a bare word, or one word with its content."""
    if isinstance(value, str):
        return value, {}
    ((word, content),) = value.items()
    return word, content


def _known(words: Mapping[str, _Meaning], word: str) -> _Meaning:
    if word not in words:
        raise UnknownState(f"{word!r} is not one of {', '.join(words)}")
    return words[word]


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
