"""Pipelines written with SDK v1 alone: what their import says, and that its submission gives the same graph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from aml_pipeline import PipelineError, azureml, load
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v1.imported import code
from tests.azureml.raw_v1.basics import prepare, scripts, step
from tests.azureml.raw_v1.graphs import meaning
from tests.azureml.raw_v1.table import ROWS, Raw, send
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing

if TYPE_CHECKING:
    from tests.loopback.service import Service
    from tests.loopback.state import Entity, Sdk

pytestmark = quiet

Steps = dict[str, dict[str, Any]]
QUICK = ("chain_of_pipeline_data", "odd_names", "settings", "parallel_run")


def _rows(rows: Iterable[Raw]) -> list[Any]:
    return [pytest.param(row, id=row.id, marks=() if row.id in QUICK else pytest.mark.more) for row in rows]


@pytest.fixture(autouse=True)
def _ready(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let there be what the pipelines need, and a storage account that keeps their code."""
    prepare(service)
    with storing(service.guard, tmp_path, monkeypatch) as storage:
        service.unlock("AccountKey", KEY)
        service.store_snapshots(storage)
        yield


@pytest.mark.parametrize("row", _rows(row for row in ROWS if not row.missing))
def test_an_import_submits_the_same_graph(row: Raw, service: Service, workspace: Sdk, tmp_path: Path) -> None:
    asked = send(row, workspace, tmp_path)
    sent = _graph(service) if row.is_evaluated else {}
    service.forget()
    imported = azureml.import_pipeline(workspace, str(tmp_path / "project"), **asked)
    assert service.writes() == []
    assert _unexpected(imported.differences or [], row.differs) == []
    assert imported.draft.missing == {}
    assert [path for path in _files(tmp_path / "project") if b"hunter2" in path.read_bytes()] == []
    renamed = {one.old: one.new for one in imported.draft.renamed}
    if row.is_evaluated:
        azureml.submit(load(str(tmp_path / "project" / "pipeline.yaml")), workspace)
        assert _unlike(meaning(service, sent, renamed), meaning(service, _graph(service), renamed)) == []


@pytest.mark.parametrize("row", _rows(row for row in ROWS if row.missing))
def test_steps_that_cannot_be_said_are_named(row: Raw, workspace: Sdk, tmp_path: Path) -> None:
    asked = send(row, workspace, tmp_path)
    imported = azureml.import_pipeline(workspace, str(tmp_path / "project"), **asked)
    assert sorted(imported.draft.missing) == sorted(row.missing)
    assert all(one["type"] and one["why"] for one in imported.draft.missing.values())
    with pytest.raises(PipelineError, match=r"\[not-imported\]") as refused:
        load(str(tmp_path / "project" / "pipeline.yaml"))
    assert str(refused.value).count("[not-imported]") == len(row.missing)


def test_code_that_is_not_what_was_read_is_a_difference(workspace: Sdk, tmp_path: Path) -> None:
    from azureml.pipeline.core import Pipeline

    source = Path(scripts(tmp_path, "run.py"))
    (source / "rows.csv").write_text("1\n")
    (source / ".amlignore").write_text(".amlignore\n")  # so the other one, which is sent, ignored nothing
    (source / ".gitignore").write_text("*.csv\n")
    run = step("run.py", "run", [], source_directory=str(source))
    asked = {"pipeline": Pipeline(workspace, [run]).publish("code", "By hand", "1").id}
    project = tmp_path / "project"
    first = azureml.import_pipeline(workspace, str(project), **asked)
    assert first.differences == ["code in steps, rows.csv: 4355a46b19d3 → nothing"]
    (project / "steps" / ".gitignore").unlink()
    (project / "steps" / "run.py").write_text("print(2)\n")
    (project / "steps" / "more.txt").write_text("more\n")
    told = azureml.import_pipeline(workspace, str(project), check=True, **asked).differences or []
    assert [line.partition(":")[0] for line in told] == [
        "code in steps, .gitignore",
        "code in steps, run.py",
        "code in steps, more.txt",
    ]
    again = azureml.import_pipeline(workspace, str(project), force=True, **asked).differences or []
    assert [line.partition(":")[0] for line in again] == ["code in steps, rows.csv", "code in steps, more.txt"]


def test_what_was_left_out_of_a_snapshot_is_a_difference(tmp_path: Path) -> None:
    (tmp_path / "steps").mkdir()
    lost = Loss("steps", "code", "link.py: it is a link")
    assert code.read(str(tmp_path), ["steps"], [lost]) == {
        "code in steps": {"link.py: it is a link": "in the snapshot"},
    }


def test_a_secret_of_a_schedule_is_not_shown(workspace: Sdk, tmp_path: Path) -> None:
    from azureml.pipeline.core import Pipeline, PipelineParameter, Schedule, ScheduleRecurrence

    given = ["--pass", PipelineParameter("db_pass", "none")]
    run = step("run.py", "run", given, source_directory=scripts(tmp_path, "run.py"))
    published = Pipeline(workspace, [run]).publish("nightly", "By hand", "1")
    values = {"pipeline_parameters": {"db_pass": "hunter2"}}
    daily = ScheduleRecurrence("Day", 1, "2024-07-11T06:00:00", time_of_day="06:00")
    Schedule.create(workspace, "daily", published.id, "nightly", daily, **values)
    imported = azureml.import_pipeline(workspace, str(tmp_path / "project"), pipeline=published.id)
    assert imported.differences == ["schedule daily, parameters, db_pass: *** (a secret) → nothing"]
    assert [path for path in _files(tmp_path / "project") if b"hunter2" in path.read_bytes()] == []


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _graph(service: Service) -> Entity:
    return list(service.state.graphs.values())[-1]


def _unlike(sent: Steps, made: Steps) -> list[tuple[str, str, Any, Any]]:
    """Return what differs, not by the comparison that is tested."""
    assert list(sent) == list(made)
    return [
        (name, key, step[key], made[name][key])
        for name, step in sent.items()
        for key in step
        if step[key] != made[name][key]
    ]


def _unexpected(differences: list[str], expected: tuple[str, ...]) -> list[str]:
    """Return the differences that the table does not have, and what it has but does not occur."""
    unseen = [part for part in expected if not any(part in one for one in differences)]
    return [one for one in differences if not any(part in one for part in expected)] + unseen
