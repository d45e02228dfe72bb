"""register_environment: a versioned record here, the next version of the run's environment in Azure ML."""

import json
import platform
import re
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import register_environment
from tests.v1 import needs_v1


def record(folder: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    return loaded


def distribution(folder: Path, name: str, release: str) -> None:
    """Install a distribution of this name, as far as its metadata."""
    info = folder / f"{name}-{release}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {release}\n", encoding="utf-8")


def test_here_it_writes_a_versioned_record(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    done = script("register_environment.py", "--name", "pytorch-env", "--output", tmp_path / "a" / "b")
    written = record(tmp_path / "a" / "b")
    assert list(written) == ["name", "version", "workspace", "python", "implementation", "platform", "packages"]
    assert (written["name"], written["workspace"]) == ("pytorch-env", None)
    assert written["python"] == platform.python_version()
    assert written["packages"]["torch"] == version("torch")
    assert list(written["packages"]) == sorted(written["packages"])
    assert re.fullmatch("[0-9a-f]{16}", written["version"])
    what = f"recorded environment pytorch-env, version {written['version']}"
    assert done.stdout == f"{what}. Nothing was registered: this run is not in Azure ML\n"
    assert not done.stderr


def test_the_version_is_that_of_the_content(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    distribution(tmp_path / "site", "Some_Thing.more", "1.0")
    distribution(tmp_path / "other", "some-thing-more", "2.0")
    (tmp_path / "site" / "broken-1.dist-info").mkdir()
    paths = {"plain": [], "again": [], "more": ["site"], "newer": ["other"], "first": ["site", "other"]}
    for name, folders in paths.items():
        environ = {"PYTHONPATH": ":".join(str(tmp_path / folder) for folder in folders)}
        script("register_environment.py", "--name", "n", "--output", tmp_path / name, environ=environ)
    texts = {name: (tmp_path / name / "environment.json").read_bytes() for name in paths}
    assert texts["again"] == texts["plain"]
    assert texts["first"] == texts["more"], "what is first on the path is what is imported"
    assert len({record(tmp_path / name)["version"] for name in paths}) == 3
    assert record(tmp_path / "more")["packages"]["some-thing-more"] == "1.0"
    assert "some-thing-more" not in record(tmp_path / "plain")["packages"]


def test_the_name_is_no_part_of_the_version(script: Any, tmp_path: Path) -> None:  # noqa: ANN401
    for name in ("one", "two"):
        script("register_environment.py", "--name", name, "--output", tmp_path / name)
    assert record(tmp_path / "one") == {**record(tmp_path / "two"), "name": "one"}


NOT_IN_V2 = (
    "Nothing was registered: this needs a run of SDK v1 with azureml-core. "
    "In v2, environments are registered before the job starts\n"
)


def test_in_azure_ml_without_azureml_core_it_records_and_says_so(
    script: Any,  # noqa: ANN401
    azure: Any,  # noqa: ANN401
    without_v1: dict[str, str],
    tmp_path: Path,
) -> None:
    arguments = ["--name", "pytorch-env", "--output", tmp_path / "out"]
    done = script("register_environment.py", *arguments, environ={**azure.environ, **without_v1})
    written = record(tmp_path / "out")
    assert written["workspace"] is None
    assert done.stdout == f"recorded environment pytorch-env, version {written['version']}. {NOT_IN_V2}"


@needs_v1
def test_in_a_job_of_v2_it_records_and_says_so(script: Any, azure: Any, tmp_path: Path) -> None:  # noqa: ANN401
    azure.properties = {"azureml.DevPlatv2": "true"}
    done = script("register_environment.py", "--name", "n", "--output", tmp_path / "out", environ=azure.environ)
    assert done.stdout == f"recorded environment n, version {record(tmp_path / 'out')['version']}. {NOT_IN_V2}"
    assert not azure.registered


@needs_v1
def test_a_run_that_v1_does_not_know_is_recorded(script: Any, azure: Any, tmp_path: Path) -> None:  # noqa: ANN401
    azure.knows_the_run = False
    done = script("register_environment.py", "--name", "n", "--output", tmp_path / "out", environ=azure.environ)
    first, second = done.stdout.splitlines(keepends=True)
    assert first.startswith("SDK v1 of Azure ML does not know this run: ")
    assert second == f"recorded environment n, version {record(tmp_path / 'out')['version']}. {NOT_IN_V2}"


@needs_v1
def test_in_azure_ml_the_runs_environment_becomes_the_next_version(script: Any, azure: Any, tmp_path: Path) -> None:  # noqa: ANN401
    arguments = ["--name", "pytorch-env", "--output", tmp_path / "out"]
    done = script("register_environment.py", *arguments, environ=azure.environ)
    assert done.stdout == "registered environment pytorch-env, version 3, in workspace the-workspace\n"
    (sent,) = azure.registered
    assert sent["path"] == "pytorch-env", "without a version in the address Azure ML makes the next"
    assert sent["python"]["interpreterPath"] == "python"
    written = record(tmp_path / "out")
    assert (written["name"], written["version"], written["workspace"]) == ("pytorch-env", "3", "the-workspace")
    script("register_environment.py", *arguments[:2], "--output", tmp_path / "here")
    assert list(written) == list(record(tmp_path / "here")), "both records have the same keys"


@needs_v1
def test_what_azure_ml_refuses_is_one_line(script: Any, azure: Any, tmp_path: Path) -> None:  # noqa: ANN401
    azure.refuses_environments = True
    arguments = ["--name", "n", "--output", tmp_path / "out"]
    done = script("register_environment.py", *arguments, status=1, environ=azure.environ)
    last = done.stderr.splitlines()[-1]
    assert last.startswith("register_environment.py: error: Azure ML did not register the environment n: ")
    assert "not there,\\nthe service says" in last
    assert not list((tmp_path / "out").iterdir())


def test_nothing_is_registered_that_cannot_be_recorded(script: Any, azure: Any, tmp_path: Path) -> None:  # noqa: ANN401
    (tmp_path / "file").touch()
    arguments = ["--name", "n", "--output", tmp_path / "file"]
    done = script("register_environment.py", *arguments, status=1, environ=azure.environ)
    assert done.stderr == f"register_environment.py: error: [Errno 17] File exists: '{tmp_path / 'file'}'\n"
    assert not azure.registered


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a/b", "-a", "azureml-mine", "Microsoft", "x" * 256, "ü", "\u017f", "a\n"]
)
def test_a_bad_name_is_one_line(capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str) -> None:
    with pytest.raises(SystemExit, match=r"^2$"):
        register_environment.main([f"--name={name}", "--output", str(tmp_path / "out")])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("register_environment.py: error: argument --name: must be letters, digits")
    assert last.endswith(f"not {name!r}")
    assert not (tmp_path / "out").exists()
