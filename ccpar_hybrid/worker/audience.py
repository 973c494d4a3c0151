"""The shims of one run: they hear its story and its outcome, and their end is a kill of it.

Unless their scheduler ends as well: pueued kills what it has started when it is shut down, and
when it can't save its state, and a machine that goes down ends everything. Nobody asked for
the task's end then, so it goes on, and the next shim of its key attaches to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.system.process import ProcessInfo, is_alive, is_stopped, process
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.door import serve
from ccpar_hybrid.worker.post import Claim
from ccpar_hybrid.worker.story import Story

KILLED = "killed (its Pueue task was ended)"
ASKED = "cancelled on request"
JUDGE_S = 1.0
"""So long a daemon must outlive the end of its shim; pueued 4.0 is gone 0.2 s after it."""
_LOOK_S = 0.05


class Audience:
    """Those who listen to a run, from `open` to `close`; `cancel` is told why it is to end.

    `answers`: whether the scheduler answers; may block for seconds, called in a thread.
    """

    def __init__(
        self, first: Claim, cancel: Callable[[str], None], answers: Callable[[], bool]
    ) -> None:
        self._cancel = cancel
        self._answers = answers
        self._shims = [first]
        self._tasks: list[asyncio.Task[None]] = []
        self._daemons = {id(first): _daemon(first)}
        self._told: list[Path] = []
        self._was_paused = False
        self._story: Story | None = None

    async def open(self, path: Path) -> None:
        """Let further shims in at this socket, and hear the first one."""
        make_private(str(path.parent))
        self._listener = await serve(path, self._meet)
        self._listen(self._shims[0])

    async def close(self) -> None:
        """Let nobody in any more, and hang up when all that was told has gone out."""
        self._listener.close()
        for task in self._tasks:
            task.cancel()
        for shim in self._shims:
            await shim.close()

    # --- what they hear

    def follow(self, story: Story) -> None:
        """All hear this story from now on, those who come later those before it as well."""
        if self._story is not None:
            self._told.append(self._story.path)
        for shim in self._shims:
            if self._story is not None:
                self._story.detach(shim.writer)
            story.attach(shim.writer)
        self._story = story

    def line(self, text: str) -> None:
        """A line of ours: in the story, or where none has begun, to those who listen now."""
        if self._story is not None:
            self._story.line(text)
            return
        for shim in self._shims:
            shim.answer({"type": wire.OUTPUT, "text": f"{text}\n"})

    def dismiss(self, exit_code: int) -> None:
        """The outcome, by which every shim ends."""
        for shim in self._shims:
            shim.answer({"type": wire.OUTCOME, "exit_code": exit_code})

    # --- what is known of them

    @property
    def is_paused(self) -> bool:
        """Whether the newest shim is stopped: nothing else tells of `pueue pause`.

        The kernel continues a shim whose daemon dies. That is nobody's wish, so without a daemon
        all stays as it was.
        """
        if self._shims and self.reaches_scheduler:
            self._was_paused = is_stopped(self._shims[-1].pid)
        return self._was_paused

    @property
    def reaches_scheduler(self) -> bool:
        """Whether a shim's end is heard by the daemon that started it."""
        return any(_is_there(self._daemons[id(shim)]) for shim in self._shims)

    # --- shims come and go

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another shim for this key: it hears what the first one heard, and gets the same end."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            line = await reader.readline()
            if line:
                shim = Claim(wire.decode(line), reader, writer)
                self._shims.append(shim)
                self._daemons[id(shim)] = _daemon(shim)
                for path in self._told:
                    text = path.read_bytes().decode("utf-8", "surrogateescape")
                    shim.answer({"type": wire.OUTPUT, "text": text})
                if self._story is not None:
                    self._story.attach(writer)
                self._listen(shim)
                return
        writer.close()

    def _listen(self, shim: Claim) -> None:
        self._tasks.append(asyncio.ensure_future(self._hear(shim)))

    async def _hear(self, shim: Claim) -> None:
        """Until the shim is gone: when the last one is, its run may have been killed."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while line := await shim.reader.readline():
                self._obey(shim, wire.decode(line))
        if self._story is not None:
            self._story.detach(shim.writer)
        self._shims.remove(shim)
        shim.writer.close()
        if not self._shims:
            await self._judge(self._daemons[id(shim)], KILLED)

    def _obey(self, shim: Claim, message: wire.Message) -> None:
        if message["type"] == wire.CANCEL:
            daemon = self._daemons[id(shim)]
            self._tasks.append(asyncio.ensure_future(self._judge(daemon, ASKED)))
        elif message["type"] == wire.DAEMON_GONE:
            self._daemons[id(shim)] = None

    async def _judge(self, daemon: ProcessInfo | None, reason: str) -> None:
        """Cancel if the daemon that started the shim outlives its end."""
        ended = time.monotonic()
        while _is_there(daemon):
            await asyncio.sleep(_LOOK_S)
            if time.monotonic() - ended > JUDGE_S and await asyncio.to_thread(self._answers):
                if reason is ASKED or not self._shims:
                    self._cancel(reason)
                return
        self.line("· Pueue has ended; this run goes on")


def _daemon(shim: Claim) -> ProcessInfo | None:
    """The process that hears of the shim's end: the first above the job's process group.

    This process where the shim has ended already: then the scheduler's answer alone decides.
    """
    info = shim_info = process(shim.pid)
    while info is not None and shim_info is not None and info.pgid == shim_info.pgid:
        info = process(info.ppid)
    return info or process(os.getpid())


def _is_there(daemon: ProcessInfo | None) -> bool:
    if daemon is None or not is_alive(daemon.pid):
        return False
    info = process(daemon.pid)
    return info is not None and info.start_ticks == daemon.start_ticks
