"""Records of runs, which no other tool keeps: a list of many, and the page of a run of many steps."""

import glob
import json
import os
from collections.abc import Iterator, Sequence

from benchmarks.bench import Bench
from benchmarks.table import Row, timed

VALUES, LOG_BYTES = 100_000, 1_000_000_000


def rows(bench: Bench) -> Iterator[Row]:
    """Measure all, in the project of the longest chain, whose every step has run."""
    count = bench.size.counts[-1]
    tool, project = bench.tools[0], bench.chain(count)
    bench.costs({tool.name: bench.cold(tool, project)}, 1)
    page = {tool.name: bench.program(tool, project, ["report"])}
    yield timed(f"the page of a run of {count} steps", "page", bench.costs(page, bench.size.repeats))
    _lengthen(bench.path(project, tool.name, ".aml_pipeline"))
    words = f"the same, with a step that logged {VALUES:,} values and 1 GB"
    yield timed(words, "long page", bench.costs(page, bench.size.repeats))
    _copy_records(bench.path(project, tool.name, ".aml_pipeline"), bench.size.runs)
    listed = {tool.name: bench.program(tool, project, ["runs"])}
    yield timed(f"a list of {bench.size.runs:,} runs", "runs", bench.costs(listed, bench.size.repeats))


def _lengthen(state: str) -> None:
    """Let a step of the newest run have logged very much; of the log only the end is on disk."""
    (runs,) = glob.glob(os.path.join(glob.escape(state), "*", "runs"))
    record = os.path.join(runs, max(os.listdir(runs)))
    log = min(glob.glob(os.path.join(glob.escape(record), "steps", "*.log")))
    os.truncate(log, LOG_BYTES)
    step = os.path.basename(log).removesuffix(".log")
    event = {"event": "MetricLogged", "step": step, "name": "loss", "kind": "scalar"}
    rows = ({**event, "time": 1e9 + number, "value": 1 / (1 + number % 997)} for number in range(VALUES))
    with open(os.path.join(record, "events.jsonl"), "a", encoding="utf-8") as stream:
        stream.writelines(f"{json.dumps(row)}\n" for row in rows)


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
