"""A table of runs: which columns are meant and shown, which rows are selected, and how it fits any width."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.problems import width
from aml_pipeline.report.table.cells import cells_of, short_ids
from aml_pipeline.report.table.columns import best_first, constant, listed, named, ordered, usual
from aml_pipeline.report.table.forms import as_csv, as_markdown
from aml_pipeline.report.table.rows import ABOUT, Row, Table
from aml_pipeline.report.table.text import lines_of
from aml_pipeline.report.table.where import hints, predicate

DATE = "Write 2026-11-28 or 2026-11-28T14:30, or an age: age < 2d."
COMBINED = "Write the column first, and combine comparisons with and: epochs > 5 and epochs < 20."
SOME = "age, azureml, commit, data, data_set, dirty, endpoint, failed_steps, group, note"
IDS = ("2026-11-26T23-59-58-001-b61e", "2026-11-27T17-04-09-123-0b61", "2026-11-27T17-05-00-456-c6ff")
TITLE = "train[rate=0.1,size=4].loss"


def row(number: int, **values: Any) -> Row:  # noqa: ANN401 - values of any type
    about: Row = {
        **dict.fromkeys(ABOUT),
        "run": IDS[number],
        "state": "done",
        "age": 7_200.0,
        "pinned": False,
        "dirty": 0,
    }
    return {**about, **values}


def table(*rows: Row) -> Table:
    """Return a table of three runs, or of these rows."""
    made = rows or (
        row(0, rate=0.1, size=4, data_set="digits", **{"train.loss": 0.5, "test.accuracy": 0.75, TITLE: 1}),
        row(1, rate=0.01, size=4, data_set="digits", state="failed", failed_steps="train", **{"train.loss": None}),
        row(2, rate=1e-05, size=4, data_set="digits", **{"train.loss": 0.0625, "test.accuracy": 0.875}),
    )
    return Table(list(made), [], ["rate", "size", "data_set"], ["train.loss", "test.accuracy", TITLE])


# Columns.


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("rate", "rate"),
        (" train.loss ", "train.loss"),
        ("train.loss:min", "train.loss:min"),
        ("accuracy", "test.accuracy"),
        ("accuracy:max", "test.accuracy:max"),
        (TITLE, TITLE),
        ("duration", "seconds"),
    ],
)
def test_a_column_is_named_as_it_is_headed_or_shorter(text: str, column: str) -> None:
    assert named(text, table()) == column


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rat", 'Unknown column "rat". Did you mean "rate"?'),
        ("loss", f'Several steps log "loss". Write one of: train.loss, {TITLE}.'),
        ("curacy", 'Several metrics end with "curacy". Write one of: a.x.curacy, b.y.curacy.'),
        ("train.los:min", 'Unknown column "train.los:min". Did you mean "train.loss"?'),
    ],
)
def test_an_unknown_column_is_refused_with_a_suggestion(text: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        named(text, replace(table(), metrics=[*table().metrics, "a.x.curacy", "b.y.curacy"]))
    assert str(refusal.value) == said


def test_the_whole_name_of_a_metric_comes_before_its_end() -> None:
    made = Table([], [], [], ["train.val.loss", "train.loss", "train[x=a.b].val.f1", "test.f1"])
    assert [named(text, made) for text in ("loss", "val.loss", "val.f1", "f1:max")] == [
        "train.loss", "train.val.loss", "train[x=a.b].val.f1", "test.f1:max",
    ]  # fmt: skip


def test_a_group_is_shown_if_not_all_runs_belong_to_it() -> None:
    assert "group" not in usual(table(row(0, group="a"), row(1, group="a")))
    assert "group" in usual(table(row(0, group="a"), row(1)))


def test_columns_are_listed_by_commas_outside_brackets_and_stars() -> None:
    assert listed(f"run, {TITLE},test.*,run,", table()) == ["run", TITLE, "test.accuracy"]
    assert listed("*.loss", table()) == ["train.loss", TITLE]
    for text in ("", " ,", "x.*"):
        with pytest.raises(UsageError):
            listed(text, table())


@pytest.mark.parametrize(
    ("text", "highest"),
    [
        ("test.accuracy", True),
        ("train.loss", False),
        ("train.loss:max", True),
        ("test.accuracy:min", False),
        ("a.val_loss", False),
        ("a.mean error", False),
        ("a.top1-err", False),
        ("a.glossary", True),
        ("a.lossless", True),
        ("loss-net.f1", True),
        ("seconds", False),
    ],
)
def test_the_best_value_is_the_highest_unless_the_name_says_otherwise(text: str, *, highest: bool) -> None:
    metrics = ["test.accuracy", "train.loss", "a.val_loss", "a.mean error", "a.top1-err", "a.glossary", "a.lossless"]
    made = Table([], [], [], [*metrics, "loss-net.f1"])
    assert best_first(text, made) == (named(text, made), highest)


def test_rows_without_a_value_come_last_and_texts_after_numbers() -> None:
    rows: list[Row] = [{"a": value} for value in (None, "nan", 2, 0.5, True, "b")]
    assert [one["a"] for one in ordered(rows, "a", descending=False)] == [0.5, True, 2, "b", "nan", None]
    assert [one["a"] for one in ordered(rows, "a", descending=True)] == [2, True, 0.5, "nan", "b", None]


# Conditions.


@pytest.mark.parametrize(
    ("condition", "chosen"),
    [
        ("rate < 0.05", [1, 2]),
        ("rate<0.05 and state==done", [2]),
        ("rate == 1e-5 or rate = .1", [0, 2]),
        ("not state == done", [1]),
        ("state != done", [1]),
        ("train.loss > 0", [0, 2]),
        ("train.loss != 0.5", [2]),
        ("not train.loss", [1]),
        ("accuracy >= 0.75 and (rate > 1 or rate < 1e-3)", [2]),
        (f"`{TITLE}` == 1", [0]),
        (f"'{TITLE}' == 1", [0]),
        (f"{TITLE} == 1", [0]),
        ("rate in (0.1, 1e-05)", [0, 2]),
        ("rate not in [0.1]", [1, 2]),
        ("test.accuracy not in (1)", [0, 2]),
        ("train.loss < test.accuracy", [0, 2]),
        ("data_set ~ GITS", [0, 1, 2]),
        ("data_set == 'digits'", [0, 1, 2]),
        ('rate == "0.1"', [0]),
        ("data_set < 5", []),
        ("age < 3h and age > 119min", [0, 1, 2]),
        ("age < 2h", []),
        ("failed_steps == train", [1]),
        ("pinned or dirty", []),
        ("pinned == no and pinned != yes", [0, 1, 2]),
        ("pinned == 'false'", [0, 1, 2]),
        ("started > 2026-11-27", [2]),
        ("started < '2026-11-27 12:00'", [1]),
        ("started >= 2026-11-27T12:00:00", [2]),
        ("started > 2020-01-01T00:00Z and started < 2100-01-01T00:00+02:00", [1, 2]),
        ("rate < \u0661", []),
        ("run ~ 0b61", [1]),
        ("run ~ 05", [2]),
        ("not (rate > 0.05 or not state == done)", [2]),
        ("rate > 0.05 or rate < 0.05 and state == failed", [0, 1]),
    ],
)
def test_a_condition_selects_rows(condition: str, chosen: list[int]) -> None:
    made = table()
    for one, moment in zip(made.rows[1:], ("2026-11-26 23:59", "2026-11-27 12:00"), strict=True):
        one["started"] = datetime.fromisoformat(moment).timestamp()
    holds = predicate(condition, made)
    assert [at for at, one in enumerate(made.rows) if holds(one)] == chosen


@pytest.mark.parametrize(
    ("condition", "said", "caret"),
    [
        ("rat < 5", '--where: Unknown column "rat". Did you mean "rate"?', "^~~"),
        ("rate <", "--where: A value is missing. Write a number, a text or a column there.", "      ^"),
        ("rate < 5 5", '--where: Unexpected "5". Combine conditions with and, or, not.', "         ^"),
        ("(rate < 5", '--where: Expected ")", got the end. Insert ) there.', "         ^"),
        ("", "--where: The name of a column is missing. Write a comparison, such as state == done.", "^"),
        ("state == done and", "--where: The name of a column is missing. Write a comparison, such as state == done.",
         "                 ^"),
        ("rate in 5", "--where: 5 is not a list. Write a list in parentheses: in (5, 10).", "        ^"),
        ("rate && 5", '--where: Unexpected "&&". Combine conditions with and, or, not.', "     ^~"),
        ("rate < 'x", "--where: The quote is not closed. Write ' at its end.", "       ^"),
        ("rate < 5 and `x < 1", "--where: The quote is not closed. Write ` at its end.", "             ^"),
        ("rate == `zz`", f'--where: Unknown column "zz". Known: {SOME}, ….', "        ^~~~"),
        ("0.9 < rate < 1", f'--where: "0.9" is not a column. {COMBINED}', "^~~"),
        ("age < 2 min", '--where: Unexpected "min". Write 2min, without a space.', "        ^~~"),
        ("started > yesterday", f'--where: "yesterday" is not a date. {DATE}', "          ^~~~~~~~~"),
        ("started > 2026-W48", f'--where: "2026-W48" is not a date. {DATE}', "          ^~~~~~~~"),
        ("started > 2026-13-01", f'--where: "2026-13-01" is not a date. {DATE}', "          ^~~~~~~~~~"),
        ("(" * 200 + "rate", "--where: Too many parentheses. Write a simpler condition.", None),
    ],
)  # fmt: skip
def test_a_mistake_in_a_condition_is_pointed_to(condition: str, said: str, caret: str | None) -> None:
    with pytest.raises(UsageError) as refusal:
        predicate(condition, table())
    message, excerpt, pointer = str(refusal.value).split("\n")
    assert (message, excerpt) == (said, f"  {condition}")
    assert caret is None or pointer == f"  {caret}"


@pytest.mark.parametrize(
    ("condition", "said"),
    [
        ("state == Done", ["Values of state: done, failed."]),
        ("state == Done and size == 5", ["Values of state: done, failed.", "Values of size: 4."]),
        ("rate in (1, 2) or state in ('a')", ["Values of rate: 0.1, 0.01, 1e-05.", "Values of state: done, failed."]),
        ("state == done and rate > 5", []),
        ("state != done", []),
        ("note == x", []),
    ],
)
def test_values_that_no_run_has_are_corrected(condition: str, said: list[str]) -> None:
    assert hints(condition, table()) == said


def test_large_integers_are_exact() -> None:
    made = table(row(0, rate=2**53 + 1), row(1, rate=2**53))
    holds = predicate(f"rate == {2**53 + 1}", made)
    assert [holds(one) for one in made.rows] == [True, False]


# Cells and lines.


def test_values_are_shown_in_words() -> None:
    rows = [
        row(0, age=5.0, seconds=8.25, commit="0123456789ab", dirty=2, pinned=True, note="a\nb", started=0.0),
        row(1, age=119.0, seconds=3_700.0, commit="0123456789ab"),
        row(2, age=200_000.0, seconds=None, state="failed", failed_steps="train"),
    ]
    shown = {column: cells_of(rows, column) for column in ("age", "seconds", "commit", "pinned", "note", "state")}
    assert shown == {
        "age": ["5 s", "119 s", "2 d"],
        "seconds": ["8.2 s", "1 h 1 min", "-"],
        "commit": ["012345678*", "012345678", "-"],
        "pinned": ["yes", "-", "-"],
        "note": ["a\\nb", "-", "-"],
        "state": ["done", "done", "failed: train"],
    }
    assert cells_of([{"a": 0.123456, "s.a": 0.123456, "b": True}], "a") == ["0.123456"]
    assert cells_of([{"s.a": 0.123456}, {"s.a": -0.0}], "s.a") == ["0.1235", "0"]


@pytest.mark.parametrize(
    ("ids", "short"),
    [
        (IDS, ["b61e", "0b61", "c6ff"]),
        (["2026-11-26T23-59-58-001-b61e", "2026-11-26T23-59-58-002-b61e"], ["001-b61e", "002-b61e"]),
        (["2026-11-26T23-59-58-001-2026"], ["001-2026"]),
        (["a-1", "b-10"], ["a-1", "b-10"]),
        (["r1", "r10"], ["r1", "r10"]),
        ([], []),
    ],
)
def test_ids_are_shortened_as_far_as_they_mean_one_run(ids: list[str], short: list[str]) -> None:
    from aml_pipeline.cli.recorded import chosen
    from aml_pipeline.runs.record import RunRecord

    assert list(short_ids(ids).values()) == short
    records = [RunRecord(run, "/nowhere", {}) for run in ids]
    assert [chosen(records, name).id for name in short] == list(ids)


def test_a_table_has_what_differs_and_says_what_does_not() -> None:
    made = replace(table(), metrics=["train.loss", "test.accuracy"])
    assert list(lines_of(made, IDS)) == [
        "run                           state          age  duration   rate  train.loss  test.accuracy",
        "2026-11-26T23-59-58-001-b61e  done           2 h         -    0.1         0.5           0.75",
        "2026-11-27T17-04-09-123-0b61  failed: train  2 h         -   0.01           -              -",
        "2026-11-27T17-05-00-456-c6ff  done           2 h         -  1e-05      0.0625          0.875",
        "",
        "size=4 and data_set=digits everywhere",
    ]


def test_of_one_run_all_parameters_are_columns() -> None:
    assert "rate  size  data_set" in next(iter(lines_of(table(*table().rows[:1]), IDS)))
    assert constant(table(*table().rows[:1])) == {}


@pytest.mark.parametrize("room", range(4, 130, 3))
def test_a_table_fits_any_width(room: int) -> None:
    heading, *rows = list(lines_of(table(), IDS, room=room))[:4]
    wide = [line for line in (heading, *rows) if width(line) > room]
    assert not wide
    remarks = list(lines_of(table(), IDS, room=room))[5:]
    shown = len(heading.split())
    assert (shown < 8) == any("left out: " in remark for remark in remarks)


def test_what_tells_least_goes_first_and_what_is_asked_for_stays() -> None:
    shown = [next(iter(lines_of(table(), IDS, room=room))).split() for room in (60, 30, 20, 5)]
    assert shown == [
        ["run", "state", "rate", "train.loss", "accuracy"],
        ["run", "rate", "train.loss"],
        ["run", "train.loss"],
        ["run"],
    ]
    needed = next(iter(lines_of(table(), IDS, room=5, needed=["test.accuracy"])))
    assert needed.split() == ["run", "accuracy"]
    columns = [*lines_of(table(), IDS, room=5, columns=["state", "rate"])]
    assert columns[0].split() == ["state", "rate"]
    assert not any("left out" in line for line in columns)


def test_the_columns_left_out_are_named() -> None:
    made = replace(table(), metrics=[f"s.m{number}" for number in range(20)])
    assert [*lines_of(made, IDS, room=5)][-1].startswith("24 columns left out: state, age, duration, rate, s.m0, ")
    assert [*lines_of(made, IDS, room=5)][-1].endswith(", s.m7 and 12 more; --columns '*' shows all")
    alike = Table([row(0), row(1)], [], [], [])
    assert [*lines_of(alike, IDS, room=5)][-2:] == [
        "state=done everywhere",
        "2 columns left out: age and duration; --columns shows them",
    ]


def test_hostile_texts_stay_in_their_cells() -> None:
    note = "\x1b]0;x\x07 日本語 \u202e|`<b>"
    lines = list(lines_of(table(row(0, note=note), row(1, note="plain")), IDS, columns=["note", "state"]))
    assert width(lines[1].partition("done")[0]) == width(lines[2].partition("done")[0])
    assert "\x1b" not in lines[1]
    assert "\u202e" not in lines[1]
    markdown = as_markdown(table(row(0, note=note)), ["note"])
    assert markdown.splitlines()[2] == "| \\\\x1b\\]0;x\\\\x07 日本語 \\\\u202e\\|\\`\\<b\\> |"


def test_only_states_that_matter_and_the_heading_are_coloured() -> None:
    lines = list(lines_of(table(), IDS, columns=["state", "rate"], paint=lambda text, colour: f"<{colour}:{text}>"))
    assert lines[:3] == ["<1:state           rate>", "done             0.1", "<31:failed: train>   0.01"]


# Documents.


def test_csv_has_whole_values_of_all_columns_with_one() -> None:
    made = table(row(0, rate=0.123456789, note='a "b",\nc'), row(1, rate=None, pinned=True))
    heading, first, second = csv.reader(io.StringIO(as_csv(made)))
    assert heading == ["run", "state", "note", "pinned", "dirty", "rate", "size", "data_set", *made.metrics]
    assert first[:6] == [IDS[0], "done", 'a "b",\nc', "false", "0", "0.123456789"]
    assert second[:6] == [IDS[1], "done", "", "true", "0", ""]
    assert as_csv(made, ["seconds", "rate"]).splitlines()[0] == "duration,rate"
    assert as_markdown(made, ["seconds", "rate"]).splitlines()[0] == "| duration | rate |"
    assert as_csv(made, ["rate"]) == 'rate\n0.123456789\n""\n'


def test_markdown_is_the_table_of_a_terminal() -> None:
    assert as_markdown(table(), ["run", "rate", "train.loss"]).splitlines()[:3] == [
        "| run | rate | train.loss |",
        "| --- | --- | --- |",
        f"| {IDS[0]} | 0.1 | 0.5 |",
    ]


def test_the_conditions_in_the_docs_are_understood() -> None:
    page = (Path(__file__).parents[2] / "docs" / "reference" / "reports.md").read_text(encoding="utf-8")
    conditions = re.findall(r"^\$ aml-pipeline runs .*--where '(.+?)'(?: |$)", page, re.MULTILINE)
    metrics = ["train.loss", "train.accuracy", TITLE]
    made = Table([], [], ["learning_rate", "epochs"], metrics)
    assert len(conditions) == 4
    for condition in conditions[:-1]:
        predicate(condition, made)
    with pytest.raises(UsageError) as refusal:
        predicate(conditions[-1], made)
    assert f"$ aml-pipeline runs --where '{conditions[-1]}'\n{refusal.value}\n```\n" in page
