"""Syntax errors of the YAML parser in our words; both parsers of the library, the one in C and the one in Python."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core.problems import Problem
from aml_pipeline.pipeline.yaml import source
from aml_pipeline.pipeline.yaml.errors import explain

EXAMPLE = (Path(__file__).parents[2] / "pipeline.yaml").read_text(encoding="utf-8")
LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if hasattr(yaml, "CSafeLoader") else [])]


def explained(text: str, loader: Any) -> Problem:  # noqa: ANN401 - a class of the library
    with pytest.raises(yaml.YAMLError) as raised:
        list(yaml.parse(text, Loader=loader))
    return explain(raised.value, text)


STEPS = "steps:\n  one:\n    script: a.py\n    arguments:\n      --a: 1\n      --b: 2\n  two:\n    script: b.py\n"


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("steps:", "steps: x", 1, "has a value, but the lines below are indented under it"),
        ("one:", "one: []", 2, "has a value, but the lines below are indented under it"),
        ("arguments:", "arguments: 3", 4, "has a value, but the lines below are indented under it"),
        ("one:", "one;", 2, "no colon after its key"),
        ("one:", "one # a comment", 2, "no colon after its key"),
        ("      --a: 1", "      --a1", 5, "no colon after its key"),
        ("script: a.py", 'script: "a.py', 3, "not closed"),
        ("      --a: 1", "       --a: 1", 5, "indentation of this line differs from the lines below"),
        ("    script: a.py", "        script: a.py", 3, "indentation of this line differs from the lines below"),
        ("      --a: 1", "     --a: 1", 5, "indentation of this line differs from the lines below"),
        ("    script: a.py", "   script: a.py", 3, "indentation of this line differs from the lines below"),
        ("steps:", "name: x\n  steps:", 2, "indentation"),
        ("    arguments:", "      arguments:", 4, "indentation"),
        # Here it is the line where the parser gives up, or no one can tell.
        ("      --b: 2", "       --b: 2", 6, "indentation"),
        ("    arguments:", "     arguments:", 4, "indentation"),
        ("    script: b.py", "    script: b\n      c: d", 9, "indentation"),
    ],
)
def test_a_line_that_fits_is_not_blamed_for_one_above(old: str, new: str, line: int, words: str, loader: Any) -> None:  # noqa: ANN401
    problem = explained(STEPS.replace(old, new, 1), loader)
    assert problem.position is not None
    assert (problem.position.line, re.search(words, problem.message) is not None) == (line, True), problem


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_a_quote_that_ends_at_the_next_one_is_told_where_it_begins(loader: Any) -> None:  # noqa: ANN401
    problem = explained('name: "x\na: 1\ncron: "0 2 * * *"\nb: 2\n', loader)
    assert problem.position is not None
    assert (problem.position.line, problem.position.column) == (1, 7)
    assert problem.message == "the quoted string that begins here ends on line 3."


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("x:\n  a: |\n     some\n     words\n   b: 1\n", 5),
        ("x:\n  a: >-\n    some words\n   b: 1\n", 4),
        ("a: some\n  words\n  and b: 1\n", 3),
        ("a:\n  - some\n    words\n   b: 1\n", 4),
    ],
)
def test_a_line_of_a_text_is_not_blamed(text: str, line: int, loader: Any) -> None:  # noqa: ANN401
    problem = explained(text, loader)
    assert problem.position is not None
    assert problem.position.line == line


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
def test_a_first_line_that_is_indented_is_told_itself(loader: Any) -> None:  # noqa: ANN401
    problem = explained("# a comment\n  name: x\nsteps:\n  a: {}\n", loader)
    assert problem.position is not None
    assert (problem.position.line, problem.position.column) == (2, 3)
    assert problem.message == "the indentation of this line differs from the lines below."


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("a:\n\tb: 1\n", (2, 1), "tab"),
        ("a:\n  b: 1\n \tc: 2\n", (3, 2), "tab"),
        ("a: |\n\tb\n", (2, 1), "tab"),
        ('a: "b\n', (1, 4), "not closed"),
        ("a: 'b\nc: d\n", (1, 4), "not closed"),
        ("a: 'b\n---\nc'", (1, 4), "not closed before"),
        ('a: "\\q"', (1, 5), "unknown escape"),
        ('a: "\\x9"', (1, 7), "too few digits"),
        ("a: b: c", (1, 5), "second `key:`"),
        ("a: b\n  c: d\n", (2, 4), "second `key:`"),
        ("a: - b", (1, 4), "list item cannot begin"),
        ("a: ? b", (1, 4), "cannot begin with \\?"),
        ("a: {b: c\n", (1, 4), "this { is not closed"),
        ("a: [b, c\nd: e\n", (1, 4), r"this \[ is not closed"),
        ("a: [b]]", (1, 7), "unmatched ]"),
        ("a: }", (1, 4), "unmatched }"),
        ("a:\n  - b\n  c: d\n", (3, 3), "interrupts a list|indentation of this line matches"),
        ("a:\n    b: c\n  d: e\n", (3, 3), "matches no line"),
        ("a: 1\nb\nc: 2\n", (2, 1), "no colon"),
        ("a: 1\nb\n", (2, 1), "no colon"),
        ("a: *.txt", (1, 4), "names an alias"),
        ("a: [**/b]", (1, 5), "names an alias"),
        ("a: & b", (1, 4), "names an anchor"),
        ("a: !b!c d", (1, 4), "names a tag"),
        ("a: @b", (1, 4), "cannot begin with @"),
        ("a: `b`", (1, 4), "cannot begin with `"),
        ("a: %b", (1, 4), "cannot begin with %"),
        ("a: |b\n", (1, 5), r"line as its \| or >"),
        ("a: >0\n", (1, 5), "cannot be 0"),
        ("a: 1\n...\nb: 2\n", (3, 1), "ended above"),
        ("%YAML 2.0\n---\na: 1", (1, 1), "YAML version"),
    ],
)
def test_each_error_is_told_in_our_words(text: str, place: tuple[int, int], words: str, loader: Any) -> None:  # noqa: ANN401
    problem = explained(text, loader)
    assert re.search(words, problem.message)
    assert problem.position is not None
    assert problem.position.line == place[0]
    if loader is LOADERS[-1]:  # the parser in use; that in Python sometimes marks the next character
        assert problem.position.column == place[1]
    assert problem.code == "yaml-syntax"


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.__name__)
@pytest.mark.parametrize(
    ("text", "place", "expression"),
    [
        ("a: [${{ parameters.b }}]", (1, 5, 19), "${{ parameters.b }}"),
        ("a: {b: ${{ outputs.c }}, d: 1}", (1, 8, 16), "${{ outputs.c }}"),
        ("a: [1,\n  ${{ parameters.b }}]", (2, 3, 19), "${{ parameters.b }}"),
        ("a: [${{ b ]", (1, 5, 8), "${{ … }}"),
    ],
)
def test_an_unquoted_expression_is_recognised(
    text: str,
    place: tuple[int, int, int],
    expression: str,
    loader: Any,  # noqa: ANN401
) -> None:
    problem = explained(text, loader)
    assert problem.code == "unquoted-expression"
    assert problem.position is not None
    assert (problem.position.line, problem.position.column, problem.position.width) == place
    assert expression in problem.message


def test_braces_without_a_dollar_are_no_expression() -> None:
    assert source.parse("a: [{{ b }}]").problems[-1].code == "bad-key"


INSERTS = st.text("\t {}[]:-&*!|>'\"%@`#,?$ab\n", min_size=1, max_size=3)


@given(st.integers(0, len(EXAMPLE)), st.integers(0, 4), INSERTS)
def test_a_slip_of_the_keyboard_is_told_inside_the_file(place: int, deleted: int, inserted: str) -> None:
    """Not every error has words of its own, but each stands in a line and tells what to look at."""
    text = EXAMPLE[:place] + inserted + EXAMPLE[place + deleted :]
    lines = text.split("\n")
    for one in source.parse(text).problems:
        assert one.position is not None
        assert lines[one.position.line - 1], "the line that is shown must hold something"
        assert one.position.column <= len(lines[one.position.line - 1]) + 1
        assert "<" not in one.message.replace("`<<`", "").replace('"<', "")
