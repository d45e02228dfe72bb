"""Records, logs and pages: many runs, long logs, many values."""

import glob
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial

from benchmarks.measure import Program, environment
from benchmarks.projects import Chain, pipeline, write, write_script
from benchmarks.records import copy_record
from benchmarks.scale.case import Case, Measured

_MB = 1_000_000
_LINES = "one line of a log that is not very long\\n"
_NO_LINES = "\\r 50% of something that has no end"
# A step that prints so many bytes, a megabyte at a time, and fails or not.
_PRINTS = """
import os, sys
text = ("{said}" * 40_000)[:1_000_000].encode()
for _ in range({size} // 1_000_000):
    os.write(1, text)
open(sys.argv[-1] + "/o.txt", "w").write("o")
sys.exit({status})
"""
# A step that logs lists of numbers, as Run.log_list prints them.
_LOGS = """
import math, sys
for number in range({lists}):
    values = [round(math.sin(number + at / 1000), 4) for at in range({length})]
    print(f"Attempted to log list metric m{{number}}:\\n{{values}}")
open(sys.argv[-1] + "/o.txt", "w").write("o")
"""


# A step that logs curves, as Run.log prints them.
_CURVES = """
import random, sys
for number in range(20):
    for metric in range(20):
        print(f"Attempted to log scalar metric m{metric}:\\n{random.random() / (1 + number)}")
open(sys.argv[-1] + "/o.txt", "w").write("o")
"""


def _write(folder: str, scripts: Sequence[str]) -> None:
    """Write a project of steps in a row; the scripts given are those of the last steps."""
    write(folder, "pipeline.yaml", pipeline(Chain(max(1, len(scripts)), sys.executable)))
    for number, script in enumerate(scripts):
        write(folder, f"steps/s{number}.py", script)


def _programs(
    start: Sequence[str],
    folder: str,
    rows: Sequence[tuple[str, Sequence[str]]],
    page: bool = False,  # noqa: FBT001, FBT002
) -> Iterator[Measured]:
    for what, words in rows:
        place = os.path.join(folder, "page.html")
        command = [*start, *words, *(["-o", place] if "report" in words or "--page" in words else [])]
        yield Measured(what, Program(command, folder), place if page and command[-1] == place else None)


def _run(start: Sequence[str], folder: str, *words: str) -> None:
    """Run the pipeline of a folder, untimed."""
    subprocess.run([*start, "run", *words], cwd=folder, env=environment(folder), capture_output=True, check=False)


def _recorded(start: Sequence[str], folder: str, steps: int) -> str:
    """Run a pipeline of so many steps in a row, untimed; return the folder of its record."""
    _write(folder, [""] * steps)
    for number in range(steps):
        write_script(folder, number, f"s{number}")
    _run(start, folder)
    (record,) = glob.glob(os.path.join(glob.escape(folder), ".aml_pipeline", "*", "runs", "*"))
    return record


def _on_a_page(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Copy the record of a run of one step, which logged 20 metrics 20 times, until there are so many."""
    _write(folder, [_CURVES])
    _run(start, folder)
    (record,) = glob.glob(os.path.join(glob.escape(folder), ".aml_pipeline", "*", "runs", "*"))
    runs = os.path.dirname(record)
    names = [f"2020-01-01T00-00-00-000-{at:04x}" for at in range(count - 1)]
    copy_record(record, names)
    for name in names:
        shutil.copy(os.path.join(record, "events.jsonl"), os.path.join(runs, name, "events.jsonl"))
    yield from _programs(start, folder, [("`report --all` of runs with 20 curves", ["report", "--all"])], page=True)


def _records(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Copy the record of a run of three steps until there are so many."""
    record = _recorded(start, folder, 3)
    names = [f"2020-01-01T00-00-00-000-{number:06x}" for number in range(count - 1)]
    copy_record(record, names)
    rows = [
        ("`runs`", ["runs"]),
        ("`runs --format json`", ["runs", "--format", "json"]),
        ("`runs --pin` by a prefix", ["runs", "--pin", os.path.basename(record)[:22]]),
        ("`clean`", ["clean"]),
        ("`clean --runs 10 --dry-run`", ["clean", "--runs", "10", "--dry-run"]),
        ("`report` of one", ["report", names[0]]),
        ("`compare` of two", ["compare", names[0], names[1]]),
    ]
    yield from _programs(start, folder, rows)


def _log(start: Sequence[str], folder: str, size: int, *, said: str) -> Iterator[Measured]:
    """Run a step that prints so many bytes and fails, and one that does not."""
    script = _PRINTS.format(said=said, size=size, status=0)
    _write(folder, [script])
    yield Measured("`run --force`", Program([*start, "run", "--force"], folder))
    yield from _programs(start, folder, [("`logs`", ["logs"]), ("`report`", ["report"])])
    write(folder, "steps/s0.py", _PRINTS.format(said=said, size=size, status=1))
    fails = ["/bin/sh", "-c", '"$@"; test $? = 1', "sh", *start, "run"]
    yield Measured("`run` of a step that fails", Program(fails, folder))


def _values(start: Sequence[str], folder: str, count: int, *, lists: int) -> Iterator[Measured]:
    """Run a step that logs so many lists of 100,000 values, or one list of so many."""
    length = 100_000 if lists == 0 else count // lists
    _write(folder, [_LOGS.format(lists=lists or count, length=length)])
    yield Measured("`run --force`", Program([*start, "run", "--force"], folder))
    _run(start, folder, "--force")
    rows = [("`report`", ["report"]), ("`compare --page`", ["compare", "--page"]), ("`runs`", ["runs"])]
    yield from _programs(start, folder, rows, page=True)


def _steps(start: Sequence[str], folder: str, count: int) -> Iterator[Measured]:
    """Make the record of a run of so many steps in a row out of that of a run of two."""
    _multiply(_recorded(start, folder, 2), count)
    yield from _programs(start, folder, [("`report`", ["report"])], page=True)


def _multiply(record: str, count: int) -> None:
    """Give a record more steps, each like the second of its two."""
    with open(os.path.join(record, "run.json"), encoding="utf-8") as stream:
        header = json.load(stream)
    second = header["plan"]["steps"][1]
    for number in range(2, count):
        text = json.dumps(second).replace("s0", f"s{number - 1}").replace("s1", f"s{number}")
        header["plan"]["steps"].append(json.loads(text))
        header["steps"][f"s{number}"] = header["steps"]["s1"]
        shutil.copy(os.path.join(record, "steps", "s1.log"), os.path.join(record, "steps", f"s{number}.log"))
    with open(os.path.join(record, "run.json"), "w", encoding="utf-8") as stream:
        json.dump(header, stream)
    with open(os.path.join(record, "events.jsonl"), "r+", encoding="utf-8") as stream:
        lines = [line for line in stream if json.loads(line).get("step") == "s1"]
        for number in range(2, count):
            stream.writelines(line.replace('"s1"', f'"s{number}"') for line in lines)


CASES = [
    Case("records of runs", (2_500, 10_000), _records),
    Case("runs on a page", (250, 1_000), _on_a_page),
    Case("bytes of a log", (250 * _MB, 1_000 * _MB), partial(_log, said=_LINES)),
    Case("bytes of a log without a line end", (250 * _MB, 1_000 * _MB), partial(_log, said=_NO_LINES)),
    Case("points of a metric", (25_000, 100_000), partial(_values, lists=1)),
    Case("lists of 100,000 values", (50, 200), partial(_values, lists=0)),
    Case("steps of a run (1,000)", (250, 1_000), _steps),
    Case("steps of a run (5,000)", (1_250, 5_000), _steps),
]
