"""The words that shims, workers, hooks and clients exchange. Standard library only.

Every message is one JSON object on a line of its own, with a `type`. All sockets lie in a
private runtime directory, so whoever can connect is this user.

`_socket` is what `socket` is made of; without the latter a shim starts in two thirds of the time.
"""

from __future__ import annotations

import _socket
import os

from ccpar_hybrid.worker import quick_json

TYPE_CHECKING = False  # typing costs the shim more than the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Message = dict[str, Any]
else:
    Message = dict

_PARTIAL = "~"
"""Ends the name of a socket that does not listen yet."""

WIRE = 2
"""Version of the words between shim and worker. A shim refuses workers of another one."""

SERVED = (1, 2)
"""Versions of shims that a worker serves: those that wait while workers are renewed."""

MAX_LINE = 16 * 1024 * 1024
"""Bytes of the longest message that is read: a prompt added by hand and its JSON escapes."""

# shim and worker
CLAIM = "claim"
TASK = "task"
ACCEPTED = "accepted"
ATTACH = "attach"
OUTPUT = "output"
OUTCOME = "outcome"
CANCEL = "cancel"
DAEMON_GONE = "daemon-gone"
# clients and worker
STATUS = "status"
DRAIN = "drain"
STAY = "stay"
STOP = "stop"
OK = "ok"
ERROR = "error"
# hooks and worker
HOOK = "hook"
HOOK_REPLY = "hook-reply"
# workers, clients and approver
REQUEST = "request"
ANSWER = "answer"
DELIVERED = "delivered"
WITHDRAWN = "withdrawn"
DECIDE = "decide"


class WireError(Exception):
    """What arrived is not a message of this version."""


def encode(message: Message) -> bytes:
    """One line; lone surrogates survive, so that undecodable bytes of a terminal can pass."""
    return quick_json.dumps(message).encode("ascii") + b"\n"


def decode(line: bytes) -> Message:
    """The message of one line; raises WireError."""
    try:
        message = quick_json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise WireError(f"not JSON: {line[:80]!r}") from error
    if not isinstance(message, dict) or not isinstance(message.get("type"), str):
        raise WireError(f"no message: {line[:80]!r}")
    return message


class Link:
    """A blocking connection that carries messages; `close` it, or use it in a `with`."""

    def __init__(self, connection: _socket.socket) -> None:
        self.socket = connection
        self._buffer = bytearray()

    @classmethod
    def connect(cls, path: str, timeout_s: float | None = None) -> Link:
        """Raises OSError where nobody listens."""
        connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
        try:
            connection.settimeout(timeout_s)
            connection.connect(path)
        except OSError:
            connection.close()
            raise
        return cls(connection)

    def send(self, message: Message) -> None:
        """Blocks until the kernel has it; raises OSError when the other end is gone."""
        self.socket.sendall(encode(message))

    def receive(self) -> Message | None:
        """The next message; None at the end. Raises WireError, OSError (TimeoutError)."""
        while True:
            for message in self.buffered():
                return message
            if not self.fill():
                return None

    def fill(self) -> bool:
        """Read once; False at the end of file."""
        data = self.socket.recv(65536)
        self._buffer += data
        if len(self._buffer) > MAX_LINE:
            raise WireError(f"a message of more than {MAX_LINE} bytes")
        return bool(data)

    def buffered(self) -> Iterator[Message]:
        """The whole messages that have been read and not yet taken."""
        while (end := self._buffer.find(b"\n")) >= 0:
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            yield decode(line)

    def close(self) -> None:
        """Let go of the socket."""
        self.socket.close()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def partial_of(path: str) -> str:
    """The path of a socket as long as it does not listen yet."""
    return f"{path}{_PARTIAL}"


def whole_of(path: str) -> str:
    """The path of a socket once it listens."""
    return path.removesuffix(_PARTIAL)


def listen(path: str, backlog: int = 64) -> _socket.socket:
    """A listening stream socket that appears at `path` only once it can be connected to."""
    listener = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    partial = partial_of(path)
    try:
        _unlink(partial)
        listener.bind(partial)
        os.chmod(partial, 0o600)
        listener.listen(backlog)
        os.rename(partial, path)
    except OSError:
        listener.close()
        _unlink(partial)
        raise
    return listener


def poke(path: str) -> bool:
    """Wake the idle worker behind a datagram socket; False if nobody is there."""
    sender = _socket.socket(_socket.AF_UNIX, _socket.SOCK_DGRAM)
    try:
        sender.setblocking(False)
        sender.sendto(b"offer", path)
    except BlockingIOError:
        return True  # it has unread pokes, so it will look
    except OSError:
        return False
    finally:
        sender.close()
    return True


def accept(listener: _socket.socket) -> _socket.socket:
    """The next connection; raises OSError."""
    descriptor, _ = listener._accept()  # type: ignore[attr-defined]
    return _socket.socket(fileno=descriptor)


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
