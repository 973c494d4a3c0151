"""What an agent hears before its task when it is not the first that works on it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from ccpar_hybrid.core.outcome import Attempt, Cause, Outcome, Result, Start
from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.worker.opening import opening
from ccpar_hybrid.worker.step import Begin

NOW = datetime(2026, 1, 31, 8, tzinfo=UTC)


def begin(start: Start, cause: Cause, reason: str = "the reason") -> Begin:
    outcome = Outcome(result=Result.INTERRUPTED, exit_code=75, reason=reason, ended_at=NOW)
    before = Attempt(
        key=TaskKey("taaaaaaaa"),
        number=1,
        worker="s.w1",
        agent="claude",
        started_at=NOW,
        outcome=outcome,
        cause=cause,
    )
    return Begin(start, 1, before=before)


def test_the_first_attempt_hears_nothing_but_its_task() -> None:
    assert opening(Begin(Start.FRESH, 1), "a log") == ""


@pytest.mark.parametrize("cause", [Cause.WORKER_LOST, Cause.AGENT_KILLED, Cause.MACHINE])
def test_a_resumed_one_hears_that_it_was_cut_off_and_checks_first(cause: Cause) -> None:
    words = opening(begin(Start.RESUMED, cause), "")
    assert "was cut off" in words
    assert "Check first what is already done" in words
    assert words.endswith("The task was:\n\n")


@pytest.mark.parametrize(
    ("cause", "word"),
    [
        (Cause.LIMIT, "usage limit"),
        (Cause.SERVICE, "service"),
        (Cause.AUTHENTICATION, "login"),
        (Cause.AGENT_KILLED, "ended"),
    ],
)
def test_each_cause_is_told_in_its_own_words(cause: Cause, word: str) -> None:
    assert word in opening(begin(Start.RESUMED, cause), "")


def test_a_cold_start_hears_the_end_of_the_log_as_a_quotation() -> None:
    words = opening(begin(Start.COLD, Cause.WORKER_LOST), "▶ begun\n\n● Edit(parser.py)\n")
    assert "the reason" in words
    assert "    ● Edit(parser.py)" in words
    assert "git status" in words
    assert "log" not in opening(begin(Start.COLD, Cause.WORKER_LOST), "\n")


def test_a_retry_hears_why_the_one_before_failed_in_one_line() -> None:
    words = opening(begin(Start.FRESH, Cause.OWN, "exit code 3\nand more"), "a log")
    assert "tried before, and failed: exit code 3." in words
    assert "a log" not in words
