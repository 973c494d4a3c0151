"""How long `setup` takes, from nothing to workers that stand idle."""

from __future__ import annotations

import time

from benchmarks.figure import Figure, Result, Samples, samples
from benchmarks.place import place

SIZES = (6, 16, 64)
ROUNDS, QUICK_ROUNDS = 5, 1
_MORE = 2


def measure(*, quick: bool = False) -> Result:
    """Each size in a fresh place that has no session and no pueued; then the same once more."""
    figures: list[Figure] = []
    series: list[Samples] = []
    rounds = QUICK_ROUNDS if quick else ROUNDS
    for size in SIZES:
        times = [_setup_s(size) for _ in range(rounds if size < SIZES[-1] else min(rounds, _MORE))]
        first = samples(f"setup {size}", "s", [each[0] for each in times])
        again = samples(f"setup {size} once more", "s", [each[1] for each in times])
        series += [first, again]
        figures.append(Figure(name=f"setup of {size} workers", value=first.median, unit="s"))
    return Result(benchmark="setup", figures=tuple(figures), samples=tuple(series))


def _setup_s(size: int) -> tuple[float, float]:
    with place(daemon=False) as here:
        times = []
        for _ in range(2):
            begun = time.monotonic()
            here.setup(size)
            times.append(time.monotonic() - begun)
    return times[0], times[1]
