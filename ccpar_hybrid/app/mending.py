"""Mends the instance's ledger where a command that brings things in order finds it damaged."""

from __future__ import annotations

from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.core.errors import Damaged
from ccpar_hybrid.ledger.mend import Mended, mend


def mend_if_damaged(app: App) -> Mended | None:
    """Set a damaged ledger aside and go on with what could be saved; None if it is whole.

    A quick look where all is well. What is returned must be told to the user. Raises as opening
    the ledger does.
    """
    try:
        if app.ledger.trouble() is None:
            return None
    except Damaged:
        pass
    return mend(app.paths.ledger)


def story_of(mended: Mended) -> list[str]:
    """What was found and done, a line each, for people."""
    kept = f"{mended.tasks} tasks, {mended.attempts} attempts and {mended.events} events"
    lines = [
        f"the ledger was damaged: {mended.trouble}",
        f"saved into a new one: {kept}",
        f"the damaged one is kept: {mended.aside}",
    ]
    if mended.unreadable:
        lines.append(f"could not be read: {mended.unreadable} records")
    if mended.nameless:
        keys = ", ".join(mended.nameless[:20]) + (", …" if len(mended.nameless) > 20 else "")
        lines.append(f"lost, for what was asked could not be read: {keys}")
    return lines
