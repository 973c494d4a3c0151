"""Turns the ways in which a run can end into outcomes. Pure."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ccpar_hybrid.agents.base import Observation
from ccpar_hybrid.core.outcome import Outcome, Result
from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.worker.program import Ending

EXIT_FAILED = 1
EXIT_TIMED_OUT = 124
EXIT_NOT_STARTED = 127
EXIT_CANCELLED = 130
_ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_REASON_WIDTH = 200


def _outcome(result: Result, exit_code: int, reason: str) -> Outcome:
    return Outcome(result=result, exit_code=exit_code, reason=reason, ended_at=datetime.now(UTC))


def cancelled(reason: str) -> Outcome:
    """Somebody asked for the end."""
    return _outcome(Result.CANCELLED, EXIT_CANCELLED, reason)


def timed_out(limit_s: float) -> Outcome:
    """The task's own limit has passed."""
    return _outcome(Result.TIMED_OUT, EXIT_TIMED_OUT, f"took longer than its {limit_s:g} s")


def not_started(why: str) -> Outcome:
    """The agent could not be started."""
    return _outcome(Result.FAILED, EXIT_NOT_STARTED, f"could not start: {why}")


def undelivered(why: str) -> Outcome:
    """The agent never took the prompt."""
    return _outcome(Result.FAILED, EXIT_FAILED, why)


def finished(failure: Observation | str) -> Outcome:
    """An interactive turn is over: `""` for done, else what made it fail."""
    if isinstance(failure, str):
        return _outcome(Result.SUCCEEDED, 0, "done") if not failure else undelivered(failure)
    said = first_line(failure.text, _REASON_WIDTH)
    return _outcome(Result.FAILED, EXIT_FAILED, f"{failure.error or 'error'}: {said}")


def ended_by_itself(ending: Ending, *, interactive: bool, over: bool, screen: str) -> Outcome:
    """The program ended without being asked; `over`: after its turn was finished."""
    if interactive and not over:
        why = f"the agent ended by itself ({ending}) before its turn was over"
        return _outcome(Result.FAILED, ending.code or EXIT_FAILED, _with_screen(why, screen))
    if interactive or ending.code == 0:
        return _outcome(Result.SUCCEEDED, 0, "done")
    return _outcome(Result.FAILED, ending.code, str(ending))


def _with_screen(why: str, screen: str) -> str:
    lines = [line.strip() for line in _ESCAPES.sub("", screen).splitlines() if line.strip()]
    return f"{why}: {first_line(lines[-1], _REASON_WIDTH)}" if lines else why
