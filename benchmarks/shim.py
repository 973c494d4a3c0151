"""What a shim costs from its start, as Pueue starts it, to its offer in the group."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import Place, place
from benchmarks.process import cpu_s
from ccpar_hybrid.app import launcher
from ccpar_hybrid.core.task import new_key
from ccpar_hybrid.system.paths import make_private, record_runtime

RUNS, QUICK_RUNS = 40, 12
GOAL_MS = 40.0
_GROUP = "nobody"
_LIMIT_S = 10.0
_POLL_S = 0.0005
_REST_S = 0.005
"""For the shim to fall asleep behind its offer, so that the kernel has its account in order."""


def measure(*, quick: bool = False) -> Result:
    """CPU and wall time of the shim, and of a Python that does nothing, in turns."""
    cpu, wall, python = [], [], []
    with place(daemon=False) as here:
        with here.app() as app:
            launcher.install(app.paths, app.environment)
            make_private(app.paths.runtime)
            record_runtime(app.paths)
        for _ in range(QUICK_RUNS if quick else RUNS):
            used = _one(here)
            cpu.append(used[0] * 1000)
            wall.append(used[1] * 1000)
            python.append(_bare_python(here) * 1000)
    series = samples("shim, CPU", "ms", cpu), samples("shim, wall", "ms", wall)
    bare = samples("python -I -S -c pass, CPU", "ms", python)
    return Result(
        benchmark="shim",
        figures=(
            Figure(
                name="shim start to offer, CPU", value=series[0].median, unit="ms", goal=GOAL_MS
            ),
        ),
        samples=(*series, bare),
    )


def _one(here: Place) -> tuple[float, float]:
    """CPU and wall seconds until the offer is there."""
    paths = here.app().paths
    offers = Path(paths.offers(_GROUP))
    begun = time.monotonic()
    shim = subprocess.Popen(
        ["sh", "-c", launcher.command_for(new_key())],
        env={**launcher.task_environment(paths, here.environment), "PUEUE_GROUP": _GROUP},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        cwd=here.work,
    )
    with shim, _killed(shim):
        _await_offer(offers)
        wall = time.monotonic() - begun
        time.sleep(_REST_S)
        cpu = cpu_s(shim.pid)
    for left in offers.iterdir():
        left.unlink()
    return cpu, wall


@contextlib.contextmanager
def _killed(process: subprocess.Popen[bytes]) -> Iterator[None]:
    try:
        yield
    finally:
        process.kill()


def _await_offer(offers: Path) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while time.monotonic() < deadline:
        try:
            if any(not name.endswith("~") for name in os.listdir(offers)):  # noqa: PTH208
                return
        except FileNotFoundError:
            pass
        time.sleep(_POLL_S)
    raise TimeoutError("no offer was made")


def _bare_python(here: Place) -> float:
    process = subprocess.Popen([sys.executable, "-I", "-S", "-c", "pass"], env=here.environment)
    _, _, used = os.wait4(process.pid, 0)
    process.returncode = 0
    return used.ru_utime + used.ru_stime
