"""From enqueueing to the agent's first instruction, against a plain `pueue add`.

The command opens a FIFO with a shell builtin; this process waits at its other end, so that both
moments are told by one clock and no program is started for it. Pueue starts tasks every 300 ms,
so the moment of the call decides more than all that is compared here. Every way therefore gets
the same even spread of moments over that tick, in random order, interleaved with the others.
"""

from __future__ import annotations

import contextlib
import os
import random
import select
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import GROUP, PLAIN, Place, place, wait_until
from ccpar_hybrid.app.assembly import App
from ccpar_hybrid.app.enqueue import Enqueuer
from ccpar_hybrid.app.request import TaskRequest
from ccpar_hybrid.scheduler.pueue_config import read_config
from ccpar_hybrid.scheduler.pueue_socket import PueueConnection

RUNS, QUICK_RUNS = 50, 15
WORKERS = 6
GOAL_RATIO = 1.15
_TICK_S = 0.3
_SETTLED_S = 0.4
_LIMIT_S = 20.0
_KEPT = 50
"""Done tasks in Pueue, at most: the default of `pueue.keep_done`."""

Way = Callable[[str], object]
"""Enqueues a shell command."""


def measure(*, quick: bool = False) -> Result:
    """Medians of all ways, and our ratio."""
    runs = QUICK_RUNS if quick else RUNS
    with place() as here, _ways(here) as ways, fifo(here.work / "fifo") as pipe:
        seen: dict[str, list[float]] = {name: [] for name in ways}
        late: dict[str, list[float]] = {name: [] for name in ways}
        for name, moment in schedule(sorted(ways), runs):
            settle(here, WORKERS, moment)
            seen[name].append(pipe.time(ways[name]) * 1000)
            late[name].append((pipe.at - _last_start(here)) * 1000)
            forget_old(here)
    series = [samples(name, "ms", values) for name, values in seen.items()]
    series += [samples(f"{name}, after Pueue's start", "ms", late[name]) for name in late]
    ours, command, socket, ours_late, command_late, _ = (each.median for each in series)
    return Result(
        benchmark="latency",
        figures=(
            Figure(
                name="enqueue to first instruction, over `pueue add`",
                value=ours / command,
                unit="×",
                goal=GOAL_RATIO,
            ),
            Figure(name="the same over one Add on Pueue's socket", value=ours / socket, unit="×"),
            Figure(
                name="from Pueue's start to first instruction, more than plain",
                value=ours_late - command_late,
                unit="ms",
            ),
        ),
        samples=tuple(series),
    )


@contextlib.contextmanager
def _ways(here: Place) -> Iterator[dict[str, Way]]:
    """The call of a warm process of ours, the `pueue` program, and the barest way there is."""
    here.setup(WORKERS)
    here.run("pueue", "group", "add", PLAIN, "--parallel", str(WORKERS))
    with here.app() as app:
        app.ledger.tasks()
        yield {
            "ours": lambda command: add(app, here, [command]),
            "pueue add": lambda command: here.run("pueue", "add", "-g", PLAIN, "--", command),
            "socket": lambda command: _add_over_socket(here, command),
        }


def add(app: App, here: Place, commands: list[str]) -> None:
    """What `ccpar-hybrid add --agent command` calls, all of it."""
    requests = [TaskRequest(prompt=command, agent="command", group=GROUP) for command in commands]
    Enqueuer(app, str(here.work), "claude-workers").add(requests)


def _add_over_socket(here: Place, command: str) -> None:
    with PueueConnection(read_config(here.environment)) as connection:
        connection.ask(
            {
                "Add": {
                    "command": command,
                    "path": str(here.work),
                    "envs": {"PATH": "/bin:/usr/bin"},
                    "start_immediately": False,
                    "stashed": False,
                    "group": PLAIN,
                    "enqueue_at": None,
                    "dependencies": [],
                    "priority": 0,
                    "label": None,
                }
            }
        )


def schedule(names: list[str], runs: int) -> list[tuple[str, float]]:
    """Rounds of all ways; the second value is how long after a tick to call, in seconds."""
    moments = {name: random.sample(range(runs), runs) for name in names}
    return [
        (name, (moments[name][turn] + random.random()) / runs * _TICK_S)
        for turn in range(runs)
        for name in random.sample(names, len(names))
    ]


def settle(here: Place, workers: int, moment: float) -> None:
    """Wait until all is quiet again, and the tick stands at this moment."""
    idle = Path(here.app().paths.idle(GROUP))
    wait_until(lambda: len(list(idle.iterdir())) == workers)
    time.sleep(_SETTLED_S)
    time.sleep((_last_start(here) + moment - time.time()) % _TICK_S)


def forget_old(here: Place) -> None:
    """As a session's monitor does with our tasks: what Pueue keeps slows all ways down."""
    done = sorted(int(number) for number, task in here.tasks().items() if "Done" in task["status"])
    if len(done) > _KEPT:
        here.run("pueue", "remove", *map(str, done[: -_KEPT // 2]))


def _last_start(here: Place) -> float:
    """When Pueue started its newest task: at a tick."""
    begun = [next(iter(task["status"].values())).get("start") for task in here.tasks().values()]
    return max((datetime.fromisoformat(text).timestamp() for text in begun if text), default=0.0)


class Fifo:
    """Where the command says that it has begun."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        self.at = 0.0
        """When the last command began, in seconds since 1970."""

    def time(self, way: Way) -> float:
        """Seconds from the call to the command's first instruction."""
        begun = time.monotonic()
        way(f"echo >{self._path}")
        if not select.select([self._reader], [], [], _LIMIT_S)[0]:
            raise TimeoutError("the command was not run")
        ended = time.monotonic()
        self.at = time.time()
        os.read(self._reader, 64)
        return ended - begun

    def close(self) -> None:
        """Give the file back."""
        os.close(self._reader)


@contextlib.contextmanager
def fifo(path: Path) -> Iterator[Fifo]:
    """One that is closed with the block."""
    os.mkfifo(path, 0o600)
    opened = Fifo(path)
    try:
        yield opened
    finally:
        opened.close()
