"""What a test can order of a service, and ask it for afterwards, whichever SDK drives it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .faults import CUT, DROP, Fault, Faults
from .guard import Guard
from .server import Server
from .wire import Request


class Asked:
    """A server that runs for a test: its faults, what it was asked, and what must not have happened."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self.faults: Faults = server.faults
        self.guard = Guard()
        self.url = server.url

    @contextmanager
    def running(self) -> Iterator[None]:
        """Serve for as long as the block lasts."""
        thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()

    def fail(self, pattern: str, status: int, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Answer requests whose route fits with a status: the ``first``-th and those after it, ``times`` in all."""
        self.faults.ordered.append(Fault(pattern, status, method, first, times))

    def drop(self, pattern: str, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Close the connection of such a request without an answer."""
        self.fail(pattern, DROP, method=method, first=first, times=times)

    def cut(self, pattern: str, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Close the connection of such a request in the middle of the answer."""
        self.faults.ordered.append(Fault(pattern, CUT, method, first, times, late=True))

    def lose(self, pattern: str, status: int = DROP, *, method: str = "*", first: int = 1, times: int = 1) -> None:
        """Do what such a request asks for, but answer with a status, or not at all."""
        self.faults.ordered.append(Fault(pattern, status, method, first, times, late=True))

    def stop_after_writes(self, count: int) -> None:
        """Answer ``count`` more writes, and from then on nothing at all."""
        self.faults.writes_left = count

    @contextmanager
    def meeting(self, before: Callable[[Request], None]) -> Iterator[None]:
        """Call ``before`` with each request, in a thread of its own, before it is answered; others are answered."""
        self._server.before = before
        try:
            yield
        finally:
            self._server.before = lambda _: None

    @property
    def requests(self) -> list[Request]:
        """Every request so far, in order."""
        return list(self._server.requests)

    def asked(self, method: str, ending: str) -> list[Request]:
        """Return the requests whose route ends so."""
        return [one for one in self.requests if one.method == method and one.route.endswith(ending)]

    def writes(self) -> list[Request]:
        """Return the requests that changed something."""
        return [one for one in self.requests if one.write]

    def forget(self) -> None:
        """Forget the requests so far; what is stored stays."""
        self._server.requests.clear()

    @property
    def unknown(self) -> list[str]:
        """Requests that no route leads from."""
        return self._server.unknown

    @property
    def crashes(self) -> list[str]:
        """Errors of this service itself."""
        return self._server.crashes

    def complaints(self) -> list[str]:
        """Return what must not have happened: requests without a route, errors of this service, attempts to get out."""
        unknown = [f"no route for {one}" for one in self.unknown]
        return [*unknown, *self.crashes, *(f"wanted out: {one}" for one in self.guard.caught)]

    def forgive(self) -> None:
        """Forget what must not have happened, after a test has looked at it."""
        for kept in (self.unknown, self.crashes, self.guard.caught):
            kept.clear()
