"""The input box: a draft with a cursor, and pastes folded into marks. Standard library only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccpar_hybrid.demo.agent_key import Event, Key, Pasted
from ccpar_hybrid.demo.agent_width import clean

# Seen at 2.1.197: a paste of four lines is folded, one of two is not.
FOLDED_NEWLINES = 3
FOLDED_CHARACTERS = 800
_MARK = re.compile(r"\[Pasted text #(\d+)(?: \+\d+ lines)?\]")


@dataclass(frozen=True, slots=True)
class Submission:
    """A prompt as it was sent; ``typed`` says that no part of it was pasted."""

    text: str
    typed: bool


class InputBox:
    """What a person or a program has put in and not yet sent."""

    def __init__(self) -> None:
        self._count = 0
        self.clear()

    def clear(self) -> None:
        """Forget the draft."""
        self.draft = ""
        self.cursor = 0
        self._pastes: dict[str, str] = {}
        self._was_pasted = False

    def set(self, text: str) -> None:
        """Make ``text`` the draft, to be edited."""
        self.clear()
        self._insert(text)

    def take(self, event: Event) -> Submission | None:
        """Edit the draft; the submission if the event was Enter on one that is not blank."""
        if isinstance(event, Pasted):
            self._paste(event.text)
        elif isinstance(event, Key):
            return self._press(event.name)
        else:
            self._insert(event.text)
        return None

    def _press(self, name: str) -> Submission | None:
        if name == "enter":
            return self._submit()
        if name == "newline":
            self._insert("\n")
        elif edit := _EDITS.get(name):
            self.draft, self.cursor = edit(self.draft, self.cursor)
        return None

    def _submit(self) -> Submission | None:
        if self.draft[self.cursor - 1 : self.cursor] == "\\":
            self.draft, self.cursor = _backspace(self.draft, self.cursor)
            self._insert("\n")
            return None
        if not self.draft.strip():
            return None
        text = _MARK.sub(lambda mark: self._pastes.get(mark[0], mark[0]), self.draft)
        sent = Submission(text, typed=not self._was_pasted)
        self.clear()
        return sent

    def _paste(self, text: str) -> None:
        self._was_pasted = True
        short = text.count("\n") < FOLDED_NEWLINES and len(text) <= FOLDED_CHARACTERS
        if short and clean(text) == text and not text.endswith("\\"):
            self._insert(text)
            return
        self._count += 1
        more = f" +{text.count(chr(10))} lines" if "\n" in text else ""
        mark = f"[Pasted text #{self._count}{more}]"
        self._pastes[mark] = text
        self._insert(mark)

    def _insert(self, text: str) -> None:
        self.draft = self.draft[: self.cursor] + text + self.draft[self.cursor :]
        self.cursor += len(text)


def _backspace(draft: str, cursor: int) -> tuple[str, int]:
    for mark in _MARK.finditer(draft):
        if mark.end() == cursor:
            return draft[: mark.start()] + draft[cursor:], mark.start()
    return draft[: max(cursor - 1, 0)] + draft[cursor:], max(cursor - 1, 0)


def _delete_word(draft: str, cursor: int) -> tuple[str, int]:
    begin = draft[:cursor].rstrip().rfind(" ") + 1
    return draft[:begin] + draft[cursor:], begin


def _end(draft: str, cursor: int) -> tuple[str, int]:
    end = draft.find("\n", cursor)
    return draft, end if end >= 0 else len(draft)


_EDITS = {
    "backspace": _backspace,
    "delete": lambda draft, at: (draft[:at] + draft[at + 1 :], at),
    "left": lambda draft, at: (draft, max(at - 1, 0)),
    "right": lambda draft, at: (draft, min(at + 1, len(draft))),
    "home": lambda draft, at: (draft, draft.rfind("\n", 0, at) + 1),
    "end": _end,
    "ctrl-u": lambda draft, at: (draft[at:], 0),
    "ctrl-k": lambda draft, at: (draft[:at], at),
    "ctrl-w": _delete_word,
}  # fmt: skip
