"""The frame of a dialog of Claude Code (2.1.197): rule, title, body, options, footer. Pure.

A text that an agent prints can look like anything above the dialog, and in some dialogs also
inside it, colours included: what is asked of a person (2.1.197) may set its own. What no text
reaches is the end of the screen. So a frame is read from its foot upward, and of everything
the place, the words and the colours must be those of the program.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccpar_hybrid.agents.prompt import Meaning, Option
from ccpar_hybrid.agents.styled import PLAIN, Style, StyledLine

ACCENT = Style("5;153")
GREY = Style("5;246")
BOLD = Style(marks=frozenset("1"))
LEAST_COLUMNS = 40
_ITALIC_GREY = Style("5;246", marks=frozenset("3"))
_RULE = re.compile("─+")
_OPTION = re.compile(r"( +)(❯| ) ([1-9])\. (\S.*)")
_MOST_ROWS_OF_LABEL = 4

_CONFIRM = "Enter to confirm · Esc to cancel"
AMEND = " Esc to cancel · Tab to amend"
EXPLAIN = AMEND + " · ctrl+e to explain"
FOOTERS = {
    AMEND: GREY,
    EXPLAIN: GREY,
    f" {_CONFIRM}": GREY,
    f"  {_CONFIRM}": _ITALIC_GREY,
}


@dataclass(frozen=True)
class Frame:
    """A dialog in its place at the end of the screen.

    `rule` is the style of the line above it, `body` what stands between that and the options, its
    title first. `indent` is that of the options.
    """

    rule: Style
    columns: int
    body: tuple[StyledLine, ...]
    options: tuple[Option, ...]
    indent: int
    footer: str
    shown: tuple[str, ...]


def is_rule(line: StyledLine, columns: int = 0) -> bool:
    """A line of the program's own across the pane, in one style."""
    wide = len(line.text) >= LEAST_COLUMNS and columns in (0, len(line.text))
    return (
        wide
        and _RULE.fullmatch(line.text) is not None
        and not line.odd
        and line.styles[0].background is None
        and not line.styles[0].marks
        and line.is_all(line.styles[0])
    )


def read_frame(lines: list[StyledLine]) -> Frame | None:
    """The dialog at the end of the screen; None where it is not surely one, or has no top."""
    footer, end = _footer(lines)
    found = _options(lines, end)
    if found is None:
        return None
    first, options, indent = found
    columns = max((len(line.text) for line in lines if is_rule(line)), default=0)
    top = next((n for n in range(first - 1, -1, -1) if is_rule(lines[n], columns)), None)
    if top is None or top + 1 >= first or (top and lines[top - 1].text):
        return None
    if any(is_rule(line) and line.styles[0] == lines[top].styles[0] for line in lines[:top]):
        return None  # the program draws one dialog at a time
    if any(line.odd or line.width > columns for line in lines[top:]):
        return None
    return Frame(
        rule=lines[top].styles[0],
        columns=columns,
        body=tuple(lines[top + 1 : first]),
        options=options,
        indent=indent,
        footer=footer,
        shown=tuple(line.text for line in lines[top:]),
    )


def _footer(lines: list[StyledLine]) -> tuple[str, int]:
    """The last line, if it is a footer with a blank line above it, and where the options end."""
    if len(lines) < 3 or lines[-2].text:
        return "", len(lines)
    style = FOOTERS.get(lines[-1].text)
    if style is None or not lines[-1].is_all(style):
        return "", len(lines)
    return lines[-1].text, len(lines) - 2


def _options(lines: list[StyledLine], end: int) -> tuple[int, tuple[Option, ...], int] | None:
    """The options that end before `end`: the place of the first, all of them, their indent."""
    found: list[Option] = []
    rest: list[StyledLine] = []
    indents: set[int] = set()
    for number in range(end - 1, -1, -1):
        match = _OPTION.fullmatch(lines[number].text)
        if match is None:
            rest.insert(0, lines[number])
            if not lines[number].text or len(rest) >= _MOST_ROWS_OF_LABEL:
                return None
            continue
        option = _option(match, lines[number], rest)
        if option is None or (found and option.number != found[0].number - 1):
            return None
        found.insert(0, option)
        indents.add(len(match[1]))
        rest = []
        if option.number == 1:
            sure = sum(each.chosen for each in found) == 1 and len(indents) == 1
            return (number, tuple(found), indents.pop()) if sure else None
    return None


def _option(match: re.Match[str], line: StyledLine, rest: list[StyledLine]) -> Option | None:
    """One option with the rows that its label goes on in; None if it is not drawn as one."""
    chosen = match[2] == "❯"
    label = match.start(4)
    colour = ACCENT.colour if chosen else None
    if chosen and line.styles[match.start(2)] != ACCENT:
        return None
    if not line.is_all(GREY, match.start(3), label - 1):
        return None
    below = [
        row for row in rest if row.text[:label].strip(" ") or not _is_label(row, label, colour)
    ]
    if below or not _is_label(line, label, colour):
        return None
    words = [match[4], *(row.text[label:] for row in rest)]
    text = " ".join(words)
    return Option(int(match[3]), text, meaning(text), chosen)


def _is_label(line: StyledLine, first: int, colour: str | None) -> bool:
    part = zip(line.text[first:], line.styles[first:], strict=True)
    return all(
        char == " "
        or (style.colour == colour and style.background is None and style.marks <= {"1"})
        for char, style in part
    )


_ALWAYS = re.compile(
    r"Yes, (?:and always allow|and don['\u2019]t ask again|allow all edits|allow reading from) \S"
)
_NO = ("No", "No, and tell Claude what to do differently (esc)")


def meaning(label: str) -> Meaning:
    """What an option of a permission does; only words that are known exactly mean anything."""
    if label == "Yes":
        return Meaning.ONCE
    if label in _NO:
        return Meaning.NO
    return Meaning.ALWAYS if _ALWAYS.match(label) else Meaning.OTHER


def is_permission(options: tuple[Option, ...]) -> bool:
    """Yes first, no last, and what holds for longer between them."""
    meanings = [option.meaning for option in options]
    return (
        len(meanings) >= 2
        and meanings[0] is Meaning.ONCE
        and meanings[-1] is Meaning.NO
        and all(each is Meaning.ALWAYS for each in meanings[1:-1])
    )


def is_plain(line: StyledLine, indent: int) -> bool:
    """Printable ASCII in the terminal's own style, at this indent and no other."""
    return starts_at(line, indent) and line.text.isascii() and line.is_all(PLAIN)


def starts_at(line: StyledLine, indent: int) -> bool:
    """Whether its first character that is no blank stands in this column."""
    return len(line.text) > indent and line.text[:indent].isspace() and line.text[indent] != " "
