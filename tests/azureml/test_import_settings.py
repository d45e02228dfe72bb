"""Settings and environments of v2 jobs → keys of steps; and what is lost, or prevents the import of the step."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from aml_pipeline.azureml import images
from aml_pipeline.azureml.importing.draft import Loss
from aml_pipeline.azureml.v2.imported import settings
from aml_pipeline.azureml.v2.imported.environments import Environments
from aml_pipeline.azureml.v2.imported.files import left
from aml_pipeline.azureml.v2.imported.repository import Repository
from aml_pipeline.azureml.v2.imported.unsayable import Unsayable
from aml_pipeline.core.errors import UsageError

VALUES = {"where": "gpu", "empty": ""}


def said(text: str, folder: Path, component: str = "{}") -> tuple[dict[str, Any], list[Loss]]:
    """Return what a node says, and what is lost of it."""
    files = {"job.yml": text, "component.yml": component}
    for name, content in files.items():
        (folder / name).write_text(content)
    repository = Repository(str(folder / "job.yml"))
    node, inner = (repository.file(str(folder / name)) for name in files)
    losses: list[Loss] = []
    keys = settings.of(node, inner, VALUES, "azureml:cpu", losses)
    return keys, [*losses, *left(node), *left(inner)]


SAID: dict[str, dict[str, Any]] = {
    "{}": {},
    "compute: azureml:big": {"compute": "big"},
    "compute: local-name": {"compute": "local-name"},
    "compute: serverless": {"compute": "serverless"},
    "{compute: serverless, resources: {instance_type: D2, instance_count: 1}}": {
        "compute": {"name": "serverless", "vm_size": "D2"}
    },
    "{compute: serverless, resources: {instance_type: D2}, queue_settings: {job_tier: Spot}}": {
        "compute": {"name": "serverless", "vm_size": "D2", "vm_priority": "lowpriority"}
    },
    "resources: {shm_size: 8g, docker_args: [--ulimit, memlock=-1]}": {
        "resources": {"shm_size": "8g", "docker_arguments": ["--ulimit", "memlock=-1"]}
    },
    'resources: {docker_args: "--a b c"}': {"resources": {"docker_arguments": ["--a", "b", "c"]}},
    "{distribution: {type: pytorch, process_count_per_instance: 4}, resources: {instance_count: 2}}": {
        "distribution": {"type": "pytorch", "nodes": 2, "processes_per_node": 4}
    },
    "distribution: {type: PyTorch}": {"distribution": {"type": "pytorch"}},
    "{distribution: {type: mpi, process_count_per_instance: 1}, resources: {instance_count: 3}}": {
        "distribution": {"type": "mpi", "nodes": 3}
    },
    "{distribution: {type: tensorflow, worker_count: 2}, resources: {instance_count: 2}}": {
        "distribution": {"type": "tensorflow", "nodes": 2}
    },
    "limits: {timeout: 900}": {"timeout": "15m"},
    "limits: {timeout: 7200}": {"timeout": "2h"},
    "limits: {timeout: 61}": {"timeout": "61s"},
    "identity: {type: user_identity}": {"identity": "user"},
    "identity: {type: managed}": {"identity": "managed"},
    "environment_variables: {A: 1, B: 'on', C: ''}": {"environment_variables": {"A": "1", "B": "on", "C": ""}},
}


@pytest.mark.parametrize("text", SAID)
def test_settings_become_keys(text: str, tmp_path: Path) -> None:
    keys, losses = said(text, tmp_path)
    assert keys == {"compute": "cpu", **SAID[text]}
    assert losses == []


def test_settings_of_the_component_count_where_the_node_has_none(tmp_path: Path) -> None:
    component = "{resources: {instance_count: 2, shm_size: 1g}, distribution: {type: mpi}}"
    keys, losses = said("resources: {instance_count: 4}", tmp_path, component)
    assert keys == {"compute": "cpu", "distribution": {"type": "mpi", "nodes": 4}}
    assert [(loss.where, loss.what) for loss in losses] == [("component.yml:1", "instance_count and shm_size")]


@pytest.mark.parametrize(
    ("text", "key", "what"),
    [
        ("compute: ${{parent.inputs.where}}", "compute", "input where"),
        ("limits: {timeout: 0}", "timeout", "timeout 0"),
        ("identity: {type: managed, client_id: x}", "identity", "identity managed with client_id"),
        ("identity: {type: aml_token}", "identity", "identity aml_token"),
        ("{compute: c, resources: {instance_type: D2}}", "resources", "instance_type D2"),
        ("queue_settings: {job_tier: premium}", "compute", "job_tier premium"),
        ("services: {a: {type: vs_code}}", "services", "services"),
        ("resources: {properties: {a: 1}}", "resources", "properties"),
        ("limits: {trials: 3}", "timeout", "trials"),
        ("resources: {docker_args: [--env, DB_PASSWORD=hunter22]}", "resources", "docker_args"),
    ],
)
def test_what_cannot_be_said_is_lost(text: str, key: str, what: str, tmp_path: Path) -> None:
    keys, losses = said(text, tmp_path)
    assert [(loss.where, loss.what) for loss in losses] == [("job.yml:1", what)]
    assert keys.get(key, "gpu") in {"gpu", "cpu"}


def test_a_variable_that_looks_like_a_secret_is_read_from_the_key_vault(tmp_path: Path) -> None:
    keys, [loss, _] = said("environment_variables: {MY_PASSWORD: hunter22, API_KEY: k7, PLAIN: x}", tmp_path)
    variables = {"MY_PASSWORD": {"secret": "my-password"}, "API_KEY": {"secret": "api-key"}, "PLAIN": "x"}
    assert keys["environment_variables"] == variables
    assert "hunter22" not in f"{loss}"
    assert "as my-password" in loss.why


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("compute: ${{parent.inputs.other}}", "is not the name of a compute target"),
        ("resources: {instance_count: '${{parent.inputs.n}}'}", "instance_count must be a number from 1 up"),
        ("{distribution: {type: mpi, process_count_per_instance: 0}}", "process_count_per_instance must be"),
        ("distribution: {type: tensorflow, worker_count: [2]}", "worker_count must be"),
        ('resources: {docker_args: "--label \'x"}', "docker_args has a quote without an end"),
        ("compute: azureml:/subscriptions/x/computes/c", "is not the name of a compute target"),
        ("resources: {instance_count: 2}", "2 nodes without a distribution"),
        ("distribution: {type: ray}", "type ray"),
        ("distribution: {type: tensorflow, worker_count: 2, parameter_server_count: 1}", "parameter server"),
        ("{distribution: {type: tensorflow, worker_count: 3}, resources: {instance_count: 2}}", "as many nodes"),
        ("environment_variables: {A: '${{parent.inputs.x}}'}", "plain value"),
        ("environment_variables: {a-b: x}", "plain name"),
    ],
)
def test_what_prevents_the_import_of_a_step(text: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(Unsayable, match=rf"^job.yml:1: .*{reason}"):
        said(text, tmp_path)


CONDA = "name: x\ndependencies:\n  - python=3.11  # kept\n"
DEFINED = "name: training\nversion: 3\nimage: docker.io/python\nconda_file: conda.yml\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    texts = {
        "conda.yml": CONDA,
        "envs/training.yml": DEFINED.replace("conda.yml", "../conda.yml"),
        "envs/made.yml": f"name: made\nversion: 0a1\nimage: {images.BASE_IMAGE}\nconda_file: made.json\n",
        "envs/made.json": images.packages_file(()).replace("[]", '["numpy==2.0", "torch"]'),
        "docker/Dockerfile": "FROM python\n",
        "docker/sub/Dockerfile": "FROM python\n",
    }
    for name, text in texts.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def environments(folder: Path, *written: object) -> tuple[list[dict[str, str]], Environments, list[str]]:
    """Return the keys of environments, what they need, and what is lost."""
    file = folder / "job.yml"
    file.write_text(yaml.safe_dump({"all": list(written)}))
    repository = Repository(str(file))
    made = Environments(repository, [])
    every = repository.file(str(file)).get("all")
    assert every is not None
    every.taken.update(every.parts)
    keys = [made.keys(part, "train") for part in every.parts.values()]
    lost = [*made.losses, *(loss for part in repository.read for loss in left(part))]
    return keys, made, [loss.what for loss in lost]


IMAGE = "docker.io/library/python:3.11"


@pytest.mark.parametrize(
    ("written", "keys"),
    [
        ("azureml:mine:3", {"registered": "mine", "version": "3"}),
        ("azureml:mine@latest", {"registered": "mine"}),
        ("azureml:training@latest", {"registered": "training"}),
        ("azureml:training:4", {"registered": "training", "version": "4"}),
        ("azureml:AzureML-sklearn-1.5@latest", {"curated": "AzureML-sklearn-1.5"}),
        (
            "azureml://registries/azureml/environments/sklearn-1.5/labels/latest",
            {"registered": "sklearn-1.5", "registry": "azureml"},
        ),
        (
            "azureml://registries/team/environments/a/versions/7",
            {"registered": "a", "version": "7", "registry": "team"},
        ),
        ({"image": IMAGE}, {"name": "python", "docker_image": IMAGE}),
        ({"name": "own", "image": IMAGE}, {"name": "own", "docker_image": IMAGE}),
        (
            {"image": IMAGE, "conda_file": "conda.yml"},
            {"name": "python", "docker_image": IMAGE, "conda_file": "environments/python.yml"},
        ),
        (
            {"image": images.BASE_IMAGE, "conda_file": "./conda.yml"},
            {"name": "openmpi4.1.0-ubuntu22.04", "conda_file": "environments/openmpi4.1.0-ubuntu22.04.yml"},
        ),
        ({"build": {"path": "docker"}}, {"name": "train", "dockerfile": "environments/train/Dockerfile"}),
        (
            "azureml:training:3",
            {"name": "training", "docker_image": "docker.io/python", "conda_file": "environments/training.yml"},
        ),
        (
            "file:envs/training.yml",
            {"name": "training", "docker_image": "docker.io/python", "conda_file": "environments/training.yml"},
        ),
        ("azureml:made:0a1", {"name": "made", "pip_requirements": "environments/made.txt"}),
    ],
)
def test_an_environment(written: object, keys: dict[str, str], folder: Path) -> None:
    found, made, lost = environments(folder, written)
    assert found == [keys]
    assert lost == []
    for key, content in (("conda_file", CONDA), ("pip_requirements", "numpy==2.0\ntorch\n")):
        if key in keys:
            assert made.files == {keys[key]: content.encode()}
    assert made.code == ({"environments/train": str(folder / "docker")} if "dockerfile" in keys else {})


def test_files_of_environments_do_not_replace_each_other(folder: Path) -> None:
    inline = {"image": IMAGE, "conda_file": {"dependencies": ["python=3.10"]}}
    copied = {"image": IMAGE, "conda_file": "conda.yml"}
    keys, made, lost = environments(
        folder, inline, copied, inline, {"build": {"path": "docker"}}, {"build": {"path": "docker"}}
    )
    files = [one["conda_file"] for one in keys[:3]]
    assert files == ["environments/python.yml", "environments/python-2.yml", "environments/python.yml"]
    assert yaml.safe_load(made.files[files[0]]) == inline["conda_file"]
    assert len(made.code) == 1
    assert lost == []


@pytest.mark.parametrize(
    ("name", "new"),
    [("../../x", "x"), ("é" * 3, "environment"), ("a" * 300, "a" * 80), ("..", "environment"), ("my env", "my-env")],
)
def test_a_name_that_is_no_name_of_an_environment_is_changed(name: str, new: str, folder: Path) -> None:
    [keys], made, [lost] = environments(folder, {"name": name, "image": IMAGE, "conda_file": "conda.yml"})
    assert keys["name"] == new
    assert [*made.files] == [f"environments/{new}.yml"]
    assert lost == f"the name {name} of an environment"


def test_what_of_an_environment_is_lost(folder: Path) -> None:
    [keys], _, lost = environments(folder, {"name": "AzureML x", "image": IMAGE, "tags": {"a": 1}, "os_type": "linux"})
    assert keys == {"name": "environment-AzureML-x", "docker_image": IMAGE}
    assert lost == ["the name AzureML x of an environment", "tags", "os_type"]


@pytest.mark.parametrize(
    ("written", "error", "reason"),
    [
        ("my own", Unsayable, "no reference to an environment"),
        ("azureml://registries/r/environments/a/labels/stable", Unsayable, "no reference"),
        ({"conda_file": {}, "build": 3}, Unsayable, "neither an image nor"),
        ({"name": "x"}, Unsayable, "neither an image nor"),
        ({"build": {"path": "docker", "dockerfile_path": "sub/Dockerfile"}}, Unsayable, "root of the context"),
        ({"build": {"path": "nowhere"}}, UsageError, "nowhere/Dockerfile was not found"),
        ({"image": IMAGE, "conda_file": "none.yml"}, UsageError, "none.yml was not found"),
        ("file:envs/none.yml", UsageError, "none.yml was not found"),
    ],
)
def test_an_environment_that_cannot_be_said(written: object, error: type[Exception], reason: str, folder: Path) -> None:
    with pytest.raises(error, match=reason):
        environments(folder, written)


def test_a_file_that_is_not_that_of_an_export_stays_a_conda_file(folder: Path) -> None:
    text = json.dumps({"channels": ["defaults"], "dependencies": ["python=3.11", "pip", {"pip": ["numpy"]}]})
    (folder / "conda.yml").write_text(text)
    [keys], made, _ = environments(folder, {"image": IMAGE, "conda_file": "conda.yml"})
    assert made.files == {keys["conda_file"]: text.encode()}
