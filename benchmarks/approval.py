"""How long an agent's dialog stands until the policy has answered it, by hook and by screen.

The agents are the demo agent's, which says itself how long each of its dialogs stood: from the
moment at which it is to be drawn to that at which its answer is known. By hook that has in it two
starts of a program that are not ours, so what the approver needs is told beside it.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from statistics import median, quantiles

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import place, wait_until
from ccpar_hybrid.core.decision import Approval

WORKERS, QUICK_WORKERS = 16, 4
CALLS = 8
VIA = ("hook", "screen")
HOOK_GOAL_MS, SCREEN_GOAL_MS = 60.0, 150.0
_LIMIT_S = 300.0
_PAUSE_S = 1.0, 4.0
"""Between two calls of one agent."""
_POLICY = 'profile = "standard"\n[[rule]]\ndecision = "allow"\ntool = "WebFetch"\n'


def measure(*, quick: bool = False) -> Result:
    """All agents at once; each makes files and reads pages, with pauses as of a model between."""
    figures: list[Figure] = []
    series = []
    for via in VIA:
        workers = QUICK_WORKERS if quick else WORKERS
        stood_ms, found = _stood(via, workers)
        what = f"dialog shown → answered by {via}, {workers} agents at work"
        figures += _pair(what, stood_ms, SCREEN_GOAL_MS if via == "screen" else None)
        if via == "hook":
            took_ms = [1000 * (each.took_s or 0.0) for each in found]
            figures += _pair("of it request → the hook has its answer", took_ms, HOOK_GOAL_MS)
        series += [
            samples(f"dialog shown → answered by {via}", "ms", stood_ms),
            samples(
                f"of it the policy's judgement ({via})",
                "ms",
                [1000 * each.ruling.took_s for each in found],
            ),
        ]
    return Result(benchmark="approval", figures=tuple(figures), samples=tuple(series))


def _pair(what: str, values_ms: list[float], goal: float | None) -> list[Figure]:
    late_ms = quantiles(values_ms, n=20, method="inclusive")[-1]
    return [
        Figure(name=f"{what}: median", value=median(values_ms), unit="ms", goal=goal),
        Figure(name=f"{what}: 95th percentile", value=late_ms, unit="ms"),
    ]


def _stood(via: str, workers: int) -> tuple[list[float], list[Approval]]:
    """How long each dialog stood, in ms, and the requests."""
    with place() as here:
        stood = here.home / "stood"
        here.environment["CCPAR_DEMO_STOOD"] = str(stood)
        here.environment["CCPAR_APPROVER_VIA"] = via
        config = Path(here.environment["HOME"], ".config", "ccpar-hybrid")
        (config / "policy.toml").write_text(_POLICY, encoding="utf-8")
        here.setup(workers)
        for worker in range(workers):
            here.ccpar("add", "--agent", "demo", f"script: {json.dumps(_script(worker))}")
        with here.app() as app:
            book, wanted = app.ledger.approvals, workers * CALLS
            wait_until(
                lambda: sum(each.end is not None for each in book.history()) == wanted,
                timeout_s=_LIMIT_S,
                look_s=0.5,
            )
            lines = stood.read_text(encoding="ascii").splitlines()
            return [1000 * float(line) for line in lines], book.history()


def _script(worker: int) -> list[dict[str, object]]:
    dice = random.Random(worker)
    steps: list[dict[str, object]] = []
    for call in range(CALLS):
        steps.append({"pause": round(dice.uniform(*_PAUSE_S), 2)})
        name = f"{worker}-{call}"
        given = [
            ("Bash", {"command": f"touch made-{name}"}),
            ("WebFetch", {"url": f"http://localhost/{name}", "prompt": "What does it say?"}),
        ]
        tool, input = given[call % 2]
        steps.append({"tool": tool, "input": input})
    return [*steps, {"say": "Over."}]
