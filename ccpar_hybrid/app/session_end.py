"""`stop`: ends a session, after its workers have finished or been cancelled."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Callable, Iterable, Iterator

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import CcparError, MissingPart, NotFound
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.system.process import ProcessInfo, is_alive, process, signal_tree
from ccpar_hybrid.tmux.server import Server, owned
from ccpar_hybrid.tmux.session import SessionView
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.post import clear_after
from ccpar_hybrid.worker.station import worker_id

_LOOK_S = 0.2
_MORE_THAN_GRACE_S = 20.0
_LAST_WAIT_S = 10.0


def stop(
    app: App, session: str, *, now: bool, wait_s: float | None, say: Callable[[str], None]
) -> list[WorkerStatus]:
    """Let every worker finish its task (`now`: cancel it), then end the session.

    `wait_s` bounds the waiting for tasks that run; `say` is told for whom is waited. Returns the
    workers that were busy. Raises NotFound where there is no session, Refused where it is not ours.
    """
    server = Server(app.environment)
    view = server.find_session(session)
    if view is None:
        raise NotFound(f"there is no session {session}", "see `ccpar-hybrid status`")
    owned(view, app.paths.instance)
    server.end_supervisor(view)  # or it would start again what is ended here
    workers = [worker_id(session, name) for name in view.workers]
    busy = _busy(app.paths, workers)
    with _telling(say):  # without a daemon nothing begins anyway
        _close_groups(app, session)
    for worker in workers:
        worker_client.ask(app.paths, worker, {"type": wire.STOP if now else wire.DRAIN})
    if now and wait_s is None:
        wait_s = app.settings.agent.grace_s + _MORE_THAN_GRACE_S
    _await_end(app.paths, workers, wait_s, say)
    with _telling(say):
        _give_back_slots(app, session)
    if (record := app.session_record(session)) is not None:
        app.save_session(session, record.model_copy(update={"stopped": True}))
    living = _processes(view)
    server.kill_session(session, app.paths.instance)
    _end_rest(living, say)
    for name, pane in view.workers.items():
        clear_after(app.paths, pane.group, worker_id(session, name))
    return busy


@contextlib.contextmanager
def _telling(say: Callable[[str], None]) -> Iterator[None]:
    """What the scheduler refuses keeps no session from its end; only its absence is no news."""
    try:
        yield
    except MissingPart:
        pass
    except CcparError as error:
        say(error.message)


def _processes(view: SessionView) -> list[ProcessInfo]:
    """Those of the session's panes that live, so that no later one is taken for them."""
    found = (process(pane.pid) for pane in view.panes if pane.role and is_alive(pane.pid))
    return [info for info in found if info is not None]


def _end_rest(processes: Iterable[ProcessInfo], say: Callable[[str], None]) -> None:
    """Programs that the end of their pane does not end: a hung worker does not hear of it."""
    deadline = time.monotonic() + _LAST_WAIT_S
    while left := [each for each in processes if _is_same(each)]:
        if time.monotonic() > deadline:
            for each in left:
                say(f"process {each.pid} does not end; killed it")
            signal_tree([each.pid for each in left], signal.SIGKILL)
            return
        time.sleep(_LOOK_S)


def _is_same(info: ProcessInfo) -> bool:
    now = process(info.pid)
    return now is not None and now.start_ticks == info.start_ticks and is_alive(info.pid)


def _busy(paths: Paths, workers: Iterable[str]) -> list[WorkerStatus]:
    asked = (worker_client.status_of(paths, worker) for worker in workers)
    return [status for status in asked if status and status.state is not WorkerState.IDLE]


def _close_groups(app: App, session: str) -> None:
    """Nothing new begins in groups that lose their last workers; `setup` starts them again."""
    record = app.session_record(session)
    if record is None:
        return
    known = app.scheduler.snapshot().groups
    closing = [
        group
        for group in record.groups
        if group in known
        and not known[group].paused
        and not worker_client.count_elsewhere(app.paths, session, group)
    ]
    paused = tuple({*record.paused, *closing})
    app.save_session(session, record.model_copy(update={"paused": paused}))
    for group in closing:
        app.scheduler.pause_group(group)


def _give_back_slots(app: App, session: str) -> None:
    """Groups that other sessions work on keep as many slots as these have workers."""
    record = app.session_record(session)
    known = app.scheduler.snapshot().groups
    for group in record.groups if record else ():
        others = worker_client.count_elsewhere(app.paths, session, group)
        if group in known and others:
            app.scheduler.ensure_group(group, others)


def _await_end(
    paths: Paths, workers: list[str], wait_s: float | None, say: Callable[[str], None]
) -> None:
    deadline = time.monotonic() + wait_s if wait_s is not None else None
    said = ""
    while alive := [worker for worker in workers if worker_client.status_of(paths, worker)]:
        if deadline is not None and time.monotonic() > deadline:
            say(f"not waited for any longer: {', '.join(alive)}")
            break
        busy = _busy(paths, alive)
        names = ", ".join(status.name for status in busy)
        if names and names != said:
            say(f"waiting for {names}")
            said = names
        time.sleep(_LOOK_S)
