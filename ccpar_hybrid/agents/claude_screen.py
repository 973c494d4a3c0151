"""Reads the visible screen of Claude Code (2.1.197): for what no hook tells. Pure.

Input is what `capture-pane -p -e` gives: text with its colours as escape sequences.
"""

from __future__ import annotations

import re

from ccpar_hybrid.agents.base import Screen

_ESCAPE = re.compile(
    r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Za-z0-9]|\x0f"
)
_RULE = re.compile(r"^[─━╌\s]*─{10,}.*$")
_SUGGESTION = re.compile(
    r"[❯!]\u00a0?\s*\x1b\[(?:[0-9;]*;)?7m(?:\x1b\[[0-9;]*m)*.\x1b\[(?:[0-9;]*;)?2m"
)
_GREY_MARK = re.compile(r"\x1b\[(?:[0-9;]*;)?38;5;246m❯\u00a0")
"""The prompt's mark while a turn runs."""
_WAITING = (
    (
        re.compile(r"Yes, I trust this folder|Do you trust the files in this folder"),
        "trust this folder",
    ),
    (re.compile(r"Select login method|Please run /login|Login successful"), "login"),
    (re.compile(r"Unable to connect to Anthropic services"), "login"),
    (re.compile(r"Choose the text style|Choose the option that looks best"), "first-run setup"),
    (re.compile(r"Detected a custom API key in your environment"), "API key approval"),
    (
        re.compile(r"What do you want to do\?.*Stop and wait for limit to reset", re.S),
        "usage limit",
    ),
    (re.compile(r"Press Enter to continue", re.I), "press Enter"),
)
_BUSY = "esc to interrupt"
_PROMPT_MARKS = ("❯", "!")


def read_screen(screen: str) -> Screen:
    """What it shows; all false where it is not surely read."""
    raw_lines = screen.split("\n")
    lines = [_ESCAPE.sub("", line).replace("\u00a0", " ").rstrip() for line in raw_lines]
    waiting = _waiting("\n".join(lines))
    box = _input_box(lines)
    if waiting or box is None:
        return Screen(waiting=waiting)
    first, last = box
    return Screen(
        ready=True,
        draft=_draft(raw_lines[first:last], lines[first:last]),
        busy=bool(_GREY_MARK.search(raw_lines[first]))
        or any(_BUSY in line for line in lines[max(0, first - 6) :]),
    )


def _waiting(text: str) -> str | None:
    return next((why for pattern, why in _WAITING if pattern.search(text)), None)


def _input_box(lines: list[str]) -> tuple[int, int] | None:
    """The lines between the last two rules, if a prompt mark opens them."""
    rules = [number for number, line in enumerate(lines) if _RULE.match(line)]
    if len(rules) < 2:
        return None
    first, last = rules[-2] + 1, rules[-1]
    if first >= last or not lines[first].lstrip().startswith(_PROMPT_MARKS):
        return None
    return first, last


def _draft(raw: list[str], plain: list[str]) -> str | None:
    """What a person has typed; a suggestion has its first character reversed and the rest dim."""
    text = "\n".join(plain).lstrip()[1:].strip()
    return None if not text or _SUGGESTION.search(raw[0]) else text
