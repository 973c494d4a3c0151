"""What Claude Code (2.1.197) tells of usage limits, as data. Pure.

The figures come from its status line, the notice from the record of the refused request; the
words of an agent or on a screen are never asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from ccpar_hybrid.core.account import LimitNotice, Window, WindowName

_NAMES = {"session limit": WindowName.FIVE_HOUR, "weekly limit": WindowName.SEVEN_DAY}
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_RESET = re.compile(
    r"resets (?:(?P<month>[A-Z][a-z]{2}) (?P<day>\d{1,2}),? (?:(?P<year>\d{4}),? )?(?:at )?)?"
    r"(?P<hour>1[0-2]|[1-9])(?::(?P<minute>\d{2}))?[\s\u202f]?(?P<half>[ap]m)"
    r"(?: \((?P<zone>[A-Za-z0-9_+/-]+)\))?",
    re.I,
)
_HOUR = timedelta(hours=1)


def windows_of(event: Mapping[str, Any]) -> tuple[Window, ...]:
    """The windows in a status line's JSON; none before the first good answer."""
    limits = event.get("rate_limits")
    if not isinstance(limits, dict):
        return ()
    found = (_window(name, limits.get(name.value)) for name in WindowName)
    return tuple(window for window in found if window is not None)


def _window(name: WindowName, given: object) -> Window | None:
    if not isinstance(given, dict):
        return None
    used = _number(given.get("used_percentage"))
    if used is None or not 0 <= used <= 1000:
        return None
    return Window(name=name, used_percent=used, resets_at=_time(given.get("resets_at")))


def _time(value: object) -> datetime | None:
    seconds = _number(value)
    try:
        return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def _number(value: object) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and value == value else None  # type: ignore[arg-type]


def notice_of(text: str, now: datetime) -> LimitNotice:
    """What the record of a refusal says of the limit; its time is cut to the minute."""
    window = next((name for words, name in _NAMES.items() if words in text), None)
    found = _RESET.search(text)
    return LimitNotice(window=window, resets_at=_reset(found, now) if found else None)


def _reset(found: re.Match[str], now: datetime) -> datetime | None:
    try:
        here = now.astimezone(_zone(found["zone"]))
        hour = int(found["hour"]) % 12 + (12 if found["half"].lower() == "pm" else 0)
        at = here.replace(hour=hour, minute=int(found["minute"] or 0), second=0, microsecond=0)
        return (_on_its_date(at, found) if found["month"] else _nearest(at, here)).astimezone(UTC)
    except (ValueError, KeyError, OSError, OverflowError):
        return None


def _zone(name: str | None) -> tzinfo | None:
    if name is None or name == "UTC":  # which is there without any time zone files
        return UTC if name else None
    return ZoneInfo(name)


def _on_its_date(at: datetime, found: re.Match[str]) -> datetime:
    """The text names the year only where it is not the present one."""
    month = _MONTHS.index(found["month"].lower()) + 1
    return at.replace(year=int(found["year"] or at.year), month=month, day=int(found["day"]))


def _nearest(at: datetime, here: datetime) -> datetime:
    """A time alone lies in the next 24 hours, or has just passed as the text was read."""
    if at < here - _HOUR:
        return at + 24 * _HOUR
    return at - 24 * _HOUR if at > here + 23 * _HOUR else at
