"""The cached summaries of runs: the same as those of the records, whatever became of records or cache."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core import files
from aml_pipeline.runs import index
from aml_pipeline.runs.events import RunEnded
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.recorder import Recorder
from aml_pipeline.runs.summaries import summary_of


def recorded(state: Path, *names: str) -> None:
    """Record runs; their metadata is of long ago, so that summaries of them are cached."""
    for name in names:
        recorder = Recorder(str(state / "runs"), name)
        recorder.open(lambda name=name: {"parameters": {"name": name}})  # type: ignore[misc]
        recorder(RunEnded(1.0, "done", 1.0))
        for path in (state / "runs" / name / "short.json", state / "runs" / name):
            os.utime(path, (1, 1))


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a state folder with three runs, whose summaries are cached."""
    recorded(tmp_path, "r1", "r2", "r3")
    index.summaries(str(tmp_path))
    monkeypatch.setattr(index, "_PART", 0.0)
    return tmp_path


def reads(state: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the runs whose records are read for the summaries, which are those of the records."""
    names: list[str] = []

    def noted(record: RunRecord) -> dict[str, Any]:
        names.append(record.id)
        return summary_of(record)

    with monkeypatch.context() as patch:
        patch.setattr(index, "summary_of", noted)
        assert index.summaries(str(state)) == [summary_of(record) for record in records(str(state / "runs"))]
    return names


def test_a_record_is_read_once(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reads(state, monkeypatch) == []
    recorded(state, "r4")
    assert reads(state, monkeypatch) == ["r4"]
    assert reads(state, monkeypatch) == []


def test_the_summaries_of_some_runs_are_those_of_the_cache(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recorded(state, "r0")
    expected = [summary_of(record) for record in records(str(state / "runs"))]
    recorded(state / "elsewhere", "r1")
    elsewhere = records(str(state / "elsewhere" / "runs"))
    names: list[str] = []

    def noted(record: RunRecord) -> dict[str, Any]:
        names.append(record.id)
        return summary_of(record)

    monkeypatch.setattr(index, "summary_of", noted)
    runs = records(str(state / "runs"))[::-1]
    assert index.summaries_of(runs) == expected[::-1]
    assert names == ["r0"]
    assert index.summaries_of(runs[:2]) == expected[:1:-1]
    assert index.summaries_of([]) == []
    assert names == ["r0"]
    assert index.summaries_of(elsewhere) == [summary_of(run) for run in elsewhere]


def pinned(state: Path) -> None:
    RunRecord("r2", str(state / "runs" / "r2")).pin(stays=True)


def noted(state: Path) -> None:
    RunRecord("r2", str(state / "runs" / "r2")).annotate("a note", {"a": "b"})


def edited(state: Path) -> None:
    place = state / "runs" / "r2" / "short.json"
    place.write_text(place.read_text().replace("done", "gone"))


def damaged(state: Path) -> None:
    (state / "runs" / "r2" / "short.json").write_bytes(b"{")


def goes_on(state: Path) -> None:
    (state / "runs" / "r2" / "short.json").unlink()


@pytest.mark.parametrize("change", [pinned, noted, edited, damaged, goes_on])
def test_a_record_that_changed_is_read_until_its_change_is_old(
    state: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None]
) -> None:
    change(state)
    assert reads(state, monkeypatch) == ["r2"]
    assert reads(state, monkeypatch) == ["r2"]


def test_a_removed_record_is_gone(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in sorted((state / "runs" / "r1").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (state / "runs" / "r1").rmdir()
    assert reads(state, monkeypatch) == []
    assert [summary["run"] for summary in index.summaries(str(state))] == ["r2", "r3"]


@pytest.mark.parametrize("content", [b"", b"x" * 500, None])
def test_a_damaged_cache_counts_as_none(state: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None) -> None:
    place = state / index.INDEX
    data = bytearray(place.read_bytes())
    data[-20] ^= 1
    place.write_bytes(bytes(data) if content is None else content)
    assert reads(state, monkeypatch) == ["r1", "r2", "r3"]
    assert reads(state, monkeypatch) == []


def test_a_cache_that_cannot_be_read_or_written_is_none(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (state / index.INDEX).unlink()
    (state / index.INDEX).mkdir()
    assert reads(state, monkeypatch) == ["r1", "r2", "r3"]
    assert [name for name in files.names(str(state)) if "tmp" in name] == []


def test_few_new_summaries_are_not_worth_a_new_cache(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "_PART", 0.5)
    recorded(state, "r4")
    assert reads(state, monkeypatch) == ["r4"]
    assert reads(state, monkeypatch) == ["r4"]


def test_where_nothing_ran_nothing_is_written(tmp_path: Path) -> None:
    assert index.summaries(str(tmp_path / "none")) == []
    assert not (tmp_path / "none").exists()
