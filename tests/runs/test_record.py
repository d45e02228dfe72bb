from __future__ import annotations

import json
from pathlib import Path

import pytest

from aml_pipeline.runs.events import MetricLogged, OutputWritten, RunEnded, RunStarted, StepEnded, StepStarted
from aml_pipeline.runs.record import records
from aml_pipeline.runs.recorder import Recorder, new_id


def _events(folder: Path) -> list[str]:
    return [json.loads(line)["event"] for line in (folder / "events.jsonl").read_text().splitlines()]


def test_ids_sort_by_time() -> None:
    import time

    ids = []
    for _ in range(5):
        ids.append(new_id())
        time.sleep(0.002)
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)


def test_nothing_is_written_before_a_step_runs(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), "r1")
    recorder(RunStarted(0.0, ("a",)))
    recorder(StepEnded(0.0, "a", "up to date", ""))
    recorder(RunEnded(0.0, "done", 0.1))
    assert list(tmp_path.iterdir()) == []


def test_an_interrupt_before_the_header_is_known_leaves_no_record(tmp_path: Path) -> None:
    def header() -> dict[str, object]:
        raise KeyboardInterrupt

    recorder = Recorder(str(tmp_path), "r1")
    with pytest.raises(KeyboardInterrupt):
        recorder.open(header)
    recorder(RunEnded(1.0, "interrupted", 1.0))
    assert list(tmp_path.iterdir()) == []


def test_a_run_is_recorded_from_its_first_event_to_its_last(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), "r1")
    recorder(RunStarted(0.0, ("a", "b")))
    recorder(StepEnded(0.0, "a", "up to date", ""))
    recorder.open(lambda: {"pipeline": "p"})
    recorder(StepStarted(1.0, "b", "never ran", "x", recorder.log("b")))
    recorder(OutputWritten("b", "text"))
    recorder(MetricLogged(1.5, "b", "loss", "scalar", 0.5))
    recorder(MetricLogged(1.6, "b", "loss", "scalar", 0.25))
    recorder(StepEnded(2.0, "b", "done", "never ran", 1.0, 0))
    recorder(RunEnded(2.0, "done", 2.0))
    folder = tmp_path / "r1"
    assert _events(folder) == [
        "RunStarted",
        "StepEnded",
        "StepStarted",
        "MetricLogged",
        "MetricLogged",
        "StepEnded",
        "RunEnded",
    ]
    header = json.loads((folder / "run.json").read_text())
    assert (header["run"], header["pipeline"], header["state"], header["seconds"]) == ("r1", "p", "done", 2.0)
    assert header["steps"]["b"]["metrics"] == {"loss": 0.25}
    assert header["steps"]["b"]["reason"] == "never ran"
    assert header["steps"]["a"]["state"] == "up to date"
    assert recorder.metrics("b") == {"loss": 0.25}


def test_the_header_is_made_once(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), "r1")
    recorder.open(lambda: {"n": 1})
    recorder.open(lambda: {"n": 2})
    assert json.loads((tmp_path / "r1" / "run.json").read_text())["n"] == 1


def test_a_run_that_was_killed_is_still_running_in_its_record(tmp_path: Path) -> None:
    Recorder(str(tmp_path), "r1").open(dict)
    (tmp_path / "r2").mkdir()
    (tmp_path / "r2" / "run.json").write_text('{"state": "do')
    assert [(one.id, one.state) for one in records(str(tmp_path))] == [("r1", "running"), ("r2", "unreadable")]
    assert records(str(tmp_path / "none")) == []


@pytest.mark.parametrize("name", ["run.json", "short.json"])
def test_what_is_recorded_of_another_run_counts_as_damaged(tmp_path: Path, name: str) -> None:
    for run in ("r1", "r2"):
        recorder = Recorder(str(tmp_path), run)
        recorder.open({"n": run}.copy)
        recorder(RunEnded(2.0, "done", 1.0))
    (tmp_path / "r1" / name).write_bytes((tmp_path / "r2" / name).read_bytes())
    first, _ = records(str(tmp_path))
    assert (first.state, first.short.get("n")) == {"run.json": ("unreadable", "r1"), "short.json": ("done", "r1")}[name]


def test_logs_are_found_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), "r1")
    recorder.open(dict)
    for step in ("b", "a"):
        Path(recorder.log(step)).write_text(step)
    (found,) = records(str(tmp_path))
    assert found.logged_steps == ["b", "a"]
    assert Path(found.log("a")).read_text() == "a"
