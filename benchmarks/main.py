"""Runs benchmarks by name and prints what they found."""

from __future__ import annotations

import argparse
import compileall
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import ccpar_hybrid
from benchmarks import (
    approval,
    approver,
    bulk,
    death,
    idle,
    judge,
    latency,
    report,
    session,
    shim,
    soak,
    start,
    throughput,
    watch,
)
from benchmarks.figure import Result, load

MEASURES: dict[str, Callable[..., Result]] = {
    "shim": shim.measure,
    "start": start.measure,
    "latency": latency.measure,
    "throughput": throughput.measure,
    "bulk": bulk.measure,
    "idle": idle.measure,
    "setup": session.measure,
    "death": death.measure,
    "soak": soak.measure,
    "judge": judge.measure,
    "watch": watch.measure,
    "approval": approval.measure,
    "approver": approver.measure,
}
LONG = frozenset({"soak"})
"""Only measured where they are named."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when every goal that was measured is met, else 1."""
    options = _parser().parse_args(arguments)
    _check(options.names)
    compileall.compile_dir(Path(ccpar_hybrid.__file__).parent, quiet=1)  # as the installation does
    print(report.machine())
    results = []
    for name in options.names or (name for name in MEASURES if name not in LONG):
        results.append(_measured(name, quick=options.quick))
        print(report.table(results[-1]), flush=True)
    if options.json:
        document = [result.model_dump(mode="json") for result in results]
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return int(any(figure.is_met is False for result in results for figure in result.figures))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MEASURES)}; all")
    parser.add_argument("--quick", action="store_true", help="fewer runs: a first look")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all samples there")
    return parser


def _check(names: Sequence[str]) -> None:
    for name in names:
        if name not in MEASURES:
            raise SystemExit(f"there is no benchmark {name!r}; known are {', '.join(MEASURES)}")


def _measured(name: str, *, quick: bool) -> Result:
    before = load()
    result = MEASURES[name](quick=quick)
    return result.model_copy(update={"load": (before, load())})
