"""What a run reads of its task in the ledger, and writes there."""

from __future__ import annotations

import contextlib
import uuid
from datetime import UTC, datetime

from ccpar_hybrid.core.errors import CcparError, MissingPart
from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.worker.admission import UNDELIVERED
from ccpar_hybrid.worker.ending import Ended, worker_lost
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.step import Begin, Step, next_step, policy_of, since_restart

HELD = "held"
"""Event: the start of an attempt waits, and for what."""


class Record:
    """One task's record. Methods raise as the ledger does, but for what is only told."""

    def __init__(self, station: Station, task: Task, *, keeps_sessions: bool) -> None:
        self._station = station
        self._ledger = station.ledger
        self._task = task
        self._keeps_sessions = keeps_sessions
        self.number = 0
        """Of the last attempt that was begun here; 0 for none."""

    @property
    def cut_off(self) -> Attempt | None:
        """The last attempt, if its worker noted no end."""
        last = self._ledger.last_attempts([self._task.key]).get(self._task.key)
        return last if last is not None and last.outcome is None else None

    def next_step(self, ended: Ended | None) -> Step:
        """What follows; `ended`: how the last attempt ended, if that is not written yet."""
        everything = self._ledger.attempts(self._task.key)
        mine = since_restart(everything, self._ledger.events(self._task.key)) if everything else []
        earlier = everything[: len(everything) - len(mine)]
        if mine and mine[-1].outcome is None:
            end = ended or worker_lost(mine[-1])
            mine[-1] = mine[-1].model_copy(update={"outcome": end.outcome, "cause": end.cause})
        policy = policy_of(
            self._task.spec, self._station.settings, keeps_sessions=self._keeps_sessions
        )
        rounds = max((attempt.round for attempt in earlier), default=0)
        return next_step(mine, policy, earlier_rounds=rounds)

    def note(self, before: Attempt | None) -> None:
        """Write down how the attempt before ended, unless that is written.

        None: one that a restart has left behind was cut off.
        """
        if last := self.cut_off:
            end = worker_lost(last)
            if before is not None and before.outcome is not None:
                end = Ended(before.outcome, before.cause or Cause.OWN)
            self._end(last, end.outcome, end.cause, settle=False)

    def settle(self, outcome: Outcome, cause: Cause) -> None:
        """Write down the task's outcome, and with it the end of its last attempt."""
        last = self.cut_off
        if last is not None:
            self._end(last, outcome, cause, settle=True)
        else:
            self._ledger.settle(self._task.key, outcome)

    def _end(self, attempt: Attempt, outcome: Outcome, cause: Cause, *, settle: bool) -> None:
        self._ledger.end_attempt(attempt.key, attempt.number, outcome, settle=settle, cause=cause)

    def begin(self, step: Begin, pueue_id: int | None) -> Attempt:
        """Note the next attempt; Refused if the task is settled by now."""
        session_id = step.session_id or str(uuid.uuid4())
        attempt = self._ledger.begin_attempt(
            self._task.key,
            worker=self._station.id,
            agent=self._task.spec.agent,
            session_id=session_id if self._keeps_sessions else None,
            pueue_id=pueue_id,
            at=datetime.now(UTC),
            start=step.start,
            round=step.round,
        )
        self.number = attempt.number
        return attempt

    def follow(self, session_id: str) -> bool:
        """Note the session that the attempt is in now; False if that cannot be written yet."""
        try:
            self._ledger.set_session(self._task.key, self.number, session_id)
        except MissingPart:
            return False
        return True

    def outcome(self) -> Outcome | None:
        """How the task was settled."""
        return self._ledger.outcome(self._task.key)

    def undelivered(self) -> None:
        """The scheduler does not know the outcome: the next shim shall deliver, not run again."""
        self._ledger.record(self._event(UNDELIVERED))

    def tell(self, kind: str, **data: object) -> None:
        """An event for people; one that cannot be written is left out."""
        with contextlib.suppress(CcparError):
            self._ledger.record(self._event(kind, **data))

    def _event(self, kind: str, **data: object) -> Event:
        return Event(
            key=self._task.key,
            at=datetime.now(UTC),
            kind=kind,
            attempt=self.number or None,
            data=data,
        )
