"""Many tasks in one `add`, the whole process, against as many `pueue add`."""

from __future__ import annotations

import json
import time
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import GROUP, PLAIN, Place, place

TASKS, QUICK_TASKS = 1000, 200
ROUNDS, QUICK_ROUNDS = 3, 1
GOAL_FACTOR = 5.0
_USUAL_ENVIRONMENT_BYTES = 1400
"""What an interactive shell has: `pueue add` stores all of it with each task."""


def measure(*, quick: bool = False) -> Result:
    """Times of both, each in a fresh place, and what Pueue then keeps on the disk."""
    tasks = QUICK_TASKS if quick else TASKS
    ours, plain = [], []
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        ours.append(_ours(tasks))
        plain.append(_plain(tasks))
    times = (
        samples("one add", "s", [each[0] for each in ours]),
        samples(f"{tasks} × pueue add", "s", [each[0] for each in plain]),
    )
    return Result(
        benchmark="bulk",
        figures=(
            Figure(
                name=f"{tasks} tasks in one add, times faster than {tasks} × `pueue add`",
                value=times[1].median / times[0].median,
                unit="×",
                goal=GOAL_FACTOR,
                at_least=True,
            ),
            Figure(name="Pueue's state after ours", value=ours[-1][1] / 1000, unit="kB"),
            Figure(name="Pueue's state after plain Pueue", value=plain[-1][1] / 1000, unit="kB"),
        ),
        samples=times,
    )


def _ours(count: int) -> tuple[float, int]:
    lines = "".join(json.dumps({"prompt": "true", "agent": "command"}) + "\n" for _ in range(count))
    with place() as here:
        here.run("pueue", "group", "add", GROUP)
        here.run("pueue", "pause", "-g", GROUP)
        begun = time.monotonic()
        here.ccpar("add", "--jsonl", text=lines)
        seconds = time.monotonic() - begun
        return seconds, _state_bytes(here, count)


def _plain(count: int) -> tuple[float, int]:
    with place() as here:
        here.run("pueue", "group", "add", PLAIN)
        here.run("pueue", "pause", "-g", PLAIN)
        # Of a user's shell, whose variables lead to no other daemon.
        here.environment["FILLER"] = "x" * max(0, _USUAL_ENVIRONMENT_BYTES - _size(here))
        begun = time.monotonic()
        for _ in range(count):
            here.run("pueue", "add", "-g", PLAIN, "--", "true")
        seconds = time.monotonic() - begun
        return seconds, _state_bytes(here, count)


def _size(here: Place) -> int:
    return sum(len(name) + len(text) + 2 for name, text in here.environment.items())


def _state_bytes(here: Place, count: int) -> int:
    """The size of Pueue's state, which must hold them all."""
    state = Path(here.home, ".local", "share", "pueue", "state.json")
    assert len(here.tasks()) == count
    return state.stat().st_size
