"""What is said of a figure follows from its samples and its goal."""

import pytest

from benchmarks.figure import Figure, samples
from benchmarks.latency import schedule
from benchmarks.main import main


def _figure(value: float, *, goal: float | None, at_least: bool = False) -> Figure:
    return Figure(name="f", value=value, unit="×", goal=goal, at_least=at_least)


def test_a_goal_is_an_upper_bound_unless_said_otherwise() -> None:
    assert _figure(1.1, goal=1.15).is_met
    assert _figure(1.2, goal=1.15).is_met is False
    assert _figure(0.9, goal=0.95, at_least=True).is_met is False
    assert _figure(1.0, goal=0.95, at_least=True).is_met


def test_a_figure_without_a_goal_is_neither_met_nor_missed() -> None:
    assert _figure(1.0, goal=None).is_met is None


def test_few_samples_are_spread_from_the_least_to_the_greatest() -> None:
    series = samples("s", "ms", [3.0, 1.0, 2.0])
    assert (series.median, series.spread) == (2.0, (1.0, 3.0))


def test_many_samples_are_spread_from_the_10th_to_the_90th_percentile() -> None:
    assert samples("s", "ms", range(101)).spread == (10.0, 90.0)


def test_every_way_is_called_once_in_each_part_of_the_tick() -> None:
    planned = schedule(["a", "b"], 30)
    for name in ("a", "b"):
        moments = sorted(moment for way, moment in planned if way == name)
        assert [int(moment * 100) for moment in moments] == list(range(30))


def test_an_unknown_benchmark_is_refused_before_anything_is_measured() -> None:
    with pytest.raises(SystemExit, match="no benchmark 'nothing'; known are shim"):
        main(["shim", "nothing"])
