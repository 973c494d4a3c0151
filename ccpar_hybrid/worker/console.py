"""What people see of a worker: the text in its idle pane, and the labels in the pane's border."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import termios
from collections.abc import Mapping

from ccpar_hybrid.core.errors import CcparError
from ccpar_hybrid.core.text import first_line, visible
from ccpar_hybrid.core.worker import WorkerState
from ccpar_hybrid.system.terminal import CLEAR, LEAVE_MODES, make_silent, write_all
from ccpar_hybrid.tmux.pane import DETAIL, LABEL, STATE, Pane

LABEL_WIDTH = 40
LABEL_DELAY_S = 0.1
"""A label is set so late that a task which is over by then costs no run of `tmux`, and that the
agent's start comes first."""
_BOLD, _DIM, _PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


class Console:
    """The worker's pane, its screen between tasks and its labels at all times."""

    def __init__(self, pane: Pane, name: str, group: str) -> None:
        self._pane = pane
        self._name = name
        self._group = group
        self._wanted: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        self._flushing: asyncio.Task[None] | None = None
        self._saved = termios.tcgetattr(0)

    def label(self, state: WorkerState, label: str = "", detail: str = "") -> None:
        """Put state, task and detail into the border; the newest wins, at most one call runs."""
        # A long label would push what the agent waits for out of a narrow pane's border.
        self._wanted = {LABEL: visible(label, LABEL_WIDTH), STATE: state.value, DETAIL: detail}
        if self._flushing is None or self._flushing.done():
            self._flushing = asyncio.ensure_future(self._flush())

    async def _flush(self) -> None:
        await asyncio.sleep(LABEL_DELAY_S)
        while self._wanted != self._shown:
            wanted = dict(self._wanted)
            changed = {name: text for name, text in wanted.items() if self._shown.get(name) != text}
            await asyncio.to_thread(self._set, changed)
            self._shown = wanted

    def _set(self, options: Mapping[str, str]) -> None:
        try:
            self._pane.set_options(options)
        except CcparError as error:
            print(f"ccpar: labels: {error.message}", file=sys.stderr)

    async def capture(self) -> str:
        """The visible screen with colours; empty if tmux does not tell."""
        try:
            return await asyncio.to_thread(self._pane.capture, escapes=True)
        except CcparError:
            return ""

    async def paste(self, text: str) -> None:
        """Give the program in the pane a text as one paste; raises CcparError."""
        await asyncio.to_thread(self._leave_mode_and_paste, text)

    async def press(self, key: str) -> None:
        """Press one key; raises CcparError."""
        await asyncio.to_thread(self._leave_mode_and_press, key)

    def _leave_mode_and_paste(self, text: str) -> None:
        self._pane.leave_mode()
        self._pane.paste(text)

    def _leave_mode_and_press(self, key: str) -> None:
        self._pane.leave_mode()
        self._pane.press(key)

    def show_idle(self, last: str, *, draining: bool = False) -> None:
        """The screen of a worker that has nothing to do."""
        termios.tcflush(0, termios.TCIFLUSH)
        make_silent(0)
        self.label(WorkerState.IDLE, "", "leaving" if draining else "")
        columns = _columns()
        lines = [
            f"{_BOLD}{self._name}{_PLAIN}  group {visible(self._group, 60)}",
            first_line(last, columns - 2) if last else "nothing done yet",
            "",
            f"{_DIM}waiting for work: ccpar-hybrid add 'PROMPT'{self._group_option()}{_PLAIN}",
        ]
        self._write(LEAVE_MODES + CLEAR + _HIDE_CURSOR + "\r\n".join(" " + line for line in lines))

    def _group_option(self) -> str:
        return f" --group {visible(self._group, 60)}"

    def show_held(self, task: str, reason: str) -> None:
        """The screen of a worker whose task may not begin yet."""
        make_silent(0)
        columns = _columns()
        lines = [
            f"{_BOLD}{self._name}{_PLAIN}  group {visible(self._group, 60)}",
            first_line(f"{visible(task, 60)} is held: {reason}", columns - 2),
        ]
        self._write(LEAVE_MODES + CLEAR + _HIDE_CURSOR + "\r\n".join(" " + line for line in lines))

    def clear_for_task(self) -> None:
        """An empty screen in the terminal's ordinary modes, for the program that comes."""
        termios.tcsetattr(0, termios.TCSANOW, self._saved)
        self._write(LEAVE_MODES + CLEAR + _SHOW_CURSOR)

    def leave(self, text: str) -> None:
        """The last words of a worker that ends; its pane may be gone."""
        with contextlib.suppress(termios.error):
            termios.tcsetattr(0, termios.TCSANOW, self._saved)
        self._write(LEAVE_MODES + CLEAR + text + "\r\n")

    def _write(self, text: str) -> None:
        write_all(1, text.encode("utf-8", "replace"))


def _columns() -> int:
    try:
        return os.get_terminal_size(1).columns
    except OSError:
        return 80
