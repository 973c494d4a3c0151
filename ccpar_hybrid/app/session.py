"""`setup`, `stop`: makes a tmux session what was asked for, and ends it."""

from __future__ import annotations

import contextlib
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ccpar_hybrid.app import daemon, launcher, session_end, worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.pane_program import PanePrograms, panes_lock
from ccpar_hybrid.app.recovery import recover
from ccpar_hybrid.app.session_mend import Mender
from ccpar_hybrid.app.session_record import Report, SessionRecord
from ccpar_hybrid.app.slot import default_workers, slots
from ccpar_hybrid.core.errors import BadInput, MissingPart, Refused
from ccpar_hybrid.core.worker import WorkerStatus
from ccpar_hybrid.system import paths as paths_module
from ccpar_hybrid.tmux import layout_file
from ccpar_hybrid.tmux.builder import SessionSpec
from ccpar_hybrid.tmux.geometry import Size
from ccpar_hybrid.tmux.layout import Layout
from ccpar_hybrid.tmux.plan import WorkerSlot, plan
from ccpar_hybrid.tmux.server import Server, owned
from ccpar_hybrid.worker.station import worker_id

MOST_WORKERS = 256
LOCK_WAIT_S = 60.0
OLDEST_PUEUE = 4
READY_S = 20.0
_REVIVE_S = 1.0
_MOST_STARTS = 5
_LOOK_S = 0.05


@dataclass(frozen=True)
class Wanted:
    """What `setup` is asked for; None: as the session was, else as configured.

    `drained`: workers of these groups that shall not be. `keeps_environment`: programs of the
    session go on to get the environment of an earlier `setup`.
    """

    session: str
    groups: dict[str, int] | None = None
    layout: str | None = None
    agent: str | None = None
    drained: tuple[str, ...] = ()
    keeps_environment: bool = False


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
        workers = [slot for slot in slots(groups) if slot.name not in wanted.drained]
        with panes_lock(self._app, wait_s=LOCK_WAIT_S):
            report = self._setup(wanted, groups, workers)
        self._await_workers(wanted.session, workers, report)
        return report

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
        self._check_open_tasks(groups)
        found = self._server.find_session(wanted.session)
        if found:
            owned(found, self._app.paths.instance)

    def _check_open_tasks(self, groups: dict[str, int]) -> None:
        """Workers of this shell would fail every queued task whose agent it does not find."""
        tasks = self._app.ledger.tasks(unsettled_only=True)
        needed = [task.spec.agent for task in tasks if task.spec.group in groups]
        for name in dict.fromkeys(needed):
            agent = self._app.agents.get(name)
            if agent is not None and (trouble := agent.missing(self._app.environment)):
                count = needed.count(name)
                tasks_need = "a queued task needs" if count == 1 else f"{count} queued tasks need"
                raise MissingPart(f"{tasks_need} {name}: {trouble}", "or cancel them first")

    def _check_programs(self) -> None:
        from ccpar_hybrid.scheduler.pueue_daemon import client_version, daemon_version

        environment = self._app.environment
        self._server.version()
        if not shutil.which("git", path=environment.get("PATH")):
            raise MissingPart("git is not on PATH", "install git")
        for name, read in (("pueue", client_version), ("pueued", daemon_version)):
            version = read(environment)
            if int(version.partition(".")[0]) < OLDEST_PUEUE:
                raise MissingPart(f"{name} {version} is too old", "run ./install.sh for Pueue 4")

    def _setup(
        self, wanted: Wanted, groups: dict[str, int], workers: Sequence[WorkerSlot]
    ) -> Report:
        app = self._app
        record = app.session_record(wanted.session)
        reference = wanted.layout or (record.layout if record else app.settings.session.layout)
        agent = wanted.agent or app.default_agent(wanted.session)
        report = Report(wanted.session, reference, agent)
        report.agent_trouble = app.agents[agent].missing(app.environment) or ""
        report.groups = dict(Counter(worker.group for worker in workers))
        layout = layout_file.choose(reference, app.paths.config, len(workers))
        size = Size(app.settings.session.columns, app.settings.session.rows)
        spec = self._spec(wanted.session, workers, layout, size)
        report.daemon_started = daemon.ensure(app)
        launcher.install(app.paths, app.environment)
        paths_module.record_runtime(app.paths)
        paused = record.paused if record else ()
        kept = SessionRecord(
            groups=groups, layout=reference, agent=agent, paused=paused, drained=wanted.drained
        )
        app.save_session(wanted.session, kept)
        if not wanted.keeps_environment:
            app.save_environment(wanted.session)
        view = self._server.find_session(wanted.session)
        if view is None:
            self._server.build(spec)
            report.created, report.added = True, [worker.name for worker in workers]
        else:
            Mender(app, self._server, spec, report).mend(view, workers)
            if wanted.layout and layout.name != view.layout:
                report.kept_layout = view.layout
        for group, count in report.groups.items():
            app.scheduler.ensure_group(
                group, worker_client.count_elsewhere(app.paths, wanted.session, group) + count
            )
        report.recovered = recover(app)
        for group in set(paused) & set(app.scheduler.snapshot().groups):
            app.scheduler.resume_group(group)
        app.save_session(wanted.session, kept.model_copy(update={"paused": ()}))
        seen = app.scheduler.snapshot().groups
        report.paused = [group for group in groups if seen[group].paused]
        return report

    def _spec(
        self, session: str, workers: Sequence[WorkerSlot], layout: Layout, size: Size
    ) -> SessionSpec:
        programs = PanePrograms(self._app, session)
        has_supervisor = self._app.settings.supervisor.run
        return SessionSpec(
            name=session,
            instance=self._app.paths.instance,
            plan=plan(layout, workers, size),
            monitor_argv=programs.monitor,
            worker_argv=programs.worker,
            environment_file=programs.environment_file,
            directory=self._app.environment.get("HOME", "/"),
            supervisor_argv=programs.supervisor if has_supervisor else None,
            approver_argv=programs.approver if self._app.settings.approver.run else None,
        )

    def _await_workers(self, session: str, workers: Sequence[WorkerSlot], report: Report) -> None:
        """Until all have opened their sockets, so that what is added now finds them.

        One that dies meanwhile is started again. Others may mend panes at the same time.
        """
        waiting = {worker.name: worker for worker in workers}
        starts = Counter[str]()
        begun = time.monotonic()
        looks_at = begun + _REVIVE_S
        while waiting and (now := time.monotonic()) < begun + READY_S:
            waiting = {n: slot for n, slot in waiting.items() if not self._is_up(session, n)}
            if now >= looks_at:
                looks_at = now + _REVIVE_S
                lost = [slot for name, slot in waiting.items() if starts[name] < _MOST_STARTS]
                starts.update(self._revive(session, lost))
            if waiting:
                time.sleep(_LOOK_S)
        report.silent = sorted(waiting)

    def _revive(self, session: str, slots: Sequence[WorkerSlot]) -> list[str]:
        """Start again those whose program has ended; returns their names."""
        revived = []
        programs = PanePrograms(self._app, session)
        with contextlib.suppress(Refused), panes_lock(self._app, wait_s=_REVIVE_S):
            view = self._server.find_session(session)
            panes = view.workers if view else {}
            for slot in slots:
                pane = panes.get(slot.name)
                if pane is not None and pane.dead:
                    self._server.respawn(pane.pane_id, programs.worker(slot), kill=True)
                    revived.append(slot.name)
        return revived

    def _is_up(self, session: str, name: str) -> bool:
        worker = worker_id(session, name)
        return Path(self._app.paths.worker_socket(worker)).exists() and (
            worker_client.status_of(self._app.paths, worker) is not None
        )

    def stop(self, session: str, *, now: bool, wait_s: float | None = None) -> list[WorkerStatus]:
        """See `session_end.stop`."""
        return session_end.stop(self._app, session, now=now, wait_s=wait_s, say=self._say)
