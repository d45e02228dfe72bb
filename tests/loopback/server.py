"""The HTTP server: it records every request, lets faults have their way, and finds the function that answers."""

import socket
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from traceback import format_exc

from . import (
    artifacts,
    automl,
    datasets,
    environments,
    execution,
    metrics,
    pipelines,
    published,
    runs,
    shared_modules,
    snapshots,
    watching,
    workspace,
)
from .faults import CUT, Faults
from .state import Json
from .wire import Answer, Call, Refusal, Request, Route, error_body, read

ROUTES: Sequence[Route] = (
    *workspace.ROUTES,
    *automl.ROUTES,
    *environments.ROUTES,
    *snapshots.ROUTES,
    *datasets.ROUTES,
    *pipelines.ROUTES,
    *shared_modules.ROUTES,
    *watching.ROUTES,
    *published.ROUTES,
    *runs.ROUTES,
    *metrics.ROUTES,
    *artifacts.ROUTES,
    *execution.ROUTES,
)


class Server(ThreadingHTTPServer):
    """One service on a port of its own: over HTTP, or over TLS where it is given a context for it."""

    daemon_threads = True
    request_queue_size = 64  # the SDK asks from many threads

    def __init__(
        self, state: Json, faults: Faults, routes: Sequence[Route] = ROUTES, tls: ssl.SSLContext | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = state
        self.faults = faults
        self.routes = routes
        self.tls = tls
        self.requests: list[Request] = []
        self.unknown: list[str] = []  # requests that no route leads from
        self.crashes: list[str] = []  # errors of this service itself
        self.lock = threading.Lock()
        self.before: Callable[[Request], None] = lambda _: None  # called before each request is answered
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self.server_port}"

    def finish_request(self, request: socket.socket, client_address: Json) -> None:  # type: ignore[override]
        """Shake hands in the request's own thread: a client that does not answer holds up nobody else."""
        if self.tls is None:
            super().finish_request(request, client_address)
            return
        with self.tls.wrap_socket(request, server_side=True) as wrapped:
            super().finish_request(wrapped, client_address)

    def read(self, number: int, method: str, target: str, content: bytes) -> Request:
        """Return what arrived as a request."""
        return read(number, method, target, content)

    def record(self, method: str, target: str, content: bytes, headers: Mapping[str, str]) -> Request:
        """Note a request; return it."""
        with self.lock:
            request = replace(self.read(len(self.requests) + 1, method, target, content), headers=headers)
            self.requests.append(request)
        return request

    def answer(self, request: Request) -> Answer | None:
        """Return what the service says, or nothing where the connection is to be dropped."""
        with self.lock:
            fault = self.faults.strike(request)
            if fault is not None and not fault.late:
                return fault.answer
            answer = self._answered(request)
            if fault is not None and fault.status == CUT:
                return replace(answer, cut=True)
            return fault.answer if fault is not None else answer

    def _answered(self, request: Request) -> Answer:
        try:
            return self._routed(request)
        except Refusal as refusal:
            return refusal.answer
        except Exception:  # noqa: BLE001 - a bug of this service must reach the test, not only the SDK
            self.crashes.append(f"{request}\n{format_exc()}")
            return Answer(error_body("the loopback service crashed", "Crash"), 400)

    def _routed(self, request: Request) -> Answer:
        for one in self.routes:
            names = one.match(request)
            if names is not None:
                said = one.answer(self.state, Call(request, names, self.url))
                return said if isinstance(said, Answer) else Answer(said)
        self.unknown.append(str(request))
        return Answer(error_body(f"the loopback service has no route for {request}", "NotImplemented"), 501)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay silent: a client may hang up whenever it likes."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one packet for head and body
    server: Server

    def _serve(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(size)
        if len(content) < size:  # the client ended before it had sent all
            self.close_connection = True
            return
        request = self.server.record(
            self.command, self.path, content, {name.lower(): text for name, text in self.headers.items()}
        )
        self.server.before(request)
        answer = self.server.answer(request)
        if answer is None:
            self.close_connection = True
            return
        kind, sent = answer.encode()
        self.send_response(answer.status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(sent)), **answer.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(sent[: len(sent) // 2] if answer.cut else sent)
        self.wfile.flush()
        self.close_connection = self.close_connection or answer.cut

    do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _serve  # noqa: N815 - looked for by name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Stay silent: requests are recorded."""
