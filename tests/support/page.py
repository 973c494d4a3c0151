"""A page of a loopback address, which counts who comes."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from types import TracebackType


class Page:
    """Listens as long as the block lasts; hangs up on whoever connects.

    `address` is host and port. `visits` counts the connections.
    """

    def __init__(self, host: str) -> None:
        self._socket = socket.create_server((host, 0))
        self.address = f"{host}:{self._socket.getsockname()[1]}"
        self.visits = 0
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> Page:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)  # which wakes the thread; closing alone does not
        self._socket.close()
        self._thread.join()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                visitor, _ = self._socket.accept()
                self.visits += 1
                visitor.close()
