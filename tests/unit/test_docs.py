"""The documentation says what is so: settings, commands, links, and the picture."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from docs.drawing import CELL_WIDTH, MARGIN, svg

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def texts(drawn: str) -> list[tuple[str, float]]:
    root = ElementTree.fromstring(drawn)
    found = root.iter("{http://www.w3.org/2000/svg}text")
    return [(text.text or "", float(text.attrib["x"])) for text in found]


def test_each_word_of_a_screen_is_drawn_at_its_column() -> None:
    drawn = svg("ab \x1b[1;32mcd\x1b[0m  e\n漢字 f", 20, 2, "a <title>")
    assert texts(drawn) == [
        ("ab", 0.0),
        ("cd", round(3 * CELL_WIDTH, 4)),
        ("e", round(7 * CELL_WIDTH, 4)),
        ("漢字", 0.0),
        ("f", round(5 * CELL_WIDTH, 4)),
    ]


def test_a_screen_with_markup_and_escapes_is_drawn_as_text() -> None:
    drawn = svg("<script>&\x1b]0;title\x07\x1b[38;2;1;2;3mx\x1b[48;5;196m \x1b[m", 40, 1, "t")
    assert [text for text, _ in texts(drawn)] == ["<script>&", "x"]
    assert "#010203" in drawn
    assert "#ff0000" in drawn


def test_borders_are_drawn_as_lines() -> None:
    drawn = svg("┌─┐", 3, 1, "t")
    assert texts(drawn) == []
    assert "<path" in drawn
    assert f'width="{3 * CELL_WIDTH + 2 * MARGIN:g}"' in drawn


def test_the_picture_of_the_session_shows_every_state_and_no_path_of_its_maker() -> None:
    drawn = (DOCS / "images" / "session.svg").read_text(encoding="utf-8")
    shown = " ".join(text for text, _ in texts(drawn))
    for words in ("monitor", "waiting for you:", "working", "idle", "succeeded"):
        assert words in shown
    assert not re.search(r"/(tmp|home|root|Users)/", shown)
