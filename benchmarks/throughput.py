"""Many trivial tasks through our workers, against plain Pueue with as many slots.

All tasks are queued while their group is paused. What is measured lies between the start of the
first and the end of the last in Pueue's own record.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from benchmarks.figure import Figure, Result, samples
from benchmarks.latency import add
from benchmarks.place import GROUP, PLAIN, Place, place, wait_until

TASKS, QUICK_TASKS = 200, 60
ROUNDS, QUICK_ROUNDS = 3, 1
WORKERS = 6
GOAL_RATIO = 0.95
_LOOK_S = 0.5


def measure(*, quick: bool = False) -> Result:
    """Tasks a second of both, and their ratio."""
    tasks = QUICK_TASKS if quick else TASKS
    ours, plain = [], []
    with place() as here:
        here.setup(WORKERS)
        here.run("pueue", "group", "add", PLAIN, "--parallel", str(WORKERS))
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            plain.append(tasks / _plain(here, tasks))
            ours.append(tasks / run_ours(here, tasks))
    series = [samples("ours", "tasks/s", ours), samples("plain Pueue", "tasks/s", plain)]
    ratio = series[0].median / series[1].median
    return Result(
        benchmark="throughput",
        figures=(
            Figure(
                name=f"{tasks} trivial tasks through {WORKERS} workers, over plain Pueue",
                value=ratio,
                unit="×",
                goal=GOAL_RATIO,
                at_least=True,
            ),
        ),
        samples=tuple(series),
    )


def run_ours(here: Place, count: int) -> float:
    """Seconds that so many trivial tasks of ours take."""
    here.run("pueue", "pause", "-g", GROUP)
    with here.app() as app:
        add(app, here, ["true"] * count)
    return _run(here, GROUP, count)


def _plain(here: Place, count: int) -> float:
    here.run("pueue", "pause", "-g", PLAIN)
    for _ in range(count):
        here.run("pueue", "add", "-g", PLAIN, "--", "true")
    return _run(here, PLAIN, count)


def _run(here: Place, group: str, count: int) -> float:
    """Let the group go; seconds from the first start to the last end."""
    here.run("pueue", "start", "-g", group)
    wait_until(lambda: _done(here, group) == count, timeout_s=300, look_s=_LOOK_S)
    statuses = [_status(task) for task in here.tasks().values() if task["group"] == group]
    assert all(status["result"] == "Success" for status in statuses)
    begun = min(_time(status["start"]) for status in statuses)
    ended = max(_time(status["end"]) for status in statuses)
    here.run("pueue", "clean", "-g", group)
    return (ended - begun).total_seconds()


def _done(here: Place, group: str) -> int:
    tasks = here.tasks().values()
    return sum(task["group"] == group and "Done" in task["status"] for task in tasks)


def _status(task: dict[str, Any]) -> dict[str, Any]:
    status: dict[str, Any] = task["status"]["Done"]
    return status


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
