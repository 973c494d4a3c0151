"""What an approver costs those who do not ask: two instances, one with and one without.

Both stand all the while with idle workers, and are measured in turn.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from benchmarks.figure import Figure, Result, samples
from benchmarks.latency import Fifo, add, fifo, forget_old, schedule, settle
from benchmarks.place import CONFIG, GROUP, Place, place
from benchmarks.process import memory, total_cpu_s
from benchmarks.throughput import run_ours
from ccpar_hybrid.app.assembly import App

RUNS, QUICK_RUNS = 30, 10
TASKS, QUICK_TASKS = 150, 60
ROUNDS, QUICK_ROUNDS = 4, 2
SPAN_S, QUICK_SPAN_S = 20.0, 5.0
WORKERS = 6
_WITH, _WITHOUT = "with an approver", "without"


@dataclass(frozen=True)
class _Stand:
    here: Place
    app: App
    fifo: Fifo

    def latency_ms(self, moment: float) -> float:
        """From the call to the command's first instruction."""
        settle(self.here, WORKERS, moment)
        took_s = self.fifo.time(lambda command: add(self.app, self.here, [command]))
        forget_old(self.here)
        return took_s * 1000


def measure(*, quick: bool = False) -> Result:
    """Latency and throughput of the one over the other, and what the approver itself uses."""
    runs, tasks = (QUICK_RUNS, QUICK_TASKS) if quick else (RUNS, TASKS)
    with _stand(approver=True) as one, _stand(approver=False) as other:
        stands = {_WITH: one, _WITHOUT: other}
        late: dict[str, list[float]] = {name: [] for name in stands}
        for name, moment in schedule(sorted(stands), runs):
            late[name].append(stands[name].latency_ms(moment))
        for stand in stands.values():
            settle(stand.here, WORKERS, 0.0)
            stand.here.run("pueue", "clean", "-g", GROUP)
        rates: dict[str, list[float]] = {name: [] for name in stands}
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for name, stand in stands.items():
                rates[name].append(tasks / run_ours(stand.here, tasks))
        pid = one.here.pane_pids()["approver"]
        percent = _idle_percent(pid, QUICK_SPAN_S if quick else SPAN_S)
        held = memory(pid)
    latency = {name: samples(f"latency {name}", "ms", values) for name, values in late.items()}
    rate = {name: samples(f"throughput {name}", "tasks/s", each) for name, each in rates.items()}
    return Result(
        benchmark="approver",
        figures=(
            Figure(
                name="enqueue to first instruction, with an approver over without",
                value=latency[_WITH].median / latency[_WITHOUT].median,
                unit="×",
            ),
            Figure(
                name=f"{tasks} trivial tasks, with an approver over without",
                value=rate[_WITH].median / rate[_WITHOUT].median,
                unit="×",
            ),
            Figure(name="CPU of an idle approver", value=percent, unit="% of a core"),
            Figure(name="memory of the approver (RSS)", value=held.rss_mb, unit="MB"),
        ),
        samples=(*latency.values(), *rate.values()),
    )


@contextmanager
def _stand(*, approver: bool) -> Iterator[_Stand]:
    """An instance with a session of idle workers."""
    with ExitStack() as stack:
        here = stack.enter_context(place())
        here.configure(f"{CONFIG}\n[approver]\nrun = {str(approver).lower()}\n")
        here.setup(WORKERS)
        app = stack.enter_context(here.app())
        app.ledger.tasks()
        yield _Stand(here, app, stack.enter_context(fifo(here.work / "fifo")))


def _idle_percent(pid: int, span_s: float) -> float:
    before, begun = total_cpu_s([pid]), time.monotonic()
    time.sleep(span_s)
    return (total_cpu_s([pid]) - before) / (time.monotonic() - begun) * 100
