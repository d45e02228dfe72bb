"""The models: what they take, what they keep, and what they say of themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from aml_pipeline.pipeline.spec import settings
from aml_pipeline.pipeline.spec.pipeline import RESERVED_KEYS, PipelineSpec
from aml_pipeline.pipeline.yaml import source
from tests.corpus import SPEC_MODELS

EVERYTHING = """\
version: 1
name: everything
description: All that can stand in a file.
experiment: 2026
compute:
  name: gpu
  vm_size: STANDARD_NC6
  vm_priority: lowpriority
  min_nodes: 0
  max_nodes: 4
  idle_seconds_before_scaledown: 0x4b0
environment: {name: e, docker_image: "ubuntu:24.04", conda_file: env.yml}
source_directory: steps
snapshot: [words/*.txt, 012]
environment_variables: {OMP_NUM_THREADS: 1, CUDA_VISIBLE_DEVICES: "", RATE: 0.10}
allow_reuse: false
retries: 1
timeout: 2h
resources: {shm_size: 8g, docker_arguments: [--init]}
identity: user
datasets:
  here: {local: data, optional: true}
  there: {datastore: store, path: data/, mode: download}
  known: {registered: digits, version: 2}
parameters:
  bare: 0.10
  full: {type: number, default: 1, description: Rate., choices: [1, 0.50], minimum: 0.1, maximum: 1}
steps:
  train:
    script: train.py
    source_directory: training
    arguments: {--rate: "${{ parameters.full }}"}
    outputs:
      model: {datastore: store, mode: mount, register_as: model}
      scores: {type: file, path: scores/latest, overwrite: true, model: {name: scores, type: custom}}
    after: [prepare]
    snapshot: []
    compute: cpu
    environment: {registered: team, version: 3}
    environment_variables: {OMP_NUM_THREADS: 2}
    allow_reuse: true
    timeout: 90s
    retries: 0
  prepare: {script: prepare.py}
  fit: {module: package.fit}
  shell: {command: [bash, -e, prepare.sh, 2]}
outputs: {model: "${{ steps.train.outputs.model }}"}
profiles:
  quick:
    compute: cpu
    environment: {curated: AzureML-sklearn-1.5}
    parameters: {bare: 1}
    datasets: {here: {local: small}}
    steps:
      train:
        {compute: cpu, timeout: 1m, environment: {name: x, pip_requirements: r.txt}, environment_variables: {A: b}}
    schedules: {hourly: {cron: 0 * * * *, reuse: true}}
    publish: {endpoint: small}
schedules:
  nightly: {cron: 0 2 * * *, time_zone: Europe/Paris, parameters: {bare: 10}}
  weekly:
    recurrence:
      {frequency: week, interval: 2, hours: [2], minutes: [30], week_days: [monday], start_time: 2026-12-01T02:00:00}
publish: {reuse: true, endpoint: training-2}
sdk: v2
python: .venv/bin/python
workspace: research/vision.json
tags: {team: vision, ticket: 12}
"""


def read(text: str) -> PipelineSpec:
    root = source.parse(text).root
    assert root is not None
    return PipelineSpec.model_validate(root.value)


def refused(change: str, *, step: str = "") -> list[str]:
    """Return the codes of what is wrong with a small pipeline that has ``change``, or ``step`` in its step."""
    with pytest.raises(ValidationError) as raised:
        read(f"name: small\nsteps:\n  train:\n    script: train.py\n{step}\n{change}\n")
    return [error["type"] for error in raised.value.errors()]


def test_everything_that_can_stand_in_a_file() -> None:
    found = read(EVERYTHING)
    assert found.experiment == "2026"
    assert found.snapshot == ("words/*.txt", "012")
    assert found.environment_variables == {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "RATE": "0.10"}
    assert (found.timeout, found.profiles["quick"].steps["train"].timeout) == (7200, 60)
    assert found.compute is not None
    assert found.compute.idle_seconds_before_scaledown == 1200
    assert found.steps["train"].compute == settings.Compute(name="cpu")
    assert found.steps["train"].snapshot == ()
    assert found.parameters["bare"].declared_type == "number"
    assert found.parameters["full"].declared_type == "number"
    assert found.datasets["known"].version == "2"
    assert found.schedules["weekly"].recurrence is not None
    assert found.schedules["weekly"].recurrence.start_time == "2026-12-01T02:00:00"
    used = {name for model, name in _fields() if model is PipelineSpec}
    assert used == set(found.model_fields_set), "the example is to hold every key"


def test_the_smallest_file_and_its_defaults() -> None:
    found = read("name: small\nsteps: {train: {script: train.py}}")
    assert (found.source_directory, found.allow_reuse, found.retries, found.timeout) == (".", True, 0, None)
    assert found.publish.reuse is False
    step = found.steps["train"]
    assert (step.after, step.snapshot, step.allow_reuse, step.retries) == ((), None, None, None)


def test_a_spec_does_not_change() -> None:
    found = read(EVERYTHING)
    with pytest.raises(ValidationError):
        found.name = "other"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        found.steps["train"].script = "other.py"  # type: ignore[misc]


def _fields() -> Iterator[tuple[type[BaseModel], str]]:
    for model in SPEC_MODELS.values():
        for name in model.model_fields:
            yield model, name


@pytest.mark.parametrize(("model", "name"), list(_fields()), ids=lambda value: getattr(value, "__name__", value))
def test_every_key_says_what_it_means(model: type[BaseModel], name: str) -> None:
    """Editors show this; a key whose value is a mapping is explained by its own keys."""
    field = model.model_fields[name]
    assert field.description or "Publish" in str(field.annotation)
    described = any(word in str(field.annotation) for word in ("dict", "spec.", "Publish", "WithJsonSchema"))
    assert field.examples or described, f"{model.__name__}.{name} has no example"


@pytest.mark.parametrize("word", sorted(RESERVED_KEYS))
def test_a_reserved_key_is_no_key_yet(word: str) -> None:
    assert word not in {name for _, name in _fields()}


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ("timeout: 60", ["bad-duration"]),
        ("timeout: 1.5h", ["bad-duration"]),
        ("timeout: 0s", ["bad-duration"]),
        ("timeout: -1s", ["bad-duration"]),
        ("timeout: 1d", ["bad-duration"]),
        ("timeout: true", ["bad-duration"]),
        ("timeout: 99999999s", ["bad-duration"]),
        ("timeout: []", ["bad-duration"]),
        ("compute: 3", ["wrong-type"]),
        ("compute: {name: x, min_nodes: 2, max_nodes: 1}", ["wrong-value"]),
        ("compute: {name: x, min_nodes: 1, max_nodes: 1, idle_seconds_before_scaledown: -1}", ["greater_than_equal"]),
        ("environment: {name: x}", ["environment-definition"]),
        ("environment: {name: x, conda_file: a, pip_requirements: b}", ["environment-definition"]),
        ("environment: {name: x, docker_image: a, curated: b}", ["environment-definition"]),
        ("environment: {name: x, docker_image: a, conda_environment: b}", ["environment-definition"]),
        ("environment: {name: x, docker_image: a, conda_file: b, pip_requirements: c}", ["environment-definition"]),
        ("environment: {docker_image: a}", ["environment-name"]),
        ("environment: {name: x, docker_image: a, version: 1}", ["environment-version"]),
        ("environment: {name: x, conda_file: ''}", ["empty-value"]),
        ("environment_variables: {'': a}", ["bad-name"]),
        ("environment_variables: {A=B: a}", ["bad-name"]),
        ("environment_variables: {A: true}", ["string_type"]),  # true, True or TRUE?
        ("environment_variables: {A: null}", ["string_type"]),
        ("datasets: {a: {optional: true}}", ["dataset-place"]),
        ("datasets: {a: {local: x, path: y}}", ["dataset-place"]),
        ("datasets: {a: {datastore: x, path: y, registered: z}}", ["dataset-place"]),
        ("datasets: {a: {local: x, version: 1}}", ["dataset-place"]),
        ("parameters: {a: null}", ["not-a-value"]),
        ("parameters: {a: [1]}", ["not-a-value"]),
        ("parameters: {a: {default: {b: c}}}", ["not-a-value"]),
        ("parameters: {a: {default: 1, choices: [[1]]}}", ["not-a-value"]),
        ("parameters: {a: {default: x, minimum: 1}}", ["bad-parameter"]),
        ("parameters: {a: {default: 1, minimum: x}}", ["wrong-type"]),
        ("parameters: {a: {default: 1, minimum: true}}", ["wrong-type"]),
        ("parameters: {a: {default: 1, maximum: .nan}}", ["wrong-type"]),
        ("parameters: {a: {default: 1, choices: []}}", ["bad-parameter"]),
        ("parameters: {a: {default: 1, type: string, minimum: 1}}", ["bad-parameter"]),
        ("schedules: {a: {}}", ["schedule-form"]),
        ("schedules: {a: {cron: x, recurrence: {frequency: day}}}", ["schedule-form"]),
        ("source_directory: /x", ["absolute-path"]),
        ("source_directory: ~x", ["absolute-path"]),
        ("source_directory: a\\b", ["absolute-path"]),
        ("source_directory: ' '", ["empty-value"]),
        ("retries: true", ["int_type"]),
        ("retries: 1.0", ["int_type"]),
        ("retries: '1'", ["int_type"]),
        ("allow_reuse: 1", ["bool_type"]),
        ("version: '1'", ["wrong-value"]),
        ("version: 1.0", ["wrong-value"]),
        ("version: true", ["wrong-value"]),
        ("version: 2", ["wrong-value"]),
        ("version: []", ["wrong-value"]),
        ("version:", ["wrong-value"]),
    ],
)
def test_what_one_value_can_tell_about_itself(change: str, codes: list[str]) -> None:
    assert refused(change) == codes


@pytest.mark.parametrize("given", ["train", "{a: b}", "1"])
def test_a_text_is_no_list_of_its_characters(given: str) -> None:
    assert refused("", step=f"    after: {given}") == ["tuple_type"]


@pytest.mark.parametrize("noun", ["parameters", "datasets", "steps", "profiles", "schedules"])
def test_names_are_checked_and_one_that_was_told_is_let_through(noun: str) -> None:
    body = {"parameters": 1, "datasets": {"local": "x"}, "steps": {"script": "s.py"}, "schedules": {"cron": "x"}}
    data: dict[str, Any] = {"name": "small", "steps": {"a": {"script": "a.py"}}}
    data = {**data, noun: {**data.get(noun, {}), "Bad Name": body.get(noun, {})}}
    with pytest.raises(ValidationError) as raised:
        PipelineSpec.model_validate(data)
    (error,) = raised.value.errors()
    assert (error["type"], error["loc"]) == ("bad-name", (noun, "Bad Name", "[key]"))
    assert "Bad Name" in getattr(PipelineSpec.model_validate(data, context={"Bad Name"}), noun)


@pytest.mark.parametrize(
    ("name", "cure"),
    [
        ("My Step", 'Write it like "my-step".'),
        ("train_it", 'Write it like "train-it".'),
        ("1st", 'Write it like "my-1st".'),
        ("", 'Write it like "my".'),
        ("x" * 101, "Shorten it."),
    ],
)
def test_the_cure_of_a_bad_name_is_a_good_one(name: str, cure: str) -> None:
    with pytest.raises(ValidationError) as raised:
        PipelineSpec.model_validate({"name": "small", "steps": {name: {"script": "a.py"}}})
    assert raised.value.errors()[0]["ctx"]["cure"] == cure
    if '"' in cure:
        PipelineSpec.model_validate({"name": "small", "steps": {cure.split('"')[1]: {"script": "a.py"}}})
