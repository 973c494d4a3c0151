"""The real Claude Code (2.1.197) at a usage limit, as a subscriber and as who pays by key."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from ccpar_hybrid.core.account import AccountId, Limit
from ccpar_hybrid.core.outcome import Cause, Result, Start
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState
from tests.support.claude import ClaudeBench, bash, running_bench, script
from tests.support.instance import GROUP
from tests.support.waiting import wait_until

pytestmark = pytest.mark.claude
TOKEN = "sk-ant-oat01-a-token-of-no-account-0123456789"
LONG_S = 90.0
WORDS = "You've hit your session limit · resets 9:16am (UTC)"
SAY = {"say": "All is done."}
ONCE = "test -e begun && echo again >> begun || echo first > begun"


@pytest.fixture
def subscriber() -> Iterator[ClaudeBench]:
    """One worker, whose agent works with a subscription."""
    with running_bench(ANTHROPIC_API_KEY="", CLAUDE_CODE_OAUTH_TOKEN=TOKEN) as running:
        running.instance.setup(1)
        yield running


def add(bench: ClaudeBench, *steps: object, **fields: object) -> TaskKey:
    return bench.instance.add(script(*steps), agent="claude", allowed_tools=["Bash"], **fields)


def limit(resets_in_s: float) -> dict[str, object]:
    return {"limit": {"window": "five_hour", "resets_in_s": resets_in_s}}


def windows(used_percent: float, resets_in_s: float) -> dict[str, object]:
    told = {"used_percent": used_percent, "resets_in_s": resets_in_s}
    return {"windows": {"five_hour": told}}


def account(bench: ClaudeBench) -> AccountId:
    (only,) = bench.instance.app.ledger.accounts.all()
    return only


def wait_limited(bench: ClaudeBench) -> Limit:
    def look() -> bool:
        worker = bench.instance.worker()
        return worker.state is WorkerState.HELD and "usage limit of" in worker.detail

    wait_until(look, timeout_s=LONG_S, message="the worker is held by a limit")
    met = bench.instance.app.ledger.accounts.limit(account(bench), datetime.now(UTC))
    assert met is not None
    return met


def test_a_subscribers_limit_is_waited_out_and_its_session_goes_on_by_itself(
    subscriber: ClaudeBench,
) -> None:
    task = add(subscriber, windows(91, 15), bash(ONCE), limit(15), SAY)
    met = wait_limited(subscriber)
    assert met.is_known
    assert account(subscriber).startswith("claude:token-")
    asked = subscriber.requests()
    outcome = subscriber.instance.outcome(task, timeout_s=LONG_S)
    assert (outcome.result, outcome.last_message) == (Result.SUCCEEDED, "All is done.")
    first, second = subscriber.instance.app.ledger.attempts(task)
    assert (first.cause, second.start) == (Cause.LIMIT, Start.RESUMED)
    assert first.session_id == second.session_id
    assert second.started_at >= met.until
    assert subscriber.requests() > asked
    assert any("usage limit" in text for text in subscriber.prompts())
    readings = subscriber.instance.app.ledger.accounts.last_readings(account(subscriber))
    assert readings[0].window.used_percent >= 91


def test_a_first_answer_that_is_a_limit_tells_the_minute_of_its_reset(
    subscriber: ClaudeBench,
) -> None:
    task = add(subscriber, limit(3600), SAY)
    met = wait_limited(subscriber)
    assert met.is_known
    assert 3500 < (met.until - met.since).total_seconds() < 3700
    subscriber.instance.cli("cancel", task)
    assert subscriber.instance.outcome(task).result == "cancelled"


def test_who_pays_by_key_waits_a_pause_of_which_the_end_is_no_reset() -> None:
    with running_bench(CLAUDE_CODE_MAX_RETRIES="0") as bench:
        bench.instance.setup(1)
        error = {"status": 429, "message": "slow down", "times": 1}
        task = add(bench, {"error": error}, SAY)
        met = wait_limited(bench)
        assert not met.is_known
        assert account(bench).startswith("claude:key-")
        bench.instance.cli("cancel", task)
        assert bench.instance.outcome(task).result == "cancelled"


def test_words_of_a_limit_that_the_agent_prints_are_none(subscriber: ClaudeBench) -> None:
    task = add(subscriber, bash(f'echo "{WORDS}"'), {"say": WORDS})
    outcome = subscriber.instance.outcome(task, timeout_s=LONG_S)
    assert (outcome.result, outcome.last_message) == ("succeeded", WORDS)
    assert subscriber.instance.app.ledger.accounts.all() == []


def test_a_refused_login_pauses_the_group_until_a_person_starts_it(
    subscriber: ClaudeBench,
) -> None:
    error = {"status": 403, "message": "not for you", "times": 1}
    task = add(subscriber, {"error": error}, SAY)
    instance = subscriber.instance

    def is_refused() -> bool:
        worker = instance.worker()
        return worker.state is WorkerState.HELD and "login of claude:token-" in worker.detail

    wait_until(is_refused, timeout_s=LONG_S, message="the login is refused")
    wait_until(lambda: instance.app.scheduler.snapshot().groups[GROUP].paused, timeout_s=LONG_S)
    instance.pueue("start", "-g", GROUP)
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    causes = [each.cause for each in instance.app.ledger.attempts(task)]
    assert causes == [Cause.AUTHENTICATION, Cause.OWN]


@pytest.mark.parametrize("status", [500, 529])
def test_trouble_of_the_service_is_gone_on_after_in_the_same_session(status: int) -> None:
    with running_bench(CLAUDE_CODE_MAX_RETRIES="0", CCPAR_RETRY_BACKOFF_S="0.5") as bench:
        bench.instance.setup(1)
        task = add(bench, {"error": {"status": status, "times": 1}}, SAY)
        assert bench.instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        first, second = bench.instance.app.ledger.attempts(task)
        assert (first.cause, second.start) == (Cause.SERVICE, Start.RESUMED)


def test_a_service_that_cannot_be_reached_is_trouble_of_the_service() -> None:
    nobody = "http://127.0.0.1:9"
    with running_bench(
        ANTHROPIC_BASE_URL=nobody,
        CCPAR_RETRY_RESUMES="1",
        CCPAR_RETRY_BACKOFF_S="0.2",
        CLAUDE_CODE_MAX_RETRIES="0",
    ) as bench:
        bench.instance.setup(1)
        task = add(bench, SAY)
        assert bench.instance.outcome(task, timeout_s=LONG_S).result == "failed"
        causes = [each.cause for each in bench.instance.app.ledger.attempts(task)]
        assert causes == [Cause.SERVICE, Cause.SERVICE]


def test_a_request_that_is_no_good_is_not_tried_again() -> None:
    with running_bench(CLAUDE_CODE_MAX_RETRIES="0") as bench:
        bench.instance.setup(1)
        task = add(bench, {"error": {"status": 400, "message": "no good"}}, SAY)
        assert bench.instance.outcome(task, timeout_s=LONG_S).result == "failed"
        assert [each.cause for each in bench.instance.app.ledger.attempts(task)] == [Cause.OWN]
