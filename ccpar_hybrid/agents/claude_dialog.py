"""Reads a dialog of Claude Code (2.1.197) off its screen, or says that it is not sure. Pure.

Input is what `tmux capture-pane -p -e` gives. A kind is told only of what stands in the place, the
words and the colours of the program's own dialog; all else that waits is `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable

from ccpar_hybrid.agents import claude_screen
from ccpar_hybrid.agents.claude_call import read_permission
from ccpar_hybrid.agents.claude_frame import Frame, read_frame
from ccpar_hybrid.agents.claude_person import read_person_frame, read_question
from ccpar_hybrid.agents.prompt import Prompt, PromptKind
from ccpar_hybrid.agents.styled import StyledLine, styled_lines

MARK = "❯ [1-9][.] "
"""An extended regular expression that one line of every dialog matches, and of some texts."""
_PAGES = {"login": PromptKind.LOGIN, "press Enter": PromptKind.PRESS_ENTER}
_READERS: tuple[Callable[[Frame], Prompt | None], ...] = (read_permission, read_person_frame)


def read_prompt(screen: str, columns: int = 0) -> Prompt | None:
    """What the visible screen, with its colours as escape sequences, asks; None: nothing.

    `columns` is the width of its pane, 0: not known. With it a dialog has to be as wide.
    """
    waiting = claude_screen.read_screen(screen).waiting
    if waiting is None:
        return None
    lines = styled_lines(screen)
    return read_question(lines) or _framed(lines, columns) or _unread(lines, waiting)


def _framed(lines: list[StyledLine], columns: int) -> Prompt | None:
    frame = read_frame(lines)
    if frame is None or columns not in (0, frame.columns):
        return None
    return next((found for read in _READERS if (found := read(frame))), None)


def _unread(lines: list[StyledLine], waiting: str) -> Prompt:
    """Something waits for a person; only the pages of a first start have a kind of their own."""
    shown = tuple(line.text for line in lines)
    return Prompt(_PAGES.get(waiting, PromptKind.UNKNOWN), title=waiting, shown=shown)
