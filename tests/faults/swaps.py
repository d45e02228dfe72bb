"""Trials of files of state that are whole, and in the place of others: swapped, copied, kept from before."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from tests.faults.place import Place
from tests.faults.trials import Bench, Trial

_Do = Callable[[Path, Path], None]


def trials() -> Iterator[Trial]:
    """Return the trials of this kind."""
    for fault, do in (("swapped", swapped), ("copied over another", _copied)):
        for moment, (first, second) in PAIRS.items():
            yield Trial(fault, moment, partial(in_place, do, first, second), warm=True)
    for name in ("last", "digests", "run.json", "events.jsonl"):
        yield Trial("kept from before", name, partial(_earlier, name), warm=True)
    for moment in ("its results", "its whole step", "its last attempts"):
        yield Trial("of another pipeline", moment, partial(_of_another, moment))


# Globs in the state of the pipeline: of the first file, and of the second; of two equal ones the first two.
PAIRS = {
    "two results of a step": ("steps/make/result.*", "steps/make/result.*"),
    "two results of the other": ("steps/add/result.*", "steps/add/result.*"),
    "results of two steps": ("steps/make/result.*", "steps/add/result.*"),
    "a result and a last attempt": ("steps/make/result.*", "steps/make/last"),
    "last attempts of two steps": ("steps/make/last", "steps/add/last"),
    "two attempts": ("steps/make/attempt.*", "steps/make/attempt.*"),
    "attempts of two steps": ("steps/make/attempt.*", "steps/add/attempt.*"),
    "outputs of two attempts": ("steps/make/attempt.*/numbers", "steps/make/attempt.*/numbers"),
    "two outputs": ("outputs/make/numbers", "outputs/add/total"),
    "two steps": ("steps/make", "steps/add"),
    "digests and a result": ("digests", "steps/make/result.*"),
    "digests and a record": ("digests", "runs/*/run.json"),
    "two records": ("runs/*/run.json", "runs/*/run.json"),
    "two short records": ("runs/*/short.json", "runs/*/short.json"),
    "events of two records": ("runs/*/events.jsonl", "runs/*/events.jsonl"),
    "two runs": ("runs/*", "runs/*"),
    "a record and its events": ("runs/*/run.json", "runs/*/events.jsonl"),
    "logs of two steps": ("runs/*/steps/make.log", "runs/*/steps/add.log"),
    "two texts": ("code/*", "code/*"),
    "an answer and digests": ("../.memo/*", "digests"),
}


def swapped(first: Path, second: Path) -> None:
    """Put each of two files or folders in the place of the other."""
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


def _copied(first: Path, second: Path) -> None:
    if second.is_symlink() or not second.is_dir():
        second.unlink()
    else:
        shutil.rmtree(second)
    if first.is_dir() and not first.is_symlink():
        shutil.copytree(first, second, symlinks=True)
    else:
        shutil.copy2(first, second, follow_symlinks=False)


def in_place(do: _Do, first: str, second: str, place: Place, bench: Bench) -> None:
    found = _first(place, first)
    others = [one for one in sorted((place.state / "small").glob(second)) if one != found]
    do(found, others[0])
    if "runs/" in first + second:
        for words in (("runs",), ("logs", "make"), ("report",)):
            place.run(*words, statuses=(0, 2, 6))
    place.recovers(bench.expected[5], "--param", "factor=5")
    place.recovers(bench.expected[3])


def _first(place: Place, pattern: str) -> Path:
    return min((place.state / "small").glob(pattern))


def _earlier(name: str, place: Place, bench: Bench) -> None:
    """Put files back as they were before a run with another parameter and another script."""
    files = [one for one in (place.state / "small").rglob(name) if one.is_file()]
    kept = {file: file.read_bytes() for file in files}
    script = place.folder / "src" / "make.py"
    script.write_text(script.read_text().replace("factor * n", "factor + n"))
    place.run("run", "--param", "factor=5")
    for file, content in kept.items():
        file.write_bytes(content)
    place.run("run")
    if place.outputs() == bench.expected[3]:
        place.complaints.append("an edit was overlooked")
    script.write_text(script.read_text().replace("factor + n", "factor * n"))
    place.recovers(bench.expected[5], "--param", "factor=5")
    place.recovers(bench.expected[3])


def _of_another(what: str, place: Place, bench: Bench) -> None:
    """Take over what another pipeline of the same name, whose script makes other numbers, left."""
    script = place.folder / "src" / "make.py"
    right = script.read_text()
    script.write_text(right.replace("factor * n", "factor + n"))
    place.run("run")
    steps = place.state / "small" / "steps"
    theirs = place.folder / "theirs"
    steps.rename(theirs)
    script.write_text(right)
    place.run("run")
    if what == "its whole step":
        _copied(theirs / "make", steps / "make")
    elif what == "its last attempts":
        for step in ("make", "add"):
            _copied(theirs / step / "last", steps / step / "last")
    else:  # under the key of ours, with the outputs that it names
        for step in ("make", "add"):
            result = next((theirs / step).glob("result.*"))
            shutil.copy2(result, next((steps / step).glob("result.*")))
            attempt = f"attempt.{_attempt_of(result)}"
            shutil.copytree(theirs / step / attempt, steps / step / attempt)
    place.recovers(bench.expected[3])


def _attempt_of(result: Path) -> str:
    return str(json.loads(result.read_bytes().partition(b"\n")[2])["attempt"])
