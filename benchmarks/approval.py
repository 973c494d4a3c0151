"""How long an agent's request waits for the policy's answer, by its hook, with many at work.

From the moment at which the approver has the request to that at which the agent's hook has its
answer and the approver has noted it, as the ledger tells. The agents are the demo agent's.
"""

from __future__ import annotations

import json
import statistics
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import place, wait_until

WORKERS, QUICK_WORKERS = 16, 4
CALLS = 8
GOAL_MS = 60.0
_LIMIT_S = 240.0
_POLICY = 'profile = "standard"\n'


def measure(*, quick: bool = False) -> Result:
    """All agents at once; each makes some files, one after the other."""
    workers = QUICK_WORKERS if quick else WORKERS
    with place() as here:
        config = Path(here.environment["HOME"], ".config", "ccpar-hybrid")
        (config / "policy.toml").write_text(_POLICY, encoding="utf-8")
        here.setup(workers)
        for worker in range(workers):
            calls = [
                {"tool": "Bash", "input": {"command": f"touch made-{worker}-{call}"}}
                for call in range(CALLS)
            ]
            here.ccpar(
                "add", "--agent", "demo", f"script: {json.dumps([*calls, {'say': 'Over.'}])}"
            )
        with here.app() as app:
            book = app.ledger.approvals
            wanted = workers * CALLS
            wait_until(
                lambda: sum(each.end is not None for each in book.history()) == wanted,
                timeout_s=_LIMIT_S,
                look_s=0.5,
            )
            found = book.history()
    took_ms = sorted(1000 * (each.took_s or 0.0) for each in found)
    judged_ms = [1000 * each.ruling.took_s for each in found]
    series = [
        samples("request → the hook has its answer, noted", "ms", took_ms),
        samples("of it the policy's judgement", "ms", judged_ms),
    ]
    what = f"request → its hook answered, {workers} agents at work"
    figures = (
        Figure(name=f"{what}: median", value=statistics.median(took_ms), unit="ms", goal=GOAL_MS),
        Figure(name=f"{what}: 95th percentile", value=took_ms[len(took_ms) * 95 // 100], unit="ms"),
    )
    return Result(benchmark="approval", figures=figures, samples=tuple(series))
