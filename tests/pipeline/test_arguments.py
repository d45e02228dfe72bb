"""The arguments of a step as they stand in the file → typed tokens."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core.problems import Path, Problem
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.arguments import read_arguments, word_faults
from aml_pipeline.pipeline.plan.tokens import Argument, Input, Literal, Output, Parameter, Part, Text, Token, render
from aml_pipeline.pipeline.yaml import source

ROOT: Path = ("steps", "train", "arguments")


def read(text: str) -> tuple[tuple[Argument, ...], list[Problem]]:
    root = source.parse(f"arguments: {text}").root
    assert root is not None
    return read_arguments(root.value["arguments"], ROOT, "train")


def command(text: str) -> list[str]:
    """Return the command line that ``text`` stands for; it must be without error."""
    arguments, problems = read(text)
    assert [one for one in problems if one.severity == "error"] == []
    return render(arguments, shown)


def shown(token: Token) -> str:
    return tokens.join(token, shown_part) or "" if isinstance(token, Text) else shown_part(token)


def shown_part(token: Part) -> str:
    if isinstance(token, Literal):
        return token.text
    return f"<{token.step}.{token.name}>" if isinstance(token, Input) else f"<{token.name}>"


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("outputs.model", "${{ outputs.model }}"),
        ("${ outputs.model }", "${{ outputs.model }}"),
        ("$(outputs.model)", "${{ outputs.model }}"),
        ("'{{ parameters.epochs }}'", "${{ parameters.epochs }}"),
        ("$ steps.prepare.outputs.images }}", "${{ steps.prepare.outputs.images }}"),
        ("datasets.archive", "${{ datasets.archive }}"),
    ],
)
def test_a_text_that_lacks_the_braces_of_an_expression_draws_a_warning(text: str, meant: str) -> None:
    arguments, problems = read(f"{{--a: {text}}}" if "{" not in text and "}" not in text else f"\n  --a: {text}")
    assert [type(one.values[0]) for one in arguments] == [Literal]
    assert [(one.code, one.severity, one.path) for one in problems] == [("bad-expression", "warning", (*ROOT, "--a"))]
    assert meant in problems[0].message
    assert meant in problems[0].cure


@pytest.mark.parametrize("text", ["outputs", "steps.train", "outputs.model/x", "my.outputs.model", "steps.a.b.c"])
def test_other_texts_with_dots_draw_none(text: str) -> None:
    assert read(f"{{--a: {text}}}")[1] == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        ("{}", []),
        ("[]", []),
        ("{--a: 1, -b: 0.10, --c: x}", ["--a", "1", "-b", "0.10", "--c", "x"]),
        ("{--b: 1, --a: 2}", ["--b", "1", "--a", "2"]),  # the order of the file
        ("{--fast: true}", ["--fast"]),
        ("{--fast: false, --a: 1}", ["--a", "1"]),
        ("{--fast: 'true'}", ["--fast", "true"]),
        ("{--layers: [64, 32]}", ["--layers", "64", "32"]),
        ("{--a: ''}", ["--a", ""]),
        ("{--a: -1}", ["--a", "-1"]),
        ("{--: a}", ["--", "a"]),
        ("[fit, --verbose, 012]", ["fit", "--verbose", "012"]),
        ("[fit, {--set: a=1}, {--set: b=2}]", ["fit", "--set", "a=1", "--set", "b=2"]),
        ("[{--a: 1, --b: [2, 3]}, last]", ["--a", "1", "--b", "2", "3", "last"]),
        ("['${{ outputs.model }}']", ["<model>"]),
        ("{--p: '${{ parameters.a }}', --i: '${{ steps.b.outputs.c }}'}", ["--p", "<a>", "--i", "<b.c>"]),
        ("{--all: [a, '${{ parameters.b }}', '${{ datasets.c }}']}", ["--all", "a", "<b>", "<c>"]),
        ("{--p: '${{ datasets.a }}/train'}", ["--p", "<a>/train"]),
        (
            "['--p=${{parameters.a}}', ' ${{ parameters.a }}', '${{ datasets.b }} ${{ outputs.c }}']",
            ["--p=<a>", "<a>", "<b> <c>"],
        ),
    ],
)
def test_a_command_line(text: str, words: list[str]) -> None:
    assert command(text) == words


@pytest.mark.parametrize(
    ("text", "code", "path", "on_key"),
    [
        ("--fast", "bad-arguments", (), False),
        ("3", "bad-arguments", (), False),
        ("true", "bad-arguments", (), False),
        ("{a: 1}", "bad-option", ("a",), True),
        ("{'': 1}", "bad-option", ("",), True),
        ("[{a: 1}]", "bad-option", (0, "a"), True),
        ("{'--${{ parameters.a }}': 1}", "bad-option", ("--${{ parameters.a }}",), True),
        ("{'${{ parameters.a }}': 1}", "bad-option", ("${{ parameters.a }}",), True),
        ("{--a: }", "null-argument", ("--a",), False),
        ("[null]", "null-argument", (0,), False),
        ("{--a: [1, ~]}", "null-argument", ("--a", 1), False),
        ("[true]", "boolean-argument", (0,), False),
        ("{--a: [1, false]}", "boolean-argument", ("--a", 1), False),
        ("[[1]]", "nested-argument", (0,), False),
        ("{--a: {b: c}}", "nested-argument", ("--a",), False),
        ("{--a: [[1]]}", "nested-argument", ("--a", 0), False),
        ("{--a: []}", "empty-value", ("--a",), False),
        ("{--a: 'x ${{ parameter.a }}'}", "bad-expression", ("--a",), False),
        ("{--a: '${{ parameters.a }} ${{ x'}", "bad-expression", ("--a",), False),
        ("{--a: 'x/${{ outputs.A }}'}", "bad-name", ("--a",), False),
        ("{--a: '${{ x }}'}", "bad-expression", ("--a",), False),
        ("{--a: '${{ outputs.A }}'}", "bad-name", ("--a",), False),
        ("{--a: '${{ outputs.path }}'}", "bad-name", ("--a",), False),  # Azure ML keeps it for itself
        ("{--a: parameter:x}", "taken-literal", ("--a",), False),
        ("{--a: 'DatasetOutputConfig:x'}", "taken-literal", ("--a",), False),
        ("{--a: 'DatasetConsumptionConfig:x'}", "taken-literal", ("--a",), False),
        ("[$AZUREML_x]", "taken-literal", (0,), False),
        ("{--a: a;b}", "semicolon", ("--a",), False),
    ],
)
def test_a_mistake_and_its_place(text: str, code: str, path: Path, on_key: bool) -> None:  # noqa: FBT001 - a column
    (problem,) = read(text)[1]
    assert (problem.code, problem.path, problem.on_key) == (code, (*ROOT, *path), on_key)
    assert problem.severity == ("warning" if code == "semicolon" else "error")
    assert problem.message
    assert problem.cure


def test_a_semicolon_is_shown_in_its_text() -> None:
    (problem,) = read("{--a: 'é;\"b'}")[1]
    assert problem.message == r'Azure ML may change the semicolon in "é;\"b" (MachineLearningNotebooks#1536).'


def test_a_single_brace_beside_an_expression_draws_a_warning() -> None:
    (problem,) = read("{--a: '{x}${{ parameters.a }}}'}")[1]
    assert (problem.code, problem.severity, problem.path) == ("bad-expression", "warning", (*ROOT, "--a"))
    assert read("{--a: '{x}${{ parameters.a }}'}")[1] == []


@pytest.mark.parametrize(
    "text", ["{--a: ' parameter:x'}", "{--a: 'xDatasetOutputConfig:'}", "{--a: AZUREML_x}", "{--a: $HOME}"]
)
def test_texts_that_only_look_taken(text: str) -> None:
    assert read(text)[1] == []


def test_the_words_of_a_command_are_plain_texts() -> None:
    words = ["parameter:x", "a;b", "${{ x }}", "run", "outputs.model"]
    found = word_faults(words, (*ROOT[:2], "command"))
    assert [(one.code, one.path) for one in found] == [
        ("taken-literal", ("steps", "train", "command", 0)),
        ("bad-expression", ("steps", "train", "command", 4)),
    ]


def test_every_mistake_is_told_and_what_is_right_is_kept() -> None:
    arguments, problems = read(
        "[one, null, {two: 2, --three: [3, true, 4], --four: '${{ x }}'}, '${{ outputs.five }}']"
    )
    assert [one.code for one in problems] == ["null-argument", "bad-option", "boolean-argument", "bad-expression"]
    assert arguments == (
        Argument(None, (Literal("one"),)),
        Argument("--three", (Literal("3"), Literal("4"))),
        Argument("--four", ()),
        Argument(None, (Output("five"),)),
    )


def test_an_output_of_a_bad_name_is_still_an_output() -> None:
    """Else each step that reads it would be told to be wrong as well."""
    arguments, problems = read("{--output: '${{ outputs.My-Model }}'}")
    assert len(problems) == 1
    assert arguments == (Argument("--output", (Output("My-Model"),)),)


TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
ANY = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | TEXTS
    | st.sampled_from(["${{ parameters.a }}", "${{ x", "--a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS | st.just("--a"), inner, max_size=3),
    max_leaves=10,
)


@given(ANY)
def test_whatever_stands_there_each_value_is_a_token_or_a_problem(value: object) -> None:
    arguments, problems = read_arguments(value, ROOT, "train")
    assert all(one.path[:3] == ROOT for one in problems)
    assert all(one.values or one.option is not None for one in arguments)
    texts = [token for one in arguments for token in one.tokens if not isinstance(token, Parameter)]
    assert all(isinstance(token, Literal) and isinstance(token.text, str) for token in texts)
    if not problems and isinstance(value, list):
        assert sum(not isinstance(one, dict) for one in value) == sum(one.option is None for one in arguments)
