"""``report`` and ``compare``: the page of a run, and what differs between two."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from aml_pipeline import files, locks
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.pipeline import open_readable
from aml_pipeline.cli.recorded import chosen, records_of, state_of
from aml_pipeline.cli.screen import raw
from aml_pipeline.contents import Contents
from aml_pipeline.errors import MachineError, UsageError
from aml_pipeline.opening import Opened
from aml_pipeline.record import RunRecord
from aml_pipeline.report.causes import Cause, changed_files, environments
from aml_pipeline.report.code import Diff, diffs
from aml_pipeline.report.comparison import Comparison, Row
from aml_pipeline.report.comparison import compare as compared
from aml_pipeline.report.comparison_page import comparison_page
from aml_pipeline.report.reading import read, with_parts
from aml_pipeline.report.run_page import page
from aml_pipeline.report.story import RunTold
from aml_pipeline.report.text import cut, visible

_MOST_LETTERS = 40
_MOST_STEPS = 3
_ELSEWHERE = "another place with -o FILE"


def report(options: Options, _environ: Mapping[str, str]) -> int:
    """Write the page of a run."""
    opened = open_readable(options)
    run = chosen(records_of(opened), options.operands[0] if options.operands else None)
    return _written(options, page(_told(opened, run)), os.path.join(run.folder, "report.html"))


def compare(options: Options, _environ: Mapping[str, str]) -> int:
    """Print what differs between two runs, or write a page of it."""
    opened = open_readable(options)
    first, second = _two(opened, options.operands)
    contents = Contents(opened.state)
    one, other = (with_parts(_told(opened, run), run, contents) for run in (first, second))
    if options.flag("page"):
        text = comparison_page(one, other, diffs(one, other, contents.read))
        return _written(options, text, os.path.join(second.folder, f"compared-with-{first.run}.html"))
    if options.flag("open") or options.text("output"):
        raise UsageError("`compare` opens and writes a page with --page only. See `aml-pipeline compare --help`.")
    lines = _lines(first, second, compared(one, other))
    code = _code(diffs(one, other, contents.read)) if options.flag("code") else _hint(one, other)
    print("\n".join([*lines, *code]))
    return 0


def _two(opened: Opened, names: list[str]) -> tuple[RunRecord, RunRecord]:
    """Return the runs that are compared, the second of them the last one where it is not named."""
    found = records_of(opened)
    second = chosen(found, names[1] if len(names) > 1 else None)
    if names:
        first = chosen(found, names[0])
    else:
        before = [one for one in found if one.run != second.run]
        first = before[-1] if before else second
    if first.run == second.run:
        raise UsageError(f"Two runs are compared, and {second.run} is one. `aml-pipeline runs` lists them.")
    return first, second


def _told(opened: Opened, run: RunRecord) -> RunTold:
    return read(run, state_of(run, busy=locks.is_locked(opened.state)))


def _written(options: Options, text: str, place: str) -> int:
    """Write a page, and print where it is; ``-o -`` prints the page itself."""
    place = options.text("output") or place
    if place == "-":
        raw(sys.stdout).write(text)
        return 0
    _check(place)
    _write(place, text.encode())
    print(place)
    if options.flag("open"):
        import webbrowser

        if not webbrowser.open(Path(place).resolve().as_uri()):
            print("No browser could be started here. Open the file by hand.", file=sys.stderr)
    return 0


def _check(place: str) -> None:
    """Raise UsageError where no file can be."""
    folder = os.path.dirname(place) or os.curdir
    if not os.path.exists(folder):
        raise UsageError(f"There is no folder {folder}. Make it, or name {_ELSEWHERE}.")
    if not os.path.isdir(folder):
        raise UsageError(f"{folder} is no folder. Name {_ELSEWHERE}.")
    if os.path.isdir(place):
        raise UsageError(f"{place} is a folder. Name a file in it: -o {os.path.join(place, 'page.html')}")


def _write(place: str, page: bytes) -> None:
    """Write a page; into a pipe or a device, such as /dev/stdout, without a file taking its place."""
    try:
        if os.path.exists(place) and not os.path.isfile(place):
            with open(place, "wb") as stream:
                stream.write(page)
        else:
            files.write(place, page)
    except OSError as error:
        if error.errno not in {errno.EACCES, errno.EPERM, errno.EROFS}:
            raise
        folder = os.path.dirname(place) or os.curdir
        raise MachineError(f"No page may be written in {folder}. Name {_ELSEWHERE}.") from None


def _code(found: Iterable[Diff]) -> Iterator[str]:
    for diff in found:
        yield ""
        yield visible(diff.title)
        yield from map(visible, diff.lines)


def _hint(first: RunTold, second: RunTold) -> Iterator[str]:
    if changed_files(first, second) or environments(first, second):
        yield ""
        yield "The lines that changed: `aml-pipeline compare --code`."


def _lines(first: RunRecord, second: RunRecord, found: Comparison) -> Iterator[str]:
    yield f"A  {first.run}"
    yield f"B  {second.run}"
    yield ""
    yield from _causes(found.causes)
    differing = found.differing()
    for title, rows in differing.items():
        yield ""
        yield title
        yield from _table(rows)
    same = [title.lower() for title, rows in found.parts.items() if rows and title not in differing]
    if same:
        yield ""
        yield f"The same: {', '.join(same)}."


def _causes(found: list[Cause]) -> Iterator[str]:
    """Give what differs in what the steps were made from."""
    if not found:
        yield "What the steps depend on did not change."
        return
    yield "What changed"
    names = [cut(_named(cause.steps), _MOST_LETTERS) for cause in found]
    width = max(map(len, names))
    for name, cause in zip(names, found, strict=True):
        for at, words in enumerate(cause.words):
            yield f"  {'' if at else name:<{width}}  {visible(words)}"


def _named(steps: Sequence[str]) -> str:
    more = len(steps) - _MOST_STEPS
    return ", ".join(steps[:_MOST_STEPS]) + (f" and {more} more" if more > 0 else "")


def _table(rows: list[Row]) -> Iterator[str]:
    """Give the rows with their columns aligned; what is long is cut."""
    cells = [[cut(visible(cell).replace("\n", " "), _MOST_LETTERS) for cell in row] for row in rows]
    widths = [max(len(row[place]) for row in cells) for place in range(3)]
    for name, before, now, note in cells:
        line = f"  {name:<{widths[0]}}  {before:<{widths[1]}}  → {now:<{widths[2]}}  {note}"
        yield line.rstrip()
