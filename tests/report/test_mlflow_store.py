"""Recorded runs → MLflow: what is written, as plain data; and read back by MLflow itself, where that is installed."""

from __future__ import annotations

import importlib.util
import math
import socket
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from aml_pipeline.cli import run as cli
from aml_pipeline.core.errors import MachineError
from aml_pipeline.report.history import history_of
from aml_pipeline.report.mlflow_runs import TAG, entry_of
from aml_pipeline.report.mlflow_store import write
from aml_pipeline.runs.events import MetricLogged
from aml_pipeline.runs.recorder import Recorder
from tests.conftest import Project
from tests.report.test_history import recorded

# Those of MLflow about itself and SQLAlchemy.
pytestmark = pytest.mark.filterwarnings("ignore")
needs_mlflow = pytest.mark.skipif(not importlib.util.find_spec("mlflow"), reason="MLflow is not installed")


def test_a_run_as_mlflow_stores_it(tmp_path: Path) -> None:
    recorded(tmp_path, "a", "0.1", [2.0, 1.0], git={"commit": "c0ffee", "dirty": []}, profile="quick", command="run x")
    entry = entry_of(history_of(str(tmp_path))[0])
    assert (entry.run, entry.experiment, entry.status) == ("a", "p", "FINISHED")
    assert (entry.started, entry.ended) == (10**12, 10**12 + 2000)
    assert entry.parameters == {"rate": "0.1"}
    assert entry.tags == {
        TAG: "a",
        "aml_pipeline.state": "done",
        "aml_pipeline.profile": "quick",
        "aml_pipeline.state.train": "done",
        "mlflow.source.git.commit": "c0ffee",
        "mlflow.source.name": "run x",
    }
    loss = [tuple(value) for value in entry.values if value.name == "train.loss"]
    assert loss == [("train.loss", 2.0, 10**12, 1), ("train.loss", 1.0, 10**12, 2)]


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("loss", "s.loss"),
        ("val/loss", "s.val/loss"),
        ("top 5", "s.top 5"),
        ("a[b]", "s.a_b_-9e45c4"),
        ("a{b}", "s.a_b_-9bf81a"),
        ("a//b", "s.a__b-d88aa5"),
        ("x" * 300, None),
    ],
)
def test_names_are_those_that_mlflow_allows(tmp_path: Path, name: str, stored: str | None) -> None:
    recorder = Recorder(str(tmp_path), "r")
    recorder.open(lambda: {"pipeline": "p"})
    for at in (0.5, 1.5):
        recorder(MetricLogged(1.0, "s", name, "scalar", "nan" if at > 1 else 1, at))
    values = entry_of(history_of(str(tmp_path))[0]).values
    assert {value.name for value in values} == {stored or values[0].name}
    assert len(values[0].name) <= 250
    assert [value.step for value in values] == [1, 2], "steps that are no integers are counted"
    assert math.isnan(values[1].value)


def test_without_mlflow_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    with pytest.raises(MachineError, match="mlflow is not installed in this Python"):
        write([], "./mlruns")


def test_only_runs_recorded_here_are_written(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    project.write({"pipeline.yaml": "name: p\nsteps:\n  train: {script: train.py}\n"})
    words = ["runs", "-f", str(project.root / "pipeline.yaml"), "--to-mlflow", "./mlruns"]
    assert cli([*words, "--remote"], {}) == 2
    assert "Only runs recorded on this machine can be written to MLflow. Delete --remote." in capsys.readouterr().err


@pytest.fixture(name="store", params=["{}/mlruns", "sqlite:///{}/m.db"])
def a_store(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")  # for what the tests themselves read and write
    return str(request.param.format(tmp_path))


@needs_mlflow
def test_mlflow_finds_the_runs_and_each_once(store: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import mlflow

    (tmp_path / "pipeline.yaml").write_text("name: p\nsteps:\n  train: {script: train.py}\n")
    runs = tmp_path / ".aml_pipeline" / "p" / "runs"
    recorded(runs, "a", "0.1", [2.0, 1.0])
    recorded(runs, "b", "0.2", [1 / place for place in range(1, 3_000)])
    words = ["runs", "-f", str(tmp_path / "pipeline.yaml"), "--to-mlflow", store]
    assert cli([*words, "--where", "rate < 0.15"], {}) == 0
    assert cli(words, {}) == 0
    assert cli(words, {}) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert out.splitlines() == [
        f"Wrote 1 run to {store}.",
        f"Wrote 1 run to {store}; 1 run already there.",
        f"Wrote 0 runs to {store}; 2 runs already there.",
    ]
    client: Any = mlflow.MlflowClient(store)
    experiment = client.get_experiment_by_name("p").experiment_id
    found = {run.data.tags[TAG]: run for run in client.search_runs([experiment])}
    assert {name: run.data.params for name, run in found.items()} == {"a": {"rate": "0.1"}, "b": {"rate": "0.2"}}
    (best,) = client.search_runs([experiment], "metrics.`train.loss` < 0.01")
    assert best.data.tags[TAG] == "b"
    points = client.get_metric_history(best.info.run_id, "train.loss")
    assert [(point.step, point.value) for point in points] == [(place, 1 / place) for place in range(1, 3_000)]
    assert (best.info.start_time, best.info.end_time, best.info.status) == (10**12, 10**12 + 2000, "FINISHED")


class Refusing:
    """A client of MLflow whose store raises an error that is not MLflow's."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def get_experiment_by_name(self, _name: str) -> None:
        raise self.error


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (OSError("no route to http://me:hunter2secret@host/"), "no route to http://***@host/"),
        (RuntimeError("(E) no database\n[SQL: SELECT 1]\n(Background on this error at: x)"), "(E) no database"),
        (RuntimeError("(E) no server\n(Background on this error at: x)"), "(E) no server"),
        (KeyError(), "KeyError"),
    ],
)
def test_whatever_mlflow_raises_is_a_refusal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, said: str
) -> None:
    recorded(tmp_path, "a", "0.1", [2.0])
    mlflow = SimpleNamespace(MlflowClient=lambda **_: Refusing(error), environment_variables=None)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    with pytest.raises(MachineError) as refusal:
        write(history_of(str(tmp_path)), "http://me:hunter2secret@host/")
    assert str(refusal.value) == f"MLflow refused: {said}"


class Variable:
    """A variable of MLflow; ``values`` are those that it had."""

    def __init__(self) -> None:
        self.values: list[object] = [None]

    def is_set(self) -> bool:
        return self.values[-1] is not None

    def set(self, value: object) -> None:
        self.values.append(value)

    def unset(self) -> None:
        self.values.append(None)


@pytest.mark.parametrize("set_already", [False, True])
def test_a_server_that_cannot_be_reached_is_said_soon(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, set_already: bool
) -> None:
    recorded(tmp_path, "a", "0.1", [2.0])
    error = RuntimeError("HTTPConnectionPool: Max retries exceeded")
    error.__cause__ = OSError("HTTPConnectionPool")
    error.__cause__.__cause__ = ConnectionRefusedError(111, "Connection refused")
    retries = Variable()
    if set_already:
        retries.set(3)
    variables = SimpleNamespace(MLFLOW_HTTP_REQUEST_MAX_RETRIES=retries)
    mlflow = SimpleNamespace(MlflowClient=lambda **_: Refusing(error), environment_variables=variables)
    monkeypatch.setitem(sys.modules, "mlflow", mlflow)
    with pytest.raises(MachineError) as refusal:
        write(history_of(str(tmp_path)), "http://me:hunter2secret@host/")
    what = "The MLflow server at http://***@host/ cannot be reached (Connection refused)."
    assert str(refusal.value) == f"{what} Check the address, and that the server is running."
    assert retries.values == ([None, 3] if set_already else [None, 1, None])


@needs_mlflow
def test_a_server_that_does_not_run(tmp_path: Path) -> None:
    recorded(tmp_path, "a", "0.1", [2.0])
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
    with pytest.raises(MachineError, match="cannot be reached \\(Connection refused\\)"):
        write(history_of(str(tmp_path)), address)


@needs_mlflow
@pytest.mark.parametrize("address", ["sqlite:///{}/text", "postgresql://me:hunter2secret@localhost/db"])
def test_a_database_that_cannot_be_opened_is_a_refusal(
    tmp_path: Path, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text").write_text("This is no database. " * 99)
    (tmp_path / "pipeline.yaml").write_text("name: p\nsteps:\n  train: {script: train.py}\n")
    recorded(tmp_path / ".aml_pipeline" / "p" / "runs", "a", "0.1", [2.0])
    words = ["runs", "-f", str(tmp_path / "pipeline.yaml"), "--to-mlflow", address.format(tmp_path)]
    assert cli(words, {}) == 6
    said = capsys.readouterr().err
    assert said.splitlines()[-1].startswith("MLflow refused: ")
    assert "hunter2secret" not in said


@needs_mlflow
def test_a_run_that_was_half_written_is_written_again(store: str, tmp_path: Path) -> None:
    import mlflow

    client: Any = mlflow.MlflowClient(store)
    experiment = client.create_experiment("p")
    client.create_run(experiment, tags={TAG: "a"})
    client.create_run(experiment)  # of someone else
    client.create_run(experiment, tags={TAG: "b"})  # another call is writing it
    recorded(tmp_path / "runs", "a", "0.1", [2.0])
    assert write(history_of(str(tmp_path / "runs")), store).new == ["a"]
    statuses = [(run.data.tags.get(TAG), run.info.status) for run in client.search_runs([experiment])]
    assert sorted(statuses, key=str) == [("a", "FINISHED"), ("b", "RUNNING"), (None, "RUNNING")]


@needs_mlflow
def test_runs_without_an_end_are_skipped(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "runs"), "z")
    recorder.open(lambda: {"pipeline": "p", "started": 1e9})
    found = history_of(str(tmp_path / "runs"))
    assert write(found, str(tmp_path / "mlruns")).unfinished == ["z"]
    assert write(found, str(tmp_path / "mlruns"), busy=False).new == ["z"]


@needs_mlflow
def test_what_mlflow_refuses_is_our_error(tmp_path: Path) -> None:
    recorded(tmp_path, "a", "0.1", [2.0])
    with pytest.raises(MachineError, match="MLflow refused: "):
        write(history_of(str(tmp_path)), "nonsense://x")
