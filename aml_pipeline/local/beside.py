"""Runs work that may take long, such as reading large files, in a thread beside the loop that watches the processes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, TypeVar

Outcome = TypeVar("Outcome")

# The loop first waits this long itself: most work is done by then.
_SHORT_SECONDS = 0.005


class Work(Generic[Outcome]):
    """The result of ``do``, computed in a thread if ``beside``, else when ``result`` is called.

    The thread ends with this process, and an interrupted run does not wait for it: it must not write anything that
    counts.
    """

    def __init__(self, do: Callable[[], Outcome], *, beside: bool) -> None:
        self._do = do
        self._outcomes: list[Outcome] = []
        self._errors: list[BaseException] = []
        self._thread: threading.Thread | None = None
        if beside:
            thread = threading.Thread(target=self._work, daemon=True)
            with suppress(RuntimeError):  # this machine allows no more threads
                thread.start()
                thread.join(_SHORT_SECONDS)
                self._thread = thread

    def _work(self) -> None:
        try:
            self._outcomes.append(self._do())
        except BaseException as error:  # noqa: BLE001 - raised where the outcome is asked for
            self._errors.append(error)

    @property
    def is_over(self) -> bool:
        """Whether ``result`` need not wait for the thread."""
        return self._thread is None or not self._thread.is_alive()

    def result(self) -> Outcome:
        """Return the result, or raise the exception of the work; to be called once."""
        if self._thread is None:
            return self._do()
        self._thread.join()
        if self._errors:
            raise self._errors[0]
        return self._outcomes[0]
