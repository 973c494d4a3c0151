"""From a layout and workers to windows and panes, with their sizes. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.tmux.geometry import (
    DEFAULT_SIZE,
    MIN_MONITOR,
    MIN_WORKER,
    Cell,
    Shape,
    Size,
    divide,
)
from ccpar_hybrid.tmux.layout import PAGE, Layout, Place, WindowLayout


@dataclass(frozen=True, slots=True)
class WorkerSlot:
    """A worker that is to have a pane: its name (see `checked_name`) and its group (any text)."""

    name: str
    group: str


@dataclass(frozen=True, slots=True)
class PlannedPane:
    """One pane; `worker` is None for the monitor. `size` is what its program has."""

    worker: WorkerSlot | None
    size: Size

    @property
    def role(self) -> str:
        """`monitor` or `worker`, as in the pane's `@ccpar_role`."""
        return "worker" if self.worker else "monitor"


@dataclass(frozen=True, slots=True)
class PlannedWindow:
    """One window: `cell` says where its panes lie, `focus` which of them has the focus."""

    name: str
    panes: tuple[PlannedPane, ...]
    cell: Cell
    shape: Shape
    focus: int = 0


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole session: its windows in order and which of them is shown first."""

    layout: Layout
    size: Size
    windows: tuple[PlannedWindow, ...]
    focus: int = 0

    @property
    def workers(self) -> tuple[WorkerSlot, ...]:
        """All workers in order."""
        return tuple(p.worker for window in self.windows for p in window.panes if p.worker)


@dataclass(frozen=True, slots=True)
class Room:
    """A window that is there: its id, its place among the session's (from 0), its workers.

    A `closed` one takes no more.
    """

    window_id: str
    place: int
    workers: tuple[WorkerSlot, ...]
    closed: bool = False


@dataclass(frozen=True, slots=True)
class Growth:
    """What to add: workers for windows that are there, by window id, and whole new windows."""

    size: Size
    filled: tuple[tuple[str, tuple[WorkerSlot, ...], Shape], ...]
    windows: tuple[PlannedWindow, ...]


def plan(layout: Layout, workers: Sequence[WorkerSlot], size: Size = DEFAULT_SIZE) -> Plan:
    """The session for these workers, in their order.

    Raises BadInput, with the figures, where a pane would be smaller than MIN_WORKER or
    MIN_MONITOR in windows of `size`.
    """
    rest = list(workers)
    windows: list[PlannedWindow] = []
    while rest or not windows:
        windows.append(_next_window(layout, len(windows), rest, size))
    chosen = (i for i, window in enumerate(layout.windows[: len(windows)]) if window.focus)
    return Plan(layout, size, tuple(windows), next(chosen, 0))


def grow(
    layout: Layout, rooms: Sequence[Room], workers: Sequence[WorkerSlot], size: Size
) -> Growth:
    """Places for further workers: free ones in windows that are there first, then new windows.

    No worker that is there moves. Raises as `plan` does.
    """
    rest = list(workers)
    filled = []
    for room in rooms:
        if added := _take(
            rest,
            _free(layout, room, size),
            separate=layout.ccpar.separate_groups,
            group=room.workers[0].group if room.workers else None,
        ):
            template = _template(layout, room.place)
            _panes(layout, template, [*room.workers, *added], size)
            filled.append((room.window_id, tuple(added), template.shape))
    windows: list[PlannedWindow] = []
    first = max((room.place for room in rooms), default=-1) + 1
    while rest:
        windows.append(_next_window(layout, first + len(windows), rest, size))
    return Growth(size, tuple(filled), tuple(windows))


def _template(layout: Layout, place: int) -> WindowLayout:
    last = len(layout.windows) - 1
    template = layout.windows[min(place, last)]
    if place > last and template.has_monitor:
        return template.model_copy(update={"panes": template.panes[1:]})
    return template


def _next_window(layout: Layout, place: int, rest: list[WorkerSlot], size: Size) -> PlannedWindow:
    template = _template(layout, place)
    room = _capacity(layout, template, size)
    taken = _take(rest, room, separate=layout.ccpar.separate_groups)
    panes, cell = _panes(layout, template, taken, size)
    focus = min(template.focused_pane, len(panes) - 1)
    return PlannedWindow(_window_name(layout, place), panes, cell, template.shape, focus)


def _panes(
    layout: Layout, template: WindowLayout, workers: Sequence[WorkerSlot], size: Size
) -> tuple[tuple[PlannedPane, ...], Cell]:
    slots = [*([None] if template.has_monitor else []), *workers]
    cell = divide(template.shape, len(slots), size)
    panes = tuple(PlannedPane(s, part.usable) for s, part in zip(slots, cell.panes, strict=True))
    _check(layout, template, panes, size)
    return panes, cell


def _window_name(layout: Layout, place: int) -> str:
    name = _template(layout, place).window_name
    if PAGE in name:
        return name.replace(PAGE, str(place + int(layout.windows[0].has_workers)))
    repeats = place - len(layout.windows) + 1
    return name if repeats <= 0 else f"{name}-{repeats + 1}"


def _take(
    rest: list[WorkerSlot], room: int, *, separate: bool, group: str | None = None
) -> list[WorkerSlot]:
    """The next workers, out of `rest`; only those of one group where groups are separate."""
    group = rest[0].group if rest and group is None else group
    taken: list[WorkerSlot] = []
    while rest and len(taken) < room and (not separate or rest[0].group == group):
        taken.append(rest.pop(0))
    return taken


def _free(layout: Layout, room: Room, size: Size) -> int:
    if room.closed:
        return 0
    return _capacity(layout, _template(layout, room.place), size) - len(room.workers)


def _capacity(layout: Layout, template: WindowLayout, size: Size) -> int:
    """How many workers the window takes; at least 1 where it holds no monitor."""
    fixed = template.places.count(Place.WORKER)
    if not template.fills:
        return fixed
    monitors = int(template.has_monitor)
    count = max(fixed, 1 - monitors)
    most = layout.ccpar.most_in_window
    while count < most and _fits(template, monitors + count + 1, size):
        count += 1
    return count


def _fits(template: WindowLayout, count: int, size: Size) -> bool:
    cells = divide(template.shape, count, size).panes
    minima = [MIN_MONITOR if template.has_monitor else MIN_WORKER, *[MIN_WORKER] * (count - 1)]
    return all(cell.usable.holds(least) for cell, least in zip(cells, minima, strict=True))


def _check(
    layout: Layout, template: WindowLayout, panes: Sequence[PlannedPane], size: Size
) -> None:
    for pane in panes:
        least = MIN_WORKER if pane.worker else MIN_MONITOR
        if not pane.size.holds(least):
            who = f"worker {pane.worker.name}" if pane.worker else "the monitor"
            raise BadInput(
                f"layout {layout.name}: in window {template.window_name!r} of {size} with "
                f"{len(panes)} panes ({template.layout}) {who} would get {pane.size}",
                f"at least {least} is accepted: give the window fewer panes, or the session "
                "a larger size",
            )
