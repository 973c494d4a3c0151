"""The instance that is examined: what several checks look at, seen once."""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.session_record import SessionRecord
from ccpar_hybrid.core.errors import CommandFailed, MissingPart
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.core.worker import WorkerStatus
from ccpar_hybrid.scheduler.base import QueueSnapshot
from ccpar_hybrid.scheduler.pueue_cli import START_HINT, plain
from ccpar_hybrid.system.config_file import Configuration
from ccpar_hybrid.system.process import run
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import SessionView
from ccpar_hybrid.worker.station import worker_id

PROBE_S = 10.0
"""How long one outside program may take to answer before it counts as silent."""


class Subject:
    """Everything here raises CcparError where it cannot be seen, and changes nothing."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.environment = app.environment
        self.paths = app.paths

    def use_defaults(self) -> None:
        """Go on with the default settings, where the user's cannot be read."""
        self.app.configuration = Configuration(Settings(), ())

    @property
    def session(self) -> str:
        """The name of the session that is meant."""
        return self.app.settings.session.name

    @cached_property
    def record(self) -> SessionRecord | None:
        """What the session was set up with."""
        return self.app.session_record(self.session)

    @cached_property
    def view(self) -> SessionView | None:
        """The tmux session, ours or not."""
        # Asking where no server is would make its directory.
        if not self.environment.get("TMUX") and not self.tmux_socket.exists():
            return None
        return Server(self.environment, PROBE_S).find_session(self.session)

    @property
    def tmux_socket(self) -> Path:
        """Where plain `tmux` outside of tmux looks for its server."""
        directory = self.environment.get("TMUX_TMPDIR") or "/tmp"
        return Path(directory, f"tmux-{os.geteuid()}", "default")

    @cached_property
    def statuses(self) -> dict[str, WorkerStatus]:
        """The workers of this instance that answer, by their ids."""
        return worker_client.statuses(self.paths)

    def status(self, worker: str) -> WorkerStatus | None:
        """What the session's worker of this name says of itself."""
        return self.statuses.get(worker_id(self.session, worker))

    @cached_property
    def silence(self) -> str | None:
        """Why no daemon answers; None if one does. Asked with a limit, for one may hang."""
        environment = {**self.environment, "RUST_BACKTRACE": "0", "NO_COLOR": "1"}
        argv = ["pueue", "--color", "never", "group"]
        try:
            run(argv, environment=environment, timeout_s=PROBE_S)
        except CommandFailed as error:
            return visible(plain(error.stderr or error.stdout), 200)
        except MissingPart as error:
            return error.message
        return None

    @cached_property
    def queue(self) -> QueueSnapshot:
        """What the scheduler has."""
        if self.silence is not None:
            raise MissingPart(f"pueued does not answer: {self.silence}", START_HINT)
        return self.app.scheduler.snapshot()
