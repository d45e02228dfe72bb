"""A run → its page. Pure: data in, HTML out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.document import document
from aml_pipeline.report.graph_picture import MOST_LINKS, picture
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.parts import (
    MOST_BYTES,
    ROOMS,
    drawn,
    facts,
    fitting,
    moment,
    scrolled,
    section,
    size_of,
    state,
    table,
    value_in_words,
)
from aml_pipeline.report.selection import costs_of, steps_that_fit
from aml_pipeline.report.step_parts import step_part
from aml_pipeline.report.story import ShownRun
from aml_pipeline.report.timeline import timeline

_BETWEEN = 5_000  # headings and remarks on omissions


def page(run: ShownRun) -> str:
    """Return the self-contained page of a run."""
    title, heading = f"{run.pipeline} {run.id}", _heading(run)
    room = MOST_BYTES - size_of(document(title, heading)) - _BETWEEN
    curves = drawn(charts([Curves("", run.started or 0.0, run.series)]))
    return document(title, heading, *_sections(run, curves, room - size_of(curves)))


def _heading(run: ShownRun) -> Html:
    heading = tag("h1", cut(run.pipeline), " ", state(cut(run.state, 60)))
    known = {
        "Run": run.id,
        "Started": moment(run.started),
        "Duration": "" if run.seconds is None else seconds_in_words(run.seconds),
        "Profile": cut(str(run.header.get("profile") or "")),
        "Moved data": cut(", ".join(f"{name}={place}" for name, place in mapping(run.header.get("data")).items())),
        "Data set": cut(", ".join(cut(str(data.get("name", "")), 60) for data in run.data_sets.values())),
        "Command": cut(str(run.header.get("command", ""))),
        "Machine": cut(str(run.header.get("host", ""))),
        "Commit": cut(run.commit, 60),
    }
    return tag("header", heading, facts(known.items()), _portal(mapping(run.header.get("azureml"))))


def _portal(azureml: Mapping[str, Any]) -> Html:
    """Return the link to the run in Azure ML; an address that is not of the web is shown as text."""
    if not azureml:
        return Html()
    address = str(azureml.get("portal", ""))
    name = f"Run {cut(str(azureml.get('run', '')))} in Azure ML, experiment {cut(str(azureml.get('experiment', '')))}"
    workspace = cut(str(azureml.get("workspace", "")).rpartition("/")[2])
    name += f", workspace {workspace}" if workspace else ""
    if not address.startswith("https://"):
        return tag("p", f"{name}: {cut(address)}")
    return tag("p", tag("a", name, href=address, rel="noopener noreferrer"), f" ({cut(address)})")


def _sections(run: ShownRun, curves: Html, room: int) -> Iterator[Html]:
    """Yield the sections of the page, with as many steps as fit in ``room`` beside the tables."""
    costs = costs_of(run)
    for most in ROOMS:
        tables = _tables(run, most)
        left = room - size_of(*tables.values())
        if sum(costs) <= left:
            break
    shown = replace(run, steps=steps_that_fit(run, costs, left))
    said = _of_steps(len(shown.steps), len(run.steps))
    steps = [step_part(step, number, run) for number, step in enumerate(shown.steps)]
    bars = timeline(shown)
    yield section("Steps and their dependencies", "graph", *_graph(shown, left - size_of(bars, *steps)), said)
    yield section("Timeline", "timeline", bars, said)
    yield section("Metrics", "metrics", tables.pop("metrics"), curves)
    yield section("Steps", "steps", _search(), said, *steps)
    titles = {"outputs": "Outputs", "parameters": "Parameters", "data": "Data sets", "code": "Code"}
    yield from (section(titles.get(name, "Environment"), name, part) for name, part in tables.items())


def _of_steps(shown: int, known: int) -> Html:
    if shown == known:
        return Html()
    first = "first the failed ones and the steps they need, then those that ran"
    return tag("p", f"Showing {shown} of {counted(known, 'step')}: {first}.", class_="remark")


def _tables(run: ShownRun, room: int) -> dict[str, Html]:
    """Return the sections that are tables; none takes much more than ``room``."""
    return {
        "metrics": _last_values(run, room),
        "outputs": _outputs(run, room),
        "parameters": _parameters(run, room),
        "data": _data_sets(run, room),
        "code": _code(run, room),
        "environment": _environment(run, room),
    }


def _graph(run: ShownRun, room: int) -> Iterator[Html]:
    for most_links in (MOST_LINKS, MOST_LINKS // 5, 0):
        svg, left_out = picture(run, most_links)
        if size_of(svg) <= room:
            break
    yield scrolled(svg, "Graph of the steps")
    if left_out:
        yield tag("p", left_out, class_="remark")


def _last_values(run: ShownRun, room: int) -> Html:
    rows = [(step.name, name, number_in_words(value)) for step in run.steps for name, value in step.metrics.items()]
    cells = [tuple(cut(cell, 120) for cell in row) for row in rows]
    return table(("Step", "Metric", "Last value"), cells, "Last value of each metric", room) if rows else Html()


def _search() -> Html:
    field = tag("input", type="search", id="search", autocomplete="off")
    return tag("p", tag("label", "Search the logs ", field), tag("output", id="found", aria_live="polite"))


def _outputs(run: ShownRun, room: int) -> Html:
    rows = [
        (
            cut(f"{step.name}.{output.name}", 120),
            "not recorded" if output.bytes is None else size_in_words(output.bytes),
            "" if output.files is None else f"{output.files:,}",
            (output.digest or "")[:16],
            cut(output.place),
        )
        for step in run.steps
        for output in step.outputs
    ]
    if not rows:
        return tag("p", "No outputs.")
    return table(("Output", "Size", "Files", "Digest", "Folder"), rows, "Outputs at the end of their step", room)


def _parameters(run: ShownRun, room: int) -> Html:
    defaults = run.defaults
    rows = [
        (cut(name, 120), cut(value), "" if defaults.get(name) == value else cut(defaults.get(name, "not recorded")))
        for name, value in run.parameters.items()
    ]
    if not rows:
        return tag("p", "No parameters.")
    return table(("Parameter", "Value", "Default"), rows, "Parameters of the run", room)


def _data_sets(run: ShownRun, room: int) -> Html:
    if not run.data_sets:
        return tag("p", "No output has a dataset.json that describes one.")
    parts = (
        tag("div", tag("h3", cut(place, 120)), facts((cut(key, 60), value_in_words(data[key])) for key in data))
        for place, data in run.data_sets.items()
    )
    shown = fitting(parts, room)
    left_out = len(run.data_sets) - len(shown)
    more = tag("p", f"Showing the first {len(shown)} of {len(run.data_sets)}.", class_="remark") if left_out else Html()
    return join([*shown, more])


def _code(run: ShownRun, room: int) -> Html:
    git = mapping(run.header.get("git"))
    if not git:
        return tag("p", "No git information.")
    dirty = [(cut(str(path), 300),) for path in sequence(git.get("dirty"))]
    known = facts([("Commit", cut(run.commit, 60)), ("Branch", cut(str(git.get("branch") or "")))])
    if not dirty:
        return join([known, tag("p", "No files differed from the commit.")])
    about = "Files that differed from the commit"
    if "dirty_files" in git:
        about += f" (showing {len(dirty):,} of {cut(str(git['dirty_files']), 20)})"
    return join([known, table(("File",), dirty, about, room)])


def _environment(run: ShownRun, room: int) -> Html:
    python = mapping(run.header.get("python"))
    known = [(name.capitalize(), cut(str(python.get(name, "")))) for name in ("version", "platform", "path")]
    packages = mapping(run.header.get("distributions"))
    rows = [(cut(str(name), 120), cut(str(version), 120)) for name, version in packages.items()]
    if not rows:
        return join([facts(known), tag("p", "No packages recorded.")])
    listed = table(("Package", "Version"), rows, "Packages installed for the steps", room)
    return join([facts(known), tag("details", tag("summary", counted(len(rows), "package")), listed)])
