"""When the processes of the steps ran: a bar for each, on one scale."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.core.text import cut, seconds_in_words
from aml_pipeline.report.graph_picture import kind
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import scrolled
from aml_pipeline.report.story import ShownRun, ShownStep


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
    return tag("div", scrolled(tag("ol", *rows, class_="timeline"), "Timeline of the steps"), scale)


def row(number: int, step: ShownStep, start: float, length: float) -> Html:
    """Return the bars of a step on a scale from ``start``, with the duration of its processes."""
    seconds = sum(attempt.ended - attempt.begun for attempt in step.attempts)
    took = "duration unknown" if step.row.get("seconds", 0) is None else seconds_in_words(seconds)
    tries = f" in {len(step.attempts)} attempts" if len(step.attempts) > 1 else ""
    return tag(
        "li",
        tag("a", cut(step.name, 60), href=f"#step-{number}"),
        tag("svg", *_bars(step, start, length), width="100%", height=16, aria_hidden="true"),
        tag("span", f"{took}{tries}"),
    )


def _bars(step: ShownStep, start: float, length: float) -> Iterator[Html]:
    for attempt in step.attempts:
        x, width = (attempt.begun - start) / length, max((attempt.ended - attempt.begun) / length, 0.002)
        yield tag("rect", x=f"{x:.3%}", y=2, width=f"{width:.3%}", height=12, rx=2, class_=kind(attempt.state))
