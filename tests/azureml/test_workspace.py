"""What a submission looks up in the workspace, or makes there: environments by content, compute targets by name."""

from __future__ import annotations

import hashlib
import shutil
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.azureml.images import BASE_IMAGE, PYTHON
from aml_pipeline.project.environment.wheels import with_content
from tests.conftest import ROOT
from tests.loopback.lesson import PIPELINE, Done, Lesson
from tests.loopback.serving import quiet
from tests.loopback.storage import storing

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
Submit = Callable[..., Done]


@pytest.fixture
def submit(lesson: Lesson, capsys: Capture) -> Submit:
    """Submit with another environment, or another compute target."""

    def with_(environment: str = "{name: training, conda_file: conda.yml}", compute: str = "cpu-cluster") -> Done:
        text = PIPELINE.replace("{name: training, conda_file: conda.yml}", environment)
        lesson.write({"pipeline.yaml": text.replace("compute: cpu-cluster", f"compute: {compute}")})
        return lesson.here(capsys, "submit")

    return with_


def puts(lesson: Lesson) -> list[str]:
    return [one.route for one in lesson.service.writes() if one.method == "PUT"]


def made(lesson: Lesson) -> dict[str, Any]:
    """Return the one environment that was registered."""
    (environment,) = lesson.service.environments.values()
    return environment


PIP = "# first\nnumpy==1.26  # why\n\n-r more.txt\n"
DEFINITIONS = [
    ("conda_file: conda.yml", BASE_IMAGE, ["python=3.11", "pip"]),
    (
        "pip_requirements: requirements.txt",
        BASE_IMAGE,
        [f"python={PYTHON}", "pip", {"pip": ["numpy==1.26", "scipy", "--extra-index-url https://x/simple"]}],
    ),
    ("docker_image: team/image:1", "team/image:1", None),
    ("docker_image: team/image:1, conda_file: conda.yml", "team/image:1", ["python=3.11", "pip"]),
    (
        "docker_image: team/image:1, pip_requirements: requirements.txt",
        "team/image:1",
        [f"python={PYTHON}", "pip", {"pip": ["numpy==1.26", "scipy", "--extra-index-url https://x/simple"]}],
    ),
]


@pytest.mark.parametrize(("definition", "image", "dependencies"), DEFINITIONS, ids=[one[0] for one in DEFINITIONS])
def test_a_definition_is_registered_once(
    lesson: Lesson, submit: Submit, definition: str, image: str, dependencies: list[Any] | None
) -> None:
    lesson.write({"requirements.txt": PIP, "more.txt": "scipy\n--extra-index-url https://x/simple\n"})
    assert submit(f"{{name: team, {definition}}}").status == 0
    environment = made(lesson)
    assert environment["docker"]["baseImage"] == image
    python = environment["python"]
    assert python["userManagedDependencies"] is (dependencies is None)
    if dependencies:
        assert python["condaDependencies"]["dependencies"] == dependencies
    assert puts(lesson) == [f"/environment/v1.0/environments/team/versions/{environment['version']}"]
    assert len(environment["version"]) == 16
    lesson.service.forget()
    assert submit(f"{{name: team, {definition}}}").status == 0
    assert puts(lesson) == []


def test_an_index_is_registered_without_the_login_that_pip_takes_from_variables(
    lesson: Lesson, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOKEN", "k3yf0rtest1ng")
    lesson.write({"requirements.txt": "-i https://me:${TOKEN}@a.example/simple\nours\n"})
    done = submit("{name: team, pip_requirements: requirements.txt}")
    assert done.status == 0
    assert "without its login (***:${TOKEN})" in done.err
    packages = made(lesson)["python"]["condaDependencies"]["dependencies"][2]
    assert packages == {"pip": ["-i https://a.example/simple", "ours"]}
    assert "k3yf0rtest1ng" not in str([one.body for one in lesson.service.requests])


OURS = "ours-1.0-py3-none-any.whl"


def test_a_wheel_of_the_project_is_uploaded_under_a_name_that_tells_its_content(
    lesson: Lesson, submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lesson.write({"requirements.txt": f"six\n./dist/{OURS}\n"})
    (lesson.root / "dist").mkdir()
    shutil.copy(ROOT / "tests/data/ok/wheels/dist" / OURS, lesson.root / "dist")
    place = "https://loop.blob.core.windows.net/azureml/Environment/azureml-private-packages/"
    with storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        for name in ("team", "other"):  # each environment needs it, and it is sent once
            assert submit(f"{{name: {name}, pip_requirements: requirements.txt}}").status == 0
        (sent,) = storage.files()
        assert storage.files() == {sent: (lesson.root / "dist" / OURS).read_bytes()}
        packages = [
            one["python"]["condaDependencies"]["dependencies"][2] for one in lesson.service.environments.values()
        ]
        wheel = sent.rpartition("/")[2]
        assert packages == [{"pip": ["six", place + wheel]}] * 2
        with (lesson.root / "dist" / OURS).open("ab") as stream:
            stream.write(b"more")
        digest = hashlib.sha256((lesson.root / "dist" / OURS).read_bytes()).hexdigest()
        lesson.service.state.wheels.append(with_content(OURS, digest))  # an upload of it was cut off
        assert submit("{name: team, pip_requirements: requirements.txt}").status == 0
        assert [name.rpartition("/")[2] for name in storage.files() if name != sent] == [with_content(OURS, digest, 1)]
    assert len(lesson.service.environments) == 3


def test_a_dockerfile_alone_is_registered_as_its_text(lesson: Lesson, submit: Submit) -> None:
    for command in ("pip install numpy", "pip install scipy"):
        lesson.write({"docker/Dockerfile": f"FROM python:3.11\nRUN {command}\n"})
        assert submit("{name: team, dockerfile: docker/Dockerfile}").status == 0
        environment = list(lesson.service.environments.values())[-1]
        assert environment["docker"]["baseDockerfile"] == f"FROM python:3.11\nRUN {command}\n"
        assert environment["docker"]["baseImage"] is None
        assert environment["python"]["userManagedDependencies"] is True
    assert len(lesson.service.environments) == 2


def test_a_dockerfile_with_other_files_is_registered_with_the_place_of_their_upload(
    lesson: Lesson, submit: Submit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = {"Dockerfile.train": "FROM python:3.11\nCOPY packages.txt .\n", "packages.txt": "numpy\n"}
    lesson.write({f"docker/{name}": text for name, text in written.items()})
    with storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        assert submit("{name: team, dockerfile: docker/Dockerfile.train}").status == 0
        context = made(lesson)["docker"]["buildContext"]
        assert (context["locationType"], context["dockerfilePath"]) == ("storageAccount", "Dockerfile.train")
        folder = context["location"].partition("https://loop.blob.core.windows.net/azureml/")[2]
        assert storage.files(folder) == {name: text.encode() for name, text in written.items()}
        storage.forget()
        assert submit("{name: team, dockerfile: docker/Dockerfile.train}").status == 0
        assert storage.sent == []


def test_the_version_is_that_of_the_content(lesson: Lesson, submit: Submit) -> None:
    versions: dict[str, str] = {}
    for what, packages in [
        ("first", "numpy\nscipy\n"),
        ("comment", "# why\nnumpy  # so\n\nscipy\n"),
        ("package", "numpy\nscipy\ntorch\n"),
        ("back", "numpy\nscipy\n"),
    ]:
        lesson.write({"requirements.txt": packages})
        lesson.service.forget()
        assert submit("{name: team, pip_requirements: requirements.txt}").status == 0
        (asked,) = {one.route for one in lesson.service.requests if one.route.startswith("/environment")}
        versions[what] = asked.rpartition("/")[2]
    assert versions["first"] == versions["comment"] == versions["back"] != versions["package"]
    assert len(lesson.service.environments) == 2
    assert submit("{name: team, docker_image: 'a:1', pip_requirements: requirements.txt}").status == 0
    assert submit("{name: team, docker_image: 'a:2', pip_requirements: requirements.txt}").status == 0
    assert len(lesson.service.environments) == 4


def test_an_included_file_counts(lesson: Lesson, submit: Submit) -> None:
    for packages in ("scipy\n", "torch\n"):
        lesson.write({"requirements.txt": "-r sub/more.txt\n", "sub/more.txt": packages})
        assert submit("{name: team, pip_requirements: requirements.txt}").status == 0
    found = [one["python"]["condaDependencies"]["dependencies"][2] for one in lesson.service.environments.values()]
    assert found == [{"pip": ["scipy"]}, {"pip": ["torch"]}]


@pytest.mark.parametrize(
    ("environment", "files", "told"),
    [
        (
            "pip_requirements: requirements.txt",
            {"requirements.txt": "numpy\n-c constraints.txt\n", "constraints.txt": "numpy==1\n"},
            "constraints.txt:1:1: constraints.txt is a constraints file, which Azure ML does not support.",
        ),
        (
            "pip_requirements: requirements.txt",
            {"requirements.txt": "numpy\n-e .\n"},
            'requirements.txt:2:1: "-e ." is a local file or folder, which Azure ML does not have',
        ),
        (
            "conda_file: env.yml",
            {"env.yml": "dependencies: [pip, {pip: [./own.whl]}]\n"},
            'env.yml:1:28: "./own.whl" is a local file or folder, which Azure ML does not have',
        ),
        (
            "conda_file: env.yml",
            {"env.yml": "dependencies: [pip, {pip: [-r more.txt]}]\n", "more.txt": "numpy\nscipy\n"},
            "more.txt:1:1: more.txt is included by a conda file, but Azure ML receives only the conda file.",
        ),
        (
            "pip_requirements: requirements.txt",
            {"requirements.txt": "-r requirements.txt\n-r none.txt\n"},
            'requirements.txt:2:1: "none.txt", which this line includes, was not found relative to requirements.txt.',
        ),
        ("conda_file: env.yml", {"env.yml": "dependencies: [1,\n"}, "env.yml:1:"),
    ],
)
def test_what_an_image_cannot_be_built_from_is_told_before_anything_is_asked(
    lesson: Lesson, submit: Submit, environment: str, files: dict[str, str], told: str
) -> None:
    lesson.write(files)
    done = submit(f"{{name: team, {environment}}}")
    assert done.status == 2
    assert done.err.startswith(told)
    assert done.err.endswith("1 error; nothing was done.\n")
    assert lesson.service.requests == []


@pytest.mark.parametrize("kind", ["registered", "curated"])
def test_an_environment_that_the_workspace_has(lesson: Lesson, submit: Submit, kind: str) -> None:
    from azureml.core import Environment

    from tests.loopback.client import connect

    for version in ("1", "2"):
        environment = Environment("Team-env")
        environment.version = version
        environment.docker.base_image = f"team:{version}"
        environment.register(connect(lesson.service, lesson.root))
    lesson.service.forget()
    for asked, used in [("", "2"), (", version: 1", "1"), (", version: 2", "2")]:
        assert submit(f"{{{kind}: Team-env{asked}}}").status == 0
        bodies = str(lesson.service.asked("POST", "CreationInfoWithGraph")[-1].body)
        assert f"team:{used}" in bodies
    assert puts(lesson) == []


@pytest.mark.parametrize(("version", "which"), [("", "Nothing-env"), (", version: 7", "Nothing-env, version 7")])
def test_an_environment_that_the_workspace_has_not(lesson: Lesson, submit: Submit, version: str, which: str) -> None:
    done = submit(f"{{registered: Nothing-env{version}}}")
    assert (done.status, done.out) == (4, "")
    assert done.err == f"Workspace loopback has no environment {which}. Check its name in the portal.\n"
    assert lesson.service.writes() == []


CONDA = """
import sys, pathlib
if sys.argv[1:] != ["env", "export", "--no-builds", "--name", "ml"]:
    sys.exit("EnvironmentLocationNotFound: Not a conda environment")
print(pathlib.Path(__file__).with_suffix(".yml").read_text())
"""


@pytest.fixture
def conda(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "programs"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "conda"


def test_an_environment_of_conda(lesson: Lesson, submit: Submit, conda: Path) -> None:
    done = submit("{name: team, conda_environment: ml}")
    assert (done.status, done.err) == (
        6,
        "The environment is conda's ml, but conda was not found. Put it on the PATH.\n",
    )
    conda.write_text(f"#!{sys.executable}\n{CONDA}")
    conda.chmod(conda.stat().st_mode | stat.S_IEXEC)
    done = submit("{name: team, conda_environment: other}")
    assert (done.status, done.err) == (
        6,
        "conda has no environment other, or cannot export it. See `conda env list`.\n",
    )
    assert lesson.service.writes() == []
    packages = conda.with_suffix(".yml")
    for text, versions in [
        ("name: ml\ndependencies:\n- python=3.11\nprefix: /home/me/ml\n", 1),
        ("name: ml\ndependencies:\n- python=3.11\nprefix: /home/you/ml\n", 1),
        ("name: ml\ndependencies:\n- python=3.10\nprefix: /home/me/ml\n", 2),
    ]:
        packages.write_text(text)
        assert submit("{name: team, conda_environment: ml}").status == 0
        assert len(lesson.service.environments) == versions
    first = next(iter(lesson.service.environments.values()))
    assert first["docker"]["baseImage"] == BASE_IMAGE
    assert first["python"]["condaDependencies"]["dependencies"] == ["python=3.11"]
    assert "/home/me" not in str(first)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("cpu-clustre", 'Did you mean "cpu-cluster"? With `vm_size:`, it is created.'),
        ("quantum", "Known: cpu-cluster. With `vm_size:`, it is created."),
    ],
)
def test_a_compute_target_that_is_not_there(lesson: Lesson, submit: Submit, name: str, cure: str) -> None:
    done = submit(compute=name)
    assert (done.status, done.out) == (4, "")
    assert done.err == f"Workspace loopback has no compute target {name}. {cure}\n"
    assert lesson.service.writes() == []


def test_a_compute_target_with_a_size_is_made_once(lesson: Lesson, submit: Submit) -> None:
    for name, given, most in [("one", "", 1), ("two", ", min_nodes: 2", 2), ("three", ", max_nodes: 3", 3)]:
        for _ in range(2):
            assert submit(compute=f"{{name: {name}-cluster, vm_size: STANDARD_D3_V2{given}}}").status == 0
        assert [one for one in puts(lesson) if one.startswith("/computes/")] == [f"/computes/{name}-cluster"]
        settings = lesson.service.state.computes[f"{name}-cluster"]["properties"]["properties"]
        assert (settings["vmSize"], settings["scaleSettings"]["maxNodeCount"]) == ("STANDARD_D3_V2", most)
        lesson.service.forget()


def test_a_compute_target_that_cannot_be_made(submit: Submit, monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.loopback import workspace

    store = workspace.store_compute

    def failing(*given: Any) -> Any:  # noqa: ANN401 - as the function that it stands for
        entity = store(*given)
        errors = [{"error": {"code": "Quota", "message": "no cores left", "details": []}}]
        entity["properties"].update(provisioningState="Failed", provisioningErrors=errors)
        return entity

    monkeypatch.setattr(workspace, "store_compute", failing)
    done = submit(compute="{name: new-cluster, vm_size: STANDARD_D3_V2}")
    assert (done.status, done.out) == (4, "")
    assert done.err.startswith("Compute target new-cluster could not be created. Azure ML says: ")
    assert "no cores left" in done.err
