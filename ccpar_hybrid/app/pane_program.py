"""What runs in a session's panes, and the lock of whoever changes them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.system.files import file_lock
from ccpar_hybrid.tmux.plan import WorkerSlot

_PROGRAM = (sys.executable, "-P", "-m", "ccpar_hybrid")


class PanePrograms:
    """The argv of each program of a session."""

    def __init__(self, app: App, session: str) -> None:
        self.environment_file = str(app.environment_file(session))
        self._place = ("--session", session, "--environment", self.environment_file)

    @property
    def monitor(self) -> tuple[str, ...]:
        """Of the monitor."""
        return (*_PROGRAM, "monitor", "--pane", *self._place)

    @property
    def supervisor(self) -> tuple[str, ...]:
        """Of the supervisor."""
        return (*_PROGRAM, "supervisor", *self._place)

    @property
    def approver(self) -> tuple[str, ...]:
        """Of the approver."""
        return (*_PROGRAM, "approver", *self._place)

    def service(self, role: str) -> tuple[str, ...]:
        """Of a pane that is no worker's, by its role."""
        services = {
            "monitor": self.monitor,
            "supervisor": self.supervisor,
            "approver": self.approver,
        }
        return services[role]

    def worker(self, worker: WorkerSlot) -> tuple[str, ...]:
        """Of a worker."""
        return (*_PROGRAM, "worker", worker.name, "--group", worker.group, *self._place)


@contextmanager
def panes_lock(app: App, wait_s: float) -> Iterator[None]:
    """Alone with the panes of this instance's sessions; Refused if another is for so long."""
    for directory in (app.paths.state, app.paths.runtime):
        paths_module.make_private(directory)
    with file_lock(f"{app.paths.state}/setup.lock", wait_s=wait_s):
        yield
