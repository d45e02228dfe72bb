"""A small client of the Chrome DevTools Protocol: drives a headless Chromium over two pipes, without a network."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE, until

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# Becomes the browser, which takes its commands from descriptor 3 and answers on 4.
_WITH_PIPES = (
    "import os, sys; [os.dup2(int(sys.argv[at]), at + 2) for at in (1, 2)]; os.execv(sys.argv[3], sys.argv[3:])"
)


class Browser:
    """A running Chromium; close it, or use it in a ``with``."""

    def __init__(self, program: str) -> None:
        self._profile = tempfile.mkdtemp(prefix="page-checks-")
        theirs, self._input = map(_out_of_the_way, os.pipe())
        self._output, also_theirs = map(_out_of_the_way, os.pipe())
        words = (
            program, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
            "--force-color-profile=srgb", "--hide-scrollbars", f"--user-data-dir={self._profile}",
            "--remote-debugging-pipe", "about:blank",
        )  # fmt: skip
        ours = [sys.executable, "-c", _WITH_PIPES, str(theirs), str(also_theirs)]
        self._process = subprocess.Popen(
            [*ours, *words], pass_fds=(theirs, also_theirs), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        os.close(theirs)
        os.close(also_theirs)
        self._bytes = b""
        self._last = 0
        self.events: list[dict[str, Any]] = []

    def __enter__(self) -> Browser:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the browser."""
        self._process.terminate()
        self._process.wait(PATIENCE)
        os.close(self._input)
        os.close(self._output)
        shutil.rmtree(self._profile, ignore_errors=True)

    def ask(self, method: str, session: str | None = None, **params: object) -> Any:  # noqa: ANN401 - JSON
        """Send a command and return its result; what the browser tells meanwhile goes to ``events``."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params} | ({"sessionId": session} if session else {})
        rest = json.dumps(message).encode() + b"\0"
        while rest:
            rest = rest[os.write(self._input, rest) :]
        while True:
            answer = self._next(PATIENCE)
            assert answer is not None, f"{method}: no answer for {PATIENCE:.0f} s"
            if answer.get("id") == self._last:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def listen(self, seconds: float) -> None:
        """Take in what the browser tells for a while."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            event = self._next(left)
            if event is not None:
                self.events.append(event)

    def _next(self, seconds: float) -> dict[str, Any] | None:
        until = time.monotonic() + seconds
        while b"\0" not in self._bytes:
            if not select.select([self._output], [], [], max(0.0, until - time.monotonic()))[0]:
                return None
            piece = os.read(self._output, 1 << 16)
            assert piece, "the browser ended"
            self._bytes += piece
        text, _, self._bytes = self._bytes.partition(b"\0")
        return dict(json.loads(text))


def _out_of_the_way(descriptor: int) -> int:
    """Return the descriptor under a higher number: a browser takes its pipes as 3 and 4."""
    higher = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return higher


class Tab:
    """A page that is open in a browser, ``width`` by ``height``, in a light or a dark scheme."""

    def __init__(self, browser: Browser, *, scheme: str = "light", width: int = 1200, height: int = 900) -> None:
        self._browser = browser
        self._target = browser.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = browser.ask("Target.attachToTarget", targetId=self._target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")
        self.resize(width, height)
        self.scheme(scheme)

    def ask(self, method: str, **params: object) -> Any:  # noqa: ANN401 - JSON
        """Send a command to this page."""
        return self._browser.ask(method, self._session, **params)

    def close(self) -> None:
        """Close it."""
        self._browser.ask("Target.closeTarget", targetId=self._target)

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window so large."""
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name: str) -> None:
        """Let the system prefer a light or a dark scheme."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def open(self, page: Path) -> None:
        """Open a file, and wait until its script has drawn it."""
        self.ask("Page.navigate", url=page.as_uri())
        until(lambda: self.value("document.documentElement?.dataset.drawn || null"), lambda: "it was never drawn")
        self.value("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")

    def value(self, expression: str) -> Any:  # noqa: ANN401 - JSON
        """Return the value of an expression of JavaScript, awaited."""
        given = self.ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in given, given
        return given["result"].get("value")

    def hover(self, x: float, y: float) -> None:
        """Move the mouse there."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
        self._browser.listen(0.2)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Move the mouse from one place to another with its button pressed."""
        self.hover(*start)
        self.ask("Input.dispatchMouseEvent", type="mousePressed", x=start[0], y=start[1], button="left", clickCount=1)
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=end[0], y=end[1], button="left")
        self.ask("Input.dispatchMouseEvent", type="mouseReleased", x=end[0], y=end[1], button="left", clickCount=1)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other, in what has the focus."""
        for key in keys:
            text = {"text": "\r" if key == "Enter" else key} if len(key) == 1 or key == "Enter" else {}
            self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
            self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.ask("Input.insertText", text=text)
        self._browser.listen(0.4)

    def downloads(self, folder: Path) -> None:
        """Let what is downloaded go into ``folder``."""
        self._browser.ask("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def picture(self, place: Path) -> None:
        """Write what is seen as PNG."""
        place.write_bytes(base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"]))

    def _told(self, *methods: str) -> list[dict[str, Any]]:
        self._browser.listen(0.1)
        events = [one for one in self._browser.events if one.get("sessionId") == self._session]
        return [one["params"] for one in events if one.get("method") in methods]

    def requests(self) -> list[str]:
        """Return the addresses that were asked for."""
        return [one["request"]["url"] for one in self._told("Network.requestWillBeSent")]

    def refused(self) -> list[str]:
        """Return why requests were not let out."""
        return [str(one.get("blockedReason")) for one in self._told("Network.loadingFailed")]

    def complaints(self) -> list[Any]:
        """Return what the console was told, and exceptions."""
        return self._told("Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded")


def program() -> str | None:
    """Return the Chromium of this machine."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)
