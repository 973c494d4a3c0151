from __future__ import annotations

from typing import Any

import pytest

from ccpar_hybrid.scheduler.base import JobEnd, JobState
from ccpar_hybrid.scheduler.pueue_status import UnknownState, read_state

AT = "2025-03-01T12:00:00.123456789+01:00"
RAN = {"enqueued_at": AT, "start": AT}


def state_of(status: object, group: object = "Running") -> dict[str, Any]:
    task = {
        "id": 3,
        "created_at": AT,
        "original_command": "make",
        "command": "make",
        "path": "/srv",
        "envs": {},
        "group": "g",
        "dependencies": [1, 2],
        "priority": 0,
        "label": None,
        "status": status,
    }
    return {"tasks": {"3": task}, "groups": {"g": {"status": group, "parallel_tasks": 2}}}


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ({"Locked": {"previous_status": {"Queued": {"enqueued_at": AT}}}}, JobState.HELD),
        ({"Stashed": {"enqueue_at": None}}, JobState.HELD),
        ({"Stashed": {"enqueue_at": AT}}, JobState.HELD),
        ({"Queued": {"enqueued_at": AT}}, JobState.QUEUED),
        ({"Running": RAN}, JobState.RUNNING),
        ({"Paused": RAN}, JobState.PAUSED),
        ({"Done": {**RAN, "end": AT, "result": "Success"}}, JobState.ENDED),
    ],
)
def test_every_status_is_known(status: object, state: JobState) -> None:
    job = read_state(state_of(status)).jobs[3]
    assert job.state is state
    assert job.created_at.isoformat() == "2025-03-01T12:00:00.123456+01:00"


@pytest.mark.parametrize(
    ("result", "end", "code"),
    [
        ("Success", JobEnd.SUCCEEDED, 0),
        ({"Failed": 3}, JobEnd.FAILED, 3),
        ({"FailedToSpawn": "no such file"}, JobEnd.NOT_STARTED, None),
        ("Killed", JobEnd.KILLED, None),
        ("Errored", JobEnd.FAILED, None),
        ("DependencyFailed", JobEnd.SKIPPED, None),
    ],
)
def test_every_result_is_known(result: object, end: JobEnd, code: int | None) -> None:
    job = read_state(state_of({"Done": {**RAN, "end": AT, "result": result}})).jobs[3]
    assert (job.end, job.exit_code) == (end, code)


@pytest.mark.parametrize(
    "state",
    [
        state_of({"Frozen": {}}),
        state_of("Frozen"),
        state_of({"Done": {**RAN, "end": AT, "result": "Evaporated"}}),
        state_of({"Queued": {"enqueued_at": AT}}, group="Sleeping"),
        state_of({"Queued": {"enqueued_at": "yesterday"}}),
        {"tasks": {"3": {}}, "groups": {}},
        {"tasks": []},
        {},
    ],
)
def test_what_is_not_known_is_never_guessed(state: dict[str, Any]) -> None:
    with pytest.raises(UnknownState):
        read_state(state)
