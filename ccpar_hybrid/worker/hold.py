"""What may keep a claimed task from starting its agent now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.core.task import Task


@dataclass(frozen=True)
class Question:
    """Whether this agent may start for this task, with this whole environment, now.

    `resume`: the task has begun already, and only goes on.
    """

    task: Task
    agent: Agent
    environment: Mapping[str, str]
    resume: bool


@dataclass(frozen=True)
class Held:
    """Why not now: `reason` for people; `until` where the time is known (aware).

    `figures` change while the reason stays: they are shown, but no new reason to be told.
    """

    reason: str
    until: datetime | None = None
    figures: str = ""


class Hold(Protocol):
    """One thing that is asked before each start, and again until it has nothing against it."""

    def held(self, question: Question) -> Held | None:
        """None: the agent may start. Short; never raises for a probe that failed."""
