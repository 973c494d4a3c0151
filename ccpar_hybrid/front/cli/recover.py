"""recover: what `setup` and the supervisor do by themselves, by hand and told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import ExitCode
from ccpar_hybrid.front.cli.option import Json
from ccpar_hybrid.front.cli.output import print_json

if TYPE_CHECKING:
    from ccpar_hybrid.app.restoration import Restored
    from ccpar_hybrid.ledger.mend import Mended


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(recover)


def recover(json: Json = False) -> None:
    """After a crash or a reboot: pueued, the queue and the sessions as they were."""
    from ccpar_hybrid.app.mending import mend_if_damaged
    from ccpar_hybrid.app.restoration import restore
    from ccpar_hybrid.front.cli.ledger import tell_mended

    with App(os.environ) as app:
        mended = mend_if_damaged(app)
        tell_mended(mended)
        done = restore(app, (lambda line: None) if json else _say)
    if json:
        print_json("recover", **_document(done, mended))
    elif not done.lines and mended is None:
        print("nothing to recover")
    if any(report.silent for report in done.sessions):
        raise typer.Exit(ExitCode.MISSING_PART)


def _say(line: str) -> None:
    print(line, flush=True)


def _document(done: Restored, mended: Mended | None) -> dict[str, Any]:
    recovered = done.recovered
    for report in done.sessions:
        recovered = recovered.with_more(report.recovered)
    return {
        "daemon_started": done.daemon_started,
        "state_lost": recovered.state_lost,
        "ledger_aside": str(mended.aside) if mended else None,
        "damaged": str(recovered.damaged) if recovered.damaged else None,
        "again": list(recovered.again),
        "returned": list(recovered.returned),
        "completed": list(recovered.completed),
        "settled": list(recovered.settled),
        "groups_made": list(recovered.made),
        "groups_started": list(recovered.groups),
        "sessions_built": [report.session for report in done.sessions if report.created],
        "workers_restarted": [name for report in done.sessions for name in report.restarted],
    }
