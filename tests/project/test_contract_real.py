"""Scripts of the standard library and of installed packages, compared with the parsers that they really build."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from aml_pipeline.project import contract
from aml_pipeline.project.contract import Contract
from tests.contract.oracle import given, is_complete, reported

ASK = Path(__file__).parents[1] / "contract" / "ask_argparse.py"
# How many scripts at least a mistake is reported of; other Pythons than the one of the list have fewer of its scripts.
_FEWEST = 25 if sys.version_info[:2] == (3, 11) else 10
SCRIPTS = (Path(__file__).parents[1] / "contract" / "real.txt").read_text(encoding="utf-8").split()


class Asked(NamedTuple):
    """A script's text, what was read in it, and what its real parser is and says."""

    name: str
    path: Path
    source: str
    contract: Contract
    real: dict[str, Any]

    def lines(self, kind: str = "", verdict: str = "refuses") -> list[list[str]]:
        """Return the command lines of a kind ("" for all) that the real parser judged so."""
        return [line for one, line, answer in self.real["lines"] if kind in {one, ""} and answer == verdict]

    def codes(self, line: list[str]) -> set[str]:
        """Return the codes of the errors that the contract reports."""
        return {one.code for one in reported(self.contract, given(line))}


def real_scripts() -> Iterator[tuple[str, Path]]:
    """Yield the scripts of ``real.txt`` that this Python has, by their names there."""
    places = [Path(sysconfig.get_path("stdlib")), Path(sysconfig.get_path("purelib"))]
    for name in SCRIPTS:
        path = next((place / name for place in places if (place / name).is_file()), None)
        if path is not None:
            yield name, path


def _asked(scripts: list[tuple[str, Path, str]], folder: Path) -> list[Asked]:
    jobs = [(str(path), name.rpartition("/")[0].replace("/", "."), source) for name, path, source in scripts]
    command = [sys.executable, "-W", "ignore", str(ASK)]
    answer = subprocess.run(command, input=json.dumps(jobs), capture_output=True, text=True, check=True, cwd=folder)
    reals = json.loads(answer.stdout)
    asked = [
        Asked(*script, contract.read(ast.parse(script[2])), real) for script, real in zip(scripts, reals, strict=True)
    ]
    return [one for one in asked if "error" not in one.real]


# Of how many scripts one is taken; the numbers below are divided by it.
@pytest.fixture(scope="module", params=[3, pytest.param(1, marks=pytest.mark.more)])
def of(request: pytest.FixtureRequest) -> int:
    number: int = request.param
    return number


@pytest.fixture(scope="module")
def asked(of: int, tmp_path_factory: pytest.TempPathFactory) -> list[Asked]:
    scripts = [(name, path, path.read_text(encoding="utf-8")) for name, path in real_scripts()]
    return _asked(scripts[::of], tmp_path_factory.mktemp("asked"))


@pytest.fixture(scope="module")
def edited(asked: list[Asked], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Asked]:
    """The scripts read fully, each with one option edited to be required and to take an integer."""
    edits = [
        (one.name, one.path, source) for one in asked if is_complete(one.contract) for source in _edits(one.source)
    ]
    return {one.name: one for one in reversed(_asked(edits, tmp_path_factory.mktemp("edited"))) if one.lines("type")}


def _edits(source: str) -> list[str]:
    """Return the source with ``type=int, required=True`` on one of its plain options: the first three such edits."""
    tree = ast.parse(source)
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_plain_option(node)]
    edited = []
    for call in calls[:3]:
        kept = call.keywords
        call.keywords = [
            *(one for one in kept if one.arg not in {"type", "required", "choices"}),
            ast.keyword("type", ast.Name("int", ast.Load())),
            ast.keyword("required", ast.Constant(value=True)),
        ]
        edited.append(ast.unparse(ast.fix_missing_locations(tree)))
        call.keywords = kept
    return edited


def _is_plain_option(call: ast.Call) -> bool:
    named = {one.arg for one in call.keywords}
    first = call.args[0] if call.args else None
    is_option = isinstance(first, ast.Constant) and str(first.value).startswith("-")
    is_added = isinstance(call.func, ast.Attribute) and call.func.attr == "add_argument"
    return is_added and is_option and not named & {"action", "nargs", None}


def test_there_are_enough_scripts(asked: list[Asked], of: int) -> None:
    if sys.version_info[:2] == (3, 11):
        assert len(asked) >= 40 // of, sorted(set(SCRIPTS) - {one.name for one in asked})
        assert sum(is_complete(one.contract) for one in asked) >= 25 // of
    # It takes options from files too, of which nothing is said.
    assert {one.name for one in asked if one.contract.parser is None} <= {"mypy/stubgen.py"}


def test_what_a_real_parser_accepts_is_never_a_fault(asked: list[Asked], edited: dict[str, Asked], of: int) -> None:
    count = 0
    for one in [*asked, *edited.values()]:
        accepted = one.lines(verdict="accepts")
        count += len(accepted)
        assert [(one.name, line) for line in accepted if one.codes(line)] == []
    assert count > 500 // of


def test_what_is_read_fully_is_what_the_real_parser_has(asked: list[Asked]) -> None:
    for one in asked:
        if is_complete(one.contract):
            assert one.contract.parser is not None
            read = [(list(option.names), option.required) for option in one.contract.parser.options]
            assert read == [
                (real["names"], real["required"] and (bool(real["names"]) or real["nargs"] not in {"*", "..."}))
                for real in one.real["options"]
            ], one.name


def test_the_values_that_are_read_are_those_of_the_real_parser(asked: list[Asked]) -> None:
    for one in asked:
        for option, real in zip(
            one.contract.parser.options if one.contract.parser else (), one.real["options"], strict=False
        ):
            if not is_complete(one.contract) or option.commands is not None:
                continue
            assert option.nargs == ("1" if real["nargs"] is None else str(real["nargs"])), (one.name, option)
            assert option.kind in {"", real["kind"]}, (one.name, option)
            if option.choices is not None:
                assert sorted(map(str, option.choices)) == sorted(real["choices"]), (one.name, option)


def test_an_unknown_option_is_reported(asked: list[Asked], of: int) -> None:
    full = [one for one in asked if is_complete(one.contract) and one.contract.strict and one.lines("unknown")]
    silent = [one.name for one in full for line in one.lines("unknown") if "unknown-option" not in one.codes(line)]
    assert silent == []
    assert len(full) >= _FEWEST // of


@pytest.mark.parametrize(
    ("kind", "codes"), [("type", {"option-type"}), ("missing", {"missing-option", "missing-argument"})]
)
def test_a_wrong_type_and_what_is_missing_are_reported(
    asked: list[Asked], edited: dict[str, Asked], of: int, kind: str, codes: set[str]
) -> None:
    reported_of = set()
    for one in [*edited.values(), *asked]:
        # After ``import *`` the script's ``int`` may be anything.
        lines = one.lines(kind) if is_complete(one.contract) and "import *" not in one.source else []
        assert [(one.name, line) for line in lines if not one.codes(line) & codes] == []
        reported_of |= {one.name for _ in lines}
    assert len(reported_of) >= _FEWEST // of, sorted(reported_of)


def test_what_a_fully_read_parser_refuses_is_reported(asked: list[Asked], of: int) -> None:
    """But for a value glued to a flag (``-q=x``), which versions of Python cut differently, and computed choices."""
    full = [
        one for one in asked if is_complete(one.contract) and one.contract.strict and not _has_own_types(one.contract)
    ]
    lines = [(one, line) for one in full for line in one.lines()]
    missed = [(one.name, line) for one, line in lines if not one.codes(line)]
    glued = [line for _, line in missed if any(text[:1] == "-" and text[2:] == "=x" for text in line)]
    assert len(lines) > 200 // of
    assert len(missed) - len(glued) <= 2, missed


def _has_own_types(found: Contract) -> bool:
    options = found.parser.options if found.parser else ()
    return any(one.kind == "" and one.nargs != "0" and one.commands is None for one in options)
