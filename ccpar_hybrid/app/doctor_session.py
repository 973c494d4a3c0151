"""The session as it runs: tmux, panes, workers; the ledger; tasks that nobody will run."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote

from ccpar_hybrid.app.approval_desk import VIA_WORDS
from ccpar_hybrid.app.assembly import version
from ccpar_hybrid.app.doctor_finding import (
    Finding,
    command,
    failed,
    fine,
    unknown,
    warning,
)
from ccpar_hybrid.app.doctor_subject import Subject
from ccpar_hybrid.app.judge import Judge
from ccpar_hybrid.app.supervisor_watch import supervisor_pid
from ccpar_hybrid.app.worker_client import is_outdated
from ccpar_hybrid.core.task import Task, TaskKey
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.ledger.database import Database
from ccpar_hybrid.ledger.migration import known_version, version_of
from ccpar_hybrid.ledger.view import LedgerView
from ccpar_hybrid.scheduler.base import Job, JobEnd, JobState, QueueSnapshot
from ccpar_hybrid.system.files import lock_holder
from ccpar_hybrid.tmux.session import SessionView

_SETUP = "ccpar-hybrid setup"
_BUSY_S = 5.0
_UNDERWAY = timedelta(seconds=60)
"""An `add` that is still at work has tasks that the queue does not know yet."""
_NAMED = 5


def terminal(subject: Subject) -> Iterator[Finding]:
    """Which tmux server is reached: the one of $TMUX, if this shell is inside one."""
    inside = subject.environment.get("TMUX", "").partition(",")[0]
    if not inside:
        yield fine("tmux server", "this shell is not inside tmux")
    elif not Path(inside).is_socket():
        seen = f"$TMUX names {visible(inside, 200)}, where no server is"
        yield failed("tmux server", seen, "unset TMUX TMUX_PANE")
    else:
        yield fine("tmux server", f"this shell is inside {visible(inside, 200)}")


def session(subject: Subject) -> Iterator[Finding]:
    """Is it there, is it ours, and does everything in it live."""
    name, view = f"session {subject.session}", subject.view
    if view is None:
        yield _absent(subject, name)
        return
    if view.instance != subject.paths.instance:
        whose = "another ccpar-hybrid's" if view.instance else "not ccpar-hybrid's"
        yield failed(name, f"is {whose}", "take another name: ccpar-hybrid setup --session NAME")
        return
    workers = len(view.workers)
    yield fine(name, f"{workers} workers in {len(view.windows)} windows, {view.attached} attached")
    yield _monitor(view)
    yield from _supervisor(subject, view)
    yield from _approver(subject, view)
    yield from _workers(subject, view)


def _absent(subject: Subject, name: str) -> Finding:
    ours = [s.name for s in subject.statuses.values() if s.session == subject.session]
    if ours:
        seen = f"{', '.join(ours)} answer, but this tmux server does not have the session"
        return failed(name, seen, "use the TMUX_TMPDIR (and TMUX) that `setup` had")
    return fine(name, f"is not there; `{_SETUP}` builds it")


def _monitor(view: SessionView) -> Finding:
    if view.monitor is None:
        return warning("monitor", "its pane is gone", f"ccpar-hybrid stop; {_SETUP}")
    if view.monitor.dead:
        return warning("monitor", f"has ended with {view.monitor.exit_code}", _SETUP)
    return fine("monitor", f"runs in {view.monitor.pane_id}")


def _supervisor(subject: Subject, view: SessionView) -> Iterator[Finding]:
    if not subject.app.settings.supervisor.run:
        yield fine("supervisor", "is switched off (supervisor.run)")
        return
    pid = supervisor_pid(subject.paths, subject.session)
    if view.supervisor is None or pid is None:
        seen = "its pane is gone" if view.supervisor is None else "does not run"
        yield warning("supervisor", f"{seen}: nothing that dies is started again", _SETUP)
    else:
        yield fine("supervisor", f"runs in {view.supervisor.pane_id}")


def _approver(subject: Subject, view: SessionView) -> Iterator[Finding]:
    """It runs, and the policy can be used. One serves all sessions of the instance."""
    if not subject.app.settings.approver.run:
        yield fine("approver", "is switched off (approver.run): a person answers all dialogs")
        return
    if view.approver is None or lock_holder(subject.paths.approver_lock) is None:
        seen = "its pane is gone" if view.approver is None else "does not run"
        yield warning("approver", f"{seen}: every dialog waits for a person", _SETUP)
    elif trouble := Judge(subject.environment).trouble():
        yield failed("approver", trouble, "ccpar-hybrid policy lint")
    else:
        way = VIA_WORDS[subject.app.settings.approver.via]
        yield fine("approver", f"runs in {view.approver.pane_id}, {way}")


def _workers(subject: Subject, view: SessionView) -> Iterator[Finding]:
    dead = [name for name, pane in view.workers.items() if pane.dead]
    silent = [name for name in view.workers if name not in dead and subject.status(name) is None]
    if dead:
        yield failed("workers", f"ended: {', '.join(dead)}", _SETUP)
    if silent:
        mend = f"look, then restart it: ccpar-hybrid workers restart {silent[0]} --now"
        yield failed("workers", f"do not answer: {', '.join(silent)}", mend)
    missing = sum(subject.record.groups.values()) - len(view.workers) if subject.record else 0
    if missing > 0:
        yield warning("workers", f"{missing} fewer than were set up", _SETUP)
    stale = [n for n in view.workers if (s := subject.status(n)) and is_outdated(s)]
    if stale:
        seen = f"run another version than {version()}: {', '.join(stale)}"
        yield warning("workers", seen, _SETUP)
    if not (dead or silent or missing > 0 or stale):
        yield fine("workers", f"{len(view.workers)} answer")


def ledger(subject: Subject) -> Iterator[Finding]:
    """Does the file open, is it whole, and do we know its version. Reads only."""
    path = Path(subject.paths.ledger)
    if not path.exists():
        yield fine("ledger", "is not there yet")
        return
    aside = "ccpar-hybrid ledger mend"
    try:
        with contextlib.closing(_opened(path)) as connection:
            found = version_of(connection)
            trouble = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.OperationalError as error:
        yield failed("ledger", f"cannot be read: {error}", command("ls", "-l", str(path)))
        return
    except sqlite3.DatabaseError as error:
        yield failed("ledger", f"is damaged: {error}", aside)
        return
    if trouble != "ok":
        yield failed("ledger", f"is damaged: {visible(trouble, 200)}", aside)
    elif found > known_version():
        seen = f"is of the newer version {found}; this program knows {known_version()}"
        yield failed("ledger", seen, "update ccpar-hybrid: run ./install.sh")
    else:
        size = path.stat().st_size / (1 << 20)
        yield fine("ledger", f"whole, version {found}, {size:.1f} MiB")


def _opened(path: Path) -> sqlite3.Connection:
    """For reading; `rw` so that the last to close can tidy up the log that opening makes."""
    name = f"file:{quote(str(path))}?mode=rw"
    connection = sqlite3.connect(name, uri=True, timeout=_BUSY_S, isolation_level=None)
    connection.execute("PRAGMA query_only = ON")
    return connection


def tasks(subject: Subject) -> Iterator[Finding]:
    """Tasks without an outcome that the queue does not know, or keeps stashed."""
    path = Path(subject.paths.ledger)
    if not path.exists():
        return
    with contextlib.closing(_opened(path)) as connection:
        if version_of(connection) != known_version():
            yield unknown("tasks", "the ledger is of another version", "see above")
            return
        open_tasks = LedgerView(Database(connection, str(path))).tasks(unsettled_only=True)
    lost, held = _stranded(subject, open_tasks)
    if lost:
        keys = [task.key for task in lost[:_NAMED]]
        seen = f"{len(lost)} will not run, for Pueue does not know them: {_names(lost)}"
        yield warning("tasks", seen, command("ccpar-hybrid", "restart", *keys))
    if held:
        ids = [str(number) for number in held[:_NAMED]]
        seen = f"{len(held)} are stashed and wait for you: {', '.join(ids)}"
        yield warning("tasks", seen, command("pueue", "enqueue", *ids))
    if not lost and not held:
        yield fine("tasks", f"{len(open_tasks)} unsettled, all known to Pueue")


def _stranded(subject: Subject, open_tasks: list[Task]) -> tuple[list[Task], list[int]]:
    """Tasks that are lost, and numbers of those that are stashed."""
    running = {status.key for status in subject.statuses.values()}
    recent = datetime.now(UTC) - _UNDERWAY
    jobs = _jobs(subject.queue)
    lost, held = [], []
    for task in open_tasks:
        job = jobs.get(task.key)
        is_new = task.pueue_id is None and task.created_at > recent
        if job is None or (job.state is JobState.ENDED and job.end is JobEnd.SUCCEEDED):
            if task.key not in running and not is_new:
                lost.append(task)
        elif job.state is JobState.HELD and job.not_before is None:
            held.append(job.id)
    return lost, held


def _jobs(queue: QueueSnapshot) -> dict[TaskKey | None, Job]:
    # Of several jobs of one task the one that has not ended counts: it comes last.
    ordered = sorted(queue.jobs.values(), key=lambda job: job.state is not JobState.ENDED)
    return {job.task: job for job in ordered}


def _names(found: list[Task]) -> str:
    shown = ", ".join(visible(task.name, 40) for task in found[:_NAMED])
    return shown + (f" and {len(found) - _NAMED} more" if len(found) > _NAMED else "")
