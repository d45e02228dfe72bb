"""Chains of steps: every step runs, none does, one does; what is told without running; the start alone."""

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.bench import Bench
from benchmarks.measure import Cost, Program, above, medians
from benchmarks.projects import write_script
from benchmarks.table import Row, Yardstick, memory, runs, timed
from benchmarks.tools import LOOP, Tool


def rows(bench: Bench) -> Iterator[Row]:
    """Measure all of them."""
    small, *others = bench.size.counts
    for count in (small, *others):
        yield from _cold(bench, count)
    for count in (small, *others):
        yield from _idle(bench, count)
    for count in others:
        yield _edit(bench, count)
    for count in others:
        yield _plan(bench, count)
    for count in others:
        yield _validate(bench, count)
    for word in ("--version", "--help"):
        programs = {tool.name: bench.program(tool, bench.chain(small), [word]) for tool in bench.tools}
        yield timed(f"`{word}`", word, bench.costs(programs, bench.size.repeats))


def _cold(bench: Bench, count: int) -> Iterator[Row]:
    programs = {tool.name: bench.cold(tool, bench.chain(count)) for tool in (LOOP, *bench.tools)}
    costs = bench.rounds(programs, bench.size.cold)
    what = f"cold run, {count} steps: a step above the shell loop"
    yield _above(what, f"cold {count}", count, costs, lambda cost: cost.seconds)
    if count == bench.size.counts[-1]:
        yield _above("its processor time, likewise", "", count, costs, lambda cost: cost.cpu)
        yield memory("its peak memory", "memory cold", medians(costs))


def _above(what: str, key: str, count: int, costs: Mapping[str, Sequence[Cost]], of: Callable[[Cost], float]) -> Row:
    figures = {name: above(column, costs[LOOP.name], of) / count for name, column in costs.items()}
    median = medians(costs)
    loop = Yardstick("loop", of(median[LOOP.name]) / count)
    return Row(what, key, of(median["P"]), figures, runs(median), loop)


def _idle(bench: Bench, count: int) -> Iterator[Row]:
    costs = bench.settled(bench.idle(bench.chain(count)))
    yield timed(f"nothing to do, {count} steps", f"idle {count}", costs)
    if count == bench.size.counts[-1]:
        yield memory("its peak memory", "memory idle", costs)


class _Edits:
    """Writes the script of a project's last step, as it never was before, whenever it is called."""

    _unused = itertools.count()

    def __init__(self, folder: str, count: int) -> None:
        self._folder = folder
        self._number = count - 1
        self._text = ""

    def __call__(self) -> None:
        self._text = f"edit {next(self._unused)}"
        write_script(self._folder, self._number, self._text)

    def check(self, tool: Tool) -> None:
        """Leave if the tool's last run did not carry the last edit to the output."""
        output = Path(self._folder, tool.output.format(number=self._number))
        if output.read_text(encoding="utf-8") != self._text:
            raise SystemExit(f"{tool.name} did not run the step whose script was edited: {output}")


def _edit(bench: Bench, count: int) -> Row:
    project = bench.chain(count)
    edits = [(tool, _Edits(bench.path(project, tool.name), count)) for tool in bench.tools]
    programs = {tool.name: bench.program(tool, project, tool.run, edit) for tool, edit in edits}
    costs = bench.costs(programs, bench.size.repeats)
    for tool, edit in edits:
        edit.check(tool)
    what = f"one edit, {count} steps: the last one's script, so it alone runs, with every tool"
    return timed(what, f"edit {count}", costs)


def _plan(bench: Bench, count: int) -> Row:
    project = bench.chain(count)
    programs = {
        tool.name: bench.program(tool, project, tool.plan, _Edits(bench.path(project, tool.name), count))
        for tool in bench.tools
    }
    return timed(f"plan after that edit, {count} steps", f"plan {count}", bench.costs(programs, bench.size.repeats))


def _validate(bench: Bench, count: int) -> Row:
    project = bench.chain(count)
    programs = {tool.name: _check(bench, tool, project, tool.check) for tool in bench.tools if tool.check is not None}
    what = f"check of a changed file, {count} steps"
    return timed(what, f"validate {count}", bench.costs(programs, bench.size.repeats))


def _check(bench: Bench, tool: Tool, project: str, words: Sequence[str]) -> Program:
    file = Path(bench.path(project, tool.name, tool.file))

    def change() -> None:
        with file.open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")

    return bench.program(tool, project, words, change)
