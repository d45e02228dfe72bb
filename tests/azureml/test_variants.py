"""A pipeline with a matrix in Azure ML, by either SDK, on loopback: variants have titles here and names there."""

from __future__ import annotations

import pytest

from aml_pipeline.pipeline.plan import ports
from aml_pipeline.project.opening import open_pipeline
from aml_pipeline.runs.record import titles
from tests.azureml.side import Either, planned
from tests.conftest import Project
from tests.loopback.lesson import FILES
from tests.loopback.serving import quiet

pytestmark = quiet

Capture = pytest.CaptureFixture[str]
MATRIX = """
    name: lesson
    experiment: lesson
    compute: cpu-cluster
    environment: {name: training, conda_file: conda.yml}
    source_directory: steps
    steps:
      prepare:
        script: prepare.py
        matrix: {rate: [0.1, 0.01]}
        arguments:
          --rate: ${{ matrix.rate }}
          --out: ${{ outputs.data }}
      train:
        script: train.py
        arguments:
          --in: ${{ steps.prepare.outputs.data }}
    """
STEPS = ["prepare[rate=0.1]", "prepare[rate=0.01]", "train"]


@pytest.fixture
def lesson(either: Either) -> Either:
    either.write({"pipeline.yaml": MATRIX})
    return either


def test_a_run_is_shown_recorded_and_read_by_titles(lesson: Either, capsys: Capture) -> None:
    for name in ("prepare-0p01", "prepare_0p01"):  # v2 knows nodes
        lesson.service.prints(name, "ready\n")
    dry = lesson.here(capsys, *lesson.submit, "--dry-run").out
    assert "\nprepare (2 variants): prepare.py" in dry
    assert ", after prepare.data\n" in dry
    done = lesson.here(capsys, *lesson.submit, "--wait")
    assert done.status == 0, done.err
    assert [line.split()[:2] for line in done.out.splitlines()[2:]] == [[title, "done"] for title in STEPS]
    assert list(titles(lesson.record()).values()) == STEPS[:2]
    for text in ("prepare[rate=0.01]", "prepare-0p01"):
        assert lesson.here(capsys, "logs", "--remote", text).out == "ready\n"
    told = planned(lesson, capsys, *lesson.submit[1:])
    assert list(told) == STEPS
    assert all(text.startswith("may be reused") for text in told.values())
    lesson.replace("pipeline.yaml", "[0.1, 0.01]", "[0.1, 0.01, 1]")
    told = planned(lesson, capsys, *lesson.submit[1:])
    new = "will run" if lesson.submit == ("submit",) else "may be reused"  # v2 cannot be asked
    assert told["train"].startswith(f"{new} input prepare[rate=1].data is new")
    assert told["prepare[rate=1]"] != told["prepare[rate=0.1]"]
    assert told["prepare[rate=0.1]"] == "may be reused nothing changed since the last submission"
    lesson.replace("pipeline.yaml", "[0.1, 0.01, 1]", "[0.1]")
    gone = planned(lesson, capsys, *lesson.submit[1:])["train"]
    assert "input prepare[rate=0.01].data is gone" in gone or "steps.prepare[rate=0.01].outputs.data" in gone


def test_one_variant_alone_is_shown_by_its_title(lesson: Either, capsys: Capture) -> None:
    dry = lesson.here(capsys, *lesson.submit, "prepare[rate=0.01]", "--dry-run")
    assert (dry.status, dry.out.splitlines()[1].partition(": ")[0]) == (0, "prepare[rate=0.01]")


def test_the_forecast_names_all_variants_that_a_step_depends_on(lesson: Either, capsys: Capture) -> None:
    assert lesson.here(capsys, *lesson.submit).status == 0
    lesson.replace("pipeline.yaml", "--rate:", "--speed:")
    told = planned(lesson, capsys, *lesson.submit[1:])["train"]
    by_name = "will run 2 variants of prepare run, and Azure ML reuses by identity, not by content"
    assert told == (
        by_name if lesson.submit == ("submit",) else "may be reused if the 2 variants of prepare are reused"
    )


def test_it_is_published(lesson: Either, capsys: Capture) -> None:
    lesson.write({"pipeline.yaml": MATRIX + 'schedules: {nightly: {cron: "0 2 * * *"}}\n'})
    words = ("publish", *lesson.submit[1:])
    done = lesson.here(capsys, *words)
    assert done.status == 0, done.err
    lesson.service.forget()
    again = lesson.here(capsys, *words)
    assert again.status == 0, again.err
    assert lesson.service.writes() == []


def test_the_ports_of_a_reader_stay_when_a_variant_is_added_at_the_end(project: Project) -> None:
    project.write({**FILES, "pipeline.yaml": MATRIX})
    file = project.root / "pipeline.yaml"
    before, _ = open_pipeline(str(file)).require()
    project.replace("pipeline.yaml", "[0.1, 0.01]", "[0.1, 0.01, 1]")
    after, _ = open_pipeline(str(file)).require()
    then, now = (ports.names(plan.step("train")) for plan in (before, after))
    first, second, third = now
    assert list(then.items()) == [(first, "in"), (second, "in_2")]
    assert now == {**then, third: "in_3"}
