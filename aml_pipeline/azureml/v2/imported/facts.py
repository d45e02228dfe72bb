"""What a v2 pipeline job does, as facts of the proof: those of the original, and those of the imported project.

Both are what azure-ai-ml sends of a job, the project's by its export. They are put in one form, by these rules only:

- Names are those of pipeline.yaml. Names of datasets, of inputs of steps and of components do not count, nor does it
  matter whether the job, the node or the component says something.
- A command is the words that bash makes of it; one that a shell must read is ``bash -c LINE``, and ``bash -c`` with a
  line that it only splits is that line. What an input receives is in its place.
- Code, and the folder from which an image is built, is the content of the files that are sent, without caches,
  histories and virtual environments. A registered environment or component that one file of the repository defines is
  that file.
- What is not said is the documented default of Azure ML. An output without a path has one of its own in each run; a job
  without an experiment has that of pipeline.yaml.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

from aml_pipeline.azureml import uploads
from aml_pipeline.azureml.adaptation import adapt
from aml_pipeline.azureml.images import Image
from aml_pipeline.azureml.importing.draft import Draft
from aml_pipeline.azureml.importing.names import Names
from aml_pipeline.azureml.importing.proof import Facts
from aml_pipeline.azureml.publication import of_trigger
from aml_pipeline.azureml.v2 import export
from aml_pipeline.azureml.v2.imported import loading, schedules
from aml_pipeline.azureml.v2.imported.environments import definition
from aml_pipeline.azureml.v2.imported.loading import Json, Node, Value
from aml_pipeline.azureml.v2.imported.repository import Repository
from aml_pipeline.azureml.v2.imported.step_facts import Side, defined, digests, hidden, of_step, place, resolved
from aml_pipeline.core import files
from aml_pipeline.core.plain import mapping
from aml_pipeline.pipeline.plan.model import Plan
from aml_pipeline.pipeline.schedule import zones
from aml_pipeline.pipeline.yaml.older import content
from aml_pipeline.project.folder import Project

# What is in other facts, and what does not matter to a run; all else is compared as it is.
_COMPARED = frozenset(
    {
        *("jobs", "inputs", "outputs", "settings", "tags", "description", "experimentName", "computeId", "identity"),
        *("default_compute", "default_datastore", "continue_on_step_failure", "force_rerun"),
        *("displayName", "properties", "isArchived", "jobType", "_source"),
    }
)
# The same of a pipeline in the pipeline.
_IN_NODES = frozenset(
    {
        *("type", "jobs", "inputs", "outputs", "componentId", "_source", "$schema"),
        *("name", "version", "display_name", "description", "tags"),
    }
)
_Read = Mapping[str, "tuple[Json, str]"]  # the content of files of schedules by name, each with its folder


def facts_of(file: str, draft: Draft) -> Facts:
    """Return what the pipeline job in ``file`` does, in the names of its ``draft``.

    Raises RefusedError if azure-ai-ml does not accept the file, MachineError if it is not installed.
    """
    repository = Repository(file)
    names = {(one.what, one.old, one.scope): one.new for one in draft.renamed}

    def component(reference: str) -> str | None:
        found = repository.assets(reference, "command", "jobs", "type")
        return found[0].path if len(found) == 1 else None

    def environment(reference: str) -> Json | None:
        path = definition(repository, reference)
        return None if path is None else resolved(content(files.read(path)), os.path.dirname(path))

    def code(node: Node) -> Mapping[str, str]:
        path = node.component.get("code")
        return digests(os.path.join(node.component_base, path)) if path else {}

    job = loading.job(file, component)
    side = Side(job, lambda what, name, scope: names.get((what, name, scope), name), code, environment)
    keys, title = Names(), str(draft.document["name"])
    found = {
        schedules.key(part, keys, title): (part.value, os.path.dirname(part.path)) for part in repository.schedules()
    }
    experiment = job.sent.get("experimentName") or draft.document.get("experiment", title)
    missing = {f"step {name}": f"a job of type {known['type']}" for name, known in draft.missing.items()}
    return {**_facts(side, str(experiment), found), **missing}


def facts_made(plan: Plan, project: Project) -> Facts:
    """Return what the export of ``plan`` does, in a temporary folder. Raises as ``facts_of`` does."""
    plan = adapt(uploads.here(plan, project))[0]
    places = plan.datasets.items()
    here = {name: replace(one, local=project.path(str(one.local))) if one.upload else one for name, one in places}
    plan = replace(plan, datasets=here)
    images, folders = export.images(plan, project), export.code_folders(plan, project)
    code = {folders[step.name]: project.snapshot(step).digests for step in plan.steps}
    environments = {f"azureml:{one.name}:{one.image.version}": one.image for one in export.registered(plan, project)}
    steps = {export.node(step.name): step.name for step in plan.steps}

    def environment(reference: str) -> Json | None:
        return _of_image(environments[reference]) if reference in environments else None

    with tempfile.TemporaryDirectory() as folder:
        _write(folder, export.render(plan, images, folders), code)
        side = Side(
            loading.job(os.path.join(folder, "pipeline.yml"), lambda _: None),
            lambda what, name, _: steps.get(name, name) if what == "step" else name,
            lambda node: code[os.path.basename(str(node.component["code"]))],
            environment,
        )
        read = {key: os.path.join(folder, "schedules", f"{key}.yml") for key in plan.schedules}
        return _facts(side, plan.experiment, {key: (content(files.read(path)), folder) for key, path in read.items()})


def _write(folder: str, texts: Mapping[str, str], code: Mapping[str, Any]) -> None:
    """Write an export without its code, whose folders azure-ai-ml wants to see."""
    for name in code:
        os.makedirs(os.path.join(folder, "code", name))
    for name, text in texts.items():
        path = os.path.join(folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        files.write(path, text.encode())


def _of_image(image: Image) -> Json:
    conda = content(image.conda) if image.conda else None
    if image.context is None:
        return defined(image.base, conda, {}, None)
    return defined(None, conda, image.context.digests, image.context.script)


def _facts(side: Side, experiment: str, read: _Read) -> Facts:
    sent = side.job.sent
    values = [value for node in side.job.nodes for value in node.values().values()]
    received = {value.name for value in values if value and value.kind == "parameter"}
    inputs = {name: value for name, value in side.job.scope.inputs.items() if name in received}
    return {
        "pipeline": {
            "description": sent.get("description") or "",
            "experiment": experiment,
            "tags": sent.get("tags") or {},
            "after a failed step": "goes on" if side.settings.get("continue_on_step_failure") else "stops",
            "outputs": dict(_results(side)),
            **{key: value for key, value in {**side.settings, **sent}.items() if key not in _COMPARED},
        },
        "parameters": {side.parameter(name): hidden(name, value.text) for name, value in inputs.items()},
        **{f"step {side.step(node.path)}": of_step(node, side) for node in side.job.nodes},
        **{f"pipeline {side.step(node.path)}": said for node in side.job.pipelines if (said := _rest(node))},
        **{f"schedule {key}": _schedule(data, base, side) for key, (data, base) in read.items()},
    }


def _rest(node: Node) -> Json:
    """Return what a pipeline in the pipeline says of all its steps."""
    return {key: value for key, value in {**node.component, **node.sent}.items() if key not in _IN_NODES}


def _results(side: Side) -> Iterator[tuple[str, str]]:
    """Yield the outputs of the pipeline, each with the output of a step that it is."""
    for name in side.job.scope.outputs:
        path, output = side.job.scope.source((), name)
        if path:
            yield side.called("output", name, ""), side.output(path, output)


def _schedule(data: Json, base: str, side: Side) -> Json:
    trigger, job = mapping(data.get("trigger")), mapping(data.get("create_job"))
    return {
        "times": _times(trigger),
        "starts": _start(trigger),
        "ends": str(trigger.get("end_time") or "never"),
        "inputs": dict(_given(name, value, base, side) for name, value in mapping(job.get("inputs")).items()),
        "settings": {"force_rerun": False, **mapping(job.get("settings"))},
        **{key: value for key, value in job.items() if key not in {"type", "job", "inputs", "settings"}},
    }


def _times(trigger: Json) -> str:
    """Return when a trigger fires; a pattern may have numbers instead of lists."""
    zone = str(trigger.get("time_zone") or "UTC")
    pattern = mapping(trigger.get("schedule"))
    lists = {key: value if isinstance(value, list) else [value] for key, value in pattern.items()}
    try:
        return str(of_trigger({**trigger, "schedule": lists, "time_zone": zones.iana_name(zone) or zone}))
    except (LookupError, TypeError, ValueError, AttributeError):
        return f"not valid: {dict(trigger)}"


def _start(trigger: Json) -> str:
    """Return when a trigger starts; when it started makes no difference."""
    start = str(trigger.get("start_time") or "")[:19].replace("T", " ")
    return start if start > datetime.now(timezone.utc).isoformat(" ") else "at once"


def _given(name: str, value: Any, base: str, side: Side) -> tuple[str, str]:  # noqa: ANN401 - YAML
    """Return what a schedule gives to an input of the pipeline; data has no name, but the place that it has else."""
    known = side.job.scope.inputs.get(name)
    if known is None or known.kind != "data":
        return side.parameter(name), hidden(name, str(value))
    said = value if isinstance(value, Mapping) else {"path": value, "type": known.type}
    moved = place(Value("data", str(said.get("path")), base=base))
    return place(known), ", ".join(filter(None, (moved, said.get("type") or "uri_folder", said.get("mode"))))
