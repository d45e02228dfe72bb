"""Large files: one thing repeated until the file is as large as a pipeline file may be, each within 6 s and 1 GiB.

``python -m tests.fuzz.large [TEXT]`` measures them, one process for all; a row of JSON for each.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.yaml.source import MAX_BYTES
from tests.fuzz import targets
from tests.fuzz.seeds import ROOT, pool, seeds

# A file that is right takes a third of it; one of nothing but mistakes has some 80,000 problems to tell.
LIMIT = 6.0
_LIMIT_MB = 1024
_SMALLER = 0.8
_HEAD = "name: large\n"
_STEP = "steps:\n  one: {script: a.py}\n"


@dataclass(frozen=True)
class Large:
    """A file: a head, as many numbered units as fit, and a tail."""

    head: str
    unit: Callable[[int], str] | None = None
    tail: str = ""

    def of(self, size: int) -> bytes:
        """Return the file, no larger than ``size``."""
        parts, length, number = [self.head], len(self.head) + len(self.tail), 0
        while self.unit and length + len(part := self.unit(number)) < size:
            parts.append(part)
            length += len(part)
            number += 1
        return "".join([*parts, self.tail]).encode("utf-8", "surrogateescape")


def _repeated(unit: Callable[[int], str], head: str = "", tail: str = "") -> Large:
    return Large(head, unit, tail)


def _made(text: str) -> Large:
    return Large(text)


def _many(count: int, form: str) -> str:
    return "".join(form.format(number) + "\n" for number in range(count))


def _parameters(count: int) -> str:
    return _many(count, "  a{}: 1")


def _in_step(unit: Callable[[int], str], head: str = "") -> Large:
    return _repeated(unit, f"{_HEAD}{head}steps:\n  one:\n    script: a.py\n    arguments:\n")


def _chain(closed: str) -> Large:
    def step(number: int) -> str:
        return f"  s{number}:\n    script: a.py\n    after: [s{number - 1}]\n" if number else f"  s0:\n{closed}"

    return _repeated(step, f"{_HEAD}steps:\n")


def _families() -> dict[str, Callable[[], Large]]:
    head = f"{_HEAD}{_STEP}"
    expression = "${{ parameters.p%d }}"
    return {
        "steps": lambda: _repeated(lambda n: f"  s{n}: {{script: a.py}}\n", f"{_HEAD}steps:\n"),
        "steps in a chain": lambda: _chain("    script: a.py\n"),
        "steps in a ring": lambda: _chain("    script: a.py\n    after: [s9999]\n"),
        "steps that wait for all before": lambda: _repeated(
            lambda n: f"  s{n}: {{script: a.py, after: [{', '.join(f's{k}' for k in range(n))}]}}\n", f"{_HEAD}steps:\n"
        ),
        "steps that wait for themselves": lambda: _repeated(
            lambda n: f"  s{n}: {{script: a.py, after: [s{n}]}}\n", f"{_HEAD}steps:\n"
        ),
        "unknown steps": lambda: _repeated(
            lambda n: f"  s{n}: {{script: a.py, after: [t{n}]}}\n", f"{_HEAD}steps:\n"
        ),
        "outputs": lambda: _in_step(lambda n: f"      --o{n}: ${{{{ outputs.o{n} }}}}\n"),
        "unknown parameters": lambda: _in_step(lambda n: f"      --o{n}: {expression % n}\n"),
        "parameters": lambda: _repeated(lambda n: f"  p{n}: {n}\n", f"{head}parameters:\n"),
        "parameters with bounds": lambda: _repeated(
            lambda n: f"  p{n}: {{default: {n}, minimum: {n + 1}}}\n", f"{head}parameters:\n"
        ),
        "choices": lambda: _repeated(
            lambda n: f"c{n}, ", f"{head}parameters:\n  p:\n    default: a\n    choices: [", "a]\n"
        ),
        "bad names": lambda: _repeated(lambda n: f"  P{n}: {n}\n", f"{head}parameters:\n"),
        "bad step names": lambda: _repeated(lambda n: f"  S_{n}: {{script: a.py}}\n", f"{_HEAD}steps:\n"),
        "profiles": lambda: _repeated(
            lambda n: f"  p{n}: {{parameters: {{a: {n}}}}}\n", f"{head}parameters: {{a: 1}}\nprofiles:\n"
        ),
        "profiles of many parameters": lambda: _repeated(
            lambda n: f"  p{n}: {{parameters: {{{', '.join(f'a{k}: {n}' for k in range(300))}}}}}\n",
            f"{head}parameters:\n{_parameters(300)}profiles:\n",
        ),
        "a profile of many parameters": lambda: _repeated(
            lambda n: f"      a{n}: 2\n",
            f"{head}parameters:\n{_parameters(30_000)}profiles:\n  p:\n    parameters:\n",
        ),
        "profiles beside many parameters": lambda: _repeated(
            lambda n: f"  p{n}: {{parameters: {{a{n}: {n}}}}}\n",
            f"{head}parameters:\n{_parameters(20_000)}profiles:\n",
        ),
        "schedules of a profile": lambda: _repeated(
            lambda n: f"      s{n}: {{cron: '0 2 * * *'}}\n", f"{head}profiles:\n  p:\n    schedules:\n"
        ),
        "steps of a profile": lambda: _repeated(
            lambda n: f"      s{n}: {{timeout: 1m}}\n",
            f"{_HEAD}steps:\n{_many(15_000, '  s{}: {{script: a.py}}')}profiles:\n  p:\n    steps:\n",
        ),
        "schedules": lambda: _repeated(
            lambda n: f"  s{n}: {{cron: '0 {n % 24} * * *', time_zone: Europe/Paris}}\n", f"{head}schedules:\n"
        ),
        "bad schedules": lambda: _repeated(
            lambda n: f"  s{n}: {{cron: '0 99 * * *', time_zone: Mars/P{n}}}\n", f"{head}schedules:\n"
        ),
        "variables": lambda: _repeated(lambda n: f"  V{n}: {n}\n", f"{head}environment_variables:\n"),
        "datasets": lambda: _repeated(lambda n: f"  d{n}: {{local: d{n}}}\n", f"{head}datasets:\n"),
        "unknown keys": lambda: _repeated(lambda n: f"key{n}: {n}\n", head),
        "unknown keys of steps": lambda: _repeated(
            lambda n: f"  s{n}: {{script: a.py, skript: b.py}}\n", f"{_HEAD}steps:\n"
        ),
        "steps without a script": lambda: _repeated(lambda n: f"  s{n}: {{}}\n", f"{_HEAD}steps:\n"),
        "steps that are none": lambda: _repeated(lambda n: f"  s{n}: {n}\n", f"{_HEAD}steps:\n"),
        "the same key": lambda: _repeated(lambda _: "name: x\n", head),
        "booleans of YAML 1.1": lambda: _in_step(lambda n: f"      --o{n}: yes\n"),
        "arguments": lambda: _in_step(lambda n: f"      --o{n}: {n}\n"),
        "positional arguments": lambda: _in_step(lambda n: f"      - {n}\n"),
        "values of one argument": lambda: _repeated(
            lambda n: f"{n}, ", f"{_HEAD}steps:\n  one:\n    script: a.py\n    arguments:\n      --a: [", "0]\n"
        ),
        "bad arguments": lambda: _in_step(lambda n: f"      --o{n}: {{a: b}}\n"),
        "bad expressions": lambda: _in_step(lambda n: f"      --o{n}: ${{{{ parameter.p{n} }}}}\n"),
        "the same expression": lambda: _in_step(
            lambda n: f"      --o{n}: ${{{{ parameters.a }}}}\n", "parameters: {a: 1}\n"
        ),
        "one long text": lambda: _made(f"{head}description: {'a ' * (MAX_BYTES // 2 - 40)}b\n"),
        "one long quoted text": lambda: _made(f'{head}description: "{"é" * (MAX_BYTES // 2 - 40)}"\n'),
        "one long name": lambda: _made(f"name: {'a' * (MAX_BYTES - 60)}\n{_STEP}"),
        "one long number": lambda: _made(f"{head}version: {'9' * (MAX_BYTES - 60)}\n"),
        "one long key": lambda: _made(f"{head}? {'a' * (MAX_BYTES - 60)}\n: 1\n"),
        "one long cron": lambda: _made(
            f"{head}schedules: {{a: {{cron: '{'0,' * (MAX_BYTES // 2 - 80)}0 * * * *'}}}}\n"
        ),
        "one long expression": lambda: _made(
            f"{head}  two: {{script: a.py, arguments: {{--a: '${{{{ {'x.' * (MAX_BYTES // 2 - 99)} }}}}'}}}}\n"
        ),
        "brackets": lambda: _made(f"{head}x-a: {'[' * (MAX_BYTES - 60)}"),
        "braces": lambda: _made(f"{head}x-a: {'{' * (MAX_BYTES - 60)}"),
        "dashes": lambda: _made(f"{head}x-a:\n {'- ' * (MAX_BYTES // 2 - 60)}"),
        "question marks": lambda: _made("? " * (MAX_BYTES // 2 - 10)),
        "indentation": lambda: _repeated(lambda n: " " * n + "a:\n", head),
        "comments": lambda: _repeated(lambda n: f"# {n}\n", head),
        "empty lines": lambda: _repeated(lambda _: "\n", head),
        "line ends of Windows": lambda: _repeated(lambda n: f"x-{n}: {n}\r\n", head),
        "anchors": lambda: _repeated(lambda n: f"x-{n}: &a{n} {n}\n", head),
        "aliases": lambda: _repeated(lambda n: f"x-{n}: *a\n", f"x-a: &a [1, 2]\n{head}"),
        "merges": lambda: _repeated(lambda n: f"x-{n}: {{<<: *a}}\n", f"x-a: &a {{b: 1}}\n{head}"),
        "aliases of aliases": lambda: _repeated(
            lambda n: f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9) if n else 1}]\n", head
        ),
        "an error at the end": lambda: _repeated(lambda n: f"x-{n}: {n}\n", head, "a: b: c\n"),
        "a quote not closed": lambda: _repeated(lambda n: f"x{n}\n", f'{head}x-a: "'),
        "a byte that is no text": lambda: _repeated(lambda n: f"x-{n}: {n}\n", head, "\udcff"),
        "bytes that are no text": lambda: _made("\udcff" * (MAX_BYTES - 1)),
        "control characters": lambda: _repeated(lambda n: f"x-{n}: \x1b\n", head),
        "tags": lambda: _repeated(lambda n: f"x-{n}: !!str {n}\n", head),
        "documents": lambda: _repeated(lambda _: "---\n", head),
        "patterns": lambda: _repeated(lambda n: f"'*.{n}', ", f"{_HEAD}snapshot: [", f"a]\n{_STEP}"),
        "anything": _anything,
    }  # fmt: skip


def _anything() -> Large:
    """Lines of all seeds, in any order, of a fixed chance."""
    chance, lines = random.Random(1), pool(seeds("pipeline"))  # noqa: S311 - the same file each time
    return _repeated(lambda _: chance.choice(lines).decode("ascii", "ignore") + "\n")


def rows(only: str = "") -> Iterator[tuple[str, float, int, str]]:
    """Yield each file's name, the seconds that it took, the peak of memory so far in MiB, and what is wrong.

    A file of too many values is refused early, so smaller ones follow until one is taken; the slowest counts.
    """
    for name, make in _families().items():
        if only not in name:
            continue
        took, fault, size, large = 0.0, "", MAX_BYTES, make()
        while size:
            raw = large.of(size)
            seconds, wrong, refused = _one(raw)
            took, fault = max(took, seconds), fault or wrong
            size = int(size * _SMALLER) if refused else 0
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        fault = fault or (f"took {took:.1f} s" if took > LIMIT else f"{peak} MiB" if peak > _LIMIT_MB else "")
        yield name, took, peak, fault


def _one(raw: bytes) -> tuple[float, str, bool]:
    """Return the seconds that a file took, what is wrong, and whether it was refused for its many values."""
    assert len(raw) <= MAX_BYTES
    begun = time.process_time()
    try:
        loaded = loader.load(raw, "pipeline.yaml")
        problems.as_text(loaded.problems, {"pipeline.yaml": loaded.text})
        took = time.process_time() - begun
        targets.told(loaded.problems, loaded.text)
        targets.planned(loaded)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is a find
        return time.process_time() - begun, f"{type(error).__name__}: {error}"[:300], False
    return took, "", any(one.code == "too-many-values" for one in loaded.problems)


def measured() -> list[tuple[str, float, int, str]]:
    """Return the rows, measured in a process of their own."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz.large"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = (json.loads(line) for line in done.stdout.splitlines())
    told = [(str(name), float(took), int(peak), str(fault)) for name, took, peak, fault in found]
    return [*told, ("all", 0.0, 0, done.stderr[-3000:])] if done.returncode else told


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        print(json.dumps(row), flush=True)  # noqa: T201
