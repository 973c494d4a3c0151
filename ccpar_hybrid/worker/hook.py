"""`ccpar-hook SOCKET KEY ATTEMPT [--status-line [FILE]]`: started by an agent's hooks.

Passes one JSON text from standard input to the worker's socket and prints what the worker
answers. It never stands in the agent's way: a worker that is gone is no error. With
`--status-line FILE`, the user's own status line command (a script in FILE) is run as well, and
what it prints is printed. Standard library only.
"""

from __future__ import annotations

import json
import os
import sys

from ccpar_hybrid.worker import wire

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

REPLY_TIMEOUT_S = 10.0
PERMISSION = "PermissionRequest"
"""The event whose answer may take as long as a person does; the agent's own dialog stands
meanwhile, and who is there can answer that instead."""
STATUS_LINE = "--status-line"


def run() -> None:
    """Entry point of the `ccpar-hook` command."""
    sys.exit(main(sys.argv[1:]))


def main(arguments: Sequence[str]) -> int:
    """Deliver the event; 0 unless called with the wrong words."""
    if len(arguments) < 3:
        sys.stderr.write("usage: ccpar-hook SOCKET KEY ATTEMPT [--status-line [FILE]]\n")
        return 2
    socket_path, key, attempt, *rest = arguments
    text = sys.stdin.buffer.read()
    event = _event(text, status_line=rest[:1] == [STATUS_LINE])
    if event is not None:
        reply = _deliver(
            socket_path, {"type": wire.HOOK, "key": key, "attempt": int(attempt), "event": event}
        )
        if len(rest) < 2:
            sys.stdout.write(reply)
            sys.stdout.flush()
    if len(rest) == 2:
        _run_users_own(rest[1], text)
    return 0


def _event(text: bytes, *, status_line: bool) -> dict[str, Any] | None:
    try:
        event = json.loads(text)
    except ValueError:
        return None
    if not isinstance(event, dict):
        return None
    return {"hook_event_name": "StatusLine", **event} if status_line else event


def _deliver(socket_path: str, message: dict[str, Any]) -> str:
    try:
        with wire.Link.connect(socket_path, REPLY_TIMEOUT_S) as link:
            link.send(message)
            if message["event"].get("hook_event_name") == PERMISSION:
                link.socket.settimeout(None)
            reply = link.receive()
    except (OSError, wire.WireError):
        return ""
    return str(reply.get("output", "")) if reply else ""


def _run_users_own(script: str, text: bytes) -> None:
    """Become the user's status line command, with the same JSON on its standard input."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        with os.fdopen(writer, "wb") as file:
            file.write(text)
        os._exit(0)
    os.close(writer)
    os.dup2(reader, 0)
    os.execv("/bin/sh", ["sh", script])
