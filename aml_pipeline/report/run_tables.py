"""What a run used and made, as tables: metrics, variants, parameters, outputs, data sets, code, packages. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from aml_pipeline.core.plain import mapping, sequence
from aml_pipeline.core.text import cut, number_in_words, seconds_in_words
from aml_pipeline.core.wording import counted, size_in_words
from aml_pipeline.report.markup import Html, join, tag
from aml_pipeline.report.parts import (
    MOST_ROWS,
    cell,
    facts,
    fitting,
    linked,
    row_of,
    state,
    table,
    table_of,
    value_in_words,
)
from aml_pipeline.report.story import ShownRun, ShownStep

_MOST_COLUMNS = 12  # of a table of variants


def failures(run: ShownRun, room: int) -> Html:
    """Return the steps that failed, why, and the last line that each printed; nothing if none failed."""
    failed = [(number, step) for number, step in enumerate(run.steps) if step.state == "failed"]
    rows = [
        (linked(cut(step.title, 120), f"#step-{number}"), cut(str(step.row.get("message") or "")), _last_line(step))
        for number, step in failed
    ]
    heads = ("Step", "Failure", "Last line of its log")
    return table(heads, rows, "Steps that failed", room) if rows else Html()


def _last_line(step: ShownStep) -> str:
    return cut(step.log.text.rstrip().rpartition("\n")[2], 300) if step.log else ""


def last_values(run: ShownRun, room: int) -> Html:
    """Return the last value of each metric; those of variants have tables of their own."""
    plain = (step for step in run.steps if not step.variant)
    rows = [(step.name, name, number_in_words(value)) for step in plain for name, value in step.metrics.items()]
    cells = [tuple(cut(text, 120) for text in row) for row in rows]
    heads = ("Step", "Metric", "Last value")
    return table(heads, cells, "Last value of each metric", room, numbers={2}) if rows else Html()


def variants_tables(run: ShownRun, room: int) -> Iterator[Html]:
    """Yield a table for each step with variants: its axes, how each variant ended, the last values of its metrics."""
    groups: dict[str, list[tuple[int, ShownStep]]] = defaultdict(list)
    for number, step in enumerate(run.steps):
        if step.variant:
            groups[step.group].append((number, step))
    for name, steps in groups.items():
        axes = list(dict.fromkeys(axis for _, step in steps for axis in step.variant))
        metrics = list(dict.fromkeys(metric for _, step in steps for metric in step.metrics))
        shown = metrics[:_MOST_COLUMNS]
        heads = [*axes, "State", "Duration", *shown]
        numbers = set(range(len(heads))) - {len(axes)}
        body = fitting((row_of(_of_variant(*pair, axes, shown), numbers) for pair in steps), room)
        more = f". Showing {len(shown)} of {len(metrics)} metrics" if len(shown) < len(metrics) else ""
        more += f". Showing the first {len(body)}." if len(body) < len(steps) else ""
        about = f"The {counted(len(steps), 'variant')} of {cut(name, 120)}"
        heads = [cut(head, 60) for head in heads]
        yield tag("div", table_of(heads, body, about, more, numbers), id=f"variants-{steps[0][0]}")


def _of_variant(number: int, step: ShownStep, axes: Sequence[str], metrics: Sequence[str]) -> Iterator[str]:
    first, *rest = (cut(step.variant.get(axis, ""), 120) for axis in axes)
    yield linked(first or step.name, f"#step-{number}")
    yield from rest
    yield state(step.state)
    yield "" if step.seconds is None else seconds_in_words(step.seconds)
    yield from (number_in_words(step.metrics[name]) if name in step.metrics else "" for name in metrics)


def parameters(run: ShownRun, earlier: Mapping[str, str] | None, room: int) -> Html:
    """Return the parameters with their defaults; values that differ from those of the run before are marked."""
    if not run.parameters:
        return tag("p", "No parameters.")
    values = run.parameters
    other = {name: run.defaults.get(name, "not recorded") for name in values if run.defaults.get(name) != values[name]}
    heads = ["Parameter", "Value", *(["Default"] if other else []), *(["Run before"] if earlier is not None else [])]
    rows = (
        tag("tr", *_of_parameter(name, value, other.get(name, "") if other else None, earlier))
        for name, value in values.items()
    )
    body = fitting(islice(rows, MOST_ROWS), room)
    more = f". Showing the first {len(body):,} of {len(values):,}." if len(body) < len(values) else ""
    about = "Parameters of the run" if other else "Parameters of the run, all with their defaults"
    return table_of(heads, body, about, more, range(1, len(heads)))


def _of_parameter(name: str, value: str, default: str | None, earlier: Mapping[str, str] | None) -> Iterator[Html]:
    differs = ["differs"] if earlier is not None and earlier.get(name) != value else []
    yield cell(cut(name, 120))
    yield cell(cut(value), "number", *differs)
    if default is not None:
        yield cell(cut(default), "number")
    if earlier is not None:
        yield cell(cut(earlier.get(name, "none")) if differs else "", "number", *differs)


def outputs(run: ShownRun, room: int) -> Html:
    """Return the outputs with links to those that lie beside the record."""
    rows = [
        (
            cut(f"{step.title}.{output.name}", 120),
            "not recorded" if output.bytes is None else size_in_words(output.bytes),
            "" if output.files is None else f"{output.files:,}",
            (output.digest or "")[:16],
            linked(cut(output.place), run.links.get(output.place)),
        )
        for step in run.steps
        for output in step.outputs
    ]
    if not rows:
        return tag("p", "No outputs.")
    heads = ("Output", "Size", "Files", "Digest", "Folder")
    return table(heads, rows, "Outputs at the end of their step", room, numbers={1, 2})


def data_sets(run: ShownRun, room: int) -> Html:
    """Return the descriptions of the data sets; nothing if no output has one."""
    if not run.data_sets:
        return Html()
    parts = (
        tag("div", tag("h3", cut(place, 120)), facts((cut(key, 60), _in_lines(data[key])) for key in data))
        for place, data in run.data_sets.items()
    )
    shown = fitting(parts, room)
    left_out = len(run.data_sets) - len(shown)
    more = tag("p", f"Showing the first {len(shown)} of {len(run.data_sets)}.", class_="remark") if left_out else Html()
    return join([*shown, more])


def _in_lines(value: object) -> str:
    """Return a value of a description; each of several named ones on its own line."""
    if isinstance(value, Mapping):
        return cut("\n".join(f"{name}: {value_in_words(each)}" for name, each in value.items()))
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        return cut(", ".join(map(value_in_words, value)))
    return value_in_words(value)


def code(run: ShownRun, room: int) -> Html:
    """Return the git commit, and the files that differed from it; nothing without git."""
    git = mapping(run.header.get("git"))
    if not git:
        return Html()
    dirty = [(cut(str(path), 300),) for path in sequence(git.get("dirty"))]
    known = facts([("Commit", cut(run.commit, 60)), ("Branch", cut(str(git.get("branch") or "")))])
    if not dirty:
        return join([known, tag("p", "No files differed from the commit.")])
    about = "Files that differed from the commit"
    if "dirty_files" in git:
        about += f" (showing {len(dirty):,} of {cut(str(git['dirty_files']), 20)})"
    return join([known, table(("File",), dirty, about, room)])


def environment(run: ShownRun, room: int) -> Html:
    """Return the Python of the steps, and its packages."""
    python = mapping(run.header.get("python"))
    known = [(name.capitalize(), cut(str(python.get(name, "")))) for name in ("version", "platform", "path")]
    packages = mapping(run.header.get("distributions"))
    rows = [(cut(str(name), 120), cut(str(version), 120)) for name, version in packages.items()]
    if not rows:
        return join([facts(known), tag("p", "No packages recorded.")])
    listed = table(("Package", "Version"), rows, "Packages installed for the steps", room)
    return join([facts(known), tag("details", tag("summary", counted(len(rows), "package")), listed)])
