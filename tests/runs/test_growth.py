"""Records, logs, metrics and pages of any size: what grows with them, memory above all, and what does not."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aml_pipeline.cli.listing import print_rows
from aml_pipeline.cli.recorded import matching
from aml_pipeline.local import follower, tail
from aml_pipeline.report import sources
from aml_pipeline.report.charts import MOST_CHARTS, MOST_CURVES, Curves, charts
from aml_pipeline.report.code import Diff
from aml_pipeline.report.comparison_page import comparison_page
from aml_pipeline.report.parts import MOST_BYTES
from aml_pipeline.report.reading import LOGS_BYTES, read
from aml_pipeline.report.run_page import page
from aml_pipeline.report.series import MOST_POINTS, MOST_SERIES, Series, series_of
from aml_pipeline.report.sources import ToSources
from aml_pipeline.report.table.rows import table_of
from aml_pipeline.report.table.text import lines_of
from aml_pipeline.runs import record, retention
from aml_pipeline.runs.events import MetricLogged, RunEnded, StepEnded, StepStarted
from aml_pipeline.runs.metrics import Metric, MetricReader, summary
from aml_pipeline.runs.mlflow_files import MlflowReader
from aml_pipeline.runs.record import RunRecord, records, unreferenced_texts
from aml_pipeline.runs.recorder import Recorder
from aml_pipeline.runs.summaries import summary_of
from tests.page.recorded import START, Written, header, many, step
from tests.patience import no_hang
from tests.work import grows_in_step, memory_taken

MIB = 1 << 20
SAID = "Attempted to log list metric "


def run_of(runs: Path, name: str, size: int = 1) -> None:
    """Record a run of one step; ``size`` says how long its plan is."""
    recorder = Recorder(str(runs), name)
    recorder.open(lambda: {"pipeline": "p", "plan": {"steps": [["x"] * 10 for _ in range(size)]}})
    recorder(StepStarted(0.0, "a", "never ran", "x", recorder.log("a")))
    recorder(StepEnded(1.0, "a", "up to date", "", key=f"k{name}", made_by="maker"))
    recorder(RunEnded(1.0, "done", 1.0))


# Records.


def test_a_long_value_is_a_text_in_a_record_and_whole_in_its_events(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path), "r")
    recorder.open(dict)
    values = [number / 2 for number in range(100_000)]
    recorder(MetricLogged(0.0, "a", "curve", "list", values))
    recorder(MetricLogged(0.0, "a", "few", "list", [1, 2]))
    recorder(RunEnded(1.0, "done", 1.0))
    short = {"curve": "[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, … (100000 values)", "few": [1, 2]}
    assert recorder.metrics("a") == short
    (found,) = records(str(tmp_path))
    assert found.header["steps"]["a"]["metrics"] == short
    assert found.short["steps"]["a"]["metrics"] == short
    assert next(iter(found.events()))["value"] == values


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ([[0, "a"]] * 1_000, "[[0, a], [0, a], [0, a], [0, a], [0,… (2000 values)"),
        ({"x": list(range(2_000)), "y": 1}, "{x: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 1… (2001 values)"),
        (["x" * 2_000_000], f"[{'x' * 35}… (1 value)"),
        ("y" * 5_000, f"{'y' * 36}… (5000 characters)"),
        ([1] * 1_000, [1] * 1_000),
        ([1] * 1_001, "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,… (1001 values)"),
        (["x" * 36_000], ["x" * 36_000]),
        (["x" * 36_001], f"[{'x' * 35}… (1 value)"),
        ([[], {}, *[1] * 1_001], "[[], {}, 1, 1, 1, 1, 1, 1, 1, 1, 1, … (1001 values)"),
        ("y" * 1_000, "y" * 1_000),
        ({"x": 1}, {"x": 1}),
        (0.5, 0.5),
    ],
)
def test_what_a_record_keeps_of_a_value_says_how_long_that_is(value: object, told: object) -> None:
    assert summary(value) == told


def test_many_records_are_not_in_memory_at_once(tmp_path: Path) -> None:
    """The record of each run is some 300 kB here; what is kept of one is its name and what it refers to."""
    names = [f"2026-01-01T00-00-00-000-{number:04x}" for number in range(24)]
    for name in names:
        run_of(tmp_path / "runs", name, size=5_000)
    killed = tmp_path / "runs" / names[3]
    (killed / "short.json").unlink()
    found = records(str(tmp_path / "runs"))
    limit = retention.limit_of("100")

    def work(count: int) -> None:
        some_records = records(str(tmp_path / "runs"))[:count]
        unreferenced_texts(str(tmp_path), some_records)
        retention.kept(some_records, limit, (), 0.0)
        matching(some_records, "no-such-run")
        _ = [summary_of(one) for one in some_records]

    work(1)
    assert memory_taken(lambda: work(24)) < 2 * memory_taken(lambda: work(6))
    assert {key for one in found for key in one.keys} == {f"k{name}" for name in names}
    assert all(one.makers == {"maker"} for one in found)


def test_what_a_run_refers_to_is_known_from_records_of_earlier_versions(tmp_path: Path) -> None:
    run_of(tmp_path, "r")
    (tmp_path / "r" / "short.json").write_text('{"state": "done", "steps": {"a": {"state": "up to date"}}}')
    (found,) = records(str(tmp_path))
    assert (found.keys, found.makers) == ({"kr"}, {"maker"})


def test_events_of_any_length_are_read_line_by_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "_LONGEST_EVENT", 40)
    lines = ['{"a": 1}', f'{{"b": "{"x" * 100}"}}', f'{{"c": "{"x" * 30}"}}', '{"d": 1}', '{"torn": "' + "y" * 500]
    (tmp_path / "events.jsonl").write_text("\n".join(lines))
    assert [list(event) for event in RunRecord("r", str(tmp_path)).events()] == [["a"], ["c"], ["d"]]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_list_of_runs_is_printed_as_json_prints_it(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"run": f"r\n{number}", "metrics": {"a": [1]}, "steps": {}} for number in range(count)]
    print_rows(iter(rows))
    assert capsys.readouterr().out == json.dumps(rows, indent=2, ensure_ascii=False) + "\n"


def test_a_table_has_as_many_columns_of_metrics_as_can_be_read() -> None:
    about = {"state": "done", "steps": {"a": {"state": "done", "metrics": {f"m{n}": n for n in range(10_000)}}}}
    table = table_of([summary_of(RunRecord("r", "/nowhere", about))], now=0.0, busy=False)
    heading, _, _, remark = lines_of(table, ["r"])
    assert heading.endswith("  a.m38  a.m39")
    named = ", ".join(f"a.m{number}" for number in range(40, 52))
    assert remark == f"9960 columns left out: {named} and 9948 more; --columns '*' shows all"


# What a step prints.


def test_lines_that_mean_harm_are_read_once() -> None:
    for text in (SAID * 33_000, f"{SAID}m:\n['" + "\\'" * 490_000, f"{SAID}m:\n[" + "\"\\'" * 300_000):
        with no_hang():
            MetricReader().feed(f"{text}\n")


@pytest.mark.parametrize("piece", [1_000_000, 99_991, 7_000_000])
def test_a_metric_after_a_progress_bar_of_any_length_is_read(piece: int) -> None:
    text = "\r 50%" * 400_000 + "\rAttempted to log scalar metric a:\n0.5\n"
    reader = MetricReader()
    found = [one for at in range(0, len(text), piece) for one in reader.feed(text[at : at + piece])]
    assert found == [Metric("a", "scalar", 0.5)]


def test_a_list_of_numbers_is_read_in_little_memory() -> None:
    values = [number / 7 for number in range(40_000)]
    text = f"{SAID}m:\n{values}\n"
    found: list[Metric] = []
    assert memory_taken(lambda: found.extend(MetricReader().feed(text))) < 10 * len(text)
    assert found == [Metric("m", "list", values)]


def test_a_log_is_followed_as_fast_as_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "_READ_SECONDS", float("inf"))
    told: list[object] = []
    reader = follower.Follower(str(tmp_path / "log"), "s", told.append, MlflowReader("", ""))
    (tmp_path / "log").write_bytes(b"x" * (5 * MIB) + b"\nAttempted to log scalar metric a:\n0.5\n")
    told.clear()
    reader.read()
    assert [one.value for one in told if isinstance(one, MetricLogged)] == [0.5]
    reader.read(end=True)


def test_no_log_makes_more_metrics_than_can_be_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(follower, "MOST_NAMES", 3)
    told: list[object] = []
    reader = follower.Follower(str(tmp_path / "log"), "s", told.append, MlflowReader("", ""))
    names = ["a" * 1_001, *(f"m{number}" for number in range(9)), "m0"]
    (tmp_path / "log").write_text("".join(f"Attempted to log scalar metric {name}:\n1\n" for name in names))
    reader.read(end=True)
    assert [one.name for one in told if isinstance(one, MetricLogged)] == ["m0", "m1", "m2", "m0"]


def test_a_long_line_of_a_failure_is_shown_as_its_beginning_and_its_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first\n" + "a" * 1_000 + "x" * 30_000 + "b" * 1_000 + "\nlast\n")
    cut = "a" * 1_000 + " … 30000 characters omitted … " + "b" * 1_000
    assert tail.shown(tail.end_of(str(log), 0), []) == ["first", cut, "last"]
    log.write_text("x" * 300_000)
    assert tail.end_of(str(log), 0) == ["…" + "x" * 999 + " … 62001 characters omitted … " + "x" * 1_000]


def test_what_mlflow_was_told_at_once_is_read_in_pieces(tmp_path: Path) -> None:
    run = tmp_path / "mlruns" / "1" / "run"
    reader = MlflowReader(str(tmp_path / "mlruns"), "mine")
    for name, text in (("tags/aml_pipeline.attempt", "mine"), ("meta.yaml", "start_time: 1\n")):
        (run / name).parent.mkdir(parents=True, exist_ok=True)
        (run / name).write_text(text)
    (run / "metrics").mkdir()
    (run / "metrics" / "loss").write_text("".join(f"1 {number} 0\n" for number in range(150_000)))
    found: list[object] = []
    while rows := reader.new():
        assert len(rows) < 150_000
        found += [metric.value for _, metric in rows]
    assert found == list(range(150_000))


PLACE = "/p/.aml_pipeline/one/steps/s/attempt."


@given(some.lists(some.sampled_from([PLACE, f"{PLACE}a/working-copy/x", "/", "y" * 30, "\n", " ", "é"]), max_size=30),
       some.integers(1, 60))  # fmt: skip
def test_a_log_in_pieces_has_the_same_paths_as_one_that_is_whole(parts: list[str], size: int) -> None:
    to_source, text = ToSources(PLACE, "/p/src"), "".join(parts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "_PIECE_LETTERS", size)
        patch.setattr(sources, "_LONGEST_PATH", 60)
        assert "".join(to_source.pieces(io.StringIO(text, newline=""))) == to_source(text)


@pytest.mark.parametrize("line", ["no end ", "\r 50%", "a line\n"])
def test_a_log_of_any_length_is_printed_in_little_memory(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_PIECE_LETTERS", 100_000)
    log = io.StringIO(line * (10_000_000 // len(line)), newline="")
    length = 0

    def work() -> None:
        nonlocal length
        length = sum(map(len, ToSources(PLACE, "/p/src").pieces(log)))

    assert memory_taken(work) < MIB
    assert length == len(log.getvalue())


# Curves.


def logged(name: str, value: object, at: int = 0) -> dict[str, Any]:
    return {"event": "MetricLogged", "time": float(at), "step": "s", "name": name, "value": value}


def test_of_millions_of_values_a_page_keeps_what_it_may_draw() -> None:
    values = [float(number * 7919 % 100_003) for number in range(20_000)]

    def work(lists: int) -> None:
        found = series_of(logged(f"m{number}", values) for number in range(lists))
        assert sum(len(one.points) for one in found) <= 4 * MOST_POINTS
        assert all(one.logged == len(values) for one in found)

    assert memory_taken(lambda: work(40)) < 2 * memory_taken(lambda: work(10))


@given(some.lists(some.lists(some.none() | some.floats(-10, 10), min_size=1, max_size=40), min_size=1, max_size=40))
def test_whatever_is_logged_at_once_extremes_ends_and_numbers_stay(pieces: list[list[float | None]]) -> None:
    series = Series("s", "m")
    for at, piece in enumerate(pieces):
        series.add(piece, float(at), None, 16)
    whole = [value for piece in pieces for value in piece]
    known = [value for value in whole if value is not None]
    drawn = {point.number: point.value for point in series.points}
    assert series.logged == len(whole)
    assert series.odd + list(drawn.values()).count(None) == whole.count(None)
    assert all(whole[number - 1] == value for number, value in drawn.items())
    assert list(drawn) == sorted({1, len(whole), *drawn})
    assert len(drawn) <= 32
    if known:
        kept = [value for value in drawn.values() if value is not None]
        assert (min(kept), max(kept)) == (min(known), max(known))


def test_curves_that_are_never_drawn_keep_almost_no_points() -> None:
    events = (
        {**logged("loss", value), "step": f"s{number}"} for number in range(MOST_SERIES + 30) for value in range(100)
    )
    found = series_of(events)
    assert [len(one.points) for one in found][:MOST_SERIES] == [100] * MOST_SERIES
    assert all(len(one.points) <= 8 and one.logged == 100 for one in found[MOST_SERIES:])


def test_all_curves_together_have_no_more_points_than_a_page_draws() -> None:
    values = [float(number % 13) for number in range(2_000)]
    events = [{**logged(f"m{name}", values), "step": f"s{at}"} for name in range(MOST_CHARTS) for at in range(30)]
    made = charts([Curves("", 0.0, series_of(events))])
    drawn = [one for chart in made.rows for one in chart["series"]]
    assert sum(len(one["value"]) for one in drawn) <= MOST_POINTS
    assert 0 < len(drawn) <= MOST_CURVES
    assert all(one["logged"] == 2_000 for one in drawn)
    assert made.remarks[0] == f"Showing the first {len(made.rows)} of {MOST_CHARTS} charts."


# Pages.


@pytest.mark.parametrize("steps", [1_000, 2_000])
def test_a_page_of_very_many_steps_shows_what_failed_and_says_what_it_leaves_out(tmp_path: Path, steps: int) -> None:
    text = page(read(many(tmp_path, steps=steps), "failed"))
    assert len(text.encode()) <= MOST_BYTES
    shown = text.count('class="step"')
    assert 300 < shown < steps
    said = f"Showing {shown} of {steps} steps: first the failed ones and the steps they need, then those that"
    assert text.count(f'<p class="remark">{said} ran.</p>') == 3
    assert text.count('class="box ') == shown
    assert all(f"<b>s{number}</b>" in text for number in (0, steps - 3, steps - 2))
    assert f"of {steps - 2}</code>" in text
    assert "Log (1.0 kB): " in text


def test_logs_that_are_short_all_have_room(tmp_path: Path) -> None:
    plan = [step(f"s{number}") for number in range(600)]
    written = Written(tmp_path / "runs", "r", header(*plan))
    for number in range(600):
        written.step(f"s{number}", log=b"said %d\n" % number)
    written.end()
    told = read(records(str(tmp_path / "runs"))[-1], "done").steps
    assert [one.log.text for one in told if one.log] == [f"said {number}\n" for number in range(600)]
    assert sum(one.log.size for one in told if one.log) < LOGS_BYTES


LONG = "<&" * 400


def test_whatever_is_long_a_page_has_its_limit(tmp_path: Path) -> None:
    about = {
        "parameters": {f"{number}{LONG}": LONG for number in range(1_000)},
        "distributions": {f"{number}{LONG}": LONG for number in range(1_000)},
        "git": {"commit": LONG, "branch": LONG, "dirty": [LONG] * 1_000, "dirty_files": 9_000},
        "command": LONG, "host": LONG, "profile": LONG, "pipeline": LONG,
    }  # fmt: skip
    many = [{"literal": {"text": LONG}}] * 40
    plan = [step(f"s{number}", *many, after=[f"s{other}" for other in range(number)]) for number in range(60)]  # type: ignore[arg-type]
    written = Written(tmp_path / "runs", "r", header(*plan, **about))
    for number in range(60):
        curves = {f"{at}{LONG}": [1 / 3 + at, 2.5e-7] for at in range(8)}
        written.step(f"s{number}", log=LONG.encode(), metrics=curves, message=LONG, state="failed", output=LONG)
    written.end("failed")
    told = read(records(str(tmp_path / "runs"))[-1], "failed")
    assert len(page(told).encode()) <= MOST_BYTES
    diffs = [Diff(f"{number}{LONG}", ("+<", "-&") * 40_000) for number in range(3)]
    assert len(comparison_page(told, told, diffs).encode()) <= MOST_BYTES


def test_the_page_of_results_of_many_runs_takes_work_in_step(tmp_path: Path) -> None:
    def reused(count: int) -> RunRecord:
        runs = tmp_path / str(count) / "runs"
        for number in range(count):
            run_of(runs, f"m{number}")
        recorder = Recorder(str(runs), "last")
        recorder.open(lambda: header(*(step(f"s{number}") for number in range(count))))
        for number in range(count):
            Path(recorder.log(f"s{number}")).write_text("a log")
            recorder(StepEnded(START, f"s{number}", "up to date", "", made_by=f"m{number}"))
        recorder(RunEnded(START, "done", 1.0))
        return next(one for one in records(str(runs)) if one.id == "last")

    made = {count: reused(count) for count in (60, 240)}
    assert grows_in_step(lambda count: read(made[count], "done"), 60)
