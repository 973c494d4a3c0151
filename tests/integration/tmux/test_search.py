"""Expressions for whole lines, as a real tmux understands them."""

from __future__ import annotations

from pathlib import Path

from ccpar_hybrid.tmux.search import first_line, whole_line
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

CHARACTERS = [*map(chr, range(33, 127)), *"❯─│é日⏺\u00a0"]
LONG_S = 30.0


def shown(tmux: TmuxServer, home: Path, lines: list[str]) -> None:
    file = home / "shown"
    file.write_text("\n".join([*lines, "the end"]) + "\n", encoding="utf-8")
    tmux.start_session("s", "cat", str(file), "-", columns=80, rows=len(lines) + 10)
    look = ("capture-pane", "-p", "-t", "s:")
    wait_until(lambda: "the end" in tmux.tmux(*look), timeout_s=LONG_S)


def found(tmux: TmuxServer, *formats: str) -> list[str]:
    return tmux.tmux("list-panes", "-t", "s:", "-F", " ".join(formats)).split()


def test_each_character_is_found_as_itself_and_nowhere_else(tmux: TmuxServer, home: Path) -> None:
    lines = [f"a{character}b{character}{character}z" for character in CHARACTERS]
    lines += [f"a{character} {character}}}z#{{" for character in CHARACTERS]
    shown(tmux, home, lines)
    for start in range(0, len(lines), 40):
        part = lines[start : start + 40]
        numbers = found(tmux, *(first_line(whole_line(line)) for line in part))
        assert numbers == [str(start + n + 1) for n in range(len(part))]


def test_a_part_of_a_line_and_one_that_is_not_there_are_not_found(
    tmux: TmuxServer, home: Path
) -> None:
    shown(tmux, home, ["  1. Yes, always   ", "2. No"])
    lines = ["1. Yes, always", "  1. Yes", "  1x Yes, always", "  1. Yes, always", "2. No "]
    assert found(tmux, *map(first_line, map(whole_line, lines))) == ["0", "0", "0", "1", "2"]


def test_an_expression_with_commas_and_braces_comes_through(tmux: TmuxServer, home: Path) -> None:
    shown(tmux, home, ["x", "a, {b}"])
    assert found(tmux, first_line("q|, [{]b[}]"), first_line("q|z")) == ["2", "0"]
