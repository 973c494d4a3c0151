"""What the supervisor does at each look: replace the dead and the hung, keep the queue going."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ccpar_hybrid.app import daemon, worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.mending import mend_if_damaged, story_of
from ccpar_hybrid.app.pane_program import PanePrograms, panes_lock
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.slot import wanted_slots
from ccpar_hybrid.core.errors import CcparError, Damaged, MissingPart, Refused
from ccpar_hybrid.supervisor.duty import Duty, duty, title
from ccpar_hybrid.supervisor.pause import Pauses
from ccpar_hybrid.supervisor.pulse import Beat, Pulse
from ccpar_hybrid.system.process import is_alive
from ccpar_hybrid.tmux.plan import WorkerSlot
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import PaneView, SessionView
from ccpar_hybrid.worker.post import clear_after
from ccpar_hybrid.worker.station import worker_id

LOOK_S = 5.0
"""Between two looks when nothing happens: the kernel tells of deaths at once."""
SOON_S = 0.25
RECOVER_S = 10.0
DAEMON_AGAIN_S = 5.0
EXAMINE_S = 300.0
"""Between two looks at the whole ledger, which take some 2 ms for each of its MiB."""


class Supervision:
    """One session's; `say` is told what was seen and done, in short lines."""

    def __init__(self, app: App, session: str, say: Callable[[str], None]) -> None:
        settings = app.settings.supervisor
        self._app = app
        self._session = session
        self._say = say
        self._server = Server(app.environment)
        self._pauses = Pauses(settings.respawn_s, settings.respawn_limit_s)
        self._pulse = Pulse(settings.silent_s)
        self._look_s = min(LOOK_S, settings.silent_s / 4)
        self._told = ""
        self._pausing: set[int] = set()
        self._daemon_pid: int | None = None
        self._recover_at_s = 0.0
        self._examine_at_s = 0.0
        self.pids: set[int] = set()
        """The processes whose end calls for a look."""

    def look(self) -> float | None:
        """Look once and do what is to be done; seconds until the next look.

        None: the session is gone, or is no longer ours.
        """
        try:
            view = self._view()
        except CcparError as error:  # tmux does not answer: perhaps it will
            self._tell_once(error.message)
            return self._look_s
        if view is None:
            return None
        next_s = self._look_s
        with self._telling():
            self._end_hung(view)
        with self._telling():
            next_s = min(next_s, self._mend(view))
        with self._telling():
            next_s = min(next_s, self._keep_queue())
        self.pids = {pane.pid for pane in view.panes if pane.role and is_alive(pane.pid)}
        if self._daemon_pid is not None:
            self.pids.add(self._daemon_pid)
        return max(0.0, next_s)

    def _view(self) -> SessionView | None:
        view = self._server.find_session(self._session)
        return view if view and view.instance == self._app.paths.instance else None

    @contextmanager
    def _telling(self) -> Iterator[None]:
        """An error of one part is told once, and keeps no other part from its work."""
        try:
            yield
        except (CcparError, OSError) as error:
            self._tell_once(error.message if isinstance(error, CcparError) else str(error))

    def _tell_once(self, words: str) -> None:
        if words != self._told:
            self._told = words
            self._say(words)

    # --- panes

    def _mend(self, view: SessionView) -> float:
        wanted = self._wanted(view)
        now_s = time.monotonic()
        for pane in view.panes:
            if pane.role and not pane.dead and is_alive(pane.pid):
                self._pauses.lives(title(pane), pane.pid, now_s)
        seen = duty(view, wanted)
        self._pausing &= {pane.pid for pane in seen.lost}
        if not (seen.lost or seen.surplus):
            return self._look_s
        try:
            with panes_lock(self._app, wait_s=0):
                return self._act(wanted)
        except Refused:  # somebody else changes panes: their work may be done in a moment
            return SOON_S

    def _act(self, wanted: Mapping[str, WorkerSlot]) -> float:
        view = self._view()
        if view is None:
            return SOON_S
        seen = duty(view, wanted)
        self._remove(view, seen)
        now_s = time.monotonic()
        due_s = {title(pane): self._pauses.due_s(title(pane), now_s) for pane in seen.lost}
        for pane in seen.lost:
            if due_s[title(pane)] <= now_s:
                self._respawn(pane, wanted)
            else:
                self._tell_pause(pane, due_s[title(pane)] - now_s)
        waits_s = [max(SOON_S, at_s - now_s) for at_s in due_s.values()]
        return min([self._look_s, *waits_s])

    def _wanted(self, view: SessionView) -> dict[str, WorkerSlot]:
        record = self._app.session_record(self._session)
        if record is None:
            return {name: WorkerSlot(name, pane.group) for name, pane in view.workers.items()}
        return {slot.name: slot for slot in wanted_slots(record)}

    def _respawn(self, pane: PaneView, wanted: Mapping[str, WorkerSlot]) -> None:
        programs = PanePrograms(self._app, self._session)
        is_worker = bool(pane.worker)
        argv = programs.worker(wanted[pane.worker]) if is_worker else programs.service(pane.role)
        self._server.respawn(pane.pane_id, argv, kill=True)
        self._say(f"{title(pane)} {_end_of(pane)}; started again")

    def _tell_pause(self, pane: PaneView, pause_s: float) -> None:
        if pane.pid not in self._pausing:
            self._pausing.add(pane.pid)
            self._say(f"{title(pane)} {_end_of(pane)} again; starts in {pause_s:.0f} s")

    def _remove(self, view: SessionView, seen: Duty) -> None:
        if seen.surplus:
            self._server.remove(view, [pane.pane_id for pane in seen.surplus])
            for pane in seen.surplus:
                clear_after(self._app.paths, pane.group, worker_id(view.name, pane.worker))
            self._say(f"removed {', '.join(map(title, seen.surplus))}")

    # --- heartbeats

    def _end_hung(self, view: SessionView) -> None:
        living = {name: p for name, p in view.workers.items() if not p.dead and is_alive(p.pid)}
        beats = {name: self._beat(name, pane.pid) for name, pane in living.items()}
        for name in self._pulse.silent(beats, time.monotonic()):
            # A worker may live and be unable to beat, on a full disk for example.
            if worker_client.status_of(self._app.paths, self._id(name)) is None:
                os.kill(living[name].pid, signal.SIGKILL)
                silent_s = self._app.settings.supervisor.silent_s
                self._say(f"{name} hangs: no heartbeat for {silent_s:g} s; ended its process")

    def _beat(self, name: str, pid: int) -> Beat:
        try:
            return pid, Path(self._app.paths.beat(self._id(name))).stat().st_mtime_ns
        except OSError:
            return pid, 0

    def _id(self, name: str) -> str:
        return worker_id(self._session, name)

    # --- the queue

    def _keep_queue(self) -> float:
        """Start the daemon where there is none, and bring the queue in order now and then."""
        now_s = time.monotonic()
        living = daemon.pid(self._app)
        if now_s < self._recover_at_s and living == self._daemon_pid:
            return self._recover_at_s - now_s
        self._recover_at_s = now_s + DAEMON_AGAIN_S
        if living is None:
            self._start_daemon()
        self._keep_ledger(now_s)
        try:
            done = recover(self._app)
        except Damaged:
            self._mend_ledger()
            done = recover(self._app)
        except MissingPart:
            self._start_daemon()
            done = recover(self._app)
        for line in done.lines:
            self._say(line)
        self._daemon_pid = daemon.pid(self._app)
        self._recover_at_s = now_s + RECOVER_S
        self._told = ""
        return RECOVER_S

    def _keep_ledger(self, now_s: float) -> None:
        """Look at the whole ledger now and then: recovery reads a part of it only."""
        if now_s >= self._examine_at_s:
            self._examine_at_s = now_s + EXAMINE_S
            self._mend_ledger()

    def _mend_ledger(self) -> None:
        mended = mend_if_damaged(self._app)
        for line in story_of(mended) if mended else ():
            self._say(line)

    def _start_daemon(self) -> None:
        if daemon.ensure(self._app):
            self._say("pueued was gone; started it")


def _end_of(pane: PaneView) -> str:
    if pane.signal:
        return f"was ended by signal {pane.signal}"
    if pane.exit_code is not None:
        return f"has ended with {pane.exit_code}"
    return "has ended"
