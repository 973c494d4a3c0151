"""The terminal that the agent draws on: its modes, its size, its frames. Standard library only."""

from __future__ import annotations

import contextlib
import os
import signal
import termios
import tty
from collections import deque
from collections.abc import Callable, Iterable

from ccpar_hybrid.demo.agent_width import columns, cut

Line = tuple[tuple[str, str], ...]
"""A line of spans, each an SGR style (such as ``1;34``, or none) and a text."""
Block = Callable[[int], Iterable[Line]]
"""What was printed for good, as lines for a width: a resize draws it again."""

_ENTER = b"\x1b[?2004h\x1b[?25l"
_LEAVE = b"\x1b[?2004l\x1b[?25h\x1b[0m"
KEPT_BLOCKS = 300
PLAIN_SIZE = (80, 24)


def line(text: str, style: str = "") -> Line:
    """A line in one style."""
    return ((style, text),)


class Terminal:
    """Draws on the main screen: printed lines scroll away above a live area that is redrawn.

    Used in a ``with``, which gives the terminal back in the modes in which it was found.
    """

    def __init__(self, fd_in: int = 0, fd_out: int = 1) -> None:
        self._in, self._out = fd_in, fd_out
        self._blocks: deque[Block] = deque(maxlen=KEPT_BLOCKS)
        self._pending: list[Block] = []
        self._live = 0
        self._last: tuple[Line, ...] = ()

    def __enter__(self) -> Terminal:
        self._saved = termios.tcgetattr(self._in)
        self.enter()
        return self

    def __exit__(self, *error: object) -> None:
        self.leave()

    def enter(self) -> None:
        """Raw mode, bracketed paste, no cursor."""
        # A terminal that goes away sends SIGCONT before SIGHUP: the latter ends the program.
        with contextlib.suppress(termios.error):
            tty.setraw(self._in, termios.TCSADRAIN)
        self._write(_ENTER)

    def leave(self) -> None:
        """The modes as they were found; what is drawn stays."""
        self._write(_LEAVE)
        with contextlib.suppress(termios.error):
            termios.tcsetattr(self._in, termios.TCSADRAIN, self._saved)

    def suspend(self) -> None:
        """Stop this process as Ctrl-Z does, with the terminal given back."""
        self.leave()
        os.kill(os.getpid(), signal.SIGSTOP)

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows; 80x24 where the terminal does not tell."""
        try:
            width, rows = os.get_terminal_size(self._out)
        except OSError:
            return PLAIN_SIZE
        return (width, rows) if width > 1 and rows > 1 else PLAIN_SIZE

    def title(self, text: str) -> None:
        """Name the window."""
        self._write(f"\x1b]0;{text}\x07".encode())

    def print(self, block: Block) -> None:
        """Put lines above the live area for good, at the next ``draw``."""
        self._pending.append(block)

    def draw(self, live: Iterable[Line]) -> None:
        """Show what was printed and the live area, cut at its top where it is too high."""
        width, rows = self.size
        shown = tuple(live)[-rows:]
        if not self._pending and shown == self._last:
            return
        printed = [each for block in self._pending for each in block(width)]
        self._blocks.extend(self._pending)
        self._pending.clear()
        up = f"\x1b[{self._live - 1}A" if self._live > 1 else ""
        self._frame(f"{up}\r\x1b[J", printed, shown, width)

    def redraw(self, live: Iterable[Line]) -> None:
        """Draw all again on a clear screen, as after a resize."""
        width, rows = self.size
        self._blocks.extend(self._pending)
        self._pending.clear()
        printed: list[Line] = []
        for block in reversed(self._blocks):
            printed[:0] = block(width)
            if len(printed) > rows:
                break
        self._frame("\x1b[H\x1b[2J\x1b[3J", printed, tuple(live)[-rows:], width)

    def _frame(
        self, begin: str, printed: Iterable[Line], live: tuple[Line, ...], width: int
    ) -> None:
        # Without autowrap a character that is wider here than we think can't break a line.
        text = "\r\n".join(_styled(each, width) for each in (*printed, *live))
        self._live, self._last = len(live), live
        self._write(f"\x1b[?7l{begin}{text}\x1b[?7h".encode(errors="replace"))

    def _write(self, data: bytes) -> None:
        with contextlib.suppress(OSError):
            while data:
                data = data[os.write(self._out, data) :]


def _styled(spans: Line, width: int) -> str:
    parts: list[str] = []
    for style, text in spans:
        part = cut(text, width)
        width -= columns(part)
        parts.append(f"\x1b[{style}m{part}\x1b[0m" if style else part)
        if width <= 0:
            break
    return "".join(parts)
