"""What Claude Code says of a limit's reset, in every way in which it writes a time."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as some

from ccpar_hybrid.agents.claude_limit import notice_of, windows_of
from ccpar_hybrid.core.account import LimitNotice, WindowName

NOW = datetime(2026, 11, 21, 9, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "month", "day", "hour", "minute"),
    [
        ("9:16am (UTC)", 11, 21, 9, 16),
        ("9:16\u202fAM (UTC)", 11, 21, 9, 16),
        ("1pm (UTC)", 11, 21, 13, 0),
        ("12:05am (UTC)", 11, 22, 0, 5),
        ("12:05pm (UTC)", 11, 21, 12, 5),
        ("9:09am (UTC)", 11, 21, 9, 9),
        ("8am (UTC)", 11, 22, 8, 0),
        ("10:20am (Europe/Berlin)", 11, 21, 9, 20),
        ("2am (America/Los_Angeles)", 11, 21, 10, 0),
        ("Nov 24, 9am (UTC)", 11, 24, 9, 0),
        ("Nov 24, 2026, 9:30pm (UTC)", 11, 24, 21, 30),
    ],
)
def test_the_reset_is_read_to_the_minute(
    said: str, month: int, day: int, hour: int, minute: int
) -> None:
    notice = notice_of(f"You've hit your session limit · resets {said}", NOW)
    assert notice.resets_at == datetime(2026, month, day, hour, minute, tzinfo=UTC)


def test_right_after_midnight_a_time_before_it_has_just_passed() -> None:
    now = datetime(2026, 11, 22, 0, 1, tzinfo=UTC)
    notice = notice_of("You've hit your session limit · resets 11:59pm (UTC)", now)
    assert notice.resets_at == datetime(2026, 11, 21, 23, 59, tzinfo=UTC)


def test_the_next_year_is_named() -> None:
    notice = notice_of("You've hit your weekly limit · resets Jan 2, 2027, 9am (UTC)", NOW)
    assert notice.resets_at == datetime(2027, 1, 2, 9, tzinfo=UTC)
    assert notice.window is WindowName.SEVEN_DAY


@pytest.mark.parametrize(
    "text",
    [
        "",
        "API Error: Request rejected (429) · slow down",
        "resets soon",
        "resets 25pm (Nowhere/Land)",
        "resets Feb 31, 9am (UTC)",
        "resets Xyz 1, 9am (UTC)",
        "resets 13pm (UTC)",
    ],
)
def test_what_tells_no_time_is_no_reason_to_guess_one(text: str) -> None:
    assert notice_of(text, NOW) == LimitNotice()


@given(some.text(alphabet="resets0123456789:apm ()/UTCJan,·"))
def test_any_text_is_read_without_an_error(text: str) -> None:
    notice_of(f"resets {text}", NOW)


@given(
    some.dictionaries(
        some.sampled_from(["five_hour", "seven_day"]),
        some.none()
        | some.dictionaries(
            some.sampled_from(["used_percentage", "resets_at"]),
            some.none() | some.floats() | some.integers() | some.text() | some.booleans(),
        ),
    )
)
def test_any_figures_are_read_without_an_error(limits: object) -> None:
    for window in windows_of({"rate_limits": limits}):
        assert 0 <= window.used_percent <= 1000
