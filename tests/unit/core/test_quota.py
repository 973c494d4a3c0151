"""What is reckoned from readings: the end of a limit, the reserve, and the rate of use."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ccpar_hybrid.core.account import (
    AccountId,
    Limit,
    LimitNotice,
    Reading,
    Window,
    WindowName,
)
from ccpar_hybrid.core.quota import below_reserve, burn_rate, is_news, limit_after, runs_out_at
from ccpar_hybrid.core.settings import LimitSettings

NOW = datetime(2026, 5, 4, 9, 0, 30, tzinfo=UTC)
ME = AccountId("claude:login")
SETTINGS = LimitSettings()


def after(**span: float) -> datetime:
    return NOW + timedelta(**span)


def five_hour(used: float, resets_at: datetime | None) -> Window:
    return Window(name=WindowName.FIVE_HOUR, used_percent=used, resets_at=resets_at)


def seven_day(used: float, resets_at: datetime | None) -> Window:
    return Window(name=WindowName.SEVEN_DAY, used_percent=used, resets_at=resets_at)


def reading(window: Window, at: datetime = NOW) -> Reading:
    return Reading(account=ME, at=at, window=window)


def met(
    notice: LimitNotice | None, *windows: Window, before: Limit | None = None, now: datetime = NOW
) -> Limit:
    return limit_after(ME, notice, windows, before, now, SETTINGS)


def test_the_second_of_the_windows_reset_is_taken_before_the_minute_of_the_notice() -> None:
    reset = after(minutes=16, seconds=7)
    notice = LimitNotice(resets_at=reset.replace(second=0))
    limit = met(notice, seven_day(99, after(days=2)), five_hour(40, reset))
    assert (limit.until, limit.window, limit.is_known) == (reset, WindowName.FIVE_HOUR, True)


def test_a_notice_alone_means_the_end_of_its_minute() -> None:
    minute = datetime(2026, 5, 4, 9, 16, tzinfo=UTC)
    limit = met(LimitNotice(window=WindowName.SEVEN_DAY, resets_at=minute))
    assert (limit.until, limit.window) == (minute + timedelta(minutes=1), WindowName.SEVEN_DAY)


def test_the_window_that_is_used_up_tells_the_reset_where_no_notice_does() -> None:
    limit = met(None, five_hour(40, after(hours=1)), seven_day(100, after(days=3)))
    assert (limit.until, limit.window, limit.is_known) == (
        after(days=3),
        WindowName.SEVEN_DAY,
        True,
    )


def test_the_window_that_the_notice_names_is_taken_even_if_its_reading_is_low() -> None:
    notice = LimitNotice(window=WindowName.FIVE_HOUR)
    limit = met(notice, five_hour(60, after(hours=1)), seven_day(99, after(days=3)))
    assert limit.until == after(hours=1)


def test_windows_with_room_do_not_explain_a_refusal_so_a_pause_is_made() -> None:
    limit = met(None, five_hour(40, after(hours=3)))
    assert (limit.until, limit.is_known) == (after(seconds=SETTINGS.pause_s), False)


def test_the_pause_doubles_up_to_its_limit_and_anew_after_all_went_well() -> None:
    limit, now, pauses = None, NOW, []
    for _ in range(6):
        limit = met(None, before=limit, now=now)
        pauses.append((limit.until - now).total_seconds())
        now = limit.until
    assert pauses == [300, 600, 1200, 2400, 3600, 3600]
    assert met(None, before=None, now=now).until == now + timedelta(seconds=300)


def test_a_limit_met_right_after_its_reset_makes_a_short_pause() -> None:
    before = Limit(account=ME, since=after(hours=-1), until=after(seconds=-2))
    notice = LimitNotice(resets_at=(NOW - timedelta(minutes=2)).replace(second=0))
    limit = met(notice, five_hour(100, after(seconds=-2)), before=before)
    assert (limit.until, limit.is_known) == (after(seconds=15), False)


@given(used=some.floats(0, 200), seconds=some.integers(-10_000, 1_000_000))
def test_a_limit_never_ends_before_it_was_met(used: float, seconds: int) -> None:
    assert met(None, five_hour(used, after(seconds=seconds))).until > NOW


def test_with_less_than_the_reserve_left_the_window_is_named() -> None:
    short = five_hour(96, after(hours=1))
    assert below_reserve(
        [reading(short), reading(seven_day(20, after(days=1)))], SETTINGS, NOW
    ) == (short)
    assert below_reserve([reading(five_hour(95, after(hours=1)))], SETTINGS, NOW) is None


def test_a_reading_from_before_the_reset_keeps_no_reserve() -> None:
    assert below_reserve([reading(five_hour(100, after(seconds=-1)))], SETTINGS, NOW) is None
    old = reading(five_hour(100, None), after(seconds=-SETTINGS.pause_s))
    assert below_reserve([old], SETTINGS, NOW) is None


def test_of_two_short_windows_the_later_reset_counts() -> None:
    readings = [reading(seven_day(99, after(days=1))), reading(five_hour(99, after(hours=1)))]
    window = below_reserve(readings, SETTINGS, NOW)
    assert window is not None
    assert window.name is WindowName.SEVEN_DAY


@pytest.mark.parametrize(
    ("new", "news"),
    [
        (five_hour(41, after(hours=1)), True),
        (five_hour(40, after(hours=1)), False),
        (five_hour(12, after(hours=1)), False),
        (five_hour(2, after(hours=6)), True),
        (five_hour(90, after(hours=-4)), False),
        (five_hour(12, None), True),
    ],
)
def test_old_figures_of_an_idle_session_are_no_news(new: Window, news: bool) -> None:
    assert is_news(new, five_hour(40, after(hours=1))) is news


def test_the_rate_is_that_of_the_last_hour() -> None:
    reset = after(hours=2)
    readings = [
        reading(five_hour(99, after(hours=-3)), after(hours=-4)),
        reading(five_hour(10, reset), after(hours=-2)),
        reading(five_hour(20, reset), after(minutes=-30)),
        reading(five_hour(40, reset), after(minutes=-1)),
    ]
    assert burn_rate(readings, NOW) == pytest.approx(40)


def test_one_reading_gives_the_rate_since_the_window_began() -> None:
    assert burn_rate([reading(five_hour(60, after(hours=2)))], NOW) == pytest.approx(20)
    assert burn_rate([], NOW) is None
    assert burn_rate([reading(five_hour(60, None))], NOW) is None


def test_it_runs_out_only_if_no_reset_comes_first() -> None:
    window = five_hour(60, after(hours=2))
    assert runs_out_at(window, 40, NOW) == after(hours=1)
    assert runs_out_at(window, 10, NOW) is None
    assert runs_out_at(window, 0, NOW) is None
    assert runs_out_at(window, None, NOW) is None
