"""One of the two SDKs with its service, its project and its workspace: what a program in Python begins with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from aml_pipeline import azureml
from aml_pipeline.azureml.workspace import watch
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.state import Sdk
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

Either = Lesson | LessonV2


class Side:
    """The lesson, one SDK, and the workspace that it returns."""

    def __init__(self, lesson: Either) -> None:
        self.sdk = "v1" if isinstance(lesson, Lesson) else "v2"
        self.lesson = lesson
        self.file = lesson.root / "pipeline.yaml"

    @property
    def auth(self) -> Sdk:
        """What ``connect`` takes to log in; None for Azure CLI, which is that of the service of v2."""
        if not isinstance(self.lesson, Lesson):
            return None
        from tests.loopback.client import LoopbackAuth

        return LoopbackAuth(self.lesson.url)

    def connect(self) -> Sdk:
        """Return the workspace."""
        return azureml.connect(str(self.lesson.root), self.auth, sdk=self.sdk, login=azureml.Login())


@contextmanager
def a_side(sdk: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Side]:
    """Give the lesson of an SDK, whose runs are waited for without a pause."""
    monkeypatch.setattr(watch, "POLL_SECONDS", (0.0,))
    if sdk == "v1":
        with a_lesson(folder, monkeypatch) as first:
            yield Side(first)
    else:
        with a_lesson_v2(folder, monkeypatch) as second:
            yield Side(second)


def planned(lesson: Either, capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, str]:
    """Return what `plan --remote` prints about each step. It must not write anything."""
    lesson.service.forget()
    done = lesson.here(capsys, "plan", "--remote", *words)
    assert (done.status, done.err) == (0, "")
    assert lesson.service.writes() == []
    return {line.split()[0]: " ".join(line.split()[1:]) for line in done.out.splitlines()}
