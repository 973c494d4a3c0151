"""The worker's own socket: status, drain, stop, and the agent's hooks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ccpar_hybrid.system.files import remove_own
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Message

Answer = Callable[[Message], Awaitable[Message]]


class Pending(Protocol):
    """An answer that takes its time."""

    async def answer(self) -> Message:
        """May take for ever; cancelled when the other end hangs up."""

    async def close(self, *, delivered: bool) -> None:
        """Called once, with whether the answer was taken."""


Hold = Callable[[Message], Pending | None]


class Door:
    """Serves one request and one answer on each connection, from `open` to `close`."""

    def __init__(self, path: str, answer: Answer, hold: Hold = lambda message: None) -> None:
        """`hold` is asked first whether the answer takes its time; None: `answer` has it."""
        self._path = Path(path)
        self._answer = answer
        self._hold = hold

    async def open(self) -> None:
        """Listen; takes over the path of a worker that died."""
        make_private(str(self._path.parent.parent))
        make_private(str(self._path.parent))
        self._listener = await serve(self._path, self._meet)

    async def close(self) -> None:
        """Listen no more."""
        self._listener.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                message = wire.decode(line)
                if (pending := self._hold(message)) is not None:
                    await _attend(pending, reader, writer)
                    return
                writer.write(wire.encode(await self._answer(message)))
                await writer.drain()
        except (OSError, ValueError, KeyError, wire.WireError) as error:
            with contextlib.suppress(OSError):
                writer.write(wire.encode({"type": wire.ERROR, "reason": str(error)}))
        finally:
            writer.close()


async def _attend(
    pending: Pending, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Wait for the answer as long as the other end does."""
    answering = asyncio.ensure_future(pending.answer())
    leaving = asyncio.ensure_future(reader.read(1))
    delivered = False
    try:
        await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if answering.done() and not leaving.done():
            writer.write(wire.encode(answering.result()))
            await writer.drain()
            delivered = True
    finally:
        answering.cancel()
        leaving.cancel()
        await pending.close(delivered=delivered)


Meet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Listener:
    """A socket that is served until it is closed."""

    path: Path
    inode: int
    server: asyncio.Server

    def close(self) -> None:
        """Listen no more, and remove the path, unless a successor listens there by now."""
        self.server.close()
        remove_own(self.path, self.inode)


async def serve(path: Path, meet: Meet) -> Listener:
    """Listen at a path that appears only once it can be connected to."""
    listener = socket.socket(fileno=wire.listen(str(path)).detach())
    listener.setblocking(False)
    inode = path.stat().st_ino
    server = await asyncio.start_unix_server(_quiet(meet), sock=listener, limit=wire.MAX_LINE)
    return Listener(path, inode, server)


def _quiet(meet: Meet) -> Meet:
    """A meeting that the end of the process cuts short is no error, and asyncio calls it one."""

    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await meet(reader, writer)

    return guarded
