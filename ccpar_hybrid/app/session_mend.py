"""Brings a session that is there to what is wanted, without disturbing a busy worker."""

from __future__ import annotations

import time
from collections.abc import Sequence

from ccpar_hybrid import __version__
from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.session_record import Report
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.tmux import layout_file
from ccpar_hybrid.tmux.builder import SessionSpec, rooms
from ccpar_hybrid.tmux.plan import WorkerSlot, grow
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import PaneView, SessionView
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.post import clear_after
from ccpar_hybrid.worker.station import worker_id

_LEAVE_S = 2.0
_LOOK_S = 0.05


class Mender:
    """Acts on one session's panes; what it does is noted in the report."""

    def __init__(self, app: App, server: Server, spec: SessionSpec, report: Report) -> None:
        self._app = app
        self._server = server
        self._spec = spec
        self._report = report

    def mend(self, view: SessionView, workers: Sequence[WorkerSlot]) -> None:
        """Respawn what has ended, let go of workers that are too many, add those that miss."""
        wanted = {worker.name: worker for worker in workers}
        self._respawn(view, wanted)
        self._shrink(view, [pane for name, pane in view.workers.items() if name not in wanted])
        missing = [worker for name, worker in wanted.items() if name not in view.workers]
        lacks_supervisor = self._spec.supervisor_argv and view.supervisor is None
        lacks_approver = self._spec.approver_argv and view.approver is None
        if missing or view.monitor is None or lacks_supervisor or lacks_approver:
            self._grow(view.name, missing)

    def _respawn(self, view: SessionView, wanted: dict[str, WorkerSlot]) -> None:
        self._respawn_service(view, view.monitor, self._spec.monitor_argv)
        self._respawn_service(view, view.supervisor, self._spec.supervisor_argv)
        if self._spec.supervisor_argv is None:
            self._server.end_supervisor(view)
        self._respawn_service(view, view.approver, self._spec.approver_argv)
        if self._spec.approver_argv is None:
            self._server.end_approver(view)
        if view.version != __version__:
            self._server.set_version(view)
        for name, pane in view.workers.items():
            if name in wanted and self._is_lost(view.name, pane):
                argv = self._spec.worker_argv(wanted[name])
                self._server.respawn(pane.pane_id, argv, kill=True)
                self._report.restarted.append(name)
            elif name in wanted and self._is_outdated(view.name, name):
                self._renew(view.name, pane, wanted[name])
            elif name in wanted:
                self._ask(view.name, name, wire.STAY)

    def _respawn_service(
        self, view: SessionView, pane: PaneView | None, argv: Sequence[str] | None
    ) -> None:
        """One that has ended, or is of another version; it has nothing to finish."""
        if pane and argv and (pane.dead or view.version != __version__):
            self._server.respawn(pane.pane_id, argv, kill=True)
            self._report.restarted.append(pane.role)

    def _is_outdated(self, session: str, name: str) -> bool:
        status = worker_client.status_of(self._app.paths, worker_id(session, name))
        return status is not None and worker_client.is_outdated(status)

    def _renew(self, session: str, pane: PaneView, slot: WorkerSlot) -> None:
        """Replace a worker of another version; a busy one leaves first, for the supervisor."""
        self._ask(session, slot.name, wire.DRAIN)
        if self._has_left(worker_id(session, slot.name)):
            self._server.respawn(pane.pane_id, self._spec.worker_argv(slot), kill=True)
            self._report.restarted.append(slot.name)
        else:
            self._report.draining.append(slot.name)

    def _grow(self, session: str, missing: list[WorkerSlot]) -> None:
        view = self._server.find_session(session)
        if view is None:
            return
        layout = layout_file.load(view.layout, self._app.paths.config)
        size = view.planned or self._spec.plan.size
        self._server.extend(self._spec, view, grow(layout, rooms(view), missing, size))
        self._report.added += [worker.name for worker in missing]

    def _is_lost(self, session: str, pane: PaneView) -> bool:
        """A pane whose program has ended, or a worker that was asked to leave and has not."""
        if pane.dead:
            return True
        status = worker_client.status_of(self._app.paths, worker_id(session, pane.worker))
        return status is not None and status.draining and status.state is WorkerState.IDLE

    def _shrink(self, view: SessionView, surplus: list[PaneView]) -> None:
        """Workers that are too many leave as soon as they are idle."""
        gone = []
        for pane in surplus:
            self._ask(view.name, pane.worker, wire.DRAIN)
            if pane.dead or self._has_left(worker_id(view.name, pane.worker)):
                gone.append(pane)
            else:
                self._report.draining.append(pane.worker)
        self._server.remove(view, [pane.pane_id for pane in gone])
        for pane in gone:
            clear_after(self._app.paths, pane.group, worker_id(view.name, pane.worker))
        self._report.removed += [pane.worker for pane in gone]

    def _has_left(self, worker: str) -> bool:
        deadline = time.monotonic() + _LEAVE_S
        while time.monotonic() < deadline:
            status = worker_client.status_of(self._app.paths, worker)
            if status is None:
                return True
            if status.state is not WorkerState.IDLE:
                return False
            time.sleep(_LOOK_S)
        return False

    def _ask(self, session: str, worker: str, request: str) -> None:
        worker_client.ask(self._app.paths, worker_id(session, worker), {"type": request})
