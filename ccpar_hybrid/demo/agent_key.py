"""What a terminal sends, read as keys, typed text and pastes. Standard library only."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Key:
    """A key by its name: ``enter``, ``escape``, ``up``, ``ctrl-c``, ..."""

    name: str


@dataclass(frozen=True, slots=True)
class Typed:
    """Printable characters that came one after the other."""

    text: str


@dataclass(frozen=True, slots=True)
class Pasted:
    """One bracketed paste, whole; its line ends are newlines."""

    text: str


Event = Key | Typed | Pasted

PASTE_BEGIN, PASTE_END = "\x1b[200~", "\x1b[201~"
_SEQUENCE = re.compile(r"\x1b\x1b?(?:\[[0-?]*[ -/]*[@-~]|O[ -~])")
_UNFINISHED = re.compile(r"\x1b\x1b?(?:\[[0-?]*[ -/]*|O)?")
_TEXT = re.compile(r"[^\x00-\x1f\x7f]+")
_SEQUENCES = {
    "[A": "up", "[B": "down", "[C": "right", "[D": "left", "[H": "home", "[F": "end",
    "OA": "up", "OB": "down", "OC": "right", "OD": "left", "OH": "home", "OF": "end",
    "[1~": "home", "[4~": "end", "[3~": "delete", "[Z": "shift-tab", "OM": "enter",
    "[27;2;13~": "newline", "[13;2u": "newline", "[27u": "escape", "[13u": "enter",
}  # fmt: skip
_CONTROLS = {
    "\r": "enter", "\n": "newline", "\t": "tab", "\x7f": "backspace", "\x08": "backspace",
    "\x01": "home", "\x02": "left", "\x03": "ctrl-c", "\x04": "ctrl-d", "\x05": "end",
    "\x06": "right", "\x0b": "ctrl-k", "\x0c": "ctrl-l", "\x0e": "down", "\x0f": "ctrl-o",
    "\x10": "up", "\x15": "ctrl-u", "\x17": "ctrl-w", "\x1a": "ctrl-z",
}  # fmt: skip


class KeyReader:
    """Turns bytes into events, however they are cut into reads.

    An escape with nothing behind it may be the key or the begin of a sequence: ``pending`` says
    that one is kept, and ``flush`` decides that it was the key.
    """

    def __init__(self) -> None:
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._buffer = ""
        self._paste: list[str] | None = None

    @property
    def pending(self) -> bool:
        """Whether an escape waits for what follows."""
        return self._paste is None and bool(self._buffer)

    def feed(self, data: bytes) -> list[Event]:
        """The events that these bytes complete."""
        self._buffer += self._decode(data)
        return list(self._events())

    def flush(self) -> list[Event]:
        """The events of what is pending, now that nothing follows."""
        if not self.pending:
            return []
        rest, self._buffer = self._buffer[1:], ""
        return [Key("escape"), *([Typed(rest)] if rest.isprintable() and rest else [])]

    def _events(self) -> Iterator[Event]:
        while self._buffer:
            event, taken = self._in_paste() if self._paste is not None else self._one()
            self._buffer = self._buffer[taken:]
            if event is not None:
                yield event
            elif not taken:
                return

    def _in_paste(self) -> tuple[Event | None, int]:
        assert self._paste is not None
        end = self._buffer.find(PASTE_END)
        if end < 0:
            # The end mark may be cut in two by a read: its possible begin stays in the buffer.
            taken = max(len(self._buffer) - len(PASTE_END) + 1, 0)
            self._paste.append(self._buffer[:taken])
            return None, taken
        text = "".join([*self._paste, self._buffer[:end]])
        self._paste = None
        return Pasted(text.replace("\r\n", "\n").replace("\r", "\n")), end + len(PASTE_END)

    def _one(self) -> tuple[Event | None, int]:
        if self._buffer.startswith(PASTE_BEGIN):
            self._paste = []
            return None, len(PASTE_BEGIN)
        if self._buffer[0] == "\x1b":
            return self._escape()
        if text := _TEXT.match(self._buffer):
            return Typed(text[0]), text.end()
        name = _CONTROLS.get(self._buffer[0])
        return (Key(name) if name else None), 1

    def _escape(self) -> tuple[Event | None, int]:
        if self._buffer[1:2] == "\r":
            return Key("newline"), 2
        if sequence := _SEQUENCE.match(self._buffer):
            name = _SEQUENCES.get(sequence[0].lstrip("\x1b"))
            return (Key(name) if name else None), sequence.end()
        if _UNFINISHED.fullmatch(self._buffer):
            return None, 0
        return Key("escape"), 1
