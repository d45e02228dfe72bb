"""When the processes of the steps ran: a bar for each, on one scale."""

from __future__ import annotations

from collections.abc import Iterator

from aml_pipeline.core.text import cut, seconds_in_words
from aml_pipeline.report.graph_picture import kind
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import scrolled
from aml_pipeline.report.story import RunTold, StepTold


def timeline(run: RunTold) -> Html:
    """Return the bars of the steps that ran a process, in the order of the plan."""
    ran = [(number, step) for number, step in enumerate(run.steps) if step.attempts]
    times = [moment for _, step in ran for one in step.attempts for moment in (one.begun, one.ended)]
    if not times:
        return tag("p", "No step ran in this run.")
    start, length = min(times), max(max(times) - min(times), 0.001)
    rows = [row(number, step, start, length) for number, step in ran]
    scale = tag("p", f"Total: {seconds_in_words(length)}", class_="remark")
    return tag("div", scrolled(tag("ol", *rows, class_="timeline"), "Timeline of the steps"), scale)


def row(number: int, step: StepTold, start: float, length: float) -> Html:
    """Return the bars of a step on a scale from ``start``, with the duration of its processes."""
    seconds = sum(one.ended - one.begun for one in step.attempts)
    tries = f" in {len(step.attempts)} attempts" if len(step.attempts) > 1 else ""
    return tag(
        "li",
        tag("a", cut(step.name, 60), href=f"#step-{number}"),
        tag("svg", *_bars(step, start, length), width="100%", height=16, aria_hidden="true"),
        tag("span", f"{seconds_in_words(seconds)}{tries}"),
    )


def _bars(step: StepTold, start: float, length: float) -> Iterator[Html]:
    for one in step.attempts:
        left, width = (one.begun - start) / length, (one.ended - one.begun) / length
        yield tag(
            "rect", x=f"{left:.3%}", y=2, width=f"{max(width, 0.002):.3%}", height=12, rx=2, class_=kind(one.state)
        )
