"""The points of the source are found, and armed one by one."""

import re
from pathlib import Path

from tests.chaos.ledger_trial import STEPS
from tests.chaos.point import Points, points
from tests.chaos.trial import TRIALS

_NAMED = re.compile(r'"([a-z]+\.[a-z-]+)[":]')


def test_the_points_of_every_part_are_found() -> None:
    parts = {point.partition(".")[0] for point in points()}
    assert parts >= {"shim", "post", "worker", "run", "attempt", "ledger", "add", "recover"}


def test_a_point_has_struck_when_its_file_is_gone(home: Path) -> None:
    places = Points(home)
    places.arm("run.begun")
    places.arm("run.told")
    file = places.setting.removeprefix("*:")
    Path(f"{file}.run.begun").unlink()
    assert places.has_struck("run.begun")
    assert not places.has_struck("run.told")
    assert places.struck() == ["run.begun"]
    places.arm("run.begun")
    assert places.struck() == ["run.begun"]
    Path(f"{file}.run.begun").unlink()
    assert places.struck() == ["run.begun", "run.begun"]
    places.disarm()
    assert not places.struck()
    assert not list(Path(file).parent.iterdir())


def test_every_point_of_the_source_has_a_trial_or_a_test_of_its_own() -> None:
    """`tests/chaos/trial.py` is the place for those of a whole instance."""
    tests = Path(__file__).parents[2]
    places = [tests / "chaos", tests / "integration"]
    texts = [file.read_text() for place in places for file in place.rglob("*.py")]
    tried = {point for text in texts for point in _NAMED.findall(text)}
    assert [point for point in points() if point not in tried] == []


def test_no_trial_is_of_a_point_that_is_gone() -> None:
    assert {*TRIALS, *STEPS} <= set(points())
