"""Requests and approvals for tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from ccpar_hybrid.core.decision import Answer, By, Decision, Request, Ruling, Way
from ccpar_hybrid.core.task import TaskKey
from tests.support.ledger import SOME_TIME

KEY = TaskKey("taaaaaaaa")
ASKED = Ruling(decision=Decision.ASK, why="fetch: no rule allows it")
ALLOWED = Ruling(decision=Decision.ALLOW, rule="reading", where="careful.toml:3", why="look: ls")


def make_request(
    command: str = "ls", *, key: TaskKey = KEY, at: datetime = SOME_TIME, **more: Any
) -> Request:
    """A request of Claude Code for a shell command."""
    given: dict[str, Any] = {
        "id": uuid4().hex,
        "asked_at": at,
        "key": key,
        "attempt": 1,
        "session_id": "11111111-2222-4333-8444-555555555555",
        "agent": "claude",
        "group": "subissues",
        "worker": "w1",
        "pane": "%1",
        "way": Way.HOOK,
        "tool": "Bash",
        "input": {"command": command},
        "directory": "/srv",
    }
    return Request.model_validate({**given, **more})


def make_answer(
    decision: Decision | None = Decision.ALLOW, by: By = By.POLICY, at: datetime = SOME_TIME
) -> Answer:
    """An answer without a message."""
    return Answer(decision=decision, by=by, at=at)
