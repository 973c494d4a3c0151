"""Everything that the ledger holds of a task, as it is exported and imported."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from ccpar_hybrid.core.decision import Approval
from ccpar_hybrid.core.outcome import Attempt, Event, Outcome, Result
from ccpar_hybrid.core.task import Task, is_key

VERSION = 1
"""Of the lines of an export; it changes when a field's meaning does or one goes."""

_LARGEST = 2**63 - 1
"""What fits into a row."""


class Header(BaseModel):
    """The first line of an export. `environment`: whether the tasks' variables are in it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["ccpar-hybrid-ledger"] = "ccpar-hybrid-ledger"
    version: Literal[1] = 1
    at: datetime
    tasks: int = Field(ge=0)
    environment: bool


class Record(BaseModel):
    """A task with its outcome, its attempts, the first first, and its story in order.

    `approvals`: what its agents asked leave for, in order; exports of earlier versions have none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    task: Task
    outcome: Outcome | None = None
    attempts: tuple[Attempt, ...] = ()
    events: tuple[Event, ...] = ()
    approvals: tuple[Approval, ...] = ()

    def without_environment(self) -> Record:
        """The same, without the values and names of the task's variables."""
        spec = self.task.spec.model_copy(update={"environment": {}})
        return self.model_copy(update={"task": self.task.model_copy(update={"spec": spec})})


def fault_of(record: Record) -> str | None:
    """What no ledger could have written; None for a record that one could have."""
    return next(_faults(record), None)


def _faults(record: Record) -> Iterator[str]:
    task, outcome = record.task, record.outcome
    keys = (task.key, *task.spec.after)
    yield from (f"{key!r} is no key" for key in keys if not is_key(key))
    told = {each.key for each in record.attempts} | {each.key for each in record.events}
    told |= {each.request.key for each in record.approvals}
    yield from (f"{key!r} is another task's" for key in told - {task.key})
    numbers = [attempt.number for attempt in record.attempts]
    if numbers != list(range(1, len(numbers) + 1)):
        yield f"attempts are numbered {numbers}, not from 1 on"
    for name, moment in _times(record):
        if moment.tzinfo is None:
            yield f"{name} has no time zone"
    for name, number in _numbers(record):
        if number is not None and not -_LARGEST <= number <= _LARGEST:
            yield f"{name} is too large"
    ids = [each.id for each in record.approvals]
    if len(set(ids)) < len(ids):
        yield "two requests have one id"
    if any((each.end is None) != (each.ended_at is None) for each in record.approvals):
        yield "a request has an end without a time, or a time without an end"
    if outcome is not None and outcome.result is Result.INTERRUPTED:
        yield "a task is never interrupted, only an attempt"
    if outcome is not None and (outcome.result is Result.SUCCEEDED) != (outcome.exit_code == 0):
        yield f"exit code {outcome.exit_code} is none of {outcome.result}"


def _times(record: Record) -> Iterator[tuple[str, datetime]]:
    yield "created_at", record.task.created_at
    if record.task.spec.not_before is not None:
        yield "not_before", record.task.spec.not_before
    if record.outcome is not None:
        yield "outcome.ended_at", record.outcome.ended_at
    for attempt in record.attempts:
        yield f"attempts.{attempt.number}.started_at", attempt.started_at
        if attempt.outcome is not None:
            yield f"attempts.{attempt.number}.ended_at", attempt.outcome.ended_at
    yield from ((f"events.{place}.at", event.at) for place, event in enumerate(record.events))
    for place, approval in enumerate(record.approvals):
        yield f"approvals.{place}.asked_at", approval.request.asked_at
        if approval.answer is not None:
            yield f"approvals.{place}.answer.at", approval.answer.at
        if approval.ended_at is not None:
            yield f"approvals.{place}.ended_at", approval.ended_at
        if approval.key_at is not None:
            yield f"approvals.{place}.key_at", approval.key_at


def _numbers(record: Record) -> Iterator[tuple[str, int | None]]:
    yield "pueue_id", record.task.pueue_id
    for attempt in record.attempts:
        yield "pueue_id", attempt.pueue_id
        yield "round", attempt.round
    for event in record.events:
        yield "attempt", event.attempt
    for approval in record.approvals:
        yield "attempt", approval.request.attempt
