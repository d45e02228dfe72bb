"""What the models refuse, told in our words, and the data without it."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from aml_pipeline.core import problems
from aml_pipeline.pipeline import loader
from aml_pipeline.pipeline.spec import errors
from aml_pipeline.pipeline.spec.pipeline import PipelineSpec

# One pipeline, and mistakes that can be made in it independently: (line, new text of the line, codes and columns).
LINES = """\
name: example
experiment: day1
compute: {name: cpu, max_nodes: 4}
environment: {name: e, conda_file: env.yml}
retries: 1
parameters:
  epochs: {default: 2, minimum: 1}
  rate: 0.1
datasets:
  images: {local: images}
steps:
  prepare:
    script: prepare.py
    arguments:
      --images: ${{ datasets.images }}
      --output: ${{ outputs.tables }}
  train:
    script: train.py
    timeout: 2h
    after: [prepare]
    arguments:
      --tables: ${{ steps.prepare.outputs.tables }}
      --epochs: ${{ parameters.epochs }}
      --rate: ${{ parameters.rate }}
      --fast: true
profiles:
  quick: {parameters: {epochs: 1}}
schedules:
  nightly: {cron: 0 2 * * *, parameters: {rate: 1}}
publish: {reuse: false}
""".splitlines()
MISTAKES: list[tuple[int, str, str]] = [
    (1, "name: Example", "1:7 bad-name"),
    (2, "experimant: day1", "2:1 unknown-key"),
    (2, "when: always", "2:1 reserved-key"),
    (3, "compute: {name: cpu, max_nodes: 0}", "3:33 wrong-value"),
    (3, "compute: {vm_size: cpu, max_nodes: 4}", "3:1 missing-key"),
    (3, "compute: [cpu]", "3:10 wrong-type"),
    (4, "environment: {name: e, conda_file: env.yml, registered: x}", "4:1 environment-definition"),
    (4, "environment: {name: e, conda_file: /env.yml}", "4:36 absolute-path"),
    (5, "retries: many", "5:10 wrong-type"),
    (7, "  epochs: {default: 0, minimum: 1}", "7:21 bad-parameter"),
    (7, "  epochs: {default: 2, minimum: low}", "7:33 wrong-type"),
    (7, "  epochs: [2]", "7:11 not-a-value"),
    (8, "  rate: .inf", "8:9 bad-parameter"),
    (10, "  images: {}", "10:3 dataset-place"),
    (10, "  images: images", "10:11 wrong-type"),
    (13, "    script: 5", "13:13 wrong-type"),
    (13, "    script: ${{ parameters.epochs }}", "13:13 misplaced-expression"),
    (15, "      images: ${{ datasets.images }}", "15:7 bad-option, 10:3 unused-dataset"),
    (15, "      --images: ${{ datasets.imges }}", "15:17 unknown-dataset, 10:3 unused-dataset"),
    (16, "      --output: ${{ output.tables }}/x", "16:17 bad-expression, 22:17 unknown-output"),
    (18, "    skript: train.py", "18:5 unknown-key"),
    (19, "    timeout: 2", "19:14 bad-duration"),
    (20, "    after: [prepair]", "20:13 unknown-step"),
    (20, "    after: prepare", "20:12 wrong-type"),
    (20, "    after: [train]", "20:13 cycle"),
    (22, "      --tables: ${{ steps.prepare.outputs.tabels }}", "22:17 unknown-output"),
    (24, "      --rate: ${{ parameters.rat }}", "24:15 unknown-parameter, 8:3 unused-parameter"),
    (25, "      --fast:", "25:14 null-argument"),
    (25, "      --rate: 1", "25:7 duplicate-key"),
    (27, "  quick: {parameters: {epochs: 1.5}}", "27:32 bad-parameter"),
    (27, "  quick: {parameters: {epoch: 1}}", "27:24 unknown-parameter"),
    (27, "  quick: {retries: 1}", "27:11 unknown-key"),
    (29, "  nightly: {parameters: {rate: 1}}", "29:3 schedule-form"),
    (29, "  nightly: {cron: 0 2 * * *, parameters: {rate: x}}", "29:49 bad-parameter"),
    (30, "publish: {reuse: 'yes'}", "30:18 wrong-type"),
]


def told(text: str) -> list[str]:
    return [f"{one.position.line}:{one.position.column} {one.code}" for one in load(text).problems if one.position]


def load(text: str) -> loader.Loaded:
    return loader.load(text.encode(), "pipeline.yaml")


def with_mistakes(chosen: list[tuple[int, str, str]]) -> str:
    lines = list(LINES)
    for line, text, _ in chosen:
        lines[line - 1] = text
    return "\n".join(lines) + "\n"


def test_the_example_is_without_fault() -> None:
    assert told("\n".join(LINES) + "\n") == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake[1].strip()[:40])
def test_a_mistake_is_told_where_it_is_and_nothing_else_is(mistake: tuple[int, str, str]) -> None:
    assert sorted(told(with_mistakes([mistake]))) == sorted(mistake[2].split(", "))


# A mistake in the left place hides what the right one is held against; everything else is told whatever else is wrong.
HIDES = {
    "7:21": "27:32", "7:33": "27:32", "7:11": "27:32",  # without a good parameter no value can be judged
    "8:9": "29:49",
    "29:3": "29:49",
}  # fmt: skip


@given(st.lists(st.sampled_from(MISTAKES), min_size=2, max_size=12, unique_by=lambda mistake: mistake[0]))
def test_all_mistakes_of_a_file_are_told_at_once(chosen: list[tuple[int, str, str]]) -> None:
    expected = {one for mistake in chosen for one in mistake[2].split(", ")}
    places = {one.split()[0] for one in expected}
    hidden = {after for before, after in HIDES.items() if before in places}
    found = told(with_mistakes(chosen))
    assert found == sorted(found, key=lambda one: [int(part) for part in one.split()[0].split(":")])
    missing = {one for one in expected - set(found) if one.split()[0] not in hidden and "unused" not in one}
    assert missing == set()
    spurious = {one for one in set(found) - expected if "unused" not in one}
    assert spurious == set()


def errors_of(data: Any) -> list[Any]:  # noqa: ANN401 - JSON
    with pytest.raises(ValidationError) as raised:
        PipelineSpec.model_validate(data)
    return list(raised.value.errors())


def test_what_is_wrong_is_left_out_of_a_copy() -> None:
    data = {"name": "x", "retries": -1, "steps": {"a": {"script": "a.py", "after": ["b", 1.5j], "foo": 1}}}
    before = copy.deepcopy(data)
    less = errors.without(data, errors_of(data))
    assert less == {"name": "x", "steps": {"a": {"script": "a.py"}}}
    assert data == before


@pytest.mark.parametrize(
    "data",
    [
        {"name": "x", "steps": {}},
        {"name": "x", "steps": []},
        {"name": "x"},
        {"name": "x", "steps": {"a": None}},
        {"name": "x", "steps": {"script": "train.py"}},  # forgot the name of the step
        [],
        "text",
    ],
)
def test_nothing_is_left_of_a_pipeline_without_steps(data: object) -> None:
    assert errors.without(data, errors_of(data)) is None


def test_a_wrong_script_stays_a_step_that_others_can_name() -> None:
    data = {"name": "x", "steps": {"script": {"script": 5}}}
    assert errors.without(data, errors_of(data)) == {"name": "x", "steps": {"script": {"command": ["placeholder"]}}}


@pytest.mark.parametrize("place", ["parameters: {'': 1}", "steps: {'': {script: a.py}}", "profiles: {'': {}}"])
def test_an_empty_name_is_a_bad_name(place: str) -> None:
    text = f"name: x\n{place}\n" + ("" if "steps" in place else "steps: {a: {script: a.py, after: [b]}}\n")
    codes = [one.code for one in load(text).problems if one.severity == "error"]
    assert codes == ["bad-name"] if "steps" in place else ["bad-name", "unknown-step"]


@pytest.mark.parametrize("key", ["script", "name", "[key]"])
def test_a_key_of_the_user_that_looks_like_one_of_ours(key: str) -> None:
    text = f"name: x\nsteps:\n  a:\n    script: a.py\n    environment_variables: {{'{key}': []}}\n    after: [b]\n"
    codes = {one.code for one in load(text).problems}
    assert codes & {"wrong-type", "bad-name"}
    assert "unknown-step" in codes


def test_a_mapping_with_thousands_of_unknown_keys_is_told_in_seconds() -> None:
    text = "\n".join(LINES) + "\n" + "".join(f"key{number}: 1\n" for number in range(3000))
    found = load(text)
    assert len(found.problems) == 3000
    assert problems.as_text(found.problems, {"pipeline.yaml": found.text}).count("\n") == 3 * 3000 - 1


def test_keys_are_suggested_at_every_depth() -> None:
    def cure(path: str, key: str) -> str:
        error = {"type": "extra_forbidden", "loc": (*path.split("."), key), "input": 1}
        return errors.explain(error).cure

    assert cure("steps.a", "scripts") == 'Did you mean "script"?'
    assert cure("steps.a.compute", "vm_sizes") == 'Did you mean "vm_size"?'
    assert cure("steps.a.outputs.b", "modes") == 'Did you mean "mode"?'
    assert cure("parameters.a", "choice") == 'Did you mean "choices"?'
    assert cure("profiles.a.steps.b.environment", "docker") == 'Did you mean "dockerfile"?'
    assert cure("schedules.a.recurrence", "minute") == 'Did you mean "minutes"?'
