"""Building, extending and ending our session; each in one sequence of commands.

One sequence because tmux carries it out even if we are killed meanwhile: there is never half a
session. Nothing here touches another session, or a global or server option.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from ccpar_hybrid import __version__
from ccpar_hybrid.core.errors import BadInput, Refused
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.tmux.border import Command, death_hook, size_hooks, window_options
from ccpar_hybrid.tmux.geometry import MIN_MONITOR, MIN_WORKER, Cell, Shape, Size, divide, shrink
from ccpar_hybrid.tmux.layout import checked_name
from ccpar_hybrid.tmux.pane import OPTION_WIDTH
from ccpar_hybrid.tmux.plan import Growth, Plan, PlannedWindow, Room, WorkerSlot
from ccpar_hybrid.tmux.session import SessionView


@dataclass(frozen=True, slots=True)
class SessionSpec:
    """What to build: whose it is, its plan, and what runs in its panes.

    `instance` marks the owner. Without `supervisor_argv` there is no supervisor, and so
    with the approver. Programs get `CCPAR_SESSION` and `CCPAR_ENVIRONMENT_FILE` (the path of the
    private file with their environment), and run without a shell, in `directory`.
    """

    name: str
    instance: str
    plan: Plan
    monitor_argv: tuple[str, ...]
    worker_argv: Callable[[WorkerSlot], tuple[str, ...]]
    environment_file: str
    directory: str = "/"
    supervisor_argv: tuple[str, ...] | None = None
    approver_argv: tuple[str, ...] | None = None


def build_commands(spec: SessionSpec) -> Iterator[Command]:
    """The sequence that makes the whole session."""
    _check(spec)
    first, *others = spec.plan.windows
    session = f"={spec.name}:"
    yield from _new_session(spec, first)
    yield from _session_options(spec, session)
    yield from size_hooks(session, spec.plan.size)
    yield from _window(spec, first, 0)
    for place, window in enumerate(others, 1):
        yield from _new_window(spec, window)
        yield from _window(spec, window, place)
    if spec.supervisor_argv:
        yield from _supervisor_window(spec, {window.name for window in spec.plan.windows})
    if spec.approver_argv:
        yield from _approver_window(spec, {window.name for window in spec.plan.windows})
    yield ("select-window", "-t", f"{session}={spec.plan.windows[spec.plan.focus].name}")


def extend_commands(spec: SessionSpec, view: SessionView, growth: Growth) -> Iterator[Command]:
    """The sequence that adds the workers; what is there keeps its pane and its process.

    A monitor that is gone comes back, in a window of its own in front; so do a supervisor
    and an approver.
    """
    windows = {window.window_id: window for window in view.windows}
    names = {window.name for window in view.windows}
    if view.monitor is None:
        yield from _monitor_window(spec, names)
    if view.supervisor is None and spec.supervisor_argv:
        yield from _supervisor_window(spec, names | {window.name for window in growth.windows})
    if view.approver is None and spec.approver_argv:
        yield from _approver_window(spec, names | {window.name for window in growth.windows})
    for window_id, workers, shape in growth.filled:
        window = windows[window_id]
        roles = [*(pane.role for pane in window.panes), *["worker"] * len(workers)]
        last = max(pane.index for pane in window.panes)
        yield from _split(spec, window_id, last, workers)
        yield from _arrange(window_id, _cell(shape, roles, growth.size), roles, window.size)
    first = max((w.place for w in view.windows if w.place is not None), default=-1) + 1
    for place, planned in enumerate(growth.windows, first):
        if planned.name in names:
            raise Refused(
                f"session {view.name} has a window {planned.name!r} already, which is not ours",
                "rename that window",
            )
        yield from _new_window(spec, planned)
        yield from _window(spec, planned, place)
    yield _several(view.name, {pane.group for pane in view.workers.values()} | _groups(growth))


def remove_commands(view: SessionView, pane_ids: Sequence[str]) -> Iterator[Command]:
    """The sequence that ends the panes, and gives their room to those beside them."""
    gone = set(pane_ids)
    for window in view.windows:
        ended = [pane.pane_id for pane in window.panes if pane.pane_id in gone]
        roles = [pane.role for pane in window.panes if pane.pane_id not in gone]
        yield from (("kill-pane", "-t", pane_id) for pane_id in ended)
        if ended and roles and window.shape and view.planned:
            cell = _cell(window.shape, roles, view.planned)
            yield from _arrange(window.window_id, cell, roles, window.size)


def rooms(view: SessionView) -> tuple[Room, ...]:
    """Our windows of the session with their workers, as `grow` wants them.

    Windows in which somebody opened panes of their own are closed.
    """
    return tuple(
        Room(
            window.window_id,
            window.place,
            tuple(WorkerSlot(p.worker, p.group) for p in window.panes if p.role == "worker"),
            closed=not all(pane.role for pane in window.panes),
        )
        for window in view.windows
        if window.place is not None
    )


def _cell(shape: Shape, roles: Sequence[str], size: Size) -> Cell:
    # Without its monitor, a low main pane would fall to a worker.
    lost = shape.main_minimum == MIN_MONITOR and roles[0] != "monitor"
    return divide(Shape() if lost else shape, len(roles), size)


def _monitor_window(spec: SessionSpec, names: set[str]) -> Iterator[Command]:
    where = ("-b", "-t", f"={spec.name}:^")
    yield from _service_window(spec, "monitor", spec.monitor_argv, names, where)


def _supervisor_window(spec: SessionSpec, names: set[str]) -> Iterator[Command]:
    where = ("-t", f"={spec.name}:")
    yield from _service_window(spec, "supervisor", spec.supervisor_argv or (), names, where)


def _approver_window(spec: SessionSpec, names: set[str]) -> Iterator[Command]:
    where = ("-t", f"={spec.name}:")
    yield from _service_window(spec, "approver", spec.approver_argv or (), names, where)


def _service_window(
    spec: SessionSpec, role: str, argv: Sequence[str], names: set[str], where: Sequence[str]
) -> Iterator[Command]:
    """A window for one program that is no worker, named after it."""
    candidates = (f"{role}-{number}" if number > 1 else role for number in count(1))
    name = next(candidate for candidate in candidates if candidate not in names)
    target = f"={spec.name}:={name}"
    yield ("new-window", "-d", *where, "-n", name, "-c", spec.directory, *program(argv))
    yield from window_options(target)
    yield from _pane_options(spec, f"{target}.0", None, role)
    yield from _arrange(target, divide(Shape(), 1, spec.plan.size), [role], spec.plan.size)


def _arrange(window: str, cell: Cell, roles: Sequence[str], size: Size) -> Iterator[Command]:
    """Divide the window by the cell, and leave it the `size` that it had as far as that goes."""
    least = shrink(cell, [MIN_WORKER if role == "worker" else MIN_MONITOR for role in roles])
    options = {
        "@ccpar_cells": cell.layout,
        "@ccpar_least_cells": least.layout,
        "@ccpar_least_columns": str(least.columns),
        "@ccpar_least_rows": str(least.rows),
    }
    for name, value in options.items():
        yield ("set-option", "-w", "-t", window, name, value)
    base = cell if size.holds(cell.size) else least
    yield ("select-layout", "-t", window, base.layout)
    columns, rows = max(size.columns, base.columns), max(size.rows, base.rows)
    yield ("resize-window", "-t", window, "-x", str(columns), "-y", str(rows))


def _check(spec: SessionSpec) -> None:
    names = [spec.name, *(worker.name for worker in spec.plan.workers)]
    for name in names:
        try:
            checked_name(name)
        except ValueError as error:
            raise BadInput(f"{visible(name, 60)!r} can be no name", str(error)) from None
    doubled = {name for name in names[1:] if names[1:].count(name) > 1}
    if doubled:
        raise BadInput(f"worker {min(doubled)} is given twice", "each worker has its own name")


def _new_session(spec: SessionSpec, window: PlannedWindow) -> Iterator[Command]:
    columns, rows = spec.plan.size
    yield (
        *("new-session", "-d", "-s", spec.name, "-n", window.name),
        *("-x", str(columns), "-y", str(rows), "-c", spec.directory),
        *("-e", f"CCPAR_SESSION={spec.name}"),
        *("-e", f"CCPAR_ENVIRONMENT_FILE={spec.environment_file}"),
        *program(_argv(spec, window.panes[0].worker)),
    )


def _session_options(spec: SessionSpec, session: str) -> Iterator[Command]:
    layout = spec.plan.layout
    options = {
        "@ccpar_instance": spec.instance,
        "@ccpar_layout": layout.name,
        "@ccpar_version": __version__,
        "@ccpar_size": str(spec.plan.size),
        "mouse": "on" if layout.options.mouse else "off",
        "history-limit": str(layout.options.history_limit),
        "status-left-length": str(len(spec.name) + 4),
    }
    for name, value in options.items():
        yield ("set-option", "-t", session, name, value)
    yield _several(spec.name, {worker.group for worker in spec.plan.workers})


def _several(session: str, groups: set[str]) -> Command:
    return ("set-option", "-t", f"={session}:", "@ccpar_several", "1" if len(groups) > 1 else "")


def _groups(growth: Growth) -> set[str]:
    added = {worker.group for _, workers, _ in growth.filled for worker in workers}
    return added | {p.worker.group for w in growth.windows for p in w.panes if p.worker}


def _new_window(spec: SessionSpec, window: PlannedWindow) -> Iterator[Command]:
    argv = program(_argv(spec, window.panes[0].worker))
    where = ("-d", "-t", f"={spec.name}:", "-n", window.name, "-c", spec.directory)
    yield ("new-window", *where, *argv)


def _window(spec: SessionSpec, window: PlannedWindow, place: int) -> Iterator[Command]:
    """What makes a window of one pane into the planned one."""
    target = f"={spec.name}:={window.name}"
    yield from window_options(target)
    yield ("set-option", "-w", "-t", target, "@ccpar_place", str(place))
    yield ("set-option", "-w", "-t", target, "@ccpar_shape", str(window.shape))
    columns, rows = spec.plan.size
    # A new window has the size of whoever is attached, perhaps too small to be split.
    yield ("resize-window", "-t", target, "-x", str(columns), "-y", str(rows))
    yield from _pane_options(spec, f"{target}.0", window.panes[0].worker)
    yield from _split(spec, target, 0, [p.worker for p in window.panes[1:] if p.worker])
    roles = [pane.role for pane in window.panes]
    yield from _arrange(target, window.cell, roles, spec.plan.size)
    yield ("select-pane", "-t", f"{target}.{window.focus}")


def _split(
    spec: SessionSpec, window: str, last: int, workers: Sequence[WorkerSlot]
) -> Iterator[Command]:
    """Panes for the workers behind the pane of index `last`, for `arrange` to give them room."""
    # Each comes right behind `last`, where there is room for a line, so the first comes last.
    where = ("-d", "-t", f"{window}.{last}", "-l", "1", "-c", spec.directory)
    for worker in reversed(workers):
        yield ("split-window", *where, *program(spec.worker_argv(worker)))
        yield from _pane_options(spec, f"{window}.{last + 1}", worker)


def _pane_options(
    spec: SessionSpec, pane: str, worker: WorkerSlot | None, role: str = "monitor"
) -> Iterator[Command]:
    options = {"@ccpar_role": role}
    if worker:
        options = {
            "@ccpar_role": "worker",
            "@ccpar_worker": worker.name,
            "@ccpar_group": visible(worker.group, OPTION_WIDTH),
            "@ccpar_state": "starting",
        }
    for name, value in options.items():
        yield ("set-option", "-p", "-t", pane, name, value)
    if spec.supervisor_argv and not worker:
        yield death_hook(pane)


def _argv(spec: SessionSpec, worker: WorkerSlot | None) -> tuple[str, ...]:
    return spec.worker_argv(worker) if worker else spec.monitor_argv


def program(argv: Sequence[str]) -> tuple[str, ...]:
    """The words for the end of a command that starts a program, which no shell will read."""
    # tmux gives a single word to a shell; this shell gets it as a parameter.
    return ("--", *argv) if len(argv) > 1 else ("--", "sh", "-c", 'exec "$0"', *argv)
