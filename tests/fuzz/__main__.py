"""Fuzz: ``python -m tests.fuzz [--minutes M]``; exit 1 when an input breaks a promise.

atheris lives in an environment of its own, ``.fuzz``, made the first time. Two processes work at once, each on some of
the targets in turn, and one of them at the end on Hypothesis and large files. What is found is written to
``tests/fuzz/finds``, where ``tests/test_fuzz.py`` runs it from then on.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz import large
from tests.fuzz.lines import as_dictionary, words
from tests.fuzz.seeds import HERE, ROOT, seeds
from tests.fuzz.targets import TARGETS

_FOLDER = ROOT / ".fuzz"
_PYTHON = _FOLDER / "bin" / "python"
_ATHERIS = "atheris==3.0.0"
# An input may take 2 s and a process 1 GiB; a longer input teaches the fuzzer little.
_LIMITS = ("-timeout=2", "-rss_limit_mb=1024", "-max_len=8192")
_MOST_KEPT = 60
_EXAMPLES = 1000
_LARGE = 120.0  # seconds that the large files take, or somewhat more
_LONGEST_KEPT = 1500
# What each of the two processes works on, and for which part of the time.
_FIRST = {"pipeline": 0.5, "log": 0.15, "record": 0.2, "state": 0.15}
_SECOND = {"script": 0.25, "packages": 0.2, "patterns": 0.15, "text": 0.1}


@dataclass
class Outcome:
    """What came of one target."""

    target: str
    runs: int = 0
    coverage: str = "?"
    corpus: int = 0
    slowest: float = 0.0
    peak: int = 0
    found: list[str] = field(default_factory=list)

    def row(self) -> str:
        """The line of the table."""
        return (
            f"{self.target:<10}  {self.runs:>9,}  {self.coverage:>8}  {self.corpus:>6}  {self.slowest * 1000:>8.0f} ms"
            f"  {self.peak:>8} MB  {len(self.found) or '-':>5}"
        )


def install() -> None:
    """Make ``.fuzz``: this package, and atheris."""
    if (_FOLDER / "ready").exists():
        return
    print("setting up .fuzz: about 1 minute, once", flush=True)
    shutil.rmtree(_FOLDER, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", _FOLDER], check=True)
    pip = [str(_PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if subprocess.run([*pip, "-c", "constraints.txt", "-e", ".", _ATHERIS], check=False, cwd=ROOT).returncode:
        sys.exit(f"pip could not install {_ATHERIS}, which has wheels for Linux; its own words stand above.")
    (_FOLDER / "ready").touch()


def fuzz(target: str, seconds: float, folder: Path) -> Outcome:
    """Fuzz ``target`` for so long; a process that libFuzzer ends (too slow, too much memory) is started again."""
    outcome, until = Outcome(target), time.monotonic() + seconds
    environ = {**os.environ, "TMPDIR": str(folder)}  # libFuzzer ends a process before that can tidy up
    corpus, status = folder / target, folder / f"{target}.json"
    corpus.mkdir()
    for one in seeds(target):
        (corpus / _name(one)).write_bytes(one)
    dictionary = folder / "words"
    dictionary.write_text(as_dictionary(words()))
    while (left := until - time.monotonic()) > 1:
        command = _engine(target, status, f"-max_total_time={left:.0f}", f"-dict={dictionary}", *_LIMITS,
                          f"-artifact_prefix={folder}/{target}-ended-", str(corpus))  # fmt: skip
        status.unlink(missing_ok=True)
        log = folder / f"{target}.log"
        with log.open("wb") as stream:
            done = subprocess.run(command, cwd=ROOT, env=environ, stdout=stream, stderr=stream, check=False)
        _take_up(outcome, status, log.read_text(errors="replace"))
        outcome.found += list(_ended_by(target, folder))
        if done.returncode and not status.exists():
            sys.exit(f"{target} did not start:\n{log.read_text(errors='replace')[-3000:]}")
    outcome.corpus = len(list(corpus.iterdir()))
    return outcome


def _name(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()[:12]


def _engine(target: str, status: Path, *rest: str) -> list[str]:
    return [str(_PYTHON), "-m", "tests.fuzz.engine", target, str(status), *rest]


def _take_up(outcome: Outcome, status: Path, log: str) -> None:
    if status.exists():
        row: dict[str, Any] = json.loads(status.read_text())
        outcome.runs += row["runs"]
        outcome.slowest = max(outcome.slowest, row["slowest"])
        outcome.peak = max(outcome.peak, row["peak"] // 1024)
        outcome.found += [f"{place}: {told}" for place, told in row["found"].items()]
    covered = re.findall(r"cov: (\d+)", log)
    outcome.coverage = covered[-1] if covered else outcome.coverage


def _ended_by(target: str, folder: Path) -> Iterator[str]:
    """Yield what libFuzzer ended a process for, and move the input to the finds."""
    for path in sorted(folder.glob(f"{target}-ended-*")):
        kind = path.name.removeprefix(f"{target}-ended-").partition("-")[0]
        place = HERE / "finds" / target / _name(path.read_bytes())
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.move(path, place)
        yield f"libFuzzer ended it ({kind}): {place}"


def keep(target: str, folder: Path) -> None:
    """Renew the corpus in the tree: of what the campaign kept, the fewest inputs that run the same lines of ours."""
    merged, small = folder / f"{target}-merged", folder / f"{target}-small"
    merged.mkdir()
    small.mkdir()
    for path in (folder / target).iterdir():
        if path.stat().st_size <= _LONGEST_KEPT:
            shutil.copy(path, small)
    command = _engine(target, folder / "merge.json", "-merge=1", str(merged), str(small))
    subprocess.run(command, cwd=ROOT, check=False, capture_output=True)
    place = HERE / "corpus" / target
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    for raw in covering(target, [path.read_bytes() for path in sorted(merged.iterdir())])[:_MOST_KEPT]:
        (place / _name(raw)).write_bytes(raw)


def covering(target: str, inputs: Sequence[bytes]) -> list[bytes]:
    """Return a few of ``inputs`` that together take every step from line to line that all of them take."""
    steps = {raw: _steps(target, raw) for raw in inputs}
    left, chosen = set().union(*steps.values()), []
    while left:
        best = max(steps, key=lambda raw: (len(steps[raw] & left), -len(raw)))
        chosen.append(best)
        left -= steps.pop(best)
    return chosen


def _steps(target: str, raw: bytes) -> set[tuple[str, int, int]]:
    found: set[tuple[str, int, int]] = set()

    def trace(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401 - as sys.settrace has it
        if event != "call" or "aml_pipeline" not in frame.f_code.co_filename:
            return None
        before = 0

        def line(frame: FrameType, event: str, _: object) -> Any:  # noqa: ANN401
            nonlocal before
            if event == "line":
                found.add((frame.f_code.co_filename, before, frame.f_lineno))
                before = frame.f_lineno
            return line

        return line

    sys.settrace(trace)
    try:
        with contextlib.suppress(Exception):
            TARGETS[target](raw)
    finally:
        sys.settrace(None)
    return found


def hypothesis(seconds: float) -> Outcome:
    """Run the law of ``tests/test_fuzz.py`` with ever more examples."""
    outcome, until = Outcome("hypothesis"), time.monotonic() + seconds
    environ = {**os.environ, "FUZZ_EXAMPLES": str(_EXAMPLES)}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/test_fuzz.py", "-k", "law"]
    while not outcome.runs or (time.monotonic() < until and not outcome.found):
        done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=False)
        outcome.runs += _EXAMPLES
        outcome.found += [done.stdout[-3000:]] if done.returncode else []
    return outcome


def large_files() -> Outcome:
    """Files of up to a MiB, without the fuzzer's own cost; each must be done within 2 s."""
    outcome = Outcome("large")
    for name, took, peak, fault in large.measured():
        outcome.runs += 1
        outcome.slowest = max(outcome.slowest, took)
        outcome.peak = max(outcome.peak, peak)
        outcome.found += [f"{name}: {fault}"] if fault else []
    return outcome


def campaign(minutes: float, folder: Path) -> list[Outcome]:
    """Run everything, two at once."""
    seconds = minutes * 60
    begun = time.monotonic()

    def first() -> list[Outcome]:
        return [fuzz(target, seconds * part, folder) for target, part in _FIRST.items()]

    def second() -> list[Outcome]:
        found = [fuzz(target, seconds * part, folder) for target, part in _SECOND.items()]
        left = seconds - (time.monotonic() - begun) - _LARGE
        return [*found, hypothesis(left), large_files()]

    with ThreadPoolExecutor(2) as pool:
        one, other = pool.submit(first), pool.submit(second)
        return [*one.result(), *other.result()]


def table(outcomes: Sequence[Outcome]) -> list[str]:
    """Return the lines of the summary."""
    head = f"{'':<10}  {'runs':>9}  {'coverage':>8}  {'corpus':>6}  {'slowest':>11}  {'memory':>11}  {'finds':>5}"
    found = [f"\n{one.target}: {words}" for one in outcomes for words in one.found]
    return [head, *(one.row() for one in outcomes), *found]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--keep", action="store_true", help="renew the small corpus in the tree")
    arguments = parser.parse_args()
    install()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        folder = Path(name).resolve()
        outcomes = campaign(arguments.minutes, folder)
        for target in TARGETS if arguments.keep else ():
            keep(target, folder)
    print(*table(outcomes), sep="\n")
    print(f"\n{sum(one.runs for one in outcomes):,} inputs in {(time.monotonic() - begun) / 60:.0f} minutes")
    return 1 if any(one.found for one in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
