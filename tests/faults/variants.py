"""Trials of a pipeline with a matrix: what is killed, damaged or changed between runs, also the matrix itself.

What is right is computed here, without a run: each variant writes its own numbers, and one step adds up those of all.
"""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from tests.faults.place import Place, Told
from tests.faults.trials import STATUSES, Bench, Trial, kill_with_guard, running

_PIPELINE = """\
name: small
source_directory: src
parameters:
  factor: 3
steps:
  make:
    script: make.py
    matrix:
      value: [VALUES]
    arguments:
      --factor: ${{ parameters.factor }}
      --value: ${{ matrix.value }}
      --output: ${{ outputs.numbers }}
  double:
    script: double.py
    matrix:
      value: [VALUES]
    arguments:
      --numbers: ${{ steps.make.outputs.numbers }}
      --output: ${{ outputs.doubled }}
  add:
    script: add.py
    arguments:
      --numbers: ${{ steps.double.outputs.doubled }}
      --output: ${{ outputs.total }}
"""
_MAKE = """\
import argparse
import os
import pathlib
import time

import mischief

parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=int, required=True)
parser.add_argument("--value", type=int, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
mischief.make(os.environ.get("MISCHIEF", ""), str(arguments.output))
numbers = [arguments.factor * arguments.value * n for n in range(20)]
(arguments.output / "a.txt").write_text(" ".join(map(str, numbers)))
if os.environ.get("RUNNING"):
    pathlib.Path(os.environ["RUNNING"]).touch()
time.sleep(float(os.environ.get("NAP", "0")))
"""
_DOUBLE = """\
import argparse
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--numbers", type=pathlib.Path, required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
numbers = map(int, (arguments.numbers / "a.txt").read_text().split())
(arguments.output / "a.txt").write_text(" ".join(str(2 * number) for number in numbers))
"""
_ADD = """\
import argparse
import pathlib

parser = argparse.ArgumentParser()
parser.add_argument("--numbers", type=pathlib.Path, nargs="+", required=True)
parser.add_argument("--output", type=pathlib.Path, required=True)
arguments = parser.parse_args()
totals = [sum(map(int, (place / "a.txt").read_text().split())) for place in arguments.numbers]
(arguments.output / "total.txt").write_text(" ".join(map(str, totals)))
"""
_COUNT = 20
_FIRST, _SECOND = (1, 2, 3), (2, 3, 4)
# About as many moments as a run of the first matrix has; later ones do not come, and the run ends undisturbed.
_MOMENTS = 260


def trials(chance: random.Random) -> Iterator[Trial]:
    """Return the trials of this kind."""
    for number in STATUSES:
        for _ in range(18 if number == signal.SIGKILL else 6):
            for jobs in ("1", "3"):
                at = chance.randrange(1, _MOMENTS)
                yield Trial(f"{number.name}, matrix", "first run", partial(_stopped, at, number, jobs))
    for _ in range(14):
        at = chance.randrange(1, _MOMENTS)
        yield Trial("SIGKILL, matrix", "a value is added and one removed", partial(_changed, at))
    for _ in range(10):
        at = chance.randrange(1, _MOMENTS)
        yield Trial("SIGKILL, matrix", "clean, once a value is removed", partial(_cleaned, at))
    for damage in (_truncate, _flip, _delete):
        for _ in range(10):
            change = partial(_damaged, damage, chance.random())
            yield Trial(f"{damage.__name__[1:]} a file, matrix", "between runs", change)
    for kind in ("grandchild", "daemon", "respawning"):
        yield Trial(f"kill -9, {kind} stays, matrix", "a value is removed", partial(_orphan, kind))
    for count in (2, 2, 5, 5):
        yield Trial(f"{count} runs at once, matrix", "from the start", partial(_at_once, count))


def _write(place: Place, values: Sequence[int]) -> None:
    """Write the pipeline with the matrix of these values, and its scripts."""
    (place.folder / "pipeline.yaml").write_text(_PIPELINE.replace("VALUES", ", ".join(map(str, values))))
    for name, text in {"make.py": _MAKE, "double.py": _DOUBLE, "add.py": _ADD}.items():
        script = place.folder / "src" / name
        if not script.exists() or script.read_text() != text:
            script.write_text(text)


def _right(values: Sequence[int], factor: int = 3) -> Mapping[str, bytes]:
    """Return the outputs of the pipeline with the matrix of these values."""
    made = {value: [factor * value * n for n in range(_COUNT)] for value in values}
    outputs = {f"make-{value}/numbers/a.txt": numbers for value, numbers in made.items()}
    outputs |= {f"double-{value}/doubled/a.txt": [2 * number for number in numbers] for value, numbers in made.items()}
    outputs["add/total/total.txt"] = [2 * sum(numbers) for numbers in made.values()]
    return {name: " ".join(map(str, numbers)).encode() for name, numbers in outputs.items()}


def _recovers(place: Place, values: Sequence[int], *words: str, factor: int = 3) -> Told:
    """Run once more, undisturbed; complain unless everything is right. Links of variants that are gone may stay."""
    _write(place, values)
    told = place.run("run", "--param", f"factor={factor}", *words)
    place.nothing_left()
    names = {f"{step}-{value}" for step in ("make", "double") for value in values} | {"add"}
    outputs = {name: content for name, content in place.outputs().items() if name.partition("/")[0] in names}
    if outputs != _right(values, factor):
        place.complaints.append(f"wrong outputs after: {told.text[-400:]}")
    return told


def _stopped(at: int, number: signal.Signals, jobs: str, place: Place, _bench: Bench) -> None:
    _write(place, _FIRST)
    place.end(place.start("run", "--jobs", jobs, broken=[str(at), str(int(number))]), *STATUSES[number])
    _recovers(place, _FIRST)


def _changed(at: int, place: Place, _bench: Bench) -> None:
    """Kill the run after a value was added and one removed; then go on, and back to the first values."""
    _recovers(place, _FIRST)
    _write(place, _SECOND)
    place.end(place.start("run", broken=[str(at), str(int(signal.SIGKILL))]), -9, 0)
    _recovers(place, _SECOND)
    _unchanged(place, _FIRST)


def _unchanged(place: Place, values: Sequence[int]) -> None:
    """Complain if a variant with a result runs again."""
    told = _recovers(place, values)
    if any(row.startswith(("make", "double")) and " done" in row for row in told.text.splitlines()):
        place.complaints.append(f"a variant ran again: {told.text}")


def _cleaned(at: int, place: Place, _bench: Bench) -> None:
    _recovers(place, _FIRST)
    _write(place, _SECOND)
    place.end(place.start("clean", broken=[str(at % 40 + 1), str(int(signal.SIGKILL))]), -9, 0)
    _recovers(place, _FIRST)
    place.run("clean")
    _unchanged(place, _FIRST)


def _orphan(kind: str, place: Place, _bench: Bench) -> None:
    _write(place, _FIRST)
    run = running(place, kind)
    kill_with_guard(run)
    place.end(run, -9)
    _recovers(place, _FIRST[1:])
    _recovers(place, _FIRST)


def _at_once(count: int, place: Place, _bench: Bench) -> None:
    _write(place, _FIRST)
    for run in [place.start("run") for _ in range(count)]:
        place.end(run, 0, 6)
    _recovers(place, _FIRST)


def _truncate(file: Path, share: float) -> None:
    os.truncate(file, int(file.stat().st_size * share))


def _flip(file: Path, share: float) -> None:
    data = bytearray(file.read_bytes())
    if data:
        data[int(len(data) * share)] ^= 1
    file.write_bytes(data)


def _delete(file: Path, _share: float) -> None:
    file.unlink()


def _damaged(damage: Callable[[Path, float], None], share: float, place: Place, _bench: Bench) -> None:
    """Damage a file of the state of a variant, or of the whole, between two runs."""
    _recovers(place, _FIRST)
    files = sorted(file for file in place.state.rglob("*") if file.is_file() and not file.is_symlink())
    damage(files[int(share * len(files))], share)
    _recovers(place, _FIRST, factor=5)
    _recovers(place, _FIRST)
