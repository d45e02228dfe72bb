"""Trials of several runs at a time: combinations of parameters that are killed, interrupted, killed again, and left."""

from __future__ import annotations

import random
import signal
import subprocess
import time
from collections.abc import Iterator
from functools import partial

from tests.faults.place import Place, wait_until
from tests.faults.trials import STATUSES, Bench, Trial, kill_with_guard

# The last combination is the one in use afterwards.
GROUP = ("run", "--param", "factor=5,3", "--jobs", "2")
_MOST_MOMENTS = 190  # that touch the disk in an undisturbed group
_TIMES_EACH = 24


def trials(chance: random.Random) -> Iterator[Trial]:
    """Return the trials of this kind."""
    for number in STATUSES:
        for _ in range(_TIMES_EACH):
            at = chance.randrange(1, _MOST_MOMENTS)
            yield Trial(f"{number.name}, combinations", "a moment of the disk", partial(_signal_at, at, number))
        for _ in range(8):
            yield Trial(f"{number.name}, combinations", "steps running", partial(_running, chance.random() / 5, number))
    for _ in range(12):
        first, second = chance.choices(range(1, _MOST_MOMENTS), k=2)
        yield Trial("SIGKILL, and again, combinations", "a run and the next one", partial(_twice, first, second))
    for kind in ("grandchild", "daemon", "respawning"):
        for _ in range(3):
            yield Trial(f"kill -9, {kind} of both stay", "steps running", partial(_orphans, kind))
    for _ in range(3):
        yield Trial("two groups at once", "from the start", _at_once)
        yield Trial("two groups, one waits", "from the start", _waits)


def _signal_at(at: int, number: signal.Signals, place: Place, bench: Bench) -> None:
    run = place.start(*GROUP, broken=[str(at), str(int(number))], environ={"NAP": "0.05"})
    place.end(run, *STATUSES[number])
    recovers(place, bench)


def _twice(first: int, second: int, place: Place, bench: Bench) -> None:
    for at in (first, second):
        place.end(place.start(*GROUP, broken=[str(at), str(int(signal.SIGKILL))]), -9, 0)
    recovers(place, bench)


def _both_running(place: Place, mischief: str = "") -> subprocess.Popen[str]:
    """Start the group, and wait until both of its runs have an attempt."""
    run = place.start(*GROUP, environ={"NAP": "30", "MISCHIEF": mischief})
    steps = place.state / "small" / "steps" / "make"
    if not wait_until(lambda: len(list(steps.glob("attempt.*/working-copy/outputs/note.txt"))) == 2):
        place.complaints.append("the two steps did not start")
    return run


def _running(seconds: float, number: signal.Signals, place: Place, bench: Bench) -> None:
    run = _both_running(place)
    time.sleep(seconds)
    run.send_signal(number)
    place.end(run, *STATUSES[number])
    if number != signal.SIGKILL:
        place.nothing_left()
    recovers(place, bench)


def _orphans(kind: str, place: Place, bench: Bench) -> None:
    run = _both_running(place, kind)
    kill_with_guard(run)
    place.end(run, -9)
    if not place.leftovers():
        place.complaints.append("the orphans died by themselves, so nothing was tried")
    recovers(place, bench)


def _at_once(place: Place, bench: Bench) -> None:
    runs = [place.start(*GROUP, environ={"NAP": "0.1"}) for _ in range(2)]
    if not any(place.end(run, 0, 6).status == 0 for run in runs):
        place.complaints.append("none of them ran")
    recovers(place, bench)


def _waits(place: Place, bench: Bench) -> None:
    runs = [place.start(*GROUP, "--wait-for-lock", environ={"NAP": "0.1"}) for _ in range(2)]
    for run in runs:
        place.end(run, 0)
    recovers(place, bench)


def recovers(place: Place, bench: Bench) -> None:
    """Run the group once more, undisturbed; complain unless all is as if nothing had happened, and nothing is left."""
    place.recovers(bench.expected[3], *GROUP[1:])
    again = place.run(*GROUP)
    if again.text.splitlines()[-1] != "2 runs: 2 up to date.":
        place.complaints.append(f"something ran again: {again.text}")
    place.recovers(bench.expected[5], "--param", "factor=5")
    manifests = (place.state / "small" / "steps").glob("*/result.*")
    results = sum(file.suffix != ".tmp" for file in manifests)  # `clean` removes what a killed writer leaves
    kept = len(list((place.state / "small" / "steps").glob("*/attempt.*")))
    if results != kept:
        place.complaints.append(f"{kept} attempts are left of {results} results")
