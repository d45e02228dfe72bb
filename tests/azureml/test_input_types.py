"""Inputs of v2 have a type and limits only where azure-ai-ml sends each value as the text that it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from aml_pipeline.azureml.adaptation import by_hand
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.export import input_types
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.project.opening import open_pipeline
from tests.v2 import sdk

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of marshmallow, in the client

HEAD = "name: small\ncompute: cpu-cluster\nenvironment: {name: training, docker_image: x}\n"


def opened(folder: Path, parameters: str, schedules: str = "{}") -> Plan:
    """Return the plan of a pipeline whose step receives all parameters."""
    names = yaml.safe_load(parameters)
    arguments = ", ".join(f'--{name}: "${{{{ parameters.{name} }}}}"' for name in names)
    (folder / "train.py").write_text("")
    (folder / "pipeline.yaml").write_text(
        f"{HEAD}parameters: {parameters}\nsteps: {{train: {{script: train.py, arguments: {{{arguments}}}}}}}\n"
        f"schedules: {schedules}\n"
    )
    plan, project = open_pipeline(str(folder / "pipeline.yaml")).require()
    export.write(plan, project, str(folder / "v2"))
    return plan


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["0", "10", "-5", "999999999999999"], "integer"),
        (["012"], "string"),
        (["+7"], "string"),
        (["-0"], "string"),
        (["1000000000000000"], "string"),
        (["0.001", "-2.5", "10.25"], "number"),
        (["0.10"], "string"),
        (["1.0"], "string"),
        (["2", "0.5"], "string"),
        (["1e-3"], "string"),
        ([".5"], "string"),
        (["0.00001"], "string"),
        (["0.12345678901234567890"], "string"),
        (["٣"], "string"),
        (["true"], "string"),
        (["10\n"], "string"),
    ],
)
def test_a_type_is_one_that_keeps_every_text(texts: list[str], kind: str) -> None:
    assert input_types.narrowest(texts) == kind
    assert [str(input_types.written(text, kind)) for text in texts] == texts


PARAMETERS = """{
  epochs: {default: 2, minimum: 1, maximum: 100.5, description: Passes over the data.},
  rate: {default: 0.001, minimum: 0, maximum: 0.5},
  size: {default: 012, minimum: 1},
  layers: {default: 18, choices: [18, 34]},
  loss: {default: l1, choices: [l1, l2]},
  flag: true, name: "5", scheduled: 3, whole: {type: number, default: 1}}"""
DECLARED: dict[str, dict[str, Any]] = {
    "epochs": {"type": "integer", "min": 1, "max": 100, "description": "Passes over the data."},
    "rate": {"type": "number", "min": 0, "max": 0.5},
    "size": {"type": "string"},
    "layers": {"type": "string", "enum": ["18", "34"]},
    "loss": {"type": "string", "enum": ["l1", "l2"]},
    "flag": {"type": "string", "enum": ["true", "false"]},
    "name": {"type": "string"},
    "scheduled": {"type": "string"},
    "whole": {"type": "string"},
}


def test_limits_choices_and_descriptions_are_sent_with_the_component(tmp_path: Path) -> None:
    pytest.importorskip("azure.ai.ml")
    plan = opened(tmp_path, PARAMETERS, '{nightly: {cron: "0 2 * * *", parameters: {scheduled: 03}}}')
    loaded = sdk.load(tmp_path / "v2")
    assert {name: lost for name, file in loaded.items() if (lost := sdk.dropped(file, tmp_path / "v2"))} == {}
    component = loaded["components/train.yml"]
    assert component.written["inputs"] == DECLARED
    sent = component.rest["properties"]["componentSpec"]["inputs"]
    assert sent["epochs"] == {"type": "integer", "min": "1", "max": "100", "description": "Passes over the data."}
    assert sent["flag"] == {"type": "string", "enum": ["true", "false"]}
    inputs = loaded["pipeline.yml"].rest["properties"]["inputs"]
    assert {name: given["value"] for name, given in inputs.items()} == {
        name: parameter.text for name, parameter in plan.parameters.items()
    }
    assert loaded["pipeline.yml"].written["inputs"]["epochs"] == 2
    alone = by_hand(plan)
    assert {name: input_types.declared(alone, name) for name in alone.parameters} == DECLARED, "as `submit` sends it"


def test_limits_that_no_input_has_are_omitted_in_words(tmp_path: Path) -> None:
    plan = opened(tmp_path, PARAMETERS)
    reason = "Their inputs in Azure ML v2 are strings, so that values such as 012 keep their text."
    assert export.omitted(plan) == [f"limits of parameters: size (minimum). {reason}"]
