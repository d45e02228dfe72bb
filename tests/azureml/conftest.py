"""What tests of Azure ML share: the loopback service of SDK v1, a workspace of it, and the lesson with either SDK."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.azureml.side import Either
    from tests.loopback.service import Service
    from tests.loopback.state import Sdk


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    from tests.loopback import example
    from tests.loopback.serving import serving

    with serving(tmp_path, monkeypatch) as service:
        example.prepare(service)
        yield service


@pytest.fixture
def workspace(service: Service, tmp_path: Path) -> Sdk:
    from tests.loopback.client import connect

    return connect(service, tmp_path)


@pytest.fixture(params=["v1", "v2"])
def either(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Either]:
    from tests.loopback.lesson import a_lesson
    from tests.loopback_v2.lesson import a_lesson_v2

    lesson: AbstractContextManager[Either]
    lesson = (a_lesson if request.param == "v1" else a_lesson_v2)(tmp_path, monkeypatch)
    with lesson as begun:
        yield begun
