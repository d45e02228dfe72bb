"""What changed against the run before, as the first part of a page. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from aml_pipeline.core.text import cut
from aml_pipeline.report.causes import Cause, causes
from aml_pipeline.report.code import Diff
from aml_pipeline.report.markup import Html, tag
from aml_pipeline.report.parts import diffs_part, table
from aml_pipeline.report.story import ShownRun

_DIFF_BYTES = 60_000


class Before(NamedTuple):
    """The run before: its story with its parts, the code that changed since, and the page of both, if there is one."""

    run: ShownRun
    diffs: Sequence[Diff] = ()
    page: str = ""


def changes(run: ShownRun, before: Before, room: int) -> Iterator[Html]:
    """Yield what the steps of a run depend on that differs from the run before, with the changed lines of code."""
    differences = causes(before.run, run, ("the run before", "this run"))
    if not differences:
        yield tag("p", f"Nothing that the steps depend on changed since run {cut(before.run.id)}.")
    else:
        yield changes_table(differences, {**before.run.titles, **run.titles}, f"Since run {cut(before.run.id)}", room)
    yield from diffs_part(before.diffs, _DIFF_BYTES, is_open=False)
    words = f"aml-pipeline compare {before.run.id} {run.id} --page"
    if before.page:
        yield tag("p", tag("a", "Compare the two runs", href=before.page))
    else:
        yield tag("p", "Compare the two runs: ", tag("code", cut(words)), class_="remark")


def changes_table(differences: Sequence[Cause], titles: Mapping[str, str], about: str, room: int) -> Html:
    """Return the differences with the steps that have them."""
    rows = [
        (cut(words), cut(", ".join(titles.get(name, name) for name in cause.steps)))
        for cause in differences
        for words in cause.words
    ]
    return table(("Change", "Steps"), rows, about, room)
