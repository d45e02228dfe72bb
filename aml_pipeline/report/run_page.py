"""A run → its page. Pure: what there is to tell goes in, markup comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aml_pipeline.report.charts import Curves, charts
from aml_pipeline.report.document import document
from aml_pipeline.report.graph_picture import picture
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.parts import drawn, facts, moment, scrolled, section, state, table, value_in_words
from aml_pipeline.report.step_parts import step_part
from aml_pipeline.report.story import RunTold, mapping, sequence
from aml_pipeline.report.text import cut, number_in_words, seconds_in_words
from aml_pipeline.report.timeline import timeline
from aml_pipeline.wording import counted, size_in_words


def page(run: RunTold) -> str:
    """Return the page of a run: one file that needs no other."""
    return document(f"{run.pipeline} {run.run}", _heading(run), *_sections(run))


def _heading(run: RunTold) -> Html:
    heading = tag("h1", cut(run.pipeline), " ", state(cut(run.state, 60)))
    known = {
        "Run": run.run,
        "Began": moment(run.started),
        "Took": "" if run.seconds is None else seconds_in_words(run.seconds),
        "Profile": cut(str(run.header.get("profile") or "")),
        "Data set": ", ".join(cut(str(one.get("name", "")), 60) for one in run.data_sets.values()),
        "Command": cut(str(run.header.get("command", ""))),
        "Machine": cut(str(run.header.get("host", ""))),
        "Commit": cut(run.commit, 60),
    }
    return tag("header", heading, facts(known.items()), _portal(mapping(run.header.get("azureml"))))


def _portal(azureml: Mapping[str, Any]) -> Html:
    """Return the way to the run in Azure ML; an address that is none of the web is told and leads nowhere."""
    if not azureml:
        return Html()
    address = str(azureml.get("portal", ""))
    name = f"Run {cut(str(azureml.get('run', '')))} in Azure ML, experiment {cut(str(azureml.get('experiment', '')))}"
    if not address.startswith("https://"):
        return tag("p", f"{name}: {cut(address)}")
    return tag("p", tag("a", name, href=address, rel="noopener noreferrer"), f" ({cut(address)})")


def _sections(run: RunTold) -> Iterator[Html]:
    yield section("Steps and what they need", "graph", *_graph(run))
    yield section("Timeline", "timeline", timeline(run))
    yield section("Metrics", "metrics", _last_values(run), drawn(charts([Curves("", run.started or 0.0, run.series)])))
    yield section("Steps", "steps", _search(), *(step_part(step, number, run) for number, step in enumerate(run.steps)))
    yield section("Outputs", "outputs", _outputs(run))
    yield section("Parameters", "parameters", _parameters(run))
    yield section("Data sets", "data", _data_sets(run))
    yield section("Code", "code", _code(run))
    yield section("Environment", "environment", _environment(run))


def _graph(run: RunTold) -> Iterator[Html]:
    svg, left_out = picture(run)
    yield scrolled(svg, "Graph of the steps")
    if left_out:
        yield tag("p", left_out, class_="remark")


def _last_values(run: RunTold) -> Html:
    rows = [(step.name, name, number_in_words(value)) for step in run.steps for name, value in step.metrics.items()]
    cells = [tuple(cut(cell, 120) for cell in row) for row in rows]
    return table(("Step", "Metric", "Last value"), cells, "The last value of each metric") if rows else Html()


def _search() -> Html:
    field = tag("input", type="search", id="search", autocomplete="off")
    return tag("p", tag("label", "Search the logs ", field), tag("output", id="found", aria_live="polite"))


def _outputs(run: RunTold) -> Html:
    rows = [
        (
            cut(f"{step.name}.{one.name}", 120),
            "not recorded" if one.bytes is None else size_in_words(one.bytes),
            "" if one.files is None else f"{one.files:,}",
            (one.digest or "")[:16],
            cut(one.place),
        )
        for step in run.steps
        for one in step.outputs
    ]
    if not rows:
        return tag("p", "None is recorded.")
    return table(
        ("Output", "Size", "Files", "Digest", "Folder"), rows, "Outputs, as they were when their step was over"
    )


def _parameters(run: RunTold) -> Html:
    defaults = run.defaults
    rows = [
        (cut(name, 120), cut(value), "" if defaults.get(name) == value else cut(defaults.get(name, "not recorded")))
        for name, value in run.parameters.items()
    ]
    return table(("Parameter", "Value", "Default"), rows, "Parameters of the run") if rows else tag("p", "It has none.")


def _data_sets(run: RunTold) -> Html:
    if not run.data_sets:
        return tag("p", "No output has a dataset.json that tells of one.")
    return join(
        tag("div", tag("h3", cut(place, 120)), facts((cut(key, 60), value_in_words(one)) for key, one in data.items()))
        for place, data in run.data_sets.items()
    )


def _code(run: RunTold) -> Html:
    git = mapping(run.header.get("git"))
    if not git:
        return tag("p", "It came from no git repository, or from one that could not be read.")
    dirty = [(cut(str(one), 300),) for one in sequence(git.get("dirty"))]
    known = facts([("Commit", cut(run.commit, 60)), ("Branch", cut(str(git.get("branch") or "")))])
    if not dirty:
        return join([known, tag("p", "Every file was as in the commit.")])
    return join([known, table(("File",), dirty, "Files that differed from the commit")])


def _environment(run: RunTold) -> Html:
    python = mapping(run.header.get("python"))
    known = [(name.capitalize(), cut(str(python.get(name, "")))) for name in ("version", "platform", "path")]
    packages = mapping(run.header.get("distributions"))
    rows = [(cut(str(name), 120), cut(str(version), 120)) for name, version in packages.items()]
    if not rows:
        return join([facts(known), tag("p", "No packages are recorded.")])
    listed = table(("Package", "Version"), rows, "Packages that the Python of the steps had")
    return join([facts(known), tag("details", tag("summary", counted(len(rows), "package")), listed)])
