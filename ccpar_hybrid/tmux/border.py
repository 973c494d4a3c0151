"""What a session's borders and status line say, and the options of its windows and panes.

Texts from tasks stand only in pane user options, and the formats below show those with `q/h`,
which doubles `#`: without it tmux 3.3a would take `#[fg=red]` in a label for a style.
"""

from __future__ import annotations

from collections.abc import Iterator

from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.tmux.geometry import Size

Command = tuple[str, ...]

_MARKS = {
    WorkerState.IDLE: ("", "○"),
    WorkerState.STARTING: ("#[fg=cyan]", "◔"),
    WorkerState.WORKING: ("#[fg=green]", "●"),
    WorkerState.WAITING: ("#[fg=black]#[bg=yellow]#[bold]", "‼"),
    WorkerState.SETTLING: ("#[fg=cyan]", "◕"),
    WorkerState.PAUSED: ("#[fg=magenta]", "‖"),
    WorkerState.HELD: ("#[fg=yellow]", "◌"),
    WorkerState.STOPPING: ("#[fg=red]", "■"),
    WorkerState.UNKNOWN: ("", "?"),
}
_RESPAWN_PAUSE_S = 2
_WINDOW_STATUS = "#I:#W#{?window_flags,#{window_flags}, }" + (
    "#{P:#{?#{==:#{@ccpar_state},waiting},#[fg=black]#[bg=yellow]#[bold]!#[default],}}"
)


def _either(condition: str, then: str, otherwise: str = "") -> str:
    return f"#{{?{condition},{then},{otherwise}}}"


def _shown(option: str) -> str:
    return f"#{{q/h:{option}}}"


def _after(separator: str, option: str) -> str:
    return _either(option, separator + _shown(option))


def _state() -> str:
    text = _shown("@ccpar_state")
    for state, (style, mark) in _MARKS.items():
        if state is WorkerState.WAITING:
            label = _either("@ccpar_label", _shown("@ccpar_label") + " · ")
            words = f" ‼ {label}waiting for you" + _after(": ", "@ccpar_detail") + " "
        else:
            words = f"{mark} {state.value}"
        text = _either(
            f"#{{==:#{{@ccpar_state}},{state.value}}}", f"{style}{words}#[default]", text
        )
    return text


def _border() -> str:
    waiting = f"#{{==:#{{@ccpar_state}},{WorkerState.WAITING.value}}}"
    detail = _either(waiting, "", _after(" · ", "@ccpar_detail"))
    dead = "#[fg=red]#[bold]✖ ended#[default]" + _either(
        "pane_dead_status", " (#{pane_dead_status})"
    )
    worker = (
        f" #[bold]{_shown('@ccpar_worker')}#[default] "
        + _either("@ccpar_several", _shown("@ccpar_group") + " ")
        + _either("pane_dead", dead, _state())
        + _either(waiting, "", _after(" · ", "@ccpar_label"))
        + detail
        + "#[default] "
    )
    service = f" #[bold]{_shown('@ccpar_role')}#[default] " + _either(
        "pane_dead", dead + " ", "#{session_name} "
    )
    plain = " #{q/h:pane_current_command} "
    return _either("@ccpar_worker", worker, _either("@ccpar_role", service, plain))


BORDER = _border()
"""`pane-border-format`: worker, group (if the session has several), state, label, detail."""


def window_options(window: str) -> Iterator[Command]:
    """Options of one of our windows; none is global, so a user's own windows stay as they are."""
    options = {
        "pane-base-index": "0",
        "pane-border-status": "top",
        "pane-border-format": BORDER,
        "remain-on-exit": "on",
        "allow-rename": "off",
        "automatic-rename": "off",
        "synchronize-panes": "off",
        "window-size": "manual",
        "window-status-format": _WINDOW_STATUS,
        "window-status-current-format": _WINDOW_STATUS,
    }
    for name, value in options.items():
        yield ("set-option", "-w", "-t", window, name, value)


def death_hook(pane: str) -> Command:
    """Starts the pane's program again, a moment after it has died.

    tmux 3.3a misses a child's death now and then (2 of 15), so this alone is not enough.
    """
    respawn = "if-shell -F -t #{hook_pane} '#{pane_dead}' 'respawn-pane -t #{hook_pane}'"
    command = f"run-shell -b -d {_RESPAWN_PAUSE_S} -C {_double_quoted(respawn)}"
    return ("set-hook", "-p", "-t", pane, "pane-died", command)


def size_hooks(session: str, planned: Size) -> Iterator[Command]:
    """Hooks that fit a window to the client that looks at it, down to the window's own least size.

    A smaller client sees a part of the window. Whoever came or changed last decides.
    """
    # Divided anew each time, from `planned` or from the least size: shrinking by itself would
    # spread the loss over all panes, and so leave some below their minimum.
    size = f"-x {_larger(_CLIENT_COLUMNS, _LEAST_COLUMNS)} -y {_larger(_CLIENT_ROWS, _LEAST_ROWS)}"
    command = (
        f"if-shell -F '{_differs()}' "
        f'\'select-layout -t #{{window_id}} "{_cells(planned)}" ; '
        f"resize-window -t #{{window_id}} {size}'"
    )
    for event in (
        "client-attached",
        "client-resized",
        "client-session-changed",
        "session-window-changed",
    ):
        yield ("set-hook", "-t", session, event, f"run-shell -C {_double_quoted(command)}")


_CLIENT_COLUMNS = "#{client_width}"
_STATUS_LINES = "#{?#{==:#{status},off},0,#{?#{==:#{status},on},1,#{status}}}"
_CLIENT_ROWS = f"#{{e|-|:#{{client_height}},{_STATUS_LINES}}}"
_LEAST_COLUMNS = "#{@ccpar_least_columns}"
_LEAST_ROWS = "#{@ccpar_least_rows}"


def _larger(first: str, second: str) -> str:
    return f"#{{?#{{e|>|:{first},{second}}},{first},{second}}}"


def _cells(planned: Size) -> str:
    wide = f"#{{e|>=|:{_CLIENT_COLUMNS},{planned.columns}}}"
    high = f"#{{e|>=|:{_CLIENT_ROWS},{planned.rows}}}"
    return f"#{{?#{{&&:{wide},{high}}},#{{@ccpar_cells}},#{{@ccpar_least_cells}}}}"


def _differs() -> str:
    wanted = f"{_larger(_CLIENT_COLUMNS, _LEAST_COLUMNS)}x{_larger(_CLIENT_ROWS, _LEAST_ROWS)}"
    differs = f"#{{!=:#{{window_width}}x#{{window_height}},{wanted}}}"
    # A control client has no screen; with no client at all there is no width.
    looks = "#{&&:#{client_width},#{?client_control_mode,0,1}}"
    return f"#{{&&:#{{&&:#{{!=:#{{@ccpar_cells}},}},{looks}}},{differs}}}"


def _double_quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$") + '"'
