"""What all measurements share: how much is measured, the tools, and the projects they run in."""

import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.measure import Cost, Program, environment, medians, rounds
from benchmarks.projects import Chain
from benchmarks.tools import LOOP, Tool


class Size(NamedTuple):
    """How much is measured.

    Numbers of steps; how often each, at most, and where every step runs; after how many seconds a tool is not repeated
    (ours always is); how long looks of files take to be trusted; bytes of a large file; how many small ones; how many
    records of runs.
    """

    counts: Sequence[int]
    repeats: int
    cold: int
    patience: float
    wait: float
    large: int
    many: int
    runs: int


FULL = Size(counts=(3, 30, 300), repeats=9, cold=5, patience=8, wait=2.5, large=10**9, many=20_000, runs=1_000)
QUICK = Size(counts=(2, 3), repeats=1, cold=1, patience=0.1, wait=0, large=10**5, many=20, runs=4)


class Bench:
    """The tools, ours first, and a folder for their projects; ``python`` runs the steps and ``-c pass``."""

    def __init__(self, size: Size, folder: str, python: str, tools: Sequence[Tool]) -> None:
        self.size = size
        self.python = python
        self.tools = tools
        self._folder = folder
        self._environ = environment(folder)
        self._pass = Program([python, "-c", "pass"], folder)

    @property
    def here(self) -> list[str]:
        """The names of the tools that are here."""
        return [tool.name for tool in self.tools]

    def path(self, *names: str) -> str:
        """Return a path in the folder."""
        return os.path.join(self._folder, *names)

    def chain(self, count: int) -> str:
        """Return the name of the project of so many steps; write it for each tool the first time."""
        return self.project(f"chain{count}", Chain(count, self.python))

    def project(self, name: str, chain: Chain, data: str | None = None) -> str:
        """Write a project for each tool, the first time, with links to the files of a folder; return its name."""
        if not os.path.exists(self.path(name)):
            for tool in (*self.tools, LOOP):
                tool.write(self.path(name, tool.name), chain)
                if data:
                    shutil.copytree(data, self.path(name, tool.name, "data"), copy_function=os.link)
        return name

    def program(
        self, tool: Tool, name: str, words: Sequence[str], before: Callable[[], object] = lambda: None
    ) -> Program:
        """Return a tool's start with these words, in its folder of a project."""
        patience = float("inf") if tool in (self.tools[0], LOOP) else self.size.patience
        return Program([*tool.start, *words], self.path(name, tool.name), before, patience)

    def cold(self, tool: Tool, name: str, rest: float = 0.0) -> Program:
        """Return a tool's run of a project, in which every step runs, ``rest`` seconds after it was put there."""

        def before() -> None:
            tool.renew(self.path(name, tool.name))
            time.sleep(rest)

        return self.program(tool, name, tool.run, before)

    def idle(self, name: str) -> dict[str, Program]:
        """Return each tool's run of a project."""
        return {tool.name: self.program(tool, name, tool.run) for tool in self.tools}

    def costs(self, programs: Mapping[str, Program], repeats: int) -> dict[str, Cost]:
        """Return the median costs of the programs, and of P, which takes turns with them."""
        return medians(self.rounds(programs, repeats))

    def rounds(self, programs: Mapping[str, Program], repeats: int) -> dict[str, list[Cost]]:
        """Return the costs of the programs, and of P, round by round."""
        return rounds({"P": self._pass, **programs}, repeats, self._environ)

    def settled(self, programs: Mapping[str, Program]) -> dict[str, Cost]:
        """Return the costs of runs with nothing to do, once what they find is old enough to be trusted."""
        self.costs(programs, 1)
        time.sleep(self.size.wait)
        self.costs(programs, 1)
        return self.costs(programs, self.size.repeats)
