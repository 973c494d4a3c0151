"""Reads docs/json.md as the schema that it is, and holds real documents against it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "json.md"
_ROW = re.compile(r"\| `(\w+)` \| ([^|]+) \|")
_INHERITED = {"Story": "Task"}
Tables = Mapping[str, Mapping[str, str]]


def tables() -> Tables:
    """The fields of each document and table, with their types."""
    found: dict[str, dict[str, str]] = {}
    for part in PAGE.read_text(encoding="utf-8").split("\n### ")[1:]:
        name = part.partition("\n")[0].strip()
        found[name] = dict(_ROW.findall(part))
    for name, base in _INHERITED.items():
        found[name] = {**found[base], **found[name]}
    return found


def check_document(document: Any) -> None:
    """AssertionError with the place where it is not as the page says."""
    body = dict(document)
    assert body.pop("schema") == 1
    kind = body.pop("kind")
    _check_table(body, kind, tables(), kind)


def _check_table(value: Any, name: str, known: Tables, place: str) -> None:
    assert isinstance(value, dict), f"{place} is no object"
    fields = known[name]
    assert set(value) == set(fields), f"{place}: {set(value) ^ set(fields)}"
    for field, kind in fields.items():
        _check(value[field], kind.strip(), known, f"{place}.{field}")


def _check(value: Any, kind: str, known: Tables, place: str) -> None:
    if kind.endswith(" or null"):
        if value is None:
            return
        kind = kind.removesuffix(" or null")
    if kind.startswith("["):
        assert isinstance(value, list), f"{place} is no list"
        for number, each in enumerate(value):
            _check(each, kind[1:-1], known, f"{place}[{number}]")
    elif kind.startswith("{"):
        assert isinstance(value, dict), f"{place} is no object"
        for name, each in value.items():
            _check(each, kind[1:-1], known, f"{place}.{name}")
    elif kind in _SIMPLE:
        assert _SIMPLE[kind](value), f"{place}: {value!r} is no {kind}"
    else:
        _check_table(value, kind, known, place)


def _is_time(value: Any) -> bool:
    return isinstance(value, str) and datetime.fromisoformat(value).tzname() == "UTC"


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


_SIMPLE: Mapping[str, Callable[[Any], bool]] = {
    "any": lambda value: True,
    "text": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": _is_integer,
    "number": lambda value: _is_integer(value) or isinstance(value, float),
    "time": _is_time,
}
