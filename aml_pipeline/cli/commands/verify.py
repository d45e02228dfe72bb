"""``verify``: rereads results and records, and reports damage."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping

from aml_pipeline.cli.exits import EXIT_FAILED
from aml_pipeline.cli.opened import open_readable, state_folder
from aml_pipeline.cli.options import Options
from aml_pipeline.cli.screen.live import Live, can_move
from aml_pipeline.core.digests import Digests
from aml_pipeline.core.wording import counted, listed, size_in_words
from aml_pipeline.local import cleaning, verification
from aml_pipeline.local.cleaning import Removable
from aml_pipeline.local.store import Store
from aml_pipeline.runs import locks

_COUNTED = {"result": "", "model version": "", "run record": "", "code text": "code texts"}


def verify(options: Options, _environ: Mapping[str, str]) -> int:
    """Print what is damaged, one per line; exit with 1 if anything is."""
    opened = open_readable(options)
    if not os.path.isdir(opened.state):
        print("There is nothing to verify.")
        return 0
    live = Live(sys.stderr, moving=can_move())
    busy = locks.is_locked(opened.state)
    if busy:
        live.above(["A run is in progress: its unfinished results are not verified."], sys.stderr)
    items = list(verification.items(opened.state, os.path.join(state_folder(options), ".memo")))
    damaged = 0
    read, total = 0, sum(item.bytes for item in items)
    for item in items:
        live.show(f"{size_in_words(read)} of {size_in_words(total)}  {item.kind} {item.name}")
        for finding in item.findings():
            damaged += 1
            live.above([f"{finding.message} {finding.cure}"], sys.stdout)
        read += item.bytes
    live.show()
    counts = Counter(item.kind for item in items)
    kinds_in_words = listed([counted(counts[kind], kind, plural) for kind, plural in _COUNTED.items() if counts[kind]])
    end = f"{damaged} {'is' if damaged == 1 else 'are'} damaged" if damaged else "nothing is damaged"
    print(f"Verified {kinds_in_words or 'all'} ({size_in_words(total)} of outputs): {end}.")
    if not busy:
        _tell_of_leftovers(opened.state)
    return EXIT_FAILED if damaged else 0


def _tell_of_leftovers(state: str) -> None:
    left = _leftovers(state)
    if left:
        size = size_in_words(sum(item.bytes for item in left))
        verb = "belongs" if len(left) == 1 else "belong"
        print(f"{counted(len(left), 'leftover')} ({size}) {verb} to no result: `aml-pipeline clean` frees that.")


def _leftovers(state: str) -> list[Removable]:
    try:
        return [item for item in cleaning.unused(Store(state, Digests())) if item.kind != "result"]
    except OSError:  # already reported
        return []
