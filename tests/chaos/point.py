"""The points of the source at which a process can be ended (`ccpar_hybrid/system/fault.py`)."""

from __future__ import annotations

import re
from pathlib import Path

_PACKAGE = Path(__file__).parents[2] / "ccpar_hybrid"
_REACHED = re.compile(r"""\breach\((?:point=)?["']([a-z.-]+)["']\)""")
VARIABLE = "CCPAR_FAULT"


def points() -> list[str]:
    """All of them, sorted; a point may stand at several places."""
    return sorted(
        {
            point
            for file in _PACKAGE.rglob("*.py")
            for point in _REACHED.findall(file.read_text(encoding="utf-8"))
        }
    )


class Points:
    """The points of one instance: arm one, and the next process that reaches it dies there."""

    def __init__(self, home: Path) -> None:
        self._place = home / "points"
        self._place.mkdir(exist_ok=True)
        self._armed: set[str] = set()
        self._struck: list[str] = []

    @property
    def setting(self) -> str:
        """The variable's value, for the environment of everything in the instance."""
        return f"*:{self._place}/at"

    def arm(self, point: str) -> None:
        """Whoever reaches it next is ended by SIGKILL."""
        self._collect()
        self._file(point).touch()
        self._armed.add(point)

    def has_struck(self, point: str) -> bool:
        """Whether somebody has died there since it was armed last."""
        return not self._file(point).exists()

    def struck(self) -> list[str]:
        """The points at which somebody has died, each as often as that was."""
        self._collect()
        return list(self._struck)

    def disarm(self) -> None:
        """Nobody dies any more; forgets which have struck."""
        for point in self._armed:
            self._file(point).unlink(missing_ok=True)
        self._armed.clear()
        self._struck.clear()

    def _collect(self) -> None:
        gone = sorted(point for point in self._armed if not self._file(point).exists())
        self._struck += gone
        self._armed.difference_update(gone)

    def _file(self, point: str) -> Path:
        return self._place / f"at.{point}"
