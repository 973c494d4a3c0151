"""All that a worker works with, chosen by the assembly and passed in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ccpar_hybrid.agents.base import Agent
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.ledger.store import Ledger
from ccpar_hybrid.scheduler.base import Scheduler
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.system.scope import Scopes
from ccpar_hybrid.tmux.pane import Pane
from ccpar_hybrid.worker.accounts import Accounts
from ccpar_hybrid.worker.hold import Hold


@dataclass(frozen=True)
class Station:
    """One worker's place: its name and group, and the parts that it uses.

    `scheduler` is made when first needed. `hook_argv` starts the hook program. `environment`
    gives that of the shell that ran `setup` last; agents get it. `accounts` hears what sessions
    tell of theirs. `holds` are asked before each start of an agent. `scopes` tells what systemd
    can bound here; it tries it when first asked.
    """

    name: str
    session: str
    group: str
    version: str
    paths: Paths
    settings: Settings
    ledger: Ledger
    agents: Mapping[str, Agent]
    scheduler: Callable[[], Scheduler]
    pane: Pane
    hook_argv: tuple[str, ...]
    environment: Callable[[], Mapping[str, str]]
    accounts: Accounts
    holds: Sequence[Hold] = ()
    scopes: Callable[[], Scopes] = Scopes

    @property
    def id(self) -> str:
        """The worker's name among all sessions of this instance."""
        return worker_id(self.session, self.name)


def worker_id(session: str, name: str) -> str:
    """The file name of a worker's sockets."""
    return f"{session}.{name}"
