"""Pipelines written with SDK v1 alone: what their import says, and that its submission gives the same graph."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.azureml.raw_v1.basics import prepare
from tests.azureml.raw_v1.table import ROWS, Raw, send
from tests.loopback.serving import quiet

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Sdk

pytestmark = quiet

QUICK = ("chain_of_pipeline_data", "parameters", "scored-endpoint", "parallel_run")
IDS = [row.name if row.sent in ("submit", "publish") else f"{row.name}-{row.sent}" for row in ROWS]
TABLE = [
    pytest.param(row, id=name, marks=() if name in QUICK else pytest.mark.more)
    for name, row in zip(IDS, ROWS, strict=True)
]


@pytest.mark.parametrize("row", TABLE)
def test_it_comes_into_a_workspace(row: Raw, service: Service, workspace: Sdk, tmp_path: Path) -> None:
    prepare(service)
    asked = send(row, workspace, tmp_path)
    assert all(asked.values())
