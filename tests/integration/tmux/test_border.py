"""What people see: borders, the status line, and windows that fit their terminal."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.tmux.pane import DETAIL, LABEL, STATE, Pane
from ccpar_hybrid.tmux.server import Server
from ccpar_hybrid.tmux.session import SessionView
from tests.support.tmux_server import Terminal, TmuxServer, terminal
from tests.support.tmux_session import SESSION, session_spec
from tests.support.waiting import wait_until


@pytest.fixture
def server(tmux: TmuxServer) -> Server:
    return Server(tmux.environment)


@pytest.fixture
def screen(home: Path) -> Iterator[Terminal]:
    with terminal(home / "o") as opened:
        yield opened


def pane_of(server: Server, view: SessionView, worker: str) -> Pane:
    return Pane(view.workers[worker].pane_id, server.environment)


def sizes(tmux: TmuxServer) -> list[str]:
    return tmux.lines("list-panes", "-t", f"={SESSION}:", "-F", "#{pane_width}x#{pane_height}")


def wait_for_sizes(tmux: TmuxServer, expected: list[str]) -> None:
    wait_until(lambda: sizes(tmux) == expected, message=f"panes of {expected}")


def test_every_state_reads_without_colour(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    view = server.build(session_spec(1))
    pane = pane_of(server, view, "w1")
    screen.show(tmux, *server.attach_argv(SESSION))
    for state in WorkerState:
        pane.set_options({STATE: state.value, LABEL: "fix-1", DETAIL: "Allow Bash?"})
        waits = state is WorkerState.WAITING
        words = (
            "fix-1 · waiting for you: Allow Bash? " if waits else f"{state} · fix-1 · Allow Bash? "
        )
        assert "w1" in screen.wait_for(words)


def test_waiting_is_marked_strongly_also_in_the_list_of_windows(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    view = server.build(session_spec(6))
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for("1:page-1  2:page-2")
    pane_of(server, view, "w1").set_options({STATE: "waiting"})
    screen.wait_for("1:page-1 !")
    assert "\x1b[43m!" in screen.screen(colours=True)


def test_groups_are_shown_only_where_there_are_several(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    server.build(session_spec(2, groups=["front", "back"]))
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for("w1 back ◔ starting")
    screen.wait_for("w2 front ◔ starting")


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("#(touch {marker}) $(touch {marker})", "#(touch {marker}) $(touch {marker})"),
        ("#{{pane_id}} #{{@ccpar_worker}} ##", "#{{pane_id}} #{{@ccpar_worker}} ##"),
        ("#[fg=red]red #[align=right]", "#[fg=red]red #[align=right]"),
        ("%H:%M %% ; 'a' \"b\" \\ }} , {{", "%H:%M %% ; 'a' \"b\" \\ }} , {{"),
        ("one\ntwo\x1b[31m\x07 \udcff end;", "one␊two␛[31m␇ � end;"),
        ("x" * 5000, "x" * 100),
        ("日本語 línea", "日本語 línea"),
    ],
)
def test_hostile_labels_are_shown_exactly_and_evaluated_nowhere(
    server: Server, tmux: TmuxServer, screen: Terminal, home: Path, label: str, shown: str
) -> None:
    marker = home / "m"
    view = server.build(session_spec(1))
    text = label.format(marker=marker)
    pane_of(server, view, "w1").set_options({LABEL: text, STATE: "working", DETAIL: text})
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for(f"● working · {shown.format(marker=marker)}")
    assert not marker.exists()


def test_a_window_fits_its_terminal_down_to_the_least_size(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    server.build(session_spec(4))
    planned = ["200x6", "100x20", "99x20", "100x20", "99x20"]
    screen.show(tmux, *server.attach_argv(SESSION))
    wait_until(lambda: sizes(tmux) == planned)
    for columns, rows, expected in (
        (250, 60, ["250x10", "125x23", "124x23", "125x23", "124x23"]),
        (120, 40, ["161x6", "80x20", "80x20", "80x20", "80x20"]),
        (80, 24, ["161x6", "80x20", "80x20", "80x20", "80x20"]),
        (200, 50, planned),
    ):
        screen.resize(columns, rows)
        wait_for_sizes(tmux, expected)


def test_a_window_that_is_shown_later_fits_as_well(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    server.build(session_spec(5))
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for("monitor here")
    screen.resize(120, 40)
    wait_until(lambda: sizes(tmux) == ["120x38"])
    tmux.tmux("select-window", "-t", f"={SESSION}:=page-2")
    wait_until(lambda: sizes(tmux) == ["120x38"])
    tmux.tmux("select-window", "-t", f"={SESSION}:=page-1")
    wait_until(lambda: sizes(tmux) == ["80x20"] * 4)


def test_a_users_own_window_in_the_session_is_not_touched(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    server.build(session_spec(1))
    tmux.tmux("new-window", "-t", f"={SESSION}:", "-n", "own", "cat")
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for("own")
    screen.resize(100, 30)
    wait_until(lambda: sizes(tmux) == ["100x29"])


def test_a_dead_program_is_told_in_the_border(
    server: Server, tmux: TmuxServer, screen: Terminal
) -> None:
    view = server.build(session_spec(1))
    server.respawn(view.workers["w1"].pane_id, ("sh", "-c", "exit 3"), kill=True)
    screen.show(tmux, *server.attach_argv(SESSION))
    screen.wait_for("w1 ✖ ended (3)")
