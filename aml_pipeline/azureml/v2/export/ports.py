"""The ports of a step in v2: name, type, and the connection in the pipeline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from aml_pipeline.azureml.v2.export import assets, input_types
from aml_pipeline.pipeline.plan import ports as names
from aml_pipeline.pipeline.plan.model import Plan, Step
from aml_pipeline.pipeline.plan.settings import OutputSettings
from aml_pipeline.pipeline.plan.tokens import Dataset, Input, Output, Parameter


@dataclass(frozen=True, slots=True)
class Port:
    """A port: its component has ``declared``, its node has ``value``; a port without ``token`` only sets the order."""

    kind: Literal["inputs", "outputs"]
    name: str
    declared: Mapping[str, Any]
    value: Any
    token: Parameter | Dataset | Input | Output | None = None

    @property
    def binding(self) -> str:
        """The expression that v2 replaces by its value or path in a command, as one shell word."""
        return f"'${{{{{self.kind}.{self.name}}}}}'"


def ports(plan: Plan, step: Step) -> list[Port]:
    """Return the ports of ``step``, inputs first."""
    return [*_inputs(plan, step), *_outputs(plan, step)]


def _inputs(plan: Plan, step: Step) -> Iterator[Port]:
    called = names.names(step)
    for parameter in map(Parameter, step.parameters):
        value = f"${{{{parent.inputs.{parameter.name}}}}}"
        yield Port("inputs", called[parameter], input_types.declared(plan, parameter.name), value, parameter)
    for dataset in map(Dataset, step.datasets):
        place = plan.datasets[dataset.name]
        bound = assets.bound(names.pipeline_input(plan, dataset.name), place)
        yield Port("inputs", called[dataset], {"type": assets.dataset_type(place)}, bound, dataset)
    for read in step.inputs:
        kind = assets.output_type(plan.step(read.step).outputs[read.name])
        address: Any = _output_of(read.step, read.name)
        if kind == "mltable":
            address = {"path": address, "mode": "ro_mount"}  # the folder, as here; by default its table is evaluated
        yield Port("inputs", called[read], {"type": kind}, address, read)
    for name in step.after:
        if name not in {read.step for read in step.inputs}:
            output = next(iter(plan.step(name).written), names.ORDER)
            kind = assets.output_type(plan.step(name).outputs.get(output, OutputSettings()))
            nothing = {"path": _output_of(name, output), "mode": "direct"}  # nothing is mounted
            yield Port("inputs", names.order_port(name), {"type": kind}, nothing)


def _outputs(plan: Plan, step: Step) -> Iterator[Port]:
    of_job = {result: name for name, result in plan.outputs.items()}
    for output in map(Output, step.written):
        settings, result = step.outputs[output.name], of_job.get(Input(step.name, output.name))
        value = f"${{{{parent.outputs.{result}}}}}" if result else assets.output(settings)
        yield Port("outputs", names.port(step, output), {"type": assets.output_type(settings)}, value, output)
    if not step.written and any(step.name in other.after for other in plan.steps):
        # In v2 all edges are data, so the step must write something for others to come after it.
        yield Port("outputs", names.ORDER, {"type": "uri_folder"}, assets.output(OutputSettings()))


def _output_of(step: str, name: str) -> str:
    return f"${{{{parent.jobs.{names.node(step)}.outputs.{name}}}}}"
