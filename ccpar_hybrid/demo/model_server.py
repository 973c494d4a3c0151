"""The HTTP side of the scripted model, on the loopback address only. Standard library only."""

import json
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import ThreadingTCPServer
from typing import cast

from ccpar_hybrid.demo.model_answer import Answer, Event, error_of, events_of, message_of, tokens
from ccpar_hybrid.demo.model_play import Player
from ccpar_hybrid.demo.model_request import BadRequest, read_request
from ccpar_hybrid.demo.script import Fail, Pause

LONGEST_BODY = 32 * 1024 * 1024
PING_S = 1.0

Request = socket.socket | tuple[bytes, socket.socket]


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in; ``headers`` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ClientGone(Exception):
    """The client hung up, or the server is stopping: there is nobody left to answer."""


class ModelServer(ThreadingTCPServer):
    """A server of one scripted model; ``record`` is called with every request, in any thread.

    Not an HTTPServer, for that one asks the network for the name of its own address.
    """

    allow_reuse_address = True
    daemon_threads = False
    request_queue_size = 128

    def __init__(self, player: Player, record: Callable[[Seen], None], port: int = 0) -> None:
        self.player = player
        self.record = record
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(("127.0.0.1", port), Handler)

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        with self._lock:
            return len(self._open)

    def process_request(self, request: Request, client_address: object) -> None:
        """Remember the connection, so that the server's end can end it."""
        assert isinstance(request, socket.socket)
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Request) -> None:
        """Forget a connection that is answered."""
        with self._lock:
            self._open.discard(cast(socket.socket, request))
        super().shutdown_request(request)

    def server_close(self) -> None:
        """Stop to listen, hang up on every client, and wait for the threads that served them."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        super().server_close()

    def handle_error(self, request: Request, client_address: object) -> None:
        """Say nothing of clients that hang up, for they may do so at any moment."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: ModelServer
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    server_version = "scripted-model"
    sys_version = ""

    def do_HEAD(self) -> None:
        """The program looks once whether anybody is there."""
        self.server.record(Seen("HEAD", self.path, self._lower_headers(), b""))
        self.send_response(HTTPStatus.OK)
        self._send_headers({"Content-Length": "0"})

    def do_GET(self) -> None:
        """Nothing is to be had by GET but a sign of life at ``/``."""
        self.server.record(Seen("GET", self.path, self._lower_headers(), b""))
        if self._route() == "/":
            self._send(HTTPStatus.OK, {"type": "scripted_model"})
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "not_found_error", f"no such page: {self.path}")

    def do_POST(self) -> None:
        """A message, or the count of its tokens."""
        body = self._body()
        if body is None:
            return
        self.server.record(Seen("POST", self.path, self._lower_headers(), body))
        try:
            if self._route() == "/v1/messages":
                self._answer(body)
            elif self._route() == "/v1/messages/count_tokens":
                request = read_request(body, counting=True)
                self._send(HTTPStatus.OK, {"input_tokens": tokens(request.characters)})
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "not_found_error", f"no such page: {self.path}")
        except BadRequest as error:
            self._refuse(HTTPStatus.BAD_REQUEST, "invalid_request_error", str(error))
        except (ClientGone, ConnectionError):
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Nothing on stderr: the requests are recorded."""

    def _answer(self, body: bytes) -> None:
        request = read_request(body)
        headers = self._lower_headers()
        account = headers.get("authorization") or headers.get("x-api-key", "")
        delay_s, outcome = self.server.player.play(request, account)
        if isinstance(outcome, Fail):
            self._wait(delay_s)
            self._refuse(outcome.status, outcome.type, outcome.message, outcome.headers)
        elif request.stream:
            self._stream(outcome)
        else:
            self._wait(sum(p.seconds for p in outcome.parts if isinstance(p, Pause)))
            self._send(HTTPStatus.OK, message_of(outcome), outcome.headers)

    def _stream(self, answer: Answer) -> None:
        self.send_response(HTTPStatus.OK)
        self._send_headers(
            {
                "Content-Type": "text/event-stream; charset=utf-8",
                "Cache-Control": "no-cache",
                "request-id": f"req_{answer.id}",
                **answer.headers,
            }
        )
        for event in events_of(answer):
            if isinstance(event, Pause):
                self._wait(event.seconds, ping=True)
            else:
                self._event(event)

    def _event(self, event: Event) -> None:
        self.wfile.write(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode())

    def _wait(self, seconds: float, *, ping: bool = False) -> None:
        """Let time go by; raises ClientGone as soon as nobody waits for the answer any more."""
        end = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self.connection, selectors.EVENT_READ)
            while (left := end - time.monotonic()) > 0:
                if selector.select(min(left, PING_S)):
                    raise ClientGone
                if ping:
                    self._event({"type": "ping"})

    def _send(self, status: int, event: Event, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps(event).encode()
        self.send_response(status)
        length = str(len(content))
        self._send_headers(
            {"Content-Type": "application/json", "Content-Length": length, **(headers or {})}
        )
        self.wfile.write(content)

    def _send_headers(self, headers: Mapping[str, str]) -> None:
        # One answer a connection: a stream needs no other end, and no thread stays behind.
        self.send_header("Connection", "close")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _refuse(
        self, status: int, kind: str, message: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, error_of(kind, message), headers)

    def _body(self) -> bytes | None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit():
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "invalid_request_error", "no Content-Length")
        elif int(length) > LONGEST_BODY:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_too_large", "over 32 MiB")
        else:
            with suppress(ConnectionError):
                return self.rfile.read(int(length))
        return None

    def _route(self) -> str:
        return self.path.partition("?")[0]

    def _lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}
