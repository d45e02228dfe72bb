"""``compare``: the differences between two runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from aml_pipeline.cli.many_runs import differences, write_page_of
from aml_pipeline.cli.opened import open_readable
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.page_files import compared_page, read_run, written
from aml_pipeline.cli.recorded import chosen, records_of
from aml_pipeline.core.errors import UsageError
from aml_pipeline.core.text import cut, visible
from aml_pipeline.project.opening import Opened
from aml_pipeline.report.causes import Cause, changed_files, environments
from aml_pipeline.report.code import Diff, diffs
from aml_pipeline.report.comparison import Comparison, Row
from aml_pipeline.report.comparison import compare as compared
from aml_pipeline.report.comparison_page import comparison_page
from aml_pipeline.report.reading import with_parts
from aml_pipeline.report.story import ShownRun
from aml_pipeline.runs.contents import Contents
from aml_pipeline.runs.record import RunRecord, titles

_MOST_LETTERS = 40
_MOST_OF_A_NAME = 80  # a title has the values of its variant
_MOST_STEPS = 3


def compare(options: Options, _environ: Mapping[str, str]) -> int:
    """Print the differences between two runs, or write a page about them."""
    opened = open_readable(options)
    if len(options.operands) > 2:  # noqa: PLR2004 - the page and the words for two are others
        return _compare_many(opened, options)
    first, second = _two(opened, options.operands)
    contents = Contents(opened.state)
    one, other = (with_parts(read_run(opened, run), run, contents) for run in (first, second))
    if options.flag("page"):
        text = comparison_page(one, other, diffs(one, other, contents.read))
        return written(options, text, compared_page(first, second))
    _refuse_without_page(options)
    lines = _lines(first, second, compared(one, other))
    code = _code(diffs(one, other, contents.read)) if options.flag("code") else _hint(one, other)
    print("\n".join([*lines, *code]))
    return 0


def _refuse_without_page(options: Options) -> None:
    if options.flag("open") or options.text("output"):
        raise UsageError("-o and --open need --page. See `aml-pipeline compare --help`.")


def _compare_many(opened: Opened, options: Options) -> int:
    """Print what differs among three or more runs, or write their page."""
    records = records_of(opened)
    named = {chosen(records, name).id for name in options.operands}
    if len(named) < len(options.operands):
        raise UsageError("`compare` got a run twice. `aml-pipeline runs` lists the runs.")
    runs = [record for record in records if record.id in named]
    if options.flag("page"):
        return write_page_of(opened, options, runs)
    _refuse_without_page(options)
    if options.flag("code"):
        raise UsageError("`compare --code` takes two runs; `compare --page` shows the code of any two of the runs.")
    print("\n".join(differences(opened, runs, [record.id for record in records])))
    return 0


def _two(opened: Opened, names: list[str]) -> tuple[RunRecord, RunRecord]:
    """Return the runs to compare; the default of the second is the latest."""
    records = records_of(opened)
    second = chosen(records, names[1] if len(names) > 1 else None)
    if names:
        first = chosen(records, names[0])
    else:
        before = [record for record in records if record.id != second.id]
        first = before[-1] if before else second
    if first.id == second.id:
        raise UsageError(f"`compare` needs two different runs, got {second.id} twice. `aml-pipeline runs` lists them.")
    return first, second


def _code(diffs: Iterable[Diff]) -> Iterator[str]:
    for diff in diffs:
        yield ""
        yield visible(diff.title)
        yield from map(visible, diff.lines)


def _hint(first: ShownRun, second: ShownRun) -> Iterator[str]:
    if changed_files(first, second) or environments(first, second):
        yield ""
        yield "To see the changed lines: `aml-pipeline compare --code`."


def _lines(first: RunRecord, second: RunRecord, comparison: Comparison) -> Iterator[str]:
    yield f"A  {first.id}"
    yield f"B  {second.id}"
    yield ""
    yield from _causes(comparison.causes, {**titles(first.header), **titles(second.header)})
    differing = comparison.differing()
    for title, rows in differing.items():
        yield ""
        yield title
        yield from _table(rows)
    same = [title.lower() for title, rows in comparison.parts.items() if rows and title not in differing]
    if same:
        yield ""
        yield f"No differences: {', '.join(same)}."


def _causes(causes: list[Cause], called: Mapping[str, str]) -> Iterator[str]:
    """Yield the differences in what the steps depend on."""
    if not causes:
        yield "Nothing that the steps depend on changed."
        return
    yield "What changed"
    steps = [[called.get(name, name) for name in cause.steps] for cause in causes]
    names = [cut(_named(names), _MOST_OF_A_NAME) for names in steps]
    width = max(map(len, names))
    for name, cause in zip(names, causes, strict=True):
        for at, words in enumerate(cause.words):
            yield f"  {'' if at else name:<{width}}  {visible(words)}"


def _named(steps: Sequence[str]) -> str:
    more = len(steps) - _MOST_STEPS
    return ", ".join(steps[:_MOST_STEPS]) + (f" and {more} more" if more > 0 else "")


def _table(rows: list[Row]) -> Iterator[str]:
    """Yield the rows with aligned columns, long texts cut."""
    most = (_MOST_OF_A_NAME, _MOST_LETTERS, _MOST_LETTERS, _MOST_LETTERS)
    cells = [
        [cut(visible(cell).replace("\n", " "), letters) for cell, letters in zip(row, most, strict=True)]
        for row in rows
    ]
    widths = [max(len(row[place]) for row in cells) for place in range(3)]
    for name, before, now, note in cells:
        line = f"  {name:<{widths[0]}}  {before:<{widths[1]}}  → {now:<{widths[2]}}  {note}"
        yield line.rstrip()
