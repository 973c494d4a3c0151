"""A tmux session as it is now: whose it is, its windows, its panes. One call of tmux."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from itertools import groupby

from ccpar_hybrid.core.errors import NotFound
from ccpar_hybrid.system.process import is_alive
from ccpar_hybrid.tmux.client import Client
from ccpar_hybrid.tmux.geometry import Shape, Size

_SESSION = ("session_id", "session_attached", "@ccpar_instance", "@ccpar_layout", "@ccpar_version")
_WINDOW = ("window_id", "window_index", "window_name", "window_width", "window_height")
_WINDOW_OPTIONS = ("@ccpar_place", "@ccpar_shape")
_PANE = ("pane_id", "pane_index", "pane_pid", "pane_width", "pane_height", "pane_dead")
_DEATH = ("pane_dead_status", "pane_dead_signal", "pane_current_command")
_PANE_OPTIONS = ("role", "worker", "group", "state", "label", "detail")
_FIELDS = (
    *_SESSION,
    "@ccpar_size",
    *_WINDOW,
    *_WINDOW_OPTIONS,
    *_PANE,
    *_DEATH,
    *(f"@ccpar_{name}" for name in _PANE_OPTIONS),
)


@dataclass(frozen=True, slots=True)
class PaneView:
    """One pane. `role` is monitor, supervisor, approver, worker, or empty for somebody else's pane.

    `exit_code` and `signal` are None while it lives; `pid` is that of its first process.
    """

    pane_id: str
    index: int
    pid: int
    size: Size
    dead: bool
    exit_code: int | None
    signal: str | None
    command: str
    role: str
    worker: str
    group: str
    state: str
    label: str
    detail: str


@dataclass(frozen=True, slots=True)
class WindowView:
    """One window; `place` (from 0) and `shape` are None where we did not make it."""

    window_id: str
    index: int
    name: str
    size: Size
    place: int | None
    shape: Shape | None
    panes: tuple[PaneView, ...]


@dataclass(frozen=True, slots=True)
class SessionView:
    """One session. `instance` is the mark of its owner, empty where it is not ours.

    `planned` is the size that its windows were planned for; `attached` counts clients.
    """

    name: str
    session_id: str
    attached: int
    instance: str
    layout: str
    version: str
    planned: Size | None
    windows: tuple[WindowView, ...]

    @property
    def panes(self) -> tuple[PaneView, ...]:
        """All panes, window by window."""
        return tuple(pane for window in self.windows for pane in window.panes)

    @property
    def workers(self) -> dict[str, PaneView]:
        """The workers' panes by name."""
        return {pane.worker: pane for pane in self.panes if pane.role == "worker"}

    @property
    def monitor(self) -> PaneView | None:
        """The monitor's pane."""
        return self._of_role("monitor")

    @property
    def supervisor(self) -> PaneView | None:
        """The supervisor's pane."""
        return self._of_role("supervisor")

    @property
    def approver(self) -> PaneView | None:
        """The approver's pane."""
        return self._of_role("approver")

    def _of_role(self, role: str) -> PaneView | None:
        return next((pane for pane in self.panes if pane.role == role), None)


def find(client: Client, name: str) -> SessionView | None:
    """The session of exactly that name, or None; raises as the client does."""
    # Commands and labels may hold any visible text, but not what is drawn now.
    separator = f"|{secrets.token_hex(6)}|"
    form = separator.join(f"#{{{field}}}" for field in _FIELDS)
    try:
        listed = client.run(("list-panes", "-s", "-t", f"={name}:", "-F", form + separator))
    except NotFound:
        return None
    # Not by lines: a newline, should one ever stand in a field, must not shift the rest.
    values = [value.removeprefix("\n") for value in listed.split(separator)]
    starts = range(0, len(values) - 1, len(_FIELDS))
    return _session(name, [dict(zip(_FIELDS, values[start:], strict=False)) for start in starts])


def _session(name: str, rows: list[dict[str, str]]) -> SessionView:
    first = rows[0]
    by_window = groupby(rows, key=lambda row: row["window_id"])
    return SessionView(
        name=name,
        session_id=first["session_id"],
        attached=int(first["session_attached"] or 0),
        instance=first["@ccpar_instance"],
        layout=first["@ccpar_layout"],
        version=first["@ccpar_version"],
        planned=Size.parse(first["@ccpar_size"]) if first["@ccpar_size"] else None,
        windows=tuple(_window(list(group)) for _, group in by_window),
    )


def _window(rows: list[dict[str, str]]) -> WindowView:
    first = rows[0]
    place, shape = first["@ccpar_place"], first["@ccpar_shape"]
    return WindowView(
        window_id=first["window_id"],
        index=int(first["window_index"]),
        name=first["window_name"],
        size=Size(int(first["window_width"]), int(first["window_height"])),
        place=int(place) if place else None,
        shape=Shape.parse(shape) if shape else None,
        panes=tuple(map(_pane, rows)),
    )


def _pane(row: dict[str, str]) -> PaneView:
    options = {name: row[f"@ccpar_{name}"] for name in _PANE_OPTIONS}
    status = row["pane_dead_status"]
    pid = int(row["pane_pid"] or 0)
    return PaneView(
        pane_id=row["pane_id"],
        index=int(row["pane_index"]),
        pid=pid,
        size=Size(int(row["pane_width"]), int(row["pane_height"])),
        dead=row["pane_dead"] == "1" or not is_alive(pid),  # tmux 3.3a misses some deaths
        exit_code=int(status) if status else None,
        signal=row["pane_dead_signal"] or None,
        command=row["pane_current_command"],
        **options,
    )
