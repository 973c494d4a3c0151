"""The reckoning sees what it is there for."""

from pathlib import Path

import pytest

from ccpar_hybrid.app.snapshot import TaskState, TaskView
from ccpar_hybrid.core.task import TaskKey
from tests.chaos.checker import CUT_OFF, check
from tests.support.ledger import make_task

FIRST, SECOND = TaskKey("tfirstaaa"), TaskKey("tsecondaa")
DONE = "begin 10 alone\nend 20\n"


def wrong(
    home: Path,
    *,
    first: str = DONE,
    second: str = "begin 30 alone\nend 40\n",
    state: TaskState = TaskState.SUCCEEDED,
    results: tuple[str, ...] = ("succeeded",),
    touched: tuple[str, ...] = (),
) -> list[str]:
    """What is found where the second task waits for the first; the rest is the first one's."""
    views = []
    for name, key, trace in (("a", FIRST, first), ("b", SECOND, second)):
        (home / f"{name}.trace").write_text(trace)
        views.append(
            TaskView(
                key=key,
                pueue_id=None,
                state=state if key == FIRST else TaskState.SUCCEEDED,
                detail="",
                task=make_task(key=key, label=name),
                after=(FIRST,) if key == SECOND else (),
            )
        )
    attempts = {FIRST: list(results), SECOND: ["succeeded"]}
    found = check(home, views, attempts, set(touched))
    return [each.partition(": ")[2] for each in found]


def test_all_is_well_where_each_ran_once_and_in_order(home: Path) -> None:
    assert wrong(home) == []


def test_a_run_that_was_cut_off_may_begin_again(home: Path) -> None:
    twice = "begin 1 alone\n" + DONE
    assert wrong(home, first=twice, results=(CUT_OFF, "succeeded")) == []
    assert wrong(home, first=twice) == ["began 2 times in 1 attempts"]


@pytest.mark.parametrize("touched", [(), (FIRST,)])
def test_two_runs_at_once_are_never_right(home: Path, touched: tuple[str, ...]) -> None:
    twice = "begin 1 alone\nbegin 5 overlap\nend 9\n"
    found = wrong(home, first=twice, results=(CUT_OFF, "succeeded"), touched=touched)
    assert found == ["ran twice at once"]


def test_a_task_that_began_before_its_dependency_was_done_is_found(home: Path) -> None:
    assert wrong(home, second="begin 15 alone\nend 40\n") == ["began before a was done"]


def test_what_is_reported_done_must_be_done(home: Path) -> None:
    found = wrong(home, first="begin 1 alone\n", second="")
    assert found == ["is reported done and is not"] * 2


def test_only_what_somebody_touched_may_end_otherwise(home: Path) -> None:
    ends = {"state": TaskState.CANCELLED, "results": ("cancelled",)}
    assert wrong(home, **ends) == [  # type: ignore[arg-type]
        "nobody touched it, and it is cancelled: ",
        "its attempts were ['cancelled']",
        "its attempts were ['cancelled']",
    ]
    assert wrong(home, **ends, touched=(FIRST,)) == []  # type: ignore[arg-type]


def test_a_task_that_never_ends_is_found(home: Path) -> None:
    found = wrong(home, state=TaskState.OFFERED, touched=(FIRST,))
    assert found == ["is offered "]
