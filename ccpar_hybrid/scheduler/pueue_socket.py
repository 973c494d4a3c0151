"""Pueue's socket (protocol 0.31.1, Pueue 4.0.4): frames of CBOR, answered in order."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from ccpar_hybrid.core.errors import MissingPart
from ccpar_hybrid.scheduler.pueue_config import PueueConfig

KNOWN_PROTOCOLS = frozenset({"0.31.1"})
"""Versions that the tests have met; with any other, the `pueue` command is used."""
_ANSWER_S = 60.0
_CHUNK = 1 << 16
_HEADER = 8

Request = str | Mapping[str, Any]


class SocketUnusable(Exception):
    """The socket cannot be spoken to; the `pueue` command may still reach the daemon."""


class RequestRefused(Exception):
    """The daemon answered with a failure; its words."""


class PueueConnection:
    """One authenticated connection; a context manager that closes it."""

    def __init__(self, config: PueueConfig) -> None:
        """Connect and shake hands; raises SocketUnusable."""
        if config.socket is None:
            raise SocketUnusable("Pueue speaks TCP only")
        self._buffer = bytearray()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(_ANSWER_S)
        try:
            self._socket.connect(str(config.socket))
            self._send_frame(config.secret.read_bytes())
            self.protocol = self._read_frame().decode("utf-8", "replace")
            if self.protocol not in KNOWN_PROTOCOLS:
                raise SocketUnusable(f"the daemon speaks the unknown protocol {self.protocol}")
        except (OSError, MissingPart) as error:
            self._socket.close()
            raise SocketUnusable(str(error)) from error
        except BaseException:
            self._socket.close()
            raise

    def __enter__(self) -> PueueConnection:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def send(self, request: Request) -> None:
        """Ask without waiting; `receive` gives the answers in the same order."""
        import cbor2  # 10 ms that callers without a daemon do not pay

        self._send_frame(cbor2.dumps(request))

    def receive(self) -> dict[str, Any]:
        """The next answer, by its kind; RequestRefused if it is a failure."""
        import cbor2

        answer = cbor2.loads(self._read_frame())
        if not isinstance(answer, dict):
            return {str(answer): None}
        if "Failure" in answer:
            raise RequestRefused(str(answer["Failure"]))
        return answer

    def ask(self, request: Request) -> dict[str, Any]:
        """Send one request and wait for its answer."""
        self.send(request)
        return self.receive()

    def finish(self) -> None:
        """Let the daemon work off all that was sent, unheard; nothing may be asked afterwards."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            while self._socket.recv(_CHUNK):
                pass

    def _send_frame(self, payload: bytes) -> None:
        try:
            self._socket.sendall(len(payload).to_bytes(_HEADER, "big") + payload)
        except OSError as error:
            raise _gone(error) from error

    def _read_frame(self) -> bytes:
        size = int.from_bytes(self._take(_HEADER), "big")
        return self._take(size)

    def _take(self, size: int) -> bytes:
        while len(self._buffer) < size:
            try:
                chunk = self._socket.recv(_CHUNK)
            except OSError as error:
                raise _gone(error) from error
            if not chunk:
                raise _gone("it closed the connection")
            self._buffer += chunk
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken


def _gone(why: object) -> MissingPart:
    return MissingPart(f"pueued stopped answering: {why}", "see `pueue status`")
