"""Hostile and long text becomes showable, and nothing else is lost."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.core.text import cut, display_width, first_line, visible

ANY_TEXT = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("fix the parser", "fix the parser"),
        ("#(touch x) #{pane_id} #[fg=red];", "#(touch x) #{pane_id} #[fg=red];"),
        ("a\x1b[31mb", "a␛[31mb"),
        ("one\ntwo\r\n\tthree\0", "one␊two␍␊␉three␀"),
        ("del\x7f", "del␡"),
        ("c1\x9b31m", "c1�31m"),
        ("not utf-8 \udcff", "not utf-8 �"),
        ("right \u202eto left", "right �to left"),
        ("línea 日本語 👩‍💻", "línea 日本語 👩‍💻"),
    ],
)
def test_text_is_shown_as_it_is_but_for_what_would_act(text: str, shown: str) -> None:
    assert visible(text, 80) == shown


def test_what_is_cut_says_so_and_fills_the_width() -> None:
    assert visible("abcdef", 6) == "abcdef"
    assert visible("abcdefg", 6) == "abcde…"
    assert visible("日本語日本語", 6) == "日本…"
    assert display_width("日本…") == 5


def test_a_flood_of_marks_is_cut_although_it_has_no_width() -> None:
    assert len(visible("a" + "\u0301" * 5000, 10)) <= 51


def test_the_first_line_that_says_something_is_taken() -> None:
    assert first_line("\n  \n  Fix\tthe   parser  \nand more", 80) == "Fix the parser"
    assert first_line("  \n\t\n", 80) == ""
    assert first_line("", 80) == ""


@given(ANY_TEXT, st.integers(0, 40))
def test_nothing_that_is_shown_acts_or_is_too_wide(text: str, limit: int) -> None:
    shown = visible(text, limit)
    assert display_width(shown) <= limit
    assert not [c for c in shown if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]
    assert visible(shown, limit) == shown


@given(ANY_TEXT, st.integers(1, 40))
def test_a_cut_text_begins_as_the_whole_does(text: str, limit: int) -> None:
    shown = cut(text, limit)
    assert shown == text or text.startswith(shown.removesuffix("…"))
