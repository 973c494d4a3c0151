"""What is kept of how a session was set up, and what `setup` tells of what it did."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel, ConfigDict

from ccpar_hybrid.app.recovered import Recovered


class SessionRecord(BaseModel):
    """What `setup` was last asked for: workers by group, layout, default agent.

    `drained`: workers that were sent away, until `setup` or `workers scale` brings them back.
    `paused`: groups that `stop` has paused, and the next `setup` starts again. `stopped`: it is
    to be there no more, so that `recover` does not build it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    groups: dict[str, int]
    layout: str
    agent: str
    paused: tuple[str, ...] = ()
    drained: tuple[str, ...] = ()
    stopped: bool = False


@dataclass
class Report:
    """What `setup` found and did; names of workers.

    `agent`: that of tasks that name none. `paused`: groups of the session in which nothing starts.
    """

    session: str
    layout: str
    agent: str
    created: bool = False
    daemon_started: bool = False
    groups: dict[str, int] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    draining: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    recovered: Recovered = field(default_factory=Recovered)
    paused: list[str] = field(default_factory=list)
    kept_layout: str = ""
    agent_trouble: str = ""
