"""What follows from readings of an account's windows: when to go on, and how long it lasts. Pure.

Times are aware; rates are percent of a window in an hour.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from ccpar_hybrid.core.account import AccountId, Limit, LimitNotice, Reading, Window, WindowName
from ccpar_hybrid.core.settings import LimitSettings

MINUTE = timedelta(minutes=1)
_SAME_RESET = timedelta(minutes=2)
_USED_UP_PERCENT = 95.0
_NEARLY_S = 15.0
"""The first pause where a limit is met right after its reset: clocks differ a little."""
_JUST = timedelta(minutes=2)
_LONG_ENOUGH = timedelta(minutes=5)
_RECENT = timedelta(hours=1)


def limit_after(
    account: AccountId,
    notice: LimitNotice | None,
    windows: Sequence[Window],
    before: Limit | None,
    now: datetime,
    settings: LimitSettings,
) -> Limit:
    """The limit that was met now. `before`: the last one, if nothing went well after its end.

    Its end is the reset that the notice and the windows tell, the exact second of a window
    before the notice's minute; without either it is a pause, longer each time.
    """
    notice = notice or LimitNotice()
    end = _noticed_end(notice, windows, now) or _windows_end(notice, windows, now)
    if end is not None:
        until, window = end
        return Limit(account=account, since=now, until=until, window=window)
    times = before.times + 1 if before and not before.is_known else 1
    first_s = _first_pause_s(before, now, settings)
    pause_s = min(first_s * 2.0 ** min(times - 1, 30), settings.pause_limit_s)
    return Limit(
        account=account,
        since=now,
        until=now + timedelta(seconds=pause_s),
        window=notice.window,
        is_known=False,
        times=times,
    )


def _first_pause_s(before: Limit | None, now: datetime, settings: LimitSettings) -> float:
    if before is not None and before.is_known and now - before.until < _JUST:
        return min(_NEARLY_S, settings.pause_s)
    return settings.pause_s


def _noticed_end(
    notice: LimitNotice, windows: Sequence[Window], now: datetime
) -> tuple[datetime, WindowName | None] | None:
    if notice.resets_at is None or notice.resets_at + MINUTE <= now:
        return None
    for window in _coming(windows, now):
        resets_at = window.resets_at
        if resets_at and notice.resets_at <= resets_at < notice.resets_at + MINUTE:
            return resets_at, window.name
    return notice.resets_at + MINUTE, notice.window


def _windows_end(
    notice: LimitNotice, windows: Sequence[Window], now: datetime
) -> tuple[datetime, WindowName | None] | None:
    """The fullest window that is named or nearly used up; others refuse for another reason."""
    if notice.resets_at is not None:
        return None
    fits = [
        window
        for window in _coming(windows, now)
        if window.name is notice.window or window.used_percent >= _USED_UP_PERCENT
    ]
    if not fits:
        return None
    fullest = max(fits, key=lambda window: (window.name is notice.window, window.used_percent))
    return (fullest.resets_at or now), fullest.name


def _coming(windows: Iterable[Window], now: datetime) -> list[Window]:
    return [each for each in windows if each.resets_at is not None and each.resets_at > now]


def below_reserve(
    readings: Iterable[Reading], settings: LimitSettings, now: datetime
) -> Window | None:
    """The window of which less than the reserve is left; the one with the latest reset first.

    A reading from before its window's reset says nothing; one without a time of reset counts
    for as long as a first pause.
    """
    short = [
        reading.window
        for reading in readings
        if _is_current(reading, settings, now)
        and 100 - reading.window.used_percent < settings.reserve_percent
    ]
    return max(short, key=lambda window: window.resets_at or now, default=None)


def _is_current(reading: Reading, settings: LimitSettings, now: datetime) -> bool:
    resets_at = reading.window.resets_at
    if resets_at is None:
        return now - reading.at < timedelta(seconds=settings.pause_s)
    return resets_at > now


def is_news(new: Window, old: Window | None) -> bool:
    """Whether a reading tells more than the last one.

    Several sessions tell of one account, and an idle one repeats old figures: within a window
    use only grows, and an earlier reset is that of a window that is over.
    """
    if old is None or new.resets_at is None or old.resets_at is None:
        return old != new
    if abs(new.resets_at - old.resets_at) < _SAME_RESET:
        return new.used_percent > old.used_percent
    return new.resets_at > old.resets_at


def burn_rate(readings: Sequence[Reading], now: datetime) -> float | None:
    """How fast a window is used: over the last hour, else since it began; None if unknown.

    `readings` are of one window, the oldest first; those of earlier windows are left out.
    """
    if not readings:
        return None
    last = readings[-1]
    same = [each for each in readings if _same_window(each.window, last.window)]
    recent = [each for each in same if now - each.at < _RECENT]
    if recent and now - recent[0].at >= _LONG_ENOUGH and len(recent) > 1:
        gained = last.window.used_percent - recent[0].window.used_percent
        return gained / _hours(now - recent[0].at)
    if last.window.resets_at is None or last.window.resets_at <= now:
        return None
    begun = last.window.resets_at - last.window.name.length
    return last.window.used_percent / _hours(now - begun) if now > begun else None


def _same_window(one: Window, other: Window) -> bool:
    if one.resets_at is None or other.resets_at is None:
        return one.resets_at == other.resets_at
    return abs(one.resets_at - other.resets_at) < _SAME_RESET


def runs_out_at(window: Window, percent_per_hour: float | None, now: datetime) -> datetime | None:
    """When it is used up at this rate; None where its reset comes first, or nothing is used."""
    if not percent_per_hour or percent_per_hour <= 0:
        return None
    left_hours = max(0.0, 100 - window.used_percent) / percent_per_hour
    if left_hours > 24 * 365:
        return None
    end = now + timedelta(hours=left_hours)
    return None if window.resets_at is not None and window.resets_at <= end else end


def _hours(span: timedelta) -> float:
    return max(span.total_seconds(), 1.0) / 3600
