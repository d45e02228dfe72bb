"""A step with a matrix becomes its variants: their order, names, arguments, and what they read of each other."""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.plan import matrix, variants
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Literal, Output, Parameter, Text, render, written
from aml_pipeline.pipeline.spec.names import step_name_fault
from aml_pipeline.pipeline.yaml.scalars import written as written_as


def loaded(text: str, profile: str | None = None) -> loader.Loaded:
    return loader.load(f"name: example\n{text}".encode(), "p.yaml", profile=profile)


def planned(text: str, profile: str | None = None) -> Plan:
    found = loaded(text, profile)
    assert problems.errors(found.problems) == []
    assert found.plan is not None
    return found.plan


def argv(step: Step) -> list[str]:
    """Return the arguments as texts, with references as in the file."""

    def bind(token: Any) -> str:  # noqa: ANN401
        return "".join(map(bind, token.parts)) if isinstance(token, Text) else written(token)

    return render(step.arguments, bind)


def texts(declared: object, **others: object) -> list[dict[str, str]]:
    """Return the combinations of a matrix as texts."""
    found = matrix.read(declared, "train", ("steps", "train", "matrix"), (), **others)  # type: ignore[arg-type]
    assert [problem for problem in found.problems if problem.severity == "error"] == []
    return [{axis: value.text for axis, value in combination.items()} for combination in found.combinations]


ISSUE = """
steps:
  train:
    script: train.py
    matrix:
      learning_rate: [0.001, 0.01]
      batch_size: [4, 16]
      exclude: [{learning_rate: 0.01, batch_size: 4}]
    arguments:
      --learning-rate: ${{ matrix.learning_rate }}
      --name: "${{ matrix.batch_size }}/${{ matrix.learning_rate }}"
      --output: ${{ outputs.model }}
  evaluate:
    script: evaluate.py
    matrix: {learning_rate: [0.01, 0.001]}
    arguments:
      --rate: ${{ matrix.learning_rate }}
      --models: [first, "${{ steps.train.outputs.model }}", "${{ steps.train.outputs.model }}/w", last]
    after: [train]
  choose:
    script: choose.py
    arguments:
      - ${{ steps.train.outputs.model }}
      - --scores: ${{ parameters.none }}
    after: [evaluate]
parameters: {none: 1}
"""


def test_a_matrix_becomes_its_variants() -> None:
    plan = planned(ISSUE)
    assert [(step.name, step.title, step.declared) for step in plan.steps] == [
        ("train-4-0p001", "train[learning_rate=0.001,batch_size=4]", "train"),
        ("train-16-0p001", "train[learning_rate=0.001,batch_size=16]", "train"),
        ("train-16-0p01", "train[learning_rate=0.01,batch_size=16]", "train"),
        ("evaluate-0p01", "evaluate[learning_rate=0.01]", "evaluate"),
        ("evaluate-0p001", "evaluate[learning_rate=0.001]", "evaluate"),
        ("choose", "choose", "choose"),
    ]
    assert argv(plan.steps[2]) == ["--learning-rate", "0.01", "--name", "16/0.01", "--output", "outputs.model"]
    assert dict(plan.steps[2].variant) == {"learning_rate": "0.01", "batch_size": "16"}
    assert plan.steps[2].arguments[1].values == (Literal("16/0.01"),), "as if it were written so: no expression is left"


def test_a_step_reads_the_variants_that_have_its_own_values() -> None:
    one, several, choose = planned(ISSUE).steps[3:]
    assert one.inputs == (Input("train-16-0p01", "model"),)
    assert one.after == ("train-16-0p01",)
    small, large = "steps.train-4-0p001.outputs.model", "steps.train-16-0p001.outputs.model"
    assert argv(several) == ["--rate", "0.001", "--models", "first", small, large, f"{small}/w", f"{large}/w", "last"]
    assert len(choose.arguments) == 4, "a positional value that becomes several is several arguments"
    assert [step.name for step in planned(ISSUE).steps[:3]] == [token.step for token in choose.inputs]
    assert choose.after == ("evaluate-0p01", "evaluate-0p001")


def test_values_know_their_place_in_the_file() -> None:
    train, _, _, evaluate, *_ = planned(ISSUE).steps
    assert train.arguments[0].place_of(0) == ("steps", "train", "matrix", "learning_rate", 0)
    assert train.arguments[1].place_of(0) == ("steps", "train", "arguments", "--name")
    models = evaluate.arguments[1]
    assert [models.place_of(index)[-1] for index in range(len(models.values))] == [0, 1, 2, 3]


def test_a_value_may_be_a_dataset() -> None:
    plan = planned("""
datasets: {small: {local: s}, large: {local: l, optional: true}}
steps:
  train:
    script: train.py
    matrix: {data: ["${{ datasets.small }}", "${{datasets.large}}"]}
    arguments: {--data: "${{ matrix.data }}", --images: "${{ matrix.data }}/images"}
""")
    assert [step.title for step in plan.steps] == ["train[data=small]", "train[data=large]"]
    assert [token for argument in plan.steps[1].arguments for token in argument.values] == [
        Dataset("large"), Text((Dataset("large"), Literal("/images")))
    ]  # fmt: skip
    assert plan.steps[0].datasets == ("small",)


def test_a_named_input_is_the_variant_with_the_same_values() -> None:
    plan = planned("""
steps:
  train:
    script: train.py
    matrix: {rate: [1, 2]}
    arguments: ["${{ matrix.rate }}", "${{ outputs.model }}", "${{ outputs.log }}"]
  test:
    script: test.py
    matrix: {rate: [2, 1]}
    inputs:
      model: ${{ steps.train.outputs.model }}
      log: ${{ steps.train.outputs.log }}
    arguments: ["${{ inputs.model }}"]
""")
    test = plan.step("test-2")
    assert test.names == {Input("train-2", "model"): "model", Input("train-2", "log"): "log"}
    assert test.unnamed == (Input("train-2", "log"),)


def test_a_pipeline_may_end_with_the_only_variant() -> None:
    plan = planned("""
steps:
  train:
    script: train.py
    matrix: {rate: [1]}
    arguments: ["${{ matrix.rate }}", "${{ outputs.model }}"]
outputs: {model: "${{ steps.train.outputs.model }}"}
""")
    assert plan.outputs == {"model": Input("train-1", "model")}


def test_a_record_says_what_a_variant_is_and_nothing_new_of_a_plain_step() -> None:
    train, *_, choose = planned(ISSUE).as_data()["steps"]
    assert (train["declared"], train["variant"]) == ("train", {"learning_rate": "0.001", "batch_size": "4"})
    assert {"declared", "variant"}.isdisjoint(choose)


# Include and exclude, as GitHub's documentation has them.


def test_the_examples_of_githubs_documentation() -> None:
    """https://docs.github.com/actions, "Running variations of jobs in a workflow"."""
    fruit = {
        "fruit": ["apple", "pear"],
        "animal": ["cat", "dog"],
        "include": [
            {"color": "green"},
            {"color": "pink", "animal": "cat"},
            {"fruit": "apple", "shape": "circle"},
            {"fruit": "banana"},
            {"fruit": "banana", "animal": "cat"},
        ],
    }
    assert texts(fruit) == [
        {"fruit": "apple", "animal": "cat", "color": "pink", "shape": "circle"},
        {"fruit": "apple", "animal": "dog", "color": "green", "shape": "circle"},
        {"fruit": "pear", "animal": "cat", "color": "pink"},
        {"fruit": "pear", "animal": "dog", "color": "green"},
        {"fruit": "banana"},
        {"fruit": "banana", "animal": "cat"},
    ]
    systems = {
        "os": ["macos-latest", "windows-latest"],
        "version": [12, 14, 16],
        "environment": ["staging", "production"],
        "exclude": [
            {"os": "macos-latest", "version": 12, "environment": "production"},
            {"os": "windows-latest", "version": 16},
        ],
    }
    assert len(texts(systems)) == 9
    assert texts({"include": [{"site": "production", "datacenter": "site-a"}, {"site": "staging"}]}) == [
        {"site": "production", "datacenter": "site-a"}, {"site": "staging"}
    ]  # fmt: skip


def test_an_entry_of_include_may_bring_back_what_is_excluded() -> None:
    declared = {"rate": [1, 2], "size": [4], "exclude": [{"rate": 2}], "include": [{"rate": 2, "size": 4}]}
    assert texts(declared) == [{"rate": "1", "size": "4"}, {"rate": "2", "size": "4"}]


axes = st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from("12345"), min_size=1, unique=True), min_size=1)


@given(axes, st.lists(st.dictionaries(st.sampled_from("abc"), st.sampled_from("12345"), min_size=1)))
def test_exclude_leaves_out_exactly_what_agrees(declared: dict[str, list[str]], exclude: list[dict[str, str]]) -> None:
    exclude = [entry for entry in exclude if entry.keys() <= declared.keys()]
    every = [dict(zip(declared, values, strict=True)) for values in itertools.product(*declared.values())]
    left = [one for one in every if not any(entry.items() <= one.items() for entry in exclude)]
    found = matrix.read({**declared, "exclude": exclude}, "a", (), ())
    assert found.is_wrong == (not left)
    if left:
        assert [{axis: value.text for axis, value in one.items()} for one in found.combinations] == left


# Names.


values = st.one_of(
    st.integers(-20, 20), st.floats(allow_nan=False), st.text("abcXYZ-_. é/", max_size=60), st.booleans()
)


def titles_of(declared: dict[str, list[Any]], others: str = "") -> dict[str, str]:
    arguments = [f"${{{{ matrix.{axis} }}}}" for axis in declared]
    step = {"script": "a.py", "matrix": declared, "arguments": arguments}
    plan = loaded(f"steps: {{train: {json.dumps(step)}{others}}}").plan
    assert plan is not None
    return {step.name: str(dict(step.variant)) for step in plan.steps}


@given(st.dictionaries(st.sampled_from(["rate", "size"]), st.lists(values, min_size=1, max_size=5), min_size=1))
def test_names_are_legal_short_and_different(declared: dict[str, list[Any]]) -> None:
    declared = {axis: list({written_as(one): one for one in some}.values()) for axis, some in declared.items()}
    found = titles_of(declared, ", train-1: {script: b.py}, train-a: {script: b.py}")
    assert len(found) == len(list(itertools.product(*declared.values()))) + 2
    assert all(step_name_fault(name) is None and len(name) <= 40 for name in found)


def test_a_new_value_leaves_the_names_of_others() -> None:
    some = [0.01, -0.01, "Adam", "adam w", "a/b", "", "é", "x" * 50, "1.2.3", 1]
    before = titles_of({"rate": some, "size": [2]})
    after = titles_of({"rate": [*some, 0.1, "+0.01", "(1)", "x" * 51, "adam", "0p01", "0-01", "a-b"], "size": [2, 5.2]})
    assert before.items() <= after.items()


@given(st.lists(values, min_size=1, max_size=5), st.lists(values, min_size=1, max_size=5), st.data())
def test_a_name_depends_on_the_values_of_its_variant_only(
    rates: list[Any], sizes: list[Any], data: st.DataObject
) -> None:
    rates, sizes = ([*{written_as(one): one for one in some}.values()] for some in (rates, sizes))
    every = names_of({"rate": rates, "size": sizes})
    assert names_of({"size": sizes, "rate": rates}) == every, "nor on the order of axes"
    some = {"rate": [data.draw(st.sampled_from(rates))], "size": [data.draw(st.sampled_from(sizes))]}
    assert names_of(some).items() <= every.items()


def names_of(declared: dict[str, list[Any]]) -> dict[frozenset[tuple[str, str]], str]:
    """Return the names of variants by their values."""
    matrices = {"train": matrix.read(declared, "train", (), ())}
    rows = zip(matrices["train"].combinations, variants.names(["train"], matrices)["train"], strict=True)
    return {frozenset((axis, value.text) for axis, value in values.items()): name for values, name in rows}


def test_plain_values_stand_in_names_and_others_add_a_digest() -> None:
    plain = {"adam": "train-adam", "0.01": "train-0p01", "1": "train-1", "true": "train-true", "1e5": "train-1e5"}
    assert list(titles_of({"rate": list(plain)})) == list(plain.values())
    odd = {"Adam": "train-adam", "0p01": "train-0p01", "-0.01": "train-0-01", "": "train", "a/b": "train-a-b",
           "1.2.3": "train-1-2-3", "é": "train", "x" * 50: f"train-{'x' * 27}"}  # fmt: skip
    found = titles_of({"rate": list(odd)})
    assert all(re.fullmatch(f"{start}-[0-9a-f]{{6}}", name) for name, start in zip(found, odd.values(), strict=True))


def test_a_name_that_another_step_has_ends_with_a_digest() -> None:
    plain, other, step = titles_of({"rate": [1, 2]}, ", train-1: {script: b.py}")
    assert re.fullmatch("train-1-[0-9a-f]{6}", plain)
    assert (other, step) == ("train-2", "train-1")


# What is read.


@given(
    st.lists(st.sampled_from("12"), min_size=1, unique=True),
    st.lists(st.sampled_from("123"), min_size=1, unique=True),
    st.lists(st.sampled_from("123"), min_size=1, unique=True),
)
def test_a_step_reads_exactly_what_agrees(a: list[str], b: list[str], other_b: list[str]) -> None:
    text = {
        "train": {"script": "a.py", "matrix": {"a": a, "b": b}, "arguments": ["${{ outputs.model }}"]},
        "test": {"script": "a.py", "matrix": {"b": other_b, "c": [1, 2]},
                 "arguments": ["${{ steps.train.outputs.model }}"]},
    }  # fmt: skip
    found = loaded(f"steps: {json.dumps(text)}")
    codes = [problem.code for problem in found.problems if problem.severity == "error"]
    assert codes == (["no-variant"] if set(other_b) - set(b) else [])
    if not codes:
        assert found.plan is not None
        train = [step for step in found.plan.steps if step.declared == "train"]
        for step in found.plan.steps[len(train) :]:
            agreeing = [one.name for one in train if one.variant["b"] == step.variant["b"]]
            assert [token.step for token in step.inputs] == agreeing


def test_a_variant_without_an_axis_agrees_with_any_value_of_it() -> None:
    plan = planned("""
steps:
  train:
    script: a.py
    matrix: {include: [{rate: 1, way: fast}, {rate: 2}]}
    arguments: ["${{ matrix.rate }}", "${{ outputs.model }}"]
  test:
    script: a.py
    matrix: {way: [fast, slow]}
    arguments: ["${{ steps.train.outputs.model }}"]
""")
    assert [[token.step for token in step.inputs] for step in plan.steps[2:]] == [
        ["train-1-fast", "train-2"],
        ["train-2"],
    ]


# Limits.


def test_a_matrix_too_large_costs_nothing() -> None:
    declared = {f"axis{number}": list(range(100)) for number in range(30)}
    found = matrix.read(declared, "train", (), ())
    assert [problem.code for problem in found.problems] == ["matrix-size"]
    assert len(found.combinations) == 1


def test_as_many_as_are_allowed() -> None:
    assert len(texts({"a": list(range(100)), "b": list(range(10))})) == matrix.MOST
    assert len(texts({"a": list(range(999))}, others=1)) == 999
    assert matrix.read({"a": list(range(1000))}, "train", (), (), others=1).is_wrong


# Profiles.


PROFILES = """
datasets: {small: {local: s}, large: {local: l}}
steps:
  train:
    script: a.py
    matrix:
      rate: [1, 2, 3]
      data: ["${{ datasets.small }}", "${{ datasets.large }}"]
      exclude: [{rate: 3}]
    arguments: ["${{ matrix.rate }}", "${{ matrix.data }}"]
profiles:
  quick: {steps: {train: {matrix: {rate: [1], data: ["${{ datasets.small }}"]}}}}
  other: {steps: {train: {matrix: {exclude: [{rate: 1}]}}}}
  wrong: {steps: {train: {matrix: {data: ["${{ datasets.none }}", 1, 1]}}}}
"""


def test_a_profile_replaces_axes() -> None:
    found = loaded(PROFILES, "quick").plan
    assert found is not None
    assert [step.name for step in found.steps] == ["train-small-1"]
    found = loaded(PROFILES, "other").plan
    assert found is not None
    assert [step.name for step in found.steps] == [
        "train-small-2", "train-large-2", "train-small-3", "train-large-3"
    ]  # fmt: skip


def test_a_profile_may_leave_out_what_only_include_adds() -> None:
    text = """
steps:
  train:
    script: a.py
    matrix: {rate: [1, 2], include: [{rate: 5}, {rate: 2, way: fast}]}
    arguments: ["${{ matrix.rate }}"]
profiles:
  fewer: {steps: {train: {matrix: {rate: [1]}}}}
  one: {steps: {train: {matrix: {rate: [1], include: []}}}}
"""
    assert [step.variant["rate"] for step in planned(text, "fewer").steps] == ["1", "5", "2"]
    assert [step.variant["rate"] for step in planned(text, "one").steps] == ["1"]
    for axis, message in {
        "way": 'axis "way" of step "train" has its values in `include`, so they cannot be replaced here.',
        "ways": 'the matrix of step "train" has no axis "ways".',
    }.items():
        (problem,) = loaded(text.replace("matrix: {rate: [1]}}", f"matrix: {{{axis}: [1]}}}}")).problems
        assert problem.message == message
    assert problem.cure == 'Did you mean "way"?'


def test_what_a_profile_makes_idle_or_unused_is_not_reported() -> None:
    right = PROFILES.rpartition("  wrong")[0]
    assert loaded(right).problems == []
    assert loaded(right, "quick").problems == []


def test_mistakes_in_a_profile_are_reported_there_once_in_use_or_not() -> None:
    for profile in (None, "wrong"):
        found = [(one.code, one.position and one.position.line) for one in loaded(PROFILES, profile).problems]
        assert found == [("unknown-dataset", 15), ("bad-matrix", 15)]


def test_a_parameter_beside_an_axis_stays_a_parameter() -> None:
    plan = planned("""
parameters: {epochs: 5}
steps:
  train:
    script: a.py
    matrix: {rate: [1, 2]}
    arguments: {--x: "${{ parameters.epochs }}-${{ matrix.rate }}", --output: "${{ outputs.model }}"}
""")
    assert plan.steps[1].arguments[0].values == (Text((Parameter("epochs"), Literal("-2"))),)
    assert plan.steps[1].arguments[1].values == (Output("model"),)


def test_a_text_that_begins_as_azure_forbids_is_refused_wherever_it_comes_from() -> None:
    text = """
steps:
  train:
    script: a.py
    matrix: {kind: [parameter, other]}
    arguments: ["${{ matrix.kind }}:1"]
"""
    assert [problem.code for problem in loaded(text).problems] == ["taken-literal"]
