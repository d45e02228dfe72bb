"""The Python of the tests is asked once what it is: each new project of a test would ask it anew, for a quarter second.

What it answered is put in place of the process that would answer; all that is made of it (what is kept, and whether
something looks different since) is the real thing. Another Python, or this one under other variables, is asked.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping

from aml_pipeline.project.environment import interpreter
from aml_pipeline.project.environment.steps_python import steps_environ


class _Answered:
    """A process that has ended."""

    returncode = 0

    def __init__(self, text: bytes) -> None:
        self._text = text

    def communicate(self, timeout: float) -> tuple[bytes, None]:  # noqa: ARG002 - as that of a process
        """Return what it printed."""
        return self._text, None


def answer_once() -> None:
    """Ask this Python, and have it answer the same in forks of this process."""
    ask = interpreter._started
    variables = _deciding(steps_environ(os.environ))
    with ask(sys.executable, steps_environ(os.environ), None) as child:
        text, _ = child.communicate()

    @contextlib.contextmanager
    def started(path: str, environ: Mapping[str, str], folder: str | None) -> Iterator[object]:
        if path == sys.executable and _deciding(environ) == variables:
            yield _Answered(text)
        else:
            with ask(path, environ, folder) as child:
                yield child

    interpreter._started = started  # type: ignore[assignment] # what is asked of the process, it has


def _deciding(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value for name, value in environ.items() if name.startswith("PYTHON") or name in interpreter._CHOOSING
    }
