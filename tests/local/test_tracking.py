"""MLflow in a step: where it is told to log, and that this makes no step run again."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest
import yaml

from aml_pipeline.local.tracking import prepare, tracking_environ
from tests.conftest import Project

TELL = """
    import json, os, sys
    told = {name: value for name, value in os.environ.items() if name.startswith("MLFLOW_")}
    json.dump(told, open(sys.argv[-1] + "/told.json", "w"))
"""
PIPELINE = """
    name: small
    steps:
      tell:
        script: tell.py
        arguments:
          --output: ${{ outputs.out }}
"""


@pytest.fixture
def telling(tmp_path: Path) -> Project:
    project = Project(tmp_path / "a b é%20")
    project.write({"pipeline.yaml": PIPELINE, "tell.py": TELL})
    return project


def told(project: Project) -> dict[str, str]:
    return dict(json.loads((project.output("tell", "out") / "told.json").read_text()))


def test_a_step_is_told_where_to_log(telling: Project) -> None:
    telling.run()
    place = (telling.root / ".aml_pipeline" / "small" / "mlruns").as_uri()
    (attempt,) = (telling.root / ".aml_pipeline" / "small" / "steps" / "tell").glob("attempt.*")
    assert told(telling) == {
        "MLFLOW_TRACKING_URI": place,
        "MLFLOW_ALLOW_FILE_STORE": "true",
        "MLFLOW_EXPERIMENT_NAME": "small",
        "MLFLOW_RUN_CONTEXT": json.dumps({"aml_pipeline.attempt": attempt.name.partition(".")[2]}),
    }
    assert "%20" in place
    assert "%25" in place


def test_a_place_that_the_user_named_is_kept_and_makes_nothing_run_again(telling: Project) -> None:
    telling.run()
    given = {"MLFLOW_TRACKING_URI": "http://127.0.0.1:5000"}
    assert "up to date" in telling.cli("run", environ=given).stdout
    telling.cli("run", "--force", environ=given)
    assert told(telling) == given
    assert telling.run() == {"tell": "up to date"}


def test_a_place_that_a_step_declares_is_kept(telling: Project) -> None:
    declared = "    script: tell.py\n    environment_variables: {MLFLOW_TRACKING_URI: here}\n"
    telling.replace("pipeline.yaml", "    script: tell.py\n", declared)
    telling.run()
    assert told(telling)["MLFLOW_TRACKING_URI"] == "here"


def test_an_experiment_that_the_user_named_is_kept() -> None:
    for name in ("MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID"):
        assert "MLFLOW_EXPERIMENT_NAME" not in tracking_environ({name: "7"}, "/state", "small")


def test_experiments_are_there_before_two_steps_ask_for_them(telling: Project) -> None:
    telling.run()
    folder = telling.root / ".aml_pipeline" / "small" / "mlruns"
    assert not folder.exists(), "one step at a time needs none"
    telling.cli("run", "--jobs", "2")
    assert not folder.exists(), "nothing ran"
    telling.cli("run", "--jobs", "2", "--force")
    about = {one.parent.name: yaml.safe_load(one.read_text()) for one in folder.glob("*/meta.yaml")}
    assert {number: row["name"] for number, row in about.items()} == {"0": "Default", "1": "small"}
    assert about["1"]["artifact_location"] == (folder / "1").as_uri()
    prepare(str(folder.parent), "other")
    assert "other" not in (folder / "1" / "meta.yaml").read_text()


@pytest.mark.skipif(not importlib.util.find_spec("mlflow"), reason="MLflow is not installed")
def test_what_mlflow_logs_is_found_beside_the_results(telling: Project) -> None:
    logs = "import mlflow, sys\nmlflow.log_metric('loss', 0.5)\nmlflow.log_text('hello', 'a.txt')\n"
    telling.write({"tell.py": f"{logs}open(sys.argv[-1] + '/b.txt', 'w')\n"})
    telling.run()
    state = telling.root / ".aml_pipeline" / "small" / "mlruns"
    assert [one.read_text().split()[1] for one in state.glob("*/*/metrics/loss")] == ["0.5"]
    assert [one.read_text() for one in state.glob("*/*/artifacts/a.txt")] == ["hello"]
    assert telling.run() == {"tell": "up to date"}


LOGS = """
    import mlflow, sys
    with mlflow.start_run():
        for number in range(3):
            mlflow.log_metric("loss", float(sys.argv[1]) + number, step=number)
        with mlflow.start_run(nested=True, run_name="fold"):
            mlflow.log_metric("loss", 5)
    with mlflow.start_run():
        mlflow.log_metrics({"f1": 0.25, "loss": 9})
"""


@pytest.mark.skipif(not importlib.util.find_spec("mlflow"), reason="MLflow is not installed")
def test_what_mlflow_logs_is_in_the_record_of_the_step_that_logged_it(telling: Project) -> None:
    steps = "".join(f"  s{number}: {{script: tell.py, arguments: [{number}]}}\n" for number in (10, 20))
    telling.write({"pipeline.yaml": f"name: small\nsteps:\n{steps}", "tell.py": LOGS})
    telling.cli("run", "--jobs", "2")
    (row,) = json.loads(telling.cli("runs", "--format", "json").stdout)
    others = {"fold/loss": 5.0, "run-3/f1": 0.25, "run-3/loss": 9.0}
    assert row["metrics"] == {"s10": {"loss": 12.0, **others}, "s20": {"loss": 22.0, **others}}
