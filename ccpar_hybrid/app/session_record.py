"""What is kept of how a session was set up."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class SessionRecord(BaseModel):
    """What `setup` was last asked for: workers by group, layout, default agent.

    `paused`: groups that `stop` has paused, and the next `setup` starts again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[str, int]
    layout: str
    agent: str
    paused: tuple[str, ...] = ()
