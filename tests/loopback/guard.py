"""Nothing may leave this machine: what tries to is refused and recorded.

Two nets. A proxy, which programs that are not Python see too; and a hook on Python's own sockets, which nobody can pass
by ignoring the proxy.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TYPE_CHECKING = False
if TYPE_CHECKING:
    import pytest  # 0.1 s, which each process of the command line would pay

LOOPBACK = ("127.", "::1", "localhost")


class Guard:
    """Where anything tried to go."""

    def __init__(self) -> None:
        self.caught: list[str] = []


class _Proxy(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, guard: Guard) -> None:
        super().__init__(("127.0.0.1", 0), _Refuse)
        self.guard = guard
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Refuse(BaseHTTPRequestHandler):
    server: _Proxy

    def _refuse(self) -> None:
        self.server.guard.caught.append(f"{self.command} {self.path}")
        self.send_error(403, "nothing leaves this machine")

    do_CONNECT = do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = do_HEAD = _refuse  # noqa: N815 - looked for by name

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class names it so
        """Stay silent."""


_on_watch: list[Guard] = []


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if not _on_watch or event not in ("socket.connect", "socket.getaddrinfo"):
        return
    target = arguments[1] if event == "socket.connect" else arguments[0]
    host = target[0] if isinstance(target, tuple) else target
    if isinstance(host, str) and (event != "socket.connect" or isinstance(target, tuple)) and not _is_here(host):
        _on_watch[-1].caught.append(f"{event} {target}")
        raise ConnectionRefusedError(f"nothing leaves this machine: {event} {target}")


def _is_here(host: str) -> bool:
    return host == "" or host.startswith(LOOPBACK)


_hooked: list[bool] = []  # a hook cannot be taken off again


def refuse_all(guard: Guard) -> None:
    """Let no socket of this process out, from now on until its end or that of ``guarding``."""
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _on_watch.append(guard)


@contextmanager
def guarding(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let nothing out for as long as the block lasts."""
    proxy = _Proxy(guard)
    thread = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv(name.lower(), proxy.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")
    refuse_all(guard)
    try:
        yield
    finally:
        _on_watch.remove(guard)
        proxy.shutdown()
        proxy.server_close()
        thread.join()
