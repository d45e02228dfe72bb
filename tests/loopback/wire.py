"""What goes over the wire: a recorded request, an answer, a refusal; and the routes from one to another."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from .state import Json, State

SCOPE = re.compile(
    r"/subscriptions/[^/]+/resource[gG]roups?/[^/]+/providers/Microsoft\.MachineLearningServices/workspaces/[^/]+"
)

# What the SDK asks by POST; nothing is changed by it.
READS_BY_POST = re.compile(
    r":query$|^/metric/.*/(list|full)$|/snapshots/(getblob|[^/]+/zip)$|^/pipelines/.*/(Graph/.*|Outputs)$"
)


@dataclass(frozen=True)
class Request:
    """One request, as it arrived."""

    number: int
    method: str
    path: str  # as it was sent
    route: str  # without the workspace's scope; what routes and faults are matched against
    query: Mapping[str, str]
    body: Json  # JSON where it is JSON, else bytes; None where there was none
    write: bool
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.number} {self.method} {self.route}"


@dataclass(frozen=True)
class Answer:
    """What is sent back: JSON, or text as it stands. ``cut``: only half of it, and then the connection is closed."""

    body: object = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False

    def encode(self) -> tuple[str, bytes]:
        """Return the content type and the bytes."""
        if isinstance(self.body, bytes):
            return "text/plain; charset=utf-8", self.body
        return "application/json; charset=utf-8", json.dumps(self.body).encode()


class Refusal(Exception):  # noqa: N818 - the service refuses; nothing went wrong
    """The service says no."""

    def __init__(self, status: int, message: str, code: str = "UserError") -> None:
        super().__init__(message)
        self.answer = Answer(error_body(message, code), status)


def error_body(message: str, code: str) -> dict[str, object]:
    """Return an error as every client of the SDK reads it; without `details` printing it raises another."""
    error = {"code": code, "message": message, "details": []}
    return {"error": error, "Error": {name.capitalize(): value for name, value in error.items()}}


@dataclass(frozen=True)
class Call:
    """A request that found its route, with the names that its path holds."""

    request: Request
    names: Mapping[str, str]
    url: str  # of the service

    def __getitem__(self, name: str) -> str:
        return self.names[name]

    @property
    def body(self) -> Json:
        """The JSON of the request, to be changed at will."""
        return json.loads(json.dumps(self.request.body))


Handler = Callable[[State, Call], object]


@dataclass(frozen=True)
class Route:
    """A method and a path, and the function that answers: JSON, an Answer, or a Refusal that it raises."""

    method: str
    pattern: re.Pattern[str]
    answer: Handler

    def match(self, request: Request) -> dict[str, str] | None:
        """Return the names in the path, or nothing where the route is another."""
        found = self.pattern.fullmatch(request.route) if self.method == request.method else None
        return found and {name: unquote(value or "") for name, value in found.groupdict().items()}


def route(method: str, path: str, answer: Handler) -> Route:
    """Return a route; ``{name}`` in the path stands for one part of it, ``{name:path}`` for all that follows."""
    pattern = re.sub(r"\{(\w+):path\}", r"(?P<\1>.+)", path)
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", pattern)
    return Route(method, re.compile(pattern), answer)


def read(number: int, method: str, target: str, content: bytes) -> Request:
    """Return what arrived as a request."""
    parts = urlsplit(target)
    plain = SCOPE.sub("", parts.path).replace("//", "/") or "/"
    write = method != "GET" and not (method == "POST" and READS_BY_POST.search(plain))
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(number, method, parts.path, plain, query, _parsed(content), write)


def _parsed(content: bytes) -> Json:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError:
        return content
