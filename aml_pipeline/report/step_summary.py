"""How runs ended → the HTML that GitHub Actions shows as the summary of a job.

GitHub renders Markdown, in which a block of HTML without an empty line is taken as it stands, and so is all of a `pre`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aml_pipeline.core.text import cut, number_in_words, seconds_in_words, visible
from aml_pipeline.core.wording import counted
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import table
from aml_pipeline.report.recorded_run import RecordedRun
from aml_pipeline.report.sparkline import sparkline
from aml_pipeline.runs.events import StepEnded

# GitHub refuses a summary of more than 1 MiB; limits of a table, of the logs, and of the metrics of many runs.
MOST_BYTES = 1 << 20
_TABLE_BYTES, _LOGS_BYTES, _MOST_COLUMNS = 200_000, 200_000, 8
_LETTERS = 120

Metrics = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Ended:
    """A run that has ended: its steps and their metrics by the titles of the steps; ``label`` tells it from others.

    ``before`` are the metrics of the last result of each step. A run without a record had nothing to do.
    """

    label: str
    state: str
    seconds: float
    steps: Mapping[str, StepEnded]
    metrics: Metrics
    before: Metrics
    record: RecordedRun | None


def summary(title: str, runs: Sequence[Ended]) -> str:
    """Return the summary of a run, or of the runs of several combinations of parameters."""
    only = runs[0] if len(runs) == 1 else None
    heading = f"{title}: {_state(only)}" if only else title
    parts = [tag("h3", _line(heading)), *(_of_one(only) if only else [_combinations(runs)]), *_failures(runs)]
    return "\n\n".join(filter(None, parts)) + "\n\n"


def _of_one(run: Ended) -> Iterator[Html]:
    rows = [(_line(name), end.state, _seconds(end), _line(end.reason)) for name, end in run.steps.items()]
    yield table(("Step", "State", "Time", "Reason"), rows, "Steps", _TABLE_BYTES)
    metrics = list(_metrics(run))
    if metrics:
        yield table(("Metric", "Value", "Last result", "Change", "Curve"), metrics, "Metrics", _TABLE_BYTES)


def _metrics(run: Ended) -> Iterator[tuple[str, str, str, str, str]]:
    curves = _curves(run)
    for step, values in run.metrics.items():
        for name, value in values.items():
            last = run.before.get(step, {}).get(name)
            label = f"{step}.{name}"
            shown = "" if last is None else number_in_words(last)
            yield _line(label), _line(number_in_words(value)), _line(shown), _change(last, value), curves.get(label, "")


def _curves(run: Ended) -> dict[str, str]:
    """Return the curve of each metric that was logged more than once."""
    series = run.record.curves(most=1_000) if run.record else []
    titles = run.record.titles if run.record else {}
    return {
        f"{titles.get(line.step, line.step)}.{line.name}": sparkline([point.value for point in line.points])
        for line in series
        if line.is_line
    }


def _change(last: object, value: object) -> str:
    """Return the difference of two numbers, with its sign."""
    if isinstance(last, (int, float)) and isinstance(value, (int, float)) and last != value:
        return f"{value - last:+.4g}"
    return ""


def _combinations(runs: Sequence[Ended]) -> Html:
    flat = [{f"{step}.{name}": value for step, row in run.metrics.items() for name, value in row.items()}
            for run in runs]  # fmt: skip
    names = list(dict.fromkeys(name for values in flat for name in values))
    shown = names[:_MOST_COLUMNS]
    rows = [
        (
            _line(run.label),
            _state(run),
            seconds_in_words(run.seconds) if run.record else "",
            *(_line(number_in_words(values.get(name, ""))) for name in shown),
        )
        for run, values in zip(runs, flat, strict=True)
    ]
    about = f"{counted(len(runs), 'run')}"
    if len(names) > len(shown):
        about += f", the first {len(shown)} of {len(names)} metrics"
    return table(("Run", "State", "Time", *map(_line, shown)), rows, f"{about}.", _TABLE_BYTES)


def _state(run: Ended) -> str:
    return run.state if run.record or run.state != "done" else "up to date"


def _failures(runs: Sequence[Ended]) -> Iterator[Html]:
    """Yield why steps failed, and the last lines of their logs, as far as there is room."""
    room = _LOGS_BYTES
    for run in runs:
        for name, end in run.steps.items():
            if end.state == "failed" and room > 0:
                where = f"{run.label}  {name}" if run.label else name
                lines = visible(cut("\n".join(end.tail), _LOGS_BYTES // 10))
                part = tag("p", tag("b", _line(where)), ": ", _line(end.message))
                yield part
                if lines.strip():
                    yield tag("pre", lines)
                room -= len(part) + len(lines)


def _line(text: str) -> str:
    """Return a text in one line, so that it ends no block of HTML."""
    return " ".join(cut(text, _LETTERS).split())


def _seconds(end: StepEnded) -> str:
    if end.seconds is None or end.state in {"up to date", "not run"}:
        return ""
    return seconds_in_words(end.seconds)
