"""How fast and how large, beside other tools: `python -m benchmarks`, or with `--quick` to see that it works at all.

Medians of whole processes, in one go. P is `python -c pass` of an empty environment, the floor of what a Python program
can cost here. Where the machine is shared, only the ratios mean something. The peers are installed in `.benchmarks/`
the first time; `--quick` installs none and measures those that are there.
"""

import os
import platform
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence

from benchmarks import chains, data, environments, records, tools
from benchmarks.bench import FULL, QUICK, Bench
from benchmarks.measure import script_or_module
from benchmarks.table import HEAD

_NOTES = """
The goals are ours alone, and so are met and missed. What each tool does for its figure:
- plan: {plans}
- check: {checks}; those of doit and DVC look at no file but their own
- files that are read: make, doit and Snakemake find them by a pattern, aml-pipeline and DVC are given the folder
- make tells a change by its time, and so does Snakemake for all but small files; the others by content
- memory: a program smaller than the Python that starts it, as make is, shows that one's"""


def report(bench: Bench) -> Iterator[str]:
    """Measure everything; yield the report, line by line."""
    machine = f"{platform.platform()}, {os.cpu_count()} CPUs, Python {platform.python_version()}"
    yield f"{machine}, {_load()} at the start."
    yield f"Medians; a tool is run again until it took {bench.size.patience} s, ours always.\n"
    yield HEAD
    for rows in (chains.rows, data.rows, records.rows):
        yield from (row.line(bench.here) for row in rows(bench))
    plans = [_shown(tool.start, tool.plan) for tool in bench.tools]
    checks = [_shown(tool.start, tool.check) for tool in bench.tools if tool.check is not None]
    yield _NOTES.format(plans=", ".join(plans), checks=", ".join(checks))
    yield f"\nIn the end: {_load()}."


def _load() -> str:
    return f"load {os.getloadavg()[0]:.1f}"


def _shown(start: Sequence[str], words: Sequence[str]) -> str:
    return f"`{tools.shown([*start, *words])}`"


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main() -> None:
    """Install what is missing, measure and print."""
    quick = "--quick" in sys.argv[1:]
    ours = None
    if not quick:
        environments.install_peers(environments.FOLDER, _tell)
        ours = environments.install_ours(environments.FOLDER, _tell)
    start = [ours] if ours else script_or_module("aml-pipeline", "aml_pipeline")
    found = [tools.ours(start), *tools.peers(environments.FOLDER)]
    with tempfile.TemporaryDirectory() as folder:
        python = environments.plain(environments.FOLDER)
        for line in report(Bench(QUICK if quick else FULL, folder, python, found)):
            print(line, flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))  # so that the large files are removed
    main()
