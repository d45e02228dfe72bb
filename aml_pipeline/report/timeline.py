"""When the processes of the steps ran: a bar for each, on one axis."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.core.text import cut, seconds_in_words
from aml_pipeline.report.graph_picture import kind
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import scrolled, state
from aml_pipeline.report.story import ShownRun, ShownStep

_MINUTE, _HOUR = 60, 3_600
_MOST_TICKS = 6
# Distances between marks in seconds; for longer runs, days times powers of ten.
_DISTANCES = (*(digit * 10.0**power for power in range(-4, 1) for digit in (1, 2, 5)), 10.0, 20.0, 30.0, 60.0, 120.0,
              300.0, 600.0, 1_200.0, 1_800.0, 3_600.0, 7_200.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0)  # fmt: skip


def timeline(run: ShownRun) -> Html:
    """Return the bars of the steps that ran a process, in the order of the plan."""
    ran = [(number, step) for number, step in enumerate(run.steps) if step.attempts]
    attempts = [attempt for _, step in ran for attempt in step.attempts]
    if not attempts:
        return tag("p", "No step ran in this run.")
    start = min(attempt.begun for attempt in attempts)
    length = max(max(attempt.ended for attempt in attempts) - start, 0.001)
    rows = [row(number, step, start, length) for number, step in ran]
    scale = tag("p", f"Total: {seconds_in_words(length)}", class_="remark")
    return tag("div", scrolled(tag("ol", _axis(length), *rows, class_="timeline"), "Timeline of the steps"), scale)


def row(number: int, step: ShownStep, start: float, length: float) -> Html:
    """Return the bars of a step on a scale from ``start``, with the duration of its processes."""
    seconds = sum(attempt.ended - attempt.begun for attempt in step.attempts)
    took = "duration unknown" if step.row.get("seconds", 0) is None else seconds_in_words(seconds)
    tries = f" in {len(step.attempts)} attempts" if len(step.attempts) > 1 else ""
    ending = Html() if step.state == "done" else state(step.state)
    return tag(
        "li",
        tag("a", cut(step.title, 120), href=f"#step-{number}"),
        tag("svg", *_bars(step, start, length), width="100%", height=16, aria_hidden="true"),
        tag("span", ending, f" {took}{tries}"),
    )


def _bars(step: ShownStep, start: float, length: float) -> Iterator[Html]:
    for attempt in step.attempts:
        x, width = (attempt.begun - start) / length, max((attempt.ended - attempt.begun) / length, 0.002)
        yield tag("rect", x=f"{x:.3%}", y=2, width=f"{width:.3%}", height=12, rx=2, class_=kind(attempt.state))


def _axis(length: float) -> Html:
    """Return the lines behind all bars, with their times."""
    marks = []
    for seconds in ticks(length):
        x = f"{seconds / length:.3%}"
        marks.append(tag("line", x1=x, x2=x, y1=18, y2="100%"))
        marks.append(tag("text", _words(seconds), x=x, y=13, class_="first" if not seconds else None))
    return tag("li", tag("svg", *marks, width="100%", height="100%"), class_="axis", aria_hidden="true")


def ticks(length: float) -> list[float]:
    """Return the times of at most a few marks at round distances, without one that would touch the right end."""
    distance = next((each for each in _DISTANCES if length / each < _MOST_TICKS), _DISTANCES[-1])
    while length / distance >= _MOST_TICKS:
        distance *= 10
    count = int(length * 0.96 / distance)
    return [number * distance for number in range(count + 1)]


def _words(seconds: float) -> str:
    if seconds < _MINUTE:
        return f"{seconds:g} s" if seconds else "0"
    minutes, rest = divmod(int(seconds), _MINUTE)
    return f"{minutes}:{rest:02}" if seconds < _HOUR else f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
