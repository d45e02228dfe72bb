"""The pages of runs, as text: what they hold, how large they are, and that nothing in them is more than text."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

from aml_pipeline.core.text import cut, number_in_words, printed, seconds_in_words, tail_that_fits, visible
from aml_pipeline.core.wording import size_in_words
from aml_pipeline.report.changes_part import Before, changes
from aml_pipeline.report.charts import MOST_CHARTS, Curves, charts
from aml_pipeline.report.code import Diff
from aml_pipeline.report.comparison import compare
from aml_pipeline.report.comparison_page import comparison_page
from aml_pipeline.report.markup import data, join, tag
from aml_pipeline.report.reading import read
from aml_pipeline.report.run_page import page
from aml_pipeline.report.series import MOST_POINTS, MOST_SERIES, Point, Series, fewer, series_of
from aml_pipeline.report.story import Log, ShownRun, ShownStep
from aml_pipeline.runs.events import MetricLogged, RunEnded, StepEnded, StepStarted
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.recorder import Recorder
from tests.page import recorded
from tests.page.recorded import HARM, START, Written, header, step
from tests.work import grows_in_step

TEXT = some.text(some.characters(), max_size=60) | some.sampled_from([HARM, "]]>", "<!--", "</title>", "\r\n", "&lt;"])
ALLOWED = {
    "a", "b", "body", "button", "caption", "code", "dd", "defs", "details", "div", "dl", "dt", "footer", "h1", "h2",
    "h3", "head", "header", "html", "i", "input", "label", "li", "line", "main", "marker", "meta", "nav", "ol",
    "option", "output", "p", "path", "pre", "rect", "script", "section", "select", "span", "style", "summary", "svg",
    "table", "tbody", "td", "text", "th", "thead", "title", "tr",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads markup back: its elements with their attributes, and its text by element."""

    def __init__(self, markup: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(markup)
        self.close()

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in {"meta", "input", "rect", "path", "line", "img"}:
            self._open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self._open.pop() == name, f"</{name}> ends nothing"

    def handle_data(self, text: str) -> None:
        self.texts.append((self._open[-1] if self._open else "", text))

    def handle_comment(self, text: str) -> None:
        raise AssertionError(f"a comment: {text}")

    def text(self, name: str) -> str:
        return "".join(text for element, text in self.texts if element == name)


@given(TEXT, TEXT)
def test_whatever_text_goes_in_is_read_back_as_that_text(inside: str, beside: str) -> None:
    read_back = Reader(tag("p", inside, title=beside))
    assert read_back.elements == [("p", {"title": visible(beside)})]
    assert read_back.text("p") == visible(inside)


@given(some.text(some.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff")))
def test_text_without_control_characters_is_shown_as_it_is(text: str) -> None:
    assert visible(text) == text


@given(
    some.recursive(
        TEXT | some.integers() | some.none(), lambda inner: some.lists(inner) | some.dictionaries(TEXT, inner)
    )
)
def test_data_ends_no_script_and_is_read_back(value: object) -> None:
    read_back = Reader(tag("script", data(value), type="application/json"))
    assert [name for name, _ in read_back.elements] == ["script"]
    assert "<" not in data(value)
    assert json.loads(read_back.text("script")) == value


def told(text: str) -> ShownRun:
    """Return a run that says ``text`` wherever a run can say something."""
    declared = {"arguments": [[{text: {"name": text, "text": text}}, {"literal": {"text": text}}]], "script": text}
    row = {"state": text, "reason": text, "message": text, "exit_status": text, "metrics": {text: text},
           "outputs": {text: text}, "contents": {text: [text, 1, 2]}}  # fmt: skip
    one = ShownStep(text, {**declared, "environment": {text: text}}, row, (text,))
    points = [Point(1, 0.0, 1.0, None), Point(2, 1.0, 2.0, None)]
    about = recorded.header(
        pipeline=text, profile=text, parameters={text: text}, command=text, host=text, distributions={text: text},
        git={"commit": text, "branch": text, "dirty": [text]}, python={"version": text},
        azureml={"run": text, "experiment": text, "portal": "https://x/" + text},
    )  # fmt: skip
    return ShownRun(text, text, about, (one,), [Series(text, text, points)], {text: {text: text, "name": text}})


@given(TEXT)
def test_a_page_is_made_of_our_elements_alone_whatever_a_run_says(text: str) -> None:
    plain, odd = Reader(page(told("x"))), Reader(page(told(text)))
    assert {name for name, _ in odd.elements} <= ALLOWED
    assert [name for name, _ in odd.elements if name in {"script", "style", "meta"}] == [
        name for name, _ in plain.elements if name in {"script", "style", "meta"}
    ]
    assert {key for _, given in odd.elements for key in given if key.startswith("on") or key == "style"} == set()
    targets = {given["href"] for name, given in odd.elements if name == "a" and given["href"]}
    assert {target for target in targets if not re.match(r"#[a-z]+(-\d+)?$|https://x/", target)} == set()
    assert odd.text("title").startswith(visible(text)[:200]) or len(text) > 60


@given(TEXT)
def test_the_page_of_two_runs_is_made_of_our_elements_alone(text: str) -> None:
    read_back = Reader(comparison_page(told("x"), told(text)))
    assert {name for name, _ in read_back.elements} <= ALLOWED
    assert [name for name, _ in read_back.elements].count("script") == 5


JSON = some.recursive(
    some.none() | some.booleans() | some.integers() | some.floats() | TEXT,
    lambda inner: some.lists(inner, max_size=3) | some.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
KEYS = ("pipeline", "profile", "parameters", "started", "seconds", "command", "git", "plan", "python", "distributions",
        "steps", "azureml")  # fmt: skip


@given(some.dictionaries(some.sampled_from(KEYS), JSON))
def test_a_record_of_any_form_has_a_page(about: dict[str, Any]) -> None:
    record = RunRecord("r", "/nowhere", about)
    run = read(record, record.state)
    Reader(page(run))
    Reader(comparison_page(run, run))


def test_a_page_asks_for_nothing_and_allows_its_own_scripts_alone(tmp_path: Path) -> None:
    text = page(read(recorded.quickstart(tmp_path), "done"))
    read_back = Reader(text)
    policies = [given["content"] for name, given in read_back.elements if given.get("http-equiv")]
    assert len(policies) == 1
    assert re.fullmatch(
        r"default-src 'none'; img-src data:; script-src( 'sha256-[\w+/=]+'){4}; "
        r"style-src( 'sha256-[\w+/=]+'){2}; base-uri 'none'; form-action 'none'",
        policies[0] or "",
    )
    assert not [given for _, given in read_back.elements if given.keys() & {"src", "srcset", "action", "background"}]
    assert "http-equiv" in text[:200], "the policy stands before anything else"
    assert "url(" not in read_back.text("style")


def test_the_quickstart_has_a_page_with_all_there_is_to_tell(tmp_path: Path) -> None:
    text_of = page(read(recorded.quickstart(tmp_path), "done"))
    read_back = Reader(text_of)
    cells = [text for name, text in read_back.texts if name in {"td", "dd", "code"}]
    for text in ("digits", "0123456789abcdef", "steps/train.py", "0.9943", "252.4 kB", "3.11.2", "package-7",
                 "--epochs", "never ran", "10", "2", "prepare-data.out", "outputs.model",
                 "1,797 real digits"):  # fmt: skip
        assert text in cells, text
    assert "done, 8.3 s" in [text for name, text in read_back.texts if name == "text"]
    assert "epoch 10: loss" in read_back.text("code")
    (told_charts,) = re.findall(r'id="chart-data">(.*?)</script>', text_of)
    chart, other = json.loads(told_charts)
    assert (chart["name"], other["name"]) == ("loss", "gradient")
    assert chart["series"][0]["value"] == pytest.approx(recorded.losses(10), rel=1e-6)
    assert chart["series"][0]["time"][-1] == pytest.approx(9.2)


def test_a_page_of_300_steps_and_10000_values_is_small(tmp_path: Path) -> None:
    record = recorded.big(tmp_path)
    run = read(record, record.state)
    assert sum(len(one.points) for one in run.series) == 10_000
    assert len(page(run).encode()) < 1_000_000


def test_a_page_takes_work_in_step_with_steps_and_values(tmp_path: Path) -> None:
    runs = {steps: recorded.big(tmp_path / str(steps), steps=steps, points=25 * steps) for steps in (40, 160)}
    assert grows_in_step(lambda steps: page(read(runs[steps], "failed")), 40)


def test_no_log_makes_a_page_large(tmp_path: Path) -> None:
    written = Written(tmp_path / "runs", "r", header(*(step(f"s{number}") for number in range(50))))
    for number in range(50):
        written.step(f"s{number}", log=b"<&" * 500_000)
    written.end()
    (record,) = records(str(tmp_path / "runs"))
    text = page(read(record, "done"))
    assert len(text.encode()) < 500_000
    assert "Showing the end of a log of 1.0 MB; the 99" in text


def test_a_log_is_shown_as_its_end(tmp_path: Path) -> None:
    written = Written(tmp_path / "runs", "r", header(step("a"), step("b")))
    written.step("a", log=b"first\n" + b"line\n" * 100_000 + b"last\n")
    written.step("b", log=("é" * 100_000).encode() + b"\xff end")
    written.end()
    (record,) = records(str(tmp_path / "runs"))
    a, b = (one.log for one in read(record, "done").steps)
    assert a is not None
    assert b is not None
    assert a.text.startswith("line\n")
    assert a.text.endswith("line\nlast\n")
    assert a.left_out + len(a.text) == a.size
    assert set(b.text[:-5]) == {"é"}
    assert b.text.endswith("\ufffd end")


def log_of(state: Path, said: bytes) -> tuple[Log, str]:
    """Return the log of a step that failed, and the page of its run."""
    written = Written(state / "runs", "r", header(step("bad")))
    written.step("bad", log=said, state="failed")
    written.end("failed")
    run = read(records(str(state / "runs"))[-1], "failed")
    (log,) = (one.log for one in run.steps)
    assert log is not None
    return log, page(run)


def test_a_log_is_not_called_cut_for_what_is_shown_shorter(tmp_path: Path) -> None:
    state = tmp_path / ".aml_pipeline" / "p"
    copy = f"{state}/steps/bad/attempt.{'x' * 40}/working-copy"
    said = f'Traceback:\n  File "{copy}/bad.py", line 1\n10%\r20%\r30%\n\x1b[31mValueError\x1b[0m: é <&>\n'
    log, text = log_of(state, said.encode())
    assert log.text == f'Traceback:\n  File "{tmp_path}/steps/bad.py", line 1\n30%\nValueError: é <&>\n'
    assert (log.left_out, log.size) == (0, len(said.encode()))
    assert "Showing the end of a log" not in text


def test_a_log_that_is_cut_says_so_whatever_is_shown_shorter(tmp_path: Path) -> None:
    state = tmp_path / ".aml_pipeline" / "p"
    line = f"at {state}/steps/bad/attempt.x/working-copy/bad.py\n"
    log, text = log_of(state, line.encode() * 10_000)
    assert log.text.startswith("at ")
    assert log.left_out == (10_000 - log.text.count("\n")) * len(line)
    assert "Showing the end of a log of" in text
    escaped, text = log_of(tmp_path / "q", b"<" * 60_000)  # which has room as a file, and has none as markup
    assert escaped.left_out == 60_000 - len(escaped.text) > 0
    assert "Showing the end of a log of 60.0 kB" in text


def test_a_log_may_be_cut_in_the_path_of_a_folder_that_is_no_text(tmp_path: Path) -> None:
    state = tmp_path / ".aml_pipeline" / "p"
    written = Written(state / "runs", "r", header(step("bad")))
    written.step("bad", log=f"{state}/steps/bad/attempt.x/working-copy\n".encode() + b"<" * 60_000)
    source = {**step("bad"), "source_directory": "no text \udcff"}
    (one,) = read(RunRecord("r", str(state / "runs" / "r"), header(source)), "done").steps
    assert one.log is not None
    assert one.log.left_out == len(f"{tmp_path}/no text ?\n") + 60_000 - len(one.log.text) > 0


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m \x1b]0;title\x07plain", "red plain"),
        ("10%\r20%\r30%\nnext\r\n", "30%\nnext\n"),
        ("a\x1b[2Kb\x1bMc", "abc"),
        ("\x1b[", "\x1b["),
    ],
)
def test_a_log_is_shown_as_a_terminal_shows_it(text: str, shown: str) -> None:
    assert printed(text) == shown


def test_what_is_long_says_how_long_it_is() -> None:
    assert cut("x" * 10_000, 10) == "xxxxxxxxxx… (10,000 characters)"
    assert visible("a\x00\x1b\r\nb\ud800") == "a␀␛\nb\ufffd"
    assert tail_that_fits("<" * 100 + "end", 23) == "<<end"
    assert [size_in_words(one) for one in (1, 1234, 5e6, 2e9)] == ["1 byte", "1.2 kB", "5.0 MB", "2.0 GB"]
    assert [seconds_in_words(one) for one in (8.31, 125, 3720)] == ["8.3 s", "2 min 5 s", "1 h 2 min"]
    assert number_in_words(0.123456) == "0.1235"


@given(some.text("a<&é\x00\n"), some.integers(0, 60))
def test_the_end_of_a_text_fits_and_is_its_end(text: str, room: int) -> None:
    kept = tail_that_fits(text, room)
    assert text.endswith(kept)
    assert len(tag("p", kept).encode()) <= room + len("<p></p>")
    assert kept == text or len(kept) <= room


def logged(name: str, value: object, at: float = 0.0) -> dict[str, Any]:
    return {"event": "MetricLogged", "time": at, "step": "s", "name": name, "kind": "scalar", "value": value}


def test_rows_lists_and_tables_are_series_too() -> None:
    found = series_of(
        [
            logged("epoch", 1), logged("loss", 0.5), logged("loss", "nan"), logged("epoch", 2), logged("loss", 0.25),
            logged("row", {"x": 1, "y": {"z": 2}}), logged("list", [1, 2, "inf"]), logged("text", "a"),
            logged("huge", 10**400), logged("flag", value=True), logged("table", {"t": [1, 2]}),
        ]
    )  # fmt: skip
    values = {one.name: [point.value for point in one.points] for one in found}
    assert values == {
        "epoch": [1, 2], "loss": [0.5, None, 0.25], "row.x": [1], "row.y.z": [2], "list": [1, 2, None],
        "table.t": [1, 2],
    }  # fmt: skip
    assert [point.at for point in found[1].points] == [1, 1, 2]


@given(some.lists(some.none() | some.floats(-1e6, 1e6), min_size=1, max_size=400), some.integers(4, 60))
def test_fewer_points_keep_ends_and_extremes_in_order(values: list[float | None], most: int) -> None:
    points = [Point(number, float(number), value, None) for number, value in enumerate(values)]
    kept = fewer(points, most)
    assert len(kept) <= max(most, 4)
    assert [point.number for point in kept] == sorted({point.number for point in kept})
    assert (kept[0], kept[-1]) == (points[0], points[-1])
    known = [value for value in values if value is not None]
    if known:
        drawn = [point.value for point in kept if point.value is not None]
        assert (min(drawn), max(drawn)) == (min(known), max(known))


def test_charts_have_limits_and_say_so() -> None:
    points = [Point(number, 0.0, 1.0, None) for number in range(1, 3)]
    many = [Series(f"s{number}", f"m{number}", points) for number in range(MOST_CHARTS + 5)]
    wide = [Series(f"s{number}", "m0", points) for number in range(MOST_SERIES + 5)]
    made = charts([Curves("", 0.0, [*many, *wide])])
    assert len(made.rows) == MOST_CHARTS
    assert len(made.rows[0]["series"]) == MOST_SERIES
    assert made.remarks == [f"Showing the first {MOST_CHARTS} of {MOST_CHARTS + 5} charts.",
                            f"Showing only the first {MOST_SERIES} curves of 1 chart."]  # fmt: skip
    long = [Series("s", "m", [Point(number, 0.0, float(number % 7), None) for number in range(100_000)])]
    assert len(charts([Curves("", 0.0, long)]).rows[0]["series"][0]["value"]) <= MOST_POINTS


def test_a_run_that_goes_on_or_was_killed_has_a_page(tmp_path: Path) -> None:
    recorder = Recorder(str(tmp_path / "runs"), "r")
    recorder.open(lambda: header(step("a"), step("b")))
    recorder(StepStarted(START, "a", "never ran", "x", recorder.log("a")))
    recorder(MetricLogged(START + 1, "a", "loss", "scalar", 0.5))
    with open(tmp_path / "runs" / "r" / "events.jsonl", "a") as stream:
        stream.write('{"event": "StepEn')
    (record,) = records(str(tmp_path / "runs"))
    run = read(record, "interrupted")
    assert [(one.name, one.state) for one in run.steps] == [("a", "running"), ("b", "not run")]
    assert run.steps[0].metrics == {"loss": 0.5}
    assert run.steps[0].attempts[0].state == "running"
    assert "interrupted" in page(run)


def places(state: Path) -> list[str]:
    """Return the folders of outputs on the page of the last run."""
    read_back = Reader(page(read(records(str(state / "runs"))[-1], "done")))
    return [text for name, text in read_back.texts if name in {"td", "a"} and text.startswith(str(state))]


def test_an_output_is_told_by_its_link_where_that_leads_there(tmp_path: Path) -> None:
    attempts = [tmp_path / "steps" / "a" / f"attempt.{number}" / "out" for number in (1, 2)]
    for attempt in attempts:
        attempt.mkdir(parents=True)
    link = tmp_path / "outputs" / "a" / "out"
    link.parent.mkdir(parents=True)
    written = Written(tmp_path / "runs", "r", header(step("a")))
    written.step("a", output=str(attempts[0]))
    written.end()
    assert places(tmp_path) == [str(attempts[0])], "there is no link"
    link.symlink_to(os.path.relpath(attempts[0], link.parent))
    assert places(tmp_path) == [str(link)]
    link.unlink()
    link.symlink_to(attempts[1])
    assert places(tmp_path) == [str(attempts[0])], "a later run made another result"
    attempts[0].rmdir()
    assert places(tmp_path) == [str(attempts[0])]


def test_an_output_whose_name_or_folder_no_disk_can_have_is_told(tmp_path: Path) -> None:
    row = {"state": "done", "outputs": {"out": "/x\0y", "\0": "/"}, "contents": {}}
    run = read(RunRecord("r", str(tmp_path), {"steps": {"a": row}}), "done")
    assert [output.place for output in run.steps[0].outputs] == ["/x\0y", "/"]
    assert "/x␀y" in page(run)


def test_only_what_lies_beside_the_record_is_read_as_a_data_set(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "dataset.json").write_text('{"name": "secret"}')
    state = tmp_path / "state"
    written = Written(state / "runs", "r", header(step("a"), step("b")))
    written.step("a", output=str(outside))
    inside = state / "steps"
    inside.mkdir()
    (inside / "dataset.json").symlink_to(outside / "dataset.json")
    written.step("b", output=str(inside))
    written.end()
    (record,) = records(str(state / "runs"))
    assert read(record, "done").data_sets == {}


@pytest.mark.parametrize(
    ("portal", "leads"), [("https://ml.azure.com/runs/1", True), ("javascript:alert(1)", False), ("file:///etc", False)]
)
def test_only_an_address_of_the_web_leads_to_azure_ml(portal: str, leads: bool) -> None:  # noqa: FBT001
    about = header(azureml={"run": "r1", "experiment": "lesson", "portal": portal})
    read_back = Reader(page(ShownRun("r", "submitted", about)))
    links = [given["href"] for name, given in read_back.elements if name == "a"]
    assert [link for link in links if not str(link).startswith("#")] == ([portal] if leads else [])
    assert portal in read_back.text("p")


def run_of(state: str = "done", **more: Any) -> ShownRun:  # noqa: ANN401 - parts of a header
    row = {
        "state": "done", "seconds": more.pop("step_seconds", 1.0), "reason": more.pop("reason", "never ran"),
        "metrics": more.pop("metrics", {}), "outputs": {"out": "/x"},
        "contents": {"out": [more.pop("digest", "d"), 1, 9]},
    }  # fmt: skip
    return ShownRun("r", state, header(**more), (ShownStep("train", {}, row, ()),))


def differing(first: ShownRun, second: ShownRun) -> Mapping[str, list[tuple[str, str, str, str]]]:
    found = compare(first, second).differing()
    return {title: [(row.name, row.first, row.second, row.note) for row in rows] for title, rows in found.items()}


def test_two_runs_are_compared_by_what_they_are_made_of() -> None:
    first = run_of(metrics={"loss": 0.5, "gone": 1}, parameters={"epochs": "2"}, seconds=10.0)
    second = run_of(
        metrics={"loss": 0.25}, parameters={"epochs": "3"}, seconds=5.0, digest="e", step_seconds=2.0,
        distributions={"torch": "2"},
    )  # fmt: skip
    found = differing(first, second)
    assert found["Run"] == [("duration", "10.0 s", "5.0 s", "×0.50")]
    assert found["Parameters"] == [("epochs", "2", "3", "")]
    assert found["Final metrics"] == [("train.loss", "0.5", "0.25", "-0.25"), ("train.gone", "1", "–", "")]
    assert found["Durations"] == [("train", "1.0 s", "2.0 s", "×2.00")]
    assert found["Outputs"] == [("train.out", "d (1 file, 9 bytes)", "e (1 file, 9 bytes)", "content differs")]
    assert ("torch", "–", "2", "") in found["Packages"]
    assert differing(first, dataclasses.replace(first, id="other")) == {}


LOCAL = {"script": "a.py", "snapshot": {"a.py": "1"}, "inputs": {"b.x": "i"}, "after": {"c": "attempt-1"}}
REMOTE = {"script": "a.py", "snapshot": {"a.py": "1"}, "after": {"c": ""}, "settings": {}}


def made_from(parts: Mapping[str, Any] | None, state: str = "done") -> ShownRun:
    one = ShownStep("train", {"source_directory": "src"}, {"state": state}, ())
    return ShownRun("r", "done", header(), (one,), parts={} if parts is None else {"train": parts})


@pytest.mark.parametrize(
    ("before", "now", "words"),
    [
        (made_from(LOCAL), made_from(LOCAL), ()),
        (made_from(LOCAL), made_from({**LOCAL, "inputs": {"b.x": "j"}}), ("input b.x changed",)),
        (made_from(LOCAL), made_from({**LOCAL, "script": "b.py", "snapshot": {"b.py": "1"}}),
         ("src/a.py was removed", "src/b.py is new", "script a.py → b.py")),
        (made_from(LOCAL), made_from(REMOTE), ()),
        (made_from(REMOTE), made_from({**REMOTE, "snapshot": {"a.py": "2"}}), ("src/a.py changed",)),
        (made_from(LOCAL), made_from(None), ("code not recorded in B",)),
        (made_from(LOCAL), made_from(None, "not run"), ("did not run in B",)),
        (made_from(None, "not run"), made_from(LOCAL), ("did not run in A",)),
        (made_from(None, "not run"), made_from(None, "not run"), ()),
        (ShownRun("r", "done", header()), made_from(LOCAL), ("the step is new",)),
        (made_from(LOCAL), ShownRun("r", "done", header()), ("the step was removed",)),
    ],
)  # fmt: skip
def test_causes_are_what_a_step_was_made_from(before: ShownRun, now: ShownRun, words: tuple[str, ...]) -> None:
    assert [cause.words for cause in compare(before, now).causes] == ([words] if words else [])


def test_the_page_of_a_run_calls_the_other_one_the_run_before() -> None:
    before = Before(made_from(None, "not run"))
    assert "did not run in the run before" in "".join(changes(made_from(LOCAL), before, 10_000))


def test_states_differ_by_how_a_step_ended_and_not_by_which_run_made_its_result() -> None:
    run, reused, failed = (made_from(LOCAL, state) for state in ("done", "up to date", "failed"))
    assert differing(run, reused) == {}
    assert differing(reused, failed)["States"] == [("train", "done", "failed", "")]


def test_a_page_shows_as_many_diffs_as_have_room() -> None:
    big = Diff("big.py changed", ("+" + "x" * 249_000,))
    text = comparison_page(made_from(LOCAL), made_from(LOCAL), [big, big, Diff("small.py changed", ("-a", "+b"))])
    assert text.count("big.py changed</b>") == 1
    assert '<span class="removed">-a\n</span><span class="added">+b\n</span>' in text
    assert "1 more not shown; `aml-pipeline compare --code` shows all changed lines." in text


@given(TEXT)
def test_no_diff_becomes_an_element(text: str) -> None:
    page = Reader(comparison_page(told("x"), told("x"), [Diff(text, (text, f"+{text}"))]))
    assert {name for name, _ in page.elements} <= ALLOWED


@pytest.mark.parametrize(
    ("before", "now", "shown"),
    [
        (1 / 3, 2 / 3, ("0.3333", "0.6667", "+0.3333")),
        (0.5, 0.25, ("0.5", "0.25", "-0.25")),
        (0.977312345, 0.977323456, ("0.97731", "0.97732", "+1.111e-05")),
        (0.1 + 0.2, 0.3, ("0.30000000000000004", "0.29999999999999999", "-5.551e-17")),
        (3, 3.00001, ("3", "3.00001", "+1e-05")),
        (12_345_678, 12_345_679, ("12345678", "12345679", "+1")),
        (1 / 3, None, ("0.3333", "–", "")),
        (1 / 3, "nan", ("0.3333", "nan", "")),
    ],
)
def test_compared_metrics_have_as_many_digits_as_tell_them_apart(
    before: object, now: object, shown: tuple[str, str, str]
) -> None:
    metrics = [{"m": value} for value in (before, now) if value is not None]
    found = differing(run_of(metrics=metrics[0]), run_of(metrics=metrics[1] if len(metrics) > 1 else {}))
    assert found["Final metrics"] == [("train.m", *shown)]


@given(some.floats(allow_nan=False, allow_infinity=False), some.floats(allow_nan=False, allow_infinity=False))
@example(0.0, -0.0)
def test_metrics_differ_as_they_do(before: float, now: float) -> None:
    found = differing(run_of(metrics={"m": before}), run_of(metrics={"m": now}))
    assert ("Final metrics" in found) == (before != now)


@pytest.mark.parametrize(
    ("before", "now", "note"),
    [(2.0, 1.0, "×0.50"), (1.0, 999.0, "×999.00"), (0.02, 4_146.0, ""), (4.0, 0.04, ""), (1.0, 1_001.0, "> ×1000"),
     (100.0, 1.0, "×0.01"), (2_000.0, 1.0, "< ×0.01"), (0.0, 1.0, "")],
)  # fmt: skip
def test_a_ratio_of_times_is_told_where_it_means_something(before: float, now: float, note: str) -> None:
    found = differing(run_of(step_seconds=before), run_of(step_seconds=now))
    assert [row[3] for row in found["Durations"]] == [note]


def test_markup_joins_text_and_markup() -> None:
    assert join([tag("b", "<"), "<"]) == "<b>&lt;</b>&lt;"


def test_each_step_has_the_metrics_of_the_run_that_made_its_result(tmp_path: Path) -> None:
    for maker, offset in (("r0", 0.0), ("r1", 10.0)):
        written = Written(tmp_path / "runs", maker, header(step("a"), step("b")))
        for name in ("a", "b"):
            written.step(name, metrics={"loss": [offset + 1, offset + 2]})
        written.end()
    recorder = Recorder(str(tmp_path / "runs"), "r2")
    recorder.open(lambda: header(step("a"), step("b"), step("c")))
    for name, maker in (("a", "r0"), ("b", "r1"), ("c", "../runs")):
        recorder(StepEnded(START, name, "up to date", "", made_by=maker))
    recorder(RunEnded(START, "done", 1.0))
    run = read(records(str(tmp_path / "runs"))[-1], "done")
    assert [dict(one.metrics) for one in run.steps] == [{"loss": 2.0}, {"loss": 12.0}, {}]
    assert {one.step: [point.value for point in one.points] for one in run.series} == {
        "a": [1.0, 2.0],
        "b": [11.0, 12.0],
    }
    assert len(run.series) == 2
