"""The page of many runs: what of the records is on it, and how it stays small."""

from __future__ import annotations

import base64
import json
import re
import zlib
from pathlib import Path
from typing import Any

import pytest

from aml_pipeline.core import files
from aml_pipeline.report.many import page as many
from aml_pipeline.report.many.curves import Curves, Source, curves_of, reduced
from aml_pipeline.report.many.reading import read_page, sources_of
from aml_pipeline.report.many.texts import texts_of
from aml_pipeline.report.table.rows import table_of, variants_of
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.summaries import summary_of
from tests.page.recorded import HARM, Written, header, step

DECLARED = {"rate": {"text": "0.1", "default": "0.1", "type": "number"}}


def unpacked(page: str, name: str) -> Any:  # noqa: ANN401 - JSON
    """Return the data in a page, as its script reads it."""
    match = re.search(rf'<script type="text/plain" id="{name}">([^<]*)</script>', page)
    assert match
    return json.loads(zlib.decompress(base64.b64decode(match[1])))


def recorded(state: Path, number: int, rate: float, *, losses: list[float], **more: Any) -> Written:  # noqa: ANN401
    """Record a run of one step, which trains."""
    about = header(step("train"), parameters={"rate": str(rate), "seed": "0"}, started=1e9 + number, **more)
    about["plan"]["parameters"] = DECLARED
    run = Written(state / "runs", f"2026-09-21T13-00-00-000-000{number}", about)
    run.step("train", metrics={"loss": losses, "accuracy": [1 - losses[-1]]} if losses else {})
    run.end()
    return run


def all_of(state: Path) -> tuple[list[RunRecord], list[dict[str, Any]], list[Source]]:
    """Return the records of a state folder, newest first, with their summaries and sources."""
    runs = records(str(state / "runs"))[::-1]
    summaries = [summary_of(record) for record in runs]
    return runs, summaries, sources_of(summaries, runs)


def page_of(state: Path) -> str:
    _, summaries, sources = all_of(state)
    return read_page(table_of(summaries, now=0.0, busy=False), sources, Contents(str(state)))


def test_a_page_has_the_columns_and_curves_of_all_runs(tmp_path: Path) -> None:
    for number, rate in enumerate([0.1, 0.01, 0.001]):
        recorded(tmp_path, number, rate, losses=[rate, rate / 2])
    page = page_of(tmp_path)
    assert "<h1>cifar10: 3 runs</h1>" in page
    data = unpacked(page, "many-rows")
    columns = {column["name"]: column for column in data["columns"]}
    assert columns["rate"] == {"name": "rate", "kind": "number", "role": "parameter", "values": [0.001, 0.01, 0.1]}
    assert columns["train.loss"]["values"] == [0.0005, 0.005, 0.05]
    assert data["short"] == ["0002", "0001", "0000"]
    assert data["titles"] == ["0002 rate=0.001", "0001 rate=0.01", "0000 rate=0.1"]
    assert {"age", "note", "group"}.isdisjoint(columns)
    first = ["run", "state", "rate", "train.loss", "train.accuracy", "started", "seconds"]
    view = {"sort": "-started", "metric": "train.loss", "curve": "train.loss", "right": "rate", "up": "train.loss"}
    assert data["defaults"] == {"columns": first, **view}
    curves = unpacked(page, "many-curves")["of"]
    assert list(curves) == ["train.loss"]  # accuracy was logged once in each run
    assert curves["train.loss"]["0"]["value"] == [0.001, 0.0005]


def test_columns_are_in_the_order_in_which_they_are_shown(tmp_path: Path) -> None:
    recorded(tmp_path, 0, 0.1, losses=[1.0, 0.5])
    columns = unpacked(page_of(tmp_path), "many-rows")["columns"]
    names = [column["name"] for column in columns if column["role"] != "extreme"]
    assert names[:5] == ["run", "state", "rate", "seed", "train.loss"]
    assert names.index("train.accuracy") < names.index("started") < names.index("seconds")


def test_a_parameter_is_on_the_page_as_it_was_given(tmp_path: Path) -> None:
    for number, rate in enumerate([9007199254740993, 0.123456789012, 2**53]):
        recorded(tmp_path, number, rate, losses=[])
    columns = {column["name"]: column["values"] for column in unpacked(page_of(tmp_path), "many-rows")["columns"]}
    assert columns["rate"] == [2**53, 0.123456789012, "9007199254740993"]


def test_the_code_of_a_run_tells_the_steps_of_each_file_and_those_without_code(tmp_path: Path) -> None:
    contents = Contents(str(tmp_path))
    parts = json.dumps([1, {"snapshot": {"all.py": "1" * 64}}]).encode()
    contents.keep(files.digest_of(parts), parts)
    Written(tmp_path / "runs", "one", header(step("train"), step("report"))).end()
    place = tmp_path / "runs/one/run.json"
    run = json.loads(place.read_text())
    place.write_text(json.dumps({**run, "steps": {"train": {"key": files.digest_of(parts)}}}))
    code = texts_of(records(str(tmp_path / "runs")), contents, 1000)
    assert code["code"] == [{"files": [["steps/all.py", 0, ["train"]]], "without": ["report"]}]


def test_the_curves_of_a_reused_result_are_those_of_the_run_that_made_it(tmp_path: Path) -> None:
    recorded(tmp_path, 0, 0.1, losses=[3.0, 2.0, 1.0])
    recorded(tmp_path, 1, 0.1, losses=[])
    place = tmp_path / "runs/2026-09-21T13-00-00-000-0001/short.json"
    short = json.loads(place.read_text())
    short["steps"]["train"] |= {"state": "up to date", "made_by": "2026-09-21T13-00-00-000-0000"}
    place.write_text(json.dumps(short))
    _, _, sources = all_of(tmp_path)
    curves = curves_of(sources)
    assert curves["train.loss"][0] == curves["train.loss"][1]
    assert curves["train.loss"][0]["value"] == [3.0, 2.0, 1.0]


def test_a_row_of_a_variant_has_its_own_curves(tmp_path: Path) -> None:
    variants = {
        f"train-{size}": {"declared": "train", "variant": {"size": str(size)}, "title": f"train[size={size}]"}
        for size in (4, "16.0")
    }
    run = Written(tmp_path / "runs", "one", header(*({**step(name), **about} for name, about in variants.items())))
    for name, start in (("train-4", 4.0), ("train-16.0", 16.0)):
        run.step(name, metrics={"loss": [start, 1.0]})
    run.end()
    runs, summaries, sources = all_of(tmp_path)
    assert set(curves_of(sources)) == {"train[size=4].loss", "train[size=16.0].loss"}
    table = variants_of(summaries, "train", now=0.0, busy=False)
    page = read_page(table, sources_of(summaries, runs, "train"), Contents(str(tmp_path)))
    data, curves = (unpacked(page, name) for name in ("many-rows", "many-curves"))
    assert data["noun"] == "variant"
    assert data["titles"] == ["one size=4", "one size=16.0"]
    (size,) = (column for column in data["columns"] if column["name"] == "size")
    assert (size["values"], size["written"]) == ([4, 16.0], {"1": "16.0"})
    assert [curves["of"]["train.loss"][row]["value"][0] for row in "01"] == [4.0, 16.0]


def test_texts_are_on_a_page_once_and_those_of_most_runs_first(tmp_path: Path) -> None:
    contents = Contents(str(tmp_path))
    texts = {name: name.encode() * 50 for name in ("common", "old", "new", ".env")}
    for text in texts.values():
        contents.keep(files.digest_of(text), text)
    for number, name in enumerate(["old", "new", "new"]):
        snapshot = {"all.py": files.digest_of(texts["common"]), "x.py": files.digest_of(texts[name])}
        parts = json.dumps([1, {"snapshot": {**snapshot, ".env": files.digest_of(texts[".env"])}}]).encode()
        contents.keep(files.digest_of(parts), parts)
        recorded(tmp_path, number, 0.1, losses=[])
        place = tmp_path / f"runs/2026-09-21T13-00-00-000-000{number}/run.json"
        run = json.loads(place.read_text())
        run["steps"]["train"]["key"] = files.digest_of(parts)
        place.write_text(json.dumps(run))
    runs, _, _ = all_of(tmp_path)
    code = texts_of(runs, contents, 1000)
    assert code["of"] == [0, 0, 1]
    shown = [{path: code["texts"][number] for path, number, _ in run["files"]} for run in code["code"]]
    common, old, new = (texts[name].decode() for name in ("common", "old", "new"))
    assert shown[0] == {"steps/all.py": common, "steps/x.py": new, "steps/.env": None}
    assert shown[1] == {"steps/all.py": common, "steps/x.py": old, "steps/.env": None}
    assert [text for text in texts_of(runs, contents, 25)["texts"] if text] == [common]


def test_no_script_of_the_page_takes_the_name_of_another() -> None:
    """They share one scope, in which a second function replaces the first without a word."""
    assets = Path(many.__file__).parents[1] / "assets"
    scripts = [assets / "base.js", assets / "charts.js", *sorted((assets / "many").glob("*.js"))]
    named = re.compile(r"^(?:async )?(?:function|const|let|class) (\w+)", re.MULTILINE)
    names = [name for script in scripts for name in named.findall(script.read_text(encoding="utf-8"))]
    assert sorted(names) == sorted(set(names))


def test_curves_lose_points_and_then_metrics_until_they_fit() -> None:
    curves: Curves = {
        name: {row: {"logged": 90, "odd": 0, "value": [row + at / 7 for at in range(90)]} for row in range(20)}
        for name in "abcd"
    }
    sizes = []
    while curves:
        sizes.append([len(curves), max(len(rows[0]["value"]) for rows in curves.values())])
        curves = reduced(curves)
    assert sizes == [[4, 90], [4, 46], [4, 24], [4, 13], [4, 7], [2, 7], [1, 7]]


@pytest.mark.more
def test_a_thousand_runs_with_long_texts_fit(tmp_path: Path) -> None:
    for number in range(1000):
        about = header(step("train"), parameters={f"p{at}": HARM * 99 + str(number) for at in range(30)})
        run = Written(tmp_path / "runs", f"run-{number:04}", about)
        run.step(
            "train", metrics={f"metric {at}": [number / (at + value + 7) for value in range(30)] for at in range(20)}
        )
        run.end()
    page = page_of(tmp_path)
    assert len(page.encode()) <= many.MOST_BYTES
    assert len(unpacked(page, "many-curves")["of"]["train.metric 0"]) == 1000
