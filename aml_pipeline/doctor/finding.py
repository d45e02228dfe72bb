"""What a check found: one line, and the cure; and checks that nobody waits for longer than they are worth."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, Literal, TypeAlias, TypeVar

from aml_pipeline.core.masking import without_secrets
from aml_pipeline.core.text import shortened

State = Literal["ok", "warning", "problem"]
_LONGEST = 400


@dataclass(frozen=True, slots=True)
class Finding:
    """The state of one thing, what was seen of it, and what to do about it, in words of ours."""

    name: str
    state: State
    seen: str
    cure: str = ""

    def __post_init__(self) -> None:
        """Mask secrets in what was seen, and put it on one line: some of it comes from a service or a program."""
        seen = shortened(without_secrets(" ".join(self.seen.split())), _LONGEST)
        object.__setattr__(self, "seen", seen)


Needed = TypeVar("Needed")
# What a check found, and what later checks need of it, if it went well.
Found: TypeAlias = tuple[list[Finding], Needed | None]


class Started(Generic[Needed]):
    """A check in a thread of its own, which ends with the process if it does not end before."""

    def __init__(self, name: str, check: Callable[[], Found[Needed]], seconds: float) -> None:
        self._name = name
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._found: queue.SimpleQueue[Found[Needed]] = queue.SimpleQueue()
        threading.Thread(target=self._run, args=(check,), daemon=True).start()

    def _run(self, check: Callable[[], Found[Needed]]) -> None:
        try:
            self._found.put(check())
        except Exception as error:  # noqa: BLE001 - whatever it is, the other checks go on
            seen = f"could not be checked ({type(error).__name__}: {error})"
            cure = "Try again. If that does not help, report this line as a bug in aml-pipeline."
            self._found.put(([Finding(self._name, "warning", seen, cure)], None))

    def found(self) -> Found[Needed]:
        """Return what the check found; one that takes too long, or fails, is a finding itself."""
        try:
            return self._found.get(timeout=max(0.0, self._until - time.monotonic()))
        except queue.Empty:
            cure = "Try again. If that does not help, check the network and HTTPS_PROXY."
            return [Finding(self._name, "problem", f"no answer within {self._seconds:.0f} s", cure)], None
