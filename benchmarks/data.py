"""Data that a step reads: three large files, and a folder of many small ones."""

import os
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.measure import Program, above, medians
from benchmarks.projects import Chain
from benchmarks.table import Row, Yardstick, runs, timed
from benchmarks.tools import OURS

_BLOCK = 1 << 20
# To put a project there makes links, which is a change of the files' status; what changed within the last two seconds
# is not trusted by its time, and no user's data is that new.
_REST = 2.5
_SHA256 = """
import hashlib, sys
for path in sys.argv[1:]:
    digest = hashlib.sha256()
    with open(path, "rb", buffering=0) as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
"""


def rows(bench: Bench) -> Iterator[Row]:
    """Measure both."""
    yield from _large(bench)
    yield _many(bench)


def _large(bench: Bench) -> Iterator[Row]:
    files = _files(bench.path("large files"), 3, bench.size.large)
    small = _project(bench, "small", _files(bench.path("small files"), 3, 1))
    large = _project(bench, "large", files)
    programs = {
        "sha256": Program([bench.python, "-c", _SHA256, *(file.path for file in os.scandir(files))], bench.path()),
        **{tool.name: bench.cold(tool, large, _REST) for tool in bench.tools},
        **{_small(tool.name): bench.cold(tool, small) for tool in bench.tools},
    }
    costs = bench.rounds(programs, bench.size.cold)
    figures = {name: above(costs[name], costs[_small(name)], lambda cost: cost.seconds) for name in bench.here}
    median = medians(costs)
    what = f"3 × {_bytes(bench.size.large)} read by one step, first: above three files of a byte"
    sha256 = Yardstick("sha256", median["sha256"].seconds)
    yield Row(what, "large first", median["P"].seconds, figures, runs(median), sha256)

    again = bench.settled({**bench.idle(large), _small(OURS): bench.idle(small)[OURS]})
    yield timed("again", "large again", again, Yardstick("small", again[_small(OURS)].seconds))


def _many(bench: Bench) -> Row:
    files = _files(bench.path("many files"), bench.size.many, 10)
    costs = bench.settled(bench.idle(_project(bench, "many", files)))
    return timed(f"a folder of {bench.size.many} small files read by one step, again", "many again", costs)


def _small(name: str) -> str:
    return f"{name}, small"


def _project(bench: Bench, name: str, files: str) -> str:
    return bench.project(name, Chain(1, bench.python, data=True), files)


def _files(folder: str, count: int, size: int) -> str:
    """Write files of so many bytes, each different, into a folder; return its path."""
    os.mkdir(folder)
    for number in range(count):
        with open(os.path.join(folder, f"{number}.bin"), "wb") as stream:
            block = os.urandom(min(size, _BLOCK))
            stream.writelines(block[: size - begin] for begin in range(0, size, _BLOCK))
    return folder


def _bytes(size: int) -> str:
    return "1 GB" if size == 10**9 else f"{size} bytes"
