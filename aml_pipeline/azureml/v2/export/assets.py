"""Environments, compute targets, datasets and outputs in v2's form."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.images import Image
from aml_pipeline.azureml.v2.export import yaml_text
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.plan.settings import Compute, DatasetPlace, Environment, OutputSettings
from aml_pipeline.pipeline.spec.data import RUN


@dataclass(frozen=True, slots=True)
class Registered:
    """An environment that the export registers, with its files by path."""

    environment: Environment
    name: str
    image: Image
    context: str  # the path of its build context, if it has one
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The file that ``az ml environment create`` reads."""
        return next(iter(self.files))


def environments(plan: Plan, images: Mapping[Environment, Image]) -> list[Registered]:
    """Return the environments that the plan defines; the files of equal names are numbered."""
    registered: list[Registered] = []
    for environment in dict.fromkeys(step.environment for step in plan.steps):
        if environment in images and environment is not None and environment.name is not None:
            image = images[environment]
            same = [namesake for namesake in registered if namesake.name.lower() == environment.name.lower()]
            base = f"{environment.name}-{len(same) + 1}" if same else environment.name
            context = f"environments/context/{base}"
            files = _files(environment.name, image, base)
            registered.append(Registered(environment, environment.name, image, context, files))
    return registered


def _files(name: str, image: Image, base: str) -> dict[str, str]:
    place = f"environments/{base}.yml"
    if image.context:
        build = {"path": f"./context/{base}"}
        if image.context.script != "Dockerfile":  # the default (reference-yaml-environment)
            build["dockerfile_path"] = str(image.context.script)
        text = yaml_text.text({"name": name, "version": image.version, "build": build}, "environment")
        return {place: text, **{f"environments/context/{base}/{path}": made for path, made in image.texts.items()}}
    data = {"name": name, "version": image.version, "image": image.base}
    if image.conda is None:
        return {place: yaml_text.text(data, "environment")}
    conda = f"conda/{base}.yml"
    text = yaml_text.text({**data, "conda_file": f"./{conda}"}, "environment")
    return {place: text, posixpath.join("environments", conda): image.conda}


def existing(environment: Environment) -> str:
    """Return the reference to a registered environment, to its latest version if none is given."""
    name = environment.curated or environment.registered
    if environment.registry:
        which = f"versions/{environment.version}" if environment.version else "labels/latest"
        return f"azureml://registries/{environment.registry}/environments/{name}/{which}"
    return f"azureml:{name}:{environment.version}" if environment.version else f"azureml:{name}@latest"


def clusters(plan: Plan) -> Iterator[Compute]:
    """Yield the compute targets with a size, each name once."""
    named = [step.compute for step in plan.steps if step.compute and not sendable.is_serverless(step.compute)]
    described = [target for target in named if target.vm_size]
    return iter({target.name: target for target in reversed(described)}.values())


def place(compute: Compute) -> str:
    """Return the path of a compute cluster's file in an export."""
    return f"compute/{compute.name}.yml"


def compute(target: Compute) -> str:
    """Return the file of a compute cluster, with the same defaults as ``submit``."""
    data: dict[str, Any] = {"type": "amlcompute", "name": target.name, "size": target.vm_size}
    if target.vm_priority:
        data["tier"] = {"dedicated": "dedicated", "lowpriority": "low_priority"}[target.vm_priority]
    data["min_instances"] = target.min_nodes or 0
    data["max_instances"] = target.max_nodes or max(1, target.min_nodes or 0)
    if target.idle_seconds_before_scaledown is not None:
        data["idle_time_before_scale_down"] = target.idle_seconds_before_scaledown
    return yaml_text.text(data, "amlCompute")


# Our types of data, and those of v2.
TYPES = {"folder": "uri_folder", "file": "uri_file", "table": "mltable"}


def dataset_type(place: DatasetPlace) -> str:
    """Return the type of a dataset's input; without one it is a file at a web address, and assumed to be a folder else.

    A FileDataset that SDK v1 registered is a table for v2, which evaluates it (learn.microsoft.com,
    how-to-read-write-data-v2, "Read V1 data assets").
    """
    default = "file" if place.url else "folder"
    return "mltable" if place.mode.startswith("eval_") else TYPES[place.type or default]


def dataset(place: DatasetPlace) -> dict[str, str]:
    """Return a dataset as an input of the pipeline, which a caller of the endpoint and a schedule can set.

    azure-ai-ml uploads what is at a local path.
    """
    return {"type": dataset_type(place), "path": place.address or str(place.local)}


def bound(name: str, place: DatasetPlace) -> str | dict[str, str]:
    """Return a dataset, which is the pipeline's input ``name``, as an input of a node.

    The node has the mode, unless it is the default of files and folders (reference-yaml-job-pipeline, "Job inputs"): a
    value that is set for the pipeline's input comes with a mode of its own, or without one.
    """
    binding = f"${{{{parent.inputs.{name}}}}}"
    if place.mode == "mount" and dataset_type(place) != "mltable":
        return binding
    return {"path": binding, "mode": "ro_mount" if place.mode == "mount" else place.mode}


_MODELS = {"custom": "custom_model", "mlflow": "mlflow_model"}


def output_type(settings: OutputSettings) -> str:
    """Return the type of an output, which is also that of the inputs that read it."""
    if settings.model:
        return _MODELS[settings.model.type]
    return TYPES[settings.type]


# The defaults of an output (reference-yaml-job-pipeline, "Job outputs").
_OUTPUT = {"type": "uri_folder", "mode": "rw_mount"}


def output(settings: OutputSettings) -> dict[str, str]:
    """Return an output of a node or of the job. On a given datastore it has the same path as with SDK v1 by default.

    ``${{name}}`` is the name of the job that has the output: of the pipeline, if that declares it, else of the step.
    ``${{default_datastore}}`` is in Microsoft's own examples
    (azureml-examples, cli/jobs/parallel/2a_iris_batch_prediction).
    """
    data = {"type": output_type(settings), "mode": "rw_mount" if settings.mode == "mount" else "upload"}
    data = {key: value for key, value in data.items() if value != _OUTPUT[key]}
    if settings.path:
        path = settings.path.replace(RUN, "${{name}}")
        data["path"] = _datastore(settings.datastore or "${{default_datastore}}", path)
    elif settings.datastore:
        data["path"] = _datastore(settings.datastore, "dataset/${{name}}/${{output_name}}")
    name = settings.model.name if settings.model else settings.register_as
    return data | ({"name": name} if name else {})


def _datastore(name: str, path: str) -> str:
    return f"azureml://datastores/{name}/paths/{path.lstrip('/')}"
