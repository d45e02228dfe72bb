"""What is told before anything is sent: every rule with its place, by the command line that needs no Azure."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.project.snapshot import size
from tests import v1
from tests.conftest import Project
from tests.loopback.lesson import FILES

TEXT = """
    name: lesson
    experiment: lesson
    compute: cpu-cluster
    environment: {name: training, conda_file: conda.yml}
    steps:
      train:
        script: steps/train.py
    """


@pytest.fixture
def lesson(project: Project, monkeypatch: pytest.MonkeyPatch) -> Project:
    project.write({**FILES, "pipeline.yaml": TEXT})
    monkeypatch.chdir(project.root)
    return project


def dry_run(capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    capsys.readouterr()
    status = cli.run(["submit", "--dry-run"], {})
    said = capsys.readouterr()
    return status, said.err or said.out


@pytest.mark.usefixtures("lesson")
def test_what_would_be_sent(capsys: pytest.CaptureFixture[str]) -> None:
    status, said = dry_run(capsys)
    assert status == 0
    assert said.endswith("Nothing was submitted.\n")


RULES = {
    "experiment": (
        ("experiment: lesson", "experiment: a lesson"),
        "pipeline.yaml:2:13: ",
        '"a lesson" is not a valid name of an experiment in Azure ML.',
        "Use at most 255 letters, digits, - and _, starting with a letter or digit.",
    ),
    "compute": (
        ("compute: cpu-cluster\n", "\n"),
        "pipeline.yaml:6:3: ",
        'step "train" has no compute target, and Azure ML needs one.',
        "Add `compute:`, for example `compute: cpu-cluster`.",
    ),
    "environment": (
        ("environment: {name: training, conda_file: conda.yml}", ""),
        "pipeline.yaml:6:3: ",
        'step "train" has no environment, and Azure ML needs one.',
        "Add `environment:` with `name:` and `conda_file:`.",
    ),
    "environment name": (
        ("name: training", "name: AzureML-mine"),
        "pipeline.yaml:4:21: ",
        'the environment name "AzureML-mine" starts with a reserved prefix of Azure ML.',
        "Choose another name.",
    ),
    "variable": (
        ("script: steps/train.py", "script: steps/train.py\n        environment_variables: {AZUREML_X: a}"),
        "pipeline.yaml:8:29: ",
        'the environment variable "AZUREML_X" of step "train" is set by Azure ML itself.',
        "Choose another name.",
    ),
    "dataset": (
        (
            "steps:\n",
            "datasets:\n      images: {local: data}\n    steps:\n",
        ),
        "pipeline.yaml:6:3: ",
        'dataset "images" exists only on this machine, not in Azure ML.',
        (
            "Add `upload: true` to upload it, or where it is there: `datastore:` and `path:`, or `registered:`. "
            "Or add `optional: true` if the steps can run without it."
        ),
    ),
}


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_and_its_place(lesson: Project, capsys: pytest.CaptureFixture[str], rule: str) -> None:
    (old, new), place, message, cure = RULES[rule]
    text = TEXT.replace(old, new)
    if rule == "dataset":
        text = text.replace("train.py", "train.py\n        arguments: {--in: '${{ datasets.images }}'}")
        (lesson.root / "data").mkdir()
    assert text != TEXT
    lesson.write({"pipeline.yaml": text})
    status, said = dry_run(capsys)
    assert status == 2
    assert said.startswith(f"{place}{message}")
    assert cure in said
    assert said.endswith("1 error; nothing was done.\n")
    assert cli.run(["validate"], {}) == 0, "it runs here all the same"


def test_a_name_of_256_letters(lesson: Project, capsys: pytest.CaptureFixture[str]) -> None:
    for length, status in [(255, 0), (256, 2)]:
        lesson.write({"pipeline.yaml": TEXT.replace("experiment: lesson", f"experiment: {'a' * length}")})
        assert dry_run(capsys)[0] == status


def sparse(path: Path, megabytes: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as stream:
        stream.truncate(megabytes * 1024 * 1024)


WHOLE = TEXT.replace("steps/train.py", "train.py\n        source_directory: steps\n        snapshot: ['**']")
PLACE = 'pipeline.yaml:7:13: the snapshot of step "train" has '


def test_a_snapshot_of_more_than_300_mb(lesson: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.write({"pipeline.yaml": WHOLE})
    sparse(lesson.root / "steps" / "models" / "old.bin", 200)
    sparse(lesson.root / "steps" / "models" / "new.bin", 99)
    assert dry_run(capsys)[0] == 0
    sparse(lesson.root / "steps" / "b.bin", 2)
    status, said = dry_run(capsys)
    assert status == 2
    assert said.startswith(f"{PLACE}301 MB in 5 files, but the limit of Azure ML is 300 MB and 1999 files. ")
    assert "The largest: models/old.bin (200.0 MB), models/new.bin (99.0 MB), b.bin (2.0 MB)." in said
    assert "Exclude what the step does not need: add `models/` to steps/.amlignore." in said
    lesson.write({"steps/.amlignore": "models/\n"})
    assert dry_run(capsys)[0] == 0, "the cure cures"


def test_one_file_of_more_than_300_mb(lesson: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.write({"pipeline.yaml": WHOLE, "steps/lib/a.py": ""})
    sparse(lesson.root / "steps" / "data.bin", 301)
    status, said = dry_run(capsys)
    assert status == 2
    assert "add `data.bin` to steps/.amlignore." in said
    lesson.write({"steps/.amlignore": "data.bin\n"})
    assert dry_run(capsys)[0] == 0


def test_a_snapshot_of_more_than_2000_files(lesson: Project, capsys: pytest.CaptureFixture[str]) -> None:
    lesson.write({"pipeline.yaml": WHOLE})
    folder = lesson.root / "steps" / "images"
    folder.mkdir()
    for number in range(1997):
        (folder / f"{number}.png").touch()
    assert dry_run(capsys)[0] == 0
    (folder / "1997.png").touch()
    status, said = dry_run(capsys)
    assert status == 2
    assert said.startswith(
        f"{PLACE}0 MB in 2000 files, but the limit of Azure ML is 300 MB and 1999 files. The largest: "
    )
    assert "add `images/` to steps/.amlignore." in said
    assert cli.run(["validate"], {}) == 0
    assert "warning: the snapshot of step" in capsys.readouterr().out
    lesson.write({"steps/.amlignore": "images/\n"})
    assert dry_run(capsys)[0] == 0


def test_the_limits_are_those_of_the_sdk() -> None:
    v1.module("azureml.core")
    from azureml._restclient import constants

    from aml_pipeline.project.snapshot.snapshot import KEEP_ALL

    assert size.MOST_FILES == constants.SNAPSHOT_MAX_FILES - 1
    assert size.MOST_BYTES + len(KEEP_ALL) <= constants.SNAPSHOT_MAX_SIZE_BYTES <= size.MOST_BYTES + 1024
