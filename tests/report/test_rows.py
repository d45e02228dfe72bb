"""Records of runs → the rows of a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from aml_pipeline.report.table.cells import cells_of
from aml_pipeline.report.table.columns import ordered
from aml_pipeline.report.table.forms import as_csv, as_markdown
from aml_pipeline.report.table.rows import Table, table_of, variants_of, varying
from aml_pipeline.report.table.where import predicate
from aml_pipeline.runs.events import MetricLogged, RunEnded, RunStarted, StepEnded
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.recorder import Recorder
from aml_pipeline.runs.summaries import summary_of, typed
from tests.page.recorded import START, header, step

LOSSES = (0.5, 0.125, 0.25)


def recorded(runs: Path, run: str, *steps: dict[str, Any], reused: str = "", **about: object) -> None:
    """Record a run whose steps log a loss, or were made by the run ``reused``."""
    recorder = Recorder(str(runs), run)
    recorder.open(lambda: header(*steps, **about))
    for name in (str(one["name"]) for one in steps):
        if not reused:
            for loss in LOSSES:
                recorder(MetricLogged(START, name, "loss", "scalar", loss))
        recorder(StepEnded(START, name, "up to date" if reused else "done", "", made_by=reused or None))
    recorder(RunEnded(START + 8, "done", 8.0))


def table(runs: Path, variants: str = "") -> Table:
    summaries = [summary_of(record) for record in records(str(runs))]
    if variants:
        return variants_of(summaries, variants, now=START + 60, busy=False)
    return table_of(summaries, now=START + 60, busy=False)


def test_a_run_is_a_row_of_typed_values(tmp_path: Path) -> None:
    recorded(tmp_path, "r1", step("train"), group={"id": "r0", "varies": ["epochs"]})
    (record,) = records(str(tmp_path))
    record.pin(stays=True)
    record.annotate(note="the first", tags={"who": "me", "why": "speed"})
    record.annotate(tags={"why": ""})
    made = table(tmp_path)
    assert made == Table(
        [
            {
                "run": "r1", "state": "done", "failed_steps": None, "age": 60.0, "started": START, "seconds": 8.0,
                "profile": "quickstart", "data": None, "group": "r0", "schedule": None, "note": "the first",
                "tags": "who=me", "pinned": True, "dirty": 1, "commit": "0123456789abcdef", "azureml": None,
                "endpoint": None, "epochs": 10,
                "train.loss": 0.25, "train.loss:min": 0.125, "train.loss:max": 0.5,
            }
        ],
        [],
        ["epochs"],
        ["train.loss"],
    )  # fmt: skip


def test_a_reused_result_has_the_metrics_of_the_run_that_made_it(tmp_path: Path) -> None:
    recorded(tmp_path, "r1", step("train"))
    recorded(tmp_path, "r2", step("train"), reused="r1")
    recorded(tmp_path, "r3", step("train"), reused="gone")
    first, second, third = table(tmp_path).rows
    assert second["train.loss:min"] == first["train.loss:min"] == 0.125
    assert "train.loss" not in third


def test_a_variant_is_a_row_with_axes_and_its_metrics_have_its_title_among_runs(tmp_path: Path) -> None:
    rates = ("0.1", "0.01")
    variants = [
        {
            **step(f"train-{rate.replace('.', '-')}"),
            "declared": "train",
            "variant": {"rate": rate, "state": "x"},
            "title": f"train[rate={rate},state=x]",
        }
        for rate in rates
    ]
    recorded(tmp_path, "r1", step("prepare"), *variants)
    made = table(tmp_path, "train")
    assert made.axes == ["rate", "matrix.state"]
    assert [(row["run"], row["rate"], row["matrix.state"], row["train.loss"]) for row in made.rows] == [
        ("r1", 0.1, "x", 0.25),
        ("r1", 0.01, "x", 0.25),
    ]
    assert made.metrics == ["train.loss"]
    titles = [f"train[rate={rate},state=x].loss" for rate in rates]
    assert table(tmp_path).metrics == ["prepare.loss", *titles]


def test_the_value_of_an_axis_is_a_number_that_is_shown_as_written(tmp_path: Path) -> None:
    texts = ("0.10", "1e-3", "012", "5", "0.5", "adam")
    for number, text in enumerate(texts):
        variant = {"declared": "train", "variant": {"rate": text, "age": text}, "title": f"train[rate={text}]"}
        recorded(tmp_path, f"r{number}", {**step("train-x"), **variant})
    made = table(tmp_path, "train")
    assert [row["rate"] for row in made.rows] == [0.1, 0.001, 12, 5, 0.5, "adam"]
    assert cells_of(made.rows, "rate") == cells_of(made.rows, "matrix.age") == list(texts)
    assert as_csv(made, ["rate"]).split() == ["rate", *texts]
    rows = ordered(made.rows, "rate", descending=False)
    assert [str(row["rate"]) for row in rows] == ["1e-3", "0.10", "0.5", "5", "012", "adam"]
    assert [str(row["rate"]) for row in rows if predicate("rate == 0.1", made)(row)] == ["0.10"]
    assert [str(row["rate"]) for row in rows if predicate("rate < 0.2", made)(row)] == ["1e-3", "0.10"]


def test_the_value_of_a_parameter_is_a_number_that_is_shown_as_written(tmp_path: Path) -> None:
    texts = ("0.10", "1e-3", "012", "9007199254740993", "+9007199254740993", "1_000")
    for number, text in enumerate(texts):
        declared = {"rate": {"text": text, "default": "1", "type": "number"}}
        recorded(tmp_path, f"r{number}", step("train"), parameters={"rate": text}, plan={"parameters": declared})
    made = table(tmp_path)
    large = 9_007_199_254_740_993
    assert [row["rate"] for row in made.rows] == [0.1, 0.001, 12, large, large, "1_000"]
    assert cells_of(made.rows, "rate") == list(texts)
    assert as_csv(made, ["rate"]).split() == ["rate", *texts]
    assert as_markdown(made, ["rate"]).splitlines()[2:-1] == [f"| {text} |" for text in texts[:-1]]
    rows = ordered(made.rows, "rate", descending=False)
    assert [str(row["rate"]) for row in rows[:3]] == ["1e-3", "0.10", "012"]
    assert [str(row["rate"]) for row in rows if predicate("rate == 0.1", made)(row)] == ["0.10"]


def variant(rate: str) -> dict[str, Any]:
    """Return a variant of a step as the plan of a record has it."""
    about = {"declared": "train", "variant": {"rate": rate}, "title": f"train[rate={rate}]"}
    return {**step(f"train-{rate}"), **about}


def test_a_variant_has_a_row_where_it_was_selected_and_its_own_duration(tmp_path: Path) -> None:
    about = header(variant("1"), variant("2"), variant("3"))
    recorder = Recorder(str(tmp_path), "r1")
    recorder.open(lambda: about)
    recorder(RunStarted(START, ("train-1", "train-2")))
    recorder(StepEnded(START, "train-1", "up to date", ""))
    recorder(StepEnded(START, "train-2", "done", "", seconds=3.0))
    recorder(RunEnded(START + 8, "done", 8.0))
    under_way = Recorder(str(tmp_path), "r2")
    under_way.open(lambda: about)
    under_way(RunStarted(START, ("train-3",)))
    Recorder(str(tmp_path), "r3").open(lambda: {**about, "azureml": {"run": "x", "steps": ["train-2"]}})
    assert [(row["run"], row["rate"], row["state"], row["seconds"]) for row in table(tmp_path, "train").rows] == [
        ("r1", 1, "up to date", None),
        ("r1", 2, "done", 3.0),
        ("r2", 3, "interrupted", None),
        ("r3", 2, "interrupted", None),
    ]


def test_what_is_killed_damaged_or_of_an_earlier_version_is_a_row(tmp_path: Path) -> None:
    Recorder(str(tmp_path), "r1").open(dict)
    (tmp_path / "r2").mkdir()
    recorded(tmp_path, "r3", step("a"), parameters={"state": "x", "epochs": "10"})
    (tmp_path / "r3" / "short.json").write_text('{"state": "done", "parameters": {"state": "x"}}')
    killed, damaged, earlier = table(tmp_path).rows
    assert (killed["state"], damaged["state"], damaged["age"]) == ("interrupted", "unreadable", None)
    assert (earlier["state"], earlier["parameters.state"], earlier["dirty"]) == ("done", "x", 1)


def test_columns_that_vary_are_those_in_which_rows_differ() -> None:
    rows: list[dict[str, Any]] = [{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 1, "b": 1, "c": 3}]
    assert varying(rows, ["a", "b", "c", "d"]) == ["b", "c"]
    assert varying([], ["a"]) == varying(rows[:1], ["a"]) == []


def test_values_of_parameters_are_of_their_types() -> None:
    texts = {"epochs": "5", "rate": "1e-3", "fast": "true", "name": "012", "gone": "7", "odd": "x"}
    types = {"epochs": "integer", "rate": "number", "fast": "boolean", "name": "string", "odd": "integer"}
    declared = {
        name: {"text": texts[name], "default": "1", "type": kind} for name, kind in types.items() if name != "gone"
    }
    about = {"state": "done", "parameters": texts, "plan": {"parameters": declared}, "seconds": 1.5, "started": 2}
    summary = summary_of(RunRecord("r1", "/nowhere", about))
    assert summary["parameters"] == {"epochs": 5, "rate": 0.001, "fast": True, "name": "012", "gone": "7", "odd": "x"}
    assert summary["changed"]["epochs"] == 5
    assert (summary["seconds"], summary["started"]) == (1.5, 2.0)


def test_texts_of_parameters_become_values_of_their_types() -> None:
    texts = {"5": 5, "0x10": 16, "0o17": 15, "012": 12, "1e-3": 0.001, ".5": 0.5, "+5": 5, "x": "x", "": ""}
    assert {text: typed(text) for text in texts} == texts
    no_numbers = ("inf", "-inf", "nan", ".nan", ".inf", "1_000", " 5", "0b1", "0X10", "٣", "1e999", "9" * 700)
    assert [typed(text) for text in no_numbers] == list(no_numbers)
    assert (typed("True", "boolean"), typed("5", "string"), typed("5", None)) == (True, "5", "5")
