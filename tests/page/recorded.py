"""Records of runs that never ran: one as the quickstart leaves it, a big one, and one that means harm."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aml_pipeline.report.reading import read
from aml_pipeline.report.run_page import page
from aml_pipeline.runs.events import MetricLogged, RunEnded, RunStarted, State, StepEnded, StepStarted
from aml_pipeline.runs.record import RunRecord, records
from aml_pipeline.runs.recorder import Recorder

START = 1_790_000_000.0


def step(name: str, *arguments: Mapping[str, Any], after: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return a step as the plan of a record has it."""
    words = [[dict(token)] for token in arguments]
    return {"name": name, "script": f"{name}.py", "source_directory": "steps", "arguments": words, "after": after}


def header(*steps: Mapping[str, Any], **more: object) -> dict[str, Any]:
    """Return what the record of a run says before its steps."""
    declared = {"epochs": {"text": "10", "default": "2", "type": "integer"}}
    return {
        "pipeline": "cifar10",
        "profile": "quickstart",
        "parameters": {"epochs": "10"},
        "started": START,
        "command": "aml-pipeline run --profile quickstart",
        "host": "vm",
        "version": "1",
        "git": {"commit": "0123456789abcdef", "branch": "main", "dirty": ["steps/train.py"]},
        "plan": {"name": "cifar10", "parameters": declared, "steps": list(steps)},
        "python": {"path": "/usr/bin/python", "version": "3.11.2", "platform": "linux"},
        "distributions": {f"package-{number}": f"{number}.0" for number in range(60)},
        **more,
    }


class Written:
    """A record under ``runs``, written as a run writes it."""

    def __init__(self, runs: Path, run: str, about: Mapping[str, Any]) -> None:
        self._recorder = Recorder(str(runs), run)
        self._recorder.open(lambda: about)
        self._time = START
        self._names = [str(one["name"]) for one in about["plan"]["steps"]]
        self._recorder(RunStarted(START, tuple(self._names)))

    def step(  # noqa: PLR0913 - what a step has
        self,
        name: str,
        *,
        seconds: float = 1.0,
        state: State = "done",
        log: bytes = b"",
        metrics: Mapping[str, list[Any]] | None = None,
        reason: str = "never ran",
        output: str | None = None,
        message: str = "",
    ) -> None:
        """Add a step that ran."""
        place = self._recorder.log(name)
        self._recorder(StepStarted(self._time, name, reason, "a", place))
        Path(place).write_bytes(log)
        logged = [
            (number / len(values), metric, value)
            for metric, values in (metrics or {}).items()
            for number, value in enumerate(values, 1)
        ]
        for part, metric, value in sorted(logged, key=lambda one: one[0]):
            self._recorder(MetricLogged(self._time + seconds * part, name, metric, "scalar", value))
        self._time += seconds
        outputs = {"out": output} if output else {}
        status = {"done": 0, "failed": 1}.get(state)
        contents = dict.fromkeys(outputs, ("f" * 64, 2, 252_438))
        end = StepEnded(self._time, name, state, reason, seconds, status, message, (), outputs, contents)
        self._recorder(end)

    def end(self, state: State = "done") -> None:
        """End the run."""
        self._recorder(RunEnded(self._time, state, self._time - START))


def losses(count: int, start: float = 2.3, *, noise: float = 0.05) -> list[float]:
    """Return values that fall, as a loss does."""
    return [
        start * math.exp(-3 * number / count) + noise * math.sin(number * 7.3) ** 2 + 0.01 for number in range(count)
    ]


def quickstart(state: Path) -> RunRecord:
    """Record a run as the quickstart does; ``state`` is the folder of the pipeline's state."""
    images = state / "steps" / "prepare-data" / "images"
    images.mkdir(parents=True)
    (images / "dataset.json").write_text(json.dumps({"name": "digits", "description": "1,797 real digits"}))
    literal = {"literal": {"text": "--epochs"}}
    read_it = {"input": {"step": "prepare-data", "name": "out"}}
    steps = (
        step("prepare-data", {"output": {"name": "out"}}),
        step("train", literal, {"parameter": {"name": "epochs"}}, read_it, {"output": {"name": "model"}}),
        step("register-environment", after=("train",)),
    )
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0000", header(*steps))
    written.step("prepare-data", seconds=0.9, log=b"1437 training images\n", output=str(images))
    told = "".join(f"epoch {number}: loss {value:.3f}\n" for number, value in enumerate(losses(10), 1))
    curves = {"loss": losses(10), "accuracy": [0.9943], "gradient": losses(10, 2.5)}
    written.step("train", seconds=8.3, log=told.encode(), metrics=curves)
    written.step("register-environment", seconds=0.6)
    written.end()
    return records(str(state / "runs"))[-1]


SVG = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80"><script>parent.harmed = 1</script>
<image href="http://127.0.0.1:9/x"/><rect width="120" height="80" fill="#eef"/><circle cx="60" cy="40" r="30"/></svg>"""
DOT = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


def rich(state: Path) -> RunRecord:
    """Record a run with variants, curves by epoch, pictures and small tables."""
    (axes, count) = (("0.001", "0.01", "0.1"), 40)
    read_it = {"input": {"step": "prepare-data", "name": "out"}}
    names = {f"train-{rate.replace('.', '-')}-{size}": {"learning_rate": rate, "batch_size": size}
             for rate in axes for size in ("4", "16")}  # fmt: skip
    variants = [
        {
            **step(name, read_it, {"output": {"name": "model"}}),
            "declared": "train",
            "variant": variant,
            "title": f"train[learning_rate={variant['learning_rate']},batch_size={variant['batch_size']}]",
        }
        for name, variant in names.items()
    ]
    models = [{"input": {"step": name, "name": "model"}} for name in names]
    plan = [step("prepare-data", {"output": {"name": "out"}}), *variants, step("choose", *models), step("tell")]
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0005", header(*plan))
    written.step("prepare-data", seconds=12.0)
    for number, name in enumerate(names):
        curve = losses(count, 2.0 + number / 3, noise=0.3)
        metrics: dict[str, list[Any]] = {"epoch": list(range(1, count + 1)), "loss": curve}
        metrics["accuracy"] = [0.9 + number / 100]
        metrics["val_loss"] = [value * 1.2 for value in curve]
        state_of: State = "failed" if number == 4 else "done"
        written.step(name, seconds=20.0 + 3 * number, metrics=metrics, state=state_of, message="exit status 1")
    folder = state / "steps" / "choose" / "figures"
    folder.mkdir(parents=True)
    (folder / "confusion.png").write_bytes(DOT)
    (folder / "roc.svg").write_text(SVG)
    (folder / "broken.jpg").write_bytes(b"no picture")
    (folder / "metrics.json").write_text(json.dumps({"accuracy": 0.95, "by class": {"cat": 0.9, "dog": 0.99}}))
    rows = "".join(f"class-{number},{number / 7},{number * 100}\n" for number in range(30))
    (folder / "classes.csv").write_text(f"name,recall,support\n{rows}")
    written.step("choose", seconds=2.0, output=str(folder))
    written.step("tell", state="not run")
    written.end("failed")
    return records(str(state / "runs"))[-1]


def big(state: Path, *, steps: int = 300, points: int = 10_000) -> RunRecord:
    """Record a run of many steps and values, with long logs, one of which is a single line of 10 MB."""
    names = [f"step-{number}" for number in range(steps)]
    plan = [step(name, after=(names[(number - 1) // 3],) if number else ()) for number, name in enumerate(names)]
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0001", header(*plan))
    for number, name in enumerate(names):
        log = (
            b"x" * 10_000_000 if number == 1 else b"".join(b"line %d of %s\n" % (i, name.encode()) for i in range(300))
        )
        curves = {"loss": losses(points // 5), "gradient": losses(points // 20)} if number < 4 else {}
        failed = number == steps - 1
        written.step(
            name,
            seconds=1 + number % 7,
            log=log + (b"Traceback: needle\n" if failed else b""),
            metrics=curves,
            state="failed" if failed else "done",
        )
    written.end("failed")
    return records(str(state / "runs"))[-1]


def many(state: Path, *, steps: int = 5_000) -> RunRecord:
    """Record a run of very many steps in a row, the last but one of which failed."""
    tokens = [{"input": {"step": "", "name": "o"}}, {"output": {"name": "o"}}]
    plan = [step(f"s{number}", *tokens, after=(f"s{number - 1}",) if number else ()) for number in range(steps)]
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0004", header(*plan))
    for number in range(steps):
        failed = number == steps - 2
        log = b"x" * 1_000 + b" of %d\n" % number
        written.step(f"s{number}", log=log, state="failed" if failed else "done", output=f"/o/{number}")
    written.end("failed")
    return records(str(state / "runs"))[-1]


def graph_steps() -> list[dict[str, Any]]:
    """Return steps that are joined in all ways: past others, side by side, and with long names."""
    needs: dict[str, tuple[str, ...]] = {
        "prepare-data": (), "features": ("prepare-data",), "train": ("features",), "evaluate": ("features", "train"),
        "compare-with-the-model-in-production": ("evaluate", "prepare-data"), "w" * 40: ("train", "features"),
        "x-" + "m" * 98: ("evaluate",),
    }  # fmt: skip
    needs |= {f"branch-{number}": ("features", "evaluate")[: 1 + number % 2] for number in range(60)}
    needs["select"] = (*(f"branch-{number}" for number in range(0, 60, 3)), "prepare-data")
    return [step(name, after=above) for name, above in needs.items()]


def graph(state: Path) -> RunRecord:
    """Record a run of ``graph_steps``."""
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0003", header(*graph_steps()))
    for name in (str(one["name"]) for one in graph_steps()):
        written.step(name, seconds=3599.0, state="interrupted" if name == "select" else "done")
    written.end("interrupted")
    return records(str(state / "runs"))[-1]


HARM = '<script>window.harmed = 1</script></script><img src=x onerror="window.harmed=1">"\'&amp;]]>-->'
ODD = f"{HARM}\x1b[31mred\x1b[0m \x00\x07\x9b\u202eabc\ud800"


def harmful(state: Path) -> RunRecord:
    """Record a run all of whose texts mean harm."""
    about = header(
        {**step("evil", {"literal": {"text": ODD}}), "script": HARM, "environment": {"name": HARM}},
        {**step(ODD), "declared": HARM, "variant": {HARM: ODD}, "title": ODD},
        {**step("x"), "declared": HARM, "variant": {HARM: HARM}},
        profile=HARM, command=ODD, host=HARM, pipeline=HARM, parameters={HARM: "y" * 10_000_000, "b": ODD},
        git={"commit": HARM, "branch": HARM, "dirty": [HARM]}, distributions={HARM: HARM},
        python={"version": HARM, "path": HARM}, azureml={"run": HARM, "portal": "javascript:alert(1)//" + HARM},
    )  # fmt: skip
    written = Written(state / "runs", "2026-09-21T13-06-40-000-0002", about)
    log = ODD.encode("utf-8", "surrogatepass") + b"\xff\xfe\n" + b"10%\r20%\r30%\n"
    folder = state / "steps" / "evil"
    folder.mkdir(parents=True)
    name = HARM.replace("/", "|")
    (folder / f"{name}.svg").write_text(SVG)
    (folder / f"{name}.csv").write_text(f'"{HARM}",b\n"{HARM}",{HARM}\n')
    (folder / "metrics.json").write_text(json.dumps({HARM: HARM}))
    written.step(
        "evil",
        output=str(folder),
        log=log,
        metrics={HARM: [1.0, 2.0, "nan"], "text": [HARM]},
        reason=HARM,
        message=HARM,
        state="failed",
    )
    written.end("failed")
    return records(str(state / "runs"))[-1]


def paged(record: RunRecord, place: Path) -> Path:
    """Write the page of a record."""
    place.write_text(page(read(record, record.state)), encoding="utf-8")
    return place
