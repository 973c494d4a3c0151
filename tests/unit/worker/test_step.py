"""What follows an attempt, from the ends of all before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.outcome import Attempt, Cause, Event, Outcome, Result, Start
from ccpar_hybrid.core.settings import Settings
from ccpar_hybrid.core.task import OnLimit, TaskKey, TaskSpec
from ccpar_hybrid.worker.step import Begin, Policy, Settle, next_step, policy_of, since_restart

KEY = TaskKey("taaaaaaaa")
NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)
POLICY = Policy(
    resumes=2,
    cold_starts=1,
    retries=0,
    backoff_s=10,
    backoff_limit_s=35,
    keeps_sessions=True,
    on_limit=OnLimit.WAIT,
)
RESULTS = {
    Cause.ASKED: Result.CANCELLED,
    Cause.TIMEOUT: Result.TIMED_OUT,
    Cause.WORKER_LOST: Result.INTERRUPTED,
    Cause.AGENT_KILLED: Result.INTERRUPTED,
}


def after(
    number: int, step: Begin, cause: Cause = Cause.OWN, result: Result | None = None
) -> Attempt:
    """The attempt that began by the step and ended so."""
    outcome = Outcome(
        result=result or RESULTS.get(cause, Result.FAILED),
        exit_code=1,
        reason=f"{cause} in {number}",
        ended_at=NOW,
    )
    return Attempt(
        key=KEY,
        number=number,
        worker="s.w1",
        agent="claude",
        started_at=NOW,
        session_id=step.session_id or f"session-{number}",
        outcome=outcome,
        start=step.start,
        round=step.round,
        cause=cause,
    )


def play(causes: Sequence[Cause], policy: Policy = POLICY) -> list[Begin | Settle]:
    """The steps while attempt after attempt ends for these causes."""
    attempts: list[Attempt] = []
    steps = [next_step(attempts, policy)]
    for number, cause in enumerate(causes, 1):
        step = steps[-1]
        assert isinstance(step, Begin)
        attempts.append(after(number, step, cause))
        steps.append(next_step(attempts, policy))
        if isinstance(steps[-1], Begin):
            before = steps[-1].before
            assert before is not None
            attempts[-1] = before  # as it is noted in the ledger
            assert next_step(attempts, policy) == steps[-1], "the same after a crash"
        else:
            break
    return steps


def starts(steps: Sequence[Begin | Settle]) -> list[str]:
    return [
        f"{step.start} {step.round}" if isinstance(step, Begin) else step.outcome.result
        for step in steps
    ]


def test_the_first_attempt_is_fresh() -> None:
    assert next_step([], POLICY) == Begin(Start.FRESH, 1)
    assert next_step([], POLICY, earlier_rounds=3) == Begin(Start.FRESH, 4)


def test_success_and_cancellation_settle_at_once() -> None:
    begin = Begin(Start.FRESH, 1)
    done = after(1, begin, result=Result.SUCCEEDED)
    step = next_step([done], replace(POLICY, retries=5))
    assert done.outcome
    assert step == Settle(done.outcome, Cause.OWN)
    assert starts(play([Cause.ASKED], replace(POLICY, retries=5))) == ["fresh 1", "cancelled"]


@pytest.mark.parametrize("cause", [Cause.WORKER_LOST, Cause.AGENT_KILLED])
def test_one_that_was_cut_off_is_resumed_then_begun_anew_then_given_up(cause: Cause) -> None:
    steps = play([cause] * 9)
    assert starts(steps) == ["fresh 1", "resumed 1", "resumed 1", "cold 1", "failed"]
    first, second = steps[1], steps[2]
    assert isinstance(first, Begin)
    assert isinstance(second, Begin)
    assert first.session_id == second.session_id == "session-1"
    assert first.before
    assert first.before.outcome
    assert first.before.outcome.result is Result.INTERRUPTED
    last = steps[-1]
    assert isinstance(last, Settle)
    assert last.outcome.exit_code != 0
    for number in range(1, 5):
        assert f"{number}: {cause} in {number}" in last.outcome.reason


def test_an_agent_without_sessions_begins_anew_each_time() -> None:
    steps = play([Cause.WORKER_LOST] * 9, replace(POLICY, keeps_sessions=False))
    assert starts(steps) == ["fresh 1", "cold 1", "cold 1", "cold 1", "failed"]


def test_a_cold_start_goes_on_in_its_own_session() -> None:
    causes = [Cause.WORKER_LOST] * 3 + [Cause.LIMIT]
    step = play(causes)[-1]
    assert isinstance(step, Begin)
    assert (step.start, step.session_id) == (Start.RESUMED, "session-4")


@pytest.mark.parametrize("cause", [Cause.OWN, Cause.IDLE, Cause.MACHINE, Cause.TIMEOUT])
def test_a_failed_round_is_tried_again_while_retries_last_with_growing_pauses(
    cause: Cause,
) -> None:
    steps = play([cause] * 9, replace(POLICY, retries=4))
    result = "timed-out" if cause is Cause.TIMEOUT else "failed"
    assert starts(steps) == ["fresh 1", "fresh 2", "fresh 3", "fresh 4", "fresh 5", result]
    pauses = [step.pause_s for step in steps if isinstance(step, Begin)]
    assert pauses == [0, 10, 20, 35, 35]


def test_what_was_given_up_is_a_failed_round() -> None:
    steps = play([Cause.WORKER_LOST] * 5, replace(POLICY, retries=1))
    assert starts(steps)[3:] == ["cold 1", "fresh 2", "resumed 2"]


def test_a_limit_is_waited_for_and_counts_as_nothing() -> None:
    steps = play([Cause.LIMIT] * 30)
    assert starts(steps)[1:] == ["resumed 1"] * 30
    causes = [Cause.WORKER_LOST, Cause.LIMIT, Cause.AUTHENTICATION, Cause.WORKER_LOST]
    assert starts(play(causes))[1:] == ["resumed 1"] * 4


def test_after_a_limit_the_holds_are_asked_at_once_and_then_after_pauses() -> None:
    steps = play([Cause.LIMIT] * 5)
    pauses = [step.pause_s for step in steps if isinstance(step, Begin)]
    assert pauses == [0, 0, 10, 20, 35, 35]


def test_a_task_may_fail_at_a_limit() -> None:
    policy = replace(POLICY, on_limit=OnLimit.FAIL, retries=3)
    assert starts(play([Cause.LIMIT], policy)) == ["fresh 1", "failed"]


def test_an_error_of_the_service_is_borne_some_times_in_a_row() -> None:
    steps = play([Cause.SERVICE] * 9)
    assert starts(steps) == ["fresh 1", "resumed 1", "resumed 1", "failed"]
    assert [step.pause_s for step in steps if isinstance(step, Begin)] == [0, 10, 20]
    causes = [Cause.SERVICE, Cause.WORKER_LOST] * 2
    assert starts(play(causes))[-1] == "resumed 1"


@given(
    causes=st.lists(st.sampled_from(sorted(Cause)), min_size=300, max_size=300),
    resumes=st.integers(0, 4),
    cold_starts=st.integers(0, 3),
    retries=st.integers(0, 4),
)
def test_every_task_comes_to_an_end_but_for_limits_and_logins(
    causes: list[Cause], resumes: int, cold_starts: int, retries: int
) -> None:
    policy = replace(POLICY, resumes=resumes, cold_starts=cold_starts, retries=retries)
    steps = play(causes, policy)
    begun = [step for step in steps if isinstance(step, Begin)]
    assert [step.round for step in begun] == sorted(step.round for step in begun)
    assert begun[-1].round <= retries + 1
    endless = {Cause.LIMIT, Cause.AUTHENTICATION}
    spent = [cause for cause in causes[: len(begun)] if cause not in endless]
    of_service = spent.count(Cause.SERVICE)
    assert len(spent) - of_service <= (retries + 1) * (resumes + cold_starts + 1)
    if isinstance(steps[-1], Settle):
        assert steps[-1].outcome.result is not Result.INTERRUPTED


def test_a_task_says_itself_how_it_is_tried_again() -> None:
    settings = Settings()
    spec = TaskSpec(prompt="x", directory="/", retries=7, backoff_s=0, on_limit=OnLimit.ASK)
    policy = policy_of(spec, settings, keeps_sessions=True)
    assert (policy.retries, policy.backoff_s, policy.on_limit) == (7, 0, OnLimit.ASK)
    plain = policy_of(TaskSpec(prompt="x", directory="/"), settings, keeps_sessions=True)
    assert plain.retries == settings.retry.retries
    assert plain.on_limit is settings.limit.on_limit


def test_a_restart_by_a_person_begins_to_count_anew() -> None:
    attempts = [after(number, Begin(Start.FRESH, number)) for number in (1, 2, 3)]
    kinds = ["added", "attempt-started", "attempt-ended", "settled", "reopened"]
    kinds += ["attempt-started", "attempt-started", "settled"]
    events = [Event(key=KEY, at=NOW, kind=kind) for kind in kinds]
    assert since_restart(attempts, events) == attempts[1:]
    assert since_restart(attempts, [*events, Event(key=KEY, at=NOW, kind="reopened")]) == []
    assert since_restart(attempts, []) == attempts


@pytest.mark.parametrize("start", [Start.FRESH, Start.RESUMED, Start.COLD])
def test_a_start_that_found_no_room_is_made_again_in_the_same_way(start: Start) -> None:
    session = "session-0" if start is Start.RESUMED else None
    attempts = [after(1, Begin(start, 3, session), Cause.MACHINE, Result.INTERRUPTED)]
    step = next_step(attempts, POLICY)
    assert isinstance(step, Begin)
    assert (step.start, step.round, step.session_id) == (start, 3, session)
    assert step.pause_s == 10


def test_a_start_without_room_is_never_given_up_and_its_pauses_grow() -> None:
    attempts: list[Attempt] = []
    pauses = []
    for number in range(1, 40):
        begin = Begin(Start.FRESH, 1)
        attempts.append(after(number, begin, Cause.MACHINE, Result.INTERRUPTED))
        step = next_step(attempts, POLICY)
        assert isinstance(step, Begin)
        pauses.append(step.pause_s)
    assert pauses[:4] == [10, 20, 35, 35]


def test_one_that_used_more_than_it_may_has_failed() -> None:
    step = next_step([after(1, Begin(Start.FRESH, 1), Cause.MACHINE)], POLICY)
    assert isinstance(step, Settle)
    assert step.cause is Cause.MACHINE
