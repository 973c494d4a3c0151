"""`python -m tests.chaos`: rounds of storms; exits 1 if anything went wrong in one."""

from __future__ import annotations

import argparse
import sys
import time

from tests.chaos.storm import PROFILES, storm


def main() -> int:
    """Run the rounds one after the other, and tell of each."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=len(PROFILES))
    parser.add_argument("--seed", default="1")
    parser.add_argument("--first", type=int, default=0, help="begin with this round")
    parser.add_argument("--profile", choices=PROFILES, help="only storms of this kind")
    parser.add_argument("--agent", choices=("command", "demo", "claude"), default="command")
    options = parser.parse_args()
    bad = 0
    for number in range(options.first, options.first + options.rounds):
        profile = options.profile or PROFILES[number % len(PROFILES)]
        began = time.monotonic()
        report = storm(f"{options.seed}:{number}", profile, options.agent)
        took = time.monotonic() - began
        seen = f"{report.tasks:3} tasks {report.strikes:2} strikes {report.cut_off:2} cut off"
        print(f"{number:4} {profile:10} {seen} {took:5.1f} s", flush=True)
        if report.wrong:
            bad += 1
            print("  WRONG: " + "\n  WRONG: ".join(report.wrong))
            print("  story: " + "\n         ".join(report.story), flush=True)
    print(f"{options.rounds} rounds, {bad} of them bad")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
