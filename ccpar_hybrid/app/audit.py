"""`audit`: checks the promises on what the ledger, Pueue, tmux and the system hold now.

What a rule finds may be a step that was under way. So it is looked again, and only what stays is
told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ccpar_hybrid.app import audit_rule_history as history
from ccpar_hybrid.app import audit_rule_now as now
from ccpar_hybrid.app import audit_rule_queue as queue
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.audit_gather import gather
from ccpar_hybrid.app.audit_picture import Breach, Picture

LOOKS = 4
PAUSE_S = 1.2
"""Between two looks. Pueue sees an end 0.3 s later, a pane is respawned after a second."""

RULES: tuple[Callable[[Picture], Iterator[Breach]], ...] = (
    history.whole,
    history.one_outcome,
    history.attempts_in_order,
    history.dependencies_in_order,
    queue.ends_agree,
    queue.none_lost,
    queue.queued_once,
    queue.running_is_held,
    now.runs_once,
    now.workers_tell_true,
    now.no_orphans,
    now.nothing_stale,
    now.panes_answer,
    now.files_private,
)


@dataclass(frozen=True)
class Audit:
    """What was found, and the last picture that was looked at."""

    picture: Picture
    breaches: tuple[Breach, ...]


def audit(app: App, *, pause_s: float = PAUSE_S) -> Audit:
    """Look, and where something seems wrong look again; raises as opening the ledger does."""
    picture = gather(app)
    breaches = breaches_of(picture)
    for _ in range(LOOKS - 1):
        if not breaches:
            break
        time.sleep(pause_s)
        picture = gather(app)
        breaches = lasting(breaches, breaches_of(picture))
    return Audit(picture, tuple(breaches))


def breaches_of(picture: Picture) -> list[Breach]:
    """What all rules find, in their order."""
    return [breach for rule in RULES for breach in rule(picture)]


def lasting(before: list[Breach], after: list[Breach]) -> list[Breach]:
    """What was so before and is still, as it is now."""
    known = {(breach.promise, breach.where) for breach in before}
    return [breach for breach in after if (breach.promise, breach.where) in known]
