"""Wall time of whole commands, against a Python that does nothing."""

from __future__ import annotations

import random
import sys
import time

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import GROUP, Place, place, program

RUNS, QUICK_RUNS = 30, 8
WORKERS = 6
GOAL_MS = 250.0


def measure(*, quick: bool = False) -> Result:
    """All commands in turns, in random order, beside a session of six workers."""
    commands = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "--help": (*program(), "--help"),
        "add": (*program(), "add", "--agent", "command", "true"),
        "list": (*program(), "list"),
    }
    seen: dict[str, list[float]] = {name: [] for name in commands}
    with place() as here:
        here.setup(WORKERS)
        here.run("pueue", "pause", "-g", GROUP)  # else what was added runs beside the next command
        for _ in range(QUICK_RUNS if quick else RUNS):
            for name in random.sample(sorted(commands), len(commands)):
                seen[name].append(_wall_s(here, commands[name]) * 1000)
    series = {name: samples(name, "ms", values) for name, values in seen.items()}
    figures = [
        Figure(
            name=f"ccpar-hybrid {name}, wall",
            value=series[name].median,
            unit="ms",
            goal=GOAL_MS if name == "add" else None,
        )
        for name in ("--help", "add", "list")
    ]
    return Result(benchmark="start", figures=tuple(figures), samples=tuple(series.values()))


def _wall_s(here: Place, argv: tuple[str, ...]) -> float:
    begun = time.monotonic()
    here.run(*argv)
    return time.monotonic() - begun
