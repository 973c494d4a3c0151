"""monitor, supervisor, approver, as `--help` knows them; `main` runs them without these."""

from __future__ import annotations

from typing import Annotated

import typer

from ccpar_hybrid.front.cli.option import Session


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command()(monitor)
    app.command()(supervisor)
    app.command()(approver)


def monitor(
    once: Annotated[bool, typer.Option("--once", help="Draw one time and end.")] = False,
    session: Session = None,
) -> None:
    """Workers, tasks and queues, as they change."""
    from ccpar_hybrid.front.monitor import main

    named = ["--session", session] if session else []
    raise typer.Exit(main([*(["--once"] if once else []), *named]))


def supervisor(session: Session = None) -> None:
    """Start again what dies in a session, and keep its queue going; `setup` starts it."""
    from ccpar_hybrid.front.supervisor import main

    raise typer.Exit(main(["--session", session] if session else []))


def approver(session: Session = None) -> None:
    """Decide by the policy what agents ask leave for; `setup` starts it."""
    from ccpar_hybrid.front.approver import main

    raise typer.Exit(main(["--session", session] if session else []))
