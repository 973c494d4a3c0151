"""Draws what a terminal shows as an SVG that needs no fonts but the reader's own.

Input is what `tmux capture-pane -p -e -N` gives. Lines and blocks are drawn as shapes and every
run of text is stretched to its cells, so that it looks right with any monospaced font.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeVar
from xml.sax.saxutils import escape

from ccpar_hybrid.core.text import cell_width

Key = TypeVar("Key")
CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 8.4, 18.0, 14
BASELINE = 13.6
MARGIN = 12.0
FOREGROUND, BACKGROUND = "#d8dee9", "#15181e"
_DARK = ("#2b303b", "#d9626b", "#8fbf7f", "#e5c07b", "#6f9fd8", "#b98fd0", "#62b5bd", "#d0d4dc")
_BRIGHT = ("#6b7382", "#f07a83", "#a9d69a", "#f5d590", "#8cb8ee", "#d0aae4", "#7fd0d8", "#ffffff")
_BASE = (*_DARK, *_BRIGHT)
_ESCAPE = re.compile(r"\x1b\[([0-9;:]*)m|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()].|[\x0e\x0f]")
_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_ARMS = {
    "─": _LEFT | _RIGHT,
    "━": _LEFT | _RIGHT,
    "│": _UP | _DOWN,
    "┃": _UP | _DOWN,
    **dict.fromkeys("┌╭", _DOWN | _RIGHT),
    **dict.fromkeys("┐╮", _DOWN | _LEFT),
    **dict.fromkeys("└╰⎿", _UP | _RIGHT),
    **dict.fromkeys("┘╯", _UP | _LEFT),
    "├": _UP | _DOWN | _RIGHT,
    "┤": _UP | _DOWN | _LEFT,
    "┬": _DOWN | _LEFT | _RIGHT,
    "┴": _UP | _LEFT | _RIGHT,
    "┼": _UP | _DOWN | _LEFT | _RIGHT,
}
_COMMON = str.maketrans({"\u00a0": " ", "⏵": "▸", "✻": "✽"})
"""Characters that few monospaced fonts have, as others that look like them."""
_QUARTERS = dict(zip(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█", range(16), strict=True))
"""Bits of a block: 1 upper left, 2 upper right, 4 lower left, 8 lower right."""


@dataclass(frozen=True)
class Style:
    """How a cell looks; colours are CSS colours, None the terminal's own."""

    foreground: str | None = None
    background: str | None = None
    bold: bool = False
    dim: bool = False
    italic: bool = False
    underline: bool = False
    reverse: bool = False

    @property
    def colours(self) -> tuple[str, str | None]:
        """What is seen: the colour of the text, and of what is behind it."""
        front, back = self.foreground or FOREGROUND, self.background
        return (back or BACKGROUND, front) if self.reverse else (front, back)


@dataclass(frozen=True)
class Cell:
    """One character at its column; `width` is 2 for wide ones."""

    column: int
    text: str
    width: int
    style: Style


def svg(screen: str, columns: int, rows: int, title: str) -> str:
    """The whole picture; `title` is read out to those who do not see it."""
    width = columns * CELL_WIDTH + 2 * MARGIN
    height = rows * CELL_HEIGHT + 2 * MARGIN
    style = Style()
    parts: list[str] = []
    for row, line in enumerate(screen.split("\n")[:rows]):
        cells, style = _cells(line, style)
        parts += _row([cell for cell in cells if cell.column < columns], row)
    return "\n".join(
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" '
            f'width="{width:g}" height="{height:g}" role="img">',
            f"<title>{escape(title)}</title>",
            f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>',
            f'<g transform="translate({MARGIN:g} {MARGIN:g})" font-size="{FONT_SIZE}" '
            "font-family=\"ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace\" "
            'xml:space="preserve">',
            *parts,
            "</g>",
            "</svg>\n",
        )
    )


def _cells(line: str, style: Style) -> tuple[list[Cell], Style]:
    """The line's cells, and the style that the next line begins with."""
    cells: list[Cell] = []
    column = position = 0
    while position < len(line):
        found = _ESCAPE.match(line, position)
        if found:
            style = _styled(style, found[1]) if found[1] is not None else style
            position = found.end()
            continue
        character = line[position].translate(_COMMON)
        width = cell_width(character)
        if width == 0 and cells:
            cells[-1] = replace(cells[-1], text=cells[-1].text + character)
        elif character.isprintable():
            cells.append(Cell(column, character, width, style))
            column += width
        position += 1
    return cells, style


def _styled(style: Style, codes: str) -> Style:
    numbers = iter([int(code or 0) for code in re.split("[;:]", codes)])
    for number in numbers:
        style = _changed(style, number, numbers)
    return style


def _changed(style: Style, number: int, rest: Iterator[int]) -> Style:
    if number == 0:
        return Style()
    if number in (38, 48):
        name = "foreground" if number == 38 else "background"
        return replace(style, **{name: _colour(rest)})  # type: ignore[arg-type]
    if 30 <= number % 60 <= 37 and number < 100:
        return replace(style, foreground=_BASE[number % 60 - 30 + (8 if number >= 90 else 0)])
    if 40 <= number <= 47 or 100 <= number <= 107:
        return replace(style, background=_BASE[number % 60 - 40 + (8 if number >= 100 else 0)])
    simple: dict[int, dict[str, object]] = {
        1: {"bold": True},
        2: {"dim": True},
        3: {"italic": True},
        4: {"underline": True},
        7: {"reverse": True},
        22: {"bold": False, "dim": False},
        23: {"italic": False},
        24: {"underline": False},
        27: {"reverse": False},
        39: {"foreground": None},
        49: {"background": None},
    }
    return replace(style, **simple.get(number, {}))  # type: ignore[arg-type]


def _colour(rest: Iterator[int]) -> str | None:
    kind = next(rest, 0)
    if kind == 2:
        return "#" + "".join(f"{next(rest, 0):02x}" for _ in range(3))
    number = next(rest, 0)
    if number < 16:
        return _BASE[number]
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    levels = (0, 95, 135, 175, 215, 255)
    place = number - 16
    return "#" + "".join(f"{levels[place // by % 6]:02x}" for by in (36, 6, 1))


def _row(cells: list[Cell], row: int) -> Iterator[str]:
    top = row * CELL_HEIGHT
    for back, run in _runs(cells, lambda cell: cell.style.colours[1]):
        if back:
            left, width = _extent(run)
            yield _rectangle(left, top, width, CELL_HEIGHT, back)
    for _, run in _runs(cells, lambda cell: (cell.style, _kind(cell.text))):
        if _kind(run[0].text) == "text":
            yield from _text(run, top)
        elif _kind(run[0].text) == "line":
            yield _lines(run, top)
        else:
            yield from (block for cell in run for block in _blocks(cell, top))


def _runs(cells: list[Cell], by: Callable[[Cell], Key]) -> Iterator[tuple[Key, list[Cell]]]:
    for key, run in groupby(cells, key=by):
        yield key, list(run)


def _kind(text: str) -> str:
    if text in _ARMS:
        return "line"
    return "block" if text in _QUARTERS and text != " " else "text"


def _extent(run: list[Cell]) -> tuple[float, float]:
    end = run[-1].column + run[-1].width
    return run[0].column * CELL_WIDTH, (end - run[0].column) * CELL_WIDTH


def _text(run: list[Cell], top: float) -> Iterator[str]:
    """Words apart from blanks, each stretched to its cells."""
    for blank, word in _runs(run, lambda cell: cell.text == " "):
        if blank:
            continue
        left, width = _extent(word)
        style = word[0].style
        marks = f'fill="{style.colours[0]}"'
        marks += ' font-weight="bold"' if style.bold else ""
        marks += ' font-style="italic"' if style.italic else ""
        marks += ' text-decoration="underline"' if style.underline else ""
        marks += ' opacity=".62"' if style.dim else ""
        text = escape("".join(cell.text for cell in word))
        yield (
            f'<text x="{left:g}" y="{top + BASELINE:g}" textLength="{width:g}" '
            f'lengthAdjust="spacingAndGlyphs" {marks}>{text}</text>'
        )


def _lines(run: list[Cell], top: float) -> str:
    path = "".join(_arms(cell, top) for cell in run)
    style = run[0].style
    opacity = ' opacity=".62"' if style.dim else ""
    return f'<path d="{path}" stroke="{style.colours[0]}" stroke-width="1.2"{opacity}/>'


def _arms(cell: Cell, top: float) -> str:
    x, y = cell.column * CELL_WIDTH + CELL_WIDTH / 2, top + CELL_HEIGHT / 2
    ends = {
        _UP: f"V{top:g}",
        _DOWN: f"V{top + CELL_HEIGHT:g}",
        _LEFT: f"H{x - CELL_WIDTH / 2:g}",
        _RIGHT: f"H{x + CELL_WIDTH / 2:g}",
    }
    return "".join(f"M{x:g} {y:g}{end}" for arm, end in ends.items() if _ARMS[cell.text] & arm)


def _blocks(cell: Cell, top: float) -> Iterator[str]:
    colour, bits = cell.style.colours[0], _QUARTERS[cell.text]
    width, height = CELL_WIDTH / 2, CELL_HEIGHT / 2
    for bit in range(4):
        if bits >> bit & 1:
            left = cell.column * CELL_WIDTH + bit % 2 * width
            # A hair of overlap, or seams show between neighbours.
            yield _rectangle(left, top + bit // 2 * height, width + 0.3, height + 0.3, colour)


def _rectangle(left: float, top: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{height:g}" fill="{colour}"/>'
