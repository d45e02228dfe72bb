"""How time and memory grow: `python -m benchmarks.scale [WORD…]`, where a word chooses the cases that have it.

Each is measured at two sizes, as whole processes, in the same run. Growth 1.0 is linear: four times as much takes four
times as long, after what a start takes. It is taken of the seconds of CPU, which depend less on
what else the machine does. Bold is what misses a goal.
"""

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence

from benchmarks.measure import Cost, environment, medians, rounds, script_or_module
from benchmarks.scale import records, sources
from benchmarks.scale.case import Case

MOST_MIB = 256
MOST_PAGE_BYTES = 1_000_000
_MOST_GROWTH = 1.2  # what of the noise of a shared machine is no growth
_REPEATS = 3
_HEAD = "| | size | seconds | of CPU | growth | peak memory | page |\n|---|---|---|---|---|---|---|"

Rows = dict[str, tuple[Cost, int | None]]


def table(cases: Sequence[Case]) -> Iterator[str]:
    """Measure the ``cases``; yield the table, line by line."""
    start = script_or_module("aml-pipeline", "aml_pipeline")
    yield _HEAD
    for case in cases:
        smaller, full = (_measured(case, start, count) for count in case.sizes)
        factor = case.sizes[1] / case.sizes[0]
        for what, (cost, page) in full.items():
            yield _line(f"{what}, {case.things}", case.sizes, (smaller[what][0], cost), factor, page)


def _measured(case: Case, start: Sequence[str], count: int) -> Rows:
    rows: Rows = {}
    with tempfile.TemporaryDirectory() as folder:
        environ = environment(folder)
        for what, program, page in case.prepare(start, folder, count):
            cost = medians(rounds({what: program}, _REPEATS, environ))[what]
            rows[what] = cost, os.path.getsize(page) if page else None
    return rows


def _line(what: str, sizes: tuple[int, int], costs: tuple[Cost, Cost], factor: float, page: int | None) -> str:
    smaller, full = costs
    growth = full.cpu / smaller.cpu / factor
    cells = [
        what,
        f"{sizes[0]:,} / {sizes[1]:,}",
        f"{smaller.seconds:.2f} / {full.seconds:.2f}",
        f"{smaller.cpu:.2f} / {full.cpu:.2f}",
        _bold(f"{growth:.2f}", growth > _MOST_GROWTH),
        _bold(f"{full.mib:.0f} MiB", full.mib > MOST_MIB),
        "" if page is None else _bold(f"{page / 1000:,.0f} kB", page > MOST_PAGE_BYTES),
    ]
    return f"| {' | '.join(cells)} |"


def _bold(text: str, missed: bool) -> str:  # noqa: FBT001 - whether it missed is all there is to know
    return f"**{text}**" if missed else text


def main() -> None:
    """Measure what was chosen, and print."""
    words = sys.argv[1:]
    cases = [*sources.CASES, *records.CASES]
    for line in table([case for case in cases if not words or any(word in case.things for word in words)]):
        print(line, flush=True)


if __name__ == "__main__":
    main()
