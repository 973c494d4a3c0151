"""`workers list` and `workers health`: each worker of the sessions as its pane, process and
heartbeat show it, also where it does not answer."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from ccpar_hybrid.app import worker_client
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.session_record import SessionRecord
from ccpar_hybrid.app.slot import slots, wanted_slots
from ccpar_hybrid.core.worker import WorkerStatus
from ccpar_hybrid.system.process import descendants, is_alive
from ccpar_hybrid.system.usage import resident
from ccpar_hybrid.tmux.plan import WorkerSlot
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import PaneView
from ccpar_hybrid.worker.station import worker_id


class Verdict(StrEnum):
    """How a worker is, the gravest last."""

    OK = "ok"
    LEAVING = "leaving"
    OUTDATED = "outdated"
    SILENT = "silent"
    ENDED = "ended"
    MISSING = "missing"


GOOD = frozenset({Verdict.OK, Verdict.LEAVING})


@dataclass(frozen=True)
class Health:
    """One worker. `status` is its own account; `beat_s` the age of its last heartbeat;
    `memory_mib` what its process holds, and `processes` how many belong to it, itself included."""

    name: str
    session: str
    group: str
    verdict: Verdict
    detail: str
    pane: str | None = None
    pid: int | None = None
    status: WorkerStatus | None = None
    beat_s: float | None = None
    memory_mib: float | None = None
    processes: int = 0


def healths(app: App, session: str | None = None) -> list[Health]:
    """All workers that the sessions of this instance have or shall have, in their order."""
    server = Server(app.environment)
    found: list[Health] = []
    for name, record in app.session_records().items():
        if session not in (None, name):
            continue
        view = server.find_session(name)
        if view is not None and view.instance == app.paths.instance:
            found += _of_session(app, name, record, view.workers)
    return found


def _of_session(
    app: App, session: str, record: SessionRecord, panes: dict[str, PaneView]
) -> Iterator[Health]:
    wanted = {slot.name for slot in wanted_slots(record)}
    known = {slot.name: slot for slot in slots(record.groups)}
    extra = {name: WorkerSlot(name, pane.group) for name, pane in panes.items()}
    for name, slot in {**known, **extra}.items():
        if name in panes or name in wanted:
            yield _health(app, session, slot, panes.get(name), is_wanted=name in wanted)


def _health(
    app: App, session: str, slot: WorkerSlot, pane: PaneView | None, *, is_wanted: bool
) -> Health:
    if pane is None:
        mend = "its pane is gone; bring it back: ccpar-hybrid setup"
        return Health(slot.name, session, slot.group, Verdict.MISSING, mend)
    if pane.dead or not is_alive(pane.pid):
        mend = "it is started again in a moment, or by `ccpar-hybrid setup`"
        return Health(slot.name, session, slot.group, Verdict.ENDED, mend, pane.pane_id)
    status = worker_client.status_of(app.paths, worker_id(session, slot.name))
    verdict, detail = _verdict(slot.name, status, is_wanted=is_wanted)
    return Health(
        name=slot.name,
        session=session,
        group=slot.group,
        verdict=verdict,
        detail=detail,
        pane=pane.pane_id,
        pid=pane.pid,
        status=status,
        beat_s=_beat_s(app.paths.beat(worker_id(session, slot.name))),
        memory_mib=_memory_mib(pane.pid),
        processes=1 + len(descendants(pane.pid)),
    )


def _verdict(name: str, status: WorkerStatus | None, *, is_wanted: bool) -> tuple[Verdict, str]:
    restart = f"ccpar-hybrid workers restart {name}"
    if status is None:
        return Verdict.SILENT, f"does not answer; replace it: {restart} --now"
    if worker_client.is_outdated(status):
        return Verdict.OUTDATED, f"runs version {status.version}: {restart}"
    if status.draining or not is_wanted:
        return Verdict.LEAVING, "leaves when it is idle"
    return Verdict.OK, ""


def _beat_s(path: str) -> float | None:
    try:
        return max(0.0, time.time() - Path(path).stat().st_mtime)
    except OSError:
        return None


def _memory_mib(pid: int) -> float | None:
    held = resident([pid])
    return held[0].bytes / (1 << 20) if held else None
