"""The types and places of datasets with azure-ai-ml, against the loopback service of v2."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.loopback_v2.lesson import LessonV2, a_lesson_v2
from tests.loopback_v2.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
SUBMIT = ("submit", "--sdk", "v2")


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        yield lesson


def declare(lesson: LessonV2, dataset: str) -> None:
    """Let the step ``train`` read a dataset ``rows``."""
    lesson.replace("pipeline.yaml", "parameters:\n", f"datasets:\n  rows: {dataset}\nparameters:\n")
    lesson.replace("pipeline.yaml", "--epochs: ", "--rows: ${{ datasets.rows }}\n      --epochs: ")


def read(lesson: LessonV2) -> tuple[str, str, str]:
    """Return the type and the place of the job's input, and the mode of the node's."""
    job = list(lesson.service.jobs.values())[-1]["properties"]
    node = job["jobs"]["train"]["inputs"]["rows"]
    assert node["value"] == "${{parent.inputs.rows}}"
    of_job = job["inputs"]["rows"]
    place = of_job["uri"].rpartition("/workspaces/")[2].rpartition("/data/")[2]
    return of_job["jobInputType"], place, node.get("mode", "ReadOnlyMount")  # the default


@pytest.mark.parametrize(
    ("kind", "dataset", "received"),
    [
        ("uri_folder", "{registered: rows, version: 4}", ("uri_folder", "rows/versions/4", "ReadOnlyMount")),
        ("uri_file", "{registered: rows, mode: download}", ("uri_file", "rows/versions/4", "Download")),
        ("uri_file", "{registered: rows, type: file}", ("uri_file", "rows/versions/4", "ReadOnlyMount")),
        ("mltable", "{registered: rows, type: table}", ("mltable", "rows/versions/4", "ReadOnlyMount")),
        # What SDK v1 registered as a FileDataset.
        ("mltable", "{registered: rows}", ("mltable", "rows/versions/4", "EvalMount")),
        ("mltable", "{registered: rows, type: folder, mode: download}", ("mltable", "rows/versions/4", "EvalDownload")),
        ("mltable", "{registered: rows, mode: eval_mount}", ("mltable", "rows/versions/4", "EvalMount")),
        ("uri_folder", "{registered: rows, mode: eval_mount}", ("uri_folder", "rows/versions/4", "ReadOnlyMount")),
    ],
)
def test_the_workspace_knows_the_type(
    lesson: LessonV2, capsys: Capture, kind: str, dataset: str, received: tuple[str, str, str]
) -> None:
    lesson.service.add_data("rows", "4", kind)
    declare(lesson, dataset)
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (0, "")
    assert read(lesson) == received


def test_another_type_than_in_the_file_is_refused(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.add_data("rows", "4", "uri_folder")
    declare(lesson, "{registered: rows, type: table}")
    told = (
        "Dataset rows of workspace loopback, which the file calls rows, is a folder, not a table. "
        "Write `type: folder`, or name another dataset.\n"
    )
    done = lesson.here(capsys, *SUBMIT)
    assert (done.status, done.err) == (4, told)
    assert lesson.service.writes() == []


def test_data_is_moved_for_a_run(lesson: LessonV2, capsys: Capture) -> None:
    for version in ("3", "4"):
        lesson.service.add_data("rows", version)
    lesson.service.add_datastore("big")
    declare(lesson, "{registered: rows}")
    assert lesson.here(capsys, *SUBMIT, "--data", "rows=azureml:rows:3").status == 0
    assert read(lesson) == ("uri_folder", "rows/versions/3", "ReadOnlyMount")
    assert lesson.record()["data"] == {"rows": "azureml:rows:3"}
    dry = lesson.here(capsys, *SUBMIT, "--dry-run", "--data", "rows=azureml://datastores/big/paths/rows").out
    assert "dataset rows azureml://datastores/big/paths/rows\n" in dry
    assert lesson.here(capsys, *SUBMIT, "--data", "rows=azureml://datastores/big/paths/rows").status == 0
    assert read(lesson)[1].endswith("/datastores/big/paths/rows")
    refused = lesson.here(capsys, *SUBMIT, "--data", "rows=steps")
    assert refused.status == 2
    assert refused.err.startswith('--data rows=steps: dataset "rows" exists only on this machine, not in Azure ML.')


def test_a_file_that_lies_here_is_a_file_there(lesson: LessonV2, capsys: Capture) -> None:
    (lesson.root / "rows.csv").write_text("1\n", encoding="utf-8")
    lesson.service.add_datastore("big")
    declare(lesson, "{local: rows.csv, datastore: big, path: rows/2026.csv}")
    assert lesson.here(capsys, *SUBMIT).status == 0
    assert read(lesson)[0] == "uri_file"


def test_a_version_may_be_any_text(lesson: LessonV2, capsys: Capture) -> None:
    declare(lesson, "{registered: rows, version: initial, type: file}")
    assert lesson.here(capsys, "validate", "--sdk", "v2").status == 0
    assert "[dataset-version]" in lesson.here(capsys, "validate", "--sdk", "v1").out
