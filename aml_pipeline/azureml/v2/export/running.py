"""What runs the published component: the job of a schedule, and the deployment of a batch endpoint.

Unlike those of an export, they name the component instead of the steps. What a component cannot have stands here:
settings, experiment, places of outputs, and data.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aml_pipeline.azureml import sendable
from aml_pipeline.azureml.publication import endpoint_name
from aml_pipeline.azureml.v2.export import assets, job, schedules, whole, yaml_text
from aml_pipeline.pipeline.plan.model import Plan, datasets_of
from aml_pipeline.pipeline.plan.ports import pipeline_input

# A schedule would change whenever this program does.
_NOT_OF_SCHEDULES = "aml_pipeline"


def job_data(plan: Plan, key: str) -> dict[str, Any]:
    """Return the job of the schedule ``key``, without its component."""
    data: dict[str, Any] = {"type": "pipeline", "display_name": endpoint_name(plan.name, plan.profile)}
    if plan.description:
        data["description"] = plan.description
    tags = {name: text for name, text in sendable.tags(plan, None).items() if name != _NOT_OF_SCHEDULES}
    data |= {"experiment_name": plan.experiment, "tags": tags}
    given = {**data_inputs(plan), **schedules.inputs(plan, key)}
    runs = of_version(plan)
    runs["settings"]["force_rerun"] = not plan.reuse_of(key)
    return {**data, **({"inputs": given} if given else {}), **runs}


def of_version(plan: Plan) -> dict[str, Any]:
    """Return what the runs of a version need besides the component: it is stored with it, for going back to it."""
    outputs = whole.outputs(plan)
    settings = {**job.settings(plan), "force_rerun": not plan.reuse}
    return {**({"outputs": outputs} if outputs else {}), "settings": settings}


def job_of_version(runs: Mapping[str, Any], component: str) -> str:
    """Return the file of a job that runs a version of the component; ``runs`` is what was stored with it."""
    return yaml_text.text({"type": "pipeline", **runs, "component": component}, "pipelineJob")


def data_inputs(plan: Plan) -> dict[str, Any]:
    """Return the inputs of the component that are data, with their places."""
    read = datasets_of(plan.steps)
    return {pipeline_input(plan, name): assets.dataset(plan.datasets[name]) for name in read}


def schedule_data(plan: Plan, key: str) -> dict[str, Any]:
    """Return the schedule ``key``, without its job."""
    data: dict[str, Any] = {"name": schedules.name(plan, key), "display_name": schedules.v1_name(plan, key)}
    return {**data, **({"description": plan.description} if plan.description else {}),
            "trigger": schedules.trigger(plan, key)}  # fmt: skip


def files(plan: Plan, key: str, component: str) -> dict[str, str]:
    """Return the files of the schedule ``key`` by path, that of the schedule first; ``component`` is a reference."""
    schedule = {**schedule_data(plan, key), "create_job": {"type": "pipeline", "job": "./job.yml"}}
    return {
        "schedule.yml": yaml_text.text(schedule, "schedule"),
        "job.yml": yaml_text.text({**job_data(plan, key), "component": component}, "pipelineJob"),
    }


def deployment_settings(runs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of the deployment of a version, which names things without ``azureml:``."""
    settings = runs["settings"].items()
    return {key: text.removeprefix("azureml:") if isinstance(text, str) else text for key, text in settings}


# Types of data as a caller of a batch endpoint names them.
_TYPES = {"uri_folder": "UriFolder", "uri_file": "UriFile", "mltable": "MLTable"}


def body(data: Mapping[str, Any], workspace: str) -> str:
    """Return what a caller of a batch endpoint must post, because a component has no defaults for ``data``.

    "" if there is none. ``workspace`` is its address, ``azureml://locations/…``; the form is that of Microsoft's
    example (azureml-examples, cli/batch-score-rest.sh).
    """
    given = {
        name: {"JobInputType": _TYPES[place["type"]], "Uri": _uri(place["path"], workspace)}
        for name, place in data.items()
    }
    return json.dumps({"properties": {"InputData": given}}, ensure_ascii=False) if given else ""


def _uri(path: str, workspace: str) -> str:
    name, _, version = path.removeprefix("azureml:").partition(":")
    is_registered = path.startswith("azureml:") and not path.startswith("azureml://")
    return f"{workspace}/data/{name}/versions/{version}" if is_registered else path
