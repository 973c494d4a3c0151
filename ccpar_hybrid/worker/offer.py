"""A task that waits for a worker, as a listening socket in its group. Standard library only."""

from __future__ import annotations

import _socket
import os
import time

from ccpar_hybrid.system.fault import reach
from ccpar_hybrid.system.paths import make_private
from ccpar_hybrid.worker import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ccpar_hybrid.system.paths import Paths
    from ccpar_hybrid.worker.wire import Link, Message


class Offer:
    """An open offer; `name` is TIME.PID.WIRE, so that names sort oldest first.

    Publish, then poke: a worker that marks itself idle before it scans can't miss an offer.
    """

    def __init__(self, paths: Paths, group: str, name: str | None = None) -> None:
        self.name = name or f"{time.time_ns():020d}.{os.getpid()}.{wire.WIRE}"
        self._paths = paths
        self._group = group
        self.listener: _socket.socket
        self.refused = ""  # the worker of another version that wanted it last

    def __enter__(self) -> Offer:
        self._listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        try:
            os.unlink(self._path)
        except OSError:
            pass

    @property
    def _path(self) -> str:
        return os.path.join(self._paths.offers(self._group), self.name)

    def _listen(self) -> None:
        for directory in (
            self._paths.runtime,
            self._paths.group(self._group),
            self._paths.offers(self._group),
        ):
            make_private(directory)
        self.listener = wire.listen(self._path)

    def is_published(self) -> bool:
        """Whether workers can still find it (a cleaner may have emptied the directory)."""
        return os.path.exists(self._path)

    def publish(self) -> None:
        """Listen anew at the same place in the order."""
        self.listener.close()
        self._listen()

    @staticmethod
    def pid_of(name: str) -> int:
        """The shim behind an offer's name; 0 where the name is none of ours."""
        return _number(name.split(".")[1:2])

    @staticmethod
    def wire_of(name: str) -> int:
        """The version of the words that the shim speaks; names did not tell the first one."""
        return _number(name.split(".")[2:3]) or 1

    def poke_one(self) -> None:
        """Wake one idle worker, each shim another one, so that not all run for one task."""
        idle = self._idle()
        first = os.getpid() % len(idle) if idle else 0
        for name in idle[first:] + idle[:first]:
            if wire.poke(os.path.join(self._paths.idle(self._group), name)):
                return

    def poke_all(self) -> None:
        """Wake every idle worker of the group."""
        for name in self._idle():
            wire.poke(os.path.join(self._paths.idle(self._group), name))

    def _idle(self) -> list[str]:
        try:
            return sorted(os.listdir(self._paths.idle(self._group)))
        except OSError:
            return []

    def accept(self, task: Message, timeout_s: float) -> Link | None:
        """Hand the task to the worker that has connected; None if it was no true claim."""
        connection = wire.accept(self.listener)
        connection.settimeout(timeout_s)
        link = wire.Link(connection)
        try:
            claim = link.receive()
            if claim is not None and claim["type"] == wire.CLAIM:
                if claim.get("wire") == wire.WIRE:
                    reach("shim.claimed")
                    link.send(task)
                    connection.settimeout(None)
                    return link
                self.refused = str(claim.get("worker"))
        except (OSError, wire.WireError):
            pass
        link.close()
        return None


def _number(parts: list[str]) -> int:
    return int(parts[0]) if parts and parts[0].isdigit() else 0
