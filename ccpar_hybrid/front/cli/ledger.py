"""ledger mend: what people do with the ledger's file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.front.cli.output import count

if TYPE_CHECKING:
    from ccpar_hybrid.ledger.mend import Mended


def register(app: typer.Typer) -> None:
    """Add these commands."""
    group = typer.Typer(help="The ledger's file.", no_args_is_help=True, rich_markup_mode=None)
    group.command()(mend)
    app.add_typer(group, name="ledger")


def mend() -> None:
    """Look whether the ledger is whole; set a damaged one aside and save what it holds."""
    from ccpar_hybrid.ledger.mend import mend

    with App(os.environ) as app:
        mended = mend(app.paths.ledger)
        if mended is None:
            print("the ledger is whole")
            return
        tell_mended(mended)
        open_tasks = len(app.ledger.tasks(unsettled_only=True))
    if open_tasks:
        print(f"{count(open_tasks, 'task')} not settled: `ccpar-hybrid setup` goes on with them")


def tell_mended(mended: Mended | None) -> None:
    """Say on standard error what a mending did."""
    from ccpar_hybrid.app.mending import story_of

    if mended is not None:
        first, *others = story_of(mended)
        sys.stderr.write(f"ccpar-hybrid: {first}\n")
        sys.stderr.writelines(f"  {line}\n" for line in others)
