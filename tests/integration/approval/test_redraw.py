"""A program in a real pane is made to draw all of its screen anew, and is read then."""

from __future__ import annotations

import asyncio
import fcntl
import json
import os
import signal
import struct
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ccpar_hybrid.agents.claude_dialog import read_prompt
from ccpar_hybrid.agents.prompt import Prompt
from ccpar_hybrid.approval.redraw import mend, redraw
from ccpar_hybrid.approval.watch import PaneState
from ccpar_hybrid.tmux.control import Control
from tests.support.prompt_pane import prompt_pane
from tests.support.tmux_server import TmuxServer
from tests.support.waiting import wait_until

LONG_S = 30.0
SHORT_S = 0.5
"""For programs of which no answer comes."""
COLUMNS, ROWS = 100, 30
PIXELS = (1600, 960)
RECORDED = Path(__file__).parents[2] / "data/claude/dialogs/permission-bash-120x30.ans"


class Asking:
    """The demo agent in a pane, with a dialog of its own on the screen."""

    def __init__(self, tmux: TmuxServer, command: str) -> None:
        call = {"tool": "Bash", "input": {"command": command, "description": "do it"}}
        prompt = f"go\nscript: {json.dumps([call, {'say': 'all done'}])}"
        # tmux continues its own children when they are stopped, so this one has another parent.
        shell = ("sh", "-c", '"$@"; exit', "sh")
        agent = (*shell, sys.executable, "-P", "-m", "ccpar_hybrid.demo.agent", "--", prompt)
        self._tmux = tmux
        self.pane_id = tmux.start_session("asks", *agent, columns=COLUMNS, rows=ROWS)
        wait_until(lambda: self.prompt, timeout_s=LONG_S, message="the dialog")
        self.size = (ROWS, COLUMNS, *PIXELS)

    @property
    def state(self) -> PaneState:
        """The pane as tmux has it now."""
        form = "#{pane_id} #{pane_pid} #{pane_width} #{pane_height}"
        said = self._tmux.tmux("display-message", "-p", "-t", self.pane_id, form).split()
        return PaneState(said[0], *map(int, said[1:]))

    @property
    def prompt(self) -> Prompt | None:
        """What is read off the screen now."""
        screen = self._tmux.tmux("capture-pane", "-p", "-e", "-t", self.pane_id)
        return read_prompt(screen, COLUMNS)

    def wait_for_narrow(self) -> None:
        """Until the terminal is not as wide as at first."""
        wait_until(lambda: self.size[1] < COLUMNS, timeout_s=LONG_S)

    def stop(self) -> None:
        """From now on the program does nothing."""
        parent = self.state.pid
        child = Path(f"/proc/{parent}/task/{parent}/children").read_text()
        os.kill(int(child), signal.SIGSTOP)

    def leave_remnants(self, text: str, behind: str) -> None:
        """Have text stand behind other text, of which the program does not know."""
        rows = self._tmux.tmux("capture-pane", "-p", "-t", self.pane_id).split("\n")
        row = max(n for n, line in enumerate(rows) if behind in line)
        column = rows[row].index(behind) + len(behind)
        with self.terminal() as terminal:
            os.write(terminal, f"\x1b7\x1b[{row + 1};{column + 1}H{text}\x1b8".encode())
        wait_until(lambda: self.prompt and behind + text in self.prompt.subject, timeout_s=LONG_S)

    @contextmanager
    def terminal(self) -> Iterator[int]:
        """The pane's terminal, opened."""
        path = self._tmux.tmux("display-message", "-p", "-t", self.pane_id, "#{pane_tty}").strip()
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        try:
            yield terminal
        finally:
            os.close(terminal)

    @property
    def size(self) -> tuple[int, ...]:
        """Of its terminal: rows and columns, and the same in pixels."""
        with self.terminal() as terminal:
            return struct.unpack("HHHH", fcntl.ioctl(terminal, termios.TIOCGWINSZ, bytes(8)))

    @size.setter
    def size(self, size: tuple[int, ...]) -> None:
        with self.terminal() as terminal:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size))


@pytest.fixture
def asking(tmux: TmuxServer) -> Asking:
    tmux.tmux("set-environment", "-g", "CLAUDE_CODE_SANDBOXED", "1")
    return Asking(tmux, "touch one")


async def test_old_text_is_gone_from_a_prompt_after_a_redraw(
    asking: Asking, control: Control
) -> None:
    before, state = asking.prompt, asking.state
    asking.leave_remnants("-two", behind="touch one")
    assert await redraw(control, state, read_prompt, LONG_S) == before
    assert asking.prompt == before
    assert (asking.state, asking.size) == (state, (ROWS, COLUMNS, *PIXELS))


async def test_a_program_that_draws_nothing_anew_is_not_believed(
    tmux: TmuxServer, home: Path, control: Control
) -> None:
    pane = prompt_pane(
        tmux, home / "still", RECORDED.read_text(encoding="utf-8").rstrip("\n"), size=(120, 30)
    )
    assert read_prompt(tmux.tmux("capture-pane", "-p", "-e", "-t", pane.pane_id), 120) is not None
    assert await redraw(control, pane.state, read_prompt, SHORT_S) is None
    assert pane.met() == []


async def test_the_terminal_of_a_stopped_program_gets_its_size_back(
    asking: Asking, control: Control
) -> None:
    asking.stop()
    assert await redraw(control, asking.state, read_prompt, SHORT_S) is None
    assert asking.size == (ROWS, COLUMNS, *PIXELS)


async def test_a_redraw_that_is_cancelled_gives_the_size_back(
    asking: Asking, control: Control
) -> None:
    asking.stop()
    trial = asyncio.create_task(redraw(control, asking.state, read_prompt, LONG_S))
    await asyncio.to_thread(asking.wait_for_narrow)
    trial.cancel()
    with pytest.raises(asyncio.CancelledError):
        await trial
    assert asking.size == (ROWS, COLUMNS, *PIXELS)


async def test_the_size_that_somebody_gives_the_pane_meanwhile_stays(
    asking: Asking, tmux: TmuxServer, control: Control
) -> None:
    state = asking.state
    asking.stop()
    trial = asyncio.create_task(redraw(control, state, read_prompt, LONG_S))
    await asyncio.to_thread(asking.wait_for_narrow)
    tmux.tmux("resize-window", "-t", asking.pane_id, "-x", "90")
    assert await trial is None
    assert asking.size[1] == 90
    assert await redraw(control, state, read_prompt, SHORT_S) is None


async def test_a_width_that_a_dead_approver_has_left_is_mended(
    asking: Asking, control: Control
) -> None:
    before, state = asking.prompt, asking.state
    assert not await mend(control, state)
    asking.size = (ROWS, COLUMNS - 1, *PIXELS)
    assert await redraw(control, state, read_prompt, SHORT_S) is None
    assert await mend(control, state)
    assert asking.size == (ROWS, COLUMNS, *PIXELS)
    wait_until(lambda: asking.prompt == before, timeout_s=LONG_S)


async def test_a_pane_that_is_gone_asks_nothing(
    asking: Asking, tmux: TmuxServer, control: Control
) -> None:
    state = asking.state
    tmux.tmux("kill-pane", "-t", asking.pane_id)
    assert await redraw(control, state, read_prompt, SHORT_S) is None
    assert not await mend(control, state)
