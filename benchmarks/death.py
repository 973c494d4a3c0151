"""How long the work stands still after a death: of a worker, of pueued, of everything.

The supervisor mends the first two; `setup` the third. The tasks are the demo agent's, which keeps
sessions as Claude Code does, and say by files of their own when they are at work.
"""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterable
from datetime import datetime

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import GROUP, Place, place, wait_until
from benchmarks.process import command, of_home
from ccpar_hybrid.system.process import is_alive, signal_tree

ROUNDS, QUICK_ROUNDS = 5, 1
ALL_WORKERS, QUICK_WORKERS = 16, 4
GOAL_WORKER_S = 3.0
_SLEEP_S = 600
_LIMIT_S = 180.0
_AWAY_S = 0.05


def measure(*, quick: bool = False) -> Result:
    """Each death several times; that of everything once a round, in a place of its own."""
    rounds = QUICK_ROUNDS if quick else ROUNDS
    workers = QUICK_WORKERS if quick else ALL_WORKERS
    respawned = [_worker_s(1) for _ in range(rounds)]
    elsewhere = [_worker_s(2) for _ in range(rounds)]
    daemon = [_daemon_s() for _ in range(rounds)]
    cuts = [_everything_s(workers) for _ in range(min(rounds, 2))]
    series = [
        samples("worker killed, no other is idle", "s", [each[1] for each in respawned]),
        samples("worker killed, another is idle", "s", [each[1] for each in elsewhere]),
        samples("the agent's own start", "s", [each[0] for each in respawned + elsewhere]),
        samples("pueued killed", "s", daemon),
        samples("all killed, `setup`", "s", [each[0] for each in cuts]),
        samples("all killed, until all are at work", "s", [each[1] for each in cuts]),
    ]
    own_s = series[2].median
    figures = [
        Figure(
            name=f"{series[place].name} → the session at work again, less the agent's own start",
            value=series[place].median - own_s,
            unit="s",
            goal=GOAL_WORKER_S,
        )
        for place in (0, 1)
    ]
    figures += [
        Figure(
            name="pueued killed → its group runs again, with its task",
            value=series[3].median,
            unit="s",
        ),
        Figure(
            name=f"all killed → `setup` has {workers} workers", value=series[4].median, unit="s"
        ),
        Figure(
            name=f"all killed → all {workers} tasks are at work again",
            value=series[5].median,
            unit="s",
        ),
    ]
    return Result(benchmark="death", figures=tuple(figures), samples=tuple(series))


def _worker_s(workers: int) -> tuple[float, float]:
    """From the start of the first attempt, and from the kill, until the agent is at work."""
    with place(daemon=False) as here:
        here.setup(workers)
        (key,) = _add(here, 1)
        _await_work(here, [key], 1)
        status = json.loads(here.ccpar("show", key, "--json"))["task"]
        name = status["worker"]
        first = _moments(here, key)[0] - _epoch(status["attempt_list"][0]["started_at"])
        killed = time.time()
        os.kill(here.pane_pids()[name], signal.SIGKILL)
        _await_work(here, [key], 2)
        again = _moments(here, key)[1] - killed
        sessions = json.loads(here.ccpar("show", key, "--json"))["task"]["attempt_list"]
        assert len({each["session_id"] for each in sessions}) == 1, "another session"
        _end(here)
    return first, again


def _daemon_s() -> float:
    """From the kill until the group and its task are running."""
    with place(daemon=False) as here:
        here.setup(1)
        keys = _add(here, 2)
        _await_work(here, keys[:1], 1)
        (pid,) = _of(here, "pueued")
        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: not is_alive(pid))
        wait_until(lambda: _runs(here), timeout_s=_LIMIT_S)
        took = time.monotonic() - killed
        _end(here)
    return took


def _everything_s(workers: int) -> tuple[float, float]:
    """From the call of `setup` to its end, and until every task is at work."""
    with place(daemon=False) as here:
        here.setup(workers)
        keys = _add(here, workers)
        _await_work(here, keys, 1)
        _kill_all(here)
        begun, moment = time.monotonic(), time.time()
        here.setup(workers)
        made = time.monotonic() - begun
        _await_work(here, keys, 2)
        at_work = max(_moments(here, key)[1] for key in keys) - moment
        _end(here)
    return made, at_work


# --- the tasks


def _add(here: Place, count: int) -> list[str]:
    """Tasks that say when they are at work, and then work for ever."""
    work = f'date +%s.%N >> "{here.work}/$CCPAR_TASK.at"; sleep {_SLEEP_S}'
    steps = [{"tool": "Bash", "input": {"command": work, "description": "work"}}]
    request = {
        "prompt": f"Work.\nscript: {json.dumps(steps)}",
        "allowed_tools": ["Bash"],
        "agent": "demo",
    }
    said = here.ccpar("add", "--json", "--jsonl", text=(json.dumps(request) + "\n") * count)
    return [task["key"] for task in json.loads(said)["tasks"]]


def _moments(here: Place, key: str) -> list[float]:
    file = here.work / f"{key}.at"
    return [float(line) for line in file.read_text().split()] if file.exists() else []


def _await_work(here: Place, keys: Iterable[str], times: int) -> None:
    wait_until(lambda: all(len(_moments(here, key)) >= times for key in keys), timeout_s=_LIMIT_S)


def _epoch(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _runs(here: Place) -> bool:
    """Whether the group starts what waits in it, and the task that was at work is so for Pueue."""
    said = here.run("pueue", "status", "--json", check=False)
    if said.code != 0:
        return False
    seen = json.loads(said.stdout)
    states = [next(iter(task["status"])) for task in seen["tasks"].values()]
    return seen["groups"][GROUP]["status"] == "Running" and "Running" in states


# --- the processes of a place


def _of(here: Place, name: str) -> list[int]:
    return [pid for pid in of_home(here.home) if name in command(pid)]


def _kill_all(here: Place) -> None:
    """As a power cut does: all are held first, so that none sees another die."""
    pids = of_home(here.home)
    for _ in range(2):
        signal_tree(pids, signal.SIGSTOP)
        pids = of_home(here.home)
    pids.sort(key=lambda pid: "ccpar_hybrid worker" not in command(pid))
    signal_tree(pids, signal.SIGKILL)
    wait_until(lambda: not any(map(is_alive, pids)), look_s=_AWAY_S)


def _end(here: Place) -> None:
    """The quick end: what works here works for ever."""
    _kill_all(here)
