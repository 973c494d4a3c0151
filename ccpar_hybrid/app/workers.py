"""`workers scale|drain|restart`: changes the workers of one session, and disturbs no busy one."""

from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass
from enum import StrEnum

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pane_program import PanePrograms, panes_lock
from ccpar_hybrid.app.session import LOCK_WAIT_S, Sessions, Wanted
from ccpar_hybrid.app.session_record import Report, SessionRecord
from ccpar_hybrid.app.slot import slots, wanted_slots
from ccpar_hybrid.app.supervisor_watch import supervisor_pid
from ccpar_hybrid.core.errors import BadInput, MissingPart, NotFound, Refused
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.system.process import is_alive, process
from ccpar_hybrid.tmux.plan import WorkerSlot
from ccpar_hybrid.tmux.server import Server, owned
from ccpar_hybrid.tmux.session import PaneView
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.station import worker_id

_SOON_S = 5.0
_MORE_THAN_GRACE_S = 20.0
_LOOK_S = 0.05


class Restart(StrEnum):
    """What became of a restart. `LATER`: when its task has ended, and the supervisor does it."""

    DONE = "done"
    LATER = "later"


@dataclass(frozen=True)
class Gone:
    """Workers that were to leave: those that have, and those that finish their task first."""

    left: tuple[str, ...]
    leaving: tuple[str, ...]


class Workers:
    """Those of one session. All methods raise NotFound where there is no such session."""

    def __init__(self, app: App, session: str) -> None:
        self._app = app
        self._session = session
        self._server = Server(app.environment)

    def scale(self, count: int, group: str | None = None) -> Report:
        """Give the group so many workers; brings back those that were sent away.

        Raises BadInput for a group that is not the session's, or where one has to be named.
        """
        record = self._record()
        name = self._group(record, group)
        theirs = {slot.name for slot in slots(record.groups) if slot.group == name}
        drained = tuple(worker for worker in record.drained if worker not in theirs)
        groups = {**record.groups, name: count}
        return self._change(groups, drained)

    def drain(self, name: str) -> Report:
        """Send the worker away as soon as it is idle; Refused for the last one of its group."""
        record = self._record()
        wanted = wanted_slots(record)
        slot = self._slot(record, name)
        if [each for each in wanted if each.group == slot.group] == [slot]:
            raise Refused(
                f"{name} is the last worker of {slot.group}", "`ccpar-hybrid stop` ends the session"
            )
        return self._change(record.groups, tuple({*record.drained, name}))

    def restart(self, name: str, *, now: bool) -> Restart:
        """Replace the worker's process: when it is idle, or at once.

        With `now` its task is offered again, and goes on in its session. Raises MissingPart where
        a busy worker has nobody to start it again.
        """
        record = self._record()
        slot = self._slot(record, name)
        pane = self._pane(name)
        status = worker_client.status_of(self._app.paths, self._id(name))
        info = process(pane.pid)
        if status is not None and not now:
            if status.state is not WorkerState.IDLE and not self._has_supervisor():
                raise MissingPart(
                    f"{name} is busy, and no supervisor would start it again",
                    "run `ccpar-hybrid setup`, or give --now",
                )
            worker_client.ask(self._app.paths, self._id(name), {"type": wire.DRAIN})
        elif info is not None and is_alive(pane.pid):
            self._end(pane.pid, hangs=status is None)
        limit_s = self._app.settings.agent.grace_s + _MORE_THAN_GRACE_S if now else _SOON_S
        if not self._is_gone(pane, name, limit_s):
            return Restart.LATER
        self._respawn(slot, pane)
        return Restart.DONE

    # --- the parts

    def _record(self) -> SessionRecord:
        record = self._app.session_record(self._session)
        view = self._server.find_session(self._session)
        if record is None or view is None:
            raise NotFound(f"there is no session {self._session}", "make it: ccpar-hybrid setup")
        owned(view, self._app.paths.instance)
        return record

    def _group(self, record: SessionRecord, group: str | None) -> str:
        names = ", ".join(record.groups)
        if group is None and len(record.groups) > 1:
            raise BadInput("the session has several groups", f"--group with one of {names}")
        name = next(iter(record.groups)) if group is None else group
        if name not in record.groups:
            raise NotFound(
                f"session {self._session} has no group {name}",
                f"it has {names}; `ccpar-hybrid setup --group` adds one",
            )
        return name

    def _slot(self, record: SessionRecord, name: str) -> WorkerSlot:
        slot = next((each for each in wanted_slots(record) if each.name == name), None)
        if slot is None:
            raise NotFound(f"there is no worker {name}", "see `ccpar-hybrid workers list`")
        return slot

    def _pane(self, name: str) -> PaneView:
        view = self._server.find_session(self._session)
        pane = view.workers.get(name) if view else None
        if pane is None:
            raise NotFound(f"the pane of {name} is gone", "bring it back: ccpar-hybrid setup")
        return pane

    def _change(self, groups: dict[str, int], drained: tuple[str, ...]) -> Report:
        wanted = Wanted(self._session, groups, drained=drained, keeps_environment=True)
        return Sessions(self._app).setup(wanted)

    def _has_supervisor(self) -> bool:
        return supervisor_pid(self._app.paths, self._session) is not None

    def _end(self, pid: int, *, hangs: bool) -> None:
        os.kill(pid, signal.SIGKILL if hangs else signal.SIGTERM)

    def _is_gone(self, pane: PaneView, name: str, limit_s: float) -> bool:
        deadline = time.monotonic() + limit_s
        while is_alive(pane.pid):
            status = worker_client.status_of(self._app.paths, self._id(name))
            is_busy = status is not None and status.state is not WorkerState.IDLE
            if time.monotonic() > deadline or (is_busy and limit_s == _SOON_S):
                return False
            time.sleep(_LOOK_S)
        return True

    def _respawn(self, slot: WorkerSlot, pane: PaneView) -> None:
        """Unless the supervisor was quicker."""
        with panes_lock(self._app, wait_s=LOCK_WAIT_S):
            now = self._pane(slot.name)
            if now.dead or not is_alive(now.pid):
                argv = PanePrograms(self._app, self._session).worker(slot)
                self._server.respawn(pane.pane_id, argv, kill=True)

    def _id(self, name: str) -> str:
        return worker_id(self._session, name)
