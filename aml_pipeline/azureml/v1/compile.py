"""Plan → the SDK's ``Pipeline``: a PythonScriptStep or a CommandStep per step, its tokens bound one by one."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from aml_pipeline.azureml import refusal, uploads
from aml_pipeline.azureml.adaptation import adapt, by_hand, said
from aml_pipeline.azureml.sdks import require_v1
from aml_pipeline.azureml.v1 import data, distribution, registration, snapshots
from aml_pipeline.azureml.v1.bindings import Bindings
from aml_pipeline.azureml.v1.needs import Needs
from aml_pipeline.azureml.v1.problems import problems
from aml_pipeline.azureml.v1.sdk import Sdk, doing, import_all
from aml_pipeline.azureml.workspace.waiting import say
from aml_pipeline.core.errors import AzureError
from aml_pipeline.core.files import digest_of
from aml_pipeline.pipeline.plan import tokens
from aml_pipeline.pipeline.plan.model import Plan, Step, token_as_data
from aml_pipeline.pipeline.plan.settings import DatasetPlace, RegisteredModel, Resources
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
    work.needs.make(work.plan.steps)
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
    work.needs.make([step])
    source, target, arguments = work.source(step), work.needs.target(step), work.bindings.arguments(step)
    configuration = work.configuration(step)
    for _, output, model in registration.registrations(replace(work.plan, steps=(step,))):
        say(f'Output {output} is not registered as model "{model.name}": a step adds this, but only to a pipeline.')
    with doing(f"compiling step {step.name}"):
        from azureml.core import ScriptRunConfig

        configuration.target = target.name
        configuration.data = {port.name: port for port in work.bindings.inputs(step)}
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
    needs, bindings = Needs(plan, workspace, project, new_data), Bindings(plan, workspace, alone, settable)
    needs.look_up_containers()
    missing = [name for step in steps for name in bindings.missing_datasets(step)]
    bindings.plan, remarks = adapt(plan, missing)
    for text in said(remarks, steps[0] if alone else None):
        say(text)
    for look_up in (bindings.look_up_outputs, needs.look_up_environment, needs.look_up_target):
        for step in steps:
            look_up(step)
    return Compilation(bindings.plan, workspace, project, needs, bindings)


@dataclass(slots=True)
class Compilation:
    """What the steps of a compilation share."""

    plan: Plan
    workspace: Sdk
    project: Project
    needs: Needs
    bindings: Bindings
    configurations: dict[str, Sdk] = field(default_factory=dict)

    def pipeline(self, provider: Sdk = None) -> Sdk:
        """Return the ``Pipeline`` of all steps; what is missing and was not created is treated as existing.

        ``provider`` is asked and sent to in place of the workspace's service for pipelines.
        """
        steps = {step.name: self.step(step) for step in self.plan.steps}
        for step in self.plan.steps:
            for name in step.after:
                steps[step.name].run_after(steps[name])
        registering = [self.registration(*row) for row in registration.registrations(self.plan)]
        with doing("compiling the pipeline"):
            from azureml.pipeline.core import Pipeline

            pipeline = Pipeline(
                self.workspace,
                steps=[*steps.values(), *registering],
                description=self.plan.description,
                default_datastore=self.bindings.default_datastore,
                _workflow_provider=provider,
            )
            pipeline.graph._add_pipeline_params(self.bindings.undeclared(self.plan.steps))  # noqa: SLF001
            return pipeline

    def step(self, step: Step) -> Sdk:
        """Return the step of the SDK for ``step``; the steps it reads from are compiled already."""
        source, target = self.source(step), self.needs.target(step)
        configuration, arguments = self.configuration(step), self.bindings.arguments(step)
        with doing(f"compiling step {step.name}"):
            from azureml.pipeline.steps import CommandStep, PythonScriptStep

            shared = {
                "name": step.name,
                "inputs": self.bindings.inputs(step),
                "outputs": self.bindings.outputs(step),
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
        written = self.bindings.ports[step.name, tokens.Output(output)]
        name = registration.name(model)
        plain = replace(step, environment_variables={}, timeout=None, distribution=None)
        with doing(f"compiling step {name}"):
            from azureml.pipeline.steps import PythonScriptStep

            return PythonScriptStep(
                registration.SCRIPT,
                name=name,
                arguments=["--model", written.as_input("model"), "--name", model.name],
                compute_target=self.needs.target(step),
                runconfig=self.configuration(plain),
                source_directory=registration.folder(self.project.uploads),
                allow_reuse=step.allow_reuse,
                version=self.version(replace(step, script=registration.SCRIPT)),
            )

    def source(self, step: Step) -> str:
        """Return the folder from which a step's files are uploaded."""
        return snapshots.folder(self.project.uploads, self.project.snapshot(step))

    def configuration(self, step: Step) -> Sdk:
        """Return the RunConfiguration, shared by steps that differ in nothing that it says."""
        key = repr((step.environment, _variables(step), step.timeout, step.resources, step.distribution))
        if key not in self.configurations:
            from azureml.core.runconfig import RunConfiguration

            made = distribution.configuration(step.distribution) if step.distribution else RunConfiguration()
            made.environment = self.needs.environment(step)
            made.environment_variables = _variables(step)
            made.max_run_duration_seconds = step.timeout
            if step.resources:
                made.docker = _docker(step.resources)
            self.configurations[key] = made
        return self.configurations[key]

    def version(self, step: Step) -> str:
        """Return a digest of what the SDK's own fingerprint of a step would miss or confuse.

        It joins arguments with commas, so it confuses ``[a, b]`` and ``[a,b]``, and would run the old step. It contains
        the names of ports.
        """
        found = self.needs.environment(step)
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
            *([dict(step.distribution)] if step.distribution else []),
            *([dict(step.resources)] if step.resources else []),  # so that a step without keeps its digest
        ]
        return digest_of(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogateescape"))[:32]


def _place_there(place: DatasetPlace) -> list[str | None]:
    return [place.datastore, place.path, place.registered, place.version, place.mode]


def _docker(resources: Resources) -> Sdk:
    from azureml.core.runconfig import DockerConfiguration

    size = {"shm_size": resources.shm_size} if resources.shm_size else {}
    return DockerConfiguration(use_docker=True, arguments=list(resources.docker_arguments), **size)


def _variables(step: Step) -> dict[str, str]:
    return dict(sorted(step.environment_variables.items()))
