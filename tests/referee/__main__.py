"""`python -m tests.referee`: compare the judge with bash; exits 1 if it missed something."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from unittest import mock

from tests.referee.bash import Bash
from tests.referee.comparison import Case, compare, one_parser, texts
from tests.referee.script import PROGRAMS

_AT_ONCE = 400


def main() -> int:
    """Compare, and tell of each text of which something was missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.referee", description=__doc__)
    parser.add_argument("--texts", type=int, default=2000)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--show", type=int, default=20, help="tell of so many")
    parser.add_argument("--alone", action="store_true", help="without the second parser's opinion")
    options = parser.parse_args()
    if options.alone:
        mock.patch("ccpar_hybrid.approval.shell.parse", one_parser).start()
    cases: list[Case] = []
    with tempfile.TemporaryDirectory(prefix="referee-") as place:
        bash = Bash(Path(place) / "b", PROGRAMS)
        for start in range(0, options.texts, _AT_ONCE):
            count = min(_AT_ONCE, options.texts - start)
            cases += compare(
                bash, texts(f"{options.seed}:{start}", count, isolated=bash.is_isolated)
            )
    bad = [case for case in cases if case.missed]
    for case in sorted(bad, key=lambda each: len(each.text))[: options.show]:
        print("-----", *case.missed, "-----", case.text, sep="\n")
    asked = sum(case.asked for case in cases)
    print(f"{len(cases)} texts, {asked} asked for, {len(bad)} in which something was missed")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main())
