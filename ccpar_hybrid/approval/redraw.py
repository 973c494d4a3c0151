"""Has the program in a pane draw all of its screen anew, and reads what it asks then.

Programs draw what has changed since their last picture, so old text can stand where they reckon
with blanks. Claude Code (2.1.197) draws everything at another width, and only then: not at another
height, at SIGCONT, at a focus event or at ctrl+l. So its terminal, not the pane, is made one column
narrower and wide again. tmux is not told: no other pane is moved, and no client sees a change.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import struct
import termios
import time
from collections.abc import Iterator

from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.approval.reply import Reader
from ccpar_hybrid.approval.watch import Asker, PaneState, captures
from ccpar_hybrid.core.errors import CcparError

LIMIT_S = 5.0
"""How long each of the two drawings may take."""
_LOOK_AGAIN_S = 0.01
_LEAST_COLUMNS = 40
_SIZE = "HHHH"
_FORM = "#{pane_tty} #{pane_pid} #{pane_width} #{pane_height} #{pane_dead}"


async def redraw(
    control: Asker, pane: PaneState, read: Reader, limit_s: float = LIMIT_S
) -> Prompt | None:
    """What the pane asks once its program has drawn everything anew; None: it was not seen to.

    A prompt that reads as wide as the narrower terminal proves the first drawing, one as wide as
    the pane the second. Both begin after the call, so a program that answers has been awake since,
    and has had every key that was sent before. The terminal gets its size back whatever happens.
    """
    try:
        with _terminal(await _path(control, pane)) as terminal:
            return await _redrawn(control, pane, read, terminal, limit_s)
    except (CcparError, OSError):
        return None


async def mend(control: Asker, pane: PaneState) -> bool:
    """Give a terminal its pane's width if an approver has died over it; whether it was so."""
    try:
        with _terminal(await _path(control, pane)) as terminal:
            rows, columns, *pixels = _size(terminal)
            is_ours = (rows, columns) == (pane.rows, pane.columns - 1)
            if is_ours:
                _set_size(terminal, rows, pane.columns, *pixels)
            return is_ours
    except (CcparError, OSError):
        return False


async def _path(control: Asker, pane: PaneState) -> str:
    """The pane's terminal; raises OSError where it is not that pane any more."""
    (reply,) = await control.ask(("display-message", "-p", "-t", pane.pane_id, _FORM))
    found = (reply.lines[0] if reply.done and reply.lines else "").split(" ")
    if found[1:] != [str(pane.pid), str(pane.columns), str(pane.rows), "0"]:
        raise OSError("the pane has changed")
    return found[0]


@contextlib.contextmanager
def _terminal(path: str) -> Iterator[int]:
    terminal = os.open(path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield terminal
    finally:
        os.close(terminal)


async def _redrawn(
    control: Asker, pane: PaneState, read: Reader, terminal: int, limit_s: float
) -> Prompt | None:
    if _size(terminal)[:2] != (pane.rows, pane.columns) or pane.columns <= _LEAST_COLUMNS:
        return None
    with _narrower(terminal):
        narrow = await _seen(control, pane, read, terminal, limit_s)
    if narrow is None or _size(terminal)[1] != pane.columns:
        return None
    return await _seen(control, pane, read, terminal, limit_s)


@contextlib.contextmanager
def _narrower(terminal: int) -> Iterator[None]:
    """For the length of the block, unless somebody else gives it another size meanwhile."""
    before = _size(terminal)
    rows, columns, *pixels = before
    narrow = (rows, columns - 1, *pixels)
    _set_size(terminal, *narrow)
    try:
        yield
    finally:
        if _size(terminal) == narrow:
            _set_size(terminal, *before)


async def _seen(
    control: Asker, pane: PaneState, read: Reader, terminal: int, limit_s: float
) -> Prompt | None:
    """The whole prompt, as wide as the terminal is now, that two looks in a row have seen."""
    deadline_s = time.monotonic() + limit_s
    size = _size(terminal)
    columns = size[1]
    before: Prompt | None = None
    while time.monotonic() < deadline_s and _size(terminal) == size:
        (screen,) = await captures(control, [pane.pane_id])
        if screen is None:
            return None
        prompt = read(screen[0], columns)
        if prompt is not None and prompt.whole and prompt == before:
            return prompt
        before = prompt
        await asyncio.sleep(_LOOK_AGAIN_S)
    return None


def _size(terminal: int) -> tuple[int, ...]:
    """Rows and columns, and the same in pixels."""
    empty = bytes(struct.calcsize(_SIZE))
    return struct.unpack(_SIZE, fcntl.ioctl(terminal, termios.TIOCGWINSZ, empty))


def _set_size(terminal: int, *size: int) -> None:
    """Its foreground program gets SIGWINCH, if that is another size."""
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack(_SIZE, *size))
