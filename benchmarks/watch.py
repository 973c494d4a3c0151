"""What it costs to look at all workers' panes all the time, and how soon a prompt is answered."""

from __future__ import annotations

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import Place, place
from benchmarks.process import total_cpu_s
from ccpar_hybrid.approval.keys import Aim, Presser
from ccpar_hybrid.approval.watch import Sight, Watch, keep_looking
from ccpar_hybrid.tmux.control import Control

INSTANCE = "0123456789ab"
PATTERN = "❯ [1-9][.] "
PANES = (16, 64)
TICK_S, QUICK_TICK_S = 0.25, 0.1
SPAN_S, QUICK_SPAN_S = 20.0, 5.0
ANSWERS, QUICK_ANSWERS = 40, 8
GOAL_PERCENT = 1.0
GOAL_MS = 150.0
_TIMEOUT_S = 30.0
_LONGEST_ANSWER_S = 10.0
_BUSY = "while :; do echo line $((n=n+1)) of a log that goes on; sleep 0.2; done"
_ASKS = """
import os, random, sys, time, tty
tty.setraw(0)
for _ in range(int(sys.argv[2])):
    os.write(1, b"\\x1b[H\\x1b[2J")
    time.sleep(random.uniform(0.3, 0.6))
    os.write(1, "Bash command\\r\\n\\r\\n make\\r\\n\\r\\n❯ 1. Yes\\r\\n  2. No\\r\\n".encode())
    shown_s = time.monotonic()
    assert os.read(0, 10) == b"1"
    with open(sys.argv[1], "a") as times:
        print((time.monotonic() - shown_s) * 1000, file=times)
"""
_PROMPT: tuple[str, ...] = ("❯ 1. Yes", "  2. No")


class _AllAnswered(Exception):
    """There is nothing more to look for."""


def measure(*, quick: bool = False) -> Result:
    """The watcher's CPU with panes that write all the time, and how soon a prompt is answered."""
    shares = {count: _share(count, quick=quick) for count in PANES}
    answers = _answer_ms(QUICK_ANSWERS if quick else ANSWERS)
    answered = samples("prompt shown → key read, 16 busy panes, 10 looks a second", "ms", answers)
    return Result(
        benchmark="watch",
        figures=(
            *(
                Figure(
                    name=f"CPU of the watcher, {count} busy panes, 4 looks a second",
                    value=watcher,
                    unit="% of a core",
                    goal=GOAL_PERCENT if count == PANES[0] else None,
                    note=f"tmux server {server:.1f} (without the watcher {before:.1f})",
                )
                for count, (watcher, server, before) in shares.items()
            ),
            Figure(
                name="prompt shown → key read, median",
                value=answered.median,
                unit="ms",
                goal=GOAL_MS,
            ),
            Figure(name="the same, 95th percentile", value=_p95(answers), unit="ms"),
        ),
        samples=(answered,),
    )


def _p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


@contextlib.contextmanager
def _busy(count: int) -> Iterator[Place]:
    """A session of that many workers' panes, each of which writes five lines a second."""
    with place(daemon=False) as here:
        here.run("tmux", "new-session", "-d", "-s", "s", "-x", "200", "-y", "50", "sh", "-c", _BUSY)
        here.run("tmux", "set-option", "-t", "s", "@ccpar_instance", INSTANCE)
        for _ in range(count - 1):
            here.run("tmux", "new-window", "-d", "-t", "s:", "sh", "-c", _BUSY)
        for pane in here.run("tmux", "list-panes", "-a", "-F", "#{pane_id}").stdout.split():
            here.run("tmux", "set-option", "-p", "-t", pane, "@ccpar_role", "worker")
        yield here


def _share(count: int, *, quick: bool) -> tuple[float, float, float]:
    """CPU in % of a core: the watcher's with its client, tmux's server, and the server's alone."""
    span_s = QUICK_SPAN_S if quick else SPAN_S
    with _busy(count) as here:
        server = here.tmux_pid()
        begun_s, cpu_s = time.monotonic(), total_cpu_s([server])
        time.sleep(span_s / 2)
        before = (total_cpu_s([server]) - cpu_s) / (time.monotonic() - begun_s)
        own, others = asyncio.run(_watch(here, server, span_s))
    return own * 100, others * 100, before * 100


async def _watch(here: Place, server: int, span_s: float) -> tuple[float, float]:
    async def nothing(sights: list[Sight]) -> None:
        assert not sights

    async with Control("s", here.environment, _TIMEOUT_S) as control:
        watch = Watch(control, INSTANCE, PATTERN)
        await watch.look()
        client = int(here.run("tmux", "list-clients", "-F", "#{client_pid}").stdout)
        begun_s, client_s = time.monotonic(), total_cpu_s([client])
        own_s, server_s = time.process_time(), total_cpu_s([server])
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(keep_looking(watch, TICK_S, nothing), span_s)
        seconds = time.monotonic() - begun_s
        own_s = time.process_time() - own_s + total_cpu_s([client]) - client_s
        return own_s / seconds, (total_cpu_s([server]) - server_s) / seconds


def _answer_ms(count: int) -> list[float]:
    """From the moment at which a program has drawn its prompt to that at which it reads the key."""
    with _busy(PANES[0]) as here:
        script, times = here.work / "asks.py", here.work / "times"
        script.write_text(_ASKS, encoding="utf-8")
        times.touch()
        argv = (sys.executable, str(script), str(times), str(count))
        made = ("tmux", "new-window", "-d", "-P", "-F", "#{pane_id}", "-t", "s:", *argv)
        pane = here.run(*made).stdout.strip()
        here.run("tmux", "set-option", "-p", "-t", pane, "remain-on-exit", "on")
        here.run("tmux", "set-option", "-p", "-t", pane, "@ccpar_role", "worker")
        asyncio.run(_answer(here, times, count))
        return [float(line) for line in times.read_text(encoding="ascii").splitlines()]


async def _answer(here: Place, times: Path, count: int) -> None:
    def read(screen: str) -> tuple[str, ...] | None:
        return _PROMPT if all(line in screen for line in _PROMPT) else None

    async def press(sights: list[Sight]) -> None:
        for sight in sights:
            await presser.press(Aim(sight.pane, read, _PROMPT, _PROMPT), "1")
        if len(times.read_text(encoding="ascii").splitlines()) >= count:
            raise _AllAnswered

    async with Control("s", here.environment, _TIMEOUT_S) as control:
        presser = Presser(control)
        watch = Watch(control, INSTANCE, PATTERN)
        with contextlib.suppress(_AllAnswered):
            async with asyncio.timeout(count * _LONGEST_ANSWER_S):
                await keep_looking(watch, QUICK_TICK_S, press)
