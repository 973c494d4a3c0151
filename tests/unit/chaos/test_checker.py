"""The reckoning sees what it is there for: every kind of violation is planted once."""

from pathlib import Path

import pytest

from tests.chaos.checker import Claim, Storm, check, claims

DONE = "begin 10 1 1 alone\nend 20 1 1 alone\n"
FIRST, SECOND = "tfirstaaa", "tsecondaa"


def wrong(
    home: Path,
    *,
    first: str = DONE,
    second: str = "begin 30 2 1 alone\nend 40 2 1 alone\n",
    state: str = "succeeded",
    second_state: str = "succeeded",
    attempts: int = 1,
    strikes: int = 0,
    touched: tuple[str, ...] = (),
) -> list[str]:
    """What is found where the second task waits for the first; the rest is the first one's."""
    (home / "a.trace").write_text(first)
    (home / "b.trace").write_text(second)
    claimed = [
        Claim(FIRST, "a", state, "", (), attempts, 25e-9),
        Claim(SECOND, "b", second_state, "", (FIRST,), 1, 45e-9),
    ]
    found = check(home, claimed, Storm(frozenset(touched), strikes))
    return [each.partition(": ")[2] for each in found]


def test_all_is_well_where_each_ran_once_and_in_order(home: Path) -> None:
    assert wrong(home) == []


def test_a_run_that_was_cut_off_may_begin_again_as_often_as_there_were_strikes(home: Path) -> None:
    twice = "begin 1 3 1 alone\n" + DONE
    assert wrong(home, first=twice, attempts=2, strikes=1) == []
    assert wrong(home, first=twice, attempts=2) == ["had 2 attempts after 0 strikes"]
    assert wrong(home, first=twice, strikes=1) == ["was started 2 times in 1 attempts"]


def test_a_run_that_was_cut_off_after_its_work_may_find_it_done(home: Path) -> None:
    again = DONE + "again 22 3 2 alone\n"
    assert wrong(home, first=again, attempts=2, strikes=1) == []
    assert wrong(home, first=again) == ["was started 2 times in 1 attempts"]


@pytest.mark.parametrize("touched", [(), (FIRST,)])
def test_two_runs_at_once_are_never_right(home: Path, touched: tuple[str, ...]) -> None:
    twice = "begin 1 3 1 alone\nbegin 5 4 2 overlap\nend 9 4 2 overlap\n"
    found = wrong(home, first=twice, attempts=2, strikes=1, touched=touched)
    assert found == ["ran twice at once"]


@pytest.mark.parametrize("touched", [(), (FIRST,)])
def test_work_is_never_done_twice(home: Path, touched: tuple[str, ...]) -> None:
    found = wrong(home, first=DONE + DONE, attempts=2, strikes=1, touched=touched)
    assert found == ["did its work 2 times"]


def test_a_task_that_began_before_its_dependency_was_done_is_found(home: Path) -> None:
    early = "begin 15 2 1 alone\nend 40 2 1 alone\n"
    assert wrong(home, second=early) == ["began before a was done"]


def test_a_person_may_restart_what_was_skipped_but_nobody_runs_before_a_success(home: Path) -> None:
    both = (FIRST, SECOND)
    assert wrong(home, first="", state="cancelled", touched=both) == []
    assert wrong(home, first="", touched=both)[-1] == "began before a was done"
    found = wrong(home, first="", state="cancelled", touched=(FIRST,))
    assert found == ["began before a was done"]
    early = "begin 15 2 1 alone\nend 40 2 1 alone\n"
    assert wrong(home, second=early, touched=(SECOND,)) == ["began before a was done"]


def test_what_is_claimed_done_must_be_done_by_then(home: Path) -> None:
    found = wrong(home, first="begin 1 1 1 alone\n", second="")
    assert found == ["is claimed done and is not"] * 2
    found = wrong(home, first="begin 1 1 1 alone\nend 29 1 1 alone\n")
    assert found == ["was claimed done before it was"]


def test_only_what_somebody_touched_may_end_otherwise(home: Path) -> None:
    assert wrong(home, state="cancelled") == ["nobody touched it, and it is cancelled: "]
    assert wrong(home, state="cancelled", touched=(FIRST,)) == []
    assert wrong(home, state="skipped", touched=(FIRST,)) == ["is claimed skipped and was done"]


def test_a_task_that_never_ends_or_is_lost_is_found(home: Path) -> None:
    assert wrong(home, state="offered", touched=(FIRST,)) == ["is offered "]
    assert "is lost " in wrong(home, state="lost")
    assert wrong(home, state="lost", touched=(FIRST,)) == []


def test_only_what_waited_for_a_task_that_a_person_cleaned_out_may_be_lost_with_it(
    home: Path,
) -> None:
    assert wrong(home, state="lost", second="", second_state="lost", touched=(FIRST,)) == []
    assert wrong(home, second="", second_state="lost", touched=(FIRST,)) == []
    assert "is lost " in wrong(home, second="", second_state="lost")
    both = wrong(home, state="lost", second="", second_state="lost")
    assert both.count("is lost ") == 2


def test_a_run_of_a_task_that_nobody_knows_is_found(home: Path) -> None:
    (home / "c.trace").write_text(DONE)
    assert wrong(home) == ["ran, and nobody knows of it"]


def test_a_line_that_was_cut_short_is_found(home: Path) -> None:
    assert wrong(home, first=DONE + "end 2") == ["wrote 'end 2'"]


def test_claims_are_read_from_the_document_of_list() -> None:
    task = {
        "key": FIRST,
        "label": None,
        "state": "running",
        "detail": "x",
        "after": [SECOND],
        "attempts": 2,
        "ended_at": "1970-01-01T00:00:02+00:00",
    }
    assert claims({"tasks": [task]}) == [Claim(FIRST, FIRST, "running", "x", (SECOND,), 2, 2.0)]
