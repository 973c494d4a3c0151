"""The HTTP side of the scripted model, on the loopback address only. Standard library only."""

import json
import selectors
import socket
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ccpar_hybrid.demo.model_answer import Answer, Event, error_of, events_of, message_of, tokens
from ccpar_hybrid.demo.model_play import Player
from ccpar_hybrid.demo.model_request import BadRequest, read_request
from ccpar_hybrid.demo.script import Fail, Pause

LONGEST_BODY = 32 * 1024 * 1024
PING_S = 1.0


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it came in; ``headers`` have lower-case names."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class ClientGone(Exception):
    """The client hung up, or the server is stopping: there is nobody left to answer."""


class ModelServer(ThreadingHTTPServer):
    """A server of one scripted model; ``record`` is called with every request, in any thread."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, player: Player, record: Callable[[Seen], None], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.player = player
        self.record = record
        # Closing one end makes the other readable in every thread that waits.
        self.stopping, self._stop = socket.socketpair()

    def server_close(self) -> None:
        """Close the listening socket and let every open answer end."""
        self._stop.close()
        super().server_close()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that hang up: they may do so at any moment."""


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: ModelServer
    protocol_version = "HTTP/1.1"
    server_version = "scripted-model"
    sys_version = ""

    def do_HEAD(self) -> None:
        """The program looks once whether anybody is there."""
        self.server.record(Seen("HEAD", self.path, self._lower_headers(), b""))
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Length", "0")
        self.end_headers()

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
        delay_s, outcome = self.server.player.play(request)
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
                "Connection": "close",
                "request-id": f"req_{answer.id}",
                **answer.headers,
            }
        )
        self.close_connection = True
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
            selector.register(self.server.stopping, selectors.EVENT_READ)
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
            self.close_connection = True
            self._refuse(HTTPStatus.LENGTH_REQUIRED, "invalid_request_error", "no Content-Length")
        elif int(length) > LONGEST_BODY:
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "request_too_large", "over 32 MiB")
        else:
            with suppress(ConnectionError):
                return self.rfile.read(int(length))
        return None

    def _route(self) -> str:
        return self.path.partition("?")[0]

    def _lower_headers(self) -> dict[str, str]:
        return {name.lower(): value for name, value in self.headers.items()}
