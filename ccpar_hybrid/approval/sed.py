"""A sed script (GNU sed 4.9's manual): which files it reads and writes, and whether it runs one."""

from __future__ import annotations

import re

Found = list[tuple[str, str]]
_PLAIN = "dDgGhHnNpPxzFl="
_ADDRESS = re.compile(r"\s*(\d+(~\d+)?|\$|[+~]\d+)")
_FLAGS = re.compile(r"[gpiImM0-9]*")


def look(script: str) -> Found:
    """Pairs: `read` or `write` with a path, or `unclear` with the reason."""
    try:
        return _commands(script)
    except (ValueError, IndexError):
        return [("unclear", "this sed script is not understood")]


def _commands(script: str) -> Found:
    found: Found = []
    at = 0
    while at < len(script):
        if script[at] in " \t\n;}{":
            at += 1
            continue
        if script[at] == "#":
            at = _line_end(script, at)
            continue
        at = _addresses(script, at)
        letter, at = script[at], at + 1
        if letter in "{}":
            continue
        if letter in _PLAIN:
            at = _ended(script, at)
        elif letter in "qQ":
            at = _ended(script, re.compile(r"\s*\d*").match(script, at).end())  # type: ignore[union-attr]
        elif letter in ":btT":
            at = re.compile(r"[^;\n}]*").match(script, at).end()  # type: ignore[union-attr]
        elif letter in "aic":
            at = _text_end(script, at)
        elif letter in "rRwW":
            end = _line_end(script, at)
            found.append(("read" if letter in "rR" else "write", script[at:end].strip()))
            at = end
        elif letter == "y":
            at = _ended(script, _delimited(script, at, 2))
        elif letter == "s":
            at = _substitution(script, at, found)
        elif letter == "e":
            return [("unclear", "sed's command `e` runs a program")]
        else:
            raise ValueError(letter)
    return found


def _substitution(script: str, at: int, found: Found) -> int:
    at = _delimited(script, at, 2)
    at = _FLAGS.match(script, at).end()  # type: ignore[union-attr]
    if script[at : at + 1] == "e":
        found.append(("unclear", "sed's flag `e` runs a program"))
        return len(script)
    if script[at : at + 1] == "w":
        end = _line_end(script, at)
        found.append(("write", script[at + 1 : end].strip()))
        return end
    return _ended(script, at)


def _addresses(script: str, at: int) -> int:
    at = _address(script, at)
    while script[at] in " \t":
        at += 1
    if script[at] == ",":
        at = _address(script, at + 1)
    while script[at] in " \t!":
        at += 1
    return at


def _address(script: str, at: int) -> int:
    if match := _ADDRESS.match(script, at):
        return match.end()
    while script[at] in " \t":
        at += 1
    if script[at] == "/":
        return _regex_flags(script, _delimited(script, at, 1))
    if script[at] == "\\":
        return _regex_flags(script, _delimited(script, at + 1, 1))
    return at


def _regex_flags(script: str, at: int) -> int:
    while script[at] in "IM":
        at += 1
    return at


def _delimited(script: str, at: int, parts: int) -> int:
    """After `parts` texts that end in the delimiter which stands at `at`."""
    delimiter = script[at]
    if delimiter in "\n\\":
        raise ValueError(delimiter)
    at += 1
    while parts:
        letter = script[at]
        if letter == "\\":
            at += 2
            continue
        if letter == "[" and delimiter not in "[]" and _bracket(script, at, delimiter):
            raise ValueError("a delimiter in brackets is read differently by different seds")
        parts -= letter == delimiter
        at += 1
    return at


def _bracket(script: str, at: int, delimiter: str) -> bool:
    match = re.compile(r"\[\^?\]?[^\]\n]*\]").match(script, at)
    return match is not None and delimiter in match[0]


def _ended(script: str, at: int) -> int:
    while at < len(script) and script[at] in " \t":
        at += 1
    if at < len(script) and script[at] not in ";\n}#":
        raise ValueError(script[at:])
    return at


def _line_end(script: str, at: int) -> int:
    end = script.find("\n", at)
    return len(script) if end < 0 else end


def _text_end(script: str, at: int) -> int:
    """The text of a, i, c goes on after a backslash at a line's end."""
    end = _line_end(script, at)
    while end < len(script) and script[end - 1] == "\\":
        end = _line_end(script, end + 1)
    return end
