"""Silence is borne for a while, then answered by one nudge, then by the end."""

from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.worker.vigil import Due, Vigil


def test_a_silence_is_nudged_once_and_then_ended() -> None:
    vigil = Vigil(10, 0)
    assert [vigil.due(now) for now in (9, 10, 11, 19, 20)] == [
        None,
        Due.NUDGE,
        None,
        None,
        Due.STOP,
    ]


def test_a_sign_of_life_begins_the_count_anew_and_makes_room_for_another_nudge() -> None:
    vigil = Vigil(10, 0)
    vigil.heard(5)
    assert vigil.due(14) is None
    assert vigil.due(15) is Due.NUDGE
    vigil.heard(20)
    assert vigil.due(30) is Due.NUDGE


def test_time_in_which_nothing_is_expected_does_not_count_but_forgives_no_nudge() -> None:
    vigil = Vigil(10, 0)
    assert vigil.due(10) is Due.NUDGE
    for now in range(11, 500):
        vigil.rest(now)
        assert vigil.due(now) is None
    assert vigil.due(509) is Due.STOP


@given(st.lists(st.floats(0, 1e6), max_size=50))
def test_without_a_limit_nothing_is_ever_due(times: list[float]) -> None:
    vigil = Vigil(None, 0)
    assert {vigil.due(now) for now in sorted(times)} <= {None}
