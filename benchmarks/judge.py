"""How long one command takes to be judged, parsers included."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from ccpar_hybrid.approval import policy, syntax, tool
from ccpar_hybrid.approval.ground import ground
from ccpar_hybrid.approval.policy import Profile
from ccpar_hybrid.approval.rule import Asker
from ccpar_hybrid.approval.verdict import decide

CORPUS = Path(__file__).parents[1] / "tests" / "data" / "approval" / "real.txt"
ROUNDS, QUICK_ROUNDS = 5, 1
GOAL_MS = 10.0


def measure(*, quick: bool = False) -> Result:
    """Every command of the corpus of real ones, each judged as if never seen."""
    commands = CORPUS.read_text(encoding="utf-8").rstrip("\n").split("\n%%\n")
    tools, rules = tool.load(), policy.load(None, Profile.STANDARD)
    spans: list[float] = []
    allowed = 0
    with tempfile.TemporaryDirectory() as place:
        around = ground(place, {"HOME": place})
        for _ in range(QUICK_ROUNDS if quick else ROUNDS):
            for command in commands:
                syntax.parse.cache_clear()
                begun = time.monotonic()
                found = decide(Asker(tool="Bash"), {"command": command}, around, rules, tools)
                spans.append((time.monotonic() - begun) * 1000)
                allowed += found.decision.value == "allow"
    series = samples("one command", "ms", spans)
    share = 100 * allowed / len(spans)
    return Result(
        benchmark="judge",
        figures=(
            Figure(name="judging one command", value=series.median, unit="ms", goal=GOAL_MS),
            Figure(name="real ones allowed", value=share, unit="%", goal=95, at_least=True),
        ),
        samples=(series,),
    )
