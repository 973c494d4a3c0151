"""Bash's expansions, as far as they can be told before the command runs.

Order as in bash: braces, tilde, parameters and substitutions, splitting, file names.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import replace

from ccpar_hybrid.approval.arg import UNKNOWN, WORDS, Arg, Form, exact
from ccpar_hybrid.approval.cell import END, Cell, Mode, ansi, arg, braced, fields, letters
from ccpar_hybrid.approval.host import Host
from ccpar_hybrid.approval.parameter import (
    arithmetic,
    check_quotes,
    elements,
    parameter,
    without_word,
)
from ccpar_hybrid.approval.state import State
from ccpar_hybrid.approval.syntax import Node

MOST_READINGS = 64
_INSTEAD = ("-", ":-", "+", ":+")
_Readings = list[list[Cell]]


def argvs(host: Host, words: Iterable[Node], state: State) -> list[tuple[Arg, ...]]:
    """All that the words may become, one tuple of arguments for each combination."""
    found: list[tuple[Arg, ...]] = [()]
    for word in words:
        readings = list(dict.fromkeys(expanded(host, word, state)))
        if len(found) * len(readings) > MOST_READINGS:
            readings = [(WORDS,)]
        found = [head + tail for head in found for tail in readings]
    return found


def expanded(host: Host, word: Node, state: State) -> list[tuple[Arg, ...]]:
    """All lists of arguments that one word may become."""
    found: list[tuple[Arg, ...]] = []
    for cells in _readings(host, word.get("Parts") or [], state):
        words = braced(cells)
        if words is None or (len(words) > 1 and _make_names(word.get("Parts") or [])):
            found.append((WORDS,))
            continue
        args = [arg(field) for each in words for field in fields(_tilde(host, each, state))]
        found.append(tuple(args))
    return found


def _make_names(parts: list[Node]) -> bool:
    """Whether braces make other names of a variable's: `$x{a,b}` is `$xa $xb`."""
    return any(
        one["Type"] == "ParamExp"
        and one.get("Short")
        and other["Type"] == "Lit"
        and other.get("Value", "")[:1] in ("{", ",", "}")
        for one, other in itertools.pairwise(parts)
    )


def single(host: Host, word: Node | None, state: State, *, globs: bool = False) -> list[Arg]:
    """What a word may be where it is neither split nor globbed: values, redirections, `case`."""
    if word is None:
        return [exact("")]
    found = []
    for cells in _readings(host, word.get("Parts") or [], state):
        whole = [
            Cell(cell.text, Mode.QUOTED, cell.hole) if cell.mode is Mode.VALUE else cell
            for cell in _tilde(host, cells, state)
        ]
        found.append(arg(whole, globs=globs) if END not in whole else UNKNOWN)
    return list(dict.fromkeys(found))


def document(host: Host, word: Node, state: State, *, quoted: bool) -> list[Arg]:
    """What the text of a heredoc may be."""
    parts = word.get("Parts") or []
    if quoted:
        return [exact("".join(part.get("Value", "") for part in parts))]
    readings = _joined(host, parts, state, Mode.QUOTED, "$`\\")
    return [arg(cells, globs=False) for cells in readings]


def _readings(host: Host, parts: list[Node], state: State) -> _Readings:
    return _joined(host, parts, state, Mode.PLAIN)


def _joined(
    host: Host, parts: list[Node], state: State, mode: Mode, escaped: str = '$`"\\'
) -> _Readings:
    """`escaped`: the letters before which a backslash counts between quotes."""
    found: _Readings = [[]]
    for part in parts:
        if part["Type"] == "Lit":
            readings = [_literal(part.get("Value", ""), mode, escaped)]
        else:
            readings = _part(host, part, state, mode)
        if len(found) * len(readings) > MOST_READINGS:
            hole = UNKNOWN if mode is Mode.QUOTED else WORDS
            readings = [[Cell("", mode, hole)]]
        found = [head + tail for head, tail in itertools.product(found, readings)]
    return found


def _part(host: Host, part: Node, state: State, mode: Mode) -> _Readings:
    kind = part["Type"]
    if kind == "SglQuoted":
        text = ansi(part.get("Value", "")) if part.get("Dollar") else part.get("Value", "")
        return [_hole(UNKNOWN, Mode.QUOTED) if text is None else letters(text, Mode.QUOTED)]
    if kind == "DblQuoted":
        if part.get("Dollar"):  # looked up in a catalogue of translations
            return [_hole(UNKNOWN, Mode.QUOTED)]
        parts = part.get("Parts") or []
        inner = _joined(host, parts, state, Mode.QUOTED)
        return [cells or _nothing(parts) for cells in inner]
    if kind == "ParamExp":
        return _parameter(host, part, state, mode)
    if kind == "CmdSubst":
        if part.get("TempFile") or part.get("ReplyVar"):
            host.unclear("${ …; }", "a substitution that runs in this shell")
        return [_value(host.substitution(part.get("Stmts") or [], state), mode)]
    if kind == "ArithmExp":
        arithmetic(host, part.get("X"), state)
        return [[Cell("0", Mode.QUOTED, is_number=True)]]
    if kind == "ProcSubst":
        host.substitution(part.get("Stmts") or [], state)
        return [letters("/dev/fd/63", Mode.QUOTED)]
    if kind == "ExtGlob":
        return [_hole(UNKNOWN, mode)]
    host.unclear(kind, "an expansion that is not known")
    return [_hole(WORDS, mode)]


def _nothing(parts: list[Node]) -> list[Cell]:
    """What is quoted is empty: one empty word, but none if it is `"$@"` without elements."""
    if not any(_is_at(part) for part in parts):
        return letters("", Mode.QUOTED)
    return [] if len(parts) == 1 else [Cell("", Mode.QUOTED, WORDS)]


def _is_at(part: Node) -> bool:
    name = (part.get("Param") or {}).get("Value")
    index = ((part.get("Index") or {}).get("Parts") or [{}])[0].get("Value")
    return name == "@" or index == "@"


def _literal(text: str, mode: Mode, escaped: str) -> list[Cell]:
    """Letters of a literal, its backslashes taken away as bash does."""
    found: list[Cell] = []
    position = 0
    while position < len(text):
        letter, following = text[position], text[position + 1 : position + 2]
        if letter == "\\" and following:
            position += 2
            if following == "\n":
                continue
            if mode is Mode.QUOTED and following not in escaped:
                found += letters("\\" + following, Mode.QUOTED)
            else:
                found += letters(following, Mode.QUOTED)
            continue
        found.append(Cell(letter, mode))
        position += 1
    return found


def _parameter(host: Host, part: Node, state: State, mode: Mode) -> _Readings:
    name = part["Param"]["Value"]
    if mode is Mode.QUOTED:
        check_quotes(host, part)
    many = elements(host, part, state)
    if many is not None:
        return [_elements(many, mode, joined=_is_star(part, name))]
    if mode is Mode.PLAIN and (part.get("Exp") or {}).get("Op") in _INSTEAD:
        return _instead(host, part, state)
    return [_value(value, mode) for value in parameter(host, part, state)]


def _instead(host: Host, part: Node, state: State) -> _Readings:
    """`${name:-word}` without quotes around it: the word's own quotes count."""
    others = _readings(host, (part["Exp"].get("Word") or {}).get("Parts") or [], state)
    unquoted = [
        [replace(cell, mode=Mode.VALUE) if cell.mode is Mode.PLAIN else cell for cell in cells]
        for cells in (_tilde(host, each, state) for each in others)
    ]
    return [*(_value(value, Mode.PLAIN) for value in without_word(host, part, state)), *unquoted]


def _is_star(part: Node, name: str) -> bool:
    index = part.get("Index") or {}
    parts = index.get("Parts") or [{}]
    return name == "*" or parts[0].get("Value") == "*"


def _elements(values: tuple[Arg, ...], mode: Mode, *, joined: bool) -> list[Cell]:
    if joined and mode is Mode.QUOTED:
        if all(value.is_exact for value in values):
            return letters(" ".join(value.text for value in values), Mode.QUOTED)
        return _hole(UNKNOWN, mode)
    found: list[Cell] = []
    for value in values:
        cells = [Cell("", mode, value)] if value.form is Form.MANY else _value(value, mode)
        found += [*([END] if found else []), *cells]
    return found


def _value(value: Arg, mode: Mode) -> list[Cell]:
    if value.is_exact:
        return letters(value.text, Mode.QUOTED if mode is Mode.QUOTED else Mode.VALUE)
    if value.form is Form.NUMBERED:
        inner = Mode.QUOTED if mode is Mode.QUOTED else Mode.VALUE
        return [Cell(letter, inner, is_number=letter == "0") for letter in value.text]
    if value.form is Form.MANY and mode is Mode.QUOTED:
        value = Arg(value.text, Form.OPEN)
    if value.form is Form.OPEN and mode is not Mode.QUOTED:
        value = WORDS
    return _hole(value, mode)


def _hole(value: Arg, mode: Mode) -> list[Cell]:
    if value.form in (Form.OPEN, Form.MANY) and value.text:
        inner = Mode.QUOTED if mode is Mode.QUOTED else Mode.VALUE
        return [*letters(value.text, inner), Cell("", mode, Arg("", value.form))]
    return [Cell("", mode, value)]


def _tilde(host: Host, cells: list[Cell], state: State) -> list[Cell]:
    """`~` and `~/…` lead home; other names are not looked up."""
    if not cells or cells[0].text != "~" or cells[0].mode is not Mode.PLAIN:
        return cells
    rest = cells[1:]
    if not rest or (rest[0].text == "/" and rest[0].mode is Mode.PLAIN):
        home = state.values.get("HOME", frozenset({exact(host.ground.home)}))
        if len(home) == 1 and (value := next(iter(home))).is_exact:
            return letters(value.text, Mode.QUOTED) + rest
    return [Cell("", Mode.QUOTED, UNKNOWN), *rest]
