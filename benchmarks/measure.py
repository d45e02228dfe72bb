"""Whole processes, measured: seconds from start to end, and the most memory that one of them had."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from benchmarks.projects import ROOT

# A process begins with the peak memory of the one that started it, so one as small as a Python can be starts them all.
_STARTER = """
import os, sys, time
begun = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(child, 0)
seconds = time.perf_counter() - begun
cpu = usage.ru_utime + usage.ru_stime
os.write(3, b"[%d, %.7f, %.7f, %d]" % (os.waitstatus_to_exitcode(status), seconds, cpu, usage.ru_maxrss))
"""
_MAXRSS_PER_MIB = 1 << 20 if sys.platform == "darwin" else 1 << 10


class Cost(NamedTuple):
    """What a process cost, with those it waited for: seconds on the clock and of CPU, peak memory of the largest."""

    seconds: float
    cpu: float
    mib: float


class Program(NamedTuple):
    """A command, the folder it runs in, and what is done before each start, untimed."""

    command: Sequence[str]
    folder: str
    before: Callable[[], object] = lambda: None


def environment() -> dict[str, str]:
    """Return the caller's environment without variables for Python; with this package, if it is not installed."""
    plain = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    installed = subprocess.run(
        [sys.executable, "-c", "import aml_pipeline"], cwd="/", env=plain, stderr=subprocess.DEVNULL, check=False
    )
    return plain if installed.returncode == 0 else {**plain, "PYTHONPATH": ROOT}


def script_or_module(script: str, module: str) -> list[str]:
    """Return the command that starts a program of this interpreter's environment."""
    path = os.path.join(os.path.dirname(sys.executable), script)
    return [path] if os.path.exists(path) else [sys.executable, "-m", module]


def medians(programs: Sequence[Program], repeats: int, environ: Mapping[str, str]) -> list[Cost]:
    """Return the median cost of each program; they take turns, so that what disturbs one disturbs all."""
    rounds = [[_cost(program, environ) for program in programs] for _ in range(repeats)]
    return [_median([costs[index] for costs in rounds]) for index in range(len(programs))]


def _median(costs: Sequence[Cost]) -> Cost:
    return Cost(*(sorted(column)[len(column) // 2] for column in zip(*costs, strict=True)))


def _cost(program: Program, environ: Mapping[str, str]) -> Cost:
    program.before()
    # Descriptor 3 is the answer's, so that the program may print what it likes.
    starter = ["sh", "-c", 'exec "$@" 3>&1 >/dev/null', "sh", sys.executable, "-I", "-S", "-c", _STARTER]
    answer = subprocess.run(
        [*starter, *program.command], cwd=program.folder, env=environ, capture_output=True, text=True, check=True
    )
    status, seconds, cpu, maxrss = json.loads(answer.stdout)
    if status:
        raise SystemExit(f"{' '.join(program.command)} failed (exit status {status}):\n{answer.stderr}")
    return Cost(seconds, cpu, maxrss / _MAXRSS_PER_MIB)
