"""Text in terminal columns: its width, wrapped and cut. Standard library only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

TAB_COLUMNS = 4
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")


def clean(text: str) -> str:
    """The text with nothing in it that a terminal would obey but newlines; tabs become spaces."""
    plain = _ESCAPE.sub("", text).replace("\r\n", "\n").replace("\t", " " * TAB_COLUMNS)
    return _CONTROL.sub("", plain)


def columns(text: str) -> int:
    """How many columns of a terminal the text fills."""
    return len(text) if text.isascii() else sum(map(_columns_of, text))


def _columns_of(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def cut(text: str, width: int, mark: str = "…") -> str:
    """The text, ended by ``mark`` where it would fill more than ``width`` columns."""
    if columns(text) <= width:
        return text
    return _head(text, max(width - columns(mark), 0)) + mark


def _head(text: str, width: int) -> str:
    if text.isascii():
        return text[:width]
    used = 0
    for index, char in enumerate(text):
        used += _columns_of(char)
        if used > width:
            return text[:index]
    return text


def wrap(text: str, width: int) -> Iterator[str]:
    """The text's lines, none wider than ``width``: broken at spaces, long words anywhere."""
    for line in text.split("\n"):
        yield from _wrap_line(line, max(width, 2))


def _wrap_line(line: str, width: int) -> Iterator[str]:
    while columns(line) > width:
        head = _head(line, width)
        space = head.rfind(" ") if line[len(head)] != " " else len(head)
        end = space if head[:space].strip() and space > 0 else len(head)
        yield line[:end].rstrip(" ")
        line = line[end:].lstrip(" ") if end == space else line[end:]
    yield line
