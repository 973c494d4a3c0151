"""Usage limits and refused logins, with the demo agent: what waits, what goes on, what is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from ccpar_hybrid.core.account import AccountId, WindowName
from ccpar_hybrid.core.outcome import Attempt, Cause, Result, Start
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.core.worker import WorkerState
from tests.support.instance import GROUP, Instance, running_instance
from tests.support.waiting import wait_until

LONG_S = 40.0
SAY = {"say": "Done."}
ONCE = "test -e begun && echo again >> begun || echo first > begun"


@pytest.fixture
def instance() -> Iterator[Instance]:
    """With short steps between the starts after a limit."""
    with running_instance(CCPAR_LIMIT_STAGGER_S="1") as running:
        yield running


def add(instance: Instance, *steps: object, **fields: object) -> TaskKey:
    return instance.add(
        f"Do it.\nscript: {json.dumps(steps)}", agent="demo", allowed_tools=["Bash"], **fields
    )


def bash(command: str) -> dict[str, object]:
    return {"tool": "Bash", "input": {"command": command}}


def limit(resets_in_s: float, window: str = "five_hour") -> dict[str, object]:
    return {"limit": {"window": window, "resets_in_s": resets_in_s}}


def windows(used_percent: float, resets_in_s: float) -> dict[str, object]:
    told = {"used_percent": used_percent, "resets_in_s": resets_in_s}
    return {"windows": {"five_hour": told}}


def account(instance: Instance) -> AccountId:
    (only,) = instance.app.ledger.accounts.all()
    return only


def attempts(instance: Instance, task: TaskKey) -> list[Attempt]:
    return instance.app.ledger.attempts(task)


def wait_held(instance: Instance, words: str, name: str = "w1") -> None:
    def look() -> bool:
        worker = instance.worker(name)
        return worker.state is WorkerState.HELD and words in worker.detail

    wait_until(look, timeout_s=LONG_S, message=f"{name} is held: {words}")


def test_a_limit_is_waited_out_with_a_countdown_and_the_session_goes_on_by_itself(
    instance: Instance,
) -> None:
    instance.setup(1)
    task = add(instance, windows(91, 8), bash(ONCE), limit(8), SAY, label="limited")
    wait_held(instance, "usage limit of demo:login-")
    wait_until(lambda: "s left" in instance.worker().detail)
    wait_until(lambda: instance.border()[:2] == ("limited", "held"))
    assert "five-hour window" in instance.border()[2]
    met = instance.app.ledger.accounts.limit(account(instance), datetime.now(UTC))
    assert met is not None
    assert met.is_known
    outcome = instance.outcome(task, timeout_s=LONG_S)
    assert (outcome.result, outcome.last_message) == (Result.SUCCEEDED, "Done.")
    first, second = attempts(instance, task)
    assert (first.cause, second.start) == (Cause.LIMIT, Start.RESUMED)
    assert first.outcome is not None
    assert first.outcome.result is Result.INTERRUPTED
    assert first.session_id == second.session_id
    assert second.started_at >= met.until
    assert instance.file("begun").read_text() == "first\nagain\n"


def test_no_task_of_a_limited_account_begins_and_after_the_reset_they_start_apart(
    instance: Instance,
) -> None:
    instance.setup(3)
    tasks = [add(instance, windows(91, 12), bash("true"), limit(12), SAY)]
    wait_until(
        lambda: any(w.state is WorkerState.HELD for w in instance.workers().values()),
        timeout_s=LONG_S,
    )
    tasks += [add(instance, SAY) for _ in range(2)]
    other = instance.add("echo not an account of anybody")
    wait_until(
        lambda: [w.state for w in instance.workers().values()] == [WorkerState.HELD] * 3,
        timeout_s=LONG_S,
    )
    assert [len(attempts(instance, task)) for task in tasks] == [1, 0, 0]
    for task in (*tasks, other):
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    starts = sorted(attempts(instance, task)[-1].started_at for task in tasks)
    gaps = [later - earlier for earlier, later in pairwise(starts)]
    assert all(gap > timedelta(seconds=0.9) for gap in gaps), gaps


def test_another_account_works_on_while_one_is_limited(instance: Instance) -> None:
    instance.setup(2)
    limited = add(instance, limit(600), SAY)
    wait_until(
        lambda: any(w.state is WorkerState.HELD for w in instance.workers().values()),
        timeout_s=LONG_S,
    )
    free = add(instance, SAY, env={"CLAUDE_CODE_OAUTH_TOKEN": "a token of somebody else"})
    assert instance.outcome(free, timeout_s=LONG_S).result == "succeeded"
    instance.pueue("kill", instance.id(limited))
    assert instance.outcome(limited).result == "cancelled"


def test_with_the_reserve_only_what_has_begun_goes_on(instance: Instance) -> None:
    instance.setup(1)
    first = add(instance, windows(97, 3000), bash("true"), SAY)
    assert instance.outcome(first, timeout_s=LONG_S).result == "succeeded"
    readings = instance.app.ledger.accounts.last_readings(account(instance))
    assert [each.window.used_percent for each in readings] == [97]
    held = add(instance, SAY)
    wait_held(instance, "reserve: 3 % of demo:login-")
    instance.cli("cancel", held)
    assert instance.outcome(held).result == "cancelled"
    urgent = add(instance, SAY, ignore_reserve=True)
    assert instance.outcome(urgent, timeout_s=LONG_S).result == "succeeded"


def test_a_task_that_shall_fail_at_a_limit_has_failed(instance: Instance) -> None:
    instance.setup(1)
    task = add(instance, limit(600, "seven_day"), SAY, on_limit="fail")
    outcome = instance.outcome(task, timeout_s=LONG_S)
    assert outcome.result == "failed"
    assert "weekly limit" in outcome.reason
    met = instance.app.ledger.accounts.limit(account(instance), datetime.now(UTC))
    assert met is not None
    assert met.window is WindowName.SEVEN_DAY


def test_a_task_that_shall_ask_leaves_its_session_to_a_person(instance: Instance) -> None:
    instance.setup(1)
    task = add(instance, limit(1), SAY, on_limit="ask")
    wait_until(lambda: instance.worker().state is WorkerState.WAITING, timeout_s=LONG_S)
    assert "usage limit reached" in instance.worker().detail
    wait_until(lambda: "Stop and wait for limit to reset" in instance.screen(), timeout_s=LONG_S)
    instance.type("Enter")
    met = instance.app.ledger.accounts.limit(account(instance), datetime.now(UTC))
    assert met is not None
    over = met.since + timedelta(seconds=3)
    wait_until(lambda: datetime.now(UTC) > over, timeout_s=LONG_S)
    wait_until(lambda: "Upgrade your plan" not in instance.screen(), timeout_s=LONG_S)
    instance.type("go on", "Enter")
    assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
    assert len(attempts(instance, task)) == 1


def test_an_agent_that_prints_the_words_of_a_limit_has_met_none(instance: Instance) -> None:
    instance.setup(1)
    words = "You've hit your session limit · resets 9:16am (UTC)"
    task = add(instance, bash(f"echo {words!r}"), {"say": words})
    outcome = instance.outcome(task, timeout_s=LONG_S)
    assert (outcome.result, outcome.last_message) == ("succeeded", words)
    assert instance.app.ledger.accounts.all() == []


def test_a_refused_login_pauses_the_group_burns_no_retries_and_goes_on_at_its_start(
    instance: Instance,
) -> None:
    instance.setup(1)
    refuse = {"error": {"status": 403, "message": "no"}}
    rule = instance.file("script.json")
    rule.write_text(json.dumps([{"match": "Work", "steps": [refuse]}]))
    task = instance.add("Work.", agent="demo", env={"CCPAR_DEMO_SCRIPT": str(rule)})
    wait_held(instance, "login of demo:login-")
    wait_until(lambda: instance.app.scheduler.snapshot().groups[GROUP].paused, timeout_s=LONG_S)
    assert f"pueue start -g {GROUP}" in instance.worker().detail
    rule.write_text(json.dumps([{"match": "Work", "steps": [SAY]}]))
    instance.pueue("start", "-g", GROUP)
    outcome = instance.outcome(task, timeout_s=LONG_S)
    assert outcome.result == "succeeded"
    first, second = attempts(instance, task)
    assert (first.cause, first.round, second.round) == (Cause.AUTHENTICATION, 1, 1)
    assert instance.app.ledger.accounts.refusals() == []


def test_trouble_of_the_service_is_tried_again_in_the_same_session() -> None:
    quick = {"CCPAR_RETRY_BACKOFF_S": "0.2", "CLAUDE_CODE_MAX_RETRIES": "0"}
    with running_instance(**quick) as instance:
        instance.setup(1)
        rule = instance.file("script.json")
        rule.write_text(json.dumps([{"match": "Work", "steps": [{"error": {"status": 529}}]}]))
        task = instance.add("Work.", agent="demo", env={"CCPAR_DEMO_SCRIPT": str(rule)})
        wait_until(lambda: len(attempts(instance, task)) == 2, timeout_s=LONG_S)
        rule.write_text(json.dumps([{"match": "Work", "steps": [SAY]}]))
        assert instance.outcome(task, timeout_s=LONG_S).result == "succeeded"
        causes = [each.cause for each in attempts(instance, task)]
        assert set(causes[:-1]) == {Cause.SERVICE}
