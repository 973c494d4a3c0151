"""The agent's program in the pane: started, stopped, continued, ended with all it started."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import termios
from typing import Any

from ccpar_hybrid.agents.base import Launch, Terminal
from ccpar_hybrid.system import terminal
from ccpar_hybrid.system.process import descendants, signal_tree
from ccpar_hybrid.worker import reaper
from ccpar_hybrid.worker.ending import Ending
from ccpar_hybrid.worker.story import Story

STANDARD_INPUT, STANDARD_OUTPUT = 0, 1
_CHUNK = 65536
_HOLD_S = 0.05
_LAST = 2000


class Program:
    """One started program; `close` it, so that nothing of it is left and the pane is clean."""

    def __init__(self, launch: Launch, directory: str, story: Story) -> None:
        self._launch = launch
        self._directory = directory
        self._story = story
        self._loop = asyncio.get_running_loop()
        self._saved: list[Any] = termios.tcgetattr(STANDARD_INPUT)
        self._relay: int | None = None
        self._is_closed = False
        self.stopped = False
        self.ending: asyncio.Future[Ending] = self._loop.create_future()
        self.pid = 0
        self.signs = 0
        """How often it has given output."""
        self.last_output = b""
        """The end of what it has given."""

    def start(self) -> None:
        """Start it held back behind its gate; raises OSError where it can't be."""
        launch = self._launch
        arguments = (launch.argv, launch.environment, self._directory)
        if launch.terminal is Terminal.FOREGROUND:
            self.pid, self._gate = terminal.spawn_foreground(
                *arguments, STANDARD_INPUT, str(launch.stdin) if launch.stdin else None
            )
        else:
            self.pid, self._gate, self._relay = terminal.spawn_in_terminal(
                *arguments, STANDARD_INPUT
            )
            self._join_terminals(self._relay)
        self._watcher = asyncio.ensure_future(self._watch())

    def release(self) -> None:
        """Open the gate: its first instruction comes now."""
        self._gate.open()

    async def _watch(self) -> None:
        status = await reaper.wait_exit(self.pid)
        self._drain_relay()
        self.ending.set_result(Ending.of(status))

    # --- a terminal of its own, joined to the pane's

    def _join_terminals(self, relay: int) -> None:
        os.set_blocking(relay, False)
        terminal.make_raw(STANDARD_INPUT)
        self._loop.add_reader(relay, self._pass_output)
        self._loop.add_reader(STANDARD_INPUT, self._pass_input)

    def resize(self) -> None:
        """The pane has another size."""
        if self._relay is not None:
            terminal.copy_size(STANDARD_INPUT, self._relay)

    def _pass_output(self) -> bool:
        assert self._relay is not None
        try:
            data = os.read(self._relay, _CHUNK)
        except BlockingIOError:
            return False
        except OSError:  # EIO: every process has let go of the terminal
            data = b""
        if not data:
            self._loop.remove_reader(self._relay)
            return False
        self.signs += 1
        self.last_output = (self.last_output + data)[-_LAST:]
        terminal.write_all(STANDARD_OUTPUT, data)
        self._story.raw(data)
        if self._story.is_behind and not self.ending.done():
            self._loop.remove_reader(self._relay)
            self._loop.call_later(_HOLD_S, self._resume_output)
        return True

    def _resume_output(self) -> None:
        """A slow reader of the log holds the program back, as a pipe would."""
        if self._relay is None or self._is_closed:
            return
        if self._story.is_behind:
            self._loop.call_later(_HOLD_S, self._resume_output)
        else:
            self._loop.add_reader(self._relay, self._pass_output)

    def _pass_input(self) -> None:
        assert self._relay is not None
        with contextlib.suppress(OSError):
            os.write(self._relay, os.read(STANDARD_INPUT, _CHUNK))

    def _drain_relay(self) -> None:
        """What it wrote last may still lie in the terminal when it has ended."""
        if self._relay is not None:
            for _ in range(1024):
                if not self._pass_output():
                    break

    # --- steering

    def pause(self) -> None:
        """Stop every process of it, those in other groups and sessions too."""
        self.stopped = True
        stopped: set[int] = set()
        while fresh := [pid for pid in self.tree() if pid not in stopped]:
            stopped.update(fresh)  # again: one that was not stopped yet may have started more
            signal_tree(fresh, signal.SIGSTOP)

    def go_on(self) -> None:
        """Continue what `pause` stopped."""
        self.stopped = False
        signal_tree(self.tree(), signal.SIGCONT)

    async def stop(self, grace_s: float) -> Ending:
        """TERM, a grace, KILL; returns how it ended. A stopped program is continued to hear it."""
        if not self.ending.done():
            self._signal_group(signal.SIGTERM)
            self.go_on()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(self.ending), grace_s)
        if not self.ending.done():
            signal_tree(self.tree(), signal.SIGKILL)
        return await self.ending

    def _signal_group(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)

    def tree(self) -> list[int]:
        """It and all that it started, as far as can be seen now."""
        return [self.pid, *descendants(self.pid), *reaper.orphans(self.pid)]

    async def close(self, grace_s: float) -> Ending:
        """End it and all that is left of it, and give the pane back; returns how it ended."""
        started = reaper.living(self.tree())
        ending = await self.stop(grace_s)
        await reaper.reap(started, grace_s)
        self._is_closed = True
        if self._relay is not None:
            self._loop.remove_reader(self._relay)
            self._loop.remove_reader(STANDARD_INPUT)
            os.close(self._relay)
        terminal.take_back(STANDARD_INPUT, self._saved)
        return ending
