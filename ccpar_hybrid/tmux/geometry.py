"""Where panes lie in a window: cells, their sizes, and tmux's words for them. Pure.

Read from tmux 3.3a: cells of one line are divided by one column or row of border, and with
`pane-border-status top` the panes of the uppermost cells lose one row to their own border.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import reduce
from typing import NamedTuple


class Size(NamedTuple):
    """Columns and rows of a window or of the part of a pane that its program has."""

    columns: int
    rows: int

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"

    @staticmethod
    def parse(text: str) -> Size:
        """The size that is written as `200x49`; ValueError where it is not."""
        columns, _, rows = text.partition("x")
        return Size(int(columns), int(rows))

    def holds(self, other: Size) -> bool:
        """Whether the other fits into this one."""
        return self.columns >= other.columns and self.rows >= other.rows


MIN_WORKER = Size(80, 20)
MIN_MONITOR = Size(80, 6)
DEFAULT_SIZE = Size(200, 49)
"""What a terminal of 200x50 has for a window, below or above its status line."""


class Arrangement(StrEnum):
    """How a window divides itself; tmux's names.

    Unlike tmux's, `main-…` put the other panes into as many rows as their width needs, and
    `tiled` makes as many columns as keep a worker's width before it makes a second row.
    """

    TILED = "tiled"
    EVEN_HORIZONTAL = "even-horizontal"
    EVEN_VERTICAL = "even-vertical"
    MAIN_HORIZONTAL = "main-horizontal"
    MAIN_VERTICAL = "main-vertical"


@dataclass(frozen=True, slots=True)
class Cell:
    """One place in a window, or a row (`stacked` false) or column of places."""

    columns: int
    rows: int
    x: int
    y: int
    parts: tuple[Cell, ...] = ()
    stacked: bool = False

    @property
    def panes(self) -> tuple[Cell, ...]:
        """The places in the order in which tmux gives them to panes."""
        return tuple(leaf for part in self.parts for leaf in part.panes) or (self,)

    @property
    def usable(self) -> Size:
        """What the program in it has."""
        return Size(self.columns, self.rows - (1 if self.y == 0 else 0))

    @property
    def size(self) -> Size:
        """Its whole extent."""
        return Size(self.columns, self.rows)

    @property
    def layout(self) -> str:
        """What `tmux select-layout` takes to divide a window just so."""
        words = self._words()
        return f"{_checksum(words):04x},{words}"

    def _words(self) -> str:
        own = f"{self.columns}x{self.rows},{self.x},{self.y}"
        if not self.parts:
            return f"{own},0"
        inner = ",".join(part._words() for part in self.parts)
        return f"{own}[{inner}]" if self.stacked else f"{own}{{{inner}}}"


@dataclass(frozen=True, slots=True)
class Shape:
    """How a window is to be divided; `main` is the wanted extent of a main pane in cells.

    A main pane gives up what others need for their minimum, down to `main_minimum`.
    """

    arrangement: Arrangement = Arrangement.TILED
    main: int = 24
    main_minimum: Size = MIN_WORKER

    def __str__(self) -> str:
        return f"{self.arrangement} {self.main} {self.main_minimum}"

    @staticmethod
    def parse(text: str) -> Shape:
        """The shape that `str` wrote; ValueError where it did not."""
        arrangement, main, least = text.split(" ")
        return Shape(Arrangement(arrangement), int(main), Size.parse(least))


def divide(shape: Shape, count: int, size: Size) -> Cell:
    """The window of that size divided for `count` panes (at least 1).

    Panes may come out too small, even without any extent; whoever asks looks at `usable`.
    """
    area = Cell(size.columns, size.rows, 0, 0)
    match shape.arrangement:
        case Arrangement.EVEN_HORIZONTAL:
            return _row(area, _shares(area.columns, count))
        case Arrangement.EVEN_VERTICAL:
            return _column(area, _heights(area, count))
        case Arrangement.MAIN_HORIZONTAL if count > 1:
            return _main_above(area, shape, count - 1)
        case Arrangement.MAIN_VERTICAL if count > 1:
            return _main_left(area, shape, count - 1)
    return _tiled(area, count)


def shrink(cell: Cell, minima: Iterable[Size]) -> Cell:
    """The same division at the smallest size at which each pane has its minimum.

    `minima` are the panes' usable sizes, in order.
    """
    needs = _needs(cell, dict(zip(cell.panes, minima, strict=True)))
    return _placed(cell, needs, 0, 0, needs[cell])


def _needs(cell: Cell, minima: Mapping[Cell, Size]) -> dict[Cell, Size]:
    """For the cell and all in it, the extent that it needs."""
    if not cell.parts:
        least = minima[cell]
        return {cell: Size(least.columns, least.rows + (1 if cell.y == 0 else 0))}
    needs: dict[Cell, Size] = {}
    for part in cell.parts:
        needs |= _needs(part, minima)
    columns = [needs[part].columns for part in cell.parts]
    rows = [needs[part].rows for part in cell.parts]
    borders = len(cell.parts) - 1
    if cell.stacked:
        return needs | {cell: Size(max(columns), sum(rows) + borders)}
    return needs | {cell: Size(sum(columns) + borders, max(rows))}


def _placed(cell: Cell, needs: Mapping[Cell, Size], x: int, y: int, size: Size) -> Cell:
    """The cell at its place, where its last part takes what the others leave."""
    parts = []
    at, end = (y, y + size.rows) if cell.stacked else (x, x + size.columns)
    for part in cell.parts:
        need = needs[part].rows if cell.stacked else needs[part].columns
        extent = end - at if part is cell.parts[-1] else need
        if cell.stacked:
            parts.append(_placed(part, needs, x, at, Size(size.columns, extent)))
        else:
            parts.append(_placed(part, needs, at, y, Size(extent, size.rows)))
        at += extent + 1
    return Cell(size.columns, size.rows, x, y, tuple(parts), cell.stacked)


def _main_above(area: Cell, shape: Shape, others: int) -> Cell:
    lines = -(-others // _columns_that_fit(area.columns))
    status = 1 if area.y == 0 else 0
    most = area.rows - status - lines * (MIN_WORKER.rows + 1)
    main = max(shape.main_minimum.rows, min(shape.main, most)) + status
    above, below = _column(area, [main, area.rows - main - 1]).parts
    return Cell(
        area.columns, area.rows, 0, 0, (above, *_flat(_tiled(below, others), True)), stacked=True
    )


def _main_left(area: Cell, shape: Shape, others: int) -> Cell:
    most = area.columns - 1 - MIN_WORKER.columns
    main = max(shape.main_minimum.columns, min(shape.main, most))
    left, right = _row(area, [main, area.columns - main - 1]).parts
    return Cell(area.columns, area.rows, 0, 0, (left, *_flat(_tiled(right, others), False)))


def _flat(cell: Cell, stacked: bool) -> tuple[Cell, ...]:
    # tmux keeps a row's cells in that row itself, not in a row within it; so with columns.
    return cell.parts if cell.parts and cell.stacked is stacked else (cell,)


def _tiled(area: Cell, count: int) -> Cell:
    lines = -(-count // min(count, _columns_that_fit(area.columns)))
    column = _column(area, _heights(area, lines))
    counts = _spread(count, lines)
    if not column.parts:
        return _row(column, _shares(column.columns, count))
    rows = tuple(
        _row(line, _shares(line.columns, inside))
        for line, inside in zip(column.parts, counts, strict=True)
    )
    return Cell(area.columns, area.rows, area.x, area.y, rows, stacked=True)


def _row(area: Cell, widths: Sequence[int]) -> Cell:
    if len(widths) == 1:
        return area
    starts = _starts(area.x, widths)
    parts = (Cell(w, area.rows, x, area.y) for w, x in zip(widths, starts, strict=True))
    return Cell(area.columns, area.rows, area.x, area.y, tuple(parts))


def _column(area: Cell, heights: Sequence[int]) -> Cell:
    if len(heights) == 1:
        return area
    starts = _starts(area.y, heights)
    parts = (Cell(area.columns, h, area.x, y) for h, y in zip(heights, starts, strict=True))
    return Cell(area.columns, area.rows, area.x, area.y, tuple(parts), stacked=True)


def _heights(area: Cell, lines: int) -> list[int]:
    status = 1 if area.y == 0 else 0
    heights = _shares(area.rows - status, lines)
    return [heights[0] + status, *heights[1:]]


def _starts(first: int, extents: Sequence[int]) -> list[int]:
    return [first + sum(extents[:i]) + i for i in range(len(extents))]


def _columns_that_fit(columns: int) -> int:
    return max(1, (columns + 1) // (MIN_WORKER.columns + 1))


def _shares(total: int, count: int) -> list[int]:
    return _spread(total - (count - 1), count)


def _spread(total: int, count: int) -> list[int]:
    least, more = divmod(total, count)
    return [least + (1 if i < more else 0) for i in range(count)]


def _checksum(words: str) -> int:
    def add(sum_: int, character: str) -> int:
        return ((sum_ >> 1) + ((sum_ & 1) << 15) + ord(character)) & 0xFFFF

    return reduce(add, words, 0)
