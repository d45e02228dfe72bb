"""The error corpus: ``errors/NAME.yaml`` and what its user reads, ``errors/NAME.out``.

A changed wording, position or order shows up as a difference of a text. After reading that difference, write it down:
``PYTHONPATH=. python tests/test_errors.py``. Lines such as ``# test: profile quick``, ``# test: param epochs=3`` and
``# test: times 1000`` (of the last line) at the top of a file say how it is loaded.
"""

from __future__ import annotations

import ast
import json
import re
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from aml_pipeline import loader, problems
from aml_pipeline.loader import Loaded

ROOT = Path(__file__).parents[1]
CASES = sorted((ROOT / "tests" / "errors").glob("*.yaml"))
# The problems of `check` and `remote` are not here: they need a folder, and have tests of their own.
MODULES = sorted(path.stem for path in (ROOT / "aml_pipeline").glob("*.py") if path.stem not in {"check", "remote"})
# Words that belong to a library and not to this one.
FOREIGN = re.compile(
    r"pydantic|validation error|valid (string|dictionary|integer|number)|input should|field required|extra inputs"
    r"|libyaml|yaml\.(scanner|parser)|while (scanning|parsing)|block (mapping|sequence|collection)|flow (mapping|node)"
    r"|<block|<document|scalar\b|\btoken|Traceback|Error:|errno|codec|'utf-8'|dict\b|NoneType|<class|argparse",
    re.IGNORECASE,
)


@cache
def load(path: Path) -> Loaded:
    """Load a case in the way that its first lines say."""
    raw = path.read_bytes()
    settings = re.findall(rb"^# test: (\w+) (.*)$", raw, re.MULTILINE)
    parameters: dict[str, str] = {}
    profile = None
    for key, value in ((key.decode(), value.decode()) for key, value in settings):
        if key == "times":
            raw += raw.splitlines(keepends=True)[-1] * int(value)
        elif key == "profile":
            profile = value
        else:
            name, _, text = value.partition("=")
            parameters[name] = text
    return loader.load(raw, "pipeline.yaml", profile=profile, parameters=parameters)


def told(path: Path) -> str:
    """Return what the user of a case reads."""
    loaded = load(path)
    return problems.as_text(loaded.problems, {"pipeline.yaml": loaded.text}) + "\n"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_mistake_is_told_in_exactly_these_words(path: Path) -> None:
    begun = time.process_time()
    text = told(path)
    assert time.process_time() - begun < 5
    assert text == path.with_suffix(".out").read_text(encoding="utf-8")


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_problem_is_placed_and_has_a_cure_in_our_words(path: Path) -> None:
    loaded = load(path)
    assert loaded.problems
    lines = loaded.text.split("\n")
    for one in loaded.problems:
        assert one.cure.endswith((".", "?")), one
        assert not FOREIGN.search(f"{one.message} {one.cure}"), one
        if one.origin:
            continue
        assert one.file == "pipeline.yaml"
        assert one.position is not None
        assert 1 <= one.position.line <= len(lines), one
        assert 1 <= one.position.column <= len(lines[one.position.line - 1]) + 1, one
    assert loaded.problems == problems.ordered(loaded.problems)


def test_the_three_forms_tell_the_same() -> None:
    for path in CASES:
        found = load(path).problems
        rows = json.loads(problems.as_json(found))
        assert [row["code"] for row in rows] == [one.code for one in found]
        assert len(problems.as_github(found).splitlines()) == len(found), path


def _codes(module: str) -> Iterator[str]:
    """Yield the codes in a module's source; ``*`` stands for what is put together while it runs."""
    for node in ast.walk(ast.parse((ROOT / "aml_pipeline" / f"{module}.py").read_text(encoding="utf-8"))):
        first: ast.expr | None = None
        if isinstance(node, ast.Call) and node.args:
            name = ast.unparse(node.func).rpartition(".")[2]
            first = node.args[0] if name in {"Problem", "_Refused", "_fail", "_wrong", "_RefusedError"} else None
        elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
            first = node.value.elts[0] if module == "tokens" else None
        if isinstance(first, ast.Constant):
            yield str(first.value)
        elif isinstance(first, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "*" for one in first.values)


def test_every_code_has_a_case() -> None:
    shown = {
        code
        for path in CASES
        for code in re.findall(r"\[([a-z-]+)\]$", path.with_suffix(".out").read_text("utf-8"), re.MULTILINE)
    }
    codes = {code for module in MODULES for code in _codes(module)}
    assert len(codes) > 40, "the search for codes is broken"
    missing = {code for code in codes if not any(re.fullmatch(code.replace("*", "[a-z]+"), one) for one in shown)}
    assert missing == set()


def test_every_out_file_has_its_case() -> None:
    assert {path.stem for path in (ROOT / "tests" / "errors").glob("*.out")} == {path.stem for path in CASES}


if __name__ == "__main__":
    for case in CASES:
        case.with_suffix(".out").write_text(told(case), encoding="utf-8")
