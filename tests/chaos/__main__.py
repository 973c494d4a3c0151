"""`bin/chaos`, or `python -m tests.chaos`: rounds of storms; exits 1 if one of them was bad."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from tests.chaos.storm import AGENTS, ASKING_PROFILES, PROFILES, Report, storm

Play = tuple[int, str, str, str, str]
"""A round's number, seed, profile, agent, and the approver's way."""


def main() -> int:
    """Run the rounds, and tell of each as it ends."""
    options = _parser().parse_args()
    kept = options.keep or Path(tempfile.mkdtemp(prefix="chaos-"))
    kept.mkdir(parents=True, exist_ok=True)
    reports = []
    for number, report in _played(list(_plays(options)), options.jobs, kept):
        reports.append(report)
        print(_line(number, report), flush=True)
        if report.wrong:
            print(_trouble(number, report, options.seed), flush=True)
    bad = sum(bool(report.wrong) for report in reports)
    print(_sum(reports, bad))
    if not bad and not options.keep:
        kept.rmdir()
    return int(bad > 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=len(PROFILES))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="begin with this round")
    parser.add_argument("--jobs", type=int, default=1, help="so many rounds at once")
    parser.add_argument("--profile", choices=ASKING_PROFILES, help="only storms of this kind")
    parser.add_argument("--agent", choices=AGENTS, default="command")
    parser.add_argument("--via", choices=("auto", "hook", "screen"), default="auto")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="what bad rounds leave goes here")
    return parser


def _plays(options: argparse.Namespace) -> Iterator[Play]:
    profiles = ASKING_PROFILES if options.agent.startswith("asking") else PROFILES
    for number in range(options.first, options.first + options.rounds):
        profile = options.profile or profiles[number % len(profiles)]
        yield number, f"{options.seed}:{number}", profile, options.agent, options.via


def _played(plays: list[Play], jobs: int, kept: Path) -> Iterator[tuple[int, Report]]:
    if jobs == 1:
        for number, seed, profile, agent, via in plays:
            yield number, storm(seed, profile, agent, kept, via)
        return
    # spawn: a forked child would share our threads' locks
    with ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        running = {
            pool.submit(storm, seed, profile, agent, kept, via): number
            for number, seed, profile, agent, via in plays
        }
        for done in as_completed(running):
            yield running[done], done.result()


def _line(number: int, report: Report) -> str:
    seen = f"{report.tasks:3} tasks {report.strikes:2} strikes {report.cut_off:2} cut off"
    seen += f" {report.asked:3} asked by {report.via}" * bool(report.asked)
    return f"{number:4} {report.profile:10} {report.agent:7} {seen} {report.took_s:5.1f} s"


def _trouble(number: int, report: Report, seed: str) -> str:
    again = f"bin/chaos --rounds 1 --seed {seed} --first {number} --agent {report.agent}"
    lines = [
        *(f"  WRONG: {each}" for each in report.wrong),
        "  story: " + "\n         ".join(report.story),
        f"  again: {again} --profile {report.profile} --via {report.via}",
        f"  left:  {report.kept}",
    ]
    return "\n".join(lines)


def _sum(reports: list[Report], bad: int) -> str:
    tasks, strikes = sum(r.tasks for r in reports), sum(r.strikes for r in reports)
    cut_off = sum(r.cut_off for r in reports)
    return f"{len(reports)} rounds, {bad} bad: {tasks} tasks, {strikes} strikes, {cut_off} cut off"


if __name__ == "__main__":
    sys.exit(main())
