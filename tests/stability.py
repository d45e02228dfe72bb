"""What users may rely on, a line each: ``tests/stability.txt`` has those of all releases, and none may go.

``python -m tests.stability`` adds the lines that are new; docs/explanation/stability.md has the promise.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import aml_pipeline
import aml_pipeline.azureml
from aml_pipeline.cli import exits
from aml_pipeline.cli.table import COMMANDS

ROOT = Path(__file__).parents[1]
PLACE = Path(__file__).with_suffix(".txt")

# A pipeline in which each field of JSON has a value, and the names in it, which are no fields.
_STEP = """import argparse, pathlib
parser = argparse.ArgumentParser()
parser.add_argument("--size", type=int)
parser.add_argument("--output", type=pathlib.Path)
given = parser.parse_args()
(given.output / "model.txt").write_text("x" * given.size)
for value in (1, 2):
    print(f"Attempted to log scalar metric loss:\\n{value}")
"""
_FILE = """name: sizes
parameters: {size: 2}
steps:
  fit:
    script: step.py
    matrix: {size: [2, 3]}
    arguments: {--size: "${{ matrix.size }}", --output: "${{ outputs.weights }}"}
  keep:
    script: step.py
    arguments: {--size: "${{ parameters.size }}", --output: "${{ outputs.weights }}"}
    outputs: {weights: {model: {name: network}}}
schedules:
  nightly: {cron: "0 2 * * *", parameters: {size: 3}}
"""
_OURS = {"size", "fit", "fit-2", "fit-3", "keep", "loss", "nightly", "network", "step.py"}


def promised() -> set[str]:
    """Return the lines of earlier releases."""
    return set(PLACE.read_text(encoding="utf-8").splitlines()) if PLACE.exists() else set()


def current() -> set[str]:
    """Return the lines of this version."""
    return {*_names(), *_statuses(), *_commands(), *_keys(), *_fields()}


def _names() -> Iterator[str]:
    for module in (aml_pipeline, aml_pipeline.azureml):
        yield from (f"python {module.__name__}.{name}" for name in module.__all__)


def _statuses() -> Iterator[str]:
    named = {name: value for name, value in vars(exits).items() if name.startswith("EXIT_")}
    yield from (f"exit {name.removeprefix('EXIT_').lower()} {value}" for name, value in named.items())


def _commands() -> Iterator[str]:
    for command in COMMANDS.values():
        yield f"command {command.name}"
        for flag, choices in [(name, option.choices) for option in command.options for name in option.names]:
            yield f"command {command.name} {flag}"
            yield from (f"command {command.name} {flag} {choice}" for choice in choices)


def _keys() -> Iterator[str]:
    schema = json.loads((Path(aml_pipeline.__file__).parent / "pipeline.schema.json").read_bytes())
    yield from (f"key {path}" for path in _paths(schema, schema.get("$defs", {}), "", frozenset()))


def _paths(part: Any, shared: Mapping[str, Any], path: str, above: frozenset[str]) -> Iterator[str]:  # noqa: ANN401
    """Yield the paths of keys in a part of a JSON schema; ``*`` stands for a name that the user gives."""
    if not isinstance(part, dict):
        return
    reference = part.get("$ref", "").rpartition("/")[2]
    if reference and reference not in above:
        yield from _paths(shared[reference], shared, path, above | {reference})
    for choice in ("anyOf", "oneOf", "allOf"):
        for one in part.get(choice, ()):
            yield from _paths(one, shared, path, above)
    for name, value in part.get("properties", {}).items():
        yield f"{path}{name}"
        yield from _paths(value, shared, f"{path}{name}.", above)
    for value in [part.get("additionalProperties"), *part.get("patternProperties", {}).values()]:
        yield from _paths(value, shared, f"{path}*.", above)
    yield from _paths(part.get("items"), shared, path, above)


def _fields() -> Iterator[str]:
    """Yield the fields of `--format json`, of commands that need no Azure, in a project that fills them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "step.py").write_text(_STEP)
        (folder / "pipeline.yaml").write_text(_FILE)
        _json(folder, "run")
        for words in ("runs", "models", "schedules", "validate --snapshot", "validate -f wrong.yaml"):
            (folder / "wrong.yaml").write_text(f"{_FILE}wrong: 1\n")
            said = _json(folder, *words.split(), "--format", "json")
            yield from (f"json {words.removesuffix(' -f wrong.yaml')} {path}" for path in _inside(json.loads(said)))


def _json(folder: Path, *words: str) -> str:
    command = [sys.executable, "-m", "aml_pipeline", *words]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False).stdout


def _inside(data: Any, path: str = "") -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield the paths of fields in JSON data; ``*`` stands for a name of the project."""
    for one in data if isinstance(data, list) else ():
        yield from _inside(one, path)
    for name, value in data.items() if isinstance(data, dict) else ():
        shown = f"{path}{'*' if name in _OURS else name}"
        yield shown
        yield from _inside(value, f"{shown}.")


if __name__ == "__main__":
    lines = sorted(promised() | current())
    PLACE.write_text("\n".join([*lines, ""]), encoding="utf-8")
