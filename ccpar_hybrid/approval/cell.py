"""The letters of a word on their way through bash's expansions."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from enum import StrEnum

from ccpar_hybrid.approval.arg import Arg, Form

MOST_FIELDS = 256
_WILD = ("*", "?", "[")
_ESCAPES = {
    "n": "\n", "t": "\t", "\\": "\\", "'": "'", '"': '"', "?": "?", "a": "\a", "b": "\b",
    "e": "\x1b", "E": "\x1b", "f": "\f", "r": "\r", "v": "\v",
}  # fmt: skip
_CODED = re.compile(
    r"\\(?:x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{1,4})|U([0-9a-fA-F]{1,8})|([0-7]{1,3})|c(.)|(.))",
    re.DOTALL,
)


class Mode(StrEnum):
    """How a letter came into the word."""

    PLAIN = "plain"  # written without quotes
    QUOTED = "quoted"
    VALUE = "value"  # of a variable without quotes: split and globbed, nothing else


@dataclass(frozen=True, slots=True)
class Cell:
    """A letter, a hole of which only `hole` is known, or the end of a field (`text` None).

    `is_number`: some number stands there, for which `text` is `0`.
    """

    text: str | None
    mode: Mode
    hole: Arg | None = None
    is_number: bool = False

    @property
    def is_wild(self) -> bool:
        """Whether other letters may stand in its place."""
        return self.is_number or (self.mode is not Mode.QUOTED and (self.text or "") in _WILD)


END = Cell(None, Mode.QUOTED)


def letters(text: str, mode: Mode) -> list[Cell]:
    """One cell a letter; an empty quoted text leaves a mark, for it makes a field."""
    if not text and mode is Mode.QUOTED:
        return [Cell("", mode)]
    return [Cell(letter, mode) for letter in text]


def ansi(text: str) -> str | None:
    """The text of `$'…'`; None for bytes that are no ASCII, which depend on the locale."""
    found = []
    position = 0
    while position < len(text):
        match = _CODED.match(text, position) if text[position] == "\\" else None
        if match is None:
            found.append(text[position])
            position += 1
            continue
        letter = _decoded(match)
        if letter is None:
            return None
        if letter == "\0":
            break
        found.append(letter)
        position = match.end()
    return "".join(found)


def _decoded(match: re.Match[str]) -> str | None:
    hexadecimal, short, long, octal, control, plain = match.groups()
    if plain is not None:
        return _ESCAPES.get(plain, "\\" + plain)
    if control is not None:
        return chr(ord(control) & 0x1F)
    if short or long:
        code = int(short or long, 16)
        return chr(code) if code < 0xD800 else None
    code = int(hexadecimal, 16) if hexadecimal else int(octal, 8) & 0xFF
    return chr(code) if code < 0x80 else None


def braced(cells: list[Cell]) -> list[list[Cell]] | None:
    """All words that brace expansion makes; None where that cannot be told."""
    start = _opening(cells)
    if start is None:
        return [cells]
    end, commas = start
    first = end[0]
    inner = cells[first + 1 : end[1]]
    if any(cell.hole for cell in inner):
        return None
    if not commas and any(cell.mode is not Mode.PLAIN for cell in inner):
        return _behind(cells, end[1])
    if commas:
        bounds = [first, *commas, end[1]]
        middles = [cells[a + 1 : b] for a, b in itertools.pairwise(bounds)]
    else:
        sequence = _sequence("".join(cell.text or "" for cell in inner))
        if sequence is None:
            return None
        middles = [letters(text, Mode.PLAIN) for text in sequence]
    found: list[list[Cell]] = []
    for middle in middles:
        words = braced(cells[:first] + middle + cells[end[1] + 1 :])
        if words is None or len(found) + len(words) > MOST_FIELDS:
            return None
        found += words
    return found


def _behind(cells: list[Cell], end: int) -> list[list[Cell]] | None:
    """Up to there nothing expands, for a sequence is read before quotes and parameters are."""
    rest = braced(cells[end + 1 :])
    return None if rest is None else [cells[: end + 1] + each for each in rest]


def _opening(cells: list[Cell]) -> tuple[tuple[int, int], list[int]] | None:
    """The first brace that expands: where it stands, where it ends, and its commas."""
    for start, cell in enumerate(cells):
        if cell.text != "{" or cell.mode is not Mode.PLAIN:
            continue
        depth, commas, dots = 0, [], 0
        for position in range(start, len(cells)):
            text = cells[position].text if cells[position].mode is Mode.PLAIN else ""
            depth += (text == "{") - (text == "}")
            if text == "," and depth == 1:
                commas.append(position)
            dots += text == "." and depth == 1 and cells[position - 1].text == "."
            if depth == 0:
                if commas or dots:
                    return (start, position), commas
                break
    return None


def _sequence(text: str) -> list[str] | None:
    found = re.fullmatch(r"(-?\d{1,6}|[A-Za-z])\.\.(-?\d{1,6}|[A-Za-z])(?:\.\.(-?\d{1,4}))?", text)
    if found is None:
        return None
    first, last = found[1], found[2]
    step = abs(int(found[3] or 1)) or 1
    if first.lstrip("-").isdigit() != last.lstrip("-").isdigit():
        return None
    numbers = first.lstrip("-").isdigit()
    begin, end = (int(first), int(last)) if numbers else (ord(first), ord(last))
    if abs(end - begin) // step > MOST_FIELDS:
        return None
    span = range(begin, end + 1, step) if begin <= end else range(begin, end - 1, -step)
    if not numbers:  # what is no letter between Z and a depends on the shell
        return [chr(n) for n in span] if first.islower() == last.islower() else None
    padded = any(re.match(r"-?0\d", text) for text in (first, last))
    width = max(len(first), len(last)) if padded else 0
    return [str(n).zfill(width) for n in span]


def fields(cells: list[Cell]) -> list[list[Cell]]:
    """The word cut where a variable's value has blanks, and where an array's elements end."""
    found: list[list[Cell]] = [[]]
    for cell in cells:
        if (cell.text is None and cell.hole is None) or (
            cell.mode is Mode.VALUE and cell.text is not None and cell.text in " \t\n"
        ):
            found.append([])
        else:
            found[-1].append(cell)
    return [each for each in found if each]


def arg(cells: list[Cell], *, globs: bool = True) -> Arg:
    """What is known of one field."""
    place = next((n for n, cell in enumerate(cells) if cell.hole), None)
    if place is not None:
        return _with_hole(cells, place)
    if globs and _is_pattern(cells):
        return Arg(_pattern(cells), Form.GLOB, several=True)
    text = "".join(cell.text or "" for cell in cells)
    return Arg(text, Form.NUMBERED if any(cell.is_number for cell in cells) else Form.EXACT)


def _is_pattern(cells: list[Cell]) -> bool:
    active = "".join((cell.text or "") if cell.mode is not Mode.QUOTED else "\0" for cell in cells)
    return "*" in active or "?" in active or bool(re.search(r"\[.*\]", active, re.DOTALL))


def _pattern(cells: list[Cell]) -> str:
    return "".join(_escaped(cell) for cell in cells)


def _escaped(cell: Cell) -> str:
    text = cell.text or ""
    if cell.is_number:
        return "[-0-9]*"
    return f"[{text}]" if cell.mode is Mode.QUOTED and text and text in "*?[" else text


def _with_hole(cells: list[Cell], place: int) -> Arg:
    hole = cells[place].hole
    assert hole is not None
    before, after = cells[:place], cells[place + 1 :]
    known = itertools.takewhile(lambda cell: not cell.is_wild, before)
    prefix = "".join(cell.text or "" for cell in known)
    is_whole = not any(cell.is_wild for cell in (*before, *after))
    loose = hole.loose or cells[place].mode is not Mode.QUOTED
    if hole.form is Form.MANY or any(_may_be_cut(cell) for cell in after):
        return Arg(prefix, Form.MANY)
    if not any(cell.hole for cell in after):
        suffix = "".join(cell.text or "" for cell in after)
        if hole.form is Form.GLOB and ".." not in suffix:
            several = loose or hole.several or _is_pattern(before) or _is_pattern(after)
            text = _pattern(before) + hole.text + _pattern(after)
            return Arg(text, Form.GLOB, loose, several=several)
        if (
            hole.form is Form.INSIDE
            and is_whole
            and (path := _inside(prefix, hole.text, suffix)) is not None
        ):
            return Arg(
                path, Form.INSIDE, loose, "" if suffix else hole.names, loose or hole.several
            )
    several = loose or _is_pattern(before) or _is_pattern(after)
    return Arg(prefix, Form.MANY if several else Form.OPEN)


def _may_be_cut(cell: Cell) -> bool:
    """Whether it may end the word, or begin another one."""
    return cell.hole is not None and (cell.mode is not Mode.QUOTED or cell.hole.is_several)


def _inside(prefix: str, base: str, suffix: str) -> str | None:
    """What a path below `base` becomes with something before and after it; None: unknown."""
    absolute = base.startswith("/")
    if (prefix and (absolute or ".." in base or not prefix.endswith("/"))) or ".." in suffix:
        return None
    if not suffix or suffix.startswith("/"):
        return prefix + base
    if re.fullmatch(r"\.?[\w-]+(\.\w+)*", suffix) and not absolute and base not in (".", ""):
        return prefix + base
    return None
