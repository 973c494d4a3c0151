"""What an agent asked leave for, what was decided, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from math import isfinite
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from ccpar_hybrid.core.task import TaskKey


class Decision(StrEnum):
    """What is done with a tool call."""

    ALLOW = "allow"
    ASK = "ask"  # a person
    DENY = "deny"  # the agent is told why


class By(StrEnum):
    """Who decided."""

    POLICY = "policy"  # a rule, with nobody asked
    PERSON = "person"  # by `approvals approve` or `deny`
    HAND = "hand"  # a person, in the agent's own dialog
    TIMEOUT = "timeout"  # nobody, for as long as was set


class Way(StrEnum):
    """By which way a request came, and its answer goes."""

    HOOK = "hook"  # the whole tool call; the answer is bound to it
    SCREEN = "screen"  # read from the pane, answered with keys; less sure


class End(StrEnum):
    """What became of a request."""

    ANSWERED = "answered"  # the agent has the decision
    BY_HAND = "by-hand"  # answered in the pane
    GONE = "gone"  # its dialog went without an answer: the agent was ended, or went on


class Request(BaseModel):
    """One request of an agent, as it was when it came.

    `id` is its own, also across restarts of the approver. `input` is the whole tool input; by
    screen only what was surely read. `directory` is the task's, `folder` is where the agent's shell
    stands (empty: there). `screen` is the pane's text where it was looked at.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=r"^[0-9a-f]{32}$")
    asked_at: datetime
    key: TaskKey
    attempt: int
    session_id: str | None = None
    agent: str
    group: str
    worker: str
    pane: str
    way: Way
    tool: str
    input: Mapping[str, Any]
    directory: str
    folder: str = ""
    screen: str | None = None


class Ruling(BaseModel):
    """What the policy says of a request. `rule` is the rule's name, `where` its file and line;
    both are empty where no rule is about it. `why` is one sentence. `took_s`: to judge it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision
    rule: str = ""
    where: str = ""
    why: str = ""
    took_s: float = 0.0


class Answer(BaseModel):
    """What was decided in the end. `message` is what the agent is told with a denial.

    `decision` None: it was answered in the pane, and how is not known.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    decision: Decision | None
    by: By
    at: datetime
    message: str = ""


class Approval(BaseModel):
    """One request with all that became of it; the ledger holds one row for each.

    `answer` None: nobody has decided. `end` None: the agent has not heard of a decision, and its
    dialog stands. `ended_at` is when it had, or when the dialog was seen to be gone. `key_at`:
    when a key was about to be pressed that says the answer; None: none was, or surely in vain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    request: Request
    ruling: Ruling
    answer: Answer | None = None
    end: End | None = None
    ended_at: datetime | None = None
    key_at: datetime | None = None

    @property
    def id(self) -> str:
        """The request's."""
        return self.request.id

    @property
    def is_open(self) -> bool:
        """Whether a decision is still waited for."""
        return self.answer is None and self.end is None

    @property
    def took_s(self) -> float | None:
        """From the request to its end, in seconds of the clock; None as long as it stands."""
        ended_at = self.ended_at
        return None if ended_at is None else (ended_at - self.request.asked_at).total_seconds()


_DEEPEST = 64


def keepable(given: Mapping[str, Any]) -> dict[str, Any]:
    """A tool input as it can be kept: what JSON or UTF-8 has no words for is written out.

    Where it is not equal to what was given, nobody can be shown what was asked for.
    """
    return {_text(key): _keepable(value, 1) for key, value in given.items()}


def _keepable(value: Any, depth: int) -> Any:
    if depth > _DEEPEST:
        return "… (nested too deeply)"
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, Mapping):
        return {_text(str(key)): _keepable(each, depth + 1) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_keepable(each, depth + 1) for each in value]
    if isinstance(value, float) and not isfinite(value):
        return str(value)
    return value if value is None or isinstance(value, int | float) else str(value)


def _text(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
