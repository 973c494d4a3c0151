"""The worker's own socket: status, drain, stop, and the agent's hooks."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.wire import Message

Answer = Callable[[Message], Awaitable[Message]]


class Door:
    """Serves one request and one answer on each connection, from `open` to `close`."""

    def __init__(self, path: str, answer: Answer) -> None:
        self._path = Path(path)
        self._answer = answer

    async def open(self) -> None:
        """Listen; takes over the path of a worker that died."""
        make_private(str(self._path.parent.parent))
        make_private(str(self._path.parent))
        self._server = await serve(self._path, self._meet)

    async def close(self) -> None:
        """Listen no more."""
        await unserve(self._server, self._path)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            line = await reader.readline()
            if line:
                writer.write(wire.encode(await self._answer(wire.decode(line))))
                await writer.drain()
        except (OSError, ValueError, KeyError, wire.WireError) as error:
            with contextlib.suppress(OSError):
                writer.write(wire.encode({"type": wire.ERROR, "reason": str(error)}))
        finally:
            writer.close()


Meet = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def serve(path: Path, meet: Meet) -> asyncio.Server:
    """Listen at a path that appears only once it can be connected to."""
    listener = socket.socket(fileno=wire.listen(str(path)).detach())
    listener.setblocking(False)
    path.chmod(0o600)
    return await asyncio.start_unix_server(meet, sock=listener, limit=wire.MAX_LINE)


async def unserve(server: asyncio.Server, path: Path) -> None:
    """Listen no more, and remove the path."""
    server.close()
    path.unlink(missing_ok=True)
