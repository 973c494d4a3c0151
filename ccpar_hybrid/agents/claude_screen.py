"""Reads the visible screen of Claude Code (2.1.197): for what no hook tells. Pure.

Input is what `capture-pane -p -e` gives: text with its colours as escape sequences. Only places
are trusted, for people and agents may write any words: the input box stands between two rules at
the left edge, where all that they write is indented; a dialog stands below such a rule in its
place, or, if it is higher than the pane, fills it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccpar_hybrid.agents.base import Screen
from ccpar_hybrid.core.text import first_line

_ESCAPE = re.compile(
    r"\x1b\[[0-9;:?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[()][A-Za-z0-9]|\x0f"
)
_RULE = re.compile(r"─{10,}")
_BOX = re.compile(r"[❯!]\u00a0")
"""The blank after the mark of the input box does not break; that after a past prompt's does."""
_SUGGESTION = re.compile(
    r"[❯!]\u00a0?\s*\x1b\[(?:[0-9;]*;)?7m(?:\x1b\[[0-9;]*m)*.\x1b\[(?:[0-9;]*;)?2m"
)
_GREY_MARK = re.compile(r"\x1b\[(?:[0-9;]*;)?38;5;246m❯\u00a0")
"""The prompt's mark while a turn runs."""
_CHOICE = re.compile(r"\s*❯ \d+\. ")
_PAST_PROMPT = re.compile(r"\x1b\[(?:[0-9;]*;)?48;5;237m\s*❯")
_WAIT = re.compile(r"\s*❯ 1\. Stop and wait for limit to reset")
_BUSY = "esc to interrupt"
USAGE_LIMIT = "usage limit"
_WIDTH = 60
_DIALOGS = (
    ("Yes, I trust this folder", "trust this folder"),
    ("Detected a custom API key in your environment", "API key approval"),
    ("Bypass Permissions mode", "bypass permissions mode"),
    ("Stop and wait for limit to reset", USAGE_LIMIT),
    ("Select login method", "login"),
    ("Choose the text style", "first-run setup"),
    ("Exit plan mode?", "plan"),
    ("written up a plan", "plan"),
    ("Here is Claude's plan", "plan"),
    ("Enter to select · ↑/↓ to navigate", "question"),
    ("Do you want to ", "permission"),
)
_PAGES = (
    ("Unable to connect to Anthropic services", "login"),
    ("Paste code here if prompted", "login"),
    ("Login successful", "press Enter"),
    ("Press Enter to continue", "press Enter"),
)
"""What fills the screen at the first start, before there is any box or dialog."""
_FIRST_START = "Welcome to Claude Code"


@dataclass(frozen=True)
class _Line:
    raw: str
    text: str


def read_screen(screen: str) -> Screen:
    """What it shows; all false where it is not surely read."""
    lines = [_Line(raw, _ESCAPE.sub("", raw).rstrip(" ")) for raw in screen.split("\n")]
    choice = _choice(lines)
    box = _input_box(lines)
    if box is None or (choice is not None and choice > box[1]):
        return Screen(waiting=_page(lines)) if choice is None else _asking(lines, choice)
    first, last = box
    return Screen(
        ready=True,
        draft=_draft(lines[first:last]),
        busy=_is_busy(lines, first, last),
    )


def _input_box(lines: list[_Line]) -> tuple[int, int] | None:
    """The place of its first line, and that of the rule below it."""
    for first in range(len(lines) - 2, 0, -1):
        if _BOX.match(lines[first].text) and _RULE.match(lines[first - 1].text):
            below = range(first + 1, len(lines))
            last = next((number for number in below if _RULE.match(lines[number].text)), None)
            return None if last is None else (first, last)
    return None


def _is_busy(lines: list[_Line], first: int, last: int) -> bool:
    """By the mark; the words are shown only where no status line is set up."""
    below = lines[last + 1 :]
    return bool(_GREY_MARK.search(lines[first].raw)) or any(_BUSY in line.text for line in below)


def _draft(box: list[_Line]) -> str | None:
    """What a person has typed; a suggestion has its first character reversed and the rest dim."""
    text = "\n".join(line.text for line in box)[1:].replace("\u00a0", " ").strip()
    return None if not text or _SUGGESTION.search(box[0].raw) else text


def _choice(lines: list[_Line]) -> int | None:
    """The place of the chosen option of a dialog, if there may be one."""
    for number in range(len(lines) - 1, -1, -1):
        if _CHOICE.match(lines[number].text) and not _PAST_PROMPT.search(lines[number].raw):
            return number
    return None


def _asking(lines: list[_Line], choice: int) -> Screen:
    """A dialog; the one that a usage limit opens by itself is left by choosing to wait."""
    harmless = _WAIT.fullmatch(lines[choice].text) is not None
    why = _dialog(lines, choice)
    return Screen(waiting=why, leave=("Enter",) if harmless and why == USAGE_LIMIT else ())


def _dialog(lines: list[_Line], choice: int) -> str:
    """What the dialog around the choice is about; its title where it is none that we know."""
    top = next((n for n in range(choice, -1, -1) if _RULE.match(lines[n].text)), -1)
    shown = [line.text for line in lines[top + 1 :]]
    text = "\n".join(shown)
    known = next((why for words, why in _DIALOGS if words in text), None)
    return known or f"a dialog: {first_line(text, _WIDTH)}"


def _page(lines: list[_Line]) -> str | None:
    text = "\n".join(line.text for line in lines)
    if not text.lstrip().startswith(_FIRST_START):
        return None
    return next((why for words, why in _PAGES if words in text), None)
