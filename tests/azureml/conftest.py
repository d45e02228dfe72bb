"""What tests of SDK v1 share: the loopback service with an example prepared, and a workspace of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
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
