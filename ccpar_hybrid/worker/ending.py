"""Turns the ways in which a run can end into outcomes. Pure."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from datetime import UTC, datetime

from ccpar_hybrid.agents.base import Observation
from ccpar_hybrid.agents.failure import cause_of
from ccpar_hybrid.core.outcome import (
    EXIT_CANCELLED,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_NOT_STARTED,
    EXIT_TIMED_OUT,
    Attempt,
    Cause,
    Outcome,
    Result,
)
from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.system.files import is_no_room

_ESCAPES = re.compile(r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_REASON_WIDTH = 200


@dataclass(frozen=True)
class Ending:
    """How the program ended: its exit code, or the signal that ended it."""

    code: int
    signal: int | None

    @classmethod
    def of(cls, status: int) -> Ending:
        """From what `waitpid` gave; a death by signal has the shell's code, 128 + n."""
        if os.WIFSIGNALED(status):
            number = os.WTERMSIG(status)
            return cls(128 + number, number)
        return cls(os.WEXITSTATUS(status), None)

    def __str__(self) -> str:
        if self.signal is None:
            return f"exit code {self.code}"
        try:
            return f"signal {signal.Signals(self.signal).name}"
        except ValueError:  # a real-time one
            return f"signal {self.signal}"


@dataclass(frozen=True)
class Ended:
    """How an attempt ended, and why: what follows is decided by both."""

    outcome: Outcome
    cause: Cause = Cause.OWN


def _ended(result: Result, exit_code: int, reason: str, cause: Cause = Cause.OWN) -> Ended:
    ended_at = datetime.now(UTC)
    return Ended(
        Outcome(result=result, exit_code=exit_code, reason=reason, ended_at=ended_at), cause
    )


def cancelled(reason: str) -> Ended:
    """Somebody asked for the end."""
    return _ended(Result.CANCELLED, EXIT_CANCELLED, reason, Cause.ASKED)


def timed_out(limit_s: float) -> Ended:
    """The attempt's own limit has passed."""
    why = f"took longer than its {limit_s:g} s"
    return _ended(Result.TIMED_OUT, EXIT_TIMED_OUT, why, Cause.TIMEOUT)


def over_allowance(why: str) -> Ended:
    """It used more of the machine than it may."""
    return _ended(Result.FAILED, EXIT_FAILED, why, Cause.MACHINE)


def not_started(why: Exception | str) -> Ended:
    """The agent could not be started; for want of room on a disk it is tried again."""
    if isinstance(why, OSError) and is_no_room(why):
        reason = f"no room to start: {why}"
        return _ended(Result.INTERRUPTED, EXIT_INTERRUPTED, reason, Cause.MACHINE)
    return _ended(Result.FAILED, EXIT_NOT_STARTED, f"could not start: {why}")


def undelivered(why: str) -> Ended:
    """The agent never took the prompt."""
    return _ended(Result.FAILED, EXIT_FAILED, why)


def silent(span_s: float, evidence: str) -> Ended:
    """Nothing was heard of it for so long, nor after a nudge."""
    why = f"nothing was heard of it for {span_s:g} s; {evidence}"
    return _ended(Result.FAILED, EXIT_FAILED, why, Cause.IDLE)


def worker_lost(attempt: Attempt) -> Ended:
    """Its worker died, or had to leave, before it noted an end."""
    name = attempt.worker.partition(".")[2] or attempt.worker
    why = f"its worker {name} was lost"
    return _ended(Result.INTERRUPTED, EXIT_INTERRUPTED, why, Cause.WORKER_LOST)


def finished(failure: Observation | str) -> Ended:
    """An interactive turn is over: `""` for done, else what made it fail."""
    if isinstance(failure, str):
        return _ended(Result.SUCCEEDED, 0, "done") if not failure else undelivered(failure)
    error = failure.error or "error"
    reason = f"{error}: {first_line(failure.text, _REASON_WIDTH)}"
    return _ended(Result.FAILED, EXIT_FAILED, reason, cause_of(failure.error, failure.status))


def ended_by_itself(ending: Ending, *, interactive: bool, over: bool, taken: bool) -> Ended:
    """The program ended without being asked.

    `taken`: after it had taken its prompt; `over`: after its turn was finished. One that ends
    by a signal, or with an error in the middle of its turn, was killed or has crashed: it can
    go on. A person who leaves the program in its middle ends it with code 0.
    """
    if over or (not interactive and ending.code == 0):
        return _ended(Result.SUCCEEDED, 0, "done")
    if not interactive:
        if ending.signal is not None:
            return _killed(f"ended by {ending}")
        return _ended(Result.FAILED, ending.code, str(ending))
    why = f"the agent ended by itself ({ending}) before its turn was over"
    if ending.signal is not None or (taken and ending.code != 0):
        return _killed(why)
    return _ended(Result.FAILED, ending.code or EXIT_FAILED, why)


def _killed(why: str) -> Ended:
    return _ended(Result.INTERRUPTED, EXIT_INTERRUPTED, why, Cause.AGENT_KILLED)


def with_screen(ended: Ended, screen: str) -> Ended:
    """The same, with the last line of the screen in its reason."""
    line = last_line(screen)
    reason = f"{ended.outcome.reason}: {line}" if line else ended.outcome.reason
    return Ended(ended.outcome.model_copy(update={"reason": reason}), ended.cause)


def last_line(screen: str) -> str:
    """The last line of a screen or of some output that shows anything, as plain text."""
    lines = [line.strip() for line in _ESCAPES.sub("", screen).splitlines() if line.strip()]
    return first_line(lines[-1], _REASON_WIDTH) if lines else ""
