"""What follows the end of an attempt: go on, begin anew, try again, or settle. Pure.

A round is one go at the task. An attempt that was cut off is continued in its round: in its
session while `resumes` lasts, then `cold_starts` times in a new session, for an agent without
sessions by as many new starts. A failed round is followed by the next while `retries` lasts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from ccpar_hybrid.core.outcome import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    Attempt,
    Cause,
    Event,
    Outcome,
    Result,
    Start,
)
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.core.task import OnLimit, TaskSpec
from ccpar_hybrid.ledger.schema import EventKind

CUT_OFF = frozenset({Cause.WORKER_LOST, Cause.AGENT_KILLED})
"""Ends that nobody wanted; so many are borne in one round."""
_HINDERED = frozenset({Cause.LIMIT, Cause.SERVICE, Cause.AUTHENTICATION})
"""Ends for which the task is not to blame: the same session goes on once it can."""
_LEAST_PAUSE_S = 1.0


@dataclass(frozen=True)
class Policy:
    """What holds for one task: its own wishes over the settings.

    `keeps_sessions`: whether its agent can go on in a session. Spans in seconds.
    """

    resumes: int
    cold_starts: int
    retries: int
    backoff_s: float
    backoff_limit_s: float
    keeps_sessions: bool
    on_limit: OnLimit


def policy_of(spec: TaskSpec, settings: Settings, *, keeps_sessions: bool) -> Policy:
    """What the task says, else what the settings say."""
    retry = settings.retry
    return Policy(
        resumes=retry.resumes,
        cold_starts=retry.cold_starts,
        retries=retry.retries if spec.retries is None else spec.retries,
        backoff_s=retry.backoff_s if spec.backoff_s is None else spec.backoff_s,
        backoff_limit_s=retry.backoff_limit_s,
        keeps_sessions=keeps_sessions,
        on_limit=spec.on_limit or settings.limit.on_limit,
    )


@dataclass(frozen=True)
class Begin:
    """Another attempt, after a pause.

    `session_id`: the session to go on in, with Start.RESUMED. `before`: the attempt that it
    follows, with the end that is to be noted of it; None for the first of all, and for the
    first after a restart.
    """

    start: Start
    round: int
    session_id: str | None = None
    pause_s: float = 0.0
    before: Attempt | None = None


@dataclass(frozen=True)
class Settle:
    """The task's outcome, which is that of its last attempt as well, and why it ended."""

    outcome: Outcome
    cause: Cause


Step = Begin | Settle


def since_restart(attempts: Sequence[Attempt], events: Sequence[Event]) -> list[Attempt]:
    """The attempts since the task was last restarted by a person; events in their order."""
    begun = before = 0
    for event in events:
        if event.kind == EventKind.ATTEMPT_STARTED:
            begun += 1
        elif event.kind == EventKind.REOPENED:
            before = begun
    return list(attempts[before:])


def next_step(attempts: Sequence[Attempt], policy: Policy, *, earlier_rounds: int = 0) -> Step:
    """What follows these attempts since the last restart, all of which have ended.

    `earlier_rounds`: the highest round before the restart.
    """
    if not attempts:
        return Begin(Start.FRESH, earlier_rounds + 1)
    last = attempts[-1]
    outcome, cause = _end_of(last)
    if outcome.result in (Result.SUCCEEDED, Result.CANCELLED, Result.SKIPPED):
        return Settle(outcome, cause)
    if cause in CUT_OFF:
        return _after_cut(attempts, last, policy)
    if cause is Cause.MACHINE and outcome.result is Result.INTERRUPTED:
        return _after_no_room(attempts, last, policy)
    if cause in _HINDERED:
        return _after_hindrance(attempts, last, policy)
    return _after_failure(attempts, last, policy)


def _end_of(last: Attempt) -> tuple[Outcome, Cause]:
    if last.outcome is None:
        raise ValueError(f"attempt {last.number} of {last.key} has not ended")
    return last.outcome, last.cause or Cause.OWN


def _after_cut(attempts: Sequence[Attempt], last: Attempt, policy: Policy) -> Step:
    if _end_of(last)[0].result is not Result.INTERRUPTED:
        return _after_failure(attempts, last, policy)  # given up before
    cuts = sum(each.round == last.round and each.cause in CUT_OFF for each in attempts)
    if cuts <= policy.resumes:
        return _go_on(last, policy)
    if cuts <= policy.resumes + policy.cold_starts:
        return Begin(Start.COLD, last.round, before=_interrupted(last))
    told = f"given up: cut off {cuts} times ({history(attempts, last.round)})"
    return _after_failure(attempts, _failed(last, told), policy)


def _after_hindrance(attempts: Sequence[Attempt], last: Attempt, policy: Policy) -> Step:
    """The hold that knows the account waits; the pauses guard where nobody knows it."""
    backwards = list(reversed(attempts))
    streak = len(list(takewhile(lambda each: each.cause is last.cause, backwards)))
    if last.cause is Cause.LIMIT and policy.on_limit is OnLimit.FAIL:
        return Settle(*_end_of(_failed(last)))
    if last.cause is Cause.SERVICE:
        if streak > policy.resumes:
            return _after_failure(attempts, _failed(last), policy)
        return _go_on(last, policy, _pause(streak, policy))
    pause_s = 0.0 if streak == 1 else max(_LEAST_PAUSE_S, _pause(streak - 1, policy))
    return _go_on(last, policy, pause_s)


def _after_no_room(attempts: Sequence[Attempt], last: Attempt, policy: Policy) -> Step:
    """Its agent never began, for a disk was full: the same again, as often as it takes."""
    streak = len(list(takewhile(lambda each: each.cause is Cause.MACHINE, reversed(attempts))))
    session_id = last.session_id if last.start is Start.RESUMED else None
    pause_s = max(_LEAST_PAUSE_S, _pause(streak, policy))
    return Begin(last.start, last.round, session_id, pause_s, last)


def _after_failure(attempts: Sequence[Attempt], last: Attempt, policy: Policy) -> Step:
    used = last.round - attempts[0].round
    if used >= policy.retries:
        return Settle(*_end_of(last))
    return Begin(Start.FRESH, last.round + 1, pause_s=_pause(used + 1, policy), before=last)


def _go_on(last: Attempt, policy: Policy, pause_s: float = 0.0) -> Begin:
    before = _interrupted(last)
    if policy.keeps_sessions and last.session_id is not None:
        return Begin(Start.RESUMED, last.round, last.session_id, pause_s, before)
    return Begin(Start.COLD, last.round, None, pause_s, before)


def _pause(number: int, policy: Policy) -> float:
    """The pause before the nth try: doubles up to its limit."""
    return min(policy.backoff_s * 2.0 ** min(number - 1, 60), policy.backoff_limit_s)


def _interrupted(last: Attempt) -> Attempt:
    changes = {"result": Result.INTERRUPTED, "exit_code": EXIT_INTERRUPTED}
    return last.model_copy(update={"outcome": _end_of(last)[0].model_copy(update=changes)})


def _failed(last: Attempt, reason: str = "") -> Attempt:
    outcome = _end_of(last)[0]
    if outcome.result is not Result.INTERRUPTED and not reason:
        return last
    changes = {
        "result": Result.FAILED,
        "exit_code": EXIT_FAILED,
        "reason": reason or outcome.reason,
    }
    return last.model_copy(update={"outcome": outcome.model_copy(update=changes)})


def history(attempts: Sequence[Attempt], round: int) -> str:
    """How each attempt of a round ended, for people."""
    told = (each for each in attempts if each.round == round and each.outcome)
    return "; ".join(f"{each.number}: {_end_of(each)[0].reason}" for each in told)
