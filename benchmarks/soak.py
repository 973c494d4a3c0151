"""Many short tasks while workers are killed: nothing that stays may grow.

Memory, open files, sockets and the sizes of state are taken before and after, both times with
all workers idle. What a task leaves by intent (its rows in the ledger, its attempt's files) is
told for each task.
"""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure, Result, samples
from benchmarks.place import Place, place, wait_until
from benchmarks.process import memory, of_home

TASKS, QUICK_TASKS = 2000, 100
BATCH = 100
_WARM_UP = 2 * BATCH
"""As many as are ever open at once: the daemon's memory grows with its longest queue."""
WORKERS = 6
KILL_EVERY_S = 4.0
GROWTH = 1.25
"""Memory at the end over that at the start, at most."""
_LOOK_S = 0.5
_LIMIT_S = 3600.0
_SERVICES = ("monitor", "supervisor", "tmux", "pueued")


@dataclass(frozen=True)
class _State:
    """What the idle instance holds; by process for `memory_mb` and `files`."""

    memory_mb: dict[str, float]
    files: dict[str, int]
    processes: int
    sockets: int
    pueue_kb: float
    ledger_kb: float
    disk_kb: float


def measure(*, quick: bool = False) -> Result:
    """One run; `--quick` is far too short to see a small leak."""
    tasks = QUICK_TASKS if quick else TASKS
    with place(daemon=False) as here:
        here.configure("")  # with Pueue cleaned out as it is by default
        here.setup(WORKERS)
        _run(here, _WARM_UP, kill=False)  # what only the first tasks cost
        before = _look(here)
        begun = time.monotonic()
        kills = _run(here, tasks, kill=True)
        took = time.monotonic() - begun
        _await_idle(here)
        after = _look(here)
        states = _states(here)
        here.ccpar("stop", "--now")
    return Result(
        benchmark="soak",
        figures=(
            _figure("tasks that did not succeed", states.get("other", 0), "", 0),
            _figure("processes more", after.processes - before.processes, "", 0),
            _figure("sockets and leases more", after.sockets - before.sockets, "", 0),
            *_growths(before, after),
            Figure(
                name="Pueue's state.json more", value=after.pueue_kb - before.pueue_kb, unit="kB"
            ),
            Figure(
                name="ledger, for each task",
                value=(after.ledger_kb - before.ledger_kb) / tasks,
                unit="kB",
            ),
            Figure(
                name="all of the state directory, for each task",
                value=(after.disk_kb - before.disk_kb) / tasks,
                unit="kB",
                note=f"{tasks} tasks, {kills} kills, {tasks / took:.1f} tasks/s",
            ),
        ),
        samples=(samples("run", "s", [took]),),
    )


def _figure(name: str, value: float, unit: str, goal: float) -> Figure:
    return Figure(name=name, value=value, unit=unit, goal=goal)


def _growths(before: _State, after: _State) -> list[Figure]:
    """Of the services; workers are others at the end, so theirs is the median's."""
    figures = []
    for name, was in before.memory_mb.items():
        now = after.memory_mb[name]
        figures.append(
            Figure(
                name=f"memory of {name}",
                value=now / was,
                unit="×",
                goal=GROWTH,
                note=f"{was:.1f} → {now:.1f} MB",
            )
        )
        more = after.files[name] - before.files[name]
        figures.append(_figure(f"open files of {name} more", more, "", 1))
    return figures


# --- the run


def _run(here: Place, count: int, *, kill: bool) -> int:
    """Add the tasks in batches, kill a worker every few seconds; returns how often."""
    kills, left, begun = 0, count, time.monotonic()
    dice = random.Random(1)
    deadline = begun + _LIMIT_S
    struck = begun
    while True:
        waiting = _open(here)
        if left and waiting < BATCH:
            size = min(BATCH, left)
            line = json.dumps({"prompt": f"sleep {dice.uniform(0, 0.3):.2f}", "agent": "command"})
            here.ccpar("add", "--jsonl", text=f"{line}\n" * size)
            left -= size
        elif not left and not waiting:
            return kills
        if kill and time.monotonic() - struck > KILL_EVERY_S:
            struck = time.monotonic()
            kills += _strike(here, dice)
        if time.monotonic() > deadline:
            raise TimeoutError(f"{waiting} tasks are open after {_LIMIT_S:g} s")
        time.sleep(_LOOK_S)


def _strike(here: Place, dice: random.Random) -> int:
    pids = [pid for name, pid in here.pane_pids().items() if name not in _SERVICES]
    try:
        os.kill(dice.choice(pids), signal.SIGKILL)
    except ProcessLookupError:  # dead already, and not yet respawned
        return 0
    return 1


def _open(here: Place) -> int:
    with here.app() as app:
        return app.ledger.stats(None).total.unsettled


def _states(here: Place) -> dict[str, int]:
    tasks = json.loads(here.ccpar("list", "--all", "--json"))["tasks"]
    good = sum(task["state"] == "succeeded" for task in tasks)
    return {"succeeded": good, "other": len(tasks) - good}


def _await_idle(here: Place) -> None:
    def is_idle() -> bool:
        workers = json.loads(here.ccpar("status", "--json"))["workers"]
        return len(workers) == WORKERS and all(each["state"] == "idle" for each in workers)

    wait_until(is_idle, timeout_s=120.0, look_s=_LOOK_S)
    time.sleep(3.0)  # an idle worker makes itself small after a moment


# --- what is held


def _look(here: Place) -> _State:
    _await_idle(here)
    panes = here.pane_pids()
    pids = {name: panes[name] for name in ("monitor", "supervisor")}
    pids["tmux"] = here.tmux_pid()
    with here.app() as app:
        paths = app.paths
    everything = of_home(here.home)
    pids["pueued"] = next(pid for pid in everything if _name(pid) == "pueued")
    runtime = [file for file in Path(paths.runtime).rglob("*") if not file.is_dir()]
    return _State(
        memory_mb={name: memory(pid).rss_mb for name, pid in pids.items()},
        files={name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in pids.items()},
        processes=len(everything),
        sockets=sum(_is_ours(file) for file in runtime),
        pueue_kb=_size(here.home / ".local/share/pueue/state.json") / 1e3,
        ledger_kb=sum(_size(file) for file in Path(paths.state).glob("ledger*")) / 1e3,
        disk_kb=sum(_size(file) for file in Path(paths.state).rglob("*")) / 1e3,
    )


def _is_ours(file: Path) -> bool:
    """Sockets, and the files of leases."""
    return stat.S_ISSOCK(file.lstat().st_mode) or file.parent.name == "l"


def _name(pid: int) -> str:
    return Path(f"/proc/{pid}/comm").read_text(encoding="ascii").strip()


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except OSError:
        return 0
