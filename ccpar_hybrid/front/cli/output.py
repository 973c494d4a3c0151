"""How the command line speaks: tables and times for people, versioned JSON for programs."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime

from ccpar_hybrid.core.text import cut, display_width

SCHEMA = 1
"""Version of every `--json` document; it changes when a field's meaning does or one goes."""

LEAST_COLUMN = 8
"""What is left of a column that is cut."""

_COLOURS = {
    "green": "32",
    "red": "31",
    "yellow": "33",
    "blue": "34",
    "magenta": "35",
    "cyan": "36",
    "dim": "2",
    "bold": "1",
}
_STATE_COLOURS = {
    "running": "blue",
    "working": "blue",
    "settling": "blue",
    "starting": "blue",
    "waiting": "yellow",
    "paused": "magenta",
    "held": "yellow",
    "succeeded": "green",
    "failed": "red",
    "timed-out": "red",
    "lost": "red",
    "cancelled": "magenta",
    "skipped": "magenta",
    "idle": "dim",
}


def print_json(kind: str, **content: object) -> None:
    """One document: `schema`, `kind` and the content."""
    document = {"schema": SCHEMA, "kind": kind, **content}
    plain = "utf" not in (sys.stdout.encoding or "").lower()
    print(json.dumps(document, indent=2, ensure_ascii=plain, default=str))


def is_coloured() -> bool:
    """Only for people at a terminal who have not said NO_COLOR."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and _is_capable()


def _is_capable() -> bool:
    return os.environ.get("TERM", "dumb") != "dumb"


def paint(text: str, colour: str) -> str:
    """The text in a colour, where there are colours."""
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m" if is_coloured() else text


def paint_state(text: str, state: str) -> str:
    """The text in the colour of a state's word."""
    colour = _STATE_COLOURS.get(state)
    return paint(text, colour) if colour else text


def terminal_width() -> int:
    """Columns for a table; wide where nobody looks, so that pipes get whole lines."""
    if not sys.stdout.isatty():
        return 10_000
    try:
        return max(40, os.get_terminal_size(1).columns)
    except OSError:
        return 80


def print_table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    state_column: int | None = None,
    right: Sequence[int] = (),
    giving: Sequence[int] = (),
) -> None:
    """Aligned columns; the last one is cut to the terminal, and then the `giving` ones."""
    widths = [
        max(display_width(row[column]) for row in (headings, *rows))
        for column in range(len(headings))
    ]
    room = terminal_width() - 2 * (len(widths) - 1)
    widths[-1] = max(LEAST_COLUMN, min(widths[-1], room - sum(widths[:-1])))
    _narrow(widths, giving, room)
    print(paint(_line(headings, widths, right), "bold"))
    for row in rows:
        print(_line(row, widths, right, state_column))


def _narrow(widths: list[int], giving: Sequence[int], room: int) -> None:
    """Take from the widest of these columns, down to a least width, until all have room."""
    while sum(widths) > room:
        column = max(giving, key=lambda one: widths[one], default=None)
        if column is None or widths[column] <= LEAST_COLUMN:
            return
        widths[column] -= 1


def _line(
    cells: Sequence[str],
    widths: Sequence[int],
    right: Sequence[int],
    state_column: int | None = None,
) -> str:
    parts = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        shown = cut(cell, width)
        blank = " " * (width - display_width(shown))
        if column == state_column:
            shown = paint_state(shown, cell.partition(" ")[0])
        parts.append(blank + shown if column in right else shown + blank)
    return "  ".join(parts).rstrip()


def ago(moment: datetime | None, now: datetime | None = None) -> str:
    """`3 min ago`; `in 2 h` for a time to come; empty for None."""
    if moment is None:
        return ""
    gap_s = ((now or datetime.now(UTC)) - moment).total_seconds()
    if abs(gap_s) < 1:
        return "now"
    return f"{span(gap_s)} ago" if gap_s > 0 else f"in {span(-gap_s)}"


def span(seconds: float) -> str:
    """A length of time in at most two units: `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 0.9995:  # what rounds to a full unit is told in that
        return f"{round(seconds * 1000)} ms"
    if seconds < 59.5:
        return f"{seconds:.0f} s"
    whole = round(seconds)
    for size, unit, smaller, small_unit in (
        (86400, "d", 3600, "h"),
        (3600, "h", 60, "min"),
        (60, "min", 1, "s"),
    ):
        if whole >= size:
            rest = whole % size // smaller
            return f"{whole // size} {unit}" + (f" {rest} {small_unit}" if rest else "")
    return f"{whole} s"


def count(number: int, word: str) -> str:
    """`1 worker`, `3 workers`."""
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
