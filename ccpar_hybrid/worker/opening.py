"""What an agent is told before its task when it is not the first that works on it. Pure."""

from __future__ import annotations

from ccpar_hybrid.core.outcome import Cause, Start
from ccpar_hybrid.core.text import first_line
from ccpar_hybrid.worker.step import Begin

_WIDTH = 300
_CHECK = "Check first what is already done, then finish it. The task was:\n\n"
_RESUMED = {
    Cause.WORKER_LOST: "Your work on this task was cut off: the program that ran you has died.",
    Cause.AGENT_KILLED: "Your work on this task was cut off: your program was ended.",
    Cause.LIMIT: "Your work on this task was cut off by a usage limit, which is over now.",
    Cause.SERVICE: "Your work on this task was cut off by an error of the service.",
    Cause.MACHINE: "Your work on this task was cut off: the machine had no room.",
    Cause.AUTHENTICATION: "Your work on this task was cut off: the login was refused.",
}


def opening(begin: Begin, log: str) -> str:
    """The words before the task's own; `log` is the end of the log of the attempt before."""
    before = begin.before
    if before is None or before.outcome is None:
        return ""
    reason = first_line(before.outcome.reason, _WIDTH)
    if begin.start is Start.RESUMED:
        return f"{_RESUMED.get(before.cause or Cause.OWN, reason)} {_CHECK}"
    if begin.start is Start.COLD:
        return (
            "Another session worked on this task, was cut off, and cannot go on; you take over. "
            f"Its end: {reason}.{_quoted(log)}\n\n"
            "Look at the files and at `git status` and `git diff`. " + _CHECK
        )
    return (
        f"This task was tried before, and failed: {reason}. Some of its work may be there: "
        "look before you begin. The task is:\n\n"
    )


def _quoted(log: str) -> str:
    lines = [line for line in log.splitlines() if line.strip()]
    if not lines:
        return ""
    return " The end of its log, for your information only:\n\n" + "\n".join(
        f"    {line}" for line in lines
    )
