"""Two ways to one daemon for what must be fast: its socket, and the `pueue` command."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from ccpar_hybrid.core.errors import BadInput, CcparError, CommandFailed, NoRoom
from ccpar_hybrid.scheduler.base import JobId, Submission
from ccpar_hybrid.scheduler.pueue_cli import PueueCommand
from ccpar_hybrid.scheduler.pueue_config import PueueConfig
from ccpar_hybrid.scheduler.pueue_socket import PueueConnection, RequestRefused

_NO_JOB = 2**32 - 1
"""A number that no job has: removing it changes nothing, but makes the daemon save its state."""


class Channel(Protocol):
    """What submitting needs. Adding is begun and answered apart, so that it can be pipelined."""

    def state(self) -> Mapping[str, Any]:
        """Pueue's whole state."""

    def begin_add(
        self, submission: Submission, command: str, after: Sequence[JobId], *, held: bool
    ) -> None:
        """Add a job: with `held`, stashed until `enqueue`; otherwise as it is submitted."""

    def next_id(self) -> JobId:
        """The number of the next job whose adding was begun; raises BadInput if refused."""

    def enqueue(self, jobs: Sequence[JobId], at: datetime | None) -> None:
        """Queue held jobs, now or at a time."""

    def remove(self, jobs: Sequence[JobId]) -> None:
        """Forget jobs; those that cannot be are passed over."""

    def save(self) -> None:
        """Have the daemon save its state, which it does not do after every change."""

    def finish(self) -> None:
        """Wait until all that was begun is done; only `state` and `remove` of another channel
        may follow."""


class SocketChannel:
    """Over one connection."""

    def __init__(self, connection: PueueConnection, environment: Mapping[str, str]) -> None:
        self._connection = connection
        self._environment = dict(environment)

    def state(self) -> Mapping[str, Any]:
        status: Mapping[str, Any] = self._connection.ask("Status")["Status"]
        return status

    def begin_add(
        self, submission: Submission, command: str, after: Sequence[JobId], *, held: bool
    ) -> None:
        add = {
            "command": command,
            "path": submission.directory,
            "envs": self._environment,
            "start_immediately": False,
            "stashed": held,
            "group": submission.group,
            "enqueue_at": None if held else _rfc3339(submission.not_before),
            "dependencies": list(after),
            "priority": submission.priority,
            "label": submission.label,
        }
        self._connection.send({"Add": add})

    def next_id(self) -> JobId:
        try:
            return int(self._connection.receive()["AddedTask"]["task_id"])
        except RequestRefused as error:
            raise _refusal(str(error)) from error

    def enqueue(self, jobs: Sequence[JobId], at: datetime | None) -> None:
        request = {"tasks": {"TaskIds": list(jobs)}, "enqueue_at": _rfc3339(at)}
        self._connection.ask({"Enqueue": request})

    def remove(self, jobs: Sequence[JobId]) -> None:
        with contextlib.suppress(RequestRefused):
            self._connection.ask({"Remove": list(jobs)})

    def save(self) -> None:
        self.remove([_NO_JOB])

    def finish(self) -> None:
        self._connection.finish()


def _refusal(said: str) -> CcparError:
    if "Failed to save state" in said:
        hint = "free some space where Pueue keeps its state (`ccpar-hybrid doctor` says where)"
        return NoRoom("Pueue has no room to save its state", hint)
    return BadInput(f"Pueue refuses the job: {said}")


class CommandChannel:
    """By one `pueue` process for each step."""

    def __init__(self, pueue: PueueCommand, environment: Mapping[str, str]) -> None:
        self._pueue = pueue
        self._environment = environment
        self._added: deque[JobId] = deque()

    def state(self) -> Mapping[str, Any]:
        state: Mapping[str, Any] = json.loads(self._pueue.run("status", "--json"))
        return state

    def begin_add(
        self, submission: Submission, command: str, after: Sequence[JobId], *, held: bool
    ) -> None:
        arguments = [
            "--print-task-id",
            f"--working-directory={submission.directory}",
            f"--group={submission.group}",
            f"--priority={submission.priority}",
            *([f"--label={submission.label}"] if submission.label is not None else []),
            *(f"--after={job}" for job in after),
            *(["--stashed"] if held else _delay(submission.not_before)),
        ]
        try:
            said = self._pueue.run("add", *arguments, "--", command, environment=self._environment)
        except CommandFailed as error:
            raise _refusal(error.stderr) from error
        self._added.append(int(said))

    def next_id(self) -> JobId:
        return self._added.popleft()

    def enqueue(self, jobs: Sequence[JobId], at: datetime | None) -> None:
        self._pueue.run("enqueue", *_delay(at), *map(str, jobs))

    def remove(self, jobs: Sequence[JobId]) -> None:
        if jobs:
            with contextlib.suppress(CommandFailed):
                self._pueue.run("remove", *map(str, jobs))

    def save(self) -> None:
        self.remove([_NO_JOB])

    def finish(self) -> None:
        pass  # each process has ended when its method returns


@contextlib.contextmanager
def socket_channel(config: PueueConfig, environment: Mapping[str, str]) -> Iterator[SocketChannel]:
    """A channel over a new connection; raises SocketUnusable."""
    with PueueConnection(config) as connection:
        yield SocketChannel(connection, environment)


def _delay(at: datetime | None) -> list[str]:
    if at is None:
        return []
    # `--delay` of Pueue 4.0.4 misreads fractions (".5" as five microseconds) or refuses them;
    # the next whole second is never too early.
    whole = at.astimezone(UTC).replace(microsecond=0)
    return [f"--delay={(whole if whole == at else whole + timedelta(seconds=1)).isoformat()}"]


def _rfc3339(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="microseconds")
