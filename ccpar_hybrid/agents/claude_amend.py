"""A permission dialog of Claude Code (2.1.197) at whose `No` words are being typed. Pure.

Tab at the chosen `No` opens a field behind it, whose words go to the model with the denial. Until
something is typed the field shows what it is for. All else must be as in the dialog without it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ccpar_hybrid.agents.claude_call import read_permission
from ccpar_hybrid.agents.claude_frame import (
    AMEND,
    EXPLAIN,
    GREY,
    read_frame,
)
from ccpar_hybrid.agents.prompt import Amendment, Meaning
from ccpar_hybrid.agents.styled import PLAIN, Style, StyledLine, styled_lines

_FOOTERS = {" Esc to cancel": AMEND, " Esc to cancel · ctrl+e to explain": EXPLAIN}
"""What is told below the field, and what below the dialog without it."""
_FIELD = re.compile(r" ❯ [1-9]\. No,(?: |$)")
_INDENT = len(" ❯ 1. No, ")
_EMPTY = "and tell Claude what to do differently"
_DIM = frozenset("2")
_MOST_ROWS = 30


def read_amendment(screen: str, columns: int) -> Amendment | None:
    """The dialog without its field, and the words in it; None: there is surely no such field."""
    lines = styled_lines(screen)
    footer = _FOOTERS.get(lines[-1].text) if len(lines) > 3 else None
    if footer is None or lines[-2].text or not lines[-1].is_all(GREY):
        return None
    first = _first_row(lines)
    words = _words(lines[first:-2]) if first is not None else None
    if words is None:
        return None
    without = [*lines[:first], _label(lines[first or 0]), lines[-2], _all_grey(footer)]
    frame = read_frame(without)
    if frame is None or frame.columns != columns:
        return None
    prompt = read_permission(frame)
    chosen = next((each for each in frame.options if each.chosen), None)
    if prompt is None or chosen is None or chosen.meaning is not Meaning.NO:
        return None
    top = len(without) - len(frame.shown)
    return Amendment(prompt, words, tuple(line.text for line in lines[top:]))


def _first_row(lines: Sequence[StyledLine]) -> int | None:
    """The row in which the field begins, with nothing but its other rows below it."""
    for number in range(len(lines) - 3, max(len(lines) - 3 - _MOST_ROWS, -1), -1):
        if _FIELD.match(lines[number].text):
            return number
        if lines[number].text[:_INDENT].strip():
            return None
    return None


def _words(rows: Sequence[StyledLine]) -> str | None:
    """What is typed; rows that a break ends are told with a blank between them."""
    parts = [row.text[_INDENT:] for row in rows]
    typed = all(map(_is_typed, rows))
    if parts == [_EMPTY] and not typed:
        is_dim = all(style.marks == _DIM for style in rows[0].styles[_INDENT + 1 :])
        return "" if is_dim else None
    return " ".join(parts).strip() if typed else None


def _is_typed(row: StyledLine) -> bool:
    """In the terminal's own style; what stands under the cursor is reversed."""
    styles = row.styles[_INDENT:]
    under = [style for style in styles if style.marks]
    return len(under) <= 1 and all(
        Style(style.colour, style.background) == PLAIN and style.marks <= {"7"} for style in styles
    )


def _label(row: StyledLine) -> StyledLine:
    end = _INDENT - len(", ")
    return StyledLine(row.text[:end], row.styles[:end], row.odd)


def _all_grey(text: str) -> StyledLine:
    return StyledLine(text, (GREY,) * len(text))
