"""Every mistake of the corpus ``tests/data/err`` is told in exactly the words of its ``.out``, and in no foreign ones.

A changed wording, position or order shows up as a difference of a text. After reading that difference, write it down:
``make checks``. How a case is opened stands in ``tests/corpus.py``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from aml_pipeline import cli
from aml_pipeline.core import problems
from aml_pipeline.core.sarif import as_sarif
from tests.conftest import Project
from tests.corpus import ERR, Case, cases, codes, codes_shown, copy, told

CASES = cases(ERR)
# Words that belong to a library and not to this one.
FOREIGN = re.compile(
    r"pydantic|validation error|valid (string|dictionary|integer|number)|input should|field required|extra inputs"
    r"|libyaml|yaml\.(scanner|parser)|while (scanning|parsing)|block (mapping|sequence|collection)|flow (mapping|node)"
    r"|<block|<document|scalar\b|(?-i:(?<![\w-])token)|Traceback|Error:|errno|codec|'utf-8'|dict\b|NoneType|<class|argparse"
    r"|pathspec|\bnargs\b(?!=)|metavar|unrecognized|expected (one|at least)|invalid choice|packaging\b|MatchSpec",
    re.IGNORECASE,
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_mistake_is_told_in_exactly_these_words(case: Case) -> None:
    assert case.out.exists(), f"{case.name} has no .out; write it with `make checks`"
    assert told(case).text == case.out.read_text(encoding="utf-8"), (
        "read the difference; if it is meant, `make checks` writes it"
    )


def test_the_words_of_libraries_are_known() -> None:
    assert FOREIGN.search("found character that cannot start any token")
    assert not FOREIGN.search('step "load" needs the secret "my-token", but TOKEN is not set.')


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_problem_is_placed_and_has_a_cure_in_our_words(case: Case) -> None:
    found = told(case)
    assert found.problems
    for one in found.problems:
        assert one.cure.endswith((".", "?")), one
        assert one.message.endswith("."), one
        assert not FOREIGN.search(f"{one.message} {one.cure}"), one
        if one.origin:
            continue
        if one.position is None:  # it is about a file as a whole
            assert one.file in found.texts
            continue
        lines = found.texts[one.file].split("\n")
        assert 1 <= one.position.line <= len(lines), one
        assert 1 <= one.position.column <= len(lines[one.position.line - 1]) + 1, one
    assert list(found.problems) == problems.ordered(found.problems)


def test_the_forms_tell_the_same() -> None:
    for case in CASES:
        found = told(case).problems
        rows = json.loads(problems.as_json(found))
        assert [row["code"] for row in rows] == [one.code for one in found]
        assert len(problems.as_github(found).splitlines()) == len(found), case
        results = json.loads(as_sarif(found, "1"))["runs"][0]["results"]
        assert [(each["ruleId"], each["level"]) for each in results] == [(one.code, one.severity) for one in found]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_its_command_prints_it(
    case: Case, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """``validate`` to standard output, in the folder of the cases; ``run`` and ``submit`` to standard error."""
    if case.is_copied or case.words[0] != "validate":
        copy(case, tmp_path)
    monkeypatch.chdir(tmp_path if any(tmp_path.iterdir()) else ERR)
    wrong = bool(problems.errors(told(case).problems))
    sdk = ["--sdk", "v1"] if case.words[0] == "submit" else []  # else that which can be installed here
    assert cli.run([*case.words, *sdk], {}) == (2 if wrong else 0)
    said = capsys.readouterr()
    text, _, count = (said.out or said.err).removesuffix("\n").rpartition("\n")
    assert f"{text}\n" == case.out.read_text(encoding="utf-8")
    assert (
        count.startswith(f"{case.path.name}: ") if case.words[0] == "validate" else count.endswith("nothing was done.")
    )


def test_the_real_command_tells_programs_the_same(project: Project) -> None:
    case = next(one for one in CASES if one.name == "everything-elsewhere")
    found = told(case).problems
    rows = json.loads(project.cli(*case.words, "--format", "json", cwd=ERR, status=2).stdout)
    keys = ["code", "severity", "file", "line", "column", "message", "cure"]
    assert [list(row) for row in rows] == [keys] * len(found)
    places = [(one.file, one.position and one.position.line, one.position and one.position.column) for one in found]
    assert [(row["file"], row["line"], row["column"]) for row in rows] == places
    assert [(row["severity"], row["message"], row["cure"]) for row in rows] == [
        (one.severity, one.message, one.cure) for one in found
    ]
    lines = project.cli(*case.words, "--format", "github", cwd=ERR, status=2).stdout.splitlines()
    assert len(lines) == len(found)
    for line, one in zip(lines, found, strict=True):
        assert one.position is not None
        place = f"file={one.file},line={one.position.line},col={one.position.column},title={one.code}"
        assert line == f"::{one.severity} {place}::{one.message} {one.cure}"


def test_every_code_has_a_case() -> None:
    known = codes()
    assert len(known) > 70, "the search for codes is broken"
    shown = {code for case in CASES for code in codes_shown(case)}
    missing = {code for code in known if not any(re.fullmatch(code.replace("*", "[a-z]+"), one) for one in shown)}
    assert missing == set(), "write tests/data/err/CODE.yaml, then `make checks`"
    strange = {one for one in shown if not any(re.fullmatch(code.replace("*", "[a-z]+"), one) for code in known)}
    assert strange == set(), "codes() in tests/corpus.py does not see where these are made"


def test_every_file_of_the_corpus_has_its_case() -> None:
    names = {case.name for case in CASES}
    assert {path.stem for path in ERR.glob("*.out")} == names
    assert {path.name for path in ERR.iterdir() if path.is_dir() and path.name[0] not in "._"} <= names
