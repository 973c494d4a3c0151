"""Takes the picture that an audit looks at. Reads only, and takes no lock."""

from __future__ import annotations

import os
import stat
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from ccpar_hybrid.app import add_lock, life, worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.audit_picture import (
    Chronicle,
    Entry,
    Picture,
    Role,
    Seat,
    Turn,
)
from ccpar_hybrid.app.life import KilledBy, was_killed
from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.outcome import Attempt, Result
from ccpar_hybrid.core.task import TaskKey, is_key
from ccpar_hybrid.scheduler.base import JobId, QueueSnapshot
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.system.socket_table import holders_of_locks, listening_paths
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.worker.lease import is_leased
from ccpar_hybrid.worker.leftover import marked
from ccpar_hybrid.worker.offer import Offer
from ccpar_hybrid.worker.station import worker_id


def gather(app: App) -> Picture:
    """Everything as it is now; raises as the ledger does where it cannot be read at all."""
    unseen: list[str] = []
    adding = frozenset(add_lock.named(app.paths))
    tasks = _tasks(app)
    queue = _queue(app, unseen)
    statuses = worker_client.statuses(app.paths)
    leases = _leases(app.paths, [status.key for status in statuses.values() if status.key])
    if leases is None:
        unseen.append("leases, sockets and processes: this system has no /proc")
    return Picture(
        at=datetime.now(UTC),
        tasks=tasks,
        ledger_trouble=app.ledger.trouble(),
        queue=queue,
        statuses=statuses,
        entries=tuple(_entries(app.paths, leases)),
        leases=leases,
        marked=tuple(marked(app.paths)),
        seats=tuple(_seats(app, unseen)),
        offered=frozenset(_offered(app.paths)),
        adding=adding | add_lock.named(app.paths),
        killed=frozenset(_killed(app, queue)),
        open_to_others=dict(_open_to_others(app.paths)),
        unseen=tuple(unseen),
    )


def _tasks(app: App) -> dict[TaskKey, Chronicle]:
    ledger = app.ledger
    attempts: defaultdict[TaskKey, list[Attempt]] = defaultdict(list)
    turns: defaultdict[TaskKey, list[Turn]] = defaultdict(list)
    tasks = ledger.tasks(newest_first=False)
    outcomes = ledger.outcomes([task.key for task in tasks])
    for attempt in ledger.all_attempts():
        attempts[attempt.key].append(attempt)
    for event in ledger.turns():
        told = event.data.get("result")
        turns[event.key].append(Turn(event.at, Result(str(told)) if told else None))
    return {
        task.key: Chronicle(
            task, outcomes.get(task.key), tuple(attempts[task.key]), tuple(turns[task.key])
        )
        for task in tasks
    }


def _queue(app: App, unseen: list[str]) -> QueueSnapshot | None:
    try:
        return app.scheduler.snapshot()
    except CcparError as error:
        unseen.append(f"Pueue: {error.message}")
        return None


def _killed(app: App, queue: QueueSnapshot | None) -> Iterator[JobId]:
    """Jobs that the scheduler did not cut off itself."""
    killed = [job for job in queue.jobs.values() if was_killed(job)] if queue else []
    if not killed:
        return
    lives, current = life.load(app.paths), app.scheduler.life()
    for job in killed:
        if lives.killed_by(job, current) is not KilledBy.SCHEDULER:
            yield job.id


def _seats(app: App, unseen: list[str]) -> Iterator[Seat]:
    server = Server(app.environment)
    for session in _names(Path(app.paths.state, "sessions")):
        try:
            view = server.find_session(session)
        except CcparError as error:
            unseen.append(f"tmux: {error.message}")
            return
        if view is not None and view.instance == app.paths.instance:
            for name, pane in view.workers.items():
                yield Seat(worker_id(session, name), pane.dead)


# --- the runtime directory


def _directories(paths: Paths) -> Iterator[tuple[Role, Path]]:
    groups = Path(paths.runtime, "g")
    for group in _names(groups):
        yield Role.OFFER, groups / group / "o"
        yield Role.IDLE, groups / group / "i"
    yield Role.DOOR, Path(paths.workers)
    yield Role.RUN, Path(paths.run_socket("x")).parent


def _entries(paths: Paths, leases: dict[TaskKey, int] | None) -> Iterator[Entry]:
    if leases is None:
        return
    directories = [(role, place, _names(place)) for role, place in _directories(paths)]
    leased = _names(Path(paths.lease("x")).parent)
    listening = listening_paths() or frozenset()
    for role, place, names in directories:
        for name in names:
            path = str(place / name)
            if not name.endswith("~"):
                yield Entry(role, path, name, is_held=not {path, f"{path}~"}.isdisjoint(listening))
    for name in leased:
        yield Entry(Role.LEASE, paths.lease(name), name, is_held=TaskKey(name) in leases)


def _leases(paths: Paths, run: Iterable[TaskKey]) -> dict[TaskKey, int] | None:
    """The holder of each lease that is held; 0 where some file systems hide it."""
    holders = holders_of_locks()
    if holders is None:
        return None
    found = {key: 0 for key in run if is_leased(paths, key)}
    for name in _names(Path(paths.lease("x")).parent):
        try:
            inode = os.stat(paths.lease(name)).st_ino  # noqa: PTH116
        except OSError:
            continue
        if inode in holders:
            found[TaskKey(name)] = holders[inode]
    return found


def _offered(paths: Paths) -> Iterator[TaskKey]:
    """By the argument of the shim, which an offer names by its pid."""
    for role, place in _directories(paths):
        for name in _names(place) if role is Role.OFFER else ():
            try:
                words = Path(f"/proc/{Offer.pid_of(name)}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            yield from (TaskKey(word) for each in words if is_key(word := os.fsdecode(each)))


def _names(directory: Path) -> list[str]:
    try:
        return sorted(os.listdir(directory))  # noqa: PTH208
    except OSError:
        return []


def _open_to_others(paths: Paths) -> Iterator[tuple[str, int]]:
    """What lies in our directories; below one that is closed all is closed, and yet told."""
    for top in dict.fromkeys((paths.state, paths.runtime)):
        for directory, _, files in os.walk(top):
            for path in (directory, *(f"{directory}/{name}" for name in files)):
                try:
                    found = os.lstat(path)
                except OSError:
                    continue
                mode = stat.S_IMODE(found.st_mode)
                if mode & 0o077 and not stat.S_ISLNK(found.st_mode):
                    yield path, mode
