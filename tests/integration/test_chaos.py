"""Some fifty rounds of the storms in `tests/chaos`; `bin/chaos` plays as many as you like."""

import pytest

from tests.chaos.storm import PROFILES, storm

_TIMES = 3
_QUICK = [
    (f"{turn}", profile, ("command", "mix")[turn % 2])
    for turn in range(_TIMES)
    for profile in PROFILES
]
_MORE = [("more", profile, "command") for profile in ("mixed", "points", "all")]
_ASKING = [("asks", profile, "asking") for profile in ("approver", "points")]
_REAL = [
    pytest.param("real", profile, "claude", marks=pytest.mark.claude)
    for profile in ("worker", "everything")
]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("seed", "profile", "agent"), [*_QUICK, *_MORE, *_ASKING, *_REAL])
def test_whatever_dies_no_task_is_lost_and_none_runs_twice_at_once(
    seed: str, profile: str, agent: str
) -> None:
    report = storm(f"quick:{seed}", profile, agent)
    assert not report.wrong, "\n".join([*report.wrong, *report.story])
