"""Typed tokens: expressions are read once, and rendered once for each backend."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.tokens import (
    Argument,
    Dataset,
    Input,
    Literal,
    Output,
    Parameter,
    Token,
    parse_expression,
    render,
)


@pytest.mark.parametrize(
    ("text", "token"),
    [
        ("${{ outputs.model }}", Output("model")),
        ("${{ parameters.epochs }}", Parameter("epochs")),
        ("${{ datasets.images }}", Dataset("images")),
        ("${{ steps.prepare-data.outputs.images }}", Input("prepare-data", "images")),
        ("${{outputs.model}}", Output("model")),
        ("  ${{\toutputs.model\n}}  ", Output("model")),
        ("${{ outputs.not a name }}", Output("not a name")),  # whether it is there is the plan's affair
    ],
)
def test_an_expression_is_a_token(text: str, token: Token) -> None:
    assert tokens.is_expression(text)
    assert parse_expression(text) == token


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("${{ ${{ outputs.a }}", "bad-expression"),
        ("${{ outputs.a }", "bad-expression"),
        ("${{", "bad-expression"),
        ("${{ inputs.a }}", "bad-expression"),
        ("${{ }}", "bad-expression"),
        ("${{ outputs }}", "bad-expression"),
        ("${{ outputs. }}", "bad-expression"),
        ("${{ outputs.a.b }}", "bad-expression"),
        ("${{ output.a }}", "bad-expression"),
        ("${{ Outputs.a }}", "bad-expression"),
        ("${{ steps.a }}", "bad-expression"),
        ("${{ steps.a.inputs.b }}", "bad-expression"),
        ("${{ steps..outputs.b }}", "bad-expression"),
        ("${{ env.HOME }}", "bad-expression"),
    ],
)
def test_what_is_no_expression(text: str, code: str) -> None:
    assert tokens.is_expression(text)
    parsed = parse_expression(text)
    assert isinstance(parsed, tuple)
    assert parsed[0] == code
    assert text in parsed[1]
    assert parsed[2]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("${{ outputs.model }}/model.pt", ["${{ outputs.model }}", "/model.pt"]),
        ("--x=${{ outputs.model }}", ["--x=", "${{ outputs.model }}"]),
        ("$${{ outputs.model }}", ["$", "${{ outputs.model }}"]),
        ("${{ outputs.a }}${{ outputs.b }}", ["${{ outputs.a }}", "${{ outputs.b }}"]),
        (" ${{ outputs.a }}\n${{ outputs.b }} ", [" ", "${{ outputs.a }}", "\n", "${{ outputs.b }}", " "]),
        (" ${{ outputs.a }} ", ["${{ outputs.a }}"]),
        ('{"a": {"b": ${{ parameters.b }}}}', ['{"a": {"b": ', "${{ parameters.b }}", "}}"]),
        ("${{ outputs.a }} ${{ outputs.b }", ["${{ outputs.a }}", " ${{ outputs.b }"]),
        ("x", ["x"]),
    ],
)
def test_the_pieces_of_a_text(text: str, pieces: list[str]) -> None:
    assert tokens.pieces(text) == pieces


def test_an_input_is_the_data_that_it_stands_for() -> None:
    inputs = {"training": Dataset("customers"), "wrong": None}
    assert parse_expression("${{ inputs.training }}", inputs) == Dataset("customers")
    assert parse_expression("${{ inputs.wrong }}", inputs) is None
    parsed = parse_expression("${{ inputs.trainin }}", inputs)
    assert isinstance(parsed, tuple)
    assert (parsed[0], parsed[2]) == ("undeclared-input", 'Did you mean "training"?')
    assert tokens.meant_expression("inputs.training", inputs) == "${{ inputs.training }}"
    assert tokens.meant_expression("inputs.training") is None


@pytest.mark.parametrize("text", ["", "$", "${", "${x}", "{{ x }}", "$ {{ x }}", "}}"])
def test_texts_without_an_expression(text: str) -> None:
    assert not tokens.is_expression(text)


NAMES = st.text("ab-_", min_size=1, max_size=3)
TOKENS: st.SearchStrategy[Token] = st.one_of(
    st.builds(Literal, st.text(max_size=3)),
    st.builds(Parameter, NAMES),
    st.builds(Input, NAMES, NAMES),
    st.builds(Output, NAMES),
    st.builds(Dataset, NAMES),
)
ARGUMENTS = st.lists(
    st.builds(Argument, st.none() | st.text("-x", max_size=3), st.lists(TOKENS, max_size=3).map(tuple))
)


@given(ARGUMENTS)
def test_tokens_in_are_tokens_out(arguments: list[Argument]) -> None:
    expected = [token for one in arguments for token in one.tokens]
    assert render(arguments, lambda token: token) == expected
    assert all(one.option is None or one.tokens[0] == Literal(one.option) for one in arguments)


@given(ARGUMENTS, st.sets(NAMES))
def test_an_absent_dataset_takes_its_option_and_nothing_else_with_it(
    arguments: list[Argument], absent: set[str]
) -> None:
    def bind(token: Token) -> Token | None:
        return None if isinstance(token, Dataset) and token.name in absent else token

    kept = [one for one in arguments if not {token.name for token in one.tokens if isinstance(token, Dataset)} & absent]
    assert render(arguments, bind) == [token for one in kept for token in one.tokens]


@given(ARGUMENTS)
def test_each_token_is_bound_once_and_in_order(arguments: list[Argument]) -> None:
    seen: list[Token] = []

    def bind(token: Token) -> str:
        seen.append(token)
        return ""  # empty is a value, not absence

    assert len(render(arguments, bind)) == len(seen)
    assert seen == [token for one in arguments for token in one.tokens]


@pytest.mark.parametrize("name", ["a", "a-b", "x1"])
def test_the_forms_that_a_message_shows_are_the_forms_that_are_read(name: str) -> None:
    forms = tokens.FORMS.split(", ")
    assert len(forms) == 4
    kinds = {type(parse_expression(form.replace("NAME", name).replace("STEP", "s"))) for form in forms}
    assert kinds == {Output, Parameter, Dataset, Input}


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("outputs.model", "${{ outputs.model }}"),
        ("$parameters.epochs", "${{ parameters.epochs }}"),
        ("{{ steps.train.outputs.model }}", "${{ steps.train.outputs.model }}"),
        ("parameters.json", None),
        ("outputs.tar", None),
        ("steps.train", None),
        ("my outputs.model", None),
    ],
)
def test_a_text_that_seems_to_be_an_expression(text: str, meant: str | None) -> None:
    assert tokens.meant_expression(text) == meant
