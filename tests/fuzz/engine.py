"""One target under atheris, in a process of its own: ``python -m tests.fuzz.engine TARGET STATUS [libFuzzer's words]``.

Runs in the environment that has atheris. What breaks a promise is written to the folder of finds, once for each place
that breaks, and fuzzing goes on. STATUS is a file of JSON that is renewed as it goes: runs, the slowest input, memory.
"""

from __future__ import annotations

import ast
import gc
import hashlib
import json
import os
import random
import resource
import shlex
import sys
import time
import traceback
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["aml_pipeline", "yaml"]):
    import yaml

    from aml_pipeline.pipeline.yaml import source
    from tests.fuzz import targets

from tests.fuzz.lines import Mutator
from tests.fuzz.seeds import HERE, pool, seeds

LIMIT = 2.0
_LONGEST_SLOW = 4096
_TRIES = 4
_C_LOADER = source._Loader


def _parses(raw: bytes) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            ast.parse(raw)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            return False
    return True


class Engine:
    """Runs inputs, and keeps account."""

    def __init__(self, target: str, status: Path) -> None:
        self._target = target
        self._run = targets.TARGETS[target]
        self._status = status
        self._finds = HERE / "finds" / target
        self._mutator = Mutator(pool(seeds(target)))
        self._runs = 0
        self._slowest = 0.0
        self._slow = b""
        self._found: dict[str, str] = {}
        self._noted = 0.0

    def one(self, raw: bytes) -> None:
        """Run one input: as users run it, and, while it is small, with the parser whose coverage can be seen."""
        self._runs += 1
        begun = time.process_time()
        self._guarded(raw)
        took = time.process_time() - begun
        if took > self._slowest:
            self._slowest, self._slow = took, raw
        if took > LIMIT:
            self._keep(raw, f"slow-{self._target}", f"{took:.1f} s")
        if self._target == "pipeline" and len(raw) <= _LONGEST_SLOW:
            source._Loader = yaml.SafeLoader
            try:
                self._guarded(raw)
            finally:
                source._Loader = _C_LOADER
        if time.monotonic() - self._noted > 1:
            self.note()

    def mutated(self, raw: bytes, most: int, seed: int) -> bytes:
        """Mutate by lines and words, or by libFuzzer's own ways."""
        chance = random.Random(seed)  # noqa: S311 - libFuzzer's seed, so that a campaign can be repeated
        if chance.random() < 1 / 3:
            return bytes(atheris.Mutate(raw, most))
        changed = self._mutator.mutated(raw, chance)[:most]
        for _ in range(
            _TRIES if self._target == "script" else 0
        ):  # most mistakes end a script's way at Python's parser
            if _parses(changed):
                break
            changed = self._mutator.mutated(raw, chance)[:most]
        return changed

    def note(self) -> None:
        """Write down how far it is."""
        self._noted = time.monotonic()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        row = {"runs": self._runs, "slowest": self._slowest, "peak": peak, "found": self._found,
               "slow": self._slow.decode("latin-1")}  # fmt: skip
        part = self._status.with_suffix(".part")
        part.write_text(json.dumps(row))
        part.rename(self._status)

    def _guarded(self, raw: bytes) -> None:
        try:
            self._run(raw)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is a find
            places = [one for one in traceback.extract_tb(error.__traceback__) if "site-packages" not in one.filename]
            place = f"{type(error).__name__} {Path(places[-1].filename).name}:{places[-1].lineno}"
            self._keep(raw, place, f"{type(error).__name__}: {error}"[:300])

    def _keep(self, raw: bytes, place: str, words: str) -> None:
        if place in self._found:
            return
        self._found[place] = words
        self._finds.mkdir(parents=True, exist_ok=True)
        (self._finds / hashlib.sha256(raw).hexdigest()[:12]).write_bytes(raw)
        print(f"FOUND {place}: {words}", file=sys.stderr, flush=True)  # noqa: T201
        self.note()


def main() -> None:
    """Fuzz until libFuzzer ends."""
    target, status, *words = sys.argv[1:]
    os.environ.pop("PYTHONHASHSEED", None)
    gc.freeze()
    engine = Engine(target, Path(status))
    # The first word is what libFuzzer starts again when it merges, through a shell.
    again = shlex.join([sys.executable, "-m", "tests.fuzz.engine", target, status])
    atheris.Setup([again, *words], engine.one, custom_mutator=engine.mutated)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
