"""What an agent with all that it starts may use: told to the system where that can bound it,
else watched.

Memory that is only watched may be exceeded for a second. Cores that no control group bounds
are bound by affinity, in whole ones; that holds for children too, unless they undo it.
"""

from __future__ import annotations

import dataclasses
import math
import os
import random
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ccpar_hybrid.agents.base import Launch
from ccpar_hybrid.core.amount import written
from ccpar_hybrid.core.task import TaskSpec
from ccpar_hybrid.system import scope, usage
from ccpar_hybrid.system.scope import Scopes
from ccpar_hybrid.system.usage import Holding
from ccpar_hybrid.worker.ending import Ending

GRACE_S = 2.0
"""Between TERM and KILL for one that uses too much: it may go on to take more."""
_LOOK_S = 1.0
_NEARLY = 0.9
_MIB = 1 << 20
_ENDED_BY = (signal.SIGKILL, signal.SIGTERM)


@dataclass(frozen=True)
class Look:
    """How processes and their control group are looked at."""

    resident: Callable[[Sequence[int]], list[Holding]] = usage.resident
    proportional: Callable[[Sequence[int]], list[Holding]] = usage.proportional
    group: Callable[[int], str] = scope.group_of
    kills: Callable[[str], int | None] = scope.kills_for_memory


class Allowance:
    """The bounds of one attempt; nothing is done for a task that has none."""

    def __init__(self, spec: TaskSpec, scopes: Scopes, look: Look | None = None) -> None:
        self._memory_mib = spec.memory_mib
        self._cpus = spec.cpus
        self._scopes = scopes
        self._look = look or Look()
        self._group = ""
        self._looked_at = -math.inf
        self._most_mib = 0.0
        self._kills = 0

    def bounded(self, launch: Launch) -> Launch:
        """The same program in a scope of its own, where that bounds anything."""
        bounds = {"memory_mib": self._memory_mib, "cpus": self._cpus}
        argv = scope.scoped(self._scopes, launch.argv, memory_mib=self._memory_mib, cpus=self._cpus)
        return dataclasses.replace(launch, argv=argv) if any(bounds.values()) else launch

    def begin(self, pid: int) -> Iterable[str]:
        """Bind the program, before its first instruction; lines for the story."""
        if self._memory_mib is not None:
            how = "bounded by a control group" if self._scopes.memory else "watched"
            yield f"ccpar: may use {written(self._memory_mib)} of memory ({how})"
        if self._cpus is not None:
            how = "bounded by a control group" if self._scopes.cpus else _bind(pid, self._cpus)
            yield f"ccpar: may use {self._cpus:g} of the cores ({how})"

    def excess(self, tree: Callable[[], Sequence[int]], now: float) -> str:
        """Why the program has to be stopped; empty: it may go on. Looks once a second."""
        if self._memory_mib is None or now - self._looked_at < _LOOK_S:
            return ""
        self._looked_at = now
        pids = tree()
        if self._scopes.memory:
            self._count_kills(pids[0])
        seen_mib = _sum_mib(self._look.resident(pids))
        self._most_mib = max(self._most_mib, seen_mib)
        if seen_mib <= self._memory_mib:
            return ""
        held = self._look.proportional(pids)  # shared pages were counted more than once
        used_mib = _sum_mib(held)
        if used_mib <= self._memory_mib:
            return ""
        largest = max(held, key=lambda one: one.bytes)
        part = f"{largest.name} (pid {largest.pid}) {written(largest.bytes / _MIB)}"
        return f"used {written(used_mib)} of {self._allowed()}, of them {part}"

    def blame(self, ending: Ending) -> str:
        """Whether the system has ended the program for its memory: then why, else empty."""
        if self._memory_mib is None or not self._scopes.memory:
            return ""
        self._count_kills(0)
        is_near = self._most_mib >= _NEARLY * self._memory_mib
        if ending.signal not in _ENDED_BY or not (self._kills or is_near):
            return ""
        return f"the system ended it ({ending}), for it used up {self._allowed()}"

    def _count_kills(self, pid: int) -> None:
        if not self._group and pid:
            group = self._look.group(pid)
            self._group = "" if group == self._look.group(os.getpid()) else group
        if self._group:
            self._kills = self._look.kills(self._group) or self._kills

    def _allowed(self) -> str:
        return f"the {written(self._memory_mib or 0)} of memory that it may use"


def _sum_mib(held: Iterable[Holding]) -> float:
    return sum(one.bytes for one in held) / _MIB


def _bind(pid: int, cpus: float) -> str:
    """Give it so many of our cores; any, so that several tasks do not share the first ones."""
    if not hasattr(os, "sched_setaffinity"):
        return "not bounded: this system has no way"
    ours = sorted(os.sched_getaffinity(0))
    number = math.ceil(cpus)
    if number >= len(ours):
        return f"there are {len(ours)}"
    try:
        os.sched_setaffinity(pid, random.sample(ours, number))
    except OSError as error:
        return f"not bounded: {error.strerror}"
    return f"bound to {number}"
