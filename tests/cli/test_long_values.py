"""The value of a parameter may be a whole text; wherever it is shown within a line, it is shown shortened."""

from __future__ import annotations

from pathlib import Path

import pytest

from aml_pipeline.azureml.publication import (
    Actual,
    Endpoint,
    Schedule,
    Timing,
    Wanted,
    WantedSchedule,
    Whose,
    changes,
)
from aml_pipeline.pipeline.spec.parameters import shown
from tests.conftest import Project

NOTE = "a text " * 171
SHORT = f"{NOTE[:60]}… (1,197 characters)"


@pytest.fixture(scope="module", name="project")
def _project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    project = Project(Path(tmp_path_factory.mktemp("project")))
    project.write({
        "steps/tell.py": "print('told')\n",
        "pipeline.yaml": f"""
            name: notes
            compute: cpu-cluster
            environment: {{name: training, docker_image: python}}
            source_directory: steps
            parameters:
              note: "{NOTE}"
              lines: "one\\ntwo"
            steps:
              tell:
                script: tell.py
                arguments: [--note, "${{{{ parameters.note }}}}", --lines, "${{{{ parameters.lines }}}}"]
            schedules:
              nightly: {{cron: "0 2 * * *", parameters: {{note: "{NOTE}"}}}}
            """,
    })  # fmt: skip
    return project


def test_a_run_begins_with_a_line_that_can_be_read(project: Project) -> None:
    assert project.cli("run").stderr.splitlines()[0] == f"notes: 1 step with note={SHORT}, lines=one\\ntwo"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["runs"], f"  {NOTE[1:100]}…"),
        (["schedules"], f"  with note={SHORT}"),
        (["submit", "--dry-run"], f"parameter note {SHORT}"),
        (["plan", "--param", "note=-"], "tell  will run"),
        (["graph"], "tell"),
        (["validate"], "no errors"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_no_other_line_is_flooded(project: Project, words: list[str], told: str) -> None:
    if words == ["runs"]:
        project.cli("run", "--param", f"note={NOTE[1:]}")
    done = project.cli(*words)
    assert told in done.stdout
    assert max(map(len, (done.stdout + done.stderr).splitlines())) < 200


def test_publish_shows_the_beginning_of_what_changes() -> None:
    whose = Whose("notes", ("here",))
    timing = Timing("Day", 1, (2,), (0,), (), "UTC")
    mark = whose.mark("aa", "nightly")
    there = Schedule("s", "notes.nightly", mark, active=True, runs="e", experiment="notes", timing=timing,
                     parameters={"note": "-"}, created="1")  # fmt: skip
    found = Actual((), Endpoint("e", whose.mark("0"), None, {}), (there,))
    wanted = WantedSchedule("nightly", "notes.nightly", "notes", timing, {"note": NOTE}, "bb")
    todo = changes(Wanted(whose, "notes", "aa", (wanted,), endpoint="notes"), found)
    assert todo[-1].details == (f"parameter note: - → {SHORT}",)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("as it is", "as it is"),
        (1.5, "1.5"),
        ("a\nb\tc\x1b[0m", "a\\nb\\tc\\x1b[0m"),
        ("é 中 🎉", "é 中 🎉"),
        ("x" * 60, "x" * 60),
    ],
)
def test_a_value_is_shown_on_one_line(value: object, text: str) -> None:
    assert shown(value) == text
