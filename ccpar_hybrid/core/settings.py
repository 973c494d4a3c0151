"""What a user can set, with defaults. `config show` lists each value and where it came from."""

from __future__ import annotations

import shlex
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from ccpar_hybrid.core.task import DEFAULT_GROUP, OnLimit

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
"""Names of sessions and workers: they become parts of tmux targets and of file names."""


def _of_words(text: str) -> str:
    try:
        words = shlex.split(text)
    except ValueError as error:
        raise ValueError(f"it is no command: {error}") from None
    if not words:
        raise ValueError("it is empty: a program's name or path is accepted")
    return text


Command = Annotated[str, AfterValidator(_of_words)]
"""A program with its first arguments, quoted as in a shell; no shell reads it."""


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SessionSettings(_Section):
    """The tmux session. `workers` 0: by memory and cores. `columns` and `rows` while detached."""

    name: Name = "claude-workers"
    group: str = DEFAULT_GROUP
    workers: int = Field(default=0, ge=0, le=256)
    layout: str = "auto"
    columns: int = Field(default=200, ge=80, le=1000)
    rows: int = Field(default=50, ge=24, le=1000)


class AgentSettings(_Section):
    """How agents are run. `default` is the agent of tasks that name none.

    `settle_s`: how long a finished turn must stay finished before the session is closed.
    `grace_s`: between TERM and KILL. `deliver_s`: for the prompt to be taken.
    """

    default: str = "claude"
    settle_s: float = Field(default=1.5, ge=0)
    grace_s: float = Field(default=10.0, ge=0)
    deliver_s: float = Field(default=60.0, gt=0)
    log_limit_mib: int = Field(default=64, ge=1)


class ClaudeSettings(_Section):
    """Claude Code. Empty `model` and `permission_mode`: as the user's own configuration says."""

    command: Command = "claude"
    model: str = ""
    permission_mode: str = ""
    allowed_tools: tuple[str, ...] = ()


class PueueSettings(_Section):
    """`keep_done`: how many recorded tasks stay in Pueue; older ones are cleaned out."""

    keep_done: int = Field(default=50, ge=0)
    socket: bool = True


class RetrySettings(_Section):
    """After an attempt's end that was not the task's own.

    `resumes`: how often one round goes on in its session; `cold_starts`: how often after that
    it begins anew with a summary. `retries` and `backoff_s`: of tasks that say nothing; the
    pause doubles each time up to `backoff_limit_s`. `idle_s`: 0 is no limit.
    """

    resumes: int = Field(default=3, ge=0, le=100)
    cold_starts: int = Field(default=1, ge=0, le=10)
    retries: int = Field(default=0, ge=0, le=100)
    backoff_s: float = Field(default=10.0, ge=0)
    backoff_limit_s: float = Field(default=600.0, ge=0)
    idle_s: float = Field(default=0.0, ge=0)


class LimitSettings(_Section):
    """Usage limits of accounts.

    `reserve_percent` of a window is kept: with less left no new session starts. `pause_s`: the
    first pause where the time of reset is unknown; it doubles up to `pause_limit_s`.
    `stagger_s`: between two departures after a reset.
    """

    on_limit: OnLimit = OnLimit.WAIT
    reserve_percent: float = Field(default=5.0, ge=0, le=100)
    pause_s: float = Field(default=300.0, gt=0)
    pause_limit_s: float = Field(default=3600.0, gt=0)
    stagger_s: float = Field(default=5.0, ge=0)


class MachineSettings(_Section):
    """A new agent starts only with so much free; 0 asks for nothing."""

    free_memory_mib: int = Field(default=512, ge=0)
    free_disk_mib: int = Field(default=512, ge=0)


class SupervisorSettings(_Section):
    """`run`: whether sessions have a supervisor; without one, only `setup` mends.

    `beat_s`: between two heartbeats of a worker; `silent_s`: without one it counts as hung.

    `respawn_s`: the first pause before a pane is respawned again; doubles to `respawn_limit_s`.
    """

    run: bool = True
    beat_s: float = Field(default=5.0, gt=0)
    silent_s: float = Field(default=30.0, gt=0)
    respawn_s: float = Field(default=1.0, ge=0)
    respawn_limit_s: float = Field(default=60.0, ge=0)


class OnTimeout(StrEnum):
    """What becomes of a request that nobody answers in time."""

    WAIT = "wait"
    DENY = "deny"


class Via(StrEnum):
    """By which way agents are heard and answered: their hooks, or what their panes show.

    `AUTO`: by hook, and by screen what has no hook. `SCREEN` trusts what a screen shows more
    than `AUTO` does: see docs/approvals.md.
    """

    AUTO = "auto"
    SCREEN = "screen"
    HOOK = "hook"


class ApproverSettings(_Section):
    """Answers agents that ask leave, by the policy. `run`: without it a person answers them all.

    `wait_s`: so long a person is waited for, then `on_timeout` is done; 0 is for ever. `most`:
    allowed for one task without a person having answered; `most_alike`: of one call in a row.
    """

    run: bool = True
    via: Via = Via.AUTO
    wait_s: float = Field(default=0.0, ge=0)
    on_timeout: OnTimeout = OnTimeout.WAIT
    most: int = Field(default=300, ge=1)
    most_alike: int = Field(default=10, ge=1)


class Settings(_Section):
    """All sections."""

    session: SessionSettings = SessionSettings()
    agent: AgentSettings = AgentSettings()
    claude: ClaudeSettings = ClaudeSettings()
    pueue: PueueSettings = PueueSettings()
    retry: RetrySettings = RetrySettings()
    limit: LimitSettings = LimitSettings()
    machine: MachineSettings = MachineSettings()
    supervisor: SupervisorSettings = SupervisorSettings()
    approver: ApproverSettings = ApproverSettings()
