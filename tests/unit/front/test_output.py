"""What people read."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.text import display_width
from ccpar_hybrid.front.cli import output
from ccpar_hybrid.front.cli.output import ago, count, print_table, span

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 ms"),
        (0.85, "850 ms"),
        (1, "1 s"),
        (12.4, "12 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3600, "1 h"),
        (7500, "2 h 5 min"),
        (86400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_a_span_has_at_most_two_units(seconds: float, text: str) -> None:
    assert span(seconds) == text


@given(st.floats(0, 1e9))
def test_no_unit_is_more_than_full(seconds: float) -> None:
    number, unit = span(seconds).split()[:2]
    assert int(number) < {"ms": 1000, "s": 60, "min": 60, "h": 24, "d": 10**9}[unit]


def test_times_are_told_from_now() -> None:
    assert ago(NOW - timedelta(minutes=3), NOW) == "3 min ago"
    assert ago(NOW + timedelta(hours=2), NOW) == "in 2 h"
    assert ago(NOW, NOW) == "now"
    assert ago(None) == ""


def test_one_is_not_many() -> None:
    assert [count(number, "worker") for number in (0, 1, 2)] == [
        "0 workers",
        "1 worker",
        "2 workers",
    ]


def test_wide_characters_keep_the_columns(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(["NAME", "N", "WHAT"], [["日本語", "1", "x"], ["fix", "200", "y"]], right=[1])
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["NAME      N  WHAT", "日本語    1  x", "fix     200  y"]


@given(
    st.lists(
        st.tuples(*[st.text(st.sampled_from("ab日é́ "), max_size=30)] * 3), min_size=1, max_size=5
    ),
    st.integers(40, 120),
)
def test_a_table_is_aligned_and_no_wider_than_its_first_columns_need(
    rows: list[tuple[str, str, str]], width: int
) -> None:
    lines: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(output, "terminal_width", lambda: width)
        patch.setattr("builtins.print", lines.append)
        print_table(["A", "B", "C"], rows)
    fixed = [max(display_width(row[column]) for row in [("A", "B"), *rows]) for column in (0, 1)]
    assert all(display_width(line) <= max(width, sum(fixed) + 4 + 8) for line in lines)


def test_columns_that_give_way_let_a_table_fit_a_narrow_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(output, "terminal_width", lambda: 40)
    row = ["a-label-of-some-length", "running", "2 min 3 s ago, took 5 s", "what it does now"]
    print_table(["TASK", "STATE", "WHEN", "DETAIL"], [row], giving=(0, 2))
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "a-label-…  running  2 min 3 s…  what it…"
    assert max(map(display_width, lines)) <= 40
