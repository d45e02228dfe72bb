"""Blob storage for either SDK: an HTTPS proxy that answers for the storage account itself, and refuses all else.

So clients run unchanged: they ask https://loop.blob.core.windows.net, and a variable makes them trust its certificate.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from pathlib import Path
from typing import cast
from urllib.parse import unquote, urlsplit
from xml.sax.saxutils import escape

import pytest

from tests.loopback_v2.certificate import STORAGE, identity

from . import wire
from .asked import Asked
from .faults import Faults
from .guard import Guard
from .server import Handler, Server
from .state import Json
from .wire import Answer, Call, Refusal, Request, Route

KEY = base64.b64encode(b"the key of the account").decode()
SAS = "sv=2026-01-05&sr=c&sp=racwl&sig=dGhlIHNpZ25hdHVyZQ%3D%3D"


@dataclass
class Blob:
    """A file: its bytes, and its number, by which files are ordered in time."""

    data: bytes
    metadata: dict[str, str]
    number: int


@dataclass
class State:
    """The files by container and path, and the blocks of those that are not complete."""

    blobs: dict[str, Blob] = field(default_factory=dict)
    blocks: dict[str, dict[str, bytes]] = field(default_factory=dict)
    page: int = 5000
    count: int = 0
    copying: set[str] = field(default_factory=set)  # files whose copy has not ended
    late_copies: int = 0  # how many copies take until they are asked for


XML = {"Content-Type": "application/xml"}


def xml(text: str) -> Answer:
    """Return an answer in XML."""
    return Answer(f'<?xml version="1.0" encoding="utf-8"?>{text}'.encode(), 200, XML)


def put(state: State, path: str, data: bytes, metadata: dict[str, str]) -> None:
    """Store a file, whole."""
    state.count += 1
    state.blobs[path] = Blob(data, metadata, state.count)
    state.blocks.pop(path, None)


def put_blob(state: State, call: Call) -> object:
    """Store a file, one of its blocks, the list of its blocks, or a copy of another file."""
    request, path = call.request, f"{call['container']}/{call['path']}"
    metadata = {name[10:]: text for name, text in request.headers.items() if name.startswith("x-ms-meta-")}
    part, source = request.query.get("comp"), request.headers.get("x-ms-copy-source")
    if request.headers.get("if-none-match") == "*" and path in state.blobs:
        raise Refusal(409, "The specified blob already exists.", "BlobAlreadyExists")
    if path in state.copying:
        raise Refusal(409, "There is currently a pending copy operation.", "PendingCopyOperation")
    if part == "block":
        state.blocks.setdefault(path, {})[request.query["blockid"]] = request.body or b""
    elif part == "blocklist":
        names = re.findall(r"<Latest>(.*?)</Latest>", request.body.decode())
        blocks = state.blocks.get(path, {})
        put(state, path, b"".join(blocks[name] for name in names), {})
    elif source:
        return copy_blob(state, path, source, request)
    elif part == "metadata":
        state.blobs[path].metadata = metadata
        return Answer(b"", 200, XML)
    else:
        put(state, path, request.body or b"", metadata)
    return Answer(b"", 201, XML)


def copy_blob(state: State, path: str, source: str, request: Request) -> Answer:
    """Copy a file; by a signature only where the address of the other one has a signature too."""
    parts = urlsplit(source)
    other = unquote(parts.path.lstrip("/"))
    if "sig" in request.query and "sig=" not in parts.query:
        raise Refusal(401, "The source could not be read.", "CannotVerifyCopySource")
    if other not in state.blobs:
        raise Refusal(404, "The source does not exist.", "CannotVerifyCopySource")
    put(state, path, state.blobs[other].data, {})
    status = "pending" if state.late_copies > 0 else "success"
    return Answer(b"", 202, {**XML, "x-ms-copy-status": status, "x-ms-copy-id": "1"})


def put_container(_: State, __: Call) -> object:
    """Refuse to create a container: each is there already."""
    raise Refusal(409, "The specified container already exists.", "ContainerAlreadyExists")


def get_blob(state: State, call: Call) -> object:
    """Answer with the bytes of a file; to ask lets a late copy end."""
    blob = found(state, call)
    first, last = _range(call.request, len(blob.data))
    is_copied = state.late_copies <= 1 and f"{call['container']}/{call['path']}" not in state.copying
    status = "success" if is_copied else "pending"
    state.late_copies = max(0, state.late_copies - 1)
    head = {"x-ms-blob-type": "BlockBlob", "x-ms-copy-status": status, "Last-Modified": modified(blob)}
    if call.request.method == "HEAD":
        return Answer(blob.data, 200, {**XML, **head})
    if first is None:
        return Answer(blob.data, 200, {**XML, **head})
    head["Content-Range"] = f"bytes {first}-{last}/{len(blob.data)}"
    return Answer(blob.data[first : last + 1], 206, {**XML, **head})


def _range(request: Request, size: int) -> tuple[int | None, int]:
    """Return the first and the last byte that a client asks for; no first one where it asks for all."""
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("x-ms-range") or request.headers.get("range") or "")
    return (int(asked[1]), min(int(asked[2] or size), size - 1)) if asked else (None, size - 1)


def found(state: State, call: Call) -> Blob:
    """Return the file that is asked for."""
    path = f"{call['container']}/{call['path']}"
    if path not in state.blobs:
        raise Refusal(404, "The specified blob does not exist.", "BlobNotFound")
    return state.blobs[path]


def get_blocks(state: State, call: Call) -> Answer:
    """Answer with the blocks of a file that is not complete."""
    path = f"{call['container']}/{call['path']}"
    if path not in state.blocks and path not in state.blobs:
        raise Refusal(404, "The specified blob does not exist.", "BlobNotFound")
    rows = (
        f"<Block><Name>{name}</Name><Size>{len(data)}</Size></Block>"
        for name, data in state.blocks.get(path, {}).items()
    )
    return xml(f"<BlockList><UncommittedBlocks>{''.join(rows)}</UncommittedBlocks></BlockList>")


def get(state: State, call: Call) -> object:
    """Answer with a file or its blocks."""
    return get_blocks(state, call) if call.request.query.get("comp") == "blocklist" else get_blob(state, call)


def modified(blob: Blob) -> str:
    """Return the time of a file, as HTTP has it."""
    return formatdate(1_760_000_000 + blob.number, usegmt=True)


def list_blobs(state: State, call: Call) -> Answer:
    """Answer with the files of a container below a prefix, a page at a time."""
    query, root = call.request.query, f"{call['container']}/"
    prefix = root + query.get("prefix", "")
    names = sorted(path for path in state.blobs if path.startswith(prefix) and path > query.get("marker", ""))
    page = names[: state.page]
    rows = "".join(_listed(path.removeprefix(root), state.blobs[path], copying=path in state.copying) for path in page)
    marker = page[-1] if len(names) > len(page) else ""
    return xml(
        f"<EnumerationResults><Blobs>{rows}</Blobs><NextMarker>{escape(marker)}</NextMarker></EnumerationResults>"
    )


def _listed(name: str, blob: Blob, *, copying: bool) -> str:
    metadata = "".join(f"<{key}>{escape(text)}</{key}>" for key, text in blob.metadata.items())
    facts = f"<Last-Modified>{modified(blob)}</Last-Modified><Content-Length>{len(blob.data)}</Content-Length>"
    if copying:
        facts += "<CopyStatus>pending</CopyStatus>"
    return (
        f"<Blob><Name>{escape(name)}</Name><Properties>{facts}<BlobType>BlockBlob</BlobType></Properties>"
        f"<Metadata>{metadata}</Metadata></Blob>"
    )


def route(method: str, path: str, answer: Json) -> Route:
    """Return a route; see ``wire.route``."""
    return wire.route(method, path, answer)


ROUTES = (
    route("GET", "/{container}", list_blobs),
    route("GET", "/{container}/{path:path}", get),
    route("HEAD", "/{container}/{path:path}", get_blob),
    route("PUT", "/{container}/{path:path}", put_blob),
    route("PUT", "/{container}", put_container),
)


class StorageServer(Server):
    """The proxy: what it is asked inside a tunnel to the storage account, it answers; other tunnels it refuses."""

    def __init__(self, state: State, guard: Guard) -> None:
        super().__init__(cast("Json", state), Faults(), ROUTES)
        self.certificate, self.context = identity()
        self.guard = guard
        self.RequestHandlerClass = TunnelHandler

    def read(self, number: int, method: str, target: str, content: bytes) -> Request:
        """Return what arrived; files stay bytes, and each part of a path counts."""
        request = super().read(number, method, target, content)
        route = unquote(urlsplit(target).path)
        return replace(request, route=route, body=content, write=method not in {"GET", "HEAD"})

    def answer(self, request: Request) -> Answer | None:
        """Return what the storage says, which wants a login, and has XML for its refusals."""
        known = "sig" in request.query or request.headers.get("authorization", "").startswith(("SharedKey ", "Bearer "))
        if not known:
            return _refusal(request, 403, "AuthorizationFailure")
        said = super().answer(request)
        if said is None or said.status < 400:
            return said
        code = {404: "BlobNotFound", 409: "BlobAlreadyExists", 503: "ServerBusy"}.get(said.status, "Refused")
        return _refusal(request, said.status, code)


def _refusal(request: Request, status: int, code: str) -> Answer:
    text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{code}</Message></Error>'
    return Answer(b"" if request.method == "HEAD" else text.encode(), status, {**XML, "x-ms-error-code": code})


class TunnelHandler(Handler):
    """A connection to the proxy, which becomes one to the storage account."""

    server: StorageServer

    def do_CONNECT(self) -> None:  # noqa: N802 - looked for by name
        """Go on as the storage account, over TLS, or refuse."""
        if self.path != f"{STORAGE}:443":
            self.server.guard.caught.append(f"CONNECT {self.path}")
            self.send_error(403, "nothing leaves this machine")
            return
        self.send_response(200)
        self.end_headers()
        self.wfile.flush()
        self.connection = self.server.context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb")
        self.close_connection = False

    def finish(self) -> None:
        """Close the connection inside the tunnel too."""
        try:
            super().finish()
        finally:
            self.connection.close()


class Storage(Asked):
    """The storage of a loopback service: its content, the requests that it got, and the failures to simulate."""

    def __init__(self, guard: Guard) -> None:
        self.state = State()
        super().__init__(StorageServer(self.state, guard))

    def files(self, folder: str = "") -> dict[str, bytes]:
        """Return the files below a folder by path, without the container."""
        rows = ((path.partition("/")[2], blob.data) for path, blob in self.state.blobs.items())
        return {path.removeprefix(folder): data for path, data in sorted(rows) if path.startswith(folder)}

    @property
    def sent(self) -> list[str]:
        """The files and blocks that came with bytes, without the lists of files, by path in the container."""
        sent = (one for one in self.writes() if one.query.get("comp") != "blocklist")
        paths = (one.route.lstrip("/").partition("/")[2] for one in sent if "x-ms-copy-source" not in one.headers)
        return [path for path in paths if "/manifests/" not in path]

    @property
    def copied(self) -> list[str]:
        """The files that were copied, by path in the container."""
        return [one.route.lstrip("/").partition("/")[2] for one in self.writes() if "x-ms-copy-source" in one.headers]


@contextmanager
def storing(guard: Guard, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    """Run the storage for one test; clients find it by the variables that say so to any program."""
    storage = Storage(guard)
    trusted = home / "storage.pem"
    trusted.write_bytes(identity()[0])
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, storage.url)
    with storage.running():
        yield storage
    if storage.unknown or storage.crashes:
        raise AssertionError("\n".join([*storage.unknown, *storage.crashes]))
