"""Makes good by its events what a salvaged ledger has lost of its rows: they tell every change."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Result, Start
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.ledger.salvage import Saved, outcome_by_name
from ccpar_hybrid.ledger.schema import EventKind


def retell(saved: Saved) -> None:
    """Add the attempts and the outcomes that only events still tell of.

    A task that was done is not run again because an old copy of its row was all that was left.
    """
    stories: defaultdict[TaskKey, list[Event]] = defaultdict(list)
    for _, event in sorted(saved.events.items()):
        stories[event.key].append(event)
    for key, events in stories.items():
        if key in saved.tasks:
            _retell_attempts(saved, key, events)
            _retell_outcome(saved, key, events)


def _retell_attempts(saved: Saved, key: TaskKey, events: Sequence[Event]) -> None:
    for event in _of(EventKind.ATTEMPT_STARTED, events):
        identity = (key, event.attempt or 0)
        if identity[1] < 1 or identity in saved.sure:
            continue
        own = [each for each in events if each.attempt == event.attempt]
        with contextlib.suppress(ValueError):
            attempt = saved.attempts.get(identity) or _begun(event, own)
            saved.attempts[identity] = _ended(attempt, own)


def _begun(started: Event, own: Sequence[Event]) -> Attempt:
    sessions = [str(event.data.get("session_id", "")) for event in _of(EventKind.SESSION, own)]
    told_round = started.data.get("round", 1)
    return Attempt(
        key=started.key,
        number=started.attempt or 0,
        worker=str(started.data.get("worker", "")),
        agent=str(started.data.get("agent", "")),
        started_at=started.at,
        session_id=sessions[-1] if sessions else None,
        start=Start(str(started.data.get("start", Start.FRESH))),
        round=told_round if isinstance(told_round, int) else 1,
    )


def _ended(attempt: Attempt, own: Sequence[Event]) -> Attempt:
    ended = next(_of(EventKind.ATTEMPT_ENDED, own), None)
    if attempt.outcome is not None or ended is None:
        return attempt
    reason = str(ended.data.get("reason", ""))
    outcome = outcome_by_name(ended.data.get("result"), ended.at.isoformat(), reason)
    cause = Cause(str(ended.data.get("cause", Cause.OWN)))
    return attempt.model_copy(update={"outcome": outcome, "cause": cause})


def _retell_outcome(saved: Saved, key: TaskKey, events: Sequence[Event]) -> None:
    last = [e for e in events if e.kind in (EventKind.SETTLED, EventKind.REOPENED)][-1:]
    if not last or key in saved.sure:
        return
    settled = last[0]
    if settled.kind == EventKind.REOPENED:
        saved.outcomes.pop(key, None)
        return
    known = saved.outcomes.get(key)
    if known is not None and known.ended_at == settled.at:
        return
    attempt = saved.attempts.get((key, settled.attempt or 0))
    if attempt is not None and attempt.outcome and attempt.outcome.result is not Result.INTERRUPTED:
        saved.outcomes[key] = attempt.outcome
        return
    with contextlib.suppress(ValueError):
        reason = str(settled.data.get("reason", ""))
        saved.outcomes[key] = outcome_by_name(
            settled.data.get("result"), settled.at.isoformat(), reason
        )


def _of(kind: EventKind, events: Sequence[Event]) -> Iterator[Event]:
    return (event for event in events if event.kind == kind)
