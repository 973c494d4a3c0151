"""`ccpar-hybrid monitor`: workers, what runs, queue counts, last outcomes; redrawn in place.

With `--pane` it is pane 0 of a session, and also keeps Pueue tidy.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import select
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from ccpar_hybrid.app import housekeeping, quota, snapshot
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.snapshot import Snapshot
from ccpar_hybrid.app.supervisor_watch import SupervisorWatch
from ccpar_hybrid.core.errors import CcparError, ExitCode
from ccpar_hybrid.core.mask import masked
from ccpar_hybrid.core.outcome import Outcome
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.text import cut, visible
from ccpar_hybrid.core.worker import WorkerState, WorkerStatus
from ccpar_hybrid.front.cli.output import ago, count, paint, paint_state, span
from ccpar_hybrid.front.cli.status import queues, waiting_words
from ccpar_hybrid.front.window import take_environment

REFRESH_S = 2.0
TIDY_S = 10.0
LAST_OUTCOMES = 3
_HOME, _CLEAR_LINE, _CLEAR_BELOW = "\x1b[H", "\x1b[K", "\x1b[J"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def main(arguments: Sequence[str]) -> int:
    """Draw until interrupted; `--once` draws one time."""
    options = _parser().parse_args(list(arguments))
    take_environment(options.environment)
    with App(os.environ) as app:
        monitor = Monitor(app, options.session, tidies=options.pane)
        if options.once:
            print("\n".join(monitor.lines(*_size())))
            return ExitCode.OK
        return _draw(monitor)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ccpar-hybrid monitor", description="Workers, tasks and queues, as they change."
    )
    parser.add_argument("--once", action="store_true", help="draw one time and end")
    parser.add_argument("--session", help="only the workers of this session")
    parser.add_argument("--pane", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--environment", metavar="FILE", help=argparse.SUPPRESS)
    return parser


class Monitor:
    """Draws one instance; `session` None: the workers of all its sessions."""

    def __init__(self, app: App, session: str | None, *, tidies: bool) -> None:
        self._app = app
        self._session = session
        self._tidies = tidies
        self._tidied_at = 0.0
        self._watch = SupervisorWatch(app, session) if tidies and session else None

    def tidy(self) -> None:
        """Clean recorded tasks out of Pueue now and then, and look after the supervisor.

        Pueue's absence is shown, not told twice.
        """
        if self._watch:
            self._watch.look()
        if not self._tidies or time.monotonic() - self._tidied_at < TIDY_S:
            return
        self._tidied_at = time.monotonic()
        with contextlib.suppress(CcparError):
            keep = self._app.settings.pueue.keep_done
            housekeeping.tidy(self._app.ledger, self._app.scheduler, keep)

    def lines(self, columns: int, rows: int) -> list[str]:
        """What to show in that many cells."""
        seen = snapshot.take(self._app, self._app.ledger.tasks(unsettled_only=True))
        workers = [w for w in seen.workers if self._session in (None, w.session)]
        lines = [self._summary(seen, workers, columns)]
        room = max(1, rows - len(lines))
        recent = self._app.ledger.recent_outcomes(LAST_OUTCOMES)
        shown_outcomes = recent[: max(0, min(LAST_OUTCOMES, room - min(len(workers), room - 1)))]
        asking = {view.key: view.requests for view in seen.tasks if view.requests}
        lines += _worker_lines(workers, asking, seen.at, columns, room - len(shown_outcomes))
        lines += [
            _outcome_line(task, outcome, seen.at, columns) for task, outcome in shown_outcomes
        ]
        return lines[:rows]

    def _summary(self, seen: Snapshot, workers: list[WorkerStatus], columns: int) -> str:
        waiting = sum(worker.state is WorkerState.WAITING for worker in workers)
        parts = [count(len(workers), "worker")]
        for queue in queues(seen, None, self._app.settings.session.group):
            states = ", ".join(f"{n} {state}" for state, n in queue["states"].items()) or "empty"
            paused = " (paused)" if queue["paused"] else ""
            parts.append(f"{visible(queue['name'], 24)}{paused}: {states}")
        if seen.scheduler_error:
            parts.append(f"queue unknown: {seen.scheduler_error}")
        parts += quota.troubles(self._app, seen.at)
        keys = {worker.key for worker in workers}
        asked = sum(len(view.requests) for view in seen.tasks if view.key in keys)
        text = cut(f" {seen.at.astimezone():%H:%M:%S}  " + " │ ".join(parts), columns)
        if waiting or asked:
            by = f", {asked} in ccpar-hybrid approvals list" if asked else ""
            return paint(cut(f" ⚑ {waiting} waiting for you{by} │{text}", columns), "yellow")
        return paint(text, "bold")


def _worker_lines(
    workers: list[WorkerStatus],
    asking: Mapping[TaskKey, Sequence[str]],
    now: datetime,
    columns: int,
    room: int,
) -> list[str]:
    """Those that need a person first, then the busy; the idle ones share a line."""
    busy = [worker for worker in workers if worker.state is not WorkerState.IDLE]
    busy.sort(key=lambda worker: worker.state is not WorkerState.WAITING)
    lines = [
        _worker_line(worker, asking.get(TaskKey(worker.key or ""), ()), now, columns)
        for worker in busy
    ]
    if idle := [worker.name for worker in workers if worker.state is WorkerState.IDLE]:
        lines.append(paint(cut(f" idle: {' '.join(idle)}", columns), "dim"))
    if len(lines) <= room:
        return lines
    left = len(lines) - max(0, room - 1)
    return [*lines[: max(0, room - 1)], cut(f" … {left} more (ccpar-hybrid status)", columns)]


def _worker_line(worker: WorkerStatus, requests: Sequence[str], now: datetime, columns: int) -> str:
    since = span(max(0.0, (now - worker.since).total_seconds()))
    task = visible(worker.label or worker.key or "", 28)
    detail = masked(worker.detail)
    if worker.state is WorkerState.WAITING:
        detail = waiting_words(detail, requests)
    line = (
        f" {worker.name:<12} {worker.state.value:<9} {since:>10}  {task:<28} {visible(detail, 400)}"
    )
    return paint_state(cut(line, columns), worker.state.value)


def _outcome_line(task: Task, outcome: Outcome, now: datetime, columns: int) -> str:
    mark = "✔" if outcome.exit_code == 0 else "✘"
    detail = outcome.reason if outcome.reason != "done" else outcome.last_message or ""
    text = f" {mark} {visible(task.name, 28)} {outcome.result.value} {ago(outcome.ended_at, now)}"
    return paint_state(
        cut(f"{text}  {visible(masked(detail), 400)}", columns), outcome.result.value
    )


def _draw(monitor: Monitor) -> int:
    """Redraw in place, at once when the pane's size changes."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    signal.signal(signal.SIGWINCH, lambda *_: None)
    sys.stdout.write(_HIDE_CURSOR + _HOME + _CLEAR_BELOW)
    try:
        while True:
            columns, rows = _size()
            body = f"{_CLEAR_LINE}\r\n".join(_lines(monitor, columns, rows))
            sys.stdout.write(_HOME + body + _CLEAR_LINE + _CLEAR_BELOW)
            sys.stdout.flush()
            monitor.tidy()
            if select.select([reader], [], [], REFRESH_S)[0]:
                os.read(reader, 64)
    finally:
        sys.stdout.write(_SHOW_CURSOR + "\r\n")


def _lines(monitor: Monitor, columns: int, rows: int) -> list[str]:
    try:
        return monitor.lines(columns, rows)
    except CcparError as error:
        now = datetime.now(UTC).astimezone()
        return [f" {now:%H:%M:%S}  {error.message}", f"  {error.hint}"]


def _size() -> tuple[int, int]:
    try:
        size = os.get_terminal_size(1)
    except OSError:
        return 100, 24
    return max(20, size.columns), max(3, size.lines)
