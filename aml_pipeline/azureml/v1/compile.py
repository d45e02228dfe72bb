"""Plan → the SDK's ``Pipeline``: a PythonScriptStep or a CommandStep per step, its tokens bound one by one."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TypeVar

from aml_pipeline.azureml import images, refusal, sendable, uploads
from aml_pipeline.azureml.adaptation import adapt, by_hand, said
from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.uploads import Upload
from aml_pipeline.azureml.v1 import compute, data, distribution, environment, registration, snapshots
from aml_pipeline.azureml.v1.problems import problems
from aml_pipeline.azureml.v1.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace import storage
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan import ports, tokens
from aml_pipeline.pipeline.plan.model import Plan, Step, token_as_data
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace, Environment, RegisteredModel, Resources
from aml_pipeline.project.folder import Project
from aml_pipeline.project.opening import project_of


def compile(plan: Plan, workspace: Sdk, project: Project | None = None) -> Sdk:  # noqa: A001 - the word for it
    """Return the ``azureml.pipeline.core.Pipeline`` of ``plan``, validated by the SDK.

    Data is uploaded, missing environments are registered, and missing compute targets with a size are created. Raises
    AzureError when Azure ML refuses, MachineError when a file changes while it is copied.
    """
    return compiled(plan, workspace, project)[0]


def compiled(plan: Plan, workspace: Sdk, project: Project | None = None) -> tuple[Sdk, dict[str, str]]:
    """Return the Pipeline as ``compile`` does, and the parameters whose values differ from their defaults.

    Parameters that no step receives are not included: Azure ML would refuse them.
    """
    work = compilation(by_hand(plan), workspace, project, plan.steps)
    work.make(work.plan.steps)
    pipeline = work.pipeline()
    with doing("validating the pipeline"):
        complaints = pipeline.validate()
    if complaints:
        raise AzureError(f"The Azure ML SDK rejects the pipeline: {complaints[0]}")
    values = {
        name: parameter.text for name, parameter in work.plan.parameters.items() if parameter.text != parameter.default
    }
    return pipeline, values


def script_run(plan: Plan, step: Step, workspace: Sdk, project: Project | None = None) -> Sdk:
    """Return the ``ScriptRunConfig`` of a single step, with the values of its parameters.

    Raises PipelineError when the step reads an output of another step, which does not exist in a run of its own.
    """
    work = compilation(by_hand(plan), workspace, project, [step], alone=True)
    step = work.plan.step(step.name)
    work.make([step])
    source, target, arguments = work.source(step), work.target(step), work.arguments(step)
    configuration = work.configuration(step)
    for _, output, model in registration.registrations(replace(work.plan, steps=(step,))):
        say(f'Output {output} is not registered as model "{model.name}": a step adds this, but only to a pipeline.')
    with doing(f"compiling step {step.name}"):
        from azureml.core import ScriptRunConfig

        configuration.target = target.name
        configuration.data = {port.name: port for port in (work.port(step, data) for data in _unnamed(step))}
        if step.script is None:
            command = [*step.words, *arguments]
            return ScriptRunConfig(source_directory=source, command=command, run_config=configuration)
        script = work.project.snapshot(step).script
        return ScriptRunConfig(source_directory=source, script=script, arguments=arguments, run_config=configuration)


def require_sendable(plan: Plan, project: Project, steps: Sequence[Step], *, alone: bool = False) -> None:
    """Raise PipelineError for what Azure ML would not take by SDK v1."""
    refusal.require_sendable(plan, project, steps, lambda: problems(plan, project, steps), sdk="v1", alone=alone)


def compilation(  # noqa: PLR0913 - what is compiled, where, and how
    plan: Plan,
    workspace: Sdk,
    project: Project | None,
    steps: Sequence[Step],
    *,
    alone: bool = False,
    settable: bool = False,
) -> Compilation:
    """Start a compilation of ``plan`` for Azure ML: look up everything that ``steps`` name, and report remarks.

    With ``settable`` datasets become parameters. Raises PipelineError or AzureError.
    """
    require_v1(workspace)
    project = project or project_of(plan)
    require_sendable(plan, project, steps, alone=alone)
    import_all()
    plan, new_data = uploads.planned(plan, project, steps, lambda: str(data.default_datastore(workspace).name))
    work = Compilation(plan, workspace, project, texts=alone, new_data=new_data, settable=settable)
    work.look_up_containers()
    missing = [name for step in steps for name in work.missing_datasets(step)]
    work.plan, remarks = adapt(plan, missing)
    for text in said(remarks, steps[0] if alone else None):
        say(text)
    for look_up in (work.look_up_outputs, work.look_up_environment, work.look_up_target):
        for step in steps:
            look_up(step)
    return work


@dataclass(slots=True)
class Compilation:
    """What the steps of a compilation share, each looked up or created once."""

    plan: Plan
    workspace: Sdk
    project: Project
    texts: bool = False  # parameters as their values
    new_data: list[Upload] = field(default_factory=list)  # not uploaded yet, unless it was earlier
    containers: dict[str, Sdk] = field(default_factory=dict)  # by datastore
    parameters: dict[str, Sdk] = field(default_factory=dict)
    datasets: dict[str, Sdk] = field(default_factory=dict)  # None: optional and missing
    settable: bool = False  # whether datasets are parameters
    ports: dict[tuple[str, tokens.Token], Sdk] = field(default_factory=dict)  # by step
    names: dict[str, dict[tokens.Parameter | tokens.Data, str]] = field(default_factory=dict)  # of ports, by step
    environments: dict[Environment, Sdk] = field(default_factory=dict)  # None: not registered
    versions: dict[Environment, tuple[str, str]] = field(default_factory=dict)  # and conda's export
    targets: dict[Compute, Sdk] = field(default_factory=dict)  # None: missing
    default_datastore: Sdk = None  # the datastore of outputs without one
    configurations: dict[str, Sdk] = field(default_factory=dict)

    def make(self, steps: Sequence[Step]) -> None:
        """Upload data and create what is missing; clusters last, because they cost money."""
        while self.new_data:
            upload = self.new_data[0]
            storage.send(self.containers[upload.datastore], upload, self.project, doing)
            self.new_data.pop(0)
        for step in steps:
            wanted = _there(step.environment)
            if self.environments[wanted] is None:
                given = (*self.versions[wanted], self.project)
                self.environments[wanted] = environment.made(self.workspace, wanted, *given)
        for step in steps:
            target = sendable.described(self.plan, _there(step.compute))
            if self.targets[target] is None:
                self.targets[target] = compute.made(self.workspace, target)

    def pipeline(self) -> Sdk:
        """Return the ``Pipeline`` of all steps; what is missing and was not created is treated as existing."""
        steps = {step.name: self.step(step) for step in self.plan.steps}
        for step in self.plan.steps:
            for name in step.after:
                steps[step.name].run_after(steps[name])
        registering = [self.registration(*row) for row in registration.registrations(self.plan)]
        with doing("compiling the pipeline"):
            from azureml.pipeline.core import Pipeline

            return Pipeline(
                self.workspace,
                steps=[*steps.values(), *registering],
                description=self.plan.description,
                default_datastore=self.default_datastore,
            )

    def step(self, step: Step) -> Sdk:
        """Return the step of the SDK for ``step``; the steps it reads from are compiled already."""
        source, target = self.source(step), self.target(step)
        configuration, arguments = self.configuration(step), self.arguments(step)
        with doing(f"compiling step {step.name}"):
            from azureml.pipeline.steps import CommandStep, PythonScriptStep

            shared = {
                "name": step.name,
                "inputs": [self.port(step, data) for data in dict.fromkeys([*_unnamed(step), *self.paths(step)])],
                "outputs": [self.port(step, token) for token in step.unnamed if isinstance(token, tokens.Output)],
                "compute_target": target,
                "runconfig": configuration,
                "source_directory": source,
                "allow_reuse": step.allow_reuse,
                "version": self.version(step),
            }
            if step.script is None:
                return CommandStep([*step.words, *arguments], **shared)
            return PythonScriptStep(self.project.snapshot(step).script, arguments=arguments, **shared)

    def registration(self, step: Step, output: str, model: RegisteredModel) -> Sdk:
        """Return the step that registers an output of ``step`` as a model, in the same place and environment."""
        written = self.ports[step.name, tokens.Output(output)]
        name = registration.name(model)
        plain = replace(step, environment_variables={}, timeout=None, distribution=None)
        with doing(f"compiling step {name}"):
            from azureml.pipeline.steps import PythonScriptStep

            return PythonScriptStep(
                registration.SCRIPT,
                name=name,
                arguments=["--model", written.as_input("model"), "--name", model.name],
                compute_target=self.target(step),
                runconfig=self.configuration(plain),
                source_directory=registration.folder(self.project.uploads),
                allow_reuse=step.allow_reuse,
                version=self.version(replace(step, script=registration.SCRIPT)),
            )

    def source(self, step: Step) -> str:
        """Return the folder from which a step's files are uploaded."""
        return snapshots.folder(self.project.uploads, self.project.snapshot(step))

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

    def paths(self, step: Step) -> list[tokens.Data]:
        """Return the datasets of a step that are path parameters, which the SDK wants as inputs in any case."""
        paths = (name for name in step.datasets if sendable.is_path(self.plan.datasets[name]))
        return [tokens.Dataset(name) for name in paths] if self.settable else []

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

    def parameter(self, name: str) -> Sdk:
        """Return the PipelineParameter, as a text like all tokens: the SDK would convert other types."""
        if name not in self.parameters:
            from azureml.pipeline.core import PipelineParameter

            self.parameters[name] = PipelineParameter(name, default_value=self.plan.parameters[name].default)
        return self.parameters[name]

    def missing_datasets(self, step: Step) -> list[str]:
        """Look up the datasets of a step; return those missing in Azure ML, all optional. Raises AzureError."""
        return [name for name in step.datasets if self.port(step, tokens.Dataset(name)) is None]

    def look_up_containers(self) -> None:
        """Look up where data is uploaded to."""
        for name in dict.fromkeys(upload.datastore for upload in self.new_data):
            self.containers[name] = data.container(self.workspace, name)

    def missing_data(self) -> list[Upload]:
        """Return the datasets to upload of which Azure ML lacks files."""
        with doing("looking up the data to upload"):
            return [upload for upload in self.new_data if storage.missing(self.containers[upload.datastore], upload)]

    def look_up_outputs(self, step: Step) -> None:
        """Look up the datastores of a step's outputs."""
        for name in step.written:
            self.port(step, tokens.Output(name))
            if not (self.texts or self.default_datastore or step.outputs[name].datastore):
                self.default_datastore = data.default_datastore(self.workspace)

    def look_up_environment(self, step: Step) -> None:
        """Look up the environment of a step."""
        wanted = _there(step.environment)
        if wanted not in self.environments:
            exported = environment.export(wanted)
            version = images.version_of(wanted, self.project.environment_digest(step), exported)
            self.versions[wanted] = version, exported
            self.environments[wanted] = environment.found(self.workspace, wanted, version)

    def look_up_target(self, step: Step) -> None:
        """Look up the compute target of a step."""
        wanted = sendable.described(self.plan, _there(step.compute))
        if wanted not in self.targets:
            self.targets[wanted] = compute.found(self.workspace, wanted)

    def environment(self, step: Step) -> Sdk:
        """Return the environment of a step."""
        wanted = _there(step.environment)
        return self.environments[wanted] or environment.imagined(wanted, self.versions[wanted][0])

    def target(self, step: Step) -> Sdk:
        """Return the compute target of a step."""
        wanted = sendable.described(self.plan, _there(step.compute))
        return self.targets[wanted] or (wanted.name, "AmlCompute")

    def configuration(self, step: Step) -> Sdk:
        """Return the RunConfiguration, shared by steps that differ in nothing that it says."""
        key = repr((step.environment, _variables(step), step.timeout, step.resources, step.distribution))
        if key not in self.configurations:
            from azureml.core.runconfig import RunConfiguration

            made = distribution.configuration(step.distribution) if step.distribution else RunConfiguration()
            made.environment = self.environment(step)
            made.environment_variables = _variables(step)
            made.max_run_duration_seconds = step.timeout
            if step.resources:
                made.docker = _docker(step.resources)
            self.configurations[key] = made
        return self.configurations[key]

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

    def version(self, step: Step) -> str:
        """Return a digest of what the SDK's own fingerprint of a step would miss or confuse.

        It joins arguments with commas, so it confuses ``[a, b]`` and ``[a,b]``, and would run the old step. It contains
        the names of ports.
        """
        found = self.environment(step)
        rows = [
            step.words if step.script is None else posixpath.normpath(step.script),
            [[token_as_data(token) for token in argument.tokens] for argument in step.arguments],
            {name: output.sent for name, output in step.outputs.items()},
            {name: _place_there(self.plan.datasets[name]) for name in sorted(step.datasets)},
            [found.name, found.version],
            _variables(step),
            step.compute.name if step.compute else None,
            step.timeout,
            sorted(step.after),
            *([asdict(step.distribution)] if step.distribution else []),
            *([asdict(step.resources)] if step.resources else []),  # so that a step without keeps its digest
        ]
        return digest_of(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogateescape"))[:32]


def _unnamed(step: Step) -> list[tokens.Data]:
    """Return what ``step`` reads without an argument that names it."""
    return [data for data in step.unnamed if not isinstance(data, tokens.Output)]


Setting = TypeVar("Setting", Compute, Environment)


def _there(setting: Setting | None) -> Setting:
    """Return a value that was checked to exist."""
    assert setting is not None  # noqa: S101 - else it would have been a problem
    return setting


def _place_there(place: DatasetPlace) -> list[str | None]:
    return [place.datastore, place.path, place.registered, place.version, place.mode]


def _docker(resources: Resources) -> Sdk:
    from azureml.core.runconfig import DockerConfiguration

    size = {"shm_size": resources.shm_size} if resources.shm_size else {}
    return DockerConfiguration(use_docker=True, arguments=list(resources.docker_arguments), **size)


def _variables(step: Step) -> dict[str, str]:
    return dict(sorted(step.environment_variables.items()))
