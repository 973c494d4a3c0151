"""monitor, as `--help` and completion know it; `main` runs it without these libraries."""

from __future__ import annotations

from typing import Annotated

import typer

from ccpar_hybrid.front.cli.option import Session


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command()(monitor)


def monitor(
    once: Annotated[bool, typer.Option("--once", help="Draw one time and end.")] = False,
    session: Session = None,
) -> None:
    """Workers, tasks and queues, as they change."""
    from ccpar_hybrid.front.monitor import main

    named = ["--session", session] if session else []
    raise typer.Exit(main([*(["--once"] if once else []), *named]))
