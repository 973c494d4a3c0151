"""Reads when a task may start: a span from now, or a time. Pure."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta

from ccpar_hybrid.core.errors import BadInput
from ccpar_hybrid.core.text import visible

SPANS = "spans are accepted: 90 (seconds), 30s, 10min, 2h, 1h30m, 1d"
MOMENTS = (
    "accepted are spans (90, 30s, 10min, 2h, 1h30m, 1d), times (16:00) and dates (2026-01-31 08:00)"
)
_UNITS_S = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_NAMES = {
    "sec": "s",
    "second": "s",
    "min": "m",
    "minute": "m",
    "hour": "h",
    "hr": "h",
    "day": "d",
    "week": "w",
}
_PART = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*")
_MOST = timedelta(days=3650)


def seconds(text: str) -> float:
    """A span such as `90`, `1h30m`; raises BadInput."""
    total, position = 0.0, 0
    lowered = text.strip().lower()
    while position < len(lowered):
        part = _PART.match(lowered, position)
        unit = _unit(part[2]) if part else None
        if part is None or unit is None or (not unit and len(part[0]) != len(lowered)):
            raise _refused(text, "span of time", SPANS)
        total += float(part[1]) * _UNITS_S[unit]
        position = part.end()
    if not lowered:
        raise _refused(text, "span of time", SPANS)
    if total > _MOST.total_seconds():
        raise BadInput(f"{visible(text, 40)!r} is too long", f"at most {_MOST.days} days")
    return total


def _refused(text: str, what: str, accepted: str) -> BadInput:
    return BadInput(f"{visible(text, 40)!r} is no {what}", accepted)


def _unit(word: str) -> str | None:
    word = _NAMES.get(word.removesuffix("s") if len(word) > 1 else word, word)
    return word if word in _UNITS_S else None


def not_before(text: str, now: datetime) -> datetime:
    """The moment that a delay names, aware; a time that is past is tomorrow's."""
    clock = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?", text.strip())
    if clock:
        moment = time(int(clock[1]), int(clock[2]), int(clock[3] or 0))
        today = datetime.combine(now.date(), moment)
        if _on_the_wall(today, now) > now:
            return _on_the_wall(today, now)
        return _on_the_wall(today + timedelta(days=1), now)
    if re.match(r"\s*\d{4}-", text):
        return _date(text, now)
    try:
        span_s = seconds(text)
    except BadInput as error:
        hint = MOMENTS if error.hint == SPANS else error.hint
        raise BadInput(error.message.replace("span of time", "time"), hint) from None
    return now + timedelta(seconds=span_s)


def _date(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        raise _refused(text, "date", MOMENTS) from None
    moment = moment if moment.tzinfo else _on_the_wall(moment, now)
    if moment < now:
        raise BadInput(f"{visible(text, 40)} is past", "give a moment to come")
    if moment - now > _MOST:
        raise BadInput(f"{visible(text, 40)} is too far", f"at most {_MOST.days} days from now")
    return moment


def _on_the_wall(moment: datetime, now: datetime) -> datetime:
    """What a clock on the wall means: its zone's offset is that of the day, not that of today."""
    local = moment.astimezone()
    is_here = now.utcoffset() == now.astimezone().utcoffset()
    return local if is_here else moment.replace(tzinfo=now.tzinfo)
