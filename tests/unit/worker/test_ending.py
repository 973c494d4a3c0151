"""How a run's end becomes an outcome, and why it ended."""

import errno

import pytest

from ccpar_hybrid.agents.base import Observation, Sign, Source
from ccpar_hybrid.core.outcome import Cause, Result
from ccpar_hybrid.worker import ending
from ccpar_hybrid.worker.ending import Ended, Ending


def short(ended: Ended) -> tuple[Result, int, str]:
    return ended.outcome.result, ended.outcome.exit_code, ended.outcome.reason


def by_itself(
    code: int = 0,
    signal: int | None = None,
    *,
    interactive: bool = True,
    over: bool = False,
    taken: bool = True,
) -> Ended:
    how = Ending(code, signal)
    return ending.ended_by_itself(how, interactive=interactive, over=over, taken=taken)


def test_only_success_ends_with_zero() -> None:
    failed = Observation(Sign.TURN_FAILED, Source.HOOK, "no\nmore", error="rate_limit")
    assert short(ending.finished("")) == (Result.SUCCEEDED, 0, "done")
    assert short(ending.finished(failed)) == (Result.FAILED, 1, "rate_limit: no")
    assert short(ending.finished("not taken")) == (Result.FAILED, 1, "not taken")
    assert short(ending.cancelled("asked")) == (Result.CANCELLED, 130, "asked")
    assert short(ending.timed_out(1.5)) == (Result.TIMED_OUT, 124, "took longer than its 1.5 s")
    assert short(ending.not_started("x")) == (Result.FAILED, 127, "could not start: x")


def test_a_command_ends_as_it_ends() -> None:
    assert short(by_itself(0, interactive=False))[:2] == (Result.SUCCEEDED, 0)
    assert short(by_itself(3, interactive=False))[:2] == (Result.FAILED, 3)


def test_an_agent_that_leaves_after_its_turn_is_done() -> None:
    assert short(by_itself(0, over=True)) == (Result.SUCCEEDED, 0, "done")
    assert short(by_itself(143, over=True)) == (Result.SUCCEEDED, 0, "done")


@pytest.mark.parametrize(("code", "exit_code"), [(0, 1), (1, 1), (7, 7)])
def test_an_agent_that_leaves_before_is_a_failure_even_with_code_zero(
    code: int, exit_code: int
) -> None:
    own = by_itself(code, taken=False)
    ended = ending.with_screen(own, "\x1b[31mNo conversation found\x1b[0m\n\n")
    result, ended_with, reason = short(ended)
    assert (result, ended_with) == (Result.FAILED, exit_code)
    assert reason.endswith(": No conversation found")


@pytest.mark.parametrize(
    ("ended", "cause"),
    [
        (by_itself(137, 9), Cause.AGENT_KILLED),
        (by_itself(137, 9, taken=False), Cause.AGENT_KILLED),
        (by_itself(137, 9, interactive=False), Cause.AGENT_KILLED),
        (by_itself(1), Cause.AGENT_KILLED),
        (by_itself(1, taken=False), Cause.OWN),
        (by_itself(137, interactive=False), Cause.OWN),
        (by_itself(0), Cause.OWN),
        (by_itself(137, 9, over=True), Cause.OWN),
        (ending.cancelled("asked"), Cause.ASKED),
        (ending.timed_out(1), Cause.TIMEOUT),
    ],
)
def test_one_that_was_killed_or_has_crashed_is_told_from_its_own_end(
    ended: Ended, cause: Cause
) -> None:
    assert ended.cause is cause


def test_any_signal_can_be_named() -> None:
    assert str(Ending.of(15)) == "signal SIGTERM"
    assert str(Ending.of(37)) == "signal 37"
    assert (Ending.of(9).code, Ending.of(3 << 8).code) == (137, 3)
    assert str(Ending.of(3 << 8)) == "exit code 3"


def test_a_start_without_room_on_a_disk_is_no_failure() -> None:
    full = ending.not_started(OSError(errno.ENOSPC, "No space left on device", "/state/x"))
    assert (full.outcome.result, full.cause) == (Result.INTERRUPTED, Cause.MACHINE)
    assert "/state/x" in full.outcome.reason
    denied = ending.not_started(OSError(errno.EACCES, "Permission denied"))
    assert denied.outcome.result is Result.FAILED


def test_more_than_the_allowance_is_a_failure_of_the_machines_making() -> None:
    ended = ending.over_allowance("used 3 GiB")
    assert (ended.outcome.result, ended.cause) == (Result.FAILED, Cause.MACHINE)
