"""What a Tab costs: `python -m benchmarks.completion`.

Whole processes of the program, as the scripts of the shells start them, in turn; `pass` is `python -c pass` of the same
environment. Variants of a matrix are the one case that needs the loader.
"""

import os
import sys
import tempfile

from benchmarks import measure
from benchmarks.projects import Chain, pipeline, write

ROUNDS = 30
RUNS = 1000
_MATRIX = """\
  sweep:
    script: s0.py
    matrix:
      rate: [0.1, 0.01, 0.001]
      size: [4, 8, 16, 32]
"""
_MS = 1000


def _project(folder: str, steps: int) -> str:
    """Write a project with a chain of steps, one with a matrix, and the records of runs; return its folder."""
    text = pipeline(Chain(steps, sys.executable)).rstrip("\n")
    write(folder, "pipeline.yaml", f"{text}\n{_MATRIX}")
    for number in range(RUNS):
        os.makedirs(os.path.join(folder, ".aml_pipeline", "bench", "runs", f"2026-11-28T20-00-00-{number:03}-0000"))
    return folder


def main() -> None:
    """Measure and print."""
    start = [*measure.script_or_module("aml-pipeline", "aml_pipeline"), "completion", "--words", "--"]
    with tempfile.TemporaryDirectory() as folder:
        small, large = (_project(os.path.join(folder, str(steps)), steps) for steps in (30, 300))
        cases = {
            "a command": (small, ["ru"]),
            "an option": (small, ["run", "--p"]),
            "a step of 31": (small, ["run", ""]),
            "a step of 301": (large, ["run", ""]),
            f"a run of {RUNS}": (small, ["report", ""]),
            "a variant, 31 steps": (small, ["run", "sweep["]),
            "a variant, 301 steps": (large, ["run", "sweep["]),
        }
        programs = {"pass": measure.Program([sys.executable, "-c", "pass"], folder)}
        programs |= {case: measure.Program([*start, *words], where) for case, (where, words) in cases.items()}
        costs = measure.medians(measure.rounds(programs, ROUNDS, measure.environment(folder)))
    print(f"Medians of {ROUNDS} rounds; load {os.getloadavg()[0]:.1f} in the end.")
    for case, cost in costs.items():
        print(f"{case:<22}{cost.seconds * _MS:7.1f} ms, of CPU {cost.cpu * _MS:6.1f} ms {cost.mib:6.1f} MiB")


if __name__ == "__main__":
    main()
