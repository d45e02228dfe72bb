"""Run the campaign: ``python -m tests.faults [--trials N] [--seed S] [--only TEXT]``; exit 1 when a trial fails."""

# ruff: noqa: T201 - printing is its job
from __future__ import annotations

import argparse
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.faults import daemons, groups, hostile, midway, objects, swaps, trials, variants
from tests.faults.place import Place
from tests.faults.trials import Bench, Trial

AT_ONCE = 2

# A shell starts what runs in its background deaf to INT, and what is started from there inherits that.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def prepare(folder: Path) -> Bench:
    """Make the projects that the trials copy, and learn from undisturbed runs what is right."""
    fresh, warm = Place(folder / "fresh"), Place(folder / "warm")
    fresh.write()
    warm.write()
    expected = {}
    for factor in (5, 3):
        warm.run("run", "--param", f"factor={factor}")
        expected[factor] = warm.outputs()
    warm.run("plan")
    time.sleep(2.1)  # from here on looks are trusted, and answers kept
    warm.run("run")
    listed = Place(folder / "listed")
    listed.write()
    moments = folder / "moments"
    listed.end(listed.start("run", broken=["0", "list"], environ={"LISTED": str(moments)}), 0)
    if complaints := [*warm.complaints, *listed.complaints]:
        sys.exit(f"The undisturbed runs failed: {complaints}")
    return Bench(fresh.folder, warm.folder, expected, tuple(moments.read_text().splitlines()))


def carry_out(trial: Trial, bench: Bench, folder: Path) -> list[str]:
    """Carry a trial out in a new folder; return what it complains of."""
    shutil.copytree(bench.warm if trial.warm else bench.fresh, folder, symlinks=True)
    place = Place(folder)
    try:
        trial.do(place, bench)
    except Exception:  # noqa: BLE001 - a trial that breaks is a trial that failed
        place.complaints.append(f"the trial itself broke: {traceback.format_exc()}")
    finally:
        place.remove()
    return place.complaints


def table(done: Sequence[Trial], found: Sequence[list[str]]) -> list[str]:
    """Return the lines of the table fault × moment × outcome."""
    right: Counter[tuple[str, str]] = Counter()
    wrong: Counter[tuple[str, str]] = Counter()
    for trial, complaints in zip(done, found, strict=True):
        (wrong if complaints else right)[trial.fault, trial.moment] += 1
    rows = list(dict.fromkeys((one.fault, one.moment) for one in done))
    lines = [f"{'fault':<32}  {'moment':<26}  {'right':>5}  {'wrong':>5}"]
    lines += [f"{row[0]:<32}  {row[1]:<26}  {right[row]:>5}  {wrong[row] or '-':>5}" for row in rows]
    return [*lines, f"{'all':<32}  {'':<26}  {right.total():>5}  {wrong.total() or '-':>5}"]


def everything(bench: Bench, chance: random.Random) -> list[Trial]:
    """Return every trial there is."""
    return [
        *trials.everything(bench, chance),
        *daemons.trials(),
        *objects.trials(bench),
        *midway.trials(),
        *hostile.trials(),
        *swaps.trials(),
        *groups.trials(chance),
        *variants.trials(chance),
    ]


def chosen(bench: Bench, chance: random.Random, count: int, only: str) -> list[Trial]:
    """Return ``count`` trials: one of each row of the table first, then any."""
    wanted = [one for one in everything(bench, chance) if only in f"{one.fault}, {one.moment}"]
    order = list(range(len(wanted)))
    chance.shuffle(order)
    rows: dict[tuple[str, str], int] = {}
    for index in order:
        rows.setdefault((wanted[index].fault, wanted[index].moment), index)
    firsts = set(rows.values())
    order.sort(key=lambda index: index not in firsts)
    return [wanted[index] for index in sorted(order[:count])]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--trials", type=int, default=sys.maxsize, help="at most so many, chosen by the seed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default="", help="the trials whose fault and moment hold this text")
    arguments = parser.parse_args()
    chance, begun = random.Random(arguments.seed), time.monotonic()  # noqa: S311 - the same seed, the same trials
    with tempfile.TemporaryDirectory(prefix="faults-") as name:
        folder = Path(name).resolve()
        bench = prepare(folder)
        tried = chosen(bench, chance, arguments.trials, arguments.only)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            folders = [folder / f"trial-{index}-" for index in range(len(tried))]
            found = list(pool.map(lambda trial, place: carry_out(trial, bench, place), tried, folders))
    print(*table(tried, found), sep="\n")
    for trial, complaints in zip(tried, found, strict=True):
        for one in complaints:
            print(f"\n{trial.fault}, {trial.moment} {getattr(trial.do, 'args', '')}: {one}")
    print(f"\n{len(tried)} trials in {time.monotonic() - begun:.0f} s, seed {arguments.seed}")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
