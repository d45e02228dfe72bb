"""The summary of a job of GitHub Actions: how steps ended, their metrics, curves, and why some failed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.cli import run as cli
from aml_pipeline.report.history import history_of
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.step_summary import MOST_BYTES, Ended, summary
from aml_pipeline.runs.events import State, StepEnded
from tests.conftest import Project
from tests.report.test_history import recorded
from tests.report.test_report import Reader

HOSTILE = "</pre></td>\n\n<script>alert(1)</script>\n# a | b ``` ![x](http://x)"


def end(state: State = "done", message: str = "", *tail: str) -> StepEnded:
    return StepEnded(0.0, "train", state, "never ran", 2.0, message=message, tail=tail)


def ended(
    steps: Mapping[str, StepEnded], label: str = "", record: RecordedRun | None = None, **metrics: object
) -> Ended:
    state = "failed" if any(step.state == "failed" for step in steps.values()) else "done"
    return Ended(label, state, 2.0, steps, {"train": metrics}, {"train": {"loss": 0.75}}, record)


def cells(text: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", text)
    return [re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row) for row in rows]


def test_a_run(tmp_path: Path) -> None:
    recorded(tmp_path, "a", "0.1", [2.0, 1.0, 0.5])
    (record,) = history_of(str(tmp_path))
    text = summary("p: 1 step", [ended({"train": end()}, record=record, loss=0.5, note="fine")])
    assert "<h3>p: 1 step: done</h3>" in text
    assert cells(text) == [
        ["Step", "State", "Time", "Reason"],
        ["train", "done", "2.0 s", "never ran"],
        ["Metric", "Value", "Last result", "Change", "Curve"],
        ["train.loss", "0.5", "0.75", "-0.25", "█▃▁"],
        ["train.note", "fine", "", "", ""],
    ]


def test_runs_of_combinations_and_why_one_failed() -> None:
    runs = [
        ended({"train": end()}, "rate=0.1", loss=0.5),
        ended({"train": end("failed", "exit status 1", "Traceback", "KeyError: 'x'")}, "rate=0.2"),
    ]
    text = summary("p: 2 combinations of rate", runs)
    assert cells(text)[1:] == [["rate=0.1", "up to date", "", "0.5"], ["rate=0.2", "failed", "", ""]]
    assert "<b>rate=0.2 train</b>: exit status 1</p>\n\n<pre>Traceback\nKeyError: 'x'</pre>" in text


def test_hostile_text_leaves_its_place_nowhere() -> None:
    """In what GitHub renders, an empty line ends a block of HTML, but none of a ``pre``."""
    steps = {HOSTILE: end("failed", HOSTILE, *HOSTILE.split("\n"))}
    text = summary(HOSTILE, [Ended(HOSTILE, "failed", 2.0, steps, {HOSTILE: {HOSTILE: HOSTILE}}, {}, None)])
    assert "<script" not in text
    blocks = re.sub(r"<pre>.*?</pre>", "<pre>", text, flags=re.DOTALL).strip().split("\n\n")
    assert [re.sub(r"\W.*", "", block[1:], flags=re.DOTALL) for block in blocks] == ["h3", "div", "div", "p", "pre"]
    assert Reader(text).text("pre").count("alert(1)") == 1


def test_a_summary_of_very_much_is_small() -> None:
    tail = ["x" * 1_000] * 100
    steps = {f"step-{number}": end("failed", "no", *tail) for number in range(3_000)}
    metrics: dict[str, Any] = {f"m{number}": "<" * 100 for number in range(3_000)}
    text = summary("p", [Ended("", "failed", 2.0, steps, {"s": metrics}, {}, None)])
    assert len(text.encode()) < MOST_BYTES
    assert "of 3,000." in text


PIPELINE = """
    name: small
    parameters: {rate: 0.5}
    steps:
      train:
        script: train.py
        arguments: {--rate: "${{ parameters.rate }}"}
"""
SCRIPT = 'import sys\nprint("Attempted to log scalar metric loss:", sys.argv[2], sep="\\n")\n'


def test_each_run_in_github_actions_adds_to_the_summary(project: Project, tmp_path: Path) -> None:
    project.write({"pipeline.yaml": PIPELINE, "train.py": SCRIPT})
    place = tmp_path / "summary.md"
    place.write_text("before\n\n")
    environ = {"GITHUB_STEP_SUMMARY": str(place)}
    words = ["run", "-f", str(project.root / "pipeline.yaml"), "--param"]
    for value in ("rate=0.5", "rate=0.25", "rate=0.25", "rate=0.25,0.125"):
        assert cli([*words, value], environ) == 0
    text = place.read_text()
    assert text.startswith("before\n\n<h3>small: 1 step with rate=0.5: done</h3>\n")
    rows = [row for row in cells(text) if row[0] in {"train.loss", "rate=0.25", "rate=0.125"}]
    assert rows == [
        ["train.loss", "0.5", "", "", ""],
        ["train.loss", "0.25", "0.5", "-0.25", ""],
        ["train.loss", "0.25", "0.25", "", ""],  # up to date, though that could be a cached answer
        ["rate=0.25", "up to date", "", "0.25"],
        ["rate=0.125", "done", rows[-1][2], "0.125"],
    ]


def test_a_summary_that_is_full_or_cannot_be_written_fails_no_run(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    project.write({"pipeline.yaml": PIPELINE, "train.py": SCRIPT})
    full = tmp_path / "full"
    full.write_bytes(b"x" * MOST_BYTES)
    words = ["run", "-f", str(project.root / "pipeline.yaml")]
    assert cli(words, {"GITHUB_STEP_SUMMARY": str(full)}) == 0
    assert f"The summary of the job is full (1 MiB), so this run is not in it: {full}\n" in capsys.readouterr().err
    assert full.stat().st_size == MOST_BYTES
    assert cli(words, {"GITHUB_STEP_SUMMARY": str(tmp_path)}) == 0
    said = f"The summary of the job could not be written: Is a directory: {tmp_path}\n"
    assert said in capsys.readouterr().err
