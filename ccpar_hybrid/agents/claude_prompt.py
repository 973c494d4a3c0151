"""The text that is pasted into Claude Code, made so that it arrives as it was meant. Pure.

What the TUI (2.1.197) does with pasted text: a leading `/word` is a slash command and `!` a
shell line unless a newline stands before it; escape sequences are dropped; a few words alone
end the program.
"""

from __future__ import annotations

import unicodedata

from ccpar_hybrid.core.task import TaskSpec

_COMMAND_MARKS = ("/", "!")
_ENDING_WORDS = frozenset({"exit", "quit", ":q", ":q!", ":wq", ":wq!"})
_PICTURES = {0x1B: "\u241b", 0x9B: "\u241b["}


def full_prompt(spec: TaskSpec, opening: str = "") -> str:
    """The task's words and the list of files that shall be read first."""
    text = opening + spec.prompt
    if not spec.context:
        return text
    files = "\n".join(f"- {path}" for path in spec.context)
    return f"{text}\n\nRead these files first:\n{files}"


def pasteable(text: str) -> str:
    """The nearest text that the TUI takes as plain words."""
    text = text.translate(_PICTURES)
    if text.strip() in _ENDING_WORDS:
        return f'The task is this one word: "{text.strip()}"'
    if text.lstrip().startswith(_COMMAND_MARKS):
        text = "\n" + text.lstrip()
    return text + " " if text.endswith("\\") else text


def same_prompt(taken: str, given: str) -> bool:
    """Whether the prompt that was taken is the one that was given.

    The TUI trims ends, composes letters, turns tabs to blanks and drops control characters.
    """
    return _essence(taken) == _essence(given)


def _essence(text: str) -> str:
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if not c.isspace() and c.isprintable())
