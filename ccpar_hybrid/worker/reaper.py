"""Ends and reaps what an agent leaves behind, in whatever group or session it hides.

The worker is a child subreaper: orphans of its agent become its children. Its own helpers
(runs of `tmux`) are told apart by their process group, which is the worker's.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Iterable

from ccpar_hybrid.system.process import (
    ProcessInfo,
    children,
    descendants,
    is_alive,
    process,
    signal_tree,
)

_LOOK_S = 0.05
_KILL_LIMIT_S = 5.0
_ROUNDS = 100
"""So often at most what changes under our eyes is looked at without a pause."""
_EMPTY_LOOKS = 5


async def wait_exit(pid: int) -> int:
    """The `waitpid` status of a child, when it has ended."""
    if not hasattr(os, "pidfd_open"):
        return (await asyncio.to_thread(os.waitpid, pid, 0))[1]
    loop = asyncio.get_running_loop()
    descriptor = os.pidfd_open(pid)
    ended = asyncio.Event()
    loop.add_reader(descriptor, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(descriptor)
        os.close(descriptor)
    return os.waitpid(pid, 0)[1]  # noqa: ASYNC222 - it has ended


def orphans(spared: int = 0) -> list[int]:
    """Living processes that were orphaned to this process, and all that they started."""
    return [
        pid for root in _adopted(spared) if is_alive(root) for pid in (root, *descendants(root))
    ]


def _adopted(spared: int) -> list[int]:
    group = os.getpgrp()
    return [
        pid
        for pid in children(os.getpid())
        if pid != spared and (info := process(pid)) is not None and info.pgid != group
    ]


def living(pids: Iterable[int]) -> list[ProcessInfo]:
    """Marks of these processes that stay true when their pids are given to others."""
    return [info for pid in pids if (info := process(pid))]


async def reap(started: list[ProcessInfo], grace_s: float) -> None:
    """End what is left of `started` and of all orphans: TERM, a grace, KILL; then reap them."""
    rest = _left_of(started)
    if not rest:
        return
    signal_tree(rest, signal.SIGTERM)
    signal_tree(rest, signal.SIGCONT)
    if await _are_gone(started, grace_s):
        return
    deadline = asyncio.get_running_loop().time() + _KILL_LIMIT_S
    while asyncio.get_running_loop().time() < deadline:
        _freeze(started)
        signal_tree(_left_of(started), signal.SIGKILL)
        if await _are_gone(started, _LOOK_S):
            return


def _freeze(started: list[ProcessInfo]) -> None:
    """Stop all of them first: some start others faster than they are found and killed."""
    stopped: set[int] = set()
    for _ in range(_ROUNDS):
        fresh = [pid for pid in _left_of(started) if pid not in stopped]
        if not fresh:
            return
        signal_tree(fresh, signal.SIGSTOP)
        stopped.update(fresh)


async def _are_gone(started: list[ProcessInfo], limit_s: float) -> bool:
    deadline = asyncio.get_running_loop().time() + limit_s
    while _left_of(started):
        if asyncio.get_running_loop().time() > deadline:
            return False
        await asyncio.sleep(_LOOK_S)
    return True


def _left_of(started: list[ProcessInfo]) -> list[int]:
    """One empty look proves nothing: a chain of short lives may be between two of them."""
    for _ in range(_EMPTY_LOOKS):
        if found := _seen_of(started):
            return found
    return []


def _seen_of(started: list[ProcessInfo]) -> list[int]:
    _collect_zombies()
    same = [
        info.pid
        for info in started
        if is_alive(info.pid)
        and (now := process(info.pid)) is not None
        and now.start_ticks == info.start_ticks
    ]
    return list(dict.fromkeys([*same, *orphans()]))


def _collect_zombies() -> None:
    """Until none is left: at the end of each its children become ours, and may end at once too."""
    for _ in range(_ROUNDS):
        dead = [pid for pid in _adopted(0) if not is_alive(pid)]
        if not dead:
            return
        for pid in dead:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
