"""Two rounds of the storms in `tests/chaos`; `python -m tests.chaos` plays many and all kinds."""

import pytest

from tests.chaos.storm import storm


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize("profile", ["worker", "pueued"])
def test_whatever_dies_no_task_is_lost_and_none_runs_twice_at_once(profile: str) -> None:
    report = storm(f"quick:{profile}", profile, "command")
    assert not report.wrong, "\n".join([*report.wrong, *report.story])
    assert report.strikes
