"""`setup`, `stop`: makes a tmux session what was asked for, and ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ccpar_hybrid.app import launcher, worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.session_record import SessionRecord
from ccpar_hybrid.core.errors import BadInput, MissingPart, NotFound
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.system.files import file_lock, memory_available_bytes
from ccpar_hybrid.tmux import layout_file
from ccpar_hybrid.tmux.builder import SessionSpec, rooms
from ccpar_hybrid.tmux.geometry import Size
from ccpar_hybrid.tmux.layout import Layout
from ccpar_hybrid.tmux.plan import WorkerSlot, grow, plan
from ccpar_hybrid.tmux.server import Server, owned
from ccpar_hybrid.tmux.session import PaneView, SessionView
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.station import worker_id

MOST_WORKERS = 256
DEFAULT_LIMIT = 8
AGENT_MEMORY_BYTES = 700 << 20
"""What one agent at work is reckoned to need when the number of workers is left to us."""
LOCK_WAIT_S = 60.0
OLDEST_PUEUE = "4"
READY_S = 20.0
_LOOK_S = 0.05


@dataclass(frozen=True)
class Wanted:
    """What `setup` is asked for; None: as the session was, else as configured."""

    session: str
    groups: dict[str, int] | None = None
    layout: str | None = None
    agent: str | None = None


@dataclass
class Report:
    """What `setup` found and did; names of workers."""

    session: str
    layout: str
    created: bool = False
    daemon_started: bool = False
    groups: dict[str, int] = field(default_factory=dict)
    added: list[str] = field(default_factory=list)
    restarted: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    draining: list[str] = field(default_factory=list)
    silent: list[str] = field(default_factory=list)
    recovered: list[TaskKey] = field(default_factory=list)
    kept_layout: str = ""
    agent_trouble: str = ""


def default_workers() -> int:
    """As many as memory and cores carry, at most DEFAULT_LIMIT."""
    by_memory = (memory_available_bytes() or AGENT_MEMORY_BYTES) // AGENT_MEMORY_BYTES
    return max(1, min(DEFAULT_LIMIT, by_memory, 2 * (os.cpu_count() or 1)))


def slots(groups: dict[str, int]) -> list[WorkerSlot]:
    """The workers by name: `w1`, `w2`…, with the group's name in front where there are several."""
    if len(groups) == 1:
        ((group, count),) = groups.items()
        return [WorkerSlot(f"w{number}", group) for number in range(1, count + 1)]
    prefixes = _prefixes(groups)
    return [
        WorkerSlot(f"{prefixes[group]}-{number}", group)
        for group, count in groups.items()
        for number in range(1, count + 1)
    ]


def _prefixes(groups: Iterable[str]) -> dict[str, str]:
    """A short name for each group that tmux and file names can carry."""
    found: dict[str, str] = {}
    for group in groups:
        plain = "".join(c if c.isascii() and c.isalnum() else "-" for c in group).strip("-")
        stem, number = plain[:20].strip("-") or "group", 2
        name = stem
        while name in found.values():
            name, number = f"{stem}{number}", number + 1
        found[group] = name
    return found


class Sessions:
    """Builds, mends and ends sessions of one instance."""

    def __init__(self, app: App, say: Callable[[str], None] = lambda _: None) -> None:
        self._app = app
        self._say = say
        self._server = Server(app.environment)

    def setup(self, wanted: Wanted) -> Report:
        """Bring the session to what is wanted; a busy worker is never disturbed.

        Raises MissingPart, BadInput or Refused before anything is changed.
        """
        groups = self._groups(wanted)
        self._check(groups, wanted)
        paths = self._app.paths
        for directory in (paths.state, paths.runtime):
            paths_module.make_private(directory)
        with file_lock(f"{paths.state}/setup.lock", wait_s=LOCK_WAIT_S):
            return self._setup(wanted, groups)

    def _groups(self, wanted: Wanted) -> dict[str, int]:
        record = self._app.session_record(wanted.session)
        settings = self._app.settings.session
        groups = wanted.groups or (record.groups if record else None)
        return groups or {settings.group: settings.workers or default_workers()}

    def _check(self, groups: dict[str, int], wanted: Wanted) -> None:
        for group, count in groups.items():
            if not 1 <= count <= MOST_WORKERS:
                raise BadInput(f"{count} workers for {group}", f"1 to {MOST_WORKERS} are accepted")
        if sum(groups.values()) > MOST_WORKERS:
            raise BadInput(f"{sum(groups.values())} workers", f"at most {MOST_WORKERS}")
        if wanted.agent is not None and wanted.agent not in self._app.agents:
            known = ", ".join(self._app.agents)
            raise BadInput(f"there is no agent {wanted.agent!r}", f"known are {known}")
        self._check_programs()
        found = self._server.find_session(wanted.session)
        if found:
            owned(found, self._app.paths.instance)

    def _check_programs(self) -> None:
        from ccpar_hybrid.scheduler.pueue_daemon import client_version, daemon_version

        environment = self._app.environment
        self._server.version()
        if not shutil.which("git", path=environment.get("PATH")):
            raise MissingPart("git is not on PATH", "install git")
        for name, read in (("pueue", client_version), ("pueued", daemon_version)):
            if (version := read(environment)).partition(".")[0] < OLDEST_PUEUE:
                raise MissingPart(f"{name} {version} is too old", "run ./install.sh for Pueue 4")

    def _setup(self, wanted: Wanted, groups: dict[str, int]) -> Report:
        from ccpar_hybrid.scheduler.pueue_daemon import start_daemon

        app = self._app
        record = app.session_record(wanted.session)
        reference = wanted.layout or (record.layout if record else app.settings.session.layout)
        agent = wanted.agent or app.default_agent(wanted.session)
        report = Report(wanted.session, reference, groups=groups)
        report.agent_trouble = app.agents[agent].missing(app.environment) or ""
        workers = slots(groups)
        layout = layout_file.choose(reference, app.paths.config, len(workers))
        size = Size(app.settings.session.columns, app.settings.session.rows)
        spec = self._spec(wanted.session, workers, layout, size)
        report.daemon_started = start_daemon(app.environment)
        launcher.install(app.paths, app.environment)
        paths_module.record_runtime(app.paths)
        app.save_session(
            wanted.session, SessionRecord(groups=groups, layout=reference, agent=agent)
        )
        app.save_environment(wanted.session)
        view = self._server.find_session(wanted.session)
        if view is None:
            self._server.build(spec)
            report.created, report.added = True, [worker.name for worker in workers]
        else:
            self._mend(spec, view, workers, report)
            if wanted.layout and layout.name != view.layout:
                report.kept_layout = view.layout
        for group, count in groups.items():
            app.scheduler.ensure_group(group, self._slots_elsewhere(wanted.session, group) + count)
        report.recovered = list(recover(app).tasks)
        for group in set(record.paused if record else ()) & set(app.scheduler.snapshot().groups):
            app.scheduler.resume_group(group)
        self._await_workers(wanted.session, workers, report)
        return report

    def _spec(
        self, session: str, workers: Sequence[WorkerSlot], layout: Layout, size: Size
    ) -> SessionSpec:
        program = (sys.executable, "-P", "-m", "ccpar_hybrid")
        environment = ("--environment", str(self._app.environment_file(session)))

        def worker_argv(worker: WorkerSlot) -> tuple[str, ...]:
            place = ("--session", session, "--group", worker.group)
            return (*program, "worker", worker.name, *place, *environment)

        return SessionSpec(
            name=session,
            instance=self._app.paths.instance,
            plan=plan(layout, workers, size),
            monitor_argv=(*program, "monitor", "--pane", "--session", session, *environment),
            worker_argv=worker_argv,
            environment_file=environment[1],
            directory=self._app.environment.get("HOME", "/"),
        )

    # --- a session that is there

    def _mend(
        self, spec: SessionSpec, view: SessionView, workers: Sequence[WorkerSlot], report: Report
    ) -> None:
        wanted = {worker.name: worker for worker in workers}
        present = view.workers
        if view.monitor and view.monitor.dead:
            self._server.respawn(view.monitor.pane_id, spec.monitor_argv)
            report.restarted.append("monitor")
        for name, pane in present.items():
            if name in wanted and self._is_lost(view.name, pane):
                self._server.respawn(pane.pane_id, spec.worker_argv(wanted[name]), kill=True)
                report.restarted.append(name)
            elif name in wanted:
                worker = worker_id(view.name, name)
                worker_client.ask(self._app.paths, worker, {"type": wire.STAY})
        surplus = [pane for name, pane in present.items() if name not in wanted]
        self._shrink(view, surplus, report)
        missing = [worker for name, worker in wanted.items() if name not in present]
        if missing:
            view = self._server.find_session(view.name) or view
            layout = layout_file.load(view.layout, self._app.paths.config)
            growth = grow(layout, rooms(view), missing, view.planned or spec.plan.size)
            self._server.extend(spec, view, growth)
            report.added += [worker.name for worker in missing]

    def _is_lost(self, session: str, pane: PaneView) -> bool:
        """A pane whose program has ended, or a worker that was asked to leave and has not."""
        if pane.dead:
            return True
        status = worker_client.status_of(self._app.paths, worker_id(session, pane.worker))
        return status is not None and status.draining and status.state is WorkerState.IDLE

    def _shrink(self, view: SessionView, surplus: list[PaneView], report: Report) -> None:
        """Workers that are too many leave as soon as they are idle."""
        gone = []
        for pane in surplus:
            worker = worker_id(view.name, pane.worker)
            worker_client.ask(self._app.paths, worker, {"type": wire.DRAIN})
            if pane.dead or self._has_left(worker):
                gone.append(pane)
            else:
                report.draining.append(pane.worker)
        self._server.remove(view, [pane.pane_id for pane in gone])
        report.removed += [pane.worker for pane in gone]

    def _has_left(self, worker: str) -> bool:
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            status = worker_client.status_of(self._app.paths, worker)
            if status is None:
                return True
            if status.state is not WorkerState.IDLE:
                return False
            time.sleep(_LOOK_S)
        return False

    def _slots_elsewhere(self, session: str, group: str) -> int:
        """Workers of the group in other sessions of ours: all share one queue."""
        return sum(
            status.group == group and status.session != session and not status.draining
            for status in worker_client.statuses(self._app.paths).values()
        )

    def _await_workers(self, session: str, workers: Sequence[WorkerSlot], report: Report) -> None:
        """Until all have opened their sockets, so that what is added now finds them."""
        waiting = {worker.name for worker in workers}
        deadline = time.monotonic() + READY_S
        while waiting and time.monotonic() < deadline:
            waiting -= {name for name in waiting if self._is_up(session, name)}
            if waiting:
                time.sleep(_LOOK_S)
        report.silent = sorted(waiting)

    def _is_up(self, session: str, name: str) -> bool:
        return Path(self._app.paths.worker_socket(worker_id(session, name))).exists()

    # --- the end

    def stop(self, session: str, *, now: bool, wait_s: float | None = None) -> list[WorkerStatus]:
        """Let every worker finish its task (`now`: cancel it), then end the session.

        `wait_s` bounds the waiting for tasks that run. Returns the workers that were busy.
        Raises NotFound where there is no session, Refused where it is not ours.
        """
        view = self._server.find_session(session)
        if view is None:
            raise NotFound(f"there is no session {session}", "see `ccpar-hybrid status`")
        owned(view, self._app.paths.instance)
        workers = [worker_id(session, name) for name in view.workers]
        busy = self._busy(workers)
        with contextlib.suppress(MissingPart):  # without a daemon nothing begins anyway
            self._close_groups(view)
        for worker in workers:
            request = wire.STOP if now else wire.DRAIN
            worker_client.ask(self._app.paths, worker, {"type": request})
        self._await_end(workers, wait_s)
        self._server.kill_session(session, self._app.paths.instance)
        return busy

    def _close_groups(self, view: SessionView) -> None:
        """Nothing new begins in groups that lose their last workers; `setup` starts them again."""
        scheduler, record = self._app.scheduler, self._app.session_record(view.name)
        if record is None:
            return
        known = scheduler.snapshot().groups
        closing = [
            group
            for group in record.groups
            if group in known
            and not known[group].paused
            and not self._slots_elsewhere(view.name, group)
        ]
        paused = tuple({*record.paused, *closing})
        self._app.save_session(view.name, record.model_copy(update={"paused": paused}))
        for group in closing:
            scheduler.pause_group(group)

    def _busy(self, workers: Iterable[str]) -> list[WorkerStatus]:
        asked = (worker_client.status_of(self._app.paths, worker) for worker in workers)
        return [status for status in asked if status and status.state is not WorkerState.IDLE]

    def _await_end(self, workers: list[str], wait_s: float | None) -> None:
        deadline = time.monotonic() + wait_s if wait_s is not None else None
        said = ""
        while alive := [w for w in workers if worker_client.status_of(self._app.paths, w)]:
            if deadline is not None and time.monotonic() > deadline:
                break
            names = ", ".join(worker.partition(".")[2] for worker in alive)
            if names != said:
                self._say(f"waiting for {names}")
                said = names
            time.sleep(_LOOK_S * 4)
