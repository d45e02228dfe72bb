"""What differs from v1 on the wire: uploaded files stay bytes, HEAD changes nothing, storage speaks XML."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import cast

from tests.loopback import wire
from tests.loopback.server import Server
from tests.loopback.state import SCOPE, Entity
from tests.loopback.wire import Answer, Call, Handler, Refusal, Request, Route

from .state import State

BLOBS = "/blob/"
XML = {"Content-Type": "application/xml"}


def route(method: str, path: str, answer: Callable[[State, Call], object]) -> Route:
    """Return a route; see ``tests.loopback.wire.route``."""
    return wire.route(method, path, cast("Handler", answer))


def listed(entities: Iterable[object]) -> Entity:
    """Return a list as Azure answers with it; without `nextLink`, for all is on one page."""
    return {"value": list(entities)}


def missing(what: str) -> Refusal:
    """Return the answer that there is no such thing."""
    return Refusal(404, f"{what} was not found in workspace loopback.")


def entity(kind: str, name: str, properties: Entity, now: str) -> Entity:
    """Return a thing as Resource Manager shows it."""
    who = {"createdAt": now, "createdBy": "Somebody", "createdByType": "User", "lastModifiedAt": now}
    return {
        "id": f"{SCOPE}/{kind}/{name}",
        "name": name.rpartition("/")[2],
        "type": f"Microsoft.MachineLearningServices/workspaces/{kind}",
        "properties": properties,
        "systemData": {**who, "lastModifiedBy": "Somebody", "lastModifiedByType": "User"},
    }


class TlsServer(Server):
    """The server, as v2 needs it."""

    def read(self, number: int, method: str, target: str, content: bytes) -> Request:
        """Return what arrived: of a file its bytes, whatever they say."""
        request = super().read(number, method, target, content)
        is_file = request.route.startswith(BLOBS) and request.query.get("comp") is None
        body = content if method == "PUT" and is_file else request.body
        return replace(request, body=body, write=request.write and method != "HEAD")

    def answer(self, request: Request) -> Answer | None:
        """Return what the service says; storage says what is wrong in words of its own."""
        said = super().answer(request)
        if said is None or said.status < 400 or not request.route.startswith(BLOBS):
            return said
        code = {404: "BlobNotFound", 503: "ServerBusy"}.get(said.status, "Refused")
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
        head = request.method == "HEAD"
        return Answer(b"" if head else text.encode(), said.status, {**XML, "x-ms-error-code": code})
