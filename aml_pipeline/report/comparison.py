"""Two runs → their differences, as rows for a terminal or a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from aml_pipeline.core.plain import mapping, number
from aml_pipeline.core.text import number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.report.causes import Cause, causes
from aml_pipeline.report.story import OutputTold, RunTold, StepTold

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


def compare(first: RunTold, second: RunTold) -> Comparison:
    """Return the rows of two runs."""
    return Comparison(
        causes(first, second),
        {
            "Run": list(_of_runs(first, second)),
            "Parameters": list(_of_mappings(first.parameters, second.parameters)),
            "Final metrics": list(_of_metrics(first, second)),
            "Durations": list(_of_durations(first, second)),
            "States": list(_of_states(first, second)),
            "Outputs": list(_of_outputs(first, second)),
            "Packages": list(_of_mappings(_packages(first), _packages(second))),
        },
    )


def _of_runs(first: RunTold, second: RunTold) -> Iterator[Row]:
    yield Row("state", first.state, second.state)
    yield Row("profile", str(first.header.get("profile") or NOTHING), str(second.header.get("profile") or NOTHING))
    yield Row("commit", first.commit[:12] or NOTHING, second.commit[:12] or NOTHING)
    yield Row("python", _python(first), _python(second))
    yield Row("duration", _took(first.seconds), _took(second.seconds), _times(first.seconds, second.seconds))


def _python(run: RunTold) -> str:
    return str(mapping(run.header.get("python")).get("version", NOTHING))


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


def _packages(run: RunTold) -> dict[str, str]:
    return {str(name): str(version) for name, version in mapping(run.header.get("distributions")).items()}


def _names(first: Mapping[str, object], second: Mapping[str, object]) -> list[str]:
    return list(dict.fromkeys([*first, *second]))


def _of_mappings(first: Mapping[str, str], second: Mapping[str, str]) -> Iterator[Row]:
    for name in _names(first, second):
        yield Row(name, first.get(name, NOTHING), second.get(name, NOTHING))


def _of_metrics(first: RunTold, second: RunTold) -> Iterator[Row]:
    one, other = _metrics(first), _metrics(second)
    for name in _names(one, other):
        before, now = number(one.get(name)), number(other.get(name))
        change = f"{now - before:+.4g}" if before is not None and now is not None and now != before else ""
        yield Row(name, *_told_apart(one.get(name, NOTHING), other.get(name, NOTHING)), change)


def _metrics(run: RunTold) -> dict[str, object]:
    return {f"{step.name}.{name}": value for step in run.steps for name, value in step.metrics.items()}


def _told_apart(before: object, now: object) -> tuple[str, str]:
    """Return two values with enough digits to tell them apart, and at least the usual number."""
    for digits in range(4, 17):
        texts = number_in_words(before, digits), number_in_words(now, digits)
        if texts[0] != texts[1] or before == now:
            return texts
    return number_in_words(before, 17), number_in_words(now, 17)


def _steps(run: RunTold) -> dict[str, StepTold]:
    return {step.name: step for step in run.steps}


def _of_durations(first: RunTold, second: RunTold) -> Iterator[Row]:
    """Yield the durations of the steps that ran a process in both runs."""
    one, other = _steps(first), _steps(second)
    for name in _names(one, other):
        before, now = (step.seconds if step else None for step in (one.get(name), other.get(name)))
        if before is not None and now is not None:
            yield Row(name, _took(before), _took(now), _times(before, now))


def _of_states(first: RunTold, second: RunTold) -> Iterator[Row]:
    one, other = _steps(first), _steps(second)
    for name in _names(one, other):
        yield Row(name, _state(one.get(name)), _state(other.get(name)))


def _state(step: StepTold | None) -> str:
    """Return how a step ended; a result of this run and a reused one count the same."""
    if step is None:
        return NOTHING
    return "done" if step.state == "up to date" else step.state


def _of_outputs(first: RunTold, second: RunTold) -> Iterator[Row]:
    one, other = _outputs(first), _outputs(second)
    for name in _names(one, other):
        yield Row(name, *_contents(one.get(name), other.get(name)))


def _outputs(run: RunTold) -> dict[str, OutputTold]:
    return {f"{step.name}.{one.name}": one for step in run.steps for one in step.outputs}


def _contents(first: OutputTold | None, second: OutputTold | None) -> tuple[str, str, str]:
    before, now = _content(first), _content(second)
    return before, now, "content differs" if NOTHING not in {before, now} and before != now else ""


def _content(output: OutputTold | None) -> str:
    if output is None or output.digest is None:
        return NOTHING
    return f"{output.digest[:12]} ({counted(output.files or 0, 'file')}, {counted(output.bytes or 0, 'byte')})"
