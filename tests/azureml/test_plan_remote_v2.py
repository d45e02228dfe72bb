"""``plan --remote`` with SDK v2: what Azure ML would run and may reuse, asked of the loopback service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.azureml.side import planned
from tests.loopback.serving import quiet
from tests.loopback_v2.lesson import LessonV2, a_lesson_v2

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
UNCHANGED = "may be reused nothing changed since the last submission"
KNOWN = "may be reused Azure ML knows its code and environment"
OR_BEFORE = "since the last submission, and Azure ML may have run that before"
DEPENDS = "may be reused if Azure ML takes the new outputs of step prepare for the same inputs"


@pytest.fixture
def lesson(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LessonV2]:
    with a_lesson_v2(tmp_path, monkeypatch) as lesson:
        lesson.replace("pipeline.yaml", "experiment: lesson", "experiment: lesson\nsdk: v2")
        yield lesson


def test_before_the_first_submission_everything_runs(lesson: LessonV2, capsys: Capture) -> None:
    done = lesson.here(capsys, "plan", "--remote", "--exit-code", "--sdk", "v2")
    assert (done.status, done.err) == (5, "")
    assert done.out.splitlines() == [
        "prepare  will run  environment training is not registered yet",
        "train    will run  environment training is not registered yet",
    ]
    assert lesson.service.writes() == []
    assert asked_for_code(lesson) == 0, "that the environment is missing says enough"
    assert lesson.runs() == []


def asked_for_code(lesson: LessonV2) -> int:
    return sum("/codes/" in request.path for request in lesson.service.requests)


def test_nothing_changed(lesson: LessonV2, tmp_path: Path, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    assert planned(lesson, capsys) == {"prepare": UNCHANGED, "train": UNCHANGED}
    assert asked_for_code(lesson) == 0, "what was submitted from here is known without asking"
    assert lesson.here(capsys, "plan", "--remote", "--exit-code").status == 0
    (lesson.root / ".aml_pipeline").rename(tmp_path / "elsewhere")
    assert planned(lesson, capsys) == {"prepare": KNOWN, "train": KNOWN}
    assert asked_for_code(lesson) == 2


CHANGES = [
    ("steps/prepare.py", "'prepare'", "'prepared'", "will run prepare.py changed", DEPENDS),
    ("conda.yml", "=3.11", "=3.10", *["will run environment: python=3.11 → python=3.10"] * 2),
    ("pipeline.yaml", "train.py", "train.py\n    allow_reuse: false", UNCHANGED, "will run allow_reuse is false"),
    ("pipeline.yaml", "epochs: 2", "epochs: 3", UNCHANGED, f"may be reused parameter epochs 2 → 3 {OR_BEFORE}"),
    ("pipeline.yaml", "--epochs", "--rounds", UNCHANGED, f"may be reused argument --epochs → --rounds {OR_BEFORE}"),
    ("steps/train.py", "'train'", "'trained'", UNCHANGED, "will run train.py changed"),
]


def test_what_changed_is_told(lesson: LessonV2, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    for file, old, new, prepare, train in CHANGES:
        lesson.replace(file, old, new)
        assert planned(lesson, capsys) == {"prepare": prepare, "train": train}
        lesson.replace(file, new, old)
    lesson.replace(*CHANGES[-1][:3])
    lesson.here(capsys, "submit")
    assert len(lesson.service.asked("POST", "startPendingUpload")) == 1, "what is sent is what was foreseen"


def test_steps_further_down_depend_on_those_above(lesson: LessonV2, capsys: Capture) -> None:
    last = "  last: {script: train.py, after: [train]}\n"
    with (lesson.root / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write(last)
    assert lesson.here(capsys, "submit").status == 0
    lesson.replace("steps/prepare.py", "'prepare'", "'prepared'")
    assert planned(lesson, capsys, "train", "last") == {
        "train": DEPENDS,
        "last": "may be reused if step train is reused",
    }


def test_a_step_depends_on_one_above_that_changed(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "script: prepare.py", "script: prepare.py\n    timeout: 1h")
    with (lesson.root / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write("  last: {script: train.py, after: [train]}\n")
    assert lesson.here(capsys, "submit").status == 0
    lesson.replace("pipeline.yaml", "timeout: 1h", "timeout: 2h")
    assert planned(lesson, capsys) == {
        "prepare": f"may be reused timeout 3600 s → 7200 s {OR_BEFORE}",
        "train": "may be reused if step prepare is reused",
        "last": "may be reused if step train is reused",
    }
    own = f"may be reused parameter epochs 2 → 3 {OR_BEFORE}"
    assert planned(lesson, capsys, "train", "--param", "epochs=3") == {"train": own}


def test_the_exit_status_says_whether_anything_changed(lesson: LessonV2, capsys: Capture) -> None:
    """With ``--param``, the argument of ``train`` changes, and that of no other step."""
    assert lesson.here(capsys, "submit").status == 0
    asked = ("plan", "--remote", "--exit-code")
    assert [lesson.here(capsys, *asked, *words).status for words in ([], ["--param", "epochs=3"])] == [0, 5]
    assert lesson.here(capsys, *asked, "--param", "epochs=3", "prepare").status == 0
    lesson.replace("pipeline.yaml", "script: prepare.py", "script: prepare.py\n    timeout: 1h")
    assert lesson.here(capsys, *asked, "train").status == 5, "it depends on a step that changed"


COMPONENTS = [
    ("epochs: 2", "epochs: {default: 2, minimum: 1}", "train", "inputs.epochs"),
    ("epochs: 2", "epochs: {default: 2, description: How often}", "train", "inputs.epochs"),
    ("epochs: 2", "epochs: {default: 2, choices: [1, 2]}", "train", "inputs.epochs"),
    (
        "\nsteps:",
        '\nschedules: {late: {cron: "0 2 * * *", parameters: {epochs: 1234567890123456}}}\nsteps:',
        "train",
        "inputs.epochs",
    ),
    ("  slow:", "  again: {script: last.py}\n  slow:", "only", "display_name"),
    ("  slow:", "  again: {script: last.py, after: [only]}\n  slow:", "only", "outputs.order"),
]


def test_a_change_of_the_component_alone_is_told(lesson: LessonV2, capsys: Capture) -> None:
    lesson.write({"steps/last.py": "print('last')\n"})
    with (lesson.root / "pipeline.yaml").open("a", encoding="utf-8") as file:
        file.write("  only: {script: last.py}\n")
        file.write("  slow: {script: prepare.py, arguments: {--rate: 1}}\n")
        file.write("  fast: {script: prepare.py, arguments: {--rate: 2}}\n")
    assert lesson.here(capsys, "submit").status == 0
    for old, new, step, what in COMPONENTS:
        lesson.replace("pipeline.yaml", old, new)
        expected = f"may be reused component of the step changed ({what}) {OR_BEFORE}"
        assert planned(lesson, capsys, step) == {step: expected}, new
        lesson.replace("pipeline.yaml", new, old)
    assert set(planned(lesson, capsys).values()) == {UNCHANGED}
    lesson.replace("pipeline.yaml", "--rate: 2", "--rate: 1.5")  # values of a shared component are strings
    assert planned(lesson, capsys, "slow") == {"slow": UNCHANGED}


def test_the_latest_version_of_an_environment_is_said(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.add_environment("base", "1")
    lesson.replace("pipeline.yaml", "{name: training, conda_file: conda.yml}", "{registered: base}")
    assert lesson.here(capsys, "submit").status == 0
    lesson.service.add_environment("base", "2")
    uses = "it uses environment base in version 2, currently the latest"
    assert planned(lesson, capsys, "train") == {"train": f"{UNCHANGED}; {uses}"}
    changed = planned(lesson, capsys, "train", "--param", "epochs=3")
    assert changed == {"train": f"may be reused parameter epochs 2 → 3 {OR_BEFORE}; {uses}"}
    lesson.replace("pipeline.yaml", "{registered: base}", "{registered: base, registry: shared}")
    assert lesson.here(capsys, "submit").status == 0
    uses = "it uses the latest version of environment base in registry shared, which was not looked up"
    assert planned(lesson, capsys, "train") == {"train": f"{UNCHANGED}; {uses}"}


def test_a_step_that_shares_its_component_from_now_on_has_changed(lesson: LessonV2, capsys: Capture) -> None:
    step = '  {}: {{script: train.py, arguments: {{--in: "${{{{ steps.prepare.outputs.data }}}}", --rate: {}}}}}\n'
    text = (lesson.root / "pipeline.yaml").read_text()
    lesson.write({"pipeline.yaml": text + step.format("slow", 1)})
    assert lesson.here(capsys, "submit").status == 0
    lesson.write({"pipeline.yaml": text + step.format("slow", 1) + step.format("fast", 2)})
    told = planned(lesson, capsys)
    assert told["slow"] == f"may be reused component of the step changed (inputs.rate) {OR_BEFORE}"
    assert told["fast"] == KNOWN
    assert told["train"] == UNCHANGED


def test_a_forced_run_is_reused_by_none(lesson: LessonV2, capsys: Capture) -> None:
    """``submit STEP`` is forced too; what was submitted before it still counts."""
    assert lesson.here(capsys, "submit", "--force").status == 0
    assert planned(lesson, capsys, "prepare") == {"prepare": KNOWN}
    assert lesson.here(capsys, "submit").status == 0
    lesson.replace("steps/prepare.py", "'prepare'", "'prepared'")
    assert lesson.here(capsys, "submit", "prepare").status == 0
    assert planned(lesson, capsys, "prepare") == {"prepare": f"may be reused prepare.py changed {OR_BEFORE}"}


def test_a_submission_to_another_workspace_tells_nothing(lesson: LessonV2, capsys: Capture) -> None:
    assert lesson.here(capsys, "submit").status == 0
    record = lesson.runs()[-1] / "run.json"
    there = lesson.record()["azureml"]["workspace"]
    record.write_text(record.read_text(encoding="utf-8").replace(there, "other/group/place"), encoding="utf-8")
    assert planned(lesson, capsys, "train") == {"train": KNOWN}


def test_what_would_be_created_is_said(lesson: LessonV2, capsys: Capture) -> None:
    lesson.service.add_data("images", "7")
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: {name: new-cluster, vm_size: STANDARD_D2_V2}")
    lesson.replace("pipeline.yaml", "parameters:", "datasets: {a: {registered: images, type: folder}}\nparameters:")
    lesson.replace("pipeline.yaml", "--epochs:", "--a: ${{ datasets.a }}\n      --epochs:")
    done = lesson.here(capsys, "plan", "--remote")
    assert done.err == "A submission would create compute target new-cluster.\n"
    assert lesson.service.writes() == []
    assert lesson.here(capsys, "submit").status == 0
    assert planned(lesson, capsys, "train") == {
        "train": f"{UNCHANGED}; it reads dataset a in version 7, currently the latest"
    }


def test_the_sdk_needs_remote(lesson: LessonV2, capsys: Capture) -> None:
    done = lesson.here(capsys, "plan", "--sdk", "v2")
    told = "--sdk needs --remote here: without it, nothing in Azure ML is looked at.\n"
    assert (done.status, done.out, done.err) == (2, "", told)


def test_what_v2_cannot_do_is_refused_before_it_is_asked(lesson: LessonV2, capsys: Capture) -> None:
    lesson.replace("pipeline.yaml", "compute: cpu-cluster", "compute: no cluster")
    done = lesson.here(capsys, "plan", "--remote")
    assert done.status == 2
    assert "[compute-name]" in done.err
    assert lesson.service.requests == []


def test_what_azure_ml_refuses_is_told_in_our_words(lesson: LessonV2, capsys: Capture, tmp_path: Path) -> None:
    assert lesson.here(capsys, "submit").status == 0
    (lesson.root / ".aml_pipeline").rename(tmp_path / "elsewhere")
    for route, what in (
        ("environments", "environment training"),
        ("computes", "compute target cpu-cluster"),
        ("codes", "the code of steps"),
    ):
        lesson.service.forget()
        lesson.service.fail(f"/{route}/", 403)
        done = lesson.here(capsys, "plan", "--remote")
        assert (done.status, done.out) == (4, "")
        assert done.err.startswith(f"Looking up {what} failed")
        assert lesson.service.writes() == []
