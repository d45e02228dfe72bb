"""Trials of daemons that emptied their environment, so that the mark of their attempt is gone with it.

Those that still work in the attempt's folder, or write into it, are found by that; of the others all that is asked is
that they do no harm: they write into the folder of an attempt that is over, or by the link that people use.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from functools import partial

from tests.faults.place import Place
from tests.faults.trials import STATUSES, Bench, Trial, kill_with_guard, running

# Kind of mischief: its name, and whether a next run can tell whose it is.
_KINDS = {"unmarked": ("in its folder", True), "unmarked:away": ("away", False), "unmarked:links": ("by links", False)}
_AGAIN = ("make", "--force")


def trials() -> Iterator[Trial]:
    """Return the trials of this kind."""
    for kind, (where, _) in _KINDS.items():
        fault = f"bare daemon, {where}"
        for number in (signal.SIGTERM, signal.SIGINT):
            yield Trial(fault, f"{number.name} to the run", partial(_signalled, kind, number), warm=True)
        yield Trial(fault, "step ends normally", partial(_ends, kind), warm=True)
        for moment, kill in (("kill -9", subprocess.Popen.kill), ("kill -9, guard too", kill_with_guard)):
            for words in ("run", "run --param factor=5", "run --only add", "clean", "clean --all"):
                yield Trial(fault, moment, partial(orphaned, kind, kill, words), warm=True)


def _signalled(kind: str, number: signal.Signals, place: Place, bench: Bench) -> None:
    run = running(place, kind, *_AGAIN)
    run.send_signal(number)
    place.end(run, *STATUSES[number])
    place.nothing_left()
    place.recovers(bench.expected[3])


def _ends(kind: str, place: Place, bench: Bench) -> None:
    place.run("run", *_AGAIN, environ={"MISCHIEF": kind})
    place.nothing_left()
    place.recovers(bench.expected[3])


def orphaned(kind: str, kill: Callable[[subprocess.Popen[str]], None], words: str, place: Place, bench: Bench) -> None:
    """Kill a run, let the daemon meet another command, then, if it cannot be found, a run; at last all is quiet."""
    found = _KINDS[kind][1]
    run = running(place, kind, *_AGAIN)
    kill(run)
    place.end(run, -signal.SIGKILL)
    if not place.leftovers():
        place.complaints.append("the daemon died by itself, so nothing was tried")
    # One that goes on writing may make a result, or the removal of one, fail: in words, and never a wrong one.
    statuses = (0,) if found else (0, 1, 2, 6)
    told = place.run(*words.split(), statuses=statuses)
    if words.startswith("run"):
        place.compare(bench.expected[5 if "factor=5" in words else 3], told)
    if found:
        place.nothing_left()
    else:
        place.compare(bench.expected[3], place.run("run", statuses=statuses))
        place.kill_leftovers()
    place.recovers(bench.expected[3])
