"""Where a step runs: containers, identities, registries and serverless compute, as each SDK sends them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.utils import parse_wheel_filename

from aml_pipeline import azureml, cli
from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.images import BASE_IMAGE
from aml_pipeline.azureml.v1.problems import problems as v1_problems
from aml_pipeline.azureml.v2 import export
from aml_pipeline.pipeline import redaction
from aml_pipeline.project import secret_check
from aml_pipeline.project.environment.wheels import with_content
from aml_pipeline.project.opening import open_pipeline
from tests import dry, v1
from tests.conftest import ROOT, Project
from tests.loopback.serving import quiet
from tests.v2 import sdk

pytestmark = quiet

HEAD = """
    name: places
    compute: cpu-cluster
    environment: {name: training, docker_image: "training:1"}
    """


def written(project: Project, text: str) -> str:
    """Write a pipeline with ``text`` below its name; return its file."""
    project.write({"pipeline.yaml": text, "train.py": "", "plain.py": ""})
    return str(project.root / "pipeline.yaml")


CONTAINERS = f"""{HEAD}
    resources: {{shm_size: 8g, docker_arguments: [--ulimit, memlock=-1]}}
    steps:
      train: {{script: train.py}}
      small: {{script: plain.py, resources: {{shm_size: 512m}}}}
    """


@v1.needs_v1
def test_v1_sends_what_containers_get_in_the_run_configuration(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan, opened = open_pipeline(written(project, CONTAINERS)).require()
    graph = azureml.compile(plan, dry.workspace(monkeypatch), opened).graph
    sent = {node.name: json.loads(node._runconfig)["docker"] for node in graph.nodes}
    shared = {"useDocker": True, "sharedVolumes": True}
    assert sent == {
        "train": {**shared, "shmSize": "8g", "arguments": ["--ulimit", "memlock=-1"]},
        "small": {**shared, "shmSize": "512m", "arguments": []},
    }


def test_a_secret_for_docker_is_reported_and_not_recorded(project: Project) -> None:
    step = "one: {script: train.py, resources: {docker_arguments: [--env, API_TOKEN=9f8e7d6c5b4a]}}"
    plan, opened = open_pipeline(written(project, f"{HEAD}steps: {{{step}}}")).require()
    [warning] = secret_check.warnings(plan, opened, plan.steps)
    assert (warning.code, warning.path[-1]) == ("plain-secret", "docker_arguments")
    assert "9f8e7d6c5b4a" not in json.dumps(redaction.for_record(plan))
    assert "9f8e7d6c5b4a" not in json.dumps(sendable.parts(plan, opened, plan.steps[0]))


def nodes(project: Project, text: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return the job and the components that azure-ai-ml sends of an export, after finding every key in them."""
    pytest.importorskip("azure.ai.ml")
    plan, opened = open_pipeline(written(project, text)).require()
    assert [*sendable.problems(plan, opened, plan.steps), *export.problems(plan)] == []
    place = project.root.parent / "v2"
    export.write(plan, opened, str(place))
    loaded = sdk.load(Path(place))
    assert {name: lost for name, one in loaded.items() if (lost := sdk.dropped(one, place))} == {}
    components = {one.stem: loaded[f"components/{one.name}"].rest["properties"]["componentSpec"]
                  for one in place.glob("components/*.yml")}  # fmt: skip
    return loaded["pipeline.yml"].rest["properties"], components


def test_v2_sends_what_containers_get_with_the_node(project: Project) -> None:
    job, _ = nodes(project, CONTAINERS)
    assert {name: node["resources"] for name, node in job["jobs"].items()} == {
        "train": {"docker_args_list": ["--ulimit", "memlock=-1"], "shm_size": "8g"},
        "small": {"shm_size": "512m"},
    }


def test_v2_sends_the_identity_with_the_node(project: Project) -> None:
    steps = "steps: {one: {script: train.py}, two: {script: plain.py, identity: managed}}"
    job, _ = nodes(project, f"{HEAD}\n    identity: user\n    {steps}\n")
    sent = {name: node["identity"] for name, node in job["jobs"].items()}
    assert sent == {"one": {"identity_type": "UserIdentity"}, "two": {"identity_type": "Managed"}}


def test_v2_sends_an_environment_of_a_registry_as_its_address(project: Project) -> None:
    text = """
        name: places
        compute: cpu-cluster
        environment: {registered: sklearn-1.5, registry: azureml}
        steps:
          one: {script: train.py}
          two: {script: plain.py, environment: {registered: sklearn-1.5, registry: azureml, version: 3}}
        """
    _, components = nodes(project, text)
    place = "azureml://registries/azureml/environments/sklearn-1.5"
    sent = {name: component["environment"] for name, component in components.items()}
    assert sent == {"one": f"{place}/labels/latest", "two": f"{place}/versions/3"}


def test_v2_sends_size_and_tier_of_serverless_compute_and_its_container(project: Project) -> None:
    text = """
        name: places
        compute: {name: serverless, vm_size: STANDARD_D2_V2, vm_priority: lowpriority}
        environment: {name: training, docker_image: "training:1"}
        resources: {shm_size: 8g}
        steps: {one: {script: train.py}}
        """
    job, _ = nodes(project, text)
    node = job["jobs"]["one"]
    assert node["resources"] == {"instance_type": "STANDARD_D2_V2", "shm_size": "8g"}
    assert node["queue_settings"] == {"job_tier": "Spot"}
    assert not export.omitted(open_pipeline(str(project.root / "pipeline.yaml")).require()[0])


DOCKER = """
    name: places
    compute: cpu-cluster
    environment: {name: training, dockerfile: docker/Dockerfile}
    steps: {one: {script: train.py}}
    """
DOCKERFILE = "FROM python:3.11\nCOPY . /tools\nRUN pip install -r /tools/more/packages.txt\n"


def with_docker(project: Project, *, alone: bool = False) -> str:
    """Write a pipeline whose image is built from a Dockerfile, and from more unless it is ``alone``."""
    more = (
        {} if alone else {"docker/more/packages.txt": "numpy\n", "docker/cache.bin": "", "docker/.amlignore": "*.bin\n"}
    )
    project.write({"docker/Dockerfile": DOCKERFILE, **more})
    return written(project, DOCKER)


@pytest.mark.parametrize("name", ["Dockerfile", "large.Dockerfile"])
def test_v2_gets_a_copy_of_the_build_context(project: Project, name: str) -> None:
    with_docker(project)
    (project.root / "docker/Dockerfile").rename(project.root / "docker" / name)
    nodes(project, DOCKER.replace("docker/Dockerfile", f"docker/{name}"))
    place = project.root.parent / "v2/environments"
    loaded = sdk.load_file(place / "training.yml")
    build = loaded.rest["properties"]["build"]
    context = place / "context/training"
    assert (place / build["contextUri"]).resolve() == context.resolve()
    assert build.get("dockerfilePath", "Dockerfile") == name  # the default
    assert (context / name).read_text() == DOCKERFILE
    names = {one.relative_to(context).as_posix() for one in context.rglob("*") if one.is_file()}
    assert names == {name, "more/packages.txt", ".amlignore"}


def test_the_version_of_a_built_environment_is_that_of_its_whole_context(project: Project) -> None:
    with_docker(project)

    def version() -> str:
        plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
        [image] = export.images(plan, opened).values()
        return image.version

    seen = [version()]
    for file in ("docker/Dockerfile", "docker/more/packages.txt", "docker/cache.bin"):
        with (project.root / file).open("a") as stream:
            stream.write("# more\n")
        seen.append(version())
    assert [now == before for before, now in pairwise(seen)] == [False, False, True]


def test_v1_is_refused_what_its_sdk_would_upload_without_folders(project: Project) -> None:
    plan, opened = open_pipeline(with_docker(project)).require()
    [problem] = v1_problems(plan, opened, plan.steps)
    assert (problem.code, "next to it is more/packages.txt." in problem.message) == ("build-context", True)


def test_v1_is_refused_a_build_context_that_is_too_large_for_its_sdk(project: Project) -> None:
    with_docker(project, alone=True)
    for number in range(100):
        (project.root / f"docker/{number}.txt").touch()
    plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
    [problem] = v1_problems(plan, opened, plan.steps)
    assert "at most 100 files and 1 MB with a Dockerfile, but its folder has 101 files, 75 bytes." in problem.message


WHEEL = ROOT / "tests/data/ok/wheels/dist/ours-1.0-py3-none-any.whl"
WHEELS = """
    name: places
    compute: cpu-cluster
    environment: {name: training, conda_file: conda/training.yml}
    steps:
      one: {script: train.py}
      two: {script: plain.py, environment: {name: serving, pip_requirements: requirements.txt}}
    """


def with_wheel(project: Project) -> None:
    """Write a pipeline with environments that install a wheel of the project."""
    packages = '[python=3.11, pip, {pip: [numpy, "../dist/ours-1.0-py3-none-any.whl"]}]'
    project.write({"conda/training.yml": f"dependencies: {packages}\n"})
    project.write({"requirements.txt": "numpy\n./dist/ours-1.0-py3-none-any.whl  # ours\n"})
    (project.root / "dist").mkdir(exist_ok=True)
    shutil.copy(WHEEL, project.root / "dist")
    written(project, WHEELS)


def test_v2_builds_an_image_with_the_wheels_of_the_project(project: Project, tmp_path: Path) -> None:
    with_wheel(project)
    nodes(project, WHEELS)
    for name in ("training", "serving"):
        loaded = sdk.load_file(project.root.parent / f"v2/environments/{name}.yml")
        assert "dockerfilePath" not in loaded.rest["properties"]["build"]  # Dockerfile is the default
        context = project.root.parent / f"v2/environments/context/{name}"
        conda = yaml.safe_load((context / "conda.yml").read_text())
        assert conda["dependencies"] == ["python=3.11", "pip", {"pip": ["numpy", "./dist/ours-1.0-py3-none-any.whl"]}]
        dockerfile = (context / "Dockerfile").read_text()
        assert f"FROM {BASE_IMAGE}\n" in dockerfile
        assert "--file /wheels/conda.yml" in dockerfile
        # conda has pip install the lines in the folder of its file
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--no-index",
            "--no-deps",
            "--target",
            str(tmp_path / name),
        ]
        subprocess.run([*pip, conda["dependencies"][2]["pip"][1]], cwd=context, check=True)
        assert (tmp_path / name / "ours.py").is_file()


def test_the_bytes_of_a_wheel_count_in_the_version(project: Project) -> None:
    with_wheel(project)

    def versions() -> list[str]:
        plan, opened = open_pipeline(str(project.root / "pipeline.yaml")).require()
        return [image.version for image in export.images(plan, opened).values()]

    before = versions()
    assert before == versions()
    with (project.root / "dist" / WHEEL.name).open("ab") as stream:
        stream.write(b"more")
    assert all(now != then for now, then in zip(versions(), before, strict=True))


@pytest.mark.parametrize(
    ("name", "renamed"),
    [
        ("ours-1.0-py3-none-any.whl", "ours-1.0-0_0123456789abcdef-py3-none-any.whl"),
        (
            "dist/our_lib-1.0-2b-cp311-cp311-linux_x86_64.whl",
            "our_lib-1.0-2b_0123456789abcdef-cp311-cp311-linux_x86_64.whl",
        ),
    ],
)
def test_the_name_of_a_wheel_tells_its_content_and_stays_that_of_a_wheel(name: str, renamed: str) -> None:
    assert with_content(name, "0123456789abcdef0123") == renamed
    assert with_content(name, "0123456789abcdef0123", 2) == renamed.replace("abcdef", "abcdef_2")
    before, after = parse_wheel_filename(Path(name).name), parse_wheel_filename(renamed)
    assert (before[0], before[1], before[3]) == (after[0], after[1], after[3])


PRIVATE = "--extra-index-url https://${PIP_USER}:${PIP_TOKEN}@packages.example.com/simple"
BARE = "--extra-index-url https://packages.example.com/simple"


def test_the_login_of_an_index_is_never_written(
    project: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in variables, as pip reads them, while everything runs that writes."""
    monkeypatch.setenv("PIP_USER", "mary-of-nowhere")
    monkeypatch.setenv("PIP_TOKEN", "k3yf0rtest1ng")
    project.write({"conda/training.yml": f'dependencies: [python=3.11, pip, {{pip: ["{PRIVATE}", ours]}}]\n'})
    project.write({"requirements.txt": f"{PRIVATE}\nours\n"})
    written(project, WHEELS)
    monkeypatch.chdir(project.root)
    for words in (["validate"], ["plan"], ["run"], ["environment"], ["export", "v2"], ["submit", "--dry-run"]):
        assert cli.run(words, dict(os.environ)) == 0, words
    said = "".join(capsys.readouterr())
    assert "[index-login]" in said
    files = [path for path in project.root.rglob("*") if path.is_file() and not path.is_symlink()]
    everything = said + "".join(path.read_bytes().decode("utf-8", "replace") for path in files)
    assert "mary-of-nowhere" not in everything
    assert "k3yf0rtest1ng" not in everything
    for name in ("training", "serving"):
        conda = yaml.safe_load((project.root / f"v2/environments/conda/{name}.yml").read_text())
        assert conda["dependencies"][-1] == {"pip": [BARE, "ours"]}
