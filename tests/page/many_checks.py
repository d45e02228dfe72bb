"""What a browser makes of the page of many runs; ``make page`` runs this."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core.errors import UsageError
from aml_pipeline.report.many.page import MOST_BYTES
from aml_pipeline.report.table.rows import Table
from aml_pipeline.report.table.where import predicate
from tests.page import recorded_runs
from tests.page.browser import Browser, Tab
from tests.page.checks import AXE, Opener, browser, eventually, pixels
from tests.page.recorded import HARM

__all__ = ["browser"]  # a fixture
# JavaScript: what is on the page.
ROWS = "document.querySelectorAll('#rows tbody tr').length"
TOLD = "document.getElementById('told').textContent"
FIRST = "document.querySelector('#rows tbody th').textContent"
FOCUS = "document.activeElement"


@pytest.fixture(scope="session")
def page(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder = tmp_path_factory.mktemp("many é")

    def written(name: str) -> Path:
        place = folder / f"{name}.html"
        if not place.exists():
            place.write_text(getattr(recorded_runs, name)(folder / name), encoding="utf-8")
        return place

    return written


@pytest.fixture
def opened(browser: Browser, page: Callable[[str], Path]) -> Iterator[Opener]:
    """Open a page; afterwards it must have asked for nothing and complained of nothing."""
    tabs: list[tuple[Tab, str]] = []

    def open_page(name: str, **settings: Any) -> Tab:  # noqa: ANN401 - as Tab has them
        tab = Tab(browser, **settings)
        tabs.append((tab, page(name).as_uri()))
        tab.open(page(name))
        return tab

    yield open_page
    for tab, address in tabs:
        assert [one for one in tab.requests() if not one.startswith("blob:")] == [address]
        assert tab.complaints() == []
        tab.close()


def choose(tab: Tab, name: str, value: str, kind: str = "change") -> None:
    """Choose in a list, or write into a field."""
    place = f"document.getElementById({json.dumps(name)})"
    tab.value(f"(() => {{ {place}.value = {json.dumps(value)}; {place}.dispatchEvent(new Event('{kind}')); }})()")


def filtered(tab: Tab, text: str, told: str) -> bool:
    """Filter the runs; whether the page comes to say so."""
    choose(tab, "where", text, "input")
    return eventually(tab, lambda tab: str(tab.value(TOLD)).startswith(told))


def test_runs_are_filtered_by_a_condition_or_a_text(opened: Opener) -> None:
    tab = opened("grid")
    assert tab.value(ROWS) == 24
    assert filtered(tab, "learning_rate < 0.1 and state == done", "15 of 24 runs")
    assert tab.value(ROWS) == 15
    assert filtered(tab, "optimizer in (adam, lbfgs) or `epochs` >= 1e1", "18 of 24 runs")
    assert filtered(tab, "failed", "2 of 24 runs; searched as text")
    assert filtered(tab, "loss:min < loss", "0 of 24 runs")
    assert filtered(tab, "nothing < 3", "24 runs")
    assert tab.value("document.getElementById('refused').textContent").startswith('Unknown column "nothing".')
    tab.value("document.getElementById('clear').click()")
    assert tab.value("document.getElementById('refused').textContent") == ""
    assert tab.value(TOLD) == "24 runs"


# Through the page and through ``--where``.
CONDITIONS = (
    "learning_rate < 0.1 and state == done", "not (epochs in [5, 7] or loss:max > 2)", "optimizer ~ AD",
    "optimizer != adam and `batch_size` >= 1.6e1", "epochs not in (5)", "state = 'failed' or seconds > 10s", "dirty",
    'learning_rate == "0.01"', "loss < accuracy", "train.accuracy:min < 0.8", "group == group-1", "optimizer > 5",
    "note == x or not note", "duration <= 0.1min", "epochs <= `batch_size` and not state ~ fail", "optimizer != state",
    "commit ~ 0123",
    "epochs <", "(epochs == 5", "nothing == 3", "epochs == 5 optimizer", "= 5", "epochs ~ 1 and commit ~ ABC",
    "not pinned", "pinned", "pinned and note", "pinned or dirty", "not (pinned)", "not profile", "azureml",
    "endpoint == x",
    "age < 1h", "age < 1.5h", "age > 0s", "not age", "note ~ KEPT", "note != foo", "not note", "tags ~ b", "run ~ 000",
    "id ~ 0001", "accuracy:min > 0.3", "group == x", "failed_steps ~ train", "failed_steps", "started > 1", "in (5)",
    "pinned in 1", "state in (done)", "5 < pinned",
)  # fmt: skip
OF_ODD = (
    "seed == 9007199254740993", "seed == '9007199254740993'", "seed > 9007199254740992",
    "seed >= 9007199254740992",
    "seed in (5, 9007199254740993)", "seed != 5", "seed < 1e3", "seed == 5.", "seed == +5", "seed == 0x5",
    "seed == 1_0",
    "flag == 'true'", "flag == true", "flag == 1", "flag ~ tru", "flag", "not flag", "name == 3", "name == '3.0'",
    "name ~ STRASSE", "name ~ straße", "rate == 3", "rate == '3.0'", "rate ~ 3",
    "rate < 5 and not name",
    "seed == 1d", "rate > seed", "rate > `seed`", "seed==5 && flag", "5 < seed", "flag in 1", "name ~ `",
    "started > 2026-09-21", "started > '2026-09-21 13:30'", "started >= 2026-09-21T13:00Z",
    "started < 2026-09-21T15+02:00",
    "started > 2026-02-30", "started > yesterday", "started in (2026-09-21)", "started > 20260921", "started ~ 2026",
    "started == '2026-09-21T24:00'", "started > 2026-09-21T13:00:01.5", "started > 2026-W39",
    "started > 2026-09-21t13", "started > 0001-01-01",
    "flag == yes", "flag == no", "flag != 'no'", "flag == 'yes'", "flag > no", "flag == YES", "flag in (yes, 5)",
    "flag in ('true')", "name == true", "seed == true", "seed == no", "off == no", "off == yes", "off != yes",
    "not off",
    "dirty == 0", "not dirty", "pinned == no", "blank == ''", "blank != x", "not blank", "blank == `name`",
    "loss == 1", "loss > 0.5 and val.loss > 1", "best.loss < 1", "train.loss == loss", "`loss` == 1.0", "size == 1",
    "report.size == 0", "val == 1", "loss:min == 1", "val.loss:max > 1", "seed:min == 5", "seed:max", "` seed ` == 5",
    "rate ~ 3.0", "rate ~ '3.0'", "loss ~ 1.0", "train.size ~ 1.0", "report.size ~ 1.0", "best.loss ~ 1e-07",
    "report.size:max ~ 1e+20", "report.size:max == 100000000000000000000", "best.loss ~ 0.0000001", "age ~ 0.0",
    "exact == 0.3333333333333333", "exact ~ 33333333333", "exact == 0.3333333", "seed ~ 993", "seed ~ 9.0",
    "name == \u0663", "name == \uff13", "seed == \u0665", "rate\u00a0== 3", "rate \u2003 < 5", "\ufeffrate < 5",
    "rate\x1f== 3", "rate\x85== 3", "name < \U0001f600", "note < '\ufb01'", "note < \U0001f600", "note ~ KEPT",
    "name == `nothing`", "name == `train.acc`", "`nothing` == 3", "name == `9`", "rate > `epochs` and seed == 5",
    "age < 2 min", "seed == 5 s", "seed == '5' h", "name ~ 3 d", "name == 3 and seed", "seed == 5 'w'", "age < 2d",
    'state == "done', "name == 'x", "seed 5 name == 'x", "`seed == 5", "3 == name", "1e3 < seed", "'3' == name",
    "1 < seed < 3", "seed >= -9007199254740993", "seed == '+9007199254740993'", "seed < '6'", "seed == `name`",
    "seed == 9007199254740993s", "seed > 1e999", "name > ''", "name >= 3", "name < Strasse", "state == DONE",
    "not " * 101 + "flag", "(" * 99 + "flag" + ")" * 99, "flag and", "flag or not", "flag not 5", "flag not in (no)",
    "in == 5", "'in' == 5", "flag in (yes no)", "flag in (yes,)", "flag in []", "flag in (yes]", "flag == ,",
    "tags ~ A=B", "id == run-0001", "duration > 1s", "seconds ~ .0", "failed_steps == x", "endpoint", "not endpoint",
    "commit", "azureml != x", "run == `run`", "state in (done, `state`)", "note == 'kept' or (flag == no and rate < 1)",
)  # fmt: skip


@pytest.mark.parametrize(("name", "conditions"), [("grid", CONDITIONS), ("odd", (*CONDITIONS, *OF_ODD))])
def test_conditions_mean_what_they_mean_on_the_command_line(
    opened: Opener, page: Callable[[str], Path], name: str, conditions: tuple[str, ...]
) -> None:
    table = recorded_runs.tabled(page(name).with_suffix(""))
    tab = opened(name)
    tab.value(f"Date.now = () => {1000 * recorded_runs.NOW}")
    meanings = {each: (_on_page(each, tab), _on_command_line(each, table)) for each in conditions}
    assert {each: both for each, both in meanings.items() if both[0] != both[1]} == {}


def _on_page(condition: str, tab: Tab) -> tuple[list[int], list[str]]:
    """Return the rows that match, and the condition with a caret if it is refused."""
    rows = tab.value(f"all.rows.filter(testOf({json.dumps(condition)}))")
    return rows, tab.value("document.getElementById('refused').textContent").splitlines()[1:]


def _on_command_line(condition: str, table: Table) -> tuple[list[int], list[str]]:
    try:
        holds = predicate(condition, table)
    except UsageError as error:
        return list(range(len(table.rows))), str(error).splitlines()[1:]
    return [number for number, row in enumerate(table.rows) if holds(row)], []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("not done", "0 of 24 runs; searched as text"),
        ("STATE OF", "0 of 24 runs; searched as text"),
        ("pinned", "0 of 24 runs"),
        ("epochs in 1", "24 runs"),
        ("age > 0s", "24 runs"),
    ],
)
def test_only_what_names_no_column_is_searched_as_text(opened: Opener, text: str, told: str) -> None:
    tab = opened("grid")
    choose(tab, "where", text, "input")
    assert eventually(tab, lambda tab: tab.value("view.where") == text)
    assert tab.value(TOLD) == told


def test_the_values_of_parameters_are_shown_as_they_were_given(opened: Opener) -> None:
    tab = opened("odd")
    seeds = "all.rows.map((row) => wordsIn(all.byName.get('seed'), row))"
    assert tab.value(seeds) == ["9007199254740994", "9007199254740993", "9007199254740992", "5"]


@pytest.mark.parametrize("width", [360, 1024])
def test_the_table_begins_with_what_varies(opened: Opener, width: int) -> None:
    tab = opened("grid", width=width)
    heads = tab.value("[...document.querySelectorAll('#rows thead th')].map((one) => one.textContent)")
    assert heads[:3] == ["run", "state", "epochs"]
    assert heads[6:] == ["train.loss", "train.accuracy", *(["started"] if width > 360 else []), "duration"]
    assert tab.value("location.hash") == ""
    left = "document.querySelector('#rows tbody th').getBoundingClientRect().left"
    tab.value("document.querySelector('#rows').parentElement.scrollLeft = 200")
    assert tab.value(f"{left} >= document.querySelector('#rows').parentElement.getBoundingClientRect().left")


def test_two_runs_fit_a_narrow_screen_and_are_not_cut(opened: Opener) -> None:
    tab = opened("grid", width=360)
    box = "document.querySelector('#pair .scrolled')"
    assert eventually(tab, lambda tab: bool(tab.value(f"{box} !== null")))
    assert tab.value(f"[{box}.scrollWidth - {box}.clientWidth, {box}.scrollHeight - {box}.clientHeight]") == [0, 0]


def test_files_of_a_step_that_did_not_run_were_not_removed(opened: Opener) -> None:
    tab = opened("odd")
    choose(tab, "first", "1")
    choose(tab, "second", "0")
    remarks = "[...document.querySelectorAll('#pair > .remark')].map((one) => one.textContent)"
    said = ["Step report did not run in B, or its code was not recorded.", "No differences in code."]
    assert eventually(tab, lambda tab: tab.value(remarks) == said)
    assert tab.value("changeOf({kind: 'seconds', role: 'about'}, 1.02, 1.04)") == ""
    assert tab.value("changeOf({kind: 'number', role: 'parameter'}, 0.1, 0.01)") == "\u22120.09"


def test_runs_are_sorted_with_the_keyboard(opened: Opener) -> None:
    tab = opened("grid")
    assert tab.value(FIRST) == "0017"  # the newest first
    tab.value("[...document.querySelectorAll('thead button')].find((one) => one.textContent === 'train.loss').focus()")
    losses = "all.byName.get('train.loss').values"
    for way, best in (("ascending", "Math.min"), ("descending", "Math.max")):
        tab.press(" ")
        assert tab.value(f"{FOCUS}.textContent") == "train.loss"
        assert tab.value(f"{FOCUS}.parentElement.ariaSort") == way
        assert tab.value(f"{losses}[view.rows[0]] === {best}(...{losses})")


def test_the_best_value_of_a_metric_comes_first_and_stands_out(opened: Opener) -> None:
    tab = opened("grid")
    tab.value("document.querySelector('#rows [data-name=\"train.accuracy\"]').click()")
    accuracies = "all.byName.get('train.accuracy').values"
    assert tab.value(f"{accuracies}[view.rows[0]] === Math.max(...{accuracies})")
    best = "[...document.querySelectorAll('#rows .best')].map((cell) => cell.parentElement.rowIndex)"
    assert tab.value(best) == [1, 1]  # of the loss and of the accuracy
    choose(tab, "where", "epochs > 99", "input")
    said = "document.querySelector('#rows tbody').textContent"
    assert eventually(tab, lambda tab: tab.value(said) == "No run matches.")


def test_the_run_under_the_pointer_stands_out_in_the_pictures(opened: Opener) -> None:
    tab = opened("grid")
    tab.value("document.querySelector('#rows tbody tr').dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))")
    pointed = "[...document.querySelectorAll('.pointed')].map((made) => [made.tagName, made.dataset.row])"
    assert tab.value(pointed) == [["path", "0"], ["circle", "0"]]
    tab.press("/")
    assert tab.value(f"{FOCUS}.id") == "where"
    tab.press("/")
    assert tab.value(f"{FOCUS}.id") == "where"


def test_chosen_runs_are_drawn_and_kept_in_the_address(opened: Opener) -> None:
    tab = opened("grid")
    assert tab.value("sheet.charts[0].series.length") == 10
    assert pixels(tab, like="#0a58a8") > 100
    for row in (2, 5):
        tab.value(f"document.querySelector('#rows input[data-row=\"{row}\"]').focus()")
        tab.press(" ")
    assert tab.value("sheet.charts[0].series.map((one) => one.label)") == tab.value("[nameOf(2), nameOf(5)]")
    assert tab.value("[document.getElementById('first').value, document.getElementById('second').value]") == ["2", "5"]
    assert tab.value(TOLD) == "24 runs, 2 chosen"
    choose(tab, "metric", "train.accuracy")
    choose(tab, "group", "optimizer")
    seen = tab.value("[sheet.charts[0].name, document.querySelectorAll('#rows .group').length]")
    assert seen == ["train.accuracy", 2]
    address = tab.value("location.href")
    again = opened("grid")
    again.value(f"history.replaceState(null, '', {json.dumps(address)})")
    again.value("(() => { fromAddress(); offer(); changed(); })()")
    assert again.value("[[...view.picks], view.metric, view.group]") == [[2, 5], "train.accuracy", "optimizer"]
    assert again.value("document.getElementById('metric').value") == "train.accuracy"


def test_a_range_on_an_axis_filters_with_pointer_and_keys(opened: Opener) -> None:
    tab = opened("grid")
    tab.value("document.getElementById('parallel').scrollIntoView({block: 'center'})")
    place = tab.value("""(() => {
      const at = document.querySelector("#parallel [data-name=learning_rate] .room").getBoundingClientRect();
      return [at.left + at.width / 2, at.top, at.height];
    })()""")
    x, top, height = place
    tab.drag((x, top + height * 0.3), (x, top + height * 0.7))  # only the value in the middle
    assert eventually(tab, lambda tab: str(tab.value(TOLD)).startswith("8 of 24 runs"))
    assert tab.value("document.getElementById('ranges').textContent") == "learning_rate: 0.01 to 0.01 ×"
    tab.value("document.querySelector('#ranges button').click()")
    assert tab.value(TOLD) == "24 runs"
    tab.value("document.querySelector('#parallel [data-name=learning_rate] [data-end=\"1\"]').focus()")
    tab.press("ArrowDown")
    assert tab.value(TOLD) == "16 of 24 runs"
    assert tab.value(f"{FOCUS}.getAttribute('aria-valuetext')") == "0.01"
    tab.press("Escape")
    assert tab.value(TOLD) == "24 runs"


def test_the_scatter_plot_has_any_two_columns_and_keys(opened: Opener) -> None:
    tab = opened("grid")
    choose(tab, "right", "learning_rate")
    choose(tab, "up", "train.accuracy")
    assert tab.value("document.querySelectorAll('#scatter circle').length") == 24
    tab.value("document.querySelector('#scatter svg').focus()")
    tab.press("ArrowRight", "ArrowRight", "Enter")
    row = tab.value("view.dots[1].row")
    assert tab.value("[...view.picks]") == [row]
    assert tab.value(f"{FOCUS} === document.querySelector('#scatter svg')")
    assert tab.value("document.getElementById('dot').textContent") == tab.value(f"titleOf({row})")


def test_two_runs_are_side_by_side_with_their_code(opened: Opener) -> None:
    tab = opened("grid")
    choose(tab, "first", "23")
    choose(tab, "second", "22")
    text = "document.querySelector('#pair .log').textContent"
    assert eventually(tab, lambda tab: bool(tab.value(f"{text} !== null")))
    assert tab.value(text) == "@@ A line 1, B line 1 @@\n import torch\n-RATE = 1\n+RATE = 2\n"
    assert tab.value("document.querySelector('#pair summary').textContent") == "steps/train.py changed"
    rows = "[...document.querySelectorAll('#pair tbody tr')].map((row) => [...row.cells].map((one) => one.textContent))"
    assert ["optimizer", "adam", "sgd", ""] in tab.value(rows)


@pytest.mark.parametrize(
    ("old", "now", "lines"),
    [
        ("", "", []),
        ("a\n", "a\n", []),
        ("", "a\nb\n", ["+a", "+b"]),
        ("a\nb\nc\n", "a\nc\n", [" a", "-b", " c"]),
        ("a\nb\nc\nd\n", "x\nb\ny\nd\n", ["-a", "+x", " b", "-c", "+y", " d"]),
        ("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\n5\n6\n7\n8\n", [" 6", " 7", " 8", "-9"]),
    ],
)
def test_a_diff_has_the_fewest_changes(opened: Opener, old: str, now: str, lines: list[str]) -> None:
    tab = opened("grid")
    shown = tab.value(f"unified({json.dumps(old)}, {json.dumps(now)})")
    assert [text for sign, text in shown if sign != "@"] == lines


def test_a_thousand_runs_fit_and_are_drawn(
    opened: Opener, page: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    size = page("thousand").stat().st_size
    assert size <= MOST_BYTES
    tab = opened("thousand")
    with capsys.disabled():
        milliseconds = tab.value("document.documentElement.dataset.drawn")
        sys.stdout.write(f"\n1,000 runs: a page of {size:,} bytes, drawn {milliseconds} ms after the request\n")
    assert tab.value("Object.keys(curves.of).length") == 20
    assert tab.value("Object.keys(curves.of['train.metric-19']).length") == 1000
    assert tab.value("document.querySelectorAll('#parallel .run').length") == 1000
    assert tab.value(TOLD) == "1000 runs, the first 200 in the table"
    tab.value("document.getElementById('more').click()")
    assert tab.value(ROWS) == 1000
    tab.value("for (let row = 0; row < 50; row += 1) view.picks.add(row); chooseCurves(); drawRuns();")
    assert tab.value("sheet.charts[0].series.length") == 40
    assert tab.value("document.getElementById('of-curves').textContent") == "The first 40 of 50 chosen."


def test_what_means_harm_is_shown_as_text(opened: Opener) -> None:
    tab = opened("harmful")
    for name in ("colour", "group", "right", "up"):
        for place in range(int(tab.value(f"document.getElementById('{name}').options.length"))):
            tab.value(f"document.getElementById('{name}').selectedIndex = {place}")
            tab.value(f"document.getElementById('{name}').dispatchEvent(new Event('change'))")
    choose(tab, "first", "0")
    choose(tab, "second", "2")
    assert eventually(tab, lambda tab: HARM in str(tab.value("document.getElementById('pair').textContent")))
    assert tab.value("window.harmed === undefined")
    assert tab.value("document.querySelectorAll('img, iframe, object, embed, link, base, a').length") == 0
    assert tab.value("document.querySelector('h1').textContent") == f"{HARM[:100]}: 3 runs"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1024, 1920])
@pytest.mark.parametrize("name", ["grid", "harmful"])
def test_axe_finds_no_violation(opened: Opener, name: str, width: int, scheme: str) -> None:
    tab = opened(name, scheme=scheme, width=width)
    tab.value("document.querySelectorAll('details').forEach((one) => one.open = true)")
    tab.value("document.querySelectorAll('#rows input')[1].click(); setRange(axesShown()[0].name, 0, 0.9)")
    choose(tab, "group", tab.value("document.getElementById('group').options[1].value"))
    assert tab.value("document.documentElement.scrollWidth") <= width
    tab.value(AXE.read_text(encoding="utf-8") + "; true")
    found = tab.value("axe.run(document, {resultTypes: ['violations']}).then((told) => told.violations.map((one) =>"
                      " [one.id, one.impact, one.nodes.length, one.nodes[0].html.slice(0, 200)]))")  # fmt: skip
    assert found == []
