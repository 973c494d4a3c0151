"""Rounds of the storms in `tests/chaos`; `bin/chaos` plays as many as you like."""

import pytest

from tests.chaos.storm import PROFILES, storm

ROUNDS = [(number, profile) for number, profile in enumerate(PROFILES) if profile != "points"]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("number", "profile"), ROUNDS)
def test_whatever_dies_no_task_is_lost_and_none_runs_twice_at_once(
    number: int, profile: str
) -> None:
    report = storm(f"quick:{number}", profile, "command")
    assert not report.wrong, "\n".join([*report.wrong, *report.story])
