"""Waiting on conditions instead of sleeping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_S = 0.01


def wait_until(condition: Callable[[], T], *, timeout_s: float = 10.0, message: str = "") -> T:
    """The condition's first truthy value; AssertionError with `message` after `timeout_s`."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        if time.monotonic() >= deadline:
            said = message or getattr(condition, "__name__", "the condition")
            raise AssertionError(f"not within {timeout_s:g} s: {said} (last value: {value!r})")
        time.sleep(_PAUSE_S)
    return value
