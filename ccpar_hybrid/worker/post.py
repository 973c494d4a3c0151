"""A worker's side of the rendezvous: it stands idle in its group until an offer is its own."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.files import remove_own
from ccpar_hybrid.system.paths import Paths, make_private
from ccpar_hybrid.system.process import is_alive, is_stopped
from ccpar_hybrid.worker import wire
from ccpar_hybrid.worker.offer import Offer
from ccpar_hybrid.worker.wire import Message

_ANSWER_LIMIT_S = 5.0
_LOOK_AGAIN_S = 30.0
"""Wake-ups come by datagram; this only mends what a cleaner of /tmp may have broken."""


@dataclass
class Claim:
    """A shim that gave us its task; answer it, and close it."""

    task: Message
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @property
    def pid(self) -> int:
        """The shim's process."""
        return int(self.task.get("pid", 0))

    def answer(self, message: Message) -> None:
        """Queue a message to the shim; one that is gone is no error."""
        if not self.writer.is_closing():
            self.writer.write(wire.encode(message))

    async def close(self) -> None:
        """Let everything that was queued go out, and hang up."""
        with contextlib.suppress(OSError):
            await self.writer.drain()
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()


def clear_after(paths: Paths, group: str, worker: str) -> None:
    """Remove the files of a worker that is gone for good; one that was killed left them."""
    for path in (f"{paths.idle(group)}/{worker}", paths.worker_socket(worker), paths.beat(worker)):
        Path(path).unlink(missing_ok=True)


class Post:
    """Marks the worker idle while it is entered. Mark idle, then scan: no offer is missed."""

    def __init__(self, paths: Paths, group: str, worker: str) -> None:
        self._paths = paths
        self._group = group
        self._worker = worker
        self._poked = asyncio.Event()
        self.has_stranger = False
        """Whether an offer waits whose shim is of a version that this worker does not know."""

    def __enter__(self) -> Post:
        self._bind()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unbind()

    @property
    def _path(self) -> Path:
        return Path(self._paths.idle(self._group), self._worker)

    def _bind(self) -> None:
        for directory in (
            self._paths.runtime,
            self._paths.group(self._group),
            self._paths.idle(self._group),
            self._paths.offers(self._group),
        ):
            make_private(directory)
        self._path.unlink(missing_ok=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(str(self._path))
        self._path.chmod(0o600)
        reach("post.idle")
        self._inode = self._path.stat().st_ino
        asyncio.get_running_loop().add_reader(self._socket, self._read_pokes)

    def _unbind(self) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()
        remove_own(self._path, self._inode)

    def _read_pokes(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                self._socket.recv(64)
                self._poked.set()

    async def claim(self) -> Claim:
        """The oldest open offer of the group, as soon as one is ours."""
        while True:
            self._poked.clear()
            for name in self._open_offers():
                claim = await self._try(f"{self._paths.offers(self._group)}/{name}")
                if claim is not None:
                    return claim
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poked.wait(), _LOOK_AGAIN_S)
            if not self._path.exists():
                self._unbind()
                self._bind()

    def _open_offers(self) -> list[str]:
        try:
            names = os.listdir(self._paths.offers(self._group))  # noqa: PTH208 - at every poke
        except OSError:
            return []
        offers = [name for name in sorted(names) if self._listens(name)]
        known = [name for name in offers if Offer.wire_of(name) in wire.SERVED]
        self.has_stranger = len(known) < len(offers)
        # A shim that Pueue paused could not answer; it pokes us when it is continued.
        return [name for name in known if not is_stopped(Offer.pid_of(name))]

    def _listens(self, name: str) -> bool:
        whole = wire.whole_of(name)
        if whole == name:
            return True
        if not is_alive(Offer.pid_of(whole)):  # killed before it listened: it never will
            Path(self._paths.offers(self._group), name).unlink(missing_ok=True)
        return False

    async def _try(self, path: str) -> Claim | None:
        try:
            reader, writer = await asyncio.open_unix_connection(path, limit=wire.MAX_LINE)
        except ConnectionRefusedError:
            Path(path).unlink(missing_ok=True)  # its shim was killed; names are never used again
            return None
        except OSError:
            return None
        reach("post.connected")
        try:
            version = Offer.wire_of(Path(path).name)
            claim = {"type": wire.CLAIM, "wire": version, "worker": self._worker}
            writer.write(wire.encode(claim))
            line = await asyncio.wait_for(reader.readline(), _ANSWER_LIMIT_S)
            if line:
                reach("post.claimed")
                return Claim(wire.decode(line), reader, writer)
        except (OSError, ValueError, wire.WireError):
            pass
        writer.close()
        return None
