"""Text from tasks and agents made safe and short enough to show on one line.

Light on purpose: workers and the shim's neighbours import it. Widths are terminal cells by the
Unicode tables of this Python; characters of ambiguous width count as one cell, as in tmux.
"""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"
_UNSHOWABLE = "\ufffd"
_MARKS_PER_CELL = 4
_PICTURES = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\u2421",
    0x85: "\u2424",
    0x2028: "\u2424",
    0x2029: "\u2424",
    # C1 controls act as ESC sequences in some terminals.
    **{code: _UNSHOWABLE for code in range(0x80, 0xA0) if code != 0x85},
    # These reorder the text around them, so a label could read as something else.
    **dict.fromkeys((0x061C, 0x200E, 0x200F, 0xFEFF), _UNSHOWABLE),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), _UNSHOWABLE),
}


def visible(text: str, limit: int) -> str:
    """The text on one line of at most `limit` cells, with nothing in it that acts.

    Control characters become their Unicode pictures (newline `␊`, escape `␛`), bytes that were
    no UTF-8 and controls of writing direction become `�`, and what is too long ends in `…`.
    Printable text that fits comes back as it is.
    """
    # Nothing behind this can show, and a label of megabytes should cost nothing.
    head = text[: limit * (_MARKS_PER_CELL + 1) + 1]
    return cut(_without_surrogates(head.translate(_PICTURES)), limit)


def first_line(text: str, width: int) -> str:
    """The first line that has something on it, made visible and cut to `width` cells."""
    for line in text.splitlines():
        shown = " ".join(line.split())
        if shown:
            return visible(shown, width)
    return ""


def cut(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` cells; ends in `…` where something was left off."""
    if text.isascii() and len(text) <= limit:
        return text
    used = kept = 0
    for position, character in enumerate(text):
        used += cell_width(character)
        if used > limit or position >= limit * (_MARKS_PER_CELL + 1):
            return text[:kept] + ELLIPSIS if limit > 0 else ""
        if used < limit:
            kept = position + 1
    return text


def display_width(text: str) -> int:
    """How many cells the text takes in a terminal."""
    return len(text) if text.isascii() else sum(map(cell_width, text))


def cell_width(character: str) -> int:
    """Cells of one character: 0 for marks and joiners, 2 for wide ones, else 1."""
    if character.isascii():
        return 1
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _without_surrogates(text: str) -> str:
    if text.isascii():
        return text
    return "".join(_UNSHOWABLE if "\ud800" <= c <= "\udfff" else c for c in text)
