"""The text that Claude Code is given, made so that it arrives as it was meant. Pure.

What 2.1.197 does with a prompt on standard input: everything arrives exactly, but a leading
`/word` is a slash command unless a newline stands before it, and a few words alone end the
program unless something invisible stands there too. Pasted text loses more: `!` starts a shell
line, escape sequences are dropped, a backslash at the end makes a new line.
"""

from __future__ import annotations

import unicodedata

from ccpar_hybrid.core.task import TaskSpec

_NOTHING = "\u200b"
_ENDING_WORDS = frozenset({"exit", "quit", ":q", ":q!", ":wq", ":wq!"})
_PICTURE = "\u241b"
_CONTROLS = {0x1B: _PICTURE, 0x9B: _PICTURE}


def full_prompt(spec: TaskSpec, opening: str = "") -> str:
    """The task's words and the list of files that shall be read first."""
    text = opening + spec.prompt
    if not spec.context:
        return text
    files = "\n".join(f"- {path}" for path in spec.context)
    return f"{text}\n\nRead these files first:\n{files}"


def submittable(text: str) -> str:
    """The text as it may stand on standard input; what is added can't be seen."""
    if text.strip() in _ENDING_WORDS:
        return _NOTHING + text
    return "\n" + text if text.startswith("/") else text


def pasteable(text: str) -> str:
    """The nearest text that can be pasted."""
    text = submittable(text.translate(_CONTROLS))
    if text.startswith("!"):
        text = "\n" + text
    return text + " " if text.endswith("\\") else text


def same_prompt(taken: str, given: str) -> bool:
    """Whether the prompt that was taken is the one that was given.

    The TUI trims ends, composes letters, turns tabs to blanks and drops control characters.
    """
    return _essence(taken) == _essence(given)


def _essence(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if c.isprintable() and c not in (" ", _PICTURE))
