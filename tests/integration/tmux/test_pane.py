"""A worker's own pane, in a real tmux."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from ccpar_hybrid.core.errors import BadInput, CcparError, CommandFailed, MissingPart, NotFound
from ccpar_hybrid.tmux.pane import DETAIL, LABEL, OPTION_WIDTH, STATE, Pane
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

HOSTILE = "#(touch x);'\"$(touch x)`touch x` #{pane_id} #[fg=red] \\; -t ;"


@pytest.fixture
def pane(tmux: TmuxServer) -> Pane:
    return Pane(tmux.start_session("s"), tmux.environment)


def raw_reader(tmux: TmuxServer, home: Path, *, bracketed: bool = False) -> tuple[Pane, Path]:
    """A pane whose program writes each byte that it gets into a file."""
    got = home / "got"
    ask = "printf '\\033[?2004h';" if bracketed else ""
    script = f"stty raw -echo; {ask} printf ready; exec cat > {got}"
    pane = Pane(tmux.start_session("s", "sh", "-c", script), tmux.environment)
    wait_until(lambda: "ready" in pane.capture())
    return pane, got


def option(tmux: TmuxServer, pane: Pane, name: str) -> str:
    return tmux.tmux("show-options", "-pqv", "-t", pane.pane_id, name).rstrip("\n")


def test_options_are_set_as_they_are_whatever_stands_in_them(tmux: TmuxServer, pane: Pane) -> None:
    pane.set_options({LABEL: HOSTILE, STATE: "waiting", DETAIL: "-g"})
    shown = tmux.tmux(
        "display-message", "-p", "-t", pane.pane_id, f"#{{{LABEL}}}|#{{{STATE}}}|#{{{DETAIL}}}"
    )
    assert shown == f"{HOSTILE}|waiting|-g\n"


@pytest.mark.parametrize("value", [";", "a;", "a\\;", "\\", "", "-", "--", "{", "}", "a ; b", "%1"])
def test_no_value_ends_the_command(tmux: TmuxServer, pane: Pane, value: str) -> None:
    pane.set_options({LABEL: value, STATE: "idle"})
    assert tmux.tmux("display-message", "-p", "-t", pane.pane_id, f"#{{{LABEL}}}") == f"{value}\n"
    assert option(tmux, pane, STATE) == "idle"


def test_control_characters_and_length_do_not_reach_an_option(tmux: TmuxServer, pane: Pane) -> None:
    pane.set_options({LABEL: "a\x1b]0;b\x07\n\udcff", DETAIL: "x" * 5000})
    assert option(tmux, pane, LABEL) == "a␛]0;b␇␊�"
    assert option(tmux, pane, DETAIL) == "x" * (OPTION_WIDTH - 1) + "…"


def test_a_paste_of_400_kb_arrives_whole(tmux: TmuxServer, home: Path) -> None:
    text = "".join(f"{number} línea 日本 '\"$(x)#{{y}}\t\\;\n" for number in range(12_000))[
        :400_000
    ]
    pane, got = raw_reader(tmux, home)
    pane.paste(text)
    wait_until(lambda: got.stat().st_size >= len(text.encode()))
    assert got.read_text(encoding="utf-8") == text
    assert tmux.tmux("list-buffers") == ""


def test_a_program_that_asked_for_it_gets_the_marks_of_a_paste(
    tmux: TmuxServer, home: Path
) -> None:
    pane, got = raw_reader(tmux, home, bracketed=True)
    pane.paste("-t hello;")
    wait_until(lambda: got.read_bytes().endswith(b"~") and len(got.read_bytes()) > 8)
    assert got.read_bytes() == b"\x1b[200~-t hello;\x1b[201~"


def test_a_text_that_would_end_its_own_paste_is_refused(pane: Pane) -> None:
    with pytest.raises(BadInput, match="position 2"):
        pane.paste("ab\x1b[201~rm -rf x\r")


def test_keys_are_pressed_in_order(tmux: TmuxServer, home: Path) -> None:
    pane, got = raw_reader(tmux, home)
    pane.press("1", "-", ";", "Escape", "Enter")
    wait_until(lambda: got.stat().st_size >= 5)
    assert got.read_bytes() == b"1-;\x1b\r"


def test_the_screen_its_colours_and_its_history_are_read(tmux: TmuxServer) -> None:
    script = "seq 100; printf '\\033[31mred\\033[0m 日本\\n'; exec cat"
    pane = Pane(tmux.start_session("s", "sh", "-c", script, rows=10), tmux.environment)
    wait_until(lambda: "red 日本" in pane.capture())
    assert pane.capture().splitlines()[0] == "93"
    assert "\x1b[31mred" in pane.capture(escapes=True)
    assert pane.capture(history=True).splitlines()[0] == "1"
    pane.clear_history()
    assert pane.capture(history=True).splitlines()[0] == "93"


def test_a_mode_is_seen_and_left(tmux: TmuxServer, pane: Pane) -> None:
    assert not pane.is_in_mode()
    pane.leave_mode()
    tmux.tmux("copy-mode", "-t", pane.pane_id)
    assert pane.is_in_mode()
    pane.leave_mode()
    assert not pane.is_in_mode()


def test_the_size_is_that_of_the_program(pane: Pane) -> None:
    assert pane.size() == (100, 30)


def test_a_pane_that_is_gone_is_said_so_by_every_call(tmux: TmuxServer, pane: Pane) -> None:
    tmux.start_session("other")
    tmux.tmux("kill-pane", "-t", pane.pane_id)
    calls: list[Callable[[], object]] = [
        lambda: pane.set_options({STATE: "idle"}),
        pane.capture,
        lambda: pane.paste("text"),
        lambda: pane.press("Enter"),
        pane.is_in_mode,
        pane.leave_mode,
        pane.size,
        pane.clear_history,
    ]
    for call in calls:
        with pytest.raises(NotFound):
            call()
    assert tmux.tmux("list-buffers") == ""


def test_a_server_that_is_gone_and_a_missing_tmux_are_told_apart(
    tmux: TmuxServer, pane: Pane
) -> None:
    tmux.close()
    with pytest.raises(NotFound):
        pane.capture()
    with pytest.raises(MissingPart, match="tmux"):
        Pane("%0", {**tmux.environment, "PATH": "/nonexistent"}).capture()


def test_a_refusal_of_tmux_carries_its_words(pane: Pane) -> None:
    with pytest.raises(CommandFailed) as caught:
        pane.set_options({"no-such-option": "x"})
    assert "invalid option" in caught.value.stderr
    assert isinstance(caught.value, CcparError)
