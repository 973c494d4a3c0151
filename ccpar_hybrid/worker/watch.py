"""What a worker sees to while an attempt's program runs: its allowance, and its strays."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ccpar_hybrid.agents.base import Launch
from ccpar_hybrid.core.task import Task
from ccpar_hybrid.system.scope import Scopes
from ccpar_hybrid.worker.allowance import Allowance
from ccpar_hybrid.worker.ending import Ending
from ccpar_hybrid.worker.station import Station
from ccpar_hybrid.worker.stray import Strays


class Watch:
    """For one attempt; `tree` gives the pids of the program and of all that it started."""

    def __init__(self, station: Station, task: Task) -> None:
        is_bounded = task.spec.memory_mib is not None or task.spec.cpus is not None
        scopes = station.scopes() if is_bounded else Scopes()
        self._allowance = Allowance(task.spec, scopes)
        self._strays = Strays(station.paths, task.key)

    def bounded(self, launch: Launch) -> Launch:
        """How it is started within its bounds."""
        return self._allowance.bounded(launch)

    def begin(self, pid: int) -> Iterable[str]:
        """Before its first instruction; lines for the story."""
        return self._allowance.begin(pid)

    def excess(self, tree: Callable[[], Sequence[int]], now: float) -> str:
        """At every tick: why it has to be stopped, or empty."""
        self._strays.note(tree, now)
        return self._allowance.excess(tree, now)

    def blame(self, ending: Ending) -> str:
        """Why the system ended it, or empty where it was not the system."""
        return self._allowance.blame(ending)

    def close(self) -> None:
        """Nothing of it is left."""
        self._strays.forget()
