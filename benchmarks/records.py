"""Records of runs, which no other tool keeps: a list of many, and the page of a run of many steps."""

import glob
import os
from collections.abc import Iterator, Sequence

from benchmarks.bench import Bench
from benchmarks.table import Row, timed


def rows(bench: Bench) -> Iterator[Row]:
    """Measure both, in the project of the longest chain, whose every step has run."""
    count = bench.size.counts[-1]
    tool, project = bench.tools[0], bench.chain(count)
    bench.costs({tool.name: bench.cold(tool, project)}, 1)
    page = {tool.name: bench.program(tool, project, ["report"])}
    yield timed(f"the page of a run of {count} steps", "page", bench.costs(page, bench.size.repeats))
    _copy_records(bench.path(project, tool.name, ".aml_pipeline"), bench.size.runs)
    listed = {tool.name: bench.program(tool, project, ["runs"])}
    yield timed(f"a list of {bench.size.runs:,} runs", "runs", bench.costs(listed, bench.size.repeats))


def _copy_records(state: str, count: int) -> None:
    """Copy the one record of a pipeline until there are so many."""
    (runs,) = glob.glob(os.path.join(glob.escape(state), "*", "runs"))
    missing = range(count - len(os.listdir(runs)))
    copy_record(os.path.join(runs, max(os.listdir(runs))), [f"2020-01-01T00-00-00-000-{at:04x}" for at in missing])


def copy_record(record: str, names: Sequence[str]) -> None:
    """Copy the record of a run beside itself under other names; a record says of which run it is."""
    runs, run = os.path.split(record)
    for file in ("run.json", "short.json"):
        with open(os.path.join(record, file), encoding="utf-8") as stream:
            text = stream.read()
        for name in names:
            os.makedirs(os.path.join(runs, name), exist_ok=True)
            with open(os.path.join(runs, name, file), "w", encoding="utf-8") as stream:
                stream.write(text.replace(run, name))
