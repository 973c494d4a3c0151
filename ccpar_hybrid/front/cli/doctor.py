"""doctor: is everything there that the work needs, and how to mend what is not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.core.text import display_width
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import count, paint, print_json

if TYPE_CHECKING:
    from ccpar_hybrid.app.doctor import Finding

_COLOURS = {"ok": "green", "warning": "yellow", "failed": "red", "unknown": "magenta"}
_NAME_WIDTH = 24


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(doctor)


def doctor(json: Json = False) -> None:
    """Look at all that is needed, and say how to mend it; changes nothing.

    Exit code 4 if something failed.
    """
    from ccpar_hybrid.app.doctor import Verdict, examine, worst

    findings = []
    with App(os.environ) as app:
        for finding in examine(app):
            findings.append(finding)
            if not json:
                _tell(finding)
    verdict = worst(findings)
    if json:
        checks = [finding.model_dump(mode="json") for finding in findings]
        print_json("doctor", verdict=verdict.value, checks=checks)
    else:
        _sum_up(findings)
    if verdict is Verdict.FAILED:
        raise typer.Exit(ExitCode.MISSING_PART)


def _tell(finding: Finding) -> None:
    word = finding.verdict.value
    blank = " " * max(0, _NAME_WIDTH - display_width(finding.name))
    mark = paint(word.ljust(7), _COLOURS[word])
    print(f"{mark}  {finding.name}{blank}  {finding.seen}", flush=True)
    if finding.mend:
        print(f"{'':7}  {paint('mend:', 'bold')} {finding.mend}", flush=True)


def _sum_up(findings: list[Finding]) -> None:
    numbers = [
        (sum(finding.verdict == word for finding in findings), word)
        for word in ("failed", "warning", "unknown")
    ]
    said = ", ".join(
        count(number, word) if word == "warning" else f"{number} {word}"
        for number, word in numbers
        if number
    )
    print(f"\n{said}" if said else "\nall is well")
