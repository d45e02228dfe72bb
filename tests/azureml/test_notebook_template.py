"""The template of a notebook of SDK v1: its cells, which are run, and its pipeline.yaml send the same graph."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aml_pipeline import azureml, cli, load
from tests.azureml.raw_v1.graphs import meaning
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Sdk

pytestmark = [quiet, pytest.mark.more]


@pytest.fixture(autouse=True)
def _ready(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with storing(service.guard, tmp_path, monkeypatch) as storage:
        service.unlock("AccountKey", KEY)
        service.store_snapshots(storage)
        yield


def test_the_cells_and_the_file_send_the_same_graph(
    service: Service, workspace: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.run(["init", str(tmp_path / "flats"), "--template", "v1-notebook"], {}) == 0
    monkeypatch.chdir(tmp_path / "flats")
    monkeypatch.setattr("azureml.core.Workspace.from_config", lambda: workspace)
    cells = re.findall(
        r"^```python\n(.*?)^```$", Path("notebook.md").read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    assert len(cells) == 5
    exec("\n".join(cells), {})  # noqa: S102 - our own
    by_hand = _sent(service)
    azureml.submit(load(), workspace)
    made = _sent(service)
    assert list(made) == ["prepare", "train", "evaluate"]
    for name, step in made.items():
        files, all_files = step.pop("files"), by_hand[name].pop("files")
        assert step == by_hand[name]
        assert files.items() <= all_files.items()  # the file sends each step what it needs, the notebook all scripts


def _sent(service: Service) -> dict[str, Any]:
    return meaning(service, list(service.state.graphs.values())[-1], {})
