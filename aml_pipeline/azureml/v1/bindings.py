"""The tokens of steps as objects of the SDK: parameters, datasets, and ports that connect steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.v1 import data
from aml_pipeline.azureml.v1.sdk import Sdk
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.model import Plan, Step


@dataclass(slots=True)
class Bindings:
    """The objects for tokens, each made once."""

    plan: Plan
    workspace: Sdk
    texts: bool  # parameters as their values
    settable: bool  # whether datasets are parameters
    parameters: dict[str, Sdk] = field(default_factory=dict)
    datasets: dict[str, Sdk] = field(default_factory=dict)  # None: optional and missing
    ports: dict[tuple[str, tokens.Token], Sdk] = field(default_factory=dict)  # by step
    names: dict[str, dict[tokens.Parameter | tokens.Data, str]] = field(default_factory=dict)  # of ports, by step
    default_datastore: Sdk = None  # the datastore of outputs without one

    def missing_datasets(self, step: Step) -> list[str]:
        """Look up the datasets of a step; return those missing in Azure ML, all optional. Raises AzureError."""
        return [name for name in step.datasets if self.port(step, tokens.Dataset(name)) is None]

    def look_up_outputs(self, step: Step) -> None:
        """Look up the datastores of a step's outputs."""
        for name in step.written:
            self.port(step, tokens.Output(name))
            if not (self.texts or self.default_datastore or step.outputs[name].datastore):
                self.default_datastore = data.default_datastore(self.workspace)

    def arguments(self, step: Step) -> list[Sdk]:
        """Return the arguments with SDK objects for tokens; a port is one object, however often it is named."""

        def bind(token: tokens.Token) -> Sdk:
            assert not isinstance(token, tokens.Text)  # noqa: S101 - else it would have been a problem
            if isinstance(token, tokens.Literal):
                return token.text
            if isinstance(token, tokens.Parameter):
                return self.plan.parameters[token.name].text if self.texts else self.parameter(token.name)
            return self.port(step, token)

        return tokens.render(step.arguments, bind)

    def port(self, step: Step, token: tokens.Input | tokens.Output | tokens.Dataset) -> Sdk:
        """Return the object of a port of ``step``; None for a dataset missing in Azure ML."""
        if (step.name, token) not in self.ports:
            self.ports[step.name, token] = self.made_port(step, token)
        return self.ports[step.name, token]

    def made_port(self, step: Step, token: tokens.Input | tokens.Output | tokens.Dataset) -> Sdk:
        """Return a new object for a port."""
        if isinstance(token, tokens.Output):
            return data.output(self.workspace, token.name, step.outputs[token.name])
        if step.name not in self.names:
            self.names[step.name] = ports.names(step)
        name = self.names[step.name][token]
        if isinstance(token, tokens.Input):
            return self.ports[token.step, tokens.Output(token.name)].as_input(name)
        return self.read(token.name, name)

    def read(self, name: str, port: str) -> Sdk:
        """Return a dataset as an input of a step; None if it is missing in Azure ML.

        In a published pipeline it is a parameter, as in the SDK's notebooks: a path on a datastore is a ``DataPath``. A
        parameter costs no reuse: the SDK's fingerprint of a step contains only its port. A submitted run needs none: it
        has its data.
        """
        place = self.plan.datasets[name]
        if self.settable and sendable.is_path(place):
            return data.path_consumed(self.data_parameter(name), place, port)
        found = self.dataset(name)
        if found is None:
            return None
        return data.consumed(self.data_parameter(name) if self.settable else found, place, port)

    def inputs(self, step: Step) -> list[Sdk]:
        """Return what ``step`` reads without an argument that names it, and its datasets that are path parameters.

        The SDK wants path parameters as inputs in any case.
        """
        unnamed = [data for data in step.unnamed if not isinstance(data, tokens.Output)]
        paths = (name for name in step.datasets if self.settable and sendable.is_path(self.plan.datasets[name]))
        return [self.port(step, data) for data in dict.fromkeys([*unnamed, *map(tokens.Dataset, paths)])]

    def outputs(self, step: Step) -> list[Sdk]:
        """Return what ``step`` writes without an argument that names it."""
        return [self.port(step, token) for token in step.unnamed if isinstance(token, tokens.Output)]

    def dataset(self, name: str) -> Sdk:
        """Return a dataset of the SDK; None if it is missing in Azure ML."""
        if name not in self.datasets:
            self.datasets[name] = data.dataset(self.workspace, name, self.plan.datasets[name])
        return self.datasets[name]

    def data_parameter(self, name: str) -> Sdk:
        """Return the PipelineParameter of a dataset, which the steps share."""
        known, place = ports.pipeline_input(self.plan, name), self.plan.datasets[name]
        if known not in self.parameters:
            from azureml.pipeline.core import PipelineParameter

            default = data.path(self.workspace, place) if sendable.is_path(place) else self.dataset(name)
            self.parameters[known] = PipelineParameter(known, default_value=default)
        return self.parameters[known]

    def undeclared(self, steps: Sequence[Step]) -> list[Sdk]:
        """Return the parameters of datasets that no argument names: the SDK declares only those that arguments name."""
        return [self.data_parameter(name) for name in self.only_read(steps)] if self.settable else []

    def only_read(self, steps: Sequence[Step]) -> list[str]:
        """Return the datasets that ``steps`` read without an argument that names them, except paths."""
        datasets = {token for step in steps for token in step.unnamed if isinstance(token, tokens.Dataset)}
        named = {part for step in steps for argument in step.arguments for part in argument.parts}
        return sorted(
            token.name for token in datasets.difference(named) if not sendable.is_path(self.plan.datasets[token.name])
        )

    def parameter(self, name: str) -> Sdk:
        """Return the PipelineParameter, as a text like all tokens: the SDK would convert other types."""
        if name not in self.parameters:
            from azureml.pipeline.core import PipelineParameter

            self.parameters[name] = PipelineParameter(name, default_value=self.plan.parameters[name].default)
        return self.parameters[name]

    def resolved(self, step: Step) -> list[str]:
        """Return the current versions of a step's registered datasets for which the file gives none."""
        known = ((name, self.datasets.get(name)) for name in sorted(step.datasets) if name in self.datasets)
        return [f"{name} {data.version_of(dataset)}" for name, dataset in known if dataset is not None]

    def latest(self, step: Step) -> list[str]:
        """Return the registered datasets of a step for which the file gives no version, each with the latest one."""
        places = ((name, self.plan.datasets[name]) for name in step.datasets)
        open_ones = {name for name, place in places if place.registered and place.version in {None, "latest"}}
        rows = (row.partition(" ") for row in self.resolved(step))
        return [f"dataset {name} in version {version}" for name, _, version in rows if name in open_ones]
