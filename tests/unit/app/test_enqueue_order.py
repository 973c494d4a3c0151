"""Tasks of one call are queued so that each comes after all that it waits for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.app.enqueue import _Draft, _in_order
from ccpar_hybrid.app.request import TaskRequest
from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.task import new_key


def drafts(*waits: tuple[int, ...]) -> list[_Draft]:
    return [
        _Draft(TaskRequest(prompt="x", label=f"t{place}"), new_key(), inside, ())
        for place, inside in enumerate(waits)
    ]


def reachable(waits: list[tuple[int, ...]], start: int) -> set[int]:
    found: set[int] = set()
    open_places = list(waits[start])
    while open_places:
        place = open_places.pop()
        if place not in found:
            found.add(place)
            open_places += waits[place]
    return found


def test_tasks_that_wait_for_nothing_stay_in_their_order() -> None:
    assert _in_order(drafts((), (), ())) == [0, 1, 2]


def test_a_task_may_wait_for_a_later_one() -> None:
    assert _in_order(drafts((2,), (0,), ())) == [2, 0, 1]


@pytest.mark.parametrize(
    ("waits", "names"),
    [([(0,)], "t0 → t0"), ([(1,), (0,)], "t"), ([(), (3,), (1,), (2,)], "t")],
)
def test_a_circle_is_refused_with_its_names(waits: list[tuple[int, ...]], names: str) -> None:
    with pytest.raises(BadInput, match=f"wait for each other: {names}"):
        _in_order(drafts(*waits))


@given(
    st.integers(1, 8).flatmap(
        lambda size: st.lists(
            st.lists(st.integers(0, size - 1), unique=True, max_size=3).map(tuple),
            min_size=size,
            max_size=size,
        )
    )
)
def test_every_order_holds_or_there_is_a_circle(waits: list[tuple[int, ...]]) -> None:
    has_circle = any(place in reachable(waits, place) for place in range(len(waits)))
    try:
        order = _in_order(drafts(*waits))
    except BadInput:
        assert has_circle
        return
    assert not has_circle
    assert sorted(order) == list(range(len(waits)))
    position = {place: number for number, place in enumerate(order)}
    assert all(position[before] < position[place] for place in order for before in waits[place])
