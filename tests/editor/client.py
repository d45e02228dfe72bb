"""A small client of the Language Server Protocol: drives yaml-language-server over its standard input and output."""

from __future__ import annotations

import json
import queue
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, BinaryIO

from tests.patience import PATIENCE

# What the server asks its editor for (workspace/configuration): as a fresh editor without a network would answer.
SETTINGS: dict[str, Any] = {
    "yaml": {
        "validate": True,
        "hover": True,
        "completion": True,
        "schemaStore": {"enable": False},
        "kubernetesCRDStore": {"enable": False},
    },
    "editor": {"tabSize": 2, "detectIndentation": False},
}


class SilentError(Exception):
    """The server did not answer, or ended."""


class Server:
    """A running language server; close it, or use it in a ``with``."""

    def __init__(self, command: Sequence[str | Path], root: Path, schemas: object = None) -> None:
        """``schemas`` is the setting ``yaml.schemas``: files by schema."""
        self._settings = {**SETTINGS, "yaml": {**SETTINGS["yaml"], "schemas": schemas or {}}}
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        assert self._process.stderr is not None
        self._input = self._process.stdin
        self._messages: queue.Queue[Any] = queue.Queue()
        self._errors: list[bytes] = []
        self._readers = [
            threading.Thread(target=self._listen, args=(self._process.stdout,), daemon=True),
            threading.Thread(target=self._drain, args=(self._process.stderr,), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        self._last = 0
        self._diagnostics: dict[str, list[Any]] = {}
        about: dict[str, Any] = {"workspace": {"configuration": True, "workspaceFolders": True}}
        about["textDocument"] = {
            "hover": {"contentFormat": ["markdown"]},
            "completion": {"completionItem": {"snippetSupport": True, "documentationFormat": ["markdown"]}},
            "publishDiagnostics": {},
        }
        folder = {"uri": root.as_uri(), "name": root.name}
        begin = {"processId": None, "rootUri": folder["uri"], "workspaceFolders": [folder], "capabilities": about}
        self.capabilities = self.ask("initialize", begin)["capabilities"]
        self.tell("initialized", {})

    def __enter__(self) -> Server:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the server, politely if it listens."""
        try:
            self.ask("shutdown", None)
            self.tell("exit", None)
            self._process.wait(PATIENCE)
        except (SilentError, OSError, subprocess.TimeoutExpired):
            self._process.kill()
            self._process.wait()
        for reader in self._readers:
            reader.join()
        self._input.close()

    def tell(self, method: str, params: object) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def ask(self, method: str, params: object) -> Any:  # noqa: ANN401 - JSON
        """Send a request and return its result."""
        self._last += 1
        self._send({"id": self._last, "method": method, "params": params})
        while True:
            message = self._next()
            if "method" not in message and message.get("id") == self._last:
                if "error" in message:
                    raise AssertionError(f"{method}: {message['error']}")
                return message.get("result")

    def diagnostics(self, uri: str) -> list[Any]:
        """Return what the server says of a document, waiting until it has said something."""
        while uri not in self._diagnostics:
            self._next()
        return self._diagnostics.pop(uri)

    def _next(self) -> Any:  # noqa: ANN401 - JSON
        """Return the next message, having done what it asks for."""
        try:
            message = self._messages.get(timeout=PATIENCE)
        except queue.Empty:
            raise SilentError(f"no answer for {PATIENCE:.0f} s. {self._told()}") from None
        if message is None:
            raise SilentError(f"the server ended. {self._told()}")
        if "method" in message and "id" in message:
            result = None
            if message["method"] == "workspace/configuration":
                result = [self._settings.get(item.get("section")) for item in message["params"]["items"]]
            self._send({"id": message["id"], "result": result})
        elif message.get("method") == "textDocument/publishDiagnostics":
            self._diagnostics[message["params"]["uri"]] = message["params"]["diagnostics"]
        return message

    def _told(self) -> str:
        return b"".join(self._errors).decode(errors="replace")

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        try:
            self._input.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))
            self._input.flush()
        except BrokenPipeError:
            raise SilentError(f"the server ended. {self._told()}") from None

    def _listen(self, stream: BinaryIO) -> None:
        length = 0
        with stream:
            while line := stream.readline():
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
                elif not line.strip():
                    self._messages.put(json.loads(stream.read(length)))
        self._messages.put(None)

    def _drain(self, stream: BinaryIO) -> None:
        with stream:
            self._errors.extend(stream)
