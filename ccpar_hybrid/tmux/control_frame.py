"""The framing of tmux's control mode, as of 3.3a. Pure.

Each command is answered by a block: `%begin TIME NUMBER FLAGS`, its lines, and `%end` (or `%error`)
with the same three. FLAGS is 1 where the client itself gave the command. What stands between blocks
are notifications. Lines within a block are not escaped: the screen of a pane may hold any of these.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ccpar_hybrid.core.errors import CcparError

_MARK = re.compile(rb"%(begin|end|error) ((\d+) (\d+) (\d+))")
_OURS = b"1"
LONGEST_LINE = 1 << 20
"""Bytes; no line of a screen is as long."""


class Garbled(CcparError):
    """What came is no control mode, or somebody's text was taken for it: trust nothing of it."""


@dataclass(frozen=True, slots=True)
class Block:
    """The answer to one command: whether tmux did it, and its lines without their ends."""

    done: bool
    lines: tuple[str, ...]


class Frames:
    """Makes blocks of the bytes as they come."""

    def __init__(self) -> None:
        self._rest = b""
        self._open: bytes | None = None
        self._lines: list[str] = []
        self._number = -1
        self.is_attached = False
        """Whether tmux has said that the client has a session."""
        self.is_over = False
        """Whether tmux has said that it lets the client go."""

    def feed(self, data: bytes) -> list[Block]:
        """The blocks of our own commands that are complete now; raises Garbled."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise Garbled("tmux sent a line without an end")
        return [block for line in lines if (block := self._line(line))]

    def _line(self, line: bytes) -> Block | None:
        mark = _MARK.fullmatch(line)
        if self._open is None:
            self._between(line, mark)
            return None
        if mark is None or mark[1] == b"begin" or mark[2] != self._open:
            self._lines.append(line.decode("utf-8", "replace"))
            return None
        block = Block(mark[1] == b"end", tuple(self._lines))
        is_ours = mark[5] == _OURS
        self._open, self._lines = None, []
        return block if is_ours else None

    def _between(self, line: bytes, mark: re.Match[bytes] | None) -> None:
        if mark is not None:
            # A screen that holds the end of its own block leaves a second one, or one too early.
            if mark[1] != b"begin" or int(mark[4]) <= self._number:
                raise Garbled("tmux's blocks do not follow each other")
            self._open, self._number = mark[2], int(mark[4])
        elif not line.startswith(b"%"):
            raise Garbled("tmux sent a line outside a block")
        elif line.startswith(b"%session-changed "):
            self.is_attached = True
        elif line == b"%exit" or line.startswith(b"%exit "):
            self.is_over = True
