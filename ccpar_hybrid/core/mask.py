"""Secrets in text that is shown: what looks like one is put out of sight.

Only runs of letters, digits and a few harmless signs are ever hidden, never a space, a quote or a
sign that a shell acts on: whoever decides on a command by what is left of it sees everything that
the command does. So a secret with such signs in it is hidden in part only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from typing import Any

from ccpar_hybrid.core.text import first_line

MASK = "[masked]"
_LEAST_PIECE, _LARGEST_PIECE, _MOST_PIECES = 8, 2000, 200
"""Shorter secrets are not looked for elsewhere: a short word would be hidden everywhere."""
_LOOKED_AT = 8
"""So many times a line's width is looked through for secrets."""

_NAME = (
    r"(?:pass(?:word|wd|phrase|code)?|secret|token|credentials?|api[_-]?key"
    r"|(?:access|account|auth|client|deploy|encryption|master|private|secret|shared|signing)"
    r"[_-]?key|authorization|connection[_-]?string|cookie|session[_-]?id)"
)
_SECRET = r"[\w+/=.:@%^,#!-]"
_OPEN = r"\\?[\"']?"

# What each finds stands in the group `secret`. All of them take time in proportion to the text.
_PATTERNS = (
    # tokens that say what they are
    r"\b(?P<secret>sk-(?:ant-|proj-)?[\w-]{16,})",
    r"\b(?P<secret>gh[oprsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,})",
    r"\b(?P<secret>xox[abeprs]-[\w-]{10,}|xapp-[\w-]{10,})",
    r"\b(?P<secret>(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})\b",
    r"\b(?P<secret>AIza[\w-]{30,}|ya29\.[\w.-]{20,}|GOCSPX-[\w-]{20,})",
    r"\b(?P<secret>(?:npm|hf|dop_v1|shpat|shpss|lin_api|pul)_[A-Za-z0-9]{16,})",
    r"\b(?P<secret>[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{10,})",
    r"\b(?P<secret>pypi-[\w-]{30,}|SG\.[\w-]{10,}\.[\w-]{10,}|AGE-SECRET-KEY-1[A-Z0-9]{20,})",
    r"\b(?P<secret>eyJ[\w-]{4,}\.[\w-]{8,}(?:\.[\w-]*)?)",
    # the password in an address
    r"://[^\s/@:\"']{0,256}:(?P<secret>[\w+=.%^,!-]{1,512})@",
    # headers
    r"(?i)\b(?:bearer|authorization:[ ]*(?:basic|token))[ ]+(?P<secret>[\w+/=.-]{12,})",
    r"(?i)\b(?:x-[\w-]{0,40}(?:key|token|auth|secret)|(?:set-)?cookie):[ ]*"
    rf"(?P<secret>{_SECRET}{{4,}})",
    # options
    rf"(?i)(?<![\w-])--?(?:[a-z0-9]+[_-]){{0,4}}{_NAME}(?:=|[ ]+){_OPEN}"
    rf"(?P<secret>(?![-/]){_SECRET}+)",
    r"\b(?:curl|wget|http)\b[^\n|;&]{0,400}?[ ](?:-u|--user)[ =]?[\"']?[\w.@-]{1,100}:"
    rf"(?P<secret>{_SECRET}+)",
    rf"\bsshpass[ ]+-p[ ]*[\"']?(?P<secret>{_SECRET}+)",
    r"\b(?:mysql|mysqldump|mysqladmin|mariadb)\b[^\n|;&]{0,400}?[ ]-p[\"']?"
    rf"(?P<secret>{_SECRET}+)",
)
_SETTING = re.compile(
    rf"(?i)(?<![a-z0-9])(?P<name>{_NAME})(?P<between>\\?[\"']?(?:=|[ \t]*:=?[ \t]*|[ \t]+=[ \t]*))"
    rf"(?P<open>{_OPEN})(?P<secret>{_SECRET}+)"
)
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_KEY_END = "-----END "
_KEY_LINE = re.compile(r"(?<![A-Za-z0-9+/=])[A-Za-z0-9+/=]{16,}")
_NAMED = re.compile(rf"(?i)(?:^|[_.-]|(?<=[a-z]))(?:{_NAME})$")
_NO_VALUE = re.compile(
    r"(?i)(?:none|null|nil|true|false|yes|no|required|optional|str|string|bearer|basic|token)[,.:]?"
)
_WORD = re.compile(r"[A-Za-z_][\w.]*\Z")
_JOINT = r"(?:[ \t│]*\n[\s│]*)?"


def masked(text: str, more: tuple[str, ...] = ()) -> str:
    """The text with secrets put out of sight, and with these too, wherever they are wrapped."""
    spans = sorted([*_spans(text), *_again(text, more)])
    return _without(text, list(_joined(spans)))


def secrets(value: Any, name: str = "") -> tuple[str, ...]:
    """The secrets that a JSON value holds, each once, the longest first."""
    found: set[str] = set()
    if isinstance(value, str):
        found.update(value[start:end] for start, end in _joined(sorted(_of_named(name, value))))
    elif isinstance(value, Mapping):
        for key, each in value.items():
            found.update(secrets(each, str(key)))
    elif isinstance(value, list | tuple):
        for each in value:
            found.update(secrets(each, name))
    return tuple(sorted(found, key=lambda each: (-len(each), each)))


def masked_value(value: Any, name: str = "") -> Any:
    """The same JSON value with secrets put out of sight; `name` is that of its field."""
    if isinstance(value, str):
        spans = _joined(sorted(_of_named(name, value)))
        return _without(value, list(spans))
    if isinstance(value, Mapping):
        return {masked(str(key)): masked_value(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [masked_value(each, name) for each in value]
    return value


def masked_line(text: str, width: int) -> str:
    """The first line in so many cells, with secrets out of sight also where they would be cut."""
    return first_line(masked(first_line(text, _LOOKED_AT * width)), width)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    """Made when they are needed: most commands and an idle worker have nothing to mask."""
    return tuple(re.compile(pattern) for pattern in _PATTERNS)


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    edges = [(0, 0), *spans, (len(text), len(text))]
    return MASK.join(text[end:start] for (_, end), (start, _) in pairwise(edges))


def _of_named(name: str, text: str) -> Iterator[tuple[int, int]]:
    """Of a field that is named as a secret, all that may be hidden."""
    yield from _spans(text)
    if _NAMED.search(name):
        yield from (found.span() for found in re.finditer(rf"{_SECRET}+", text))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    for pattern in _patterns():
        yield from (found.span("secret") for found in pattern.finditer(text))
    for found in _SETTING.finditer(text):
        if _is_value(found, text):
            yield found.span("secret")
    yield from _of_key_blocks(text)


def _of_key_blocks(text: str) -> Iterator[tuple[int, int]]:
    """The long lines: a short one might be a command, and of a key it tells little."""
    end = 0
    while found := _KEY_BLOCK.search(text, end):
        closed = text.find(_KEY_END, found.end())
        end = closed if closed >= 0 else len(text)
        yield from (line.span() for line in _KEY_LINE.finditer(text, found.end(), end))


def _is_value(found: re.Match[str], text: str) -> bool:
    """Whether a value is given, and not a name, a call or a type."""
    secret = found["secret"]
    if _NO_VALUE.fullmatch(secret):
        return False
    if found["open"] or found["between"] == "=":
        return True
    if text[found.end() : found.end() + 1] in ("(", "[", "{"):
        return False
    is_word = _WORD.match(secret) is not None
    return not is_word or ("." not in secret and found["name"].lower().startswith("pass"))


def _again(text: str, more: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    """Where secrets that are known stand in the text, wrapped or not."""
    for secret in more[:_MOST_PIECES]:
        if _LEAST_PIECE <= len(secret) <= _LARGEST_PIECE:
            pattern = _JOINT.join(map(re.escape, secret))
            yield from (found.span() for found in re.finditer(pattern, text))


def _joined(spans: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order that do not touch each other."""
    start = end = -1
    for first, last in spans:
        if first > end:
            if end > start:
                yield start, end
            start, end = first, last
        else:
            end = max(end, last)
    if end > start:
        yield start, end
