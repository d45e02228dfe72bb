"""Two publishers at one service: where the second one comes while the first is at work."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.loopback.wire import Request
from tests.patience import PATIENCE


@dataclass
class Gate:
    """Holds requests up: the first's number ``place`` for the second, whose number ``until`` waits for the first."""

    place: int
    until: int | None
    second: Callable[[], None]
    matters: Callable[[Request], bool]
    counts: list[int] = field(default_factory=lambda: [0, 0])
    begun: threading.Thread | None = None
    held: threading.Event = field(default_factory=threading.Event)
    first_done: threading.Event = field(default_factory=threading.Event)
    failed: list[BaseException] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        """Hold a request up, if it is one of those that matter."""
        if not self.matters(request):
            return
        seconds = self.begun is not None and (not self.held.is_set() or self.first_done.is_set())
        self.counts[seconds] += 1
        if seconds and self.counts[1] == self.until:
            self.held.set()
            self.first_done.wait(PATIENCE)
        elif not seconds and self.counts[0] == self.place:
            self.begun = threading.Thread(target=self.run_second)
            self.begun.start()
            self.held.wait(PATIENCE)

    def run_second(self) -> None:
        """Publish; then let the first go on, if it was not let before."""
        try:
            self.second()
        except BaseException as error:  # noqa: BLE001 - for the thread that waits
            self.failed.append(error)
        self.held.set()

    def finish(self) -> None:
        """Let the second go on to its end."""
        self.first_done.set()
        if self.begun is not None:
            self.begun.join(PATIENCE)
            assert not self.begun.is_alive()
        for error in self.failed:
            raise error
