"""Two runs → their differences, as rows for a terminal or a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from aml_pipeline.core.plain import mapping, number
from aml_pipeline.core.text import number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.report.causes import Cause, causes
from aml_pipeline.report.story import ShownOutput, ShownRun

NOTHING = "–"
# A shorter time reads "0.0 s", so a ratio to it means nothing.
_LEAST_SECONDS = 0.05
_LEAST_RATIO, _MOST_RATIO = 0.01, 1000


class Row(NamedTuple):
    """A value of one or both runs; ``note`` sums up the difference."""

    name: str
    first: str
    second: str
    note: str = ""

    @property
    def differs(self) -> bool:
        """Whether the values of the runs differ."""
        return self.first != self.second


class Comparison(NamedTuple):
    """The differences in what the steps depend on, and all rows by topic."""

    causes: list[Cause]
    parts: dict[str, list[Row]]

    def differing(self) -> dict[str, list[Row]]:
        """Return only the topics with differences, and only their rows that differ."""
        kept = {title: [row for row in rows if row.differs] for title, rows in self.parts.items()}
        return {title: rows for title, rows in kept.items() if rows}


def compare(first: ShownRun, second: ShownRun) -> Comparison:
    """Return the rows of two runs."""
    return Comparison(
        causes(first, second),
        {
            "Run": list(_of_runs(first, second)),
            "Parameters": _rows(first.parameters, second.parameters),
            "Final metrics": list(_of_metrics(first, second)),
            "Durations": list(_of_durations(first, second)),
            "States": _rows(_states(first), _states(second)),
            "Outputs": list(_of_outputs(first, second)),
            "Packages": _rows(_packages(first), _packages(second)),
        },
    )


def _pairs(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield each name with its values in both runs."""
    for name in dict.fromkeys([*first, *second]):
        yield name, first.get(name, NOTHING), second.get(name, NOTHING)


def _rows(first: Mapping[str, str], second: Mapping[str, str]) -> list[Row]:
    return [Row(*pair) for pair in _pairs(first, second)]


def _of_runs(first: ShownRun, second: ShownRun) -> Iterator[Row]:
    yield from _rows(_about(first), _about(second))
    yield Row("duration", _took(first.seconds), _took(second.seconds), _times(first.seconds, second.seconds))


def _about(run: ShownRun) -> dict[str, str]:
    return {
        "state": run.state,
        "profile": str(run.header.get("profile") or NOTHING),
        "commit": run.commit[:12] or NOTHING,
        "python": str(mapping(run.header.get("python")).get("version", NOTHING)),
    }


def _took(seconds: float | None) -> str:
    return NOTHING if seconds is None else seconds_in_words(seconds)


def _times(before: float | None, now: float | None) -> str:
    """Return the ratio of two times, if it is meaningful."""
    if before is None or now is None or min(before, now) < _LEAST_SECONDS:
        return ""
    ratio = now / before
    if ratio > _MOST_RATIO:
        return f"> ×{_MOST_RATIO}"
    return f"< ×{_LEAST_RATIO}" if ratio < _LEAST_RATIO else f"×{ratio:.2f}"


def _packages(run: ShownRun) -> dict[str, str]:
    return {str(name): str(version) for name, version in mapping(run.header.get("distributions")).items()}


def _of_metrics(first: ShownRun, second: ShownRun) -> Iterator[Row]:
    for name, before, now in _pairs(_metrics(first), _metrics(second)):
        old, new = number(before), number(now)
        change = f"{new - old:+.4g}" if old is not None and new is not None and new != old else ""
        yield Row(name, *_told_apart(before, now), change)


def _metrics(run: ShownRun) -> dict[str, object]:
    return {f"{step.title}.{name}": value for step in run.steps for name, value in step.metrics.items()}


def _told_apart(before: object, now: object) -> tuple[str, str]:
    """Return two values with enough digits to tell them apart, and at least the usual number."""
    for digits in range(4, 17):
        texts = number_in_words(before, digits), number_in_words(now, digits)
        if texts[0] != texts[1] or before == now:
            return texts
    return number_in_words(before, 17), number_in_words(now, 17)


def _of_durations(first: ShownRun, second: ShownRun) -> Iterator[Row]:
    """Yield the durations of the steps that ran a process in both runs."""
    later = second.by_name
    for step in first.steps:
        before, now = step.seconds, later[step.name].seconds if step.name in later else None
        if before is not None and now is not None:
            yield Row(step.title, _took(before), _took(now), _times(before, now))


def _states(run: ShownRun) -> dict[str, str]:
    """Return how each step ended; a result of this run and a reused one count the same."""
    return {step.title: "done" if step.state == "up to date" else step.state for step in run.steps}


def _of_outputs(first: ShownRun, second: ShownRun) -> Iterator[Row]:
    for name, before, now in _pairs(_outputs(first), _outputs(second)):
        yield Row(name, before, now, "content differs" if NOTHING not in {before, now} and before != now else "")


def _outputs(run: ShownRun) -> dict[str, str]:
    return {f"{step.title}.{output.name}": _content(output) for step in run.steps for output in step.outputs}


def _content(output: ShownOutput) -> str:
    if output.digest is None:
        return NOTHING
    return f"{output.digest[:12]} ({counted(output.files or 0, 'file')}, {counted(output.bytes or 0, 'byte')})"
