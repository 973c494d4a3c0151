"""Who looks after the supervisor: the monitor of its session."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterable
from pathlib import Path

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pane_program import PanePrograms, panes_lock
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.supervisor.pulse import Pulse
from ccpar_hybrid.system.files import lock_holder
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.system.process import is_alive
from ccpar_hybrid.tmux.server import Server

GRACE_S = 5.0
"""tmux itself starts a supervisor again within so long, unless it has missed its death."""


def supervisor_pid(paths: Paths, session: str) -> int | None:
    """The process of the session's supervisor; None where none runs."""
    return lock_holder(paths.supervisor(session))


def unsupervised(app: App, sessions: Iterable[str]) -> list[str]:
    """Those of the sessions that shall have a supervisor and have none."""
    if not app.settings.supervisor.run:
        return []
    return [name for name in sessions if supervisor_pid(app.paths, name) is None]


class SupervisorWatch:
    """Starts one session's supervisor again where tmux has not, and ends one that hangs."""

    def __init__(self, app: App, session: str) -> None:
        self._app = app
        self._session = session
        self._pulse = Pulse(app.settings.supervisor.silent_s)
        self._missing_since_s: float | None = None

    def look(self) -> None:
        """Look once; call it every few seconds."""
        if not self._app.settings.supervisor.run:
            return
        now_s = time.monotonic()
        pid = supervisor_pid(self._app.paths, self._session)
        if pid is not None:
            self._missing_since_s = None
            if pid:
                self._end_hung(pid, now_s)
        elif self._missing_since_s is None:
            self._missing_since_s = now_s
        elif now_s - self._missing_since_s > GRACE_S:
            self._missing_since_s = now_s
            with contextlib.suppress(CcparError, OSError):
                self._respawn()

    def _end_hung(self, pid: int, now_s: float) -> None:
        with contextlib.suppress(OSError):
            file = Path(self._app.paths.supervisor(self._session))
            if self._pulse.silent({"supervisor": (pid, file.stat().st_mtime_ns)}, now_s):
                os.kill(pid, signal.SIGKILL)

    def _respawn(self) -> None:
        server = Server(self._app.environment)
        with panes_lock(self._app, wait_s=0):
            view = server.find_session(self._session)
            pane = view.supervisor if view else None
            if pane and (pane.dead or not is_alive(pane.pid)):
                argv = PanePrograms(self._app, self._session).supervisor
                server.respawn(pane.pane_id, argv, kill=True)
