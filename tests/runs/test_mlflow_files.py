"""MLflow's store of files → metrics: over files that MLflow 3.17.2 wrote (tests/data/mlflow/record.py tells how).

``test_tracking`` does the same with MLflow itself, where it is installed.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from aml_pipeline.local.follower import Follower
from aml_pipeline.runs.events import Event, MetricLogged
from aml_pipeline.runs.mlflow_files import MOST_RUNS, MlflowReader, folder_of, marked
from tests.conftest import ROOT, Project

STORE = ROOT / "tests" / "data" / "mlflow" / "store"
PRINTED = b"Attempted to log scalar metric loss:\n8\n"
FIRST: dict[str, list[object]] = {
    "loss": [1.0, 0.5, 1 / 3],
    "val/accuracy": ["nan"],
    "largest": ["inf"],
    "fold/loss": [5.0],
    "fold-3/loss": [6.0],
    "run-4/loss": [1e-09],
    "run-4/f1": [0.25],
}


def runs_of(attempt: str, store: Path = STORE) -> list[Path]:
    return [tag.parents[1] for tag in sorted(store.glob("*/*/tags/aml_pipeline.attempt")) if tag.read_text() == attempt]


def values(reader: MlflowReader) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for _, metric in reader.new():
        assert metric.kind == "scalar"
        found.setdefault(metric.name, []).append(metric.value)
    return found


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """An empty store, into which the recorded runs are put."""
    (tmp_path / "mlruns" / "1").mkdir(parents=True)
    return tmp_path / "mlruns"


def put(store: Path, *runs: Path) -> None:
    for run in runs:
        shutil.copytree(run, store / "1" / run.name)


def test_the_metrics_of_all_runs_of_an_attempt_are_read_and_of_no_other(store: Path) -> None:
    first, second = (MlflowReader(str(store), name) for name in ("first", "second"))
    put(store, *(run for run in STORE.glob("*/*") if run.is_dir()))
    assert values(first) == FIRST
    assert values(second) == {"loss": [7.0]}
    assert values(first) == values(second) == {}, "each value is told once"
    assert len(runs_of("first")) == 4


def test_steps_are_read_too_where_there_are_some(store: Path) -> None:
    reader = MlflowReader(str(store), "first")
    put(store, *runs_of("first"))
    (run,) = (run for run in (store / "1").iterdir() if (run / "metrics" / "largest").exists())
    (run / "metrics" / "largest").write_text("1795800047613 8.0\n")  # as MLflow 1 wrote it
    found = [(metric.name, metric.at) for _, metric in reader.new()]
    assert [at for name, at in found if name == "loss"] == [0, 1, 2]
    assert ("largest", None) in found


def test_many_values_are_read_some_at_a_time_and_all_in_the_end(store: Path, tmp_path: Path) -> None:
    reader = MlflowReader(str(store), "second")
    (run,) = runs_of("second")
    put(store, run)
    count = 50_000
    lines = (f"1795800047613 {number} {number}\n" for number in range(count))
    (store / "1" / run.name / "metrics" / "loss").write_text("".join(lines))
    first = values(reader)["loss"]
    assert first == [float(number) for number in range(len(first))]
    assert 0 < len(first) < count
    told: list[Event] = []
    follower = Follower(str(tmp_path / "log"), "train", told.append, MlflowReader(str(store), ""))
    follower._mlflow = reader  # which knows what was there before
    follower.read(end=True)
    rest = [event.value for event in told if isinstance(event, MetricLogged)]
    assert [*first, *rest] == [float(number) for number in range(count)]


def test_what_comes_later_is_read_later_and_no_torn_line(store: Path) -> None:
    reader = MlflowReader(str(store), "second")
    assert values(reader) == {}
    (run,) = runs_of("second")
    put(store, run)
    metric = store / "1" / run.name / "metrics" / "loss"
    assert values(reader) == {"loss": [7.0]}
    with metric.open("a") as stream:
        stream.write("1795800047613 8.0 1\n1795800047614 9.")
    assert values(reader) == {"loss": [8.0]}
    with metric.open("a") as stream:
        stream.write("5 2\nno number\n1 x 2\n1795800047615 10.0 3 data digest\n")
    assert values(reader) == {"loss": [9.5, 10.0]}


def test_runs_that_were_there_before_are_of_another_time(store: Path) -> None:
    put(store, *runs_of("second"))
    assert values(MlflowReader(str(store), "second")) == {}


def test_a_run_whose_tag_comes_late_is_found(store: Path) -> None:
    reader = MlflowReader(str(store), "second")
    (run,) = runs_of("second")
    put(store, run)
    tag = store / "1" / run.name / "tags" / "aml_pipeline.attempt"
    tag.rename(tag.with_name("x"))
    assert values(reader) == {}
    tag.with_name("x").rename(tag)
    assert values(reader) == {"loss": [7.0]}


def test_of_a_step_that_searches_the_first_runs_are_read(store: Path) -> None:
    reader = MlflowReader(str(store), "second")
    (run,) = runs_of("second")
    for number in range(MOST_RUNS + 3):
        shutil.copytree(run, store / "1" / f"{number:032}")
    assert len(values(reader)) == MOST_RUNS
    assert values(reader) == {}


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("file:///a%20b/c%23", "/a b/c#"),
        ("file://localhost/a", "/a"),
        ("", None),
        ("mlruns", None),
        ("sqlite:///a.db", None),
        ("http://127.0.0.1:5000", None),
        ("file://server/a", None),
    ],
)
def test_only_a_folder_is_read(address: str, folder: str | None) -> None:
    assert folder_of({"MLFLOW_TRACKING_URI": address}) == folder
    assert (marked({"MLFLOW_TRACKING_URI": address}, "id") == {}) == (folder is None)


@pytest.mark.parametrize(("given", "kept"), [('{"team": "a"}', {"team": "a"}), ("no JSON", {}), ("[]", {})])
def test_tags_that_the_user_gives_are_kept(given: str, kept: dict[str, str]) -> None:
    told = marked({"MLFLOW_TRACKING_URI": "file:///a", "MLFLOW_RUN_CONTEXT": given}, "id")
    assert json.loads(told["MLFLOW_RUN_CONTEXT"]) == {**kept, "aml_pipeline.attempt": "id"}


PLAYER = f"""
    import json, os, pathlib, shutil, sys, urllib.parse
    attempt = json.loads(os.environ["MLFLOW_RUN_CONTEXT"])["aml_pipeline.attempt"]
    place = pathlib.Path(urllib.parse.unquote(urllib.parse.urlsplit(os.environ["MLFLOW_TRACKING_URI"]).path))
    for tag in pathlib.Path({str(STORE)!r}).glob("*/*/tags/aml_pipeline.attempt"):
        if tag.read_text() == sys.argv[1]:
            copy = place / "1" / f"{{attempt}}-{{tag.parents[1].name}}"
            shutil.copytree(tag.parents[1], copy)
            (copy / "tags" / "aml_pipeline.attempt").write_text(attempt)
    if sys.argv[1] == "second":
        print("Attempted to log scalar metric loss:\\n7")
"""
PIPELINE = """
    name: small
    steps:
      one:
        script: play.py
        arguments: [first]
      two:
        script: play.py
        arguments: [second]
"""


def test_what_steps_log_to_mlflow_is_shown_as_what_they_print(project: Project) -> None:
    project.write({"pipeline.yaml": PIPELINE, "play.py": PLAYER})
    told = project.cli("run", "--jobs", "2")
    assert "  loss 0.3333  " in told.stdout
    assert "one    fold/loss 5\n" in told.stderr
    (row,) = json.loads(project.cli("runs", "--format", "json").stdout)
    assert row["metrics"] == {
        "one": {name: found[-1] for name, found in FIRST.items()},
        "two": {"loss": 7},  # printed too: told once
    }
    events = [json.loads(line) for line in (project.runs()[0] / "events.jsonl").read_text().splitlines()]
    assert [one["value"] for one in events if one.get("name") == "loss" and one["step"] == "two"] == [7]
    begun = [one["time"] for one in events if one["event"] == "RunStarted"]
    assert all(one["time"] >= begun[0] for one in events), "recorded times are of long ago"
    page = Path(project.cli("report").stdout.rstrip("\n")).read_text(encoding="utf-8")
    assert "val/accuracy" in page
    project.cli("run", "--force")
    assert "final metrics" in project.cli("compare").stdout.splitlines()[-1]
    assert project.run() == {"one": "up to date", "two": "up to date"}


@pytest.mark.parametrize("logged_first", [True, False])
def test_a_metric_that_is_logged_and_printed_counts_where_it_was_first(
    store: Path, tmp_path: Path, *, logged_first: bool
) -> None:
    told: list[Event] = []
    follower = Follower(str(tmp_path / "log"), "two", told.append, MlflowReader(str(store), "second"))
    ways: list[Callable[[], object]] = [
        lambda: put(store, *runs_of("second")),
        lambda: os.write(follower.descriptor, PRINTED),
    ]
    for act in ways if logged_first else reversed(ways):
        act()
        follower.read()
        follower._take_logged()
    follower.read(end=True)
    assert [one.value for one in told if isinstance(one, MetricLogged)] == [7.0 if logged_first else 8]
