"""What `run --fsync` costs: `python -m benchmarks.durability [STEPS [MEGABYTES]]`.

A chain of trivial steps, and one step with a large output, each with and without it, in turn, as whole processes. In a
folder that no disk is behind (tmpfs) nothing is flushed: name another with TMPDIR.
"""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from functools import partial

from benchmarks import projects
from benchmarks.measure import Program, environment, medians, rounds, script_or_module

_REPEATS = 3
_SIZES = (100, 1024)
_LARGE = """\
import os, sys
with open(os.path.join(sys.argv[-1], "o.bin"), "wb") as stream:
    for _ in range({megabytes}):
        stream.write(os.urandom(1 << 20))
"""
_HEAD = "| | without | with `--fsync` | added per step |\n|---|---|---|---|"


def _chain(folder: str, steps: int) -> None:
    projects.write(folder, "pipeline.yaml", projects.pipeline(projects.Chain(steps, sys.executable)))
    for number in range(steps):
        projects.write_script(folder, number, str(number))


def _large(folder: str, megabytes: int) -> None:
    projects.write(folder, "pipeline.yaml", projects.pipeline(projects.Chain(1, sys.executable)))
    projects.write(folder, "steps/s0.py", _LARGE.format(megabytes=megabytes))


def _row(what: str, folder: str, steps: int) -> str:
    start = [*script_or_module("aml-pipeline", "aml_pipeline"), "run"]
    before = partial(shutil.rmtree, os.path.join(folder, ".aml_pipeline"), ignore_errors=True)
    programs = {"without": Program(start, folder, before), "with": Program([*start, "--fsync"], folder, before)}
    costs = medians(rounds(programs, _REPEATS, environment(folder)))
    without, durable = costs["without"].seconds, costs["with"].seconds
    return f"| {what} | {without:.2f} s | {durable:.2f} s | {(durable - without) / steps * 1000:,.1f} ms |"


def table(steps: int, megabytes: int) -> Iterator[str]:
    """Measure both; yield the table, line by line."""
    yield _HEAD
    with tempfile.TemporaryDirectory() as folder:
        _chain(folder, steps)
        yield _row(f"a chain of {steps} trivial steps", folder, steps)
    with tempfile.TemporaryDirectory() as folder:
        _large(folder, megabytes)
        yield _row(f"one output of {megabytes:,} MiB", folder, 1)


def main() -> None:
    """Measure, and print."""
    given = list(map(int, sys.argv[1:]))
    steps, megabytes = [*given, *_SIZES[len(given) :]]
    for line in table(steps, megabytes):
        print(line, flush=True)


if __name__ == "__main__":
    main()
