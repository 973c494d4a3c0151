"""Waiting for the end of processes, and for a signal to leave."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ccpar_hybrid.supervisor.wake import Wake
from tests.support.waiting import wait_until

LONG_S = 60.0


def descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


@pytest.fixture
def wake() -> Iterator[Wake]:
    handlers = {number: signal.getsignal(number) for number in (15, 1, 2)}
    with Wake() as made:
        yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "300"]) as process:
        yield process
        process.kill()


def test_the_end_of_a_watched_process_ends_the_wait_and_is_told_once(
    wake: Wake, sleeper: subprocess.Popen[bytes]
) -> None:
    wake.watch({sleeper.pid, os.getpid()})
    assert wake.wait(0.0) == set()
    sleeper.kill()
    begun_s = time.monotonic()
    assert wake.wait(LONG_S) == {sleeper.pid}
    assert time.monotonic() - begun_s < LONG_S
    assert wake.wait(0.0) == set()


def test_a_process_that_is_gone_or_no_longer_watched_is_passed_over(
    wake: Wake, sleeper: subprocess.Popen[bytes]
) -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()
    wake.watch({gone.pid, sleeper.pid})
    wake.watch({gone.pid})
    sleeper.kill()
    sleeper.wait()
    assert wake.wait(0.0) == set()


def test_a_signal_asks_to_leave_and_ends_the_wait(wake: Wake) -> None:
    assert not wake.leaving
    os.kill(os.getpid(), signal.SIGTERM)
    wait_until(lambda: wake.leaving)
    begun_s = time.monotonic()
    wake.wait(LONG_S)
    assert time.monotonic() - begun_s < LONG_S


def test_many_watches_leave_no_descriptor_open(
    wake: Wake, sleeper: subprocess.Popen[bytes]
) -> None:
    open_before = descriptors()
    for _ in range(50):
        wake.watch({sleeper.pid, os.getpid()})
        wake.watch(())
    assert descriptors() == open_before
