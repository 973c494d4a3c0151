"""Which workers have shown no heartbeat for too long. Pure."""

from __future__ import annotations

from collections.abc import Mapping

Beat = tuple[int, int]
"""The worker's process and the time of its last beat, in whatever clock: only a change counts."""


class Pulse:
    """Compares beats from look to look, by the looker's own monotonic clock.

    So neither a set clock nor a machine that slept makes a living worker seem dead.
    """

    def __init__(self, silent_s: float) -> None:
        self._silent_s = silent_s
        self._heard: dict[str, tuple[Beat, float]] = {}
        self._looked_s = 0.0

    def silent(self, beats: Mapping[str, Beat], now_s: float) -> list[str]:
        """The workers whose beat is as it was `silent_s` ago, in the order given.

        After a gap between two looks, such as a stopped machine, all get the whole time anew.
        """
        if now_s - self._looked_s > self._silent_s:
            self._heard.clear()
        self._looked_s = now_s
        self._heard = {name: self._last(name, beat, now_s) for name, beat in beats.items()}
        return [name for name in beats if now_s - self._heard[name][1] >= self._silent_s]

    def _last(self, name: str, beat: Beat, now_s: float) -> tuple[Beat, float]:
        heard = self._heard.get(name)
        return heard if heard is not None and heard[0] == beat else (beat, now_s)
