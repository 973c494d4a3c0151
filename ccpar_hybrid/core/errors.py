"""The one error root, and the exit codes that the command line promises."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum


class ExitCode(IntEnum):
    """What a `ccpar-hybrid` process ends with; documented in docs/commands.md."""

    OK = 0
    INTERNAL = 1
    BAD_INPUT = 2
    NOT_FOUND = 3
    MISSING_PART = 4
    TASK_FAILED = 5
    REFUSED = 6
    TIMED_OUT = 7
    INTERRUPTED = 130


class CcparError(Exception):
    """Root of every error that a person is told in words.

    `message` says what was wrong, `hint` what is accepted or what to do next.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class BadInput(CcparError):
    """The caller gave something that is not accepted."""

    exit_code = ExitCode.BAD_INPUT


class NotFound(CcparError):
    """The named task, worker, group or session does not exist."""

    exit_code = ExitCode.NOT_FOUND


class MissingPart(CcparError):
    """A program, daemon, file or permission that the call needs is not there."""

    exit_code = ExitCode.MISSING_PART


class NoRoom(MissingPart):
    """The disk is full. Nothing was written, and the same call works once there is room."""


class Damaged(MissingPart):
    """The ledger's file is not whole; nothing was changed. `ledger mend` saves what it holds."""


class Refused(CcparError):
    """The call is understood, but what it would disturb is somebody else's or busy."""

    exit_code = ExitCode.REFUSED


class WaitTimedOut(CcparError):
    """What was waited for did not come in time."""

    exit_code = ExitCode.TIMED_OUT


class CommandFailed(CcparError):
    """An external command ended with an error; carries all that it said."""

    exit_code = ExitCode.MISSING_PART

    def __init__(self, argv: Sequence[str], code: int, stdout: str, stderr: str) -> None:
        said = (stderr.strip() or stdout.strip()).splitlines()
        super().__init__(f"`{' '.join(argv[:3])}` failed with {code}: {said[-1] if said else ''}")
        self.argv = tuple(argv)
        self.code = code
        self.stdout = stdout
        self.stderr = stderr
