"""What a subscription's windows tell, and how a limit is worded."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from ccpar_hybrid.agents.claude_limit import notice_of
from ccpar_hybrid.demo.agent_refusal import Refused, retries
from ccpar_hybrid.demo.allowance import PREFIX, Allowance, rejected_window
from ccpar_hybrid.demo.step import Fail, Limit, Windows


def test_nothing_is_told_before_a_script_sets_something() -> None:
    assert Allowance().headers(5) == {}
    assert Allowance().refusal(5) is None


def test_a_window_that_is_used_up_refuses_until_its_reset() -> None:
    allowance = Allowance()
    allowance.use(Windows({"five_hour": (91, 50), "seven_day": (12, 900)}), 100.5)
    assert allowance.refusal(101) is None
    allowance.exhaust(Limit("five_hour", 3), 102)
    refusal = allowance.refusal(150)
    assert refusal is not None
    assert rejected_window(refusal.headers) == ("five_hour", 151)
    assert refusal.headers[f"{PREFIX}7d-utilization"] == "0.12"
    assert allowance.refusal(151) is None
    assert f"{PREFIX}5h-utilization" not in allowance.headers(151)


def test_who_pays_by_key_meets_a_refused_request_and_asks_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    allowance = Allowance()
    allowance.exhaust(Limit("seven_day", 3), 0)
    refusal = allowance.refusal(0) or Fail(0, "", "", {})
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    monkeypatch.delenv("CLAUDE_CODE_MAX_RETRIES", raising=False)
    assert "weekly limit" in str(Refused(refusal))
    assert retries(refusal) == 0
    monkeypatch.setenv("ANTHROPIC_API_KEY", "a key")
    assert str(Refused(refusal)).startswith("API Error: Request rejected (429)")
    assert retries(refusal) > 0


@pytest.mark.parametrize("days", [0.01, 0.9, 3, 400])
def test_the_time_of_a_reset_is_written_as_it_is_read(
    days: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    allowance = Allowance()
    allowance.exhaust(Limit("five_hour", days * 86_400), time.time())
    refusal = allowance.refusal(time.time())
    assert refusal is not None
    _, reset_s = rejected_window(refusal.headers) or ("", 0)
    reset = datetime.fromtimestamp(reset_s, UTC)
    notice = notice_of(str(Refused(refusal)), datetime.now(UTC))
    assert notice.resets_at == reset - timedelta(seconds=reset.second)
