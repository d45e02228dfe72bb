"""Faults on order: the n-th request that fits a pattern is answered with an error, or its connection is dropped."""

import re
from dataclasses import dataclass, field

from .wire import Answer, Request, error_body

DROP = 0  # in place of a status: the connection is closed without an answer
CUT = 1  # in place of a status: the connection is closed in the middle of the answer


@dataclass
class Fault:
    """Requests that fit, counted from 1; those from ``first`` on, ``times`` of them, get ``status``."""

    pattern: str
    status: int
    method: str
    first: int
    times: int
    late: bool = False  # what was asked for is done, and only its answer is lost
    seen: int = 0

    def strikes(self, request: Request) -> bool:
        """Count a request; tell whether the fault is its answer."""
        if self.method not in ("*", request.method) or not re.search(self.pattern, request.route):
            return False
        self.seen += 1
        return self.first <= self.seen < self.first + self.times

    @property
    def answer(self) -> Answer | None:
        """What is said; nothing where the connection is dropped."""
        said = error_body(f"a fault on order: {self.status}", "Fault")
        return Answer(said, self.status) if self.status else None


@dataclass
class Faults:
    """The faults on order."""

    ordered: list[Fault] = field(default_factory=list)
    writes_left: int | None = None  # how many more writes are answered; then nothing is

    def strike(self, request: Request) -> Fault | None:
        """Return the fault that is the answer to a request."""
        if self.writes_left is not None:
            if self.writes_left <= 0:
                return Fault("", DROP, "*", 1, 1)
            self.writes_left -= request.write
        striking = [one for one in self.ordered if one.strikes(request)]
        return striking[0] if striking else None
