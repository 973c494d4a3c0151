"""How long a program that died waits until it is started again. Pure."""

from __future__ import annotations

from dataclasses import dataclass

GOOD_LIFE_S = 60.0
"""After so long a life a death is the first one again."""

QUICK_S = 10.0
"""A shorter life than this makes the next pause longer: the program cannot run here."""


@dataclass
class _Life:
    pid: int
    since_s: float
    deaths: int = 0
    due_s: float | None = None


class Pauses:
    """Pauses by the program's name: none after the first death, then `first_s`, doubling.

    Times are of the monotonic clock, in seconds.
    """

    def __init__(self, first_s: float, limit_s: float) -> None:
        self._first_s = first_s
        self._limit_s = limit_s
        self._lives: dict[str, _Life] = {}

    def lives(self, name: str, pid: int, now_s: float) -> None:
        """The program was seen alive."""
        life = self._lives.get(name)
        if life is None or life.pid != pid or life.due_s is not None:
            deaths = life.deaths if life else 0
            self._lives[name] = _Life(pid, now_s, deaths)

    def due_s(self, name: str, now_s: float) -> float:
        """When the program, seen dead, may start; the same until it was seen alive again."""
        life = self._lives.setdefault(name, _Life(0, now_s))
        if life.due_s is None:
            lived_s = now_s - life.since_s
            if lived_s >= GOOD_LIFE_S:
                life.deaths = 0
            life.due_s = now_s + self._pause_s(life.deaths)
            if lived_s < QUICK_S or life.deaths == 0:
                life.deaths += 1
        return life.due_s

    def _pause_s(self, deaths: int) -> float:
        if deaths == 0:
            return 0.0
        return float(min(self._limit_s, self._first_s * 2.0 ** min(deaths - 1, 60)))
