"""The project of two steps, and a service of v2 that takes it: what tests of the command line begin with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.loopback.lesson import FILES, Driven
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE

from .serving import serving_v2

if TYPE_CHECKING:
    from .service import ServiceV2


class LessonV2(Driven):
    """The project, and the command line in a process that the environment alone points at the service."""

    program = "tests.loopback_v2.command_line"
    submit = ("submit", "--sdk", "v2")

    def __init__(self, root: Path, service: ServiceV2, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(root, monkeypatch)
        self.service = service

    def configure(self) -> None:
        """Write the file that names the workspace."""
        names = {"subscription_id": SUBSCRIPTION, "resource_group": GROUP, "workspace_name": WORKSPACE}
        self.write({".azureml/config.json": json.dumps(names)})


@contextmanager
def a_lesson_v2(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    """Give the project in ``folder``, with a workspace that has its cluster."""
    with serving_v2(folder / "home", monkeypatch) as service:
        service.add_compute("cpu-cluster")
        lesson = LessonV2(folder / "project", service, monkeypatch)
        lesson.write(FILES)
        lesson.configure()
        yield lesson
