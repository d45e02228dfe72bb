"""The names of a step's ports in Azure ML."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.plan import ports
from aml_pipeline.pipeline.plan.model import Step
from aml_pipeline.pipeline.plan.tokens import Argument, Dataset, Parameter
from aml_pipeline.pipeline.spec.names import word_name_fault
from tests import work

DATA = (
    "datasets.images",
    "datasets.model",
    "steps.load.outputs.images",
    "steps.load.outputs.model",
    "steps.a.outputs.b",
)
VALUES = (
    *DATA,
    "outputs.model",
    "outputs.images",
    "outputs.order",
    "parameters.model",
    "parameters.data",
    "parameters.a",
)
HEAD = """\
name: example
datasets: {images: {registered: images}, model: {registered: model}}
parameters: {model: 1, data: 2, a: 3}
steps:
  load: {script: l.py, arguments: ["${{ outputs.images }}", "${{ outputs.model }}"]}
  a: {script: a.py, arguments: ["${{ outputs.b }}"]}
  train:
    script: train.py
"""


def step(arguments: str, inputs: str = "{}") -> Step:
    """Return the step with those arguments; names of data and values stand for expressions."""
    text = f"{HEAD}    inputs: {inputs}\n    arguments: {arguments}\n"
    for value in sorted({*VALUES, "inputs.first", "inputs.second"}, key=len, reverse=True):
        text = text.replace(f"<{value}>", f'"${{{{ {value} }}}}"')
    loaded = loader.load(text.encode(), "p.yaml")
    assert problems.errors(loaded.problems) == []
    assert loaded.plan
    return loaded.plan.step("train")


def named(arguments: str, inputs: str = "{}") -> list[str]:
    """Return the names of what the step receives, in the order of its arguments."""
    return list(ports.names(step(arguments, inputs)).values())


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ("{--data: <datasets.images>}", ["data"]),
        ("{--raw-data: <datasets.images>}", ["raw_data"]),
        ("{--rawData: <datasets.images>, --X.train: <datasets.model>}", ["raw_data", "x_train"]),
        ("{-d: <steps.load.outputs.images>}", ["d"]),
        ("{--data: [x, <datasets.images>]}", ["data"]),
        ("[<datasets.images>, <steps.load.outputs.model>]", ["images", "model"]),
        ("[--data, <datasets.images>]", ["data"]),
        ("['--data=${{ datasets.images }}', 'x/${{ datasets.model }}']", ["data", "model"]),
        ("{--data: '${{ datasets.images }}/train'}", ["data"]),
        # what carries it first
        ("{--images: <datasets.images>, --again: <datasets.images>}", ["images"]),
        ("[<datasets.images>, {--data: <datasets.images>}]", ["images"]),
        # no word, or reserved by Azure ML
        ("{--1: <datasets.images>, --é: <datasets.model>}", ["images", "model"]),
        ("{--: <datasets.images>}", ["images"]),
        ("{--path: <datasets.images>}", ["input_path"]),
        # taken
        ("{--pair: [<datasets.images>, <datasets.model>, <steps.a.outputs.b>]}", ["pair", "pair_2", "pair_3"]),
        ("{--model: <datasets.model>, --output: <outputs.model>}", ["input_model"]),
        (
            "{--model: [<datasets.model>, <datasets.images>], --output: <outputs.model>}",
            ["input_model", "input_model_2"],
        ),
        ("{--order: <datasets.model>}", ["input_order"]),
        (
            "{--pair: [<datasets.images>, <datasets.model>], --pair-2: <steps.a.outputs.b>}",
            ["pair", "pair_2", "pair_2_2"],
        ),
        # parameters make way: no script sees the names of their ports
        ("{--model: <parameters.model>, --output: <outputs.model>}", ["parameter_model"]),
        ("{--data: <datasets.images>, --x: <parameters.data>}", ["data", "parameter_data"]),
        ("{--x: <parameters.data>, --data: <datasets.images>}", ["data", "parameter_data"]),
    ],
)
def test_what_is_called_how(arguments: str, names: list[str]) -> None:
    assert named(arguments) == names


@pytest.mark.parametrize(
    ("arguments", "inputs", "names"),
    [
        ("{--data: <inputs.first>}", "{first: <datasets.images>}", ["first"]),
        ("{--data: <datasets.images>}", "{first: <datasets.images>}", ["first"]),
        ("[]", "{first: <datasets.images>, second: <steps.a.outputs.b>}", ["first", "second"]),
        ("{--first: <datasets.model>}", "{first: <datasets.images>}", ["first", "first_2"]),
    ],
)
def test_inputs_have_the_names_that_the_step_gives_them(arguments: str, inputs: str, names: list[str]) -> None:
    assert named(arguments, inputs) == names


def rows(values: Sequence[tuple[str, str]]) -> str:
    """Return a list of arguments."""
    return "[" + ", ".join(f"{{{option}: <{value}>}}" if option else f"<{value}>" for option, value in values) + "]"


ROWS = st.lists(st.tuples(st.sampled_from(("", "--model", "--data", "--model-2", "-1")), st.sampled_from(VALUES)))


@given(ROWS)
def test_names_differ_and_are_names(values: list[tuple[str, str]]) -> None:
    train = step(rows(values))
    names = [*ports.names(train).values(), *train.written, ports.ORDER, ports.order_port("load")]
    assert len({*names}) == len(names) - ("order" in train.written)
    assert all(word_name_fault(name) is None for name in names[:-1])


@given(ROWS, st.sampled_from(("", "--model", "--last")), st.sampled_from([*DATA, "parameters.a"]))
def test_an_argument_at_the_end_renames_no_input(values: list[tuple[str, str]], option: str, value: str) -> None:
    before = ports.names(step(rows(values)))
    after = ports.names(step(rows([*values, (option, value)])))
    assert all(after[data] == name for data, name in before.items() if not isinstance(data, Parameter))


def test_names_of_many_inputs_take_time_in_proportion() -> None:
    def step_of(count: int) -> Step:
        argument = Argument("--all", tuple(Dataset(f"d{number}") for number in range(count)))
        return replace(step("[]"), arguments=(argument,))

    plans = {count: step_of(count) for count in (50, 200)}
    assert list(ports.names(plans[200]).values())[-1] == "all_200"
    assert work.grows_in_step(lambda count: ports.names(plans[count]), 50)
