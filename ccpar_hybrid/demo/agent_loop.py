"""The agent's one loop: jobs that wait, keys, signals and children. Standard library only.

A job is a generator that yields what it waits for. So a whole turn can be interrupted at any
point by an exception thrown into it, and 64 agents need neither threads nor asyncio's memory.
"""

from __future__ import annotations

import os
import select
import signal
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Wait:
    """Go on once ``ready()`` is true, or at ``until_s`` of the monotonic clock."""

    ready: Callable[[], bool] | None = None
    until_s: float | None = None

    def is_over(self) -> bool:
        """Whether the job can go on."""
        if self.ready is not None and self.ready():
            return True
        return self.until_s is not None and time.monotonic() >= self.until_s


Job = Generator[Wait, None, T]


def sleep(seconds: float) -> Job[None]:
    """Wait this long."""
    until_s = time.monotonic() + seconds
    while time.monotonic() < until_s:
        yield Wait(until_s=until_s)


class Task:
    """A job that was started, until it is done."""

    def __init__(self, job: Job[None]) -> None:
        self._job = job
        self.wait = Wait(ready=lambda: True)
        self.is_done = False

    def step(self) -> None:
        """Let the job go on to its next wait."""
        try:
            self.wait = next(self._job)
        except StopIteration:
            self.is_done = True

    def throw(self, error: BaseException) -> None:
        """Interrupt the job where it waits."""
        try:
            self.wait = self._job.throw(error)
        except StopIteration:
            self.is_done = True

    def close(self) -> None:
        """End the job; what it opened is closed by its own ``finally``."""
        self.is_done = True
        self._job.close()


class Loop:
    """Runs jobs; between them it reads ``fd`` and signals, and draws when something changed."""

    SIGNALS = (
        signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGWINCH, signal.SIGCHLD,
        signal.SIGCONT, signal.SIGTSTP,
    )  # fmt: skip

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._tasks: list[Task] = []
        self._signals: list[int] = []
        self.exit_code: int | None = None
        self.on_input: Callable[[bytes], None] = lambda data: None
        self.on_signal: Callable[[int], None] = lambda number: None
        self.on_idle: Callable[[], float | None] = lambda: None

    def start(self, job: Job[None]) -> Task:
        """Run a job beside the others; it begins at the loop's next round."""
        task = Task(job)
        self._tasks.append(task)
        return task

    def run(self) -> int:
        """Run until ``exit_code`` is set; all jobs are closed then. Returns the code."""
        reader, writer = os.pipe()
        for end in (reader, writer):
            os.set_blocking(end, False)
        before = {each: signal.signal(each, self._note) for each in self.SIGNALS}
        signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            while self.exit_code is None:
                self._round(reader)
            return self.exit_code
        finally:
            for task in self._tasks:
                task.close()
            signal.set_wakeup_fd(-1)
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reader)
            os.close(writer)

    def _note(self, number: int, frame: object) -> None:
        self._signals.append(number)

    def _round(self, wakeup: int) -> None:
        while self._signals:
            self.on_signal(self._signals.pop(0))
        self._step_tasks()
        deadline_s = self.on_idle()
        if self.exit_code is not None or self._signals:
            return
        ready, _, _ = select.select([self._fd, wakeup], [], [], self._timeout_s(deadline_s))
        if wakeup in ready:
            os.read(wakeup, 4096)
        if self._fd in ready:
            self.on_input(_read(self._fd))

    def _step_tasks(self) -> None:
        progressed = True
        while progressed and self.exit_code is None:
            progressed = False
            for task in list(self._tasks):
                if not task.is_done and task.wait.is_over():
                    task.step()
                    progressed = True
            self._tasks = [task for task in self._tasks if not task.is_done]

    def _timeout_s(self, deadline_s: float | None) -> float | None:
        deadlines = [task.wait.until_s for task in self._tasks] + [deadline_s]
        times = [each for each in deadlines if each is not None]
        return max(min(times) - time.monotonic(), 0.0) if times else None


def _read(fd: int) -> bytes:
    try:
        return os.read(fd, 65536)
    except OSError:  # a terminal that was hung up
        return b""
