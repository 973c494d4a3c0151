"""A rule as the TOML that people put into `policy.toml`."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Mapping
from typing import Any

from ccpar_hybrid.approval.rule import Rule

_LARGEST = 2**63
_BARE = re.compile(r"[A-Za-z0-9_-]+")


def written(rule: Rule) -> str:
    """Lines that a policy reads as this rule again; all that does not print is escaped."""
    said = rule.model_dump(mode="json", exclude_defaults=True)
    lines = [f"{name} = {_value(_single(value))}" for name, value in said.items()]
    return "\n".join(["[[rule]]", *lines]) + "\n"


def is_writable(value: Any) -> bool:
    """Whether TOML has words for a JSON value: for null and halves of characters it has none."""
    if isinstance(value, str):
        return not any("\ud800" <= character <= "\udfff" for character in value)
    if isinstance(value, Mapping):
        return all(is_writable(key) and is_writable(each) for key, each in value.items())
    if isinstance(value, list | tuple):
        return all(map(is_writable, value))
    if isinstance(value, bool):
        return True
    if isinstance(value, int):
        return -_LARGEST <= value < _LARGEST
    return isinstance(value, float) and abs(value) != float("inf") and value == value


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _value(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if isinstance(value, Mapping):
        pairs = (f"{_key(str(key))} = {_value(each)}" for key, each in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    return json.dumps(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _string(name)


def _string(text: str) -> str:
    """What acts on a terminal, or looks like something else, is escaped."""
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    short = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}.get(character)
    if short:
        return short
    if character == " " or unicodedata.category(character)[0] not in "CZ":
        return character
    return f"\\u{ord(character):04X}" if ord(character) <= 0xFFFF else f"\\U{ord(character):08X}"
