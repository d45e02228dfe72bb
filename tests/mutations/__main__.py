"""Measure: ``python -m tests.mutations [--count 300] [--seed 1] [--all] [--churn]``.

The exit status is 1 below 95 % caught or 90 % placed.

A mistake is *caught* when anything is told of it. It is *placed* when that stands on its line (column ``line``), or
when what stands elsewhere, where the mistake shows, names what was mistaken (column ``name``): an output that was
renamed is told where it is read.
"""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.mutations.churn import CHURN
from tests.mutations.judge import SAME, Bench, Verdict
from tests.mutations.mutants import chosen, everything
from tests.mutations.shipped import SHIPPED

CAUGHT, PLACED = 0.95, 0.90


def shares(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """Return which share of the harmful mistakes is caught, and which is placed."""
    harmful = [one for one in verdicts if not one.harmless]
    return sum(one.caught for one in harmful) / len(harmful), sum(one.placed for one in harmful) / len(harmful)


def table(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the lines of the table: how many mistakes of each kind, and what came of them."""
    columns: dict[str, Counter[str]] = {}
    for one in verdicts:
        for kind in (one.mutant.kind, "all"):
            counts = columns.setdefault(kind, Counter())
            counts["made"] += 1
            counts["harmless"] += bool(one.harmless)
            if not one.harmless:
                counts["harmful"] += 1
                counts["caught"] += one.caught
                counts["line"] += one.on_the_line
                counts["name"] += one.by_name and not one.on_the_line
    columns["all"] = columns.pop("all")
    names = ("made", "harmless", "harmful", "caught", "line", "name")
    lines = [f"{'kind':<24}" + "".join(f"{name:>10}" for name in names)]
    return lines + [f"{kind:<24}" + "".join(f"{row[name]:>10}" for name in names) for kind, row in columns.items()]


def lists(verdicts: Sequence[Verdict]) -> list[str]:
    """Return the lines that name each mistake that was missed, told elsewhere, or harmless."""
    harmful = [one for one in verdicts if not one.harmless]
    missed = [_shown(one) for one in harmful if not one.caught]
    elsewhere = [f"{_shown(one)}\n{_told(one)}" for one in harmful if one.caught and not one.on_the_line]
    other = [f"{_shown(one)}: {one.harmless}{_noted(one)}" for one in verdicts if one.harmless not in {"", SAME}]
    same = [_shown(one) + _noted(one) for one in verdicts if one.harmless == SAME]
    return [
        "\nHarmful and not told:", *(missed or ["  none"]),
        "\nHarmful and told elsewhere:", *(elsewhere or ["  none"]),
        "\nHarmless, since no tool could know it to be unwanted:", *other,
        f"\nHarmless, since {SAME}:", *same,
    ]  # fmt: skip


def _shown(one: Verdict) -> str:
    return f"  {min(one.mutant.lines)}: {one.mutant.kind}: {one.mutant.shown}"


def _told(one: Verdict) -> str:
    by_name = " (named)" if one.by_name else ""
    rows = [
        f"       {told.position.line if told.position else '?'}: {told.message} [{told.code}]" for told in one.found
    ]
    return "\n".join([*rows[:2]]) + by_name


def _noted(one: Verdict) -> str:
    return f" (told: {', '.join(dict.fromkeys(told.code for told in one.found))})" if one.found else ""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.mutations", description=__doc__)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--all", action="store_true", help="every mistake that is known of here, some thousands")
    parser.add_argument("--churn", action="store_true", help="in the richer file instead of the shipped one")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mutations-") as name:
        bench = Bench(Path(name).resolve(), CHURN if arguments.churn else SHIPPED)
        if arguments.all:
            mutants = everything(bench.text, random.Random(arguments.seed))  # noqa: S311
        else:
            mutants = chosen(bench.text, arguments.seed, arguments.count)
        verdicts = [bench.judge(one) for one in mutants]
    caught, placed = shares(verdicts)
    print(*table(verdicts), *lists(verdicts), sep="\n")
    harmful = [one for one in verdicts if not one.harmless]
    strictly = sum(one.on_the_line for one in harmful) / len(harmful)
    told = f"{caught:.1%} caught, {placed:.1%} placed, {strictly:.1%} on their very line"
    print(f"\nOf {len(harmful)} harmful ones {told}; seed {arguments.seed}.")
    return 0 if caught >= CAUGHT and placed >= PLACED else 1


if __name__ == "__main__":
    sys.exit(main())
