"""Promises on the ledger's history: one outcome, no overlap, order kept. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from ccpar_hybrid.app.audit_picture import Breach, Chronicle, Picture
from ccpar_hybrid.core.outcome import Result
from ccpar_hybrid.core.task import TaskKey

SHOW = "ccpar-hybrid show"
_CLOCK = timedelta(seconds=1)
"""So far a clock that is put right may take two moments apart."""


def whole(picture: Picture) -> Iterator[Breach]:
    """The ledger's file can be read everywhere."""
    if picture.ledger_trouble is not None:
        yield Breach("ledger-whole", "ledger", picture.ledger_trouble, "ccpar-hybrid ledger mend")


def one_outcome(picture: Picture) -> Iterator[Breach]:
    """A task is settled once, and again only after it was opened again."""
    for key, chronicle in picture.tasks.items():
        if what := _settled_wrong(chronicle):
            yield Breach("one-outcome", key, what, f"{SHOW} {key} tells its story")


def _settled_wrong(chronicle: Chronicle) -> str | None:
    outcome, turns = chronicle.outcome, chronicle.turns
    for one, other in pairwise(turns):
        if one.result is not None and other.result is not None:
            return f"was settled twice: {one.result}, then {other.result}"
    if outcome is None:
        settled = turns and turns[-1].result is not None
        return f"was settled ({turns[-1].result}), and has no outcome" if settled else None
    if outcome.result is Result.INTERRUPTED:
        return "is settled as interrupted, though it ought to go on"
    if (outcome.result is Result.SUCCEEDED) != (outcome.exit_code == 0):
        return f"has {outcome.result} with exit code {outcome.exit_code}"
    if turns and turns[-1].result is not outcome.result:
        told = turns[-1].result or "opened again"
        return f"has {outcome.result}, but its last event says {told}"
    return None


def attempts_in_order(picture: Picture) -> Iterator[Breach]:
    """Attempts are numbered from 1, and none begins before the one before it has ended."""
    for key, chronicle in picture.tasks.items():
        numbers = [attempt.number for attempt in chronicle.attempts]
        if numbers != list(range(1, len(numbers) + 1)):
            what = f"has attempts {numbers}"
            yield Breach("attempts-numbered", key, what, f"{SHOW} {key} tells its story")
        for before, after in pairwise(chronicle.attempts):
            if before.outcome and after.started_at < before.outcome.ended_at - _CLOCK:
                what = f"attempt {after.number} began before attempt {before.number} had ended"
                yield Breach("no-overlap", key, what, f"{SHOW} {key} tells its story")


def dependencies_in_order(picture: Picture) -> Iterator[Breach]:
    """A task begins only after all that it waits for have succeeded.

    One that was opened again before it began is excused: a person has asked for that.
    """
    for key, chronicle in picture.tasks.items():
        if not chronicle.attempts:
            continue
        began = chronicle.attempts[0].started_at
        if any(turn.result is None and turn.at <= began for turn in chronicle.turns):
            continue
        for before in chronicle.task.spec.after:
            known = picture.tasks.get(before)
            if known is not None and not _had_succeeded(known, began + _CLOCK):
                what = f"began before {_name(known, before)} had succeeded"
                mend = f"{SHOW} {key}; `pueue start ID` and `restart` start a task all the same"
                yield Breach("order-kept", key, what, mend)


def _had_succeeded(chronicle: Chronicle, moment: datetime) -> bool:
    ends = [turn.at for turn in chronicle.turns if turn.result is Result.SUCCEEDED]
    outcome = chronicle.outcome
    if not ends and outcome is not None and outcome.result is Result.SUCCEEDED:
        ends = [outcome.ended_at]
    return any(end <= moment for end in ends)


def _name(chronicle: Chronicle, key: TaskKey) -> str:
    return chronicle.task.name if chronicle.task.name == key else f"{chronicle.task.name} ({key})"
