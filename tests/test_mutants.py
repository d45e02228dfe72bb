"""`make test-mutants`: what it accepts, and how it counts. The mutants themselves take an hour."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from tests.mutants.__main__ import _ACCEPTED, MODULES, table
from tests.mutants.bench import ROOT, Mutant, Reach

ONE = Mutant("00000001", "core/digests", "aml_pipeline/core/digests.py", "Digests.file", 1, "a", "b", "b\n")


def test_each_survivor_that_is_accepted_says_what_it_changes_and_why_nobody_can_see_that() -> None:
    accepted = yaml.safe_load(_ACCEPTED.read_text("utf-8"))
    rows = [row for rows in accepted.values() for row in rows]
    assert set(accepted) <= set(MODULES)
    assert all(row.keys() == {"id", "change", "why"} and re.fullmatch("[0-9a-f]{8}", row["id"]) for row in rows)
    assert len({row["id"] for row in rows}) == len(rows)


@pytest.mark.parametrize("module", MODULES)
def test_each_module_is_there(module: str) -> None:
    assert (ROOT / f"aml_pipeline/{module}.py").is_file()


def test_a_mutant_that_changes_nothing_is_not_counted_among_the_missed() -> None:
    mutants = [replace(ONE, id=f"{number:08x}") for number in range(5)]
    rows = [line.split() for line in table(mutants, mutants[:2], {mutants[0].id})]
    assert rows[0] == ["module", "mutants", "caught", "same", "missed", "share"]
    assert rows[1:] == [["core/digests", "5", "3", "1", "1", "75.0%"], ["all", "5", "3", "1", "1", "75.0%"]]


def test_the_tests_of_a_mutant_are_those_that_reach_its_statement_the_quickest_first() -> None:
    mutant = replace(ONE, line=_line("what = "))
    reach = Reach(
        {"a::slow": 2.0, "a::quick": 0.1, "a::other": 0.1, "b::of_fixture": 1.0, "a::broken": 0.1}, {"a::broken"}
    )
    reach.by_line[mutant.file, mutant.line] = {"a::slow", "a::quick", "a::broken", "b"}
    assert reach.tests(mutant) == ["a::quick", "b::of_fixture", "a::slow"]
    outside = replace(ONE, line=_line("YOUNG_NS = "))
    assert reach.tests(outside) == ["a::quick", "b::of_fixture", "a::slow"]


def _line(text: str) -> int:
    lines = (ROOT / ONE.file).read_text("utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)
