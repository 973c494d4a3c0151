"""Counts the tokens of Claude Code's answers (2.1.197), each once. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccpar_hybrid.core.outcome import Usage

_COUNTED = (
    "input_tokens",
    "output_tokens",
    "cache_read_input_tokens",
    "cache_creation_input_tokens",
)
_SYNTHETIC = "<synthetic>"
"""The program's own words in the place of an answer: errors, refusals."""

_Figures = tuple[int, int, int, int]
_NOTHING: _Figures = (0, 0, 0, 0)


class UsageCount:
    """An answer stands in one line for each of its blocks; the last one has the final figures."""

    def __init__(self) -> None:
        self._answers: dict[str, _Figures] = {}
        self._sums = _NOTHING

    def add(self, entry: Mapping[str, Any]) -> None:
        """Take in one line of a transcript; one that is no answer counts nothing."""
        message = entry.get("message")
        if entry.get("type") != "assistant" or not isinstance(message, dict):
            return
        usage, name = message.get("usage"), message.get("id")
        if not isinstance(usage, dict) or not isinstance(name, str):
            return
        if message.get("model") != _SYNTHETIC:
            self._set(name, _figures(usage))

    def _set(self, name: str, figures: _Figures) -> None:
        before = self._answers.get(name, _NOTHING)
        self._answers[name] = figures
        one, two, three, four = (
            total + new - old for total, new, old in zip(self._sums, figures, before, strict=True)
        )
        self._sums = (one, two, three, four)

    @property
    def total(self) -> Usage:
        """The sum over all answers; no transcript tells the cost."""
        return Usage(
            input_tokens=self._sums[0],
            output_tokens=self._sums[1],
            cache_read_tokens=self._sums[2],
            cache_write_tokens=self._sums[3],
        )


def _figures(usage: Mapping[str, Any]) -> _Figures:
    one, two, three, four = (_number(usage.get(name)) for name in _COUNTED)
    return one, two, three, four


def _number(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
