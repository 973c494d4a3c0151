"""What was asked: a task's specification and its identity."""

from __future__ import annotations

import os
from datetime import datetime
from enum import StrEnum
from typing import Annotated, NewType

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

TaskKey = NewType("TaskKey", str)
"""Identity of a task for ever: `t` and eight characters of a-z2-7; never Pueue's id."""

DEFAULT_GROUP = "subissues"
PRIORITY_MIN, PRIORITY_MAX = -(2**31), 2**31 - 1
RETRIES_MAX = 100
_KEY_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"


def new_key() -> TaskKey:
    """A fresh random key; 40 bits, so the ledger's primary key still guards against chance."""
    return TaskKey("t" + "".join(_KEY_ALPHABET[byte & 31] for byte in os.urandom(8)))


def is_key(text: str) -> bool:
    """Whether the text has the form of a key (says nothing of whether the task exists)."""
    return len(text) == 9 and text[0] == "t" and all(c in _KEY_ALPHABET for c in text[1:])


def _without_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError(
            f"has a NUL byte at position {text.index(chr(0))}; text without NUL is accepted"
        )
    return text


CleanText = Annotated[str, AfterValidator(_without_nul)]
"""Any text but NUL, which neither a terminal nor a program's argument can carry."""


class TaskSource(StrEnum):
    """Where a task came from."""

    ADDED = "added"
    PUEUE = "pueue"


class OnLimit(StrEnum):
    """What a task does when its account's usage limit is reached."""

    WAIT = "wait"
    ASK = "ask"
    FAIL = "fail"


class TaskSpec(BaseModel):
    """Everything that was asked of one task; immutable once in the ledger.

    `directory` is absolute. `after` holds keys. `not_before` is an aware datetime or None.
    `environment` is added to the session's. `timeout_s` counts from the attempt's start.
    `retries` and `backoff_s`: goes after the first failed one, and the pause before the first
    of them. `idle_s`: so long nothing may be heard of the agent. None: as configured.
    `memory_mib` and `cpus` bound what the agent with all that it starts may use.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    prompt: CleanText
    directory: CleanText
    group: CleanText = DEFAULT_GROUP
    label: CleanText | None = None
    priority: int = Field(default=0, ge=PRIORITY_MIN, le=PRIORITY_MAX)
    after: tuple[TaskKey, ...] = ()
    not_before: datetime | None = None
    agent: CleanText = "claude"
    model: CleanText | None = None
    permission_mode: CleanText | None = None
    allowed_tools: tuple[CleanText, ...] = ()
    context: tuple[CleanText, ...] = ()
    environment: dict[CleanText, CleanText] = Field(default_factory=dict)
    timeout_s: float | None = Field(default=None, gt=0)
    retries: int | None = Field(default=None, ge=0, le=RETRIES_MAX)
    backoff_s: float | None = Field(default=None, ge=0)
    idle_s: float | None = Field(default=None, gt=0)
    on_limit: OnLimit | None = None
    ignore_reserve: bool = False
    memory_mib: int | None = Field(default=None, ge=16)
    cpus: float | None = Field(default=None, gt=0)


class Task(BaseModel):
    """A task as the ledger knows it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    key: TaskKey
    spec: TaskSpec
    source: TaskSource
    created_at: datetime
    pueue_id: int | None = None

    @property
    def name(self) -> str:
        """What people call it: its label, else its key."""
        return self.spec.label or self.key
