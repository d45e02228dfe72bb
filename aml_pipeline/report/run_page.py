"""A run → its page. Pure: data in, HTML out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from aml_pipeline.core.plain import mapping
from aml_pipeline.core.text import cut, seconds_in_words
from aml_pipeline.core.wording import counted
from aml_pipeline.report.changes_part import Before, changes
from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.document import document
from aml_pipeline.report.files_part import pictures, small_tables
from aml_pipeline.report.graph_picture import MOST_LINKS, picture
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.parts import MOST_BYTES, ROOMS, drawn, facts, moment, scrolled, section, size_of, state
from aml_pipeline.report.run_tables import (
    code,
    data_sets,
    environment,
    failures,
    last_values,
    outputs,
    parameters,
    variants_tables,
)
from aml_pipeline.report.selection import costs_of, steps_that_fit
from aml_pipeline.report.step_parts import step_part
from aml_pipeline.report.story import ShownRun
from aml_pipeline.report.timeline import timeline

_BETWEEN = 6_000  # headings, links to them, and remarks on omissions


class _Section(NamedTuple):
    name: str
    title: str
    content: Html


def page(run: ShownRun, before: Before | None = None) -> str:
    """Return the self-contained page of a run, with what changed against the run before."""
    title, heading = f"{run.pipeline} {run.id}", _heading(run)
    curves = drawn(charts([Curves("", run.started or 0.0, run.series, run.labels)]))
    changed = None if before is None else join(changes(run, before, ROOMS[-1]))
    room = MOST_BYTES - size_of(document(title, heading), curves, changed or "") - _BETWEEN
    sections = [*_sections(run, before, curves, room)]
    if changed:
        sections.insert(1 if sections[0].name == "failure" else 0, _Section("changes", "Changes", changed))
    parts = (section(each.title, each.name, each.content) for each in sections)
    return document(title, join([heading, _contents(sections)]), *parts)


def _contents(sections: Sequence[_Section]) -> Html:
    links = (tag("a", each.title, href=f"#{each.name}") for each in sections)
    return tag("nav", *links, aria_label="Sections of this page")


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


def _sections(run: ShownRun, before: Before | None, curves: Html, room: int) -> Iterator[_Section]:
    """Yield the sections of the page, with as many steps as fit in ``room`` beside the tables.

    Pictures have limits of their own.
    """
    costs = costs_of(run)
    room -= size_of(failures(run, ROOMS[-1]))
    for most in ROOMS:
        tables = _tables(run, before, most)
        left = room - size_of(*tables.values())
        if sum(costs) <= left:
            break
    shown = replace(run, steps=steps_that_fit(run, costs, left))
    said = _of_steps(len(shown.steps), len(run.steps))
    steps = [step_part(step, number, run) for number, step in enumerate(shown.steps)]
    bars = timeline(shown)
    if failed := failures(shown, ROOMS[-1]):
        yield _Section("failure", "Failure", failed)
    yield _Section("results", "Results", join([tables["results"], *variants_tables(shown, most)]))
    yield _Section("curves", "Curves", curves)
    if files := join([*pictures(run.files), tables["files"]]):
        yield _Section("files", "Files", files)
    yield _Section("graph", "Graph", join([*_graph(shown, left - size_of(bars, *steps)), said]))
    yield _Section("timeline", "Timeline", join([bars, said]))
    yield _Section("steps", "Steps", join([_search(), said, *steps]))
    for name, title in (
        ("outputs", "Outputs"),
        ("data", "Data sets"),
        ("code", "Code"),
        ("environment", "Environment"),
    ):
        if tables[name]:
            yield _Section(name, title, tables[name])


def _of_steps(shown: int, known: int) -> Html:
    if shown == known:
        return Html()
    first = "first the failed ones and the steps they need, then those that ran"
    return tag("p", f"Showing {shown} of {counted(known, 'step')}: {first}.", class_="remark")


def _tables(run: ShownRun, before: Before | None, room: int) -> dict[str, Html]:
    """Return the parts that are tables; none takes much more than ``room``."""
    earlier = before.run.parameters if before else None
    return {
        "results": tag("div", last_values(run, room), parameters(run, earlier, room), class_="beside"),
        "files": tag("div", *small_tables(run.files, room), class_="beside") if run.files.files else Html(),
        "outputs": outputs(run, room),
        "data": data_sets(run, room),
        "code": code(run, room),
        "environment": environment(run, room),
    }


def _graph(run: ShownRun, room: int) -> Iterator[Html]:
    for most_links in (MOST_LINKS, MOST_LINKS // 5, 0):
        svg, left_out = picture(run, most_links)
        if size_of(svg) <= room:
            break
    yield scrolled(svg, "Graph of the steps")
    if left_out:
        yield tag("p", left_out, class_="remark")


def _search() -> Html:
    field = tag("input", type="search", id="search", autocomplete="off")
    return tag("p", tag("label", "Search the logs ", field), tag("output", id="found", aria_live="polite"))
