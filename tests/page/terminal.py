"""A real terminal that nobody looks at: tmux, with a shell in it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from tests.page import shipped
from tests.patience import until

PROMPT = "$"


class Terminal:
    """A terminal of ``columns`` by ``rows`` with a shell in ``folder``; close it, or use it in a ``with``."""

    def __init__(self, folder: Path, columns: int, rows: int = 24) -> None:
        self._own = tempfile.mkdtemp(prefix="terminal-")
        self._environ = {**shipped.environ(folder), "TERM": "xterm"}
        shell = f"env PS1='{PROMPT} ' sh -i"
        self._tmux("new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), shell)
        try:
            self.until_over()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Terminal:  # noqa: PYI034 - typing.Self is newer than Python 3.10
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and what runs in it."""
        self._tmux("kill-server")
        shutil.rmtree(self._own)

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-u", "-S", f"{self._own}/socket", "-f", "/dev/null", *words]
        done = subprocess.run(command, env=self._environ, check=True, stdout=subprocess.PIPE, encoding="utf-8")
        return done.stdout

    def enter(self, line: str) -> None:
        """Type a line, and Enter."""
        self._tmux("send-keys", "-l", line)
        self.press("Enter")

    def press(self, key: str) -> None:
        """Press a key, such as ``C-c``."""
        self._tmux("send-keys", key)

    def resize(self, columns: int) -> None:
        """Make it wider or narrower, as one does with a mouse."""
        rows = self._tmux("display-message", "-p", "#{window_height}").strip()
        self._tmux("resize-window", "-x", str(columns), "-y", rows)

    def screen(self) -> list[str]:
        """Return the rows that are seen, down to the last that is not empty."""
        return _rows(self._tmux("capture-pane", "-p"))

    def coloured(self) -> list[str]:
        """Return the same rows with their colours (ECMA-48, SGR)."""
        return _rows(self._tmux("capture-pane", "-p", "-e"))

    def lines(self) -> list[str]:
        """Return all lines since the beginning, also those that left the screen, without the terminal's wrapping."""
        return _rows(self._tmux("capture-pane", "-p", "-J", "-S", "-"))

    def until(self, pattern: str) -> list[str]:
        """Wait until the pattern is found in a row that is seen; return the screen of that moment."""
        return self.until_it(lambda rows: any(re.search(pattern, row) for row in rows))

    def until_it(self, shows: Callable[[list[str]], bool]) -> list[str]:
        """Wait until the screen shows something; return the screen of that moment."""
        return until(
            lambda: rows if shows(rows := self.screen()) else [], lambda: "\n".join(["it shows:", *self.screen()])
        )

    def until_over(self) -> list[list[str]]:
        """Wait until the shell asks for the next line; return the screens that were seen meanwhile."""
        seen: list[list[str]] = []

        def is_over(rows: list[str]) -> bool:
            seen.append(rows)
            return rows[-1:] == [PROMPT]

        self.until_it(is_over)
        return seen


def _rows(text: str) -> list[str]:
    return [row.rstrip() for row in text.rstrip().split("\n")]


def is_here() -> bool:
    """Whether this machine has tmux."""
    return shutil.which("tmux") is not None
