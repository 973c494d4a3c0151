"""Cells fill a window, and are as large as was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.tmux.geometry import (
    MIN_MONITOR,
    MIN_WORKER,
    Arrangement,
    Cell,
    Shape,
    Size,
    divide,
    shrink,
)

SHAPES = st.builds(
    Shape, st.sampled_from(Arrangement), st.integers(1, 300), st.sampled_from([MIN_MONITOR])
)


def covered(cell: Cell) -> list[tuple[int, int]]:
    return [
        (x, y)
        for pane in cell.panes
        for x in range(pane.x, pane.x + pane.columns)
        for y in range(pane.y, pane.y + pane.rows)
    ]


@given(SHAPES, st.integers(1, 9))
def test_panes_never_overlap_nor_leave_the_window(shape: Shape, count: int) -> None:
    size = Size(260, 90)
    cell = divide(shape, count, size)
    places = covered(cell)
    assert len(cell.panes) == count
    assert len(places) == len(set(places))
    assert all(x < size.columns and y < size.rows for x, y in places)


@given(SHAPES, st.integers(1, 6), st.integers(160, 300), st.integers(60, 120))
def test_the_least_size_gives_each_pane_its_minimum(
    shape: Shape, count: int, columns: int, rows: int
) -> None:
    minima = [MIN_MONITOR, *[MIN_WORKER] * (count - 1)]
    least = shrink(divide(shape, count, Size(columns, rows)), minima)
    assert len(least.panes) == count
    assert all(p.usable.holds(m) for p, m in zip(least.panes, minima, strict=True))


def test_tmux_is_told_in_its_own_words() -> None:
    cell = divide(Shape(Arrangement.MAIN_HORIZONTAL, 6, MIN_MONITOR), 2, Size(200, 49))
    assert cell.layout == "61d3,200x49,0,0[200x7,0,0,0,200x41,0,8,0]"


@pytest.mark.parametrize(
    ("arrangement", "count", "sizes"),
    [
        (Arrangement.TILED, 1, ["200x48"]),
        (Arrangement.TILED, 3, ["100x24", "99x24", "200x23"]),
        (Arrangement.TILED, 4, ["100x24", "99x24", "100x23", "99x23"]),
        (Arrangement.EVEN_HORIZONTAL, 2, ["100x48", "99x48"]),
        (Arrangement.EVEN_VERTICAL, 2, ["200x24", "200x23"]),
        (Arrangement.MAIN_HORIZONTAL, 3, ["200x12", "100x35", "99x35"]),
        (Arrangement.MAIN_HORIZONTAL, 5, ["200x6", "100x20", "99x20", "100x20", "99x20"]),
        (Arrangement.MAIN_VERTICAL, 3, ["80x48", "119x24", "119x23"]),
    ],
)
def test_windows_divide_as_documented(
    arrangement: Arrangement, count: int, sizes: list[str]
) -> None:
    cell = divide(Shape(arrangement, 12, MIN_MONITOR), count, Size(200, 49))
    assert [str(pane.usable) for pane in cell.panes] == sizes


def test_a_shape_survives_being_written_down() -> None:
    shape = Shape(Arrangement.MAIN_VERTICAL, 119, MIN_MONITOR)
    assert Shape.parse(str(shape)) == shape
