"""A matrix of twelve variants of a trivial step, cold, beside make and DVC's matrix: `python -m benchmarks.variants`.

Each tool runs twelve processes, one after the other, as does a shell loop. What it takes beyond that loop in the same
round, divided by twelve, is what it adds to a variant. DVC is the one that `python -m benchmarks` installed, or that of
PATH.
"""

import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import product

from benchmarks import environments
from benchmarks.bench import FULL, QUICK, Bench, Size
from benchmarks.measure import Cost, above, medians, script_or_module
from benchmarks.projects import Chain
from benchmarks.tools import LOOP, Tool, ours, peers

_RATES, _SIZES = ("0.1", "0.01", "0.001", "0.0001"), ("4", "16", "64")
_VALUES = list(product(_RATES, _SIZES))
_HEAD = "| | a whole run | a variant above the loop | its processor time, likewise | rounds |\n|---|---|---|---|---|"


def _pipeline(_: Chain) -> str:
    return f"""\
name: bench
source_directory: steps
steps:
  train:
    script: s0.py
    matrix:
      rate: [{", ".join(_RATES)}]
      size: [{", ".join(_SIZES)}]
    arguments:
      --rate: ${{{{ matrix.rate }}}}
      --size: ${{{{ matrix.size }}}}
      --output: ${{{{ outputs.o }}}}
"""


def _dvc(chain: Chain) -> str:
    return f"""\
stages:
  train:
    matrix:
      rate: ["{'", "'.join(_RATES)}"]
      size: ["{'", "'.join(_SIZES)}"]
    cmd: {_command(chain, "${item.rate}", "${item.size}")}
    deps: [steps/s0.py]
    outs: ["out/${{item.rate}}-${{item.size}}/o.txt"]
"""


def _makefile(chain: Chain) -> str:
    rules = [f"out/{rate}-{size}/o.txt: steps/s0.py\n\t{_command(chain, rate, size)}\n" for rate, size in _VALUES]
    targets = " ".join(f"out/{rate}-{size}/o.txt" for rate, size in _VALUES)
    return "\n".join(["MAKEFLAGS += --no-builtin-rules\n", f"all: {targets}\n", *rules])


def _command(chain: Chain, rate: str, size: str) -> str:
    return f"{chain.python} steps/s0.py --rate {rate} --size {size} --output out/{rate}-{size}"


def _tools() -> Iterator[Tool]:
    """Yield ours and the others that are here."""
    yield ours(script_or_module("aml-pipeline", "aml_pipeline"))._replace(text=_pipeline, run=["run", "--jobs", "1"])
    texts = {"make": _makefile, "DVC": _dvc}
    for tool in peers(environments.FOLDER, shutil.which("dvc")):
        if tool.name in texts:
            yield tool._replace(text=texts[tool.name])


def table(size: Size) -> Iterator[str]:
    """Measure all; yield the table, line by line."""
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(size, folder, environments.plain(environments.FOLDER), list(_tools()))
        project = bench.project("matrix", Chain(len(_VALUES), bench.python))
        costs = bench.rounds({tool.name: bench.cold(tool, project) for tool in (LOOP, *bench.tools)}, size.cold)
        whole = {name: cost.seconds for name, cost in medians(costs).items()}
        yield f"P: {whole['P'] * 1000:.1f} ms; load {os.getloadavg()[0]:.1f} at the end.\n"
        yield _HEAD
        for name in (LOOP.name, *bench.here):
            seconds, cpu = (_added(costs, name, of) for of in (lambda cost: cost.seconds, lambda cost: cost.cpu))
            yield f"| {name} | {whole[name]:.2f} s | {seconds:,.1f} ms | {cpu:,.1f} ms | {len(costs[name])} |"


def _added(costs: Mapping[str, Sequence[Cost]], name: str, of: Callable[[Cost], float]) -> float:
    """Return the milliseconds of a variant that are not those of the loop."""
    return above(costs[name], costs[LOOP.name], of) / len(_VALUES) * 1000


def main() -> None:
    """Measure, and print."""
    size = QUICK if "--quick" in sys.argv[1:] else FULL._replace(patience=math.inf)
    for line in table(size):
        print(line, flush=True)


if __name__ == "__main__":
    main()
