"""The shims of one run: they hear its story and its outcome, and their end is a kill of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path

from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.system.process import is_stopped, process
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.door import serve
from ccpar_hybrid.worker.post import Claim
from ccpar_hybrid.worker.story import Story

KILLED = "killed (its Pueue task was ended)"
ASKED = "cancelled on request"


class Audience:
    """Those who listen to a run, from `open` to `close`; `cancel` is told why it is to end."""

    def __init__(self, first: Claim, cancel: Callable[[str], None]) -> None:
        self._cancel = cancel
        self._shims = [first]
        self._listeners: dict[int, asyncio.Task[None]] = {}
        self._daemons = {id(first): _parent(first)}
        self._told: list[Path] = []
        self._story: Story | None = None

    async def open(self, path: Path) -> None:
        """Let further shims in at this socket, and hear the first one."""
        make_private(str(path.parent))
        self._listener = await serve(path, self._meet)
        self._listen(self._shims[0])

    async def close(self) -> None:
        """Let nobody in any more, and hang up when all that was told has gone out."""
        self._listener.close()
        for listener in self._listeners.values():
            listener.cancel()
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
        """Whether the newest shim is stopped: nothing else tells of `pueue pause`."""
        return bool(self._shims) and is_stopped(self._shims[-1].pid)

    @property
    def is_empty(self) -> bool:
        """Whether nobody listens."""
        return not self._shims

    @property
    def reaches_scheduler(self) -> bool:
        """Whether a shim's end is heard by the daemon that started it."""
        return any(self._daemons[id(shim)] == _parent(shim) for shim in self._shims)

    # --- shims come and go

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Another shim for this key: it hears what the first one heard, and gets the same end."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            line = await reader.readline()
            if line:
                shim = Claim(wire.decode(line), reader, writer)
                self._shims.append(shim)
                self._daemons[id(shim)] = _parent(shim)
                for path in self._told:
                    text = path.read_bytes().decode("utf-8", "surrogateescape")
                    shim.answer({"type": wire.OUTPUT, "text": text})
                if self._story is not None:
                    self._story.attach(writer)
                self._listen(shim)
                return
        writer.close()

    def _listen(self, shim: Claim) -> None:
        self._listeners[id(shim)] = asyncio.ensure_future(self._hear(shim))

    async def _hear(self, shim: Claim) -> None:
        """Until the shim is gone: when the last one is, its run was killed through Pueue."""
        with contextlib.suppress(OSError, ValueError, wire.WireError):
            while line := await shim.reader.readline():
                self._obey(shim, wire.decode(line))
        if self._story is not None:
            self._story.detach(shim.writer)
        self._shims.remove(shim)
        shim.writer.close()
        if not self._shims:
            self._cancel(KILLED)

    def _obey(self, shim: Claim, message: wire.Message) -> None:
        if message["type"] == wire.CANCEL:
            self._cancel(ASKED)
        elif message["type"] == wire.DAEMON_GONE:
            self._daemons[id(shim)] = 0


def _parent(shim: Claim) -> int | None:
    """The process that will hear of the shim's end: the daemon, or a shell in between."""
    info = process(shim.pid)
    return info.ppid if info else None
