"""Chooses the concrete parts, once, and hands them out.

Each part is imported when it is first asked for: a command pays only for what it uses.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ccpar_hybrid import __version__
from ccpar_hybrid.app import launcher
from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.system import paths
from ccpar_hybrid.system.files import write_private

if TYPE_CHECKING:
    from ccpar_hybrid.agents.base import Agent
    from ccpar_hybrid.app.session_record import SessionRecord
    from ccpar_hybrid.core.settings import Settings
    from ccpar_hybrid.ledger.store import Ledger
    from ccpar_hybrid.scheduler.base import Scheduler
    from ccpar_hybrid.system.config_file import Configuration

_SESSION_FILE = "session.json"
_ENVIRONMENT_FILE = "environment.json"


class App:
    """The parts of one instance, made when first asked for."""

    def __init__(
        self, environment: Mapping[str, str], flags: Mapping[str, object] | None = None
    ) -> None:
        self.environment = dict(environment)
        self.paths = paths.resolve(environment)
        self._flags = flags

    @cached_property
    def configuration(self) -> Configuration:
        """The settings in force; raises BadInput."""
        from ccpar_hybrid.system import config_file

        return config_file.load(self.paths.config, self.environment, self._flags)

    @property
    def settings(self) -> Settings:
        """The values alone."""
        return self.configuration.settings

    @cached_property
    def ledger(self) -> Ledger:
        """The record of everything; raises MissingPart."""
        from ccpar_hybrid.ledger.store import Ledger

        try:
            paths.make_private(self.paths.state)
        except (OSError, paths.UnsafePath) as error:
            raise MissingPart(f"cannot use {self.paths.state}: {error}") from error
        return Ledger.open(self.paths.ledger)

    @cached_property
    def scheduler(self) -> Scheduler:
        """Pueue, as this environment finds it."""
        from ccpar_hybrid.scheduler.pueue import PueueScheduler

        return PueueScheduler(
            self.environment,
            launcher.task_environment(self.paths, self.environment),
            launcher.command_for,
            use_socket=self.settings.pueue.socket,
        )

    @cached_property
    def agents(self) -> dict[str, Agent]:
        """By name."""
        from ccpar_hybrid.agents.registry import all_agents

        return all_agents(self.settings)

    def close(self) -> None:
        """Let go of the ledger, if it was opened."""
        if "ledger" in self.__dict__:
            self.ledger.close()

    def __enter__(self) -> App:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- what a session keeps in files of its own

    def session_record(self, session: str) -> SessionRecord | None:
        """What the session was set up with; None if never, or if the file is damaged."""
        path = Path(self.paths.session(session), _SESSION_FILE)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        from ccpar_hybrid.app.session_record import SessionRecord

        try:
            return SessionRecord.model_validate_json(text)
        except ValueError:
            return None

    def session_records(self) -> dict[str, SessionRecord]:
        """All sessions that were set up, by name, with what they were set up with."""
        names = sorted(each.name for each in Path(self.paths.state, "sessions").glob("*"))
        return {name: record for name in names if (record := self.session_record(name))}

    def save_session(self, session: str, record: SessionRecord) -> None:
        """Keep what the session was set up with."""
        directory = Path(self.paths.session(session))
        for level in (Path(self.paths.state), directory.parent, directory):
            paths.make_private(str(level))
        write_private(directory / _SESSION_FILE, record.model_dump_json(indent=1))

    def save_environment(self, session: str) -> None:
        """Keep the environment of this shell for the session's programs."""
        write_private(self.environment_file(session), json.dumps(self._session_environment()))

    def environment_file(self, session: str) -> Path:
        """Where the environment of the session's programs lies (0600)."""
        return Path(self.paths.session(session), _ENVIRONMENT_FILE)

    def _session_environment(self) -> dict[str, str]:
        pane = ("TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "SHLVL", "_")
        task = ("PUEUE_GROUP", "PUEUE_WORKER_ID")  # where Pueue runs `setup`: not its agents
        return {name: text for name, text in self.environment.items() if name not in (*pane, *task)}

    def agents_environment(self, session: str) -> dict[str, str]:
        """What agents of the session get: its own environment, else this shell's."""
        file = self.environment_file(session)
        return pane_environment(str(file)) if file.exists() else self.environment

    def default_agent(self, session: str) -> str:
        """The agent of tasks that name none."""
        record = self.session_record(session)
        return record.agent if record else self.settings.agent.default


def pane_environment(file: str) -> dict[str, str]:
    """The environment for a program of the session: the saved one, and what the pane gives.

    A tmux server may have been started long ago by another shell; its environment is not used.
    """
    try:
        saved: dict[str, str] = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise MissingPart(f"cannot read {file}: {error}", "run `ccpar-hybrid setup`") from error
    given = ("TMUX", "TMUX_PANE", "TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION")
    return saved | {name: os.environ[name] for name in given if name in os.environ}


def version() -> str:
    """This package's version."""
    return __version__
