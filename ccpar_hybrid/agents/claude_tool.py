"""Names a tool call in one short line, as people know it from the TUI, secrets masked. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ccpar_hybrid.core.mask import masked_line
from ccpar_hybrid.core.text import first_line

WIDTH = 120
_SUBJECTS = (
    "command",
    "file_path",
    "notebook_path",
    "path",
    "url",
    "query",
    "pattern",
    "description",
    "prompt",
    "skill",
)


def summary(name: str, given: Mapping[str, Any]) -> str:
    """`Bash(pytest -q)`; only the name where nothing in the input says what it is about."""
    what = masked_line(subject(given), WIDTH)
    name = first_line(name, WIDTH) or "a tool"
    return f"{name}({what})" if what else name


def subject(given: Mapping[str, Any]) -> str:
    """What a call is about, as it was given: a command, a file, the first question."""
    for key in _SUBJECTS:
        value = given.get(key)
        if isinstance(value, str) and value.strip():
            return value
    questions = given.get("questions")
    if isinstance(questions, list) and questions and isinstance(questions[0], dict):
        return str(questions[0].get("question", ""))
    return ""
