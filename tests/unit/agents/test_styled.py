"""Lines with their styles, as tmux tells them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ccpar_hybrid.agents.styled import PLAIN, Style, styled_lines


def test_a_style_goes_on_into_the_next_line() -> None:
    first, second = styled_lines("\x1b[38;5;153mab\ncd\x1b[39me")
    assert first.is_all(Style("5;153"))
    assert second.styles == (Style("5;153"), Style("5;153"), PLAIN)


def test_attributes_and_colours_are_set_and_cleared() -> None:
    (line,) = styled_lines("\x1b[1;38;2;1;2;3;48;5;7ma\x1b[22;49mb\x1b[7mc\x1b[md\x1b[91;104me")
    bold = frozenset("1")
    assert line.styles == (
        Style("2;1;2;3", "5;7", bold),
        Style("2;1;2;3"),
        Style("2;1;2;3", None, frozenset("7")),
        PLAIN,
        Style("91", "104"),
    )


def test_blanks_count_only_by_what_shows_on_them() -> None:
    (line,) = styled_lines("a\x1b[31m \x1b[39mb\x1b[7m \x1b[27mc")
    assert line.is_all(PLAIN, 0, 3)
    assert not line.is_all(PLAIN)


def test_what_is_neither_printable_nor_a_style_makes_a_line_odd() -> None:
    screen = "a\x1b]0;t\x07b\na\x1b[2Ab\na\u200bb\na\tb\na\x1b(0b\nab"
    assert [line.odd for line in styled_lines(screen)] == [True, True, True, True, False, False]


def test_blank_lines_at_the_end_are_left_out() -> None:
    assert [line.text for line in styled_lines("a\n\n \x1b[39m \n")] == ["a"]


@given(st.text())
def test_any_text_has_one_style_for_each_character(text: str) -> None:
    assert all(len(line.text) == len(line.styles) for line in styled_lines(text))
