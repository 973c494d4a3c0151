"""Finds and ends what a run left behind whose worker was killed.

Every process of a run has the run's mark in its environment, whatever group or session it moved
to. A mark may also have come to a process that is no part of the run: the agent queued a task
with plain Pueue, and the daemon starts it with the agent's environment. So only those count
that have lost their parent and were not started by Pueue, whose daemon may have died. Linux
only: elsewhere nothing is found.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import NamedTuple

from ccpar_hybrid.core.task import TaskKey
from ccpar_hybrid.system.paths import Paths
from ccpar_hybrid.system.process import (
    ProcessInfo,
    descendants,
    is_alive,
    is_ending,
    processes,
)
from ccpar_hybrid.worker import reaper, wire
from ccpar_hybrid.worker.lease import lease
from ccpar_hybrid.worker.stray import Strays, recorded, stray_groups, strays

MARK = "CCPAR_RUN"
"""Variable that names the instance, the task and the attempt, with colons between."""

_ROUNDS = 20
"""So often at most: what was found may have started more before it ended."""
_BY_PUEUE = b"PUEUE_WORKER_ID="
"""What Pueue 4.0 gives to its tasks and no session gives to its agents."""


def mark_of(paths: Paths, key: TaskKey, attempt: int) -> str:
    """The mark's value for one run."""
    return f"{paths.instance}:{key}:{attempt}"


async def end_leftovers(paths: Paths, key: TaskKey, grace_s: float) -> int:
    """End what earlier runs of this key left; returns how many processes that were.

    Only for the holder of the key's lease, before it starts the next run.
    """
    number = 0
    for _ in range(_ROUNDS):
        roots = [*_left(paths).get(key, []), *strays(paths, key)]
        groups = {info.pgid for info in reaper.living(roots)} | stray_groups(paths, key)
        number += await _end(roots, grace_s)
        are_gone = [not _kill_group(paths, key, group) for group in groups - {os.getpgrp()}]
        if not roots and all(are_gone):
            break
    Strays(paths, key).forget()
    return number


def _kill_group(paths: Paths, key: TaskKey, group: int) -> bool:
    """Whether there was one: a chain of processes that start each other is never found one by one.

    Only if nobody is in it without the mark: its number may be another's by now.
    """
    marks, is_held = _marks_in(group), False
    if not marks and _signal_group(group, signal.SIGSTOP):  # they may end faster than one looks
        marks, is_held = _marks_in(group), True
    if marks and all(mark.startswith(f"{paths.instance}:{key}:") for mark in marks):
        return _signal_group(group, signal.SIGKILL)
    if is_held:
        _signal_group(group, signal.SIGCONT)
    return False


def _marks_in(group: int) -> list[str]:
    """Of each living process of the group; empty for one that is no part of any run."""
    members = [pid for pid, info in processes().items() if info.pgid == group]
    return [mark for pid in members if (mark := _mark(pid)) or not is_ending(pid)]


def _signal_group(group: int, number: int) -> bool:
    try:
        os.killpg(group, number)
    except (PermissionError, ProcessLookupError):
        return False
    return True


async def sweep(paths: Paths, grace_s: float) -> None:
    """End what is left of every run that no worker holds any more, and remove its socket."""
    for key in sorted({*recorded(paths), *_left(paths), *_met(paths)}):
        with lease(paths, key) as is_ours:
            if is_ours:
                await end_leftovers(paths, key, grace_s)
                path = paths.run_socket(key)
                for each in (path, wire.partial_of(path)):
                    Path(each).unlink(missing_ok=True)


def _met(paths: Paths) -> list[TaskKey]:
    """The keys for which a lease or a run's socket is there; most of them run."""
    places = {Path(path("")) for path in (paths.lease, paths.run_socket)}
    return [
        TaskKey(wire.whole_of(file.name))
        for place in places
        if place.is_dir()
        for file in place.iterdir()
    ]


async def _end(roots: list[int], grace_s: float) -> int:
    tree = list(dict.fromkeys(pid for root in roots for pid in (root, *descendants(root))))
    if tree:
        await reaper.reap(reaper.living(tree), grace_s)
    return len(tree)


class Marked(NamedTuple):
    """A living process that has the mark of a run."""

    pid: int
    key: TaskKey
    attempt: int


def marked(paths: Paths) -> list[Marked]:
    """All living processes of runs of this instance."""
    found = []
    for info in processes().values():
        instance, _, rest = _mark(info.pid).partition(":")
        key, _, attempt = rest.partition(":")
        if instance == paths.instance and attempt.isdigit() and is_alive(info.pid):
            found.append(Marked(info.pid, TaskKey(key), int(attempt)))
    return found


def _left(paths: Paths) -> dict[TaskKey, list[int]]:
    """Orphaned processes with a mark of this instance, by the key of their run."""
    everything = processes()
    adopters = {0, 1, *_ancestors(everything)}
    found: dict[TaskKey, list[int]] = {}
    for info in everything.values():
        # A worker's lease is free a moment before its children are handed on.
        if (info.ppid in adopters or is_ending(info.ppid)) and is_alive(info.pid):
            instance, _, rest = _mark(info.pid).partition(":")
            if instance == paths.instance:
                found.setdefault(TaskKey(rest.partition(":")[0]), []).append(info.pid)
    return found


def _ancestors(everything: dict[int, ProcessInfo]) -> list[int]:
    """The processes above our tmux server: one of them adopts what loses its parent in a pane."""
    found: list[int] = []
    server = everything.get(os.getppid())
    info = everything.get(server.ppid) if server else None
    while info is not None and info.pid not in found:
        found.append(info.pid)
        info = everything.get(info.ppid)
    return found


def _mark(pid: int) -> str:
    try:
        variables = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    if any(each.startswith(_BY_PUEUE) for each in variables):
        return ""
    start = f"{MARK}=".encode()
    return next(
        (
            each.removeprefix(start).decode("utf-8", "replace")
            for each in variables
            if each.startswith(start)
        ),
        "",
    )
