"""What a session has used, and the status line's JSON. Standard library only."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ccpar_hybrid.demo.agent_transcript import VERSION, Usage
from ccpar_hybrid.demo.allowance import PREFIX, SHORT, Allowance

WINDOW_TOKENS = 200_000
BASE_TOKENS = 2_000
USD_PER_INPUT, USD_PER_OUTPUT = 5e-6, 25e-6


class Meter:
    """Counts a session's tokens, money and time, and keeps the limits that the headers told."""

    def __init__(self) -> None:
        self._begin_s = time.monotonic()
        self._api_s = 0.0
        self._characters = 0
        self._cost_usd = 0.0
        self._last = Usage(0, 0)
        self._headers: dict[str, str] = {}
        self.allowance = Allowance()
        self.lines_added = self.lines_removed = 0

    def read(self, text: str) -> None:
        """Text that the model would have to read with each further answer."""
        self._characters += len(text)

    def estimate(self, answer: str) -> Usage:
        """Plausible figures for an answer: a token for four characters."""
        return Usage(BASE_TOKENS + self._characters // 4, max(len(answer) // 4, 1))

    def count(self, usage: Usage, seconds: float) -> None:
        """An answer was given."""
        self._last = usage
        self._api_s += seconds
        self._cost_usd += usage.input_tokens * USD_PER_INPUT + usage.output_tokens * USD_PER_OUTPUT

    def headers(self, values: Mapping[str, str]) -> None:
        """Headers of a good answer; they hold for the following ones too."""
        self._headers.update({name.lower(): value for name, value in values.items()})

    def facts(self) -> dict[str, object]:
        """The figures, named as the real program gives them to a status line."""
        used = self._last.input_tokens + self._last.output_tokens
        percentage = min(round(100 * used / WINDOW_TOKENS), 100)
        facts: dict[str, object] = {
            "version": VERSION,
            "cost": {
                "total_cost_usd": round(self._cost_usd, 6),
                "total_duration_ms": round(1000 * (time.monotonic() - self._begin_s)),
                "total_api_duration_ms": round(1000 * self._api_s),
                "total_lines_added": self.lines_added,
                "total_lines_removed": self.lines_removed,
            },
            "context_window": {
                "total_input_tokens": self._last.input_tokens,
                "total_output_tokens": self._last.output_tokens,
                "context_window_size": WINDOW_TOKENS,
                "current_usage": self._last.record,
                "used_percentage": percentage,
                "remaining_percentage": 100 - percentage,
            },
            "exceeds_200k_tokens": used > WINDOW_TOKENS,
        }
        limits = self._limits()
        return facts | {"rate_limits": limits} if limits else facts

    def _limits(self) -> dict[str, object]:
        limits: dict[str, object] = {}
        for name, short in SHORT.items():
            used = _number(self._headers.get(f"{PREFIX}{short}-utilization"))
            reset = _number(self._headers.get(f"{PREFIX}{short}-reset"))
            if used is not None:
                resets_at = None if reset is None else int(reset)
                limits[name] = {"used_percentage": round(100 * used), "resets_at": resets_at}
        return limits


def _number(text: str | None) -> float | None:
    try:
        return None if text is None else float(text)
    except ValueError:
        return None
