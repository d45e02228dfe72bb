"""``import`` as it is typed: what it says, what it writes, and how it exits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.azureml import v2
from aml_pipeline.azureml.v2 import sdk
from aml_pipeline.core.errors import MachineError
from tests import forking
from tests.loopback.lesson import Lesson, a_lesson
from tests.loopback.serving import quiet
from tests.loopback.storage import KEY, storing

pytestmark = quiet


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lesson]:
    """Give the project of two steps, and a service that keeps its code."""
    with a_lesson(tmp_path, monkeypatch) as lesson, storing(lesson.service.guard, tmp_path, monkeypatch) as storage:
        lesson.service.unlock("AccountKey", KEY)
        lesson.service.store_snapshots(storage)
        yield lesson


WRONG = {
    "import": "Say what to import from, v1 or v2.",
    "import v3": "v1 or v2, instead of v3.",
    "import v1": "Name one of --endpoint NAME, --pipeline ID and --run ID. `aml-pipeline import v1 --list` shows",
    "import v1 --endpoint a --run b": "Name one of",
    "import v1 a b --endpoint c": 'Unexpected operand "b"',
    "import v2": "Name the YAML of the pipeline job",
    "import v2 job.yml --endpoint a": "--endpoint is for v1",
    "import v2 job.yml --list": "--list is for v1",
    "import v2 job.yml --workspace a/b/c": "--workspace is for v1",
    "import v2 absent.yml": "absent.yml",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_is_typed_wrongly_is_answered(
    words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(words.split(), {}) == 2
    said = capsys.readouterr()
    assert WRONG[words] in said.err
    assert said.out == ""
    assert list(tmp_path.iterdir()) == []


def test_an_endpoint_becomes_a_project_that_is_identical(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    assert lesson.here(capsys, "publish").status == 0
    lesson.service.forget()
    listed = lesson.here(capsys, "import", "v1", "--list")
    assert listed.out.splitlines()[0].split() == ["what", "name", "id", "version", "active", "created", "schedules"]
    assert listed.out.splitlines()[1].split()[:2] == ["endpoint", "lesson"]
    done = lesson.here(capsys, "import", "v1", "--endpoint", "lesson", "again")
    assert (done.status, done.out.splitlines()[-1]) == (0, "identical to the original"), done
    assert "2 steps in again; again/README.md lists" in done.out
    assert lesson.service.writes() == []
    assert (lesson.root / "again/steps/train/train.py").read_bytes() == (lesson.root / "steps/train.py").read_bytes()
    assert lesson.here(capsys, "validate", "-f", "again/pipeline.yaml").status == 0
    refused = lesson.here(capsys, "import", "v1", "--endpoint", "lesson", "again")
    assert (refused.status, "again is not empty" in refused.err) == (2, True)
    _check_compares(lesson, capsys)


def _check_compares(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    check = ("import", "v1", "--endpoint", "lesson", "--check")
    file = lesson.root / "again/pipeline.yaml"
    file.write_text(file.read_text().replace("epochs: 2", "epochs: 3"))
    before = sorted(lesson.root.rglob("*"))
    done = lesson.here(capsys, *check, "again")
    assert (done.status, done.out.splitlines()[-1]) == (5, "1 difference")
    assert done.out.startswith("parameter epochs")
    assert [path for path in sorted(lesson.root.rglob("*")) if path not in before] == []
    absent = lesson.here(capsys, *check, "absent")
    assert (absent.status, "absent has no pipeline.yaml" in absent.err) == (2, True)


def test_a_pipeline_whose_cluster_is_gone_is_written(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    assert lesson.here(capsys, "publish").status == 0
    lesson.service.state.computes.clear()
    done = lesson.here(capsys, "import", "v1", "--endpoint", "lesson", "again")
    assert (done.status, done.out.splitlines()[-1]) == (5, "1 difference")
    assert "nothing was compared: Workspace loopback has no compute target cpu-cluster." in done.out
    assert (lesson.root / "again/pipeline.yaml").is_file()


def test_import_v1_as_a_process(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    assert lesson.here(capsys, "publish").status == 0
    (lesson.root / "elsewhere").mkdir()
    done = lesson.azure("import", "v1", "--endpoint", "lesson", "elsewhere/mine")
    assert (done.status, done.out.splitlines()[-1]) == (0, "identical to the original"), done
    absent = lesson.azure("import", "v1", "--endpoint", "absent")
    assert absent.status in {2, 4}
    assert "absent" in absent.err


def test_a_job_becomes_a_project_that_is_identical(lesson: Lesson, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("azure.ai.ml")
    assert lesson.here(capsys, "export", "v2").status == 0
    words = ("import", "v2", "v2/pipeline.yml", "again")
    done = forking.run(words, lesson.root, lesson.environ, "tests.loopback_v2.command_line")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "identical to the original"), done
    assert lesson.here(capsys, "export", "-f", "again/pipeline.yaml", "v2-again").status == 0
    assert (lesson.root / "v2-again/pipeline.yml").read_bytes() == (lesson.root / "v2/pipeline.yml").read_bytes()
    file = lesson.root / "again/pipeline.yaml"
    file.write_text(file.read_text().replace("epochs: 2", "epochs: 3"))
    checked = lesson.here(capsys, "import", "v2", "v2/pipeline.yml", "again", "--check")
    assert (checked.status, checked.out.splitlines()[-1]) == (5, "1 difference")


def test_without_the_sdk_a_job_is_written_and_not_compared(
    lesson: Lesson, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def absent() -> None:
        raise MachineError("The SDK of Azure ML is not installed.")

    assert lesson.here(capsys, "export", "v2").status == 0
    monkeypatch.setattr(sdk, "import_all", absent)
    done = lesson.here(capsys, "import", "v2", "v2/pipeline.yml", "again")
    assert done.status == 0
    assert "Nothing was compared: azure-ai-ml is not installed. Install it: pip install" in done.err
    assert "Nothing was compared" in (lesson.root / "again/README.md").read_text()
    assert lesson.here(capsys, "import", "v2", "v2/pipeline.yml", "again", "--check").status == 6
    (lesson.root / "other.yml").write_text("jobs: {a: {type: automl}}\n")
    assert lesson.here(capsys, "import", "v2", "other.yml", "other").status == 5


def test_the_folder_of_a_job_is_called_like_it(
    lesson: Lesson, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert lesson.here(capsys, "export", "v2").status == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path)
        imported = v2.import_job(str(lesson.root / "v2/pipeline.yml"))
    assert imported.folder == "lesson"
    assert (tmp_path / "lesson/pipeline.yaml").is_file()
