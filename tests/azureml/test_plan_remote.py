"""``plan --remote``: what Azure ML would run and may reuse, asked of the loopback service by the real SDK."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.azureml.side import planned
from tests.loopback.lesson import Lesson
from tests.loopback.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]


def test_a_process_of_its_own_tells_it(lesson: Lesson) -> None:
    done = lesson.azure("plan", "--remote", "--exit-code")
    assert (done.status, done.err) == (5, "")
    assert done.out.splitlines() == [
        "prepare  will run  environment training is not registered yet",
        "train    will run  environment training is not registered yet",
    ]
    assert lesson.service.writes() == []
    assert lesson.runs() == []


def by_v2(lesson: Lesson) -> Lesson:
    """Let the last run be one that was submitted by SDK v2, which tells nothing of what v1 has."""
    record = lesson.runs()[-1] / "run.json"
    record.write_text(record.read_text(encoding="utf-8").replace('"sdk": "v1"', '"sdk": "v2"'), encoding="utf-8")
    return lesson


def test_nothing_changed(lesson: Lesson, tmp_path: Path, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    unchanged = "may be reused nothing changed since the last submission"
    assert planned(lesson, capsys) == {"prepare": unchanged, "train": unchanged}
    assert lesson.here(capsys, "plan", "--remote", "--exit-code").status == 0
    known = "may be reused Azure ML knows it"
    for place in (by_v2(lesson), lesson.clone(tmp_path / "clone")):
        assert planned(place, capsys) == {"prepare": known, "train": known}


@pytest.mark.parametrize(
    ("file", "old", "new", "prepare", "train"),
    [
        (
            *("steps/prepare.py", "'prepare'", "'prepared'"),
            "will run prepare.py changed",
            "will run step prepare runs, and Azure ML reuses by identity, not by content",
        ),
        (
            *("steps/train.py", "'train'", "'trained'"),
            "may be reused nothing changed since the last submission",
            "will run train.py changed",
        ),
        (
            *("conda.yml", "python=3.11", "python=3.10"),
            "will run environment: python=3.11 → python=3.10",
            "will run environment: python=3.11 → python=3.10",
        ),
        (
            *("pipeline.yaml", "script: train.py", "script: train.py\n    allow_reuse: false"),
            "may be reused nothing changed since the last submission",
            "will run allow_reuse is false",
        ),
        (
            *("pipeline.yaml", "epochs: 2", "epochs: 3"),
            "may be reused nothing changed since the last submission",
            "will run parameter epochs 2 → 3",
        ),
    ],
)
def test_what_changed_is_told(  # noqa: PLR0913, PLR0917 - a table's columns
    lesson: Lesson, capsys: Capture, file: str, old: str, new: str, prepare: str, train: str
) -> None:
    assert lesson.here(capsys, "submit").status == 0
    lesson.replace(file, old, new)
    assert planned(lesson, capsys) == {"prepare": prepare, "train": train}
    modules = set(lesson.service.modules)
    lesson.here(capsys, "submit")
    made = {lesson.service.modules[one]["Name"] for one in set(lesson.service.modules) - modules}
    told = {"prepare": prepare, "train": train}
    assert made == {name for name, why in told.items() if why.startswith("will run") and "identity" not in why}


def test_a_value_that_azure_may_have_run_before(lesson: Lesson, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    assert planned(lesson, capsys, "train", "--param", "epochs=5") == {
        "train": "may be reused parameter epochs 2 → 5 since the last submission, and Azure ML may have run that before"
    }
    asked = ("plan", "--remote", "--exit-code", "--param", "epochs=5")
    assert [lesson.here(capsys, *asked, name).status for name in ("prepare", "train")] == [0, 5]


def test_every_change_is_listed(lesson: Lesson, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    lesson.replace("steps/train.py", "'train'", "'trained'")
    done = lesson.here(capsys, "plan", "--remote", "-v", "train", "--param", "epochs=5")
    assert done.out == (
        "train  will run  train.py changed, and 1 more change\n    train.py changed\n    parameter epochs 2 → 5\n"
    )


def test_a_step_that_is_not_there(lesson: Lesson, capsys: Capture) -> None:
    done = lesson.here(capsys, "plan", "--remote", "trian")
    assert (done.status, done.err) == (2, 'Unknown step "trian". Did you mean "train"?\n')
    assert lesson.service.requests == []


def test_datasets_are_part_of_it(lesson: Lesson, capsys: Capture) -> None:
    lesson.service.add_dataset("images", "some/images")
    lesson.service.add_datastore("results")
    places = "datasets: {a: {registered: images}, b: {datastore: results, path: raw}}\nparameters:"
    lesson.replace("pipeline.yaml", "parameters:", places)
    lesson.replace(
        "pipeline.yaml", "--epochs:", "--a: ${{ datasets.a }}\n      --b: ${{ datasets.b }}\n      --epochs:"
    )
    assert lesson.here(capsys, "submit").status == 0
    reads = "it reads dataset a in version {}, currently the latest"
    unchanged = "may be reused nothing changed since the last submission"
    for version in (1, 2):
        done = lesson.here(capsys, "plan", "--remote", "train")
        assert (done.status, " ".join(done.out.split()[1:])) == (0, f"{unchanged}; {reads.format(version)}")
        lesson.service.add_dataset("images", "more/images")
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: other-cluster")
    lesson.service.add_compute("other-cluster")
    assert (
        lesson.here(capsys, "plan", "--remote")
        .out.splitlines()[0]
        .endswith("will run  compute cpu-cluster → other-cluster")
    )


@pytest.mark.parametrize(
    "words", [["--only"], ["--force"], ["--from", "train"], ["--until", "train"], ["--python", "x"]]
)
def test_what_goes_with_runs_here_alone_is_refused(lesson: Lesson, capsys: Capture, words: list[str]) -> None:
    done = lesson.here(capsys, "plan", "--remote", *words)
    told = f"`plan --remote` does not accept {words[0]}: Azure ML runs the whole pipeline. Delete the option.\n"
    assert (done.status, done.out, done.err) == (2, "", told)
    assert lesson.service.requests == []
