"""How long a program that died waits."""

from ccpar_hybrid.supervisor.pause import GOOD_LIFE_S, Pauses


def pauses_of(lives_s: list[float], first_s: float = 1.0, limit_s: float = 60.0) -> list[float]:
    """The pause after each of these lives, with no time between pause and start."""
    pauses, now_s, found = Pauses(first_s, limit_s), 1000.0, []
    for pid, lived_s in enumerate(lives_s, 1):
        pauses.lives("w1", pid, now_s)
        now_s += lived_s
        due_s = pauses.due_s("w1", now_s)
        found.append(due_s - now_s)
        now_s = due_s
    return found


def test_the_first_death_costs_no_pause() -> None:
    assert pauses_of([0.1]) == [0.0]
    assert pauses_of([3600.0]) == [0.0]


def test_pauses_double_up_to_the_limit_while_the_program_dies_quickly() -> None:
    assert pauses_of([0.1] * 6, limit_s=5.0) == [0.0, 1.0, 2.0, 4.0, 5.0, 5.0]


def test_a_good_life_makes_the_next_death_the_first_again() -> None:
    assert pauses_of([1.0, 1.0, 1.0, GOOD_LIFE_S, 1.0]) == [0.0, 1.0, 2.0, 0.0, 1.0]


def test_a_middling_life_makes_pauses_no_longer() -> None:
    assert pauses_of([20.0] * 4) == [0.0, 1.0, 1.0, 1.0]


def test_no_pause_at_all_can_be_set() -> None:
    assert pauses_of([0.1] * 3, first_s=0.0) == [0.0] * 3


def test_the_time_to_start_stays_while_the_program_is_dead() -> None:
    pauses = Pauses(1.0, 60.0)
    for pid in (1, 2):
        pauses.lives("w1", pid, float(pid))
        due_s = pauses.due_s("w1", pid + 0.5)
    assert due_s == 3.5
    assert pauses.due_s("w1", 3.0) == 3.5


def test_programs_are_reckoned_apart() -> None:
    pauses = Pauses(1.0, 60.0)
    pauses.due_s("w1", 1.0)
    pauses.lives("w1", 7, 1.0)
    assert pauses.due_s("w1", 2.0) == 3.0
    assert pauses.due_s("w2", 2.0) == 2.0
