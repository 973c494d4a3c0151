"""When a task may start, as people write it."""

import time
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.app.delay import not_before, seconds
from ccpar_hybrid.core.errors import BadInput

NOW = datetime(2026, 1, 31, 12, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "span_s"),
    [
        ("90", 90),
        ("0", 0),
        (" 30 s ", 30),
        ("10min", 600),
        ("2 hours", 7200),
        ("1h30m", 5400),
        ("1h 30m 5s", 5405),
        ("1.5h", 5400),
        ("1d", 86400),
        ("2W", 1209600),
    ],
)
def test_spans_are_read(text: str, span_s: float) -> None:
    assert seconds(text) == span_s


@pytest.mark.parametrize(
    "text", ["", " ", "-5", "5x", "h", "1h-2m", "ten", "1e3", "99999d", "9" * 400, "nan", "inf"]
)
def test_what_is_no_span_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("16:00", datetime(2026, 1, 31, 16, 0, tzinfo=UTC)),
        ("9:05", datetime(2026, 2, 1, 9, 5, tzinfo=UTC)),
        ("12:00:31", datetime(2026, 1, 31, 12, 0, 31, tzinfo=UTC)),
        ("12:00:30", datetime(2026, 2, 1, 12, 0, 30, tzinfo=UTC)),
        ("2026-02-01 08:00", datetime(2026, 2, 1, 8, 0, tzinfo=UTC)),
        ("2026-02-01T08:00+02:00", datetime(2026, 2, 1, 6, 0, tzinfo=UTC)),
        ("90", NOW + timedelta(seconds=90)),
    ],
)
def test_moments_are_read(text: str, moment: datetime) -> None:
    assert not_before(text, NOW) == moment


@pytest.mark.parametrize("text", ["2026-01-31 12:00", "2026-13-01", "24:00", "12:60", "soon", ""])
def test_what_is_no_moment_to_come_is_refused(text: str) -> None:
    with pytest.raises(BadInput):
        not_before(text, NOW)


@given(st.text())
def test_any_text_is_a_moment_or_is_refused(text: str) -> None:
    try:
        moment = not_before(text, NOW)
    except BadInput:
        return
    assert moment >= NOW
    assert moment.tzinfo is not None


def test_a_date_across_the_change_to_summer_time_means_the_clock_on_the_wall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        winter = datetime(2026, 1, 31, 12, 0).astimezone()
        assert not_before("2026-07-01 08:00", winter) == datetime(2026, 7, 1, 6, tzinfo=UTC)
        eve = datetime(2026, 3, 28, 20, 0).astimezone()
        assert not_before("16:00", eve) == datetime(2026, 3, 29, 14, tzinfo=UTC)
    finally:
        monkeypatch.undo()
        time.tzset()
