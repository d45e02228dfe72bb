"""What a script does inside a run of Azure ML: a real child with a run's variables, the loopback service behind it."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import aml_pipeline
from tests.loopback.service import Service
from tests.loopback.serving import quiet, serving
from tests.loopback.state import GROUP, SUBSCRIPTION, WORKSPACE, Sdk
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
pytestmark = quiet


@pytest.fixture
def service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    with serving(tmp_path, monkeypatch) as service:
        service.add_compute("cpu-cluster")
        yield service


@pytest.fixture
def run(service: Service, tmp_path: Path) -> Sdk:
    """The shipped pipeline, submitted."""
    from aml_pipeline import azureml
    from tests.loopback.client import connect

    project = tmp_path / "project"
    shutil.copytree(ROOT / "steps", project / "steps")
    shutil.copytree(ROOT / ".azureml", project / ".azureml")
    shutil.copy(ROOT / "pipeline.yaml", project)
    return azureml.submit(aml_pipeline.load(str(project / "pipeline.yaml")), connect(service, project)).run


def examples(word: str) -> list[str]:
    """Return the examples of docs/how-to/azure.md that contain a word."""
    text = (ROOT / "docs/how-to/azure.md").read_text(encoding="utf-8")
    return [example for example in re.findall(r"```python\n(.*?)```", text, re.DOTALL) if word in example]


def test_the_lines_that_read_a_secret_take_it_from_the_variable_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", "here")
    for example in examples("get_secret"):
        known: dict[str, object] = {}
        exec(example, known)  # noqa: S102 - our own
        assert known["token"] == "here"  # noqa: S105
    assert len(examples("get_secret")) == 2


def test_the_example_in_the_docs(service: Service, run: Sdk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.loopback.client import LoopbackAuth

    (example,) = examples("my_authentication")
    monkeypatch.chdir(tmp_path / "project")
    known = {"my_authentication": LoopbackAuth(service.url)}
    exec(example, known)  # noqa: S102 - our own
    assert set(service.runs) == {run.id, known["submission"].id}
    assert service.assignments_of(known["submission"].id)["epochs"] == "5"
    assert service.assignments_of(run.id)["epochs"] == "2"


def _in_azure(service: Service, run: Sdk, step: str, *command: str) -> None:
    """Run a program with the variables that Azure ML gives to a step's process."""
    from tests.loopback.client import token

    (child,) = (one for one in run.get_steps() if one.name == step)
    variables = {
        "AZUREML_ARM_SUBSCRIPTION": SUBSCRIPTION,
        "AZUREML_ARM_RESOURCEGROUP": GROUP,
        "AZUREML_ARM_WORKSPACE_NAME": WORKSPACE,
        "AZUREML_ARM_PROJECT_NAME": run.experiment.name,
        "AZUREML_EXPERIMENT_ID": service.state.experiments[run.experiment.name]["experimentId"],
        "AZUREML_WORKSPACE_ID": service.state.id,
        "AZUREML_RUN_ID": child.id,
        "AZUREML_RUN_TOKEN": token(),
        "AZUREML_RUN_TOKEN_EXPIRY": "2100-01-01T00:00:00Z",
        "AZUREML_SERVICE_ENDPOINT": service.url,
        "AZUREML_DISCOVERY_SERVICE_ENDPOINT": f"{service.url}/discovery/{service.state.id}",
    }
    environ = {**os.environ, **variables}
    done = subprocess.run(
        [sys.executable, *command], env=environ, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def _let_all_run(run: Sdk) -> None:
    while len(list(run.get_steps())) < 3:  # each look lets the run go on
        run.get_status()


def test_the_environment_that_the_run_used_is_registered(service: Service, run: Sdk, tmp_path: Path) -> None:
    _let_all_run(run)
    used = dict(service.environments)
    script = ROOT / "steps" / "register_environment.py"
    words = ["--name", "pytorch-env", "--output", str(tmp_path / "record")]
    _in_azure(service, run, "register-environment", str(script), *words)
    record = json.loads((tmp_path / "record" / "environment.json").read_text())
    (new,) = set(service.environments) - set(used)
    assert new == ("pytorch-env", record["version"])
    assert record["workspace"] == WORKSPACE
    (old,) = used.values()
    assert service.environments[new]["python"] == old["python"]


def test_what_a_step_logs_reaches_its_run(service: Service, run: Sdk) -> None:
    _let_all_run(run)
    code = """
from azureml.core import Run

run = Run.get_context()
for loss in (0.5, 0.25):
    run.log("loss", loss)
run.flush()
"""
    _in_azure(service, run, "train", "-c", code)
    (child,) = (one for one in run.get_steps() if one.name == "train")
    sent = [one for one in service.asked("POST", "/batch") if child.id in one.route]
    logged = [value["data"] for one in sent for metric in one.body["values"] for value in metric["value"]]
    assert logged == [{"loss": 0.5}, {"loss": 0.25}]
