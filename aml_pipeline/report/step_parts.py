"""One step on the page of a run: script, arguments, why it ran, how it ended, log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aml_pipeline.core.masking import masked
from aml_pipeline.core.plain import mapping, number, sequence
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import facts, linked, state
from aml_pipeline.report.story import Log, ShownRun, ShownStep

_MOST_ARGUMENTS = 100


def step_part(step: ShownStep, place: int, run: ShownRun) -> Html:
    """Return a step, folded unless it failed."""
    took = "" if step.seconds is None else f" {seconds_in_words(step.seconds)}"
    about = ", ".join(f"{name} {number_in_words(value)}" for name, value in step.metrics.items())
    summary = tag(
        "summary", tag("b", cut(step.title, 120)), " ", state(step.state), took, " ", tag("i", cut(about, 160))
    )
    is_open = "" if step.state == "failed" else None
    return tag("details", summary, *_inside(step, run), id=f"step-{place}", class_="step", open=is_open)


def _inside(step: ShownStep, run: ShownRun) -> Iterator[Html]:
    yield facts(_known(step, run))
    words = list(_arguments(step, run.parameters))
    if words:
        yield tag("p", *(part for word in words[:_MOST_ARGUMENTS] for part in (word, " ")), class_="arguments")
    if len(words) > _MOST_ARGUMENTS:
        yield tag("p", f"Showing the first {_MOST_ARGUMENTS} of {len(words):,} arguments.", class_="remark")
    if step.log:
        yield from _log(step.title, step.log, run.links.get(step.log.place))


def _known(step: ShownStep, run: ShownRun) -> Iterator[tuple[str, str]]:
    row = step.row
    yield "Why it ran", cut(str(row.get("reason") or "")) if step.state != "not run" else ""
    yield "Why it did not run", cut(str(row.get("reason") or "")) if step.state == "not run" else ""
    yield "Result of run", cut(step.made_by, 120)
    yield "Exit status", "" if row.get("exit_status") is None else cut(str(row["exit_status"]), 60)
    yield "Failure", cut(str(row.get("message") or ""), 2_000)
    yield "Remark", cut(str(row.get("remark") or ""), 2_000)
    yield "Script", cut(str(step.declared.get("script") or ""))
    yield "Module", cut(str(step.declared.get("module") or ""))
    yield "Command", cut(" ".join(map(str, sequence(step.declared.get("command")))))
    yield "From", cut(str(step.declared.get("source_directory", "")))
    distribution = mapping(step.declared.get("distribution"))
    processes = counted(int(number(distribution.get("processes_per_node")) or 0), "process", "processes")
    yield "Distribution", cut(f"{distribution.get('type')}, {processes} on each node") if distribution else ""
    yield "Logs of other ranks", cut(", ".join(step.other_logs), 2_000)
    yield "After", cut(", ".join(run.titles.get(name, name) for name in step.upstream))
    definition = mapping(step.declared.get("environment"))
    yield "Environment", cut(", ".join(str(value) for value in definition.values() if value))


def _arguments(step: ShownStep, parameters: Mapping[str, str]) -> Iterator[Html]:
    option = ""
    for words in sequence(step.declared.get("arguments")):
        for token in sequence(words):
            for kind, about in mapping(token).items():
                text, title = _token(str(kind), mapping(about), parameters)
                text = masked(option, text)  # old records still contain secrets
                option = text if text.startswith("-") else option
                yield tag("code", cut(text), title=cut(title) if title else None, class_=str(kind))


def _token(kind: str, about: Mapping[str, Any], parameters: Mapping[str, str]) -> tuple[str, str]:
    """Return how a token of the plan is shown, and what it refers to."""
    name = str(about.get("name", ""))
    if kind == "literal":
        return str(about.get("text", "")), ""
    if kind == "text":
        parts = [part for each in sequence(about.get("parts")) for part in mapping(each).items()]
        shown = [_token(str(part), mapping(of_part), parameters) for part, of_part in parts]
        return "".join(text for text, _ in shown), ", ".join(title for _, title in shown if title)
    if kind == "parameter":
        return parameters.get(name, "?"), f"parameter {name}"
    if kind == "input":
        return f"{about.get('step')}.{name}", f"output {name} of step {about.get('step')}"
    return (f"outputs.{name}" if kind == "output" else name), f"{kind} {name}"


def _log(step: str, log: Log, address: str | None) -> Iterator[Html]:
    place = linked(log.place, address)
    if not log.text and log.left_out:
        yield tag("p", f"Log ({size_in_words(log.size)}): ", place, class_="remark")
        return
    if not log.text:
        yield tag("p", "Nothing was printed.", class_="remark")
        return
    if log.left_out > 0:
        whole, left_out = size_in_words(log.size), size_in_words(log.left_out)
        said = f"Showing the end of a log of {whole}; the {left_out} before it are in "
        yield tag("p", said, place, class_="remark")
    yield tag(
        "pre", tag("code", log.text), class_="log", tabindex=0, role="region", aria_label=f"Log of {cut(step, 120)}"
    )
