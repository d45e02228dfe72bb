"""Whole processes, measured: seconds from start to end, and the most memory that one of them had."""

import json
import math
import os
import statistics
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
    """What a process cost, with those it waited for: seconds on the clock and of CPU, peak memory of the largest.

    Of a median, ``runs`` is how many it was taken of.
    """

    seconds: float
    cpu: float
    mib: float
    runs: int = 1


class Program(NamedTuple):
    """A command, the folder it runs in, and what is done before each start, untimed.

    It is repeated until it took ``patience`` seconds in all.
    """

    command: Sequence[str]
    folder: str
    before: Callable[[], object] = lambda: None
    patience: float = math.inf


def environment(folder: str) -> dict[str, str]:
    """Return the caller's environment without variables for Python and make, and with caches in ``folder``.

    No tool may call home. This package is added where it is not installed.
    """
    plain = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MAKE", "MFLAGS"))}
    caches = {f"XDG_{kind}_HOME": os.path.join(folder, kind.lower()) for kind in ("CACHE", "CONFIG")}
    plain = {**plain, **caches, "DVC_NO_ANALYTICS": "1"}
    installed = subprocess.run(
        [sys.executable, "-c", "import aml_pipeline"], cwd="/", env=plain, stderr=subprocess.DEVNULL, check=False
    )
    return plain if installed.returncode == 0 else {**plain, "PYTHONPATH": ROOT}


def script_or_module(script: str, module: str) -> list[str]:
    """Return the command that starts a program of this interpreter's environment."""
    path = os.path.join(os.path.dirname(sys.executable), script)
    return [path] if os.path.exists(path) else [sys.executable, "-m", module]


def rounds(programs: Mapping[str, Program], repeats: int, environ: Mapping[str, str]) -> dict[str, list[Cost]]:
    """Return what each program cost, round by round; they take turns, so that what disturbs one disturbs all.

    One whose patience is over takes no part in later rounds.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in programs}
    for _ in range(repeats):
        for name, program in programs.items():
            if sum(cost.seconds for cost in costs[name]) < program.patience:
                costs[name].append(_cost(program, environ))
    return costs


def medians(costs: Mapping[str, Sequence[Cost]]) -> dict[str, Cost]:
    """Return the median cost of each program."""
    return {name: _median(column) for name, column in costs.items()}


def above(costs: Sequence[Cost], base: Sequence[Cost], of: Callable[[Cost], float]) -> float:
    """Return the median of what a program cost more than another in the same round.

    A machine's pace drifts, so medians of different rounds must not be subtracted.
    """
    return statistics.median(of(one) - of(other) for one, other in zip(costs, base, strict=False))


def _median(costs: Sequence[Cost]) -> Cost:
    seconds, cpu, mib = (statistics.median(column) for column in list(zip(*costs, strict=True))[:3])
    return Cost(seconds, cpu, mib, len(costs))


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
