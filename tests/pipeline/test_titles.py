"""A name or a title on the command line means a step, or several variants of one."""

from __future__ import annotations

import pytest

from aml_pipeline.core.errors import UsageError
from aml_pipeline.pipeline.plan.model import Plan
from tests.pipeline.test_matrix import planned

LONG = "x" * 50
PLAN = planned(f"""
steps:
  prepare: {{script: a.py}}
  train:
    script: a.py
    matrix:
      learning_rate: [0.1, 0.01]
      text: [a, "b,c", "d, text=e", "{LONG}"]
    arguments: ["${{{{ matrix.learning_rate }}}}", "${{{{ matrix.text }}}}"]
""")


def called(text: str, plan: Plan = PLAN) -> list[str]:
    return [step.title for step in plan.steps_called(text)]


def test_a_name_means_a_step_or_all_of_its_variants() -> None:
    assert called("prepare") == ["prepare"]
    assert called("train") == [step.title for step in PLAN.steps if step.declared == "train"]
    assert called("train-0p1-a") == ["train[learning_rate=0.1,text=a]"]
    assert PLAN.step("train-0p1-a").title == "train[learning_rate=0.1,text=a]"


def test_a_title_may_omit_values_and_their_order() -> None:
    assert called("train[text=a]") == ["train[learning_rate=0.1,text=a]", "train[learning_rate=0.01,text=a]"]
    assert called("train[ text = a , learning_rate=0.01 ]") == ["train[learning_rate=0.01,text=a]"]
    assert called("train[text=a") == called("train[text=a]"), "a bracket may get lost"
    assert PLAN.step("train[text=a,learning_rate=0.1]").name == "train-0p1-a"
    assert PLAN.named(["train[text=a]", "prepare", "train[learning_rate=0.1,text=a]"]) == [
        "train-0p1-a", "train-0p01-a", "prepare"
    ]  # fmt: skip


def test_every_title_means_its_step_whatever_its_values_contain() -> None:
    assert all(PLAN.steps_called(step.title) == (step,) for step in PLAN.steps)
    assert called("train[text=b,c,learning_rate=0.1]") == ["train[learning_rate=0.1,text=b,c]"]
    short = f"train[learning_rate=0.1,text={'x' * 39}…]"
    assert called(f"train[text={LONG},learning_rate=0.1]") == [short] == called(short)


def test_a_title_is_one_line_that_can_be_typed() -> None:
    plan = planned(r"""
steps: {train: {script: a.py, matrix: {text: ["a\tb", "c\n", "\e[1m"]}, arguments: ["${{ matrix.text }}"]}}
""")
    titles = [r"train[text=a\tb]", r"train[text=c\n]", r"train[text=\x1b[1m]"]
    assert [step.title for step in plan.steps] == titles
    assert [called(title, plan) for title in [*titles, r"train[ text=a\tb ]"]] == [[t] for t in [*titles, titles[0]]]
    assert called("train[text=a\tb]", plan) == titles[:1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trian", 'Unknown step "trian". Did you mean "train"?'),
        ("trian[text=a]", 'Unknown step "trian". Did you mean "train"?'),
        ("prepare[text=a]", 'Step "prepare" has no variants, so "prepare[text=a]" means nothing. Write prepare.'),
        ("train[texts=a]", 'Step "train" has no axis "texts" in its matrix. Did you mean "text"?'),
        ("train[text=a,rate=0.1]", 'Step "train" has no axis "rate" in its matrix. Known: learning_rate, text.'),
        ("train[learning_rate=0.10]", 'No variant of step "train" has learning_rate=0.10. Did you mean "0.1"?'),
        ("train[0.1]", '"0.1" must be an axis and its value, such as learning_rate=VALUE. Known: train['),
        ("train[]", '"" must be an axis and its value, such as learning_rate=VALUE.'),
        ("train[text=a,text=b,c]", 'No variant of step "train" has text=a and text=b,c. Known: train[learning_rate='),
    ],
)
def test_what_means_no_step(text: str, message: str) -> None:
    with pytest.raises(UsageError) as refusal:
        called(text)
    assert str(refusal.value).startswith(message)


def test_where_one_step_is_expected_the_choices_are_named() -> None:
    with pytest.raises(UsageError) as refusal:
        PLAN.step("train[text=a]")
    assert str(refusal.value) == (
        '"train[text=a]" means 2 steps, but one is expected. '
        "Name one of train[learning_rate=0.1,text=a], train[learning_rate=0.01,text=a]."
    )


def test_the_ends_of_a_selection_may_be_several() -> None:
    plan = planned("""
steps:
  train:
    script: a.py
    matrix: {rate: [1, 2]}
    arguments: ["${{ matrix.rate }}", "${{ outputs.model }}"]
  evaluate:
    script: a.py
    matrix: {rate: [1, 2]}
    arguments: ["${{ steps.train.outputs.model }}"]
  choose: {script: a.py, after: [evaluate]}
""")
    assert plan.select(["evaluate[rate=2]"]) == ["train-2", "evaluate-2"]
    assert plan.select(["train"], only=True) == ["train-1", "train-2"]
    assert plan.select(start="train[rate=1]") == ["train-1", "evaluate-1", "choose"]
    assert plan.select(start="train", until="evaluate") == ["train-1", "train-2", "evaluate-1", "evaluate-2"]
