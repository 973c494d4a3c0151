"""How much of a subscription is used, told as the service's headers tell it. Stdlib only.

Read from the answers that Claude Code 2.1.197 understands.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ccpar_hybrid.demo.step import Fail, Limit, Windows

PREFIX = "anthropic-ratelimit-unified-"
SHORT = {"five_hour": "5h", "seven_day": "7d"}
REFUSED = "This request would exceed your account's rate limit. Please try again later."


class Allowance:
    """One account's windows. Times are seconds since the epoch; a reset keeps its time."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}
        self._resets: dict[str, int] = {}

    def use(self, step: Windows, now_s: float) -> None:
        """So much is used from now on."""
        for name, (used_percent, resets_in_s) in step.values.items():
            self._used[name] = used_percent / 100
            self._keep_reset(name, resets_in_s, now_s)

    def exhaust(self, step: Limit, now_s: float) -> None:
        """Everything of a window is used, until its reset."""
        self._used[step.window] = 1.0
        self._keep_reset(step.window, step.resets_in_s, now_s)

    def refusal(self, now_s: float) -> Fail | None:
        """The refusal of a request while a window is used up."""
        self._begin_anew(now_s)
        name = next((name for name, used in self._used.items() if used >= 1), None)
        if name is None:
            return None
        headers = {
            f"{PREFIX}status": "rejected",
            f"{PREFIX}representative-claim": name,
            f"{PREFIX}reset": str(self._resets[name]),
            **self.headers(now_s),
        }
        return Fail(429, "rate_limit_error", REFUSED, headers)

    def headers(self, now_s: float) -> dict[str, str]:
        """What an answer tells of the windows; nothing where no script has set any."""
        self._begin_anew(now_s)
        told: dict[str, str] = {f"{PREFIX}status": "allowed"} if self._used else {}
        for name, used in self._used.items():
            told[f"{PREFIX}{SHORT[name]}-status"] = "rejected" if used >= 1 else "allowed"
            told[f"{PREFIX}{SHORT[name]}-utilization"] = f"{used:g}"
            told[f"{PREFIX}{SHORT[name]}-reset"] = str(self._resets[name])
            if used >= 1:
                told[f"{PREFIX}status"] = "rejected"
        return told

    def _keep_reset(self, name: str, resets_in_s: float, now_s: float) -> None:
        if self._resets.get(name, 0) <= now_s:
            self._resets[name] = math.ceil(now_s + resets_in_s)

    def _begin_anew(self, now_s: float) -> None:
        for name in [name for name, reset_s in self._resets.items() if reset_s <= now_s]:
            del self._used[name], self._resets[name]


def rejected_window(headers: Mapping[str, str]) -> tuple[str, int] | None:
    """The window that a refusal is for, and its reset; None for a refusal of another kind."""
    if headers.get(f"{PREFIX}status") != "rejected":
        return None
    reset = headers.get(f"{PREFIX}reset", "")
    name = headers.get(f"{PREFIX}representative-claim", "five_hour")
    return (name, int(reset)) if reset.isdecimal() else None
