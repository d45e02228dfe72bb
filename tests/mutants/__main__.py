"""Measure: ``python -m tests.mutants [MODULE or id of a mutant ...]``; exit 1 when a mutant survives unexplained.

Of each module mutmut makes a fixed sample of mutants; it lives in an environment of its own, ``.mutants``. Survivors
that change nothing that anyone could see are listed in ``accepted.yaml``, with the reason.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import yaml

from tests.mutants.bench import ROOT, Bench, Mutant, Reach, bench

MODULES = (
    "core/digests",
    "core/masking",
    "core/problems",
    "pipeline/plan/arguments",
    "pipeline/schedule/cron",
    "pipeline/yaml/source",
    "runs/metrics",
    "runs/reuse",
    "local/evaluate",
    "local/store",
)
COUNT = 32

_MUTMUT = "mutmut==3.8.1"
_FOLDER = ROOT / ".mutants"
_PYTHON = str(_FOLDER / "bin" / "python")
_ACCEPTED = Path(__file__).with_name("accepted.yaml")


def install() -> None:
    """Make ``.mutants``, with mutmut in it."""
    if (_FOLDER / _MUTMUT).exists():
        return
    print("setting up .mutants: about 1 minute, once", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", _FOLDER], check=True)
    pip = [_PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", _MUTMUT]
    if subprocess.run(pip, check=False).returncode:
        sys.exit(f"pip could not install {_MUTMUT}; see its output above.")
    (_FOLDER / _MUTMUT).touch()


def samples() -> list[Mutant]:
    """Return the mutants of all modules."""
    files = {f"aml_pipeline/{module}.py": module for module in MODULES}
    words = [_PYTHON, "-m", "tests.mutants.making", str(COUNT), *files]
    made = json.loads(subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout)
    return [Mutant(module=files[file], file=file, **one) for file, mutants in made.items() for one in mutants]


def survivors(mutants: Sequence[Mutant]) -> Iterator[Mutant]:
    """Yield the mutants that no test of their package notices; print what becomes of each."""
    with bench() as place:
        for package in dict.fromkeys(one.package for one in mutants):
            ours = [one for one in mutants if one.package == package]
            reach = place.reach(package, [*dict.fromkeys(one.file for one in ours)])
            print(f"tests/{package}: {len(reach.seconds)} tests, {sum(reach.seconds.values()):.0f} s", flush=True)
            for test in sorted(reach.failed):
                print(f"left out, because it fails without a mutant: {test}")
            yield from (one for one in ours if not _killer(place, reach, one))


def _killer(place: Bench, reach: Reach, one: Mutant) -> str:
    start, killer = time.monotonic(), place.killer(one, reach)
    print(f"{one.id} {one.module}:{one.line} {time.monotonic() - start:.1f} s  {killer or 'SURVIVES'}", flush=True)
    return killer


def table(mutants: Sequence[Mutant], left: Sequence[Mutant], accepted: Collection[str]) -> Iterator[str]:
    """Yield the lines of the table: what became of the mutants of each module, and of all."""
    yield f"{'module':<26}{'mutants':>9}{'caught':>9}{'same':>9}{'missed':>9}{'share':>9}"
    for module in (*dict.fromkeys(one.module for one in mutants), "all"):
        made, lived = ([one.id for one in ones if module in {one.module, "all"}] for ones in (mutants, left))
        same = len([name for name in lived if name in accepted])
        caught = len(made) - len(lived)
        share = caught / ((len(made) - same) or 1)
        yield f"{module:<26}{len(made):>9}{caught:>9}{same:>9}{len(lived) - same:>9}{share:>9.1%}"


def main(words: Sequence[str]) -> int:
    """Judge the mutants of the words, else all; print the table, and each survivor that nothing explains."""
    install()
    made = samples()
    accepted = {one["id"] for ones in yaml.safe_load(_ACCEPTED.read_text("utf-8")).values() for one in ones}
    mutants = [one for one in made if not words or one.module in words or one.id in words]
    left = [*survivors(mutants)]
    print("", *table(mutants, left, accepted), sep="\n")
    unexplained = [one for one in left if one.id not in accepted]
    for one in unexplained:
        print(f"\nsurvives: {one.id} {one.file}:{one.line} {one.function}\n  - {one.was}\n  + {one.now}")
    wrong = accepted - {one.id for one in made} | accepted & {one.id for one in mutants} - {one.id for one in left}
    for name in sorted(wrong):
        print(f"\nRemove {name} from accepted.yaml: it is caught, or not in the sample.")
    return 1 if unexplained or wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
