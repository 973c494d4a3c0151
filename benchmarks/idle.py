"""What a session that has nothing to do costs: CPU and memory."""

from __future__ import annotations

import statistics
import time

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import Place, place
from benchmarks.process import memory, total_cpu_s

WORKERS = 16
SPAN_S, QUICK_SPAN_S = 30.0, 10.0
GOAL_PERCENT = 2.0
GOAL_SUPERVISOR_PERCENT = 0.5
GOAL_MB = 30.0
_SETTLE_S = 3.0


def measure(*, quick: bool = False) -> Result:
    """Both after all workers have stood idle for a while."""
    span_s = QUICK_SPAN_S if quick else SPAN_S
    with place() as here:
        before = _share(here, {"pueued": [_daemon(here)]}, span_s)["pueued"]
        here.setup(WORKERS)
        panes = here.pane_pids()
        services = ("monitor", "supervisor", "approver")
        workers = [pid for name, pid in panes.items() if name not in services]
        time.sleep(_SETTLE_S)
        parts = {
            "workers": workers,
            "monitor": [panes["monitor"]],
            "supervisor": [panes["supervisor"]],
            "approver": [panes["approver"]],
            "tmux": [here.tmux_pid()],
            "pueued": [_daemon(here)],
        }
        share = _share(here, parts, span_s)
        held = [memory(pid) for pid in workers]
        shown = memory(panes["monitor"])
    return Result(
        benchmark="idle",
        figures=(
            Figure(
                name=f"idle CPU of a session with {WORKERS} workers",
                value=sum(share.values()) - before,
                unit="% of a core",
                goal=GOAL_PERCENT,
                note=", ".join(f"{name} {value:.2f}" for name, value in share.items())
                + f" (pueued alone {before:.2f})",
            ),
            Figure(
                name="CPU of the supervisor, in it",
                value=share["supervisor"],
                unit="% of a core",
                goal=GOAL_SUPERVISOR_PERCENT,
            ),
            Figure(
                name="memory of an idle worker (RSS)",
                value=statistics.median(each.rss_mb for each in held),
                unit="MB",
                goal=GOAL_MB,
            ),
            Figure(
                name="memory of an idle worker (PSS)",
                value=statistics.median(each.pss_mb for each in held),
                unit="MB",
            ),
            Figure(name="memory of the monitor (RSS)", value=shown.rss_mb, unit="MB"),
        ),
        samples=(
            samples("worker RSS", "MB", [each.rss_mb for each in held]),
            samples("worker PSS", "MB", [each.pss_mb for each in held]),
        ),
    )


def _daemon(here: Place) -> int:
    assert here.daemon is not None
    return here.daemon.pid


def _share(here: Place, parts: dict[str, list[int]], span_s: float) -> dict[str, float]:
    """CPU of each part while nothing happens, in % of one core."""
    before = {name: total_cpu_s(pids) for name, pids in parts.items()}
    begun = time.monotonic()
    time.sleep(span_s)
    seconds = time.monotonic() - begun
    return {
        name: (total_cpu_s(pids) - before[name]) / seconds * 100 for name, pids in parts.items()
    }
