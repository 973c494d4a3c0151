"""Any number of workers gets windows of a layout, and no pane too small."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.tmux.geometry import DEFAULT_SIZE, MIN_MONITOR, MIN_WORKER, Size
from ccpar_hybrid.tmux.layout import Layout
from ccpar_hybrid.tmux.layout_file import choose
from ccpar_hybrid.tmux.plan import Plan, Room, WorkerSlot, grow, plan

SHIPPED = ("auto", "grid", "pages", "focus")


def slots(count: int, groups: Sequence[str] = ("g",), first: int = 1) -> list[WorkerSlot]:
    return [WorkerSlot(f"w{n}", groups[n % len(groups)]) for n in range(first, first + count)]


def workers(made: Plan) -> list[list[str]]:
    return [[p.worker.name for p in window.panes if p.worker] for window in made.windows]


def layout(**keys: object) -> Layout:
    windows = keys.pop("windows", [{"window_name": "a", "panes": ["monitor", "workers"]}])
    return Layout.model_validate({"name": "mine", "windows": windows, **keys})


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("size", [DEFAULT_SIZE, Size(119, 39), Size(80, 28), Size(300, 80)])
def test_no_shipped_layout_makes_a_pane_too_small(name: str, size: Size) -> None:
    for count in range(1, 65):
        made = plan(choose(name, "/nowhere", count), slots(count), size)
        assert made.workers == tuple(slots(count))
        assert made.windows[0].panes[0].role == "monitor"
        assert len({window.name for window in made.windows}) == len(made.windows)
        for pane in (pane for window in made.windows for pane in window.panes):
            assert pane.size.holds(MIN_WORKER if pane.worker else MIN_MONITOR)


def test_auto_keeps_four_workers_beside_the_monitor_and_pages_more() -> None:
    assert workers(plan(choose("auto", "/nowhere", 4), slots(4))) == [["w1", "w2", "w3", "w4"]]
    six = plan(choose("auto", "/nowhere", 6), slots(6))
    assert workers(six) == [[], ["w1", "w2", "w3", "w4"], ["w5", "w6"]]
    assert [window.name for window in six.windows] == ["monitor", "page-1", "page-2"]


def test_a_layout_that_makes_panes_too_small_is_refused_with_the_figures() -> None:
    narrow = layout(windows=[{"window_name": "a", "panes": ["monitor"] + ["worker"] * 9}])
    with pytest.raises(BadInput) as caught:
        plan(narrow, slots(9))
    assert caught.value.message == (
        "layout mine: in window 'a' of 200x49 with 10 panes (tiled) worker w1 would get 99x9"
    )
    assert "80x20" in caught.value.hint


def test_a_monitor_without_room_for_workers_stands_alone() -> None:
    short = plan(layout(), slots(2), Size(100, 25))
    assert workers(short) == [[], ["w1"], ["w2"]]


def test_the_last_window_is_repeated_and_its_name_stays_unique() -> None:
    two = layout(
        windows=[
            {"window_name": "m", "panes": ["monitor"]},
            {"window_name": "big", "panes": ["worker"]},
            {"window_name": "rest", "panes": ["worker", "worker"]},
        ]
    )
    made = plan(two, slots(6))
    assert workers(made) == [[], ["w1"], ["w2", "w3"], ["w4", "w5"], ["w6"]]
    assert [w.name for w in made.windows] == ["m", "big", "rest", "rest-2", "rest-3"]


def test_groups_can_be_kept_in_windows_of_their_own() -> None:
    apart = layout(ccpar={"separate_groups": True})
    mixed = [*slots(2, ["a"]), *slots(3, ["b"], first=3)]
    assert workers(plan(apart, mixed)) == [["w1", "w2"], ["w3", "w4", "w5"]]
    added = grow(apart, [Room("@1", 0, tuple(mixed[:2]))], slots(1, ["b"], first=9), DEFAULT_SIZE)
    assert not added.filled
    assert len(added.windows) == 1


def test_growing_fills_free_places_before_it_opens_windows() -> None:
    pages = choose("pages", "/nowhere", 6)
    there = [Room("@0", 0, ()), Room("@1", 1, tuple(slots(4))), Room("@2", 2, tuple(slots(2)))]
    added = grow(pages, there, slots(5, first=7), DEFAULT_SIZE)
    assert [(i, [w.name for w in found]) for i, found, _ in added.filled] == [("@2", ["w7", "w8"])]
    assert [window.name for window in added.windows] == ["page-3"]
    assert grow(pages, there, [], DEFAULT_SIZE).windows == ()


def test_the_window_and_pane_with_the_focus_are_planned() -> None:
    focus = plan(choose("focus", "/nowhere", 1), slots(1))
    assert (focus.focus, focus.windows[0].focus) == (0, 1)
