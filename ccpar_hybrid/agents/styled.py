"""Lines of a terminal with the style of every character, from `tmux capture-pane -p -e`. Pure.

tmux (3.3a) tells a style where it changes and lets it go on into the next line. Anything but
printable characters, styles and changes of the character set makes a line odd: no program's
screen needs it in a place that a reader would trust.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccpar_hybrid.core.text import display_width

_TOKEN = re.compile(
    r"\x1b\[(?P<style>[0-9;:]*)m|(?P<set>\x1b[()][0B]|[\x0e\x0f])"
    r"|(?P<text>[^\x1b\x0e\x0f]+)|(?P<odd>\x1b)"
)
_PALETTE, _TRUE = "5", "2"
_SEEN_ON_BLANKS = frozenset(("4", "7", "9", "53"))
_CLEARS = {
    "22": ("1", "2"),
    "23": ("3",),
    "24": ("4",),
    "25": ("5",),
    "27": ("7",),
    "28": ("8",),
    "29": ("9",),
    "55": ("53",),
}


@dataclass(frozen=True)
class Style:
    """Colours as tmux tells them (`5;153` of the palette), None: the terminal's own; and marks."""

    colour: str | None = None
    background: str | None = None
    marks: frozenset[str] = frozenset()
    """Numbers of the attributes that are on: 1 bold, 2 dim, 3 italic, 7 reversed, 8 hidden, …"""


PLAIN = Style()


@dataclass(frozen=True)
class StyledLine:
    """A line without the blanks at its end; `styles` has one entry for each character."""

    text: str
    styles: tuple[Style, ...]
    odd: bool = False
    """Something stands in it that is neither printable nor a style."""

    @property
    def width(self) -> int:
        """How many columns it takes."""
        return display_width(self.text)

    def is_all(self, style: Style, first: int = 0, last: int | None = None) -> bool:
        """Whether all characters from `first` to before `last` have this style.

        Of a blank only what shows on it counts.
        """
        part = slice(first, last)
        pairs = zip(self.text[part], self.styles[part], strict=True)
        return all(_looks(char, found, style) for char, found in pairs)


def _looks(char: str, found: Style, style: Style) -> bool:
    if char != " ":
        return found == style
    return found.background == style.background and not found.marks & _SEEN_ON_BLANKS


def styled_lines(screen: str) -> list[StyledLine]:
    """The lines of a screen, without the blank ones at its end."""
    style = PLAIN
    found: list[StyledLine] = []
    for raw in screen.split("\n"):
        line, style = _line(raw, style)
        found.append(line)
    while found and not found[-1].text and not found[-1].odd:
        found.pop()
    return found


def _line(raw: str, style: Style) -> tuple[StyledLine, Style]:
    chars = ""
    styles: list[Style] = []
    odd = False
    for token in _TOKEN.finditer(raw):
        if token["style"] is not None:
            style = _changed(style, token["style"])
        elif token["text"] is not None:
            chars += token["text"]
            styles += [style] * len(token["text"])
            odd = odd or not token["text"].isprintable()
        else:
            odd = odd or token["odd"] is not None
    text = chars.rstrip(" ")
    return StyledLine(text, tuple(styles[: len(text)]), odd), style


def _changed(style: Style, numbers: str) -> Style:
    """The style after one sequence; colours other than of tmux's own spelling are kept apart."""
    colour, background, marks = style.colour, style.background, set(style.marks)
    rest = [number or "0" for number in numbers.split(";")]
    while rest:
        number = rest.pop(0)
        if number == "0":
            colour, background, marks = None, None, set()
        elif number in ("38", "48"):
            value = _colour(rest)
            colour, background = (value, background) if number == "38" else (colour, value)
        elif number == "39":
            colour = None
        elif number == "49":
            background = None
        elif number in _CLEARS:
            marks.difference_update(_CLEARS[number])
        elif len(number) == 2 and number[0] in "39" and number != "9":
            colour = number
        elif (len(number) == 2 and number[0] == "4") or (len(number) == 3 and number[0] == "1"):
            background = number
        else:
            marks.add(number)
    return Style(colour, background, frozenset(marks))


def _colour(rest: list[str]) -> str:
    """Takes the numbers of a palette's or a true colour off the list."""
    count = {_PALETTE: 2, _TRUE: 4}.get(rest[0] if rest else "", 1)
    taken = ";".join(rest[:count])
    del rest[:count]
    return taken
