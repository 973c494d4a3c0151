"""audit: are the promises kept, on what everybody holds now."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.core.text import visible
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import count, paint, print_json

if TYPE_CHECKING:
    from ccpar_hybrid.app.audit import Audit
    from ccpar_hybrid.app.audit_picture import Breach, Picture


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(audit)


def audit(json: Json = False) -> None:
    """Check that nothing is lost, runs twice or is left over; changes nothing.

    Exit code 5 if a promise is broken, 4 if not all could be looked at.
    """
    from ccpar_hybrid.app.audit import audit

    with App(os.environ) as app:
        found = audit(app)
    if json:
        _print_document(found)
    else:
        _tell(found)
    if found.breaches:
        raise typer.Exit(ExitCode.TASK_FAILED)
    if found.picture.unseen:
        raise typer.Exit(ExitCode.MISSING_PART)


def _print_document(found: Audit) -> None:
    print_json(
        "audit",
        at=found.picture.at.isoformat(),
        looked_at=_counts(found.picture),
        unseen=list(found.picture.unseen),
        breaches=[asdict(breach) for breach in found.breaches],
    )


def _tell(found: Audit) -> None:
    for breach in found.breaches:
        _tell_breach(breach)
    for words in found.picture.unseen:
        print(f"{paint('not seen', 'yellow')}  {visible(words, 400)}")
    seen = _counts(found.picture).items()
    numbers = ", ".join(f"{number} {name if number != 1 else ONE[name]}" for name, number in seen)
    broken = len({breach.promise for breach in found.breaches})
    verdict = f"{count(broken, 'promise')} broken" if broken else "every promise is kept"
    print(f"{verdict}; looked at {numbers}")


def _tell_breach(breach: Breach) -> None:
    print(
        f"{paint(breach.promise, 'red')}  {visible(breach.where, 200)} {visible(breach.what, 400)}"
    )
    print(f"  {paint('mend:', 'bold')} {visible(breach.mend, 400)}")


ONE = {
    "tasks": "task",
    "attempts": "attempt",
    "jobs": "job",
    "workers": "worker",
    "processes": "process",
}


def _counts(picture: Picture) -> dict[str, int]:
    return {
        "tasks": len(picture.tasks),
        "attempts": sum(len(each.attempts) for each in picture.tasks.values()),
        "jobs": len(picture.queue.jobs) if picture.queue else 0,
        "workers": len(picture.statuses),
        "processes": len(picture.marked),
    }
