"""A local model that speaks the Messages API and plays scripts.

With it the real Claude Code runs with no account and no network. Loopback only, and standard
library only: ``python -m ccpar_hybrid.demo.model --port-file FILE``.
"""

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from ccpar_hybrid.demo.model_play import Player
from ccpar_hybrid.demo.model_server import ModelServer, Seen
from ccpar_hybrid.demo.script import Rules, ScriptError, load_rules

__all__ = ["RequestLog", "ScriptedModel", "Seen", "main", "write_port"]

STOP_LATENCY_S = 0.1
SECRET_HEADERS = {"x-api-key", "authorization"}


class ScriptedModel:
    """A running model, for a ``with``; it listens from the entry to the exit of the block.

    ``url`` goes into ANTHROPIC_BASE_URL. ``requests`` is what came in so far, oldest first.
    """

    def __init__(
        self,
        rules: Rules = (),
        *,
        port: int = 0,
        record: Callable[[Seen], None] | None = None,
    ) -> None:
        self.requests: list[Seen] = []
        self._rules = rules
        self._port = port
        self._record = record or self.requests.append

    @property
    def port(self) -> int:
        """The TCP port of 127.0.0.1 that it listens at."""
        return self._port

    @property
    def url(self) -> str:
        """Its base address, with no slash at the end."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def connections(self) -> int:
        """How many clients wait for an answer or have not asked yet."""
        return self._server.connections

    def __enter__(self) -> Self:
        self._server = ModelServer(Player(self._rules), self._record, self._port)
        self._port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(STOP_LATENCY_S,), name="model", daemon=True
        )
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class RequestLog:
    """Appends every request to a private file, one JSON object a line."""

    def __init__(self, path: Path) -> None:
        opened = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self._file = os.fdopen(opened, "w", encoding="utf-8")
        self._lock = threading.Lock()

    def __call__(self, seen: Seen) -> None:
        """Write one request; its body as text, undecodable bytes replaced."""
        line = {
            "method": seen.method,
            "path": seen.path,
            "headers": {k: v for k, v in seen.headers.items() if k not in SECRET_HEADERS},
            "body": seen.body.decode("utf-8", "replace"),
        }
        with self._lock:
            self._file.write(json.dumps(line) + "\n")
            self._file.flush()


def write_port(path: Path, port: int) -> None:
    """Put the port into a private file that is never seen half written."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(opened, "w") as file:
        file.write(f"{port}\n")
    part.replace(path)


def main(argv: Sequence[str] | None = None) -> int:
    """Serve until SIGTERM or SIGINT. Returns 0, or 2 for a script or port that can't be used."""
    options = _parser().parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    try:
        rules = load_rules(options.script) if options.script else ()
        record = RequestLog(options.log) if options.log else _forget
        with ScriptedModel(rules, port=options.port, record=record) as model:
            if options.port_file:
                write_port(options.port_file, model.port)
            print(f"listening on {model.url}", flush=True)
            stop.wait()
    except (ScriptError, OSError, OverflowError) as error:
        print(f"model: {error}", file=sys.stderr)
        return 2
    return 0


def _forget(seen: Seen) -> None:
    """A server that runs for days keeps no requests."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ccpar_hybrid.demo.model", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="TCP port (default: any free one)")
    parser.add_argument("--script", type=Path, help="a JSON file of rules")
    parser.add_argument("--port-file", type=Path, help="write the port here once it listens")
    parser.add_argument("--log", type=Path, help="append every request here as a JSON line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
