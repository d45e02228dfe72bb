"""Records of many runs that never ran: a grid of parameters, a thousand runs, and runs that mean harm."""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path

from aml_pipeline.core import files
from aml_pipeline.report.many.reading import read_page, sources_of
from aml_pipeline.report.table.rows import Table, table_of
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import records
from aml_pipeline.runs.summaries import summary_of
from tests.page.recorded import HARM, ODD, START, Written, header, losses, step

NOW = START + 10_000
TYPES = {"epochs": "integer", "learning_rate": "number", "batch_size": "integer", "optimizer": "string"}
FIRST, SECOND = "import torch\nRATE = 1\n", "import torch\nRATE = 2\n"


def _recorded(state: Path, number: int, parameters: dict[str, str], *, points: int = 20, metrics: int = 2) -> None:
    """Record a run that gets better with a higher rate and more epochs; each other one has other code."""
    about = header(
        step("prepare-data"), step("train", after=("prepare-data",)), parameters=parameters,
        started=START + 60 * number,
        group={"id": f"group-{number // 6}", "varies": ["epochs"]}, git={"commit": "0123456789abcdef", "dirty": []},
    )  # fmt: skip
    about["plan"]["parameters"] = {name: {"type": TYPES.get(name, "string"), "default": ""} for name in parameters}
    run = f"2026-09-21T13-{number // 60:02}-{number % 60:02}-000-{number:04x}"
    written = Written(state / "runs", run, about)
    written.step("prepare-data", seconds=0.9)
    gain = 1 + math.log10(1 + number % 97)
    curves = {"loss": losses(points, 2.3 / gain), "accuracy": [1 - value / 3 for value in losses(points, 1 / gain)]}
    curves |= {f"metric-{at}": losses(points, gain + at) for at in range(2, metrics)}
    written.step("train", seconds=5.0 + number % 7, metrics=curves, state="failed" if number % 17 == 3 else "done")
    written.end("failed" if number % 17 == 3 else "done")
    _give_code(state, run, "train", SECOND if number % 2 else FIRST)


def _give_code(state: Path, run: str, step_name: str, text: str, name: str = "train.py") -> None:
    contents = Contents(str(state))
    parts = json.dumps([1, {"snapshot": {name: _kept(contents, text), "secret.pem": "f" * 64}}])
    place = state / "runs" / run / "run.json"
    about = json.loads(place.read_text(encoding="utf-8"))
    about["steps"][step_name]["key"] = _kept(contents, parts)
    place.write_text(json.dumps(about), encoding="utf-8")


def _kept(contents: Contents, text: str) -> str:
    digest = files.digest_of(text.encode())
    contents.keep(digest, text.encode())
    return digest


def grid(state: Path) -> str:
    """Return the page of 24 runs: all combinations of some parameters."""
    axes = (("5", "10"), ("0.1", "0.01", "0.001"), ("4", "16"), ("adam", "sgd"))
    for number, values in enumerate(product(*axes)):
        _recorded(state, number, dict(zip(TYPES, values, strict=True)))
    return paged(state)


def thousand(state: Path) -> str:
    """Return the page of 1,000 runs of 20 metrics, each with a curve."""
    for number in range(1000):
        rate, epochs = str(10 ** -(1 + number % 5)), str(1 + number % 40)
        values = {"epochs": epochs, "learning_rate": rate, "batch_size": str(4 << number % 3), "optimizer": "adam"}
        _recorded(state, number, values, metrics=20)
    return paged(state)


def odd(state: Path) -> str:
    """Return the page of runs with values that are easily misread, and a step that the newest did not reach."""
    seeds = ("5", "9007199254740992", "9007199254740993", "9007199254740994")
    names = ("3", "3.0", "Straße", "")
    types = {
        "seed": "integer",
        "rate": "number",
        "flag": "boolean",
        "name": "string",
        "off": "boolean",
        "blank": "string",
    }
    for number, (seed, name) in enumerate(zip(seeds, names, strict=True)):
        given = {"seed": seed, "name": name, "rate": "3.0" if number % 2 else "0.1234567890123"}
        given |= {"flag": "true" if number % 2 else "false", "off": "false", "blank": ""}
        about = header(step("train"), step("report"), parameters=given, started=START + 3000 * number, git={})
        about["plan"]["parameters"] = {each: {"type": kind, "default": ""} for each, kind in types.items()}
        run = Written(state / "runs", f"run-{number:04}", about)
        curves = {
            "accuracy": [0.2, 0.9 - number / 5],
            "loss": [2.0, 1.0],
            "val.loss": [0.5 + number],
            "best.loss": [1e-7],
        }
        run.step("train", metrics={**curves, "exact": [1 / 3], "size": [number, 2 * number]})
        run.step("report", metrics={"size": [1e20, float(number)]})
        run.end()
        _give_code(state, f"run-{number:04}", "train", FIRST)
        if number < len(seeds) - 1:
            _give_code(state, f"run-{number:04}", "report", SECOND, "rep.py")
    records(str(state / "runs"))[0].annotate(note="kept", tags={"a": "b"})
    return paged(state)


def harmful(state: Path) -> str:
    """Return the page of runs all of whose texts mean harm."""
    for number in range(3):
        about = header(
            step(HARM), profile=HARM * (number % 2), pipeline=HARM,
            parameters={HARM: f"{ODD}{number}", "__proto__": HARM},
            group={"id": HARM}, schedule=HARM, git={"commit": HARM, "dirty": [HARM]}, azureml={"run": HARM},
        )  # fmt: skip
        run = Written(state / "runs", f"run-{number}", about)
        run.step("evil", metrics={HARM: [1.0, 2.0 + number], "constructor": [1.0, 2.0], "text": [HARM]})
        run.end()
        _give_code(state, f"run-{number}", "evil", f"{HARM}{number}\n")
        records(str(state / "runs"))[-1].annotate(note=HARM, tags={HARM: HARM})
    return paged(state)


def paged(state: Path) -> str:
    """Return the page of all runs in a state folder."""
    runs = records(str(state / "runs"))[::-1]
    return read_page(tabled(state), sources_of(list(map(summary_of, runs)), runs), Contents(str(state)))


def tabled(state: Path) -> Table:
    """Return the rows of all runs in a state folder, newest first."""
    return table_of(list(map(summary_of, records(str(state / "runs"))[::-1])), now=NOW, busy=False)
