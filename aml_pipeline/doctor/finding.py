"""What a check found: one line, and the cure; and checks that nobody waits for longer than they are worth."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.text import shortened

State = Literal["ok", "warning", "problem"]
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one thing, what was seen of it, and what to do about it; no text holds a secret."""

    name: str
    state: State
    seen: str
    cure: str = ""

    def __post_init__(self) -> None:
        """Mask secrets, and put each text on one line: some come from a service or a program."""
        for name in ("seen", "cure"):
            object.__setattr__(self, name, shortened(without_secrets(" ".join(getattr(self, name).split())), _LONGEST))


Answer = TypeVar("Answer")


class Started(Generic[Answer]):
    """Work in a thread of its own, which ends with the process if it does not end before."""

    def __init__(self, work: Callable[[], Answer], seconds: float) -> None:
        self.seconds = seconds
        self._until = time.monotonic() + seconds
        self._answers: queue.SimpleQueue[tuple[Answer | None, BaseException | None]] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(work,), daemon=True).start()

    def _run(self, work: Callable[[], Answer]) -> None:
        try:
            self._answers.put((work(), None))
        except BaseException as error:  # noqa: BLE001 - it is raised where the answer is asked for
            self._answers.put((None, error))

    def answer(self) -> Answer:
        """Return what the work returned, or raise what it raised; TimeoutError when its time is over."""
        try:
            value, error = self._answers.get(timeout=max(0.0, self._until - time.monotonic()))
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return value  # type: ignore[return-value] # there was no error


def checked(name: str, started: Started[list[Finding]]) -> list[Finding]:
    """Return what a check found; a check that fails, or that takes too long, says so itself."""
    try:
        return started.answer()
    except TimeoutError:
        cure = "Check the network and HTTPS_PROXY, then try again."
        return [Finding(name, "problem", f"no answer within {started.seconds:.0f} s", cure)]
    except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
        return [Finding(name, "warning", f"could not be checked ({type(error).__name__}: {error})")]
