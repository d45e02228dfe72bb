"""How fast and how large: `python -m benchmarks`, or `python -m benchmarks --quick` to see that it works at all.

Medians of whole processes, in one go. P is `python -c pass` of the same interpreter, the floor of what a Python program
can cost here. Where the machine is shared, only the ratios mean something.
"""

import os
import platform
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from benchmarks import projects
from benchmarks.measure import Cost, Program, environment, medians, script_or_module


class Size(NamedTuple):
    """How much is measured: numbers of steps, how often each, and how long looks of files take to be trusted."""

    idle: tuple[int, ...]
    checked: int
    cold: int
    repeats: int
    wait: float


FULL = Size(idle=(3, 30, 300), checked=30, cold=300, repeats=9, wait=2.5)
QUICK = Size(idle=(2,), checked=3, cold=3, repeats=1, wait=0)


class Bench:
    """The programs that are compared, in a folder for their projects."""

    def __init__(self, size: Size, folder: str) -> None:
        self._size = size
        self._folder = folder
        self._environ = environment()
        self._ours = script_or_module("aml-pipeline", "aml_pipeline")
        self._doit = script_or_module("doit", "doit")
        self._pass = Program([sys.executable, "-c", "pass"], folder)

    def lines(self) -> Iterator[str]:
        """Measure everything; yield the report, line by line."""
        machine = f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
        yield f"{machine}, {_load()} at the start."
        yield f"Medians of {self._size.repeats}. Started as `{_shown(self._ours)}` and `{_shown(self._doit)}`.\n"
        yield "| | P | aml-pipeline | doit | aml-pipeline ÷ P | doit ÷ aml-pipeline |"
        yield "|---|---|---|---|---|---|"
        for count in self._size.idle:
            yield from self._idle(count)
        yield from self._cold(self._size.cold)
        project = projects.make(os.path.join(self._folder, "checked"), self._size.checked)
        yield self._compared(f"`validate`, {self._size.checked} steps", project, "validate", None)
        yield self._compared("`--version`", project, "--version", "--version")
        yield self._compared("`--help`", project, "--help", "--help")
        yield f"\nIn the end: {_load()}."

    def _compared(self, what: str, project: str, ours: str, doit: str | None) -> str:
        programs = [self._pass, Program([*self._ours, ours], project)]
        programs += [Program([*self._doit, doit], project)] if doit else []
        return _row(what, *medians(programs, self._size.repeats, self._environ))

    def _idle(self, count: int) -> Iterator[str]:
        project = projects.make(os.path.join(self._folder, f"idle{count}"), count)
        programs = [self._pass, Program([*self._ours, "run"], project), Program(self._doit, project)]
        medians(programs, 1, self._environ)
        time.sleep(self._size.wait)
        medians(programs, 1, self._environ)
        costs = medians(programs, self._size.repeats, self._environ)
        yield _row(f"nothing to do, {count} steps", *costs)
        yield _memory_row(f"its peak memory, {count} steps", *costs)

    def _cold(self, count: int) -> Iterator[str]:
        project = projects.make(os.path.join(self._folder, "cold"), count)
        forget = partial(projects.forget, project)
        commands = [[_which("sh"), "loop.sh"], [*self._ours, "run"], self._doit]
        programs = [self._pass, *(Program(command, project, forget) for command in commands)]
        floor, loop, *costs = medians(programs, self._size.repeats, self._environ)
        yield _above_row(f"cold run, {count} steps", count, *(one.seconds for one in (loop, *costs)))
        yield _above_row("its CPU time", count, *(one.cpu for one in (loop, *costs)))
        yield _memory_row(f"its peak memory, {count} steps", floor, *costs)


def _row(what: str, floor: Cost, ours: Cost, doit: Cost | None = None) -> str:
    cells = " | ".join([_ms(floor.seconds), _ms(ours.seconds), _ms(doit.seconds) if doit else "–"])
    ratio = f"{doit.seconds / ours.seconds:.1f}" if doit else "–"
    return f"| {what} | {cells} | {ours.seconds / floor.seconds:.1f} | {ratio} |"


def _above_row(what: str, count: int, loop: float, ours: float, doit: float) -> str:
    above, theirs = (ours - loop) / count, (doit - loop) / count
    cells = f"– | {_ms(above)} | {_ms(theirs)} | – | {theirs / above:.1f}"
    return f"| {what}: a step above the shell loop's {_ms(loop / count)} | {cells} |"


def _memory_row(what: str, floor: Cost, ours: Cost, doit: Cost) -> str:
    cells = " | ".join(f"{one.mib:.0f} MiB" for one in (floor, ours, doit))
    return f"| {what} | {cells} | {ours.mib / floor.mib:.1f} | {doit.mib / ours.mib:.1f} |"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def _which(name: str) -> str:
    return shutil.which(name) or f"/bin/{name}"


def _shown(command: list[str]) -> str:
    return " ".join(["python" if word == sys.executable else os.path.basename(word) for word in command])


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder:
        for line in Bench(QUICK if "--quick" in sys.argv[1:] else FULL, folder).lines():
            print(line, flush=True)


if __name__ == "__main__":
    main()
