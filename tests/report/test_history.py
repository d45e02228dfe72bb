"""What Python and notebooks see of recorded runs: a list of records that is a table."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from aml_pipeline.core.errors import MachineError, UsageError
from aml_pipeline.report.history import History, history_of
from aml_pipeline.report.sparkline import sparkline
from aml_pipeline.runs import index
from aml_pipeline.runs.events import MetricLogged, RunEnded, RunStarted, StepEnded, StepStarted
from aml_pipeline.runs.recorder import Recorder
from tests.report.test_report import Reader

HOSTILE = "</td><script>alert(1)</script>"


def recorded(runs: Path, run: str, rate: str, losses: list[float], **header: object) -> None:
    """Record a run of one step that logs a loss for each epoch."""
    recorder = Recorder(str(runs), run)
    plan = {"parameters": {"rate": {"default": "0.1", "type": "number"}}, "steps": [{"name": "train"}]}
    recorder.open(lambda: {"pipeline": "p", "started": 1e9, "plan": plan, "parameters": {"rate": rate}, **header})
    recorder(RunStarted(1e9, ("train",)))
    recorder(StepStarted(1e9, "train", "never ran", "a", recorder.log("train")))
    for epoch, loss in enumerate(losses, 1):
        recorder(MetricLogged(1e9, "train", "epoch", "scalar", epoch))
        recorder(MetricLogged(1e9, "train", "loss", "scalar", loss))
    recorder(StepEnded(1e9 + 2, "train", "done", "never ran", 2.0))
    recorder(RunEnded(1e9 + 2, "done", 2.0))


@pytest.fixture(name="runs")
def three_runs(tmp_path: Path) -> History:
    for run, rate, losses in (("a", "0.1", [2.0, 1.0]), ("b", "0.01", [2.0, 1.5]), ("c", "0.02", [2.0, 0.5])):
        recorded(tmp_path, run, rate, losses)
    return history_of(str(tmp_path))


def test_a_history_is_a_list_and_a_table(runs: History) -> None:
    assert [run.id for run in runs] == ["a", "b", "c"]
    assert isinstance(runs[1:], History)
    assert [row["train.loss"] for row in runs.table().rows] == [1.0, 1.5, 0.5]
    assert [run.id for run in runs.by("train.loss")] == ["c", "a", "b"]
    assert [run.id for run in runs.by("rate", descending=True)] == ["a", "c", "b"]
    with pytest.raises(UsageError, match=r'Unknown column "train.los". Did you mean "train.loss"\?'):
        runs.by("train.los")
    assert [run.id for run in runs.where("train.loss < 1.2 and rate > 0.01")] == ["a", "c"]
    with pytest.raises(UsageError, match='Unknown column "x"'):
        runs.where("x > 1")


def test_the_table_reads_no_record_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = tmp_path / "runs"
    for run in ("a", "b"):
        recorded(runs, run, "0.1", [1.0])
        for path in (runs / run / "short.json", runs / run):
            os.utime(path, (1, 1))
    history = history_of(str(runs))
    first = history.table()
    monkeypatch.setattr(index, "summary_of", lambda record: pytest.fail(f"{record.id} was read again"))
    again = history.table()
    assert [row["train.loss"] for row in again.rows] == [1.0, 1.0]
    assert [{**row, "age": None} for row in again.rows] == [{**row, "age": None} for row in first.rows]


def test_all_points_of_a_metric_with_their_epochs(runs: History, tmp_path: Path) -> None:
    assert [(point.at, point.value) for point in runs[0].metric("train.loss")] == [(1, 2.0), (2, 1.0)]
    recorder = Recorder(str(tmp_path), "long")
    recorder.open(lambda: {"pipeline": "p"})
    recorder(MetricLogged(1.0, "s", "many", "list", list(range(20_000))))
    assert len(history_of(str(tmp_path))[-1].metric("s.many")) == 20_000, "a page would draw 10,000"
    with pytest.raises(UsageError, match=r'Run a has no metric "train.los". Did you mean "train.loss"\?'):
        runs[0].metric("train.los")


def test_a_reused_result_has_the_points_of_the_run_that_made_it(tmp_path: Path) -> None:
    recorded(tmp_path, "a", "0.1", [2.0, 1.0])
    recorder = Recorder(str(tmp_path), "z")
    recorder.open(lambda: {"pipeline": "p", "started": 2e9, "plan": {}})
    recorder(StepEnded(2e9, "train", "up to date", "", made_by="a"))
    recorder(RunEnded(2e9, "done", 0.0))
    found = history_of(str(tmp_path))
    assert [point.value for point in found[-1].metric("train.loss")] == [2.0, 1.0]
    assert [row["train.loss"] for row in found[-1:].table().rows] == [1.0], "though its maker is not in this part"


def test_a_notebook_shows_runs_and_what_varies(runs: History, tmp_path: Path) -> None:
    text = runs._repr_html_()
    assert Reader(text).text("th") == "run state age seconds rate train.epoch train.loss".replace(" ", "")
    assert "to_pandas" not in text
    for number in range(40):
        recorded(tmp_path, f"d{number:02}", "0.1", [1.0])
    many = history_of(str(tmp_path))._repr_html_()
    assert "Showing the first 15 and the last 15 of 43 runs. `to_pandas()` has them all." in many


def test_a_notebook_shows_a_run(runs: History) -> None:
    text = runs[0]._repr_html_()
    assert "rate=0.1" in text
    assert "█▁" in text
    assert "never ran" in text


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    recorded(tmp_path, "a", HOSTILE, [1.0], profile=HOSTILE)
    found = history_of(str(tmp_path))
    assert "<script" not in found._repr_html_() + found[0]._repr_html_()
    assert "&lt;script" in found._repr_html_()


def test_damaged_records_are_shown(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    (found,) = history_of(str(tmp_path))
    assert "unreadable" in found._repr_html_()
    assert "unreadable" in History([found])._repr_html_()


def test_without_pandas_the_error_says_how_to_get_it(runs: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(
        MachineError, match=r"pandas is not installed in this Python\. Install it: pip install pandas\."
    ):
        runs.to_pandas()


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([], ""),
        ([1.0], "▁"),
        ([1.0, 2.0], "▁█"),
        ([0.0, None, 7.0, 4.0], "▁ █▅"),
        ([None], " "),
        ([-1e308, 1e308], "▁█"),
        ([float(value) for value in range(300)], "▁▁▁▁▂▂▂▂▃▃▃▃▄▄▄▅▅▅▅▅▆▆▆▆▇▇▇▇██"[:30]),
    ],
)
def test_a_sparkline(values: list[float | None], shown: str) -> None:
    assert len(sparkline(values)) == len(shown)
    if len(values) < 30:
        assert sparkline(values) == shown
